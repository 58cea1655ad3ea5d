"""Losses: how far outputs y are from targets t, as one number, and its gradient with respect to y.

Every loss is the weighted mean of the row losses l_i: sum_i w_i l_i / sum_i w_i, with w the
`sample_weight`, as PyTorch's defaults reduce. Within a row of K outputs it is the mean over the
outputs, except in `CrossEntropy`, where a row is one choice. A loss of your own is any object with
`value(y, t, sample_weight)` and `gradient(y, t, sample_weight)`.

Three losses are stable only from logits z and name the activation that they replace: `CrossEntropy`
the softmax (or LogSoftmax), `BinaryCrossEntropy` the sigmoid, `Poisson` the exponential. A network
that ends in that activation hands over z instead of y (`chain.loss_depth`).
"""

from __future__ import annotations

import reprlib
from typing import ClassVar, Protocol

import numpy as np

from pellucid.core import functions
from pellucid.core.layer import Layer
from pellucid.core.layers import Exponential, Sigmoid, Softmax
from pellucid.core.ranges import below_one, number
from pellucid.core.targets import one_hot, row_shares, target_values, values_or_one_hot
from pellucid.core.types import Array, ArrayLike, Batch, Options, Vector
from pellucid.errors import InputError


class Loss(Protocol):
    """What training needs of a loss; it may name an `activation` whose input it takes."""

    def value(self, y: Batch, t: Array, sample_weight: Vector | None = None) -> float:
        """Return the loss of outputs y, (N, K), against targets t; sample_weight is (N,)."""

    def gradient(self, y: Batch, t: Array, sample_weight: Vector | None = None) -> Array:
        """Return the gradient of `value` with respect to y, (N, K)."""


class RowLoss:
    """A weighted mean of row losses; a subclass writes `row_losses` and `row_gradients`."""

    activation: ClassVar[type[Layer] | None] = None

    def value(self, y: Batch, t: Array, sample_weight: Vector | None = None) -> float:
        """Return the weighted mean of the rows' losses; 0 for no rows."""
        losses = self.row_losses(y, self.targets(t, y))
        return float(losses @ row_shares(len(y), sample_weight, losses.dtype))

    def gradient(self, y: Batch, t: Array, sample_weight: Vector | None = None) -> Array:
        """Return the gradient of `value` with respect to y (logits, if `activation` is named)."""
        gradients = self.row_gradients(y, self.targets(t, y))
        gradients *= row_shares(len(y), sample_weight, y.dtype)[:, None]
        return gradients

    def targets(self, t: ArrayLike, y: Batch) -> Batch:
        """Return the targets as an (N, K) array of y's floating type."""
        return target_values(t, y)

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        """Return each row's loss, (N,)."""
        raise NotImplementedError

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        """Return each row's gradient with respect to y, (N, K), as a new array."""
        raise NotImplementedError

    def options(self) -> Options:
        """Return the settings that the constructor takes."""
        return {}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.options().items())
        return f"{type(self).__name__}({settings})"


class CrossEntropy(RowLoss):
    """One of K classes is right: from logits z, l = - sum_k t_k log softmax(z)_k.

    dz = softmax(z) sum(t) - t. Targets are class indices, (N,), or probabilities, (N, K). Label
    smoothing spreads the share s of each target over all classes: t (1 - s) + s / K (Szegedy et al.
    2016, section 7). Raises InputError for targets of another shape and for other indices.
    """

    activation = Softmax

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = below_one(label_smoothing=label_smoothing)

    def targets(self, t: ArrayLike, y: Batch) -> Batch:
        values = one_hot(t, y) if np.ndim(t) == 1 else target_values(t, y)
        if self.label_smoothing:
            values = values * (1 - self.label_smoothing) + self.label_smoothing / y.shape[1]
        return values

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        return -(t * functions.log_softmax(y)).sum(axis=1)

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        return functions.softmax(y) * t.sum(axis=1, keepdims=True) - t

    def options(self) -> Options:
        return {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}


