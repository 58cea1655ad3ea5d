"""Layers that turn raw input into numbers for the first neurons; saved with the model."""

from __future__ import annotations

import math
import reprlib

import numpy as np

from pellucid.core.arrays import Buffer, as_array, check_vectors, own_array
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.ranges import above_zero, number
from pellucid.core.types import Array, ArrayLike, Batch, DTypeLike, Gradients, Options, Vector
from pellucid.errors import InputError


class Flatten(Layer):
    """Each row's image as one row of numbers: (N, 28, 28) becomes (N, 784); (N, 784) stays."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        return dy.reshape(p.x.shape), []


class Scale(Layer):
    """y = x times a factor: Scale(1 / 255) turns bytes into 0 to 1.

    The factor is rounded to float32, so that every floating type and every engine multiplies by the
    same number. Raises InputError when the factor is 0 or not finite.
    """

    def __init__(self, factor: float) -> None:
        with np.errstate(over="ignore"):  # too large for float32 is infinite, refused below
            self.factor = float(np.float32(number(factor)))
        if not math.isfinite(self.factor) or self.factor == 0:
            raise InputError(
                "Scale expects a finite factor other than 0, got {got}", got=reprlib.repr(factor)
            )

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return x * x.dtype.type(self.factor)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        return dy * dy.dtype.type(self.factor), []

    def options(self) -> Options:
        return {"factor": self.factor}


class Standardize(Layer):
    """Columns of mean 0 and std 1: y = (x - mean) / std; a std of 0 (a constant
    column) counts as 1.

    Parameters
    ----------
    mean, std
        Mean and standard deviation of each column, (D,). `Standardize.of(x)` computes both.

    Raises InputError unless both are finite and no standard deviation is negative.
    """

    mean = Buffer[Array]()
    std = Buffer[Array]()

    def __init__(self, mean: ArrayLike, std: ArrayLike) -> None:
        self.mean = mean
        if self.mean.ndim != 1 or self.mean.size == 0:
            raise InputError(
                "Standardize expects the mean of each column, shape (inputs,); got shape {got}",
                got=self.mean.shape,
            )
        given = own_array(std, self.mean.dtype)
        check_vectors("Standardize", self.mean.size, std=given)
        if not (np.isfinite(self.mean).all() and np.isfinite(given).all() and (given >= 0).all()):
            template = (
                "Standardize expects finite means and finite standard deviations of 0 or more"
            )
            raise InputError(template)
        # A constant column becomes 0 everywhere, as in scikit-learn's StandardScaler.
        self.std = np.where(given == 0, 1, given)

    @classmethod
    def of(cls, x: ArrayLike, dtype: DTypeLike = np.float32) -> Standardize:
        """Compute mean and standard deviation of each column of x, (N, D), in float64."""
        x = _samples(x)
        # The mean of equal numbers is rounded, and their deviation from it is rounding noise.
        constant = x.min(axis=0) == x.max(axis=0)
        std = np.where(constant, 0, x.std(axis=0))
        return cls(x.mean(axis=0).astype(dtype), std.astype(dtype))

    @classmethod
    def robust(cls, x: ArrayLike, dtype: DTypeLike = np.float32) -> Standardize:
        """Compute median and `robust_spread` of each column of x, (N, D): robust to outliers."""
        quantiles = np.quantile(_samples(x), (0, 0.25, 0.5, 0.75, 1), axis=0)
        return cls(quantiles[2].astype(dtype), robust_spread(quantiles).astype(dtype))

    @classmethod
    def undoing(cls, mean: ArrayLike, std: ArrayLike, dtype: DTypeLike = np.float32) -> Standardize:
        """Return the layer that undoes `Standardize(mean, std)`: y = x * std + mean.

        It is Standardize(-mean / std, 1 / std). At the end of a network it returns from
        standardized targets to the targets' own units. Raises InputError for a standard deviation
        of 0, or too small for the type.
        """
        mean, std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            shift, factor = (-mean / std).astype(dtype), (1 / std).astype(dtype)
        if not (np.isfinite(shift).all() and np.isfinite(factor).all()):
            template = (
                "a standard deviation of {std} cannot be undone in {kind}: multiply the values by "
                "a large number"
            )
            raise InputError(template, std=float(np.min(std)), kind=np.dtype(dtype).name)
        return cls(shift, factor)

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return (x - self.mean) / self.std

    def invert(self, y: ArrayLike) -> Array:
        """Return the x of which y, (N, D), is the output, in float64."""
        return np.asarray(y, np.float64) * self.std + self.mean

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        return dy / self.std, []

    def input_width(self) -> int:
        return int(self.mean.size)


class SmoothClip(Layer):
    """Clip smoothly to the limit (default 3): y = x / sqrt(1 + (x / limit)^2).

    dx = dy (1 + (x / limit)^2)^(-3/2). Small numbers hardly change. It follows a robust
    `Standardize` in RealMLP (Holzmueller, Grinsztajn and Steinwart 2024, arXiv 2407.04491,
    section 3). Raises InputError unless the limit is finite and above 0.
    """

    def __init__(self, limit: float = 3.0) -> None:
        self.limit = above_zero(limit=limit)

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        u = self._shares(x)
        return u / np.sqrt(1 + u * u) * x.dtype.type(self.limit)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        u = self._shares(p.x)
        return dy / (np.sqrt(1 + u * u) * (1 + u * u)), []

    def options(self) -> Options:
        return {"limit": self.limit}

    def _shares(self, x: Array) -> Array:
        # Far out y is the limit for any x, and u^2 must not overflow.
        return np.clip(x / x.dtype.type(self.limit), -1e8, 1e8)


def robust_spread(quantiles: Array) -> Vector:
    """Return the spread of each column, (D,), from its quantiles 0, 1/4, 1/2, 3/4 and 1, (5, D).

    It is the interquartile range; where that is 0, half of the range (arXiv 2407.04491, section 3).
    """
    least, low, _, high, greatest = quantiles
    spread: Array = np.where(high > low, high - low, (greatest - least) / 2)
    return spread


def _samples(x: ArrayLike) -> Batch:
    x = as_array(x).astype(np.float64, copy=False)
    if x.ndim != 2 or len(x) == 0:
        raise InputError(
            "Standardize.of expects at least one row of shape (N, inputs); got shape {got}",
            got=x.shape,
        )
    return x
