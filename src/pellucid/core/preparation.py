"""Layers that turn raw input into neurons; they learn nothing, and travel with the model."""

from __future__ import annotations

import math
import reprlib
from typing import Any

import numpy as np

from pellucid.core.layer import Buffer, Layer, Learning, check_vectors, check_width, own_array
from pellucid.core.settings import number
from pellucid.core.types import Array, Options
from pellucid.errors import InputError
from pellucid.language import say


class Flatten(Layer):
    """Each row's picture as a line of numbers: (N, 28, 28) becomes (N, 784); (N, 784) stays."""

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return dy.reshape(x.shape), []


class Scale(Layer):
    """y = x times a factor: Scale(1 / 255) turns bytes into 0 to 1.

    The factor is rounded to float32, so that every floating type and every engine multiplies by the same number.
    Raises InputError when the factor is 0 or not finite.
    """

    def __init__(self, factor: float) -> None:
        with np.errstate(over="ignore"):  # a factor too large for float32 is an error below
            self.factor = float(np.float32(number(factor)))
        if not math.isfinite(self.factor) or self.factor == 0:
            raise InputError(say("Scale expects a finite factor other than 0, got {got}", got=reprlib.repr(factor)))

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return x * x.dtype.type(self.factor)

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return dy * dy.dtype.type(self.factor), []

    def options(self) -> Options:
        return {"factor": self.factor}


class Standardize(Layer):
    """Columns of mean 0 and deviation 1: y = (x - mean) / deviation; a deviation of 0 (a constant column) counts as 1.

    Parameters
    ----------
    mean, deviation
        What is taken away and what is divided by, (D,). `Standardize.of(x)` measures both.
    """

    mean = Buffer[Array]()
    deviation = Buffer[Array]()

    def __init__(self, mean: Any, deviation: Any) -> None:
        self.mean = mean
        if self.mean.ndim != 1 or self.mean.size == 0:
            raise InputError(
                say(
                    "Standardize expects the mean of each column, shape (inputs,); got shape {got}", got=self.mean.shape
                )
            )
        deviation = own_array(deviation, self.mean.dtype)
        check_vectors("Standardize", self.mean.size, deviation=deviation)
        if not (np.isfinite(self.mean).all() and np.isfinite(deviation).all() and (deviation >= 0).all()):
            raise InputError(say("Standardize expects finite means, and finite deviations of 0 or more"))
        self.deviation = np.where(deviation == 0, 1, deviation)

    @classmethod
    def of(cls, x: Any, dtype: Any = np.float32) -> Standardize:
        """Measure mean and deviation of each column of x, (N, D), in float64."""
        x = np.asarray(x, np.float64)
        if x.ndim != 2 or len(x) == 0:
            raise InputError(
                say("Standardize.of expects at least one row of shape (N, inputs); got shape {got}", got=x.shape)
            )
        return cls(x.mean(axis=0).astype(dtype), x.std(axis=0).astype(dtype))

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return (x - self.mean) / self.deviation

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return dy / self.deviation, []

    def width(self, D: int) -> int:
        check_width(self, self.mean.size, D)
        return D
