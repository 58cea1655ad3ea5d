"""Describe the work: a network, its rows, and the order of its batches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pellucid.building import mlp
from pellucid.core.draws import epoch_order
from pellucid.core.optimizers import SGD, Adam, Optimizer
from pellucid.core.types import Array
from pellucid.data import mnist
from pellucid.network import Network

SEED = 7
PIXEL = np.float32(1 / 255)
"""Factor that scales a byte to 0 to 1."""

DIFFERENT_ROWS = 100
"""Single rows that are predicted in turn: branch prediction would adapt to one row alone."""


@dataclass(frozen=True)
class Task:
    """A network of these widths, how it is trained, and its initial weights, drawn from one seed.

    `output` is "sigmoid" for predictions (the lesson's network) and "softmax" for training with
    cross-entropy. With `pixels` the rows to predict are bytes, 0 to 255, which stand for numbers
    from 0 to 1.
    """

    widths: tuple[int, ...]
    activation: str = "sigmoid"
    output: str = "softmax"
    optimizer: str = "sgd"
    batch_size: int = 32
    dropout: float = 0.0
    normalization: str | None = None
    pixels: bool = False
    dtype: str = "float32"
    learning_rate: float | None = None

    @property
    def name(self) -> str:
        """The widths, joined by hyphens."""
        return "-".join(map(str, self.widths))

    @property
    def plain(self) -> bool:
        """Whether the network has Affine layers and activations only."""
        return not self.dropout and self.normalization is None

    @property
    def rate(self) -> float:
        """The learning rate; the usual one of the optimizer, if none is given."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 0.1 if self.optimizer == "sgd" else 0.001

    def network(self, pixels: bool = False) -> Network:
        """Build the network; with `pixels` it takes images as bytes."""
        return mlp(
            self.widths,
            self.activation,
            self.output,
            dropout=self.dropout,
            normalization=self.normalization,
            pixels=pixels or self.pixels,
            seed=SEED,
            dtype=np.dtype(self.dtype),
        )

    def make_optimizer(self) -> Optimizer:
        """Return pellucid's optimizer for this task."""
        return SGD(self.rate) if self.optimizer == "sgd" else Adam(self.rate)

    def multiply_adds(self, rows: int) -> int:
        """Count an epoch's multiply-adds, zeros included.

        Forward, weight gradients, and inputs' gradients from layer 2 on.
        """
        products = [a * b for a, b in pairwise(self.widths)]
        return rows * (3 * sum(products) - products[0])


class Rows(NamedTuple):
    """Rows of numbers and their classes; for images also their bytes."""

    images: Array | None
    x: Array
    t: Array


def digits(count: int) -> Rows:
    """Return the first `count` training images of MNIST."""
    part = mnist().train
    images = part.images[:count]
    return Rows(images, scaled(images), part.labels[:count].astype(np.int64))


def noise(kind: str, count: int, task: Task) -> Rows:
    """Return `count` made-up rows of the task's width and type: "dense" or "sparse" noise."""
    x = inputs(kind, count, task.widths[0], task.dtype)[0] if count > 1 else None
    x = inputs(kind, 2, task.widths[0], task.dtype)[0][:1] if x is None else x
    classes = np.random.default_rng(SEED).integers(0, task.widths[-1], count)
    return Rows(None, x, classes)


def scaled(images: Array) -> Array:
    """Return images as float32 rows from 0 to 1, as pellucid's Scale computes them."""
    return images.reshape(len(images), -1).astype(np.float32) * PIXEL


def order(epoch: int, count: int) -> Array:
    """Return the order of the rows in an epoch (from 1), as `train` shuffles them with `SEED`."""
    return epoch_order(SEED, epoch, count)


def inputs(kind: str, count: int, width: int, dtype: str = "float32") -> list[Array]:
    """Return arrays to predict, each (count, width): many for a single row, else one.

    `kind` is "digits" (four in five numbers are 0), "bytes" (digits as MNIST stores them), "dense"
    (normal noise) or "sparse" (normal noise of which four in five numbers are 0).
    """
    total = max(count, DIFFERENT_ROWS) if count == 1 else count
    if kind == "digits":
        x = scaled(mnist().test.images[:total])
    elif kind == "bytes":
        x = mnist().test.images[:total].reshape(total, -1).copy()
    else:
        numbers = np.random.default_rng(SEED)
        x = numbers.standard_normal((total, width), np.float32).astype(dtype, copy=False)
        if kind == "sparse":
            x[numbers.random(x.shape, np.float32) < 0.8] = 0
    return [np.ascontiguousarray(part) for part in np.split(x, len(x) // count)]
