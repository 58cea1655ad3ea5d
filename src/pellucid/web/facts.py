"""What the page is told of a network beside its model file.

Names, shapes, accuracy, test digits.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid import __version__
from pellucid.core.preparation import Standardize
from pellucid.data import mnist
from pellucid.errors import InputError
from pellucid.lens.columns import input_columns, input_offsets, knows_columns
from pellucid.lens.evaluation import evaluate
from pellucid.lens.limits import input_limits
from pellucid.lens.neurons import (
    input_count,
    neuron_labels,
    neuron_layers,
    picture_shape,
    reads_digits,
)

if TYPE_CHECKING:
    from pellucid.network import Network

EVERY = 20
"""One in so many of MNIST's 10,000 test digits goes with the page.

500, from the easy first half and the hard last.
"""


def facts(net: Network, name: str, *, server: bool = False) -> dict[str, Any]:
    """Give what `resources.js` calls Facts; JSON can hold it.

    Raises InputError for a network without weights, which has no neurons to show.
    """
    layers = neuron_layers(net)
    if len(layers) < 2:
        raise InputError(
            "this network has no weights, so there is nothing to see: give it an Affine layer"
        )
    shape = picture_shape(net)
    digits = reads_digits(net)
    test = mnist().test if digits else None
    return {
        "name": name,
        "shape": None if shape is None else list(shape),
        "columns": [] if shape else neuron_labels(net, layers[0]),
        "fields": _fields(net) if knows_columns(net) else [],
        "start": [] if shape else _start(net),
        "target": net.columns.target.name if knows_columns(net) and net.columns.target else "",
        "accuracy": None if test is None else evaluate(net, test.images, test.labels).accuracy,
        "rows": 0 if test is None else len(test.labels),
        "digits": digits,
        "server": server,
        "version": __version__,
    }


def sample_digits() -> bytes:
    """Give 500 of MNIST's test digits.

    Their numbers (two bytes each), labels and pixels, packed with gzip.
    """
    test = mnist().test
    chosen = np.arange(0, len(test.labels), EVERY, dtype="<u2")
    content = chosen.tobytes() + test.labels[chosen].tobytes() + test.images[chosen].tobytes()
    return gzip.compress(content, mtime=0)  # no clock in it: the same bytes every time


def _fields(net: Network) -> list[dict[str, Any]]:
    """Give a table's columns as `views/columns.js` shows them.

    Numbers within three deviations, categories by name.
    """
    low, high = (ends + input_offsets(net) for ends in input_limits(net))
    fields = []
    for column in input_columns(net):
        first = column.inputs[0]
        field: dict[str, Any] = {
            "name": column.name,
            "inputs": column.inputs,
            "categories": column.categories,
        }
        if column.categories is None:
            field |= {"offset": column.offset, "low": float(low[first]), "high": float(high[first])}
            field["filled"] = float(
                net.columns.standardize().mean[first]
            )  # what a missing cell is taken for
        fields.append(field)
    return fields


def _start(net: Network) -> list[float]:
    """Give a row to begin with.

    Of each column the middle or the first category, where the network knows it, else 0.
    """
    first, D = net.layers[0], input_count(net)
    row = first.mean.astype(float) if isinstance(first, Standardize) else np.zeros(D)
    if knows_columns(net):
        numbers = [column.inputs[0] for column in input_columns(net) if column.categories is None]
        row[:] = 0
        row[
            [column.inputs[0] for column in input_columns(net) if column.categories is not None]
        ] = 1
        row[numbers] = net.columns.standardize(np.float64).mean[numbers]
    start: list[float] = row.tolist()
    return start
