"""MNIST on the page's server: training digits, and evaluation on test digits."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any, Literal, TypedDict

import numpy as np

from pellucid.core import checks
from pellucid.core.layer import walk
from pellucid.core.types import Array, Batch, Vector
from pellucid.data import mnist
from pellucid.display.summary import Summary
from pellucid.lens.evaluation import evaluate
from pellucid.lens.neurons import reads_digits
from pellucid.lens.robustness import CHANGES, RobustnessCurve, robustness
from pellucid.network import Network, load


class RefusedError(ValueError):
    """A request that pellucid's own page never sends; its reason, for scripts, is in English."""


# Of networks that a page sends: multiply-adds for a digit, and values between the layers, which a
# training keeps for each digit of a batch. A model file of some kilobytes can ask for gigabytes.
MOST_WORK, MOST_VALUES = 1 << 22, 1 << 13

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

    Raises FileError where it is no model file, RefusedError where it does not classify digits, or
    computes too much for this server.
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
    widths = checks.widths(net.layers, 784)
    within = [1 + sum(1 for _ in walk(layer.inner)) for layer in net.layers]
    values = sum(width * count for width, count in zip(widths, within, strict=True))
    if Summary(net.layers).multiply_adds + values > MOST_WORK or values > MOST_VALUES:
        raise RefusedError(
            f"expected a network of at most {MOST_WORK:,} multiply-adds and {MOST_VALUES:,} values "
            "between its layers: use pellucid evaluate and pellucid train"
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


def robust(net: Network, change: str, stop: Event) -> dict[str, Any] | None:
    """Measure the accuracy on changed test digits; see `robustness`. None where it was stopped."""
    x, t, levels = _inputs(net, "test"), mnist().test.labels, CHANGES[change][1]
    hits: list[int] = []
    for level in levels:
        if stop.is_set():
            return None
        hits += robustness(net, x, t, change, [level]).hits.tolist()
    return RobustnessCurve(change, np.array(levels), np.array(hits), len(t)).to_dict()


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
    return _images(part, checks.byte_factor(net.layers) is not None)


@cache
def _images(part: Literal["train", "test"], as_bytes: bool) -> Array:
    """Return images as bytes, or from 0 to 1 for networks that do not scale bytes themselves.

    Cached, since every training of a page reads them.
    """
    data = mnist()
    images: Array = (data.train if part == "train" else data.test).images
    return images if as_bytes else images.astype(np.float32) / 255