class BinaryCrossEntropy(RowLoss):
    """K independent questions of yes or no: from logits z, l = mean_k [softplus(z_k) - t_k z_k].

    dz = (sigmoid(z) - t) / K. It is - t log y - (1 - t) log(1 - y) with y = sigmoid(z), written
    without a logarithm of 0. Targets are 0 to 1, (N, K), or class indices, (N,), which become
    one-hot; with one output, values from 0 to 1, (N,). Label smoothing moves targets to a half:
    t (1 - s) + s / 2. Raises InputError for targets outside 0 to 1.
    """

    activation = Sigmoid

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = below_one(label_smoothing=label_smoothing)

    def targets(self, t: ArrayLike, y: Batch) -> Batch:
        classes = np.ndim(t) == 1 and y.shape[1] > 1
        values = one_hot(t, y) if classes else target_values(t, y)
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            template = "BinaryCrossEntropy expects targets from 0 to 1, got {low} to {high}"
            raise InputError(template, low=values.min(), high=values.max())
        if self.label_smoothing:
            values = values * (1 - self.label_smoothing) + self.label_smoothing / 2
        return values

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        return (functions.softplus(y) - t * y).mean(axis=1)

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        return (functions.sigmoid(y) - t) / y.shape[1]

    def options(self) -> Options:
        return {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}


class MeanSquaredError(RowLoss):
    """l = mean_k (y_k - t_k)^2; dy = 2 (y - t) / K. Classes of several outputs become one-hot."""

    def targets(self, t: ArrayLike, y: Batch) -> Batch:
        return values_or_one_hot(t, y)

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        return ((y - t) ** 2).mean(axis=1)

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        return 2 * (y - t) / y.shape[1]


class MeanAbsoluteError(RowLoss):
    """l = mean_k |y_k - t_k|; dy = sign(y - t) / K. Classes of several outputs become one-hot."""

    def targets(self, t: ArrayLike, y: Batch) -> Batch:
        return values_or_one_hot(t, y)

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        return np.abs(y - t).mean(axis=1)

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        return np.sign(y - t) / y.shape[1]


class Huber(RowLoss):
    """Squared near 0, absolute beyond (Huber 1964), with e = y - t; delta is 1 by default.

    l = mean_k e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2);
    dy = clip(e, -delta, delta) / K. Raises InputError unless delta is above 0.
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number(delta)
        if not self.delta > 0:
            raise InputError("Huber expects a delta above 0, got {got}", got=reprlib.repr(delta))

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        size = np.abs(y - t)
        # near (size - near / 2) is size^2 / 2 within delta and delta (size - delta / 2) beyond.
        near = np.minimum(size, self.delta)
        return (near * (size - near / 2)).mean(axis=1)

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        return np.clip(y - t, -self.delta, self.delta) / y.shape[1]

    def options(self) -> Options:
        return {"delta": self.delta}


class Poisson(RowLoss):
    """Counts t of rate exp(z): from logits z, l = mean_k [exp(z_k) - t_k z_k].

    dz = (exp(z) - t) / K. The negative log-likelihood without its constant log(t!), as PyTorch's
    PoissonNLLLoss. A network that ends in `Exponential` predicts rates, one that ends in Affine
    their logarithms. Raises InputError for negative targets.
    """

    activation = Exponential

    def targets(self, t: ArrayLike, y: Batch) -> Batch:
        values = target_values(t, y)
        if values.size and values.min() < 0:
            raise InputError("Poisson expects targets of 0 or more, got {low}", low=values.min())
        return values

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        return (functions.exponential(y) - t * y).mean(axis=1)

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        return (functions.exponential(y) - t) / y.shape[1]


class Quantile(RowLoss):
    """Minimal when y is the q-quantile of t (Koenker and Bassett 1978); by default the median.

    With e = y - t, l = mean_k max((1 - q) e, -q e); dy = (1 - q) / K where e > 0, -q / K where
    e < 0, else 0. Raises InputError unless 0 < q < 1.
    """

    def __init__(self, q: float = 0.5) -> None:
        self.q = number(q)
        if not 0 < self.q < 1:
            raise InputError("Quantile expects q between 0 and 1, got {got}", got=reprlib.repr(q))

    def row_losses(self, y: Batch, t: Batch) -> Vector:
        e = y - t
        return np.maximum((1 - self.q) * e, -self.q * e).mean(axis=1)

    def row_gradients(self, y: Batch, t: Batch) -> Batch:
        above, below = (y > t).astype(y.dtype), (y < t).astype(y.dtype)
        return ((1 - self.q) * above - self.q * below) / y.shape[1]

    def options(self) -> Options:
        return {"q": self.q}


LOSSES: dict[str, type[RowLoss]] = {
    "cross_entropy": CrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "quantile": Quantile,
}
