"""What the page is told of a network beside its model file: names, shapes, accuracy, test digits."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid import __version__
from pellucid.core.preparation import Standardize
from pellucid.data import mnist
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.evaluation import evaluate
from pellucid.lens.neurons import input_count, neuron_labels, neuron_layers, picture_shape

if TYPE_CHECKING:
    from pellucid.network import Network

EVERY = 20
"""One in so many of MNIST's 10,000 test digits goes with the page: 500, from the easy first half and the hard last."""


def facts(net: Network, name: str, *, server: bool = False) -> dict[str, Any]:
    """Give what `resources.js` calls Facts; JSON can hold it.

    Raises InputError for a network without weights, which has no neurons to show.
    """
    layers = neuron_layers(net)
    if len(layers) < 2:
        raise InputError(say("this network has no weights, so there is nothing to see: give it an Affine layer"))
    shape = picture_shape(net)
    digits = reads_digits(net)
    test = mnist().test if digits else None
    return {
        "name": name,
        "shape": None if shape is None else list(shape),
        "columns": [] if shape else neuron_labels(net, layers[0]),
        "start": [] if shape else _start(net, input_count(net)),
        "accuracy": None if test is None else evaluate(net, test.images, test.labels).accuracy,
        "rows": 0 if test is None else len(test.labels),
        "digits": digits,
        "server": server,
        "version": __version__,
    }


def reads_digits(net: Network) -> bool:
    """Tell whether a network takes MNIST's pictures and answers with ten digits."""
    ten = neuron_layers(net)[-1].size == 10
    return ten and picture_shape(net) == (28, 28) and net.classes in (None, [str(digit) for digit in range(10)])


def sample_digits() -> bytes:
    """Give 500 of MNIST's test digits: their numbers (two bytes each), labels and pixels, packed with gzip."""
    test = mnist().test
    chosen = np.arange(0, len(test.labels), EVERY, dtype="<u2")
    content = chosen.tobytes() + test.labels[chosen].tobytes() + test.images[chosen].tobytes()
    return gzip.compress(content, mtime=0)  # no clock in it: the same bytes every time


def _start(net: Network, D: int) -> list[float]:
    """Give a row to begin with: the mean of each column where the network knows it, else zeros."""
    first = net.layers[0]
    return (first.mean if isinstance(first, Standardize) else np.zeros(D)).tolist()
