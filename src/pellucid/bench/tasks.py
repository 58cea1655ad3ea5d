"""What the contenders do.

A network, the rows that it answers or learns, and the order of its batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pellucid.building import mlp
from pellucid.core import counter
from pellucid.core.optimizers import SGD, Adam, Optimizer
from pellucid.core.types import Array
from pellucid.data import mnist
from pellucid.network import Network
from pellucid.training.run import (
    _ORDER,  # the others are given the very batches that `train` will make
)

SEED = 7
PIXEL = np.float32(1 / 255)
"""What a byte is multiplied by."""

DIFFERENT_ROWS = 100
"""Single rows that are answered in turn, so that none is known by heart to the processor's branch
prediction.
"""


@dataclass(frozen=True)
class Task:
    """A network of these widths, how it learns, and its weights, which are drawn from one seed.

    `output` is "sigmoid" for answering (the lesson's network) and "softmax" for learning with
    cross-entropy. With `pixels` the rows to be answered are bytes, 0 to 255, which stand for
    numbers from 0 to 1.
    """

    widths: tuple[int, ...]
    activation: str = "sigmoid"
    output: str = "softmax"
    optimizer: str = "sgd"
    batch_size: int = 32
    dropout: float = 0.0
    normalization: str | None = None
    pixels: bool = False

    @property
    def name(self) -> str:
        """The widths as people write them."""
        return "-".join(map(str, self.widths))

    @property
    def plain(self) -> bool:
        """Whether there are Affine layers and activations only."""
        return not self.dropout and self.normalization is None

    @property
    def rate(self) -> float:
        """The learning rate."""
        return 0.1 if self.optimizer == "sgd" else 0.001

    def network(self, pixels: bool = False) -> Network:
        """Build it; with `pixels` it takes pictures as bytes."""
        return mlp(
            self.widths,
            self.activation,
            self.output,
            dropout=self.dropout,
            normalization=self.normalization,
            pixels=pixels or self.pixels,
            seed=SEED,
        )

    def make_optimizer(self) -> Optimizer:
        """Give pellucid's optimizer for it."""
        return SGD(self.rate) if self.optimizer == "sgd" else Adam(self.rate)

    def multiply_adds(self, rows: int) -> int:
        """Count an epoch's multiply-adds, zeros included.

        Forward, weight gradients, inputs' gradients from layer 2.
        """
        products = [a * b for a, b in pairwise(self.widths)]
        return rows * (3 * sum(products) - products[0])


class Rows(NamedTuple):
    """Pictures as bytes and as float32 rows from 0 to 1, and their classes."""

    images: Array
    x: Array
    t: Array


def digits(count: int) -> Rows:
    """Give the first `count` training pictures of MNIST."""
    part = mnist().train
    images = part.images[:count]
    return Rows(images, scaled(images), part.labels[:count].astype(np.int64))


def scaled(images: Array) -> Array:
    """Give pictures as float32 rows, as pellucid's Scale makes them."""
    return images.reshape(len(images), -1).astype(np.float32) * PIXEL


def order(epoch: int, count: int) -> Array:
    """Give the order of the rows in an epoch (from 1), as `train` shuffles them with `SEED`."""
    return counter.permutation(counter.key(SEED, epoch, _ORDER), count)


def questions(kind: str, count: int, width: int) -> list[Array]:
    """Give what is to be answered, arrays (count, width): several different ones for a single row,
    one for many rows.

    `kind` is "digits", where four in five numbers are 0, "bytes", digits as MNIST has them, or
    "dense", normal noise.
    """
    total = max(count, DIFFERENT_ROWS) if count == 1 else count
    if kind == "digits":
        x = scaled(mnist().test.images[:total])
    elif kind == "bytes":
        x = mnist().test.images[:total].reshape(total, -1).copy()
    else:
        x = np.random.default_rng(SEED).standard_normal((total, width), np.float32)
    return [np.ascontiguousarray(part) for part in np.split(x, len(x) // count)]
