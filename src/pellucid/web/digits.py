"""What the page does with MNIST on the server.

Learning from its digits, and being measured by its test digits.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.core import chain
from pellucid.core.types import Array
from pellucid.data import mnist
from pellucid.lens.evaluation import evaluate
from pellucid.lens.neurons import reads_digits
from pellucid.lens.robustness import robustness
from pellucid.network import Network, load


class Refused(ValueError):
    """What our own page never asks for; scripts may read why, in English."""


LEARNED = 50_000
"""So many of the 60,000 training digits are learned from; the rest is held out.

No test digit is looked at.
"""


def network_of(content: bytes) -> Network:
    """Read a network that the page sent: a model file's content.

    Raises FileError for what is no model file, Refused for a network that does not read digits.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.safetensors"
        path.write_bytes(content)
        net = load(path)
    if not reads_digits(net):
        raise Refused(
            "this network does not read digits: it takes 28 x 28 pixels and answers with ten "
            "classes"
        )
    return net


def learning_rows(net: Network) -> tuple[Array, Array, tuple[Array, Array]]:
    """Give what to learn from, x and t, and what is held out, as the network takes it."""
    train = mnist().train
    x = _as_taken(net, "train")
    return x[:LEARNED], train.labels[:LEARNED], (x[LEARNED:], train.labels[LEARNED:])


def evaluation(net: Network) -> dict[str, Any]:
    """Evaluate a network on the test digits.

    Labels and answers are strings of digits, to be short.
    """
    labels = mnist().test.labels
    found = evaluate(net, _as_taken(net, "test"), labels)
    assert found.chosen is not None and found.misread is not None and found.interval is not None
    return {
        "labels": "".join(map(str, labels.tolist())),
        "chosen": "".join(map(str, found.chosen.tolist())),
        "misread": found.misread.tolist(),
        "interval": list(found.interval),
    }


def robust(net: Network, change: str) -> dict[str, Any]:
    """Measure how accuracy on the test digits falls with a change; see `robustness`."""
    return robustness(net, _as_taken(net, "test"), mnist().test.labels, change).to_dict()


def pictures(rows: Sequence[int]) -> bytes:
    """Give test digits by their numbers, 784 bytes each; raises Refused for those that are none."""
    images = mnist().test.images
    if not all(0 <= row < len(images) for row in rows):
        raise Refused(f"test digits go from 0 to {len(images) - 1}")
    return images[list(rows)].tobytes()


def digit(row: int) -> bytes:
    """Give one test digit by its number: a byte for its label, then 784 for its pixels.

    Raises Refused for none.
    """
    pixels = pictures([row])
    return bytes([int(mnist().test.labels[row])]) + pixels


def _as_taken(net: Network, part: str) -> Array:
    return _images(part, chain.byte_factor(net.layers) is not None)


@cache
def _images(part: str, as_bytes: bool) -> Array:
    """Give the pictures as bytes, or as shares of white for networks that do not scale bytes
    themselves.
    """
    images: Array = getattr(mnist(), part).images
    return images if as_bytes else images.astype(np.float32) / 255
