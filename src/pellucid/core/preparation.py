"""Layers that turn raw input into neurons; they learn nothing, and travel with the model."""

from __future__ import annotations

import math
import reprlib
from typing import Any

import numpy as np

from pellucid.core.layer import Buffer, Layer, Learning, check_vectors, check_width, own_array
from pellucid.core.settings import above_zero, number
from pellucid.core.types import Array, Options
from pellucid.errors import InputError


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

    The factor is rounded to float32, so that every floating type and every engine multiplies by the
    same number. Raises InputError when the factor is 0 or not finite.
    """

    def __init__(self, factor: float) -> None:
        with np.errstate(over="ignore"):  # a factor too large for float32 is an error below
            self.factor = float(np.float32(number(factor)))
        if not math.isfinite(self.factor) or self.factor == 0:
            raise InputError(
                "Scale expects a finite factor other than 0, got {got}", got=reprlib.repr(factor)
            )

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return x * x.dtype.type(self.factor)

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return dy * dy.dtype.type(self.factor), []

    def options(self) -> Options:
        return {"factor": self.factor}


class Standardize(Layer):
    """Columns of mean 0 and deviation 1: y = (x - mean) / deviation; a deviation of 0 (a constant
    column) counts as 1.

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
                "Standardize expects the mean of each column, shape (inputs,); got shape {got}",
                got=self.mean.shape,
            )
        deviation = own_array(deviation, self.mean.dtype)
        check_vectors("Standardize", self.mean.size, deviation=deviation)
        if not (
            np.isfinite(self.mean).all() and np.isfinite(deviation).all() and (deviation >= 0).all()
        ):
            raise InputError("Standardize expects finite means, and finite deviations of 0 or more")
        self.deviation = np.where(deviation == 0, 1, deviation)

    @classmethod
    def of(cls, x: Any, dtype: Any = np.float32) -> Standardize:
        """Measure mean and deviation of each column of x, (N, D), in float64."""
        x = _rows_to_measure(x)
        return cls(x.mean(axis=0).astype(dtype), x.std(axis=0).astype(dtype))

    @classmethod
    def robust(cls, x: Any, dtype: Any = np.float32) -> Standardize:
        """Measure the median and the spread of each column of x, (N, D), in float64: outliers do
        not move them.

        See `robust_spread`.
        """
        quantiles = np.quantile(_rows_to_measure(x), (0, 0.25, 0.5, 0.75, 1), axis=0)
        return cls(quantiles[2].astype(dtype), robust_spread(quantiles).astype(dtype))

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return (x - self.mean) / self.deviation

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return dy / self.deviation, []

    def width(self, D: int) -> int:
        check_width(self, self.mean.size, D)
        return D


class SmoothClip(Layer):
    """Keep numbers within the limit, smoothly: y = x / sqrt(1 + (x / limit)^2); dx = dy (1 + (x /
    limit)^2)^(-3/2).

    Small numbers stay nearly as they are, and no outlier passes the limit (default 3). It follows a
    robust `Standardize` in RealMLP (Holzmueller, Grinsztajn and Steinwart 2024, arXiv 2407.04491,
    section 3). Raises InputError unless the limit is finite and above 0.
    """

    def __init__(self, limit: float = 3.0) -> None:
        self.limit = above_zero(limit=limit)

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        u = self._shares(x)
        return u / np.sqrt(1 + u * u) * x.dtype.type(self.limit)

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        u = self._shares(x)
        return dy / (np.sqrt(1 + u * u) * (1 + u * u)), []

    def options(self) -> Options:
        return {"limit": self.limit}

    def _shares(self, x: Array) -> Array:
        # Far out y is the limit whatever x is, and u^2 must not overflow.
        return np.clip(x / x.dtype.type(self.limit), -1e8, 1e8)


def robust_spread(quantiles: Array) -> Array:
    """Give what each column is divided by, (D,), from its quantiles 0, 1/4, 1/2, 3/4 and 1, (5, D).

    The distance of the quartiles; where it is 0, half of the distance of the ends (arXiv
    2407.04491, section 3).
    """
    least, low, _, high, greatest = quantiles
    spread: Array = np.where(high > low, high - low, (greatest - least) / 2)
    return spread


def _rows_to_measure(x: Any) -> Array:
    x = np.asarray(x, np.float64)
    if x.ndim != 2 or len(x) == 0:
        raise InputError(
            "Standardize.of expects at least one row of shape (N, inputs); got shape {got}",
            got=x.shape,
        )
    return x
