"""MNIST on the page's server: training digits, and evaluation on test digits."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np

from pellucid.core.checks import byte_factor
from pellucid.core.types import Array, Batch, Vector
from pellucid.data import mnist
from pellucid.lens.evaluation import evaluate
from pellucid.lens.neurons import reads_digits
from pellucid.lens.robustness import robustness
from pellucid.network import Network, load


class RefusedError(ValueError):
    """A request that pellucid's own page never sends; its reason, for scripts, is in English."""


TRAINED = 50_000
"""Of the 60,000 training digits, those that train; the others validate. Test digits only test."""


class Evaluation(TypedDict):
    """Results on the test digits; labels and predictions are strings of digits, to be short."""

    labels: str
    predictions: str
    misclassified: list[int]
    interval: list[float]


def network_of(content: bytes) -> Network:
    """Read a network that the page sent, the content of a model file.

    Raises FileError where it is no model file, RefusedError where it does not classify digits.
    """
    # `load` checks a file as it reads it, so the content becomes one.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.safetensors"
        path.write_bytes(content)
        net = load(path)
    if not reads_digits(net):
        raise RefusedError(
            "expected a network with 28 x 28 pixels as input and ten classes as output"
        )
    return net


def training_digits(net: Network) -> tuple[Batch, Vector, tuple[Batch, Vector]]:
    """Return x and t to train on, and those to validate on, as the network's input."""
    train = mnist().train
    x = _inputs(net, "train")
    return x[:TRAINED], train.labels[:TRAINED], (x[TRAINED:], train.labels[TRAINED:])


def evaluation(net: Network) -> Evaluation:
    """Evaluate a network on the test digits."""
    labels = mnist().test.labels
    found = evaluate(net, _inputs(net, "test"), labels)
    assert found.predicted is not None and found.misclassified is not None
    assert found.interval is not None
    return {
        "labels": "".join(map(str, labels.tolist())),
        "predictions": "".join(map(str, found.predicted.tolist())),
        "misclassified": found.misclassified.tolist(),
        "interval": list(found.interval),
    }


def robust(net: Network, change: str) -> dict[str, Any]:
    """Measure the accuracy on changed test digits; see `robustness`."""
    return robustness(net, _inputs(net, "test"), mnist().test.labels, change).to_dict()


def pixels(rows: Sequence[int]) -> bytes:
    """Return test digits by their numbers, 784 bytes each; raises RefusedError out of range."""
    images = mnist().test.images
    if not all(0 <= row < len(images) for row in rows):
        raise RefusedError(f"test digits go from 0 to {len(images) - 1}")
    return images[list(rows)].tobytes()


def digit(row: int) -> bytes:
    """Return a test digit by its number: one byte of label, 784 of pixels.

    Raises RefusedError out of range.
    """
    content = pixels([row])
    return bytes([int(mnist().test.labels[row])]) + content


def _inputs(net: Network, part: Literal["train", "test"]) -> Batch:
    return _images(part, byte_factor(net.layers) is not None)


@cache
def _images(part: Literal["train", "test"], as_bytes: bool) -> Array:
    """Return images as bytes, or from 0 to 1 for networks that do not scale bytes themselves.

    Cached, since every training of a page reads them.
    """
    data = mnist()
    images: Array = (data.train if part == "train" else data.test).images
    return images if as_bytes else images.astype(np.float32) / 255
