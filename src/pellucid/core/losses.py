"""Losses: how far answers y are from targets t, as one number, and its gradient by y.

Every loss is the weighted mean over rows, sum_i w_i l_i / sum_i w_i; without weights it is the
plain mean, as PyTorch's defaults reduce. Within a row of K outputs the mean over the outputs is
taken, but for `CrossEntropy`, where a row is one choice. A loss of your own is any object with
`value(y, t, weights)` and `gradient(y, t, weights)`.

Three losses are stable only from weighted sums z and name the activation that they take over:
`CrossEntropy` the softmax, `BinaryCrossEntropy` the sigmoid, `Poisson` the exponential. A network
that ends in it hands over z instead of y (`chain.loss_depth`).
"""

from __future__ import annotations

import reprlib
from typing import Any, ClassVar, Protocol

import numpy as np

from pellucid.core import functions
from pellucid.core.layer import Layer
from pellucid.core.layers import Exponential, Sigmoid, Softmax
from pellucid.core.settings import below_one, number
from pellucid.core.types import Array, Options
from pellucid.errors import InputError, Message


class Loss(Protocol):
    """What learning needs of a loss.

    It may name an `activation` (a layer class) whose weighted sums it takes.
    """

    def value(self, y: Array, t: Array, weights: Array | None = None) -> float:
        """Give the loss of answers y, (N, K), against targets t, with a weight for each row, (N,),
        or None.
        """
        ...

    def gradient(self, y: Array, t: Array, weights: Array | None = None) -> Array:
        """Give the gradient of `value` by y, (N, K)."""
        ...


class RowLoss:
    """A loss that is the mean of a loss of each row; a subclass writes `rows` and `slopes`."""

    activation: ClassVar[type[Layer] | None] = None

    def value(self, y: Array, t: Array, weights: Array | None = None) -> float:
        """Give the weighted mean of the rows' losses; 0 for no rows."""
        rows = self.rows(y, self.targets(t, y))
        return float(rows @ row_shares(len(y), weights, rows.dtype))

    def gradient(self, y: Array, t: Array, weights: Array | None = None) -> Array:
        """Give the gradient of `value` by y (by the weighted sums, where `activation` is named),
        (N, K).
        """
        slopes = self.slopes(y, self.targets(t, y))
        slopes *= row_shares(len(y), weights, y.dtype)[:, None]
        return slopes

    def targets(self, t: Any, y: Array) -> Array:
        """Give the targets as an (N, K) array of y's floating type."""
        return target_values(t, y)

    def rows(self, y: Array, t: Array) -> Array:
        """Give each row's loss, (N,)."""
        raise NotImplementedError

    def slopes(self, y: Array, t: Array) -> Array:
        """Give each row's gradient by y, (N, K), in a new array."""
        raise NotImplementedError

    def options(self) -> Options:
        """Give the settings with which the constructor makes this loss again."""
        return {}

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.options().items())})"
        )


class CrossEntropy(RowLoss):
    """One right class of K: l = - sum_k t_k log softmax(z)_k, from weighted sums z; dz = softmax(z)
    sum(t) - t.

    Targets are class indices, (N,), or probabilities, (N, K). Label smoothing moves the share e of
    each target to all classes alike: t (1 - e) + e / K (Szegedy et al. 2016, section 7). Raises
    InputError for targets that are no class indices from 0 to K - 1 and no (N, K) array.
    """

    activation = Softmax

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = below_one(label_smoothing=label_smoothing)

    def targets(self, t: Any, y: Array) -> Array:
        t = one_hot(t, y) if np.ndim(t) == 1 else target_values(t, y)
        if self.label_smoothing:
            t = t * (1 - self.label_smoothing) + self.label_smoothing / y.shape[1]
        return t

    def rows(self, y: Array, t: Array) -> Array:
        return -(t * functions.log_softmax(y)).sum(axis=1)

    def slopes(self, y: Array, t: Array) -> Array:
        return functions.softmax(y) * t.sum(axis=1, keepdims=True) - t

    def options(self) -> Options:
        return {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}


class BinaryCrossEntropy(RowLoss):
    """K independent yes-or-no answers, from weighted sums z: l = mean_k [softplus(z_k) - t_k z_k].

    dz = (sigmoid(z) - t) / K. The loss is - t log y - (1 - t) log(1 - y) with y = sigmoid(z),
    written so that no logarithm of 0 can arise. Targets are 0 to 1, (N, K), or class indices, (N,),
    which become one-hot; with one output, (N,) zeros and ones. Label smoothing moves targets
    towards a half: t (1 - e) + e / 2. Raises InputError for targets outside 0 to 1.
    """

    activation = Sigmoid

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = below_one(label_smoothing=label_smoothing)

    def targets(self, t: Any, y: Array) -> Array:
        t = one_hot(t, y) if np.ndim(t) == 1 and y.shape[1] > 1 else target_values(t, y)
        if t.size and not (t.min() >= 0 and t.max() <= 1):
            raise InputError(
                "BinaryCrossEntropy expects targets from 0 to 1, got {low} to {high}",
                low=t.min(),
                high=t.max(),
            )
        if self.label_smoothing:
            t = t * (1 - self.label_smoothing) + self.label_smoothing / 2
        return t

    def rows(self, y: Array, t: Array) -> Array:
        return (functions.softplus(y) - t * y).mean(axis=1)

    def slopes(self, y: Array, t: Array) -> Array:
        return (functions.sigmoid(y) - t) / y.shape[1]

    def options(self) -> Options:
        return {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}


class MeanSquaredError(RowLoss):
    """l = mean_k (y_k - t_k)^2; dy = 2 (y - t) / K.

    Class indices for several outputs become one-hot.
    """

    def targets(self, t: Any, y: Array) -> Array:
        return _values_or_one_hot(t, y)

    def rows(self, y: Array, t: Array) -> Array:
        return ((y - t) ** 2).mean(axis=1)

    def slopes(self, y: Array, t: Array) -> Array:
        return 2 * (y - t) / y.shape[1]


class MeanAbsoluteError(RowLoss):
    """l = mean_k |y_k - t_k|; dy = sign(y - t) / K.

    Class indices for several outputs become one-hot.
    """

    def targets(self, t: Any, y: Array) -> Array:
        return _values_or_one_hot(t, y)

    def rows(self, y: Array, t: Array) -> Array:
        return np.abs(y - t).mean(axis=1)

    def slopes(self, y: Array, t: Array) -> Array:
        return np.sign(y - t) / y.shape[1]


class Huber(RowLoss):
    """Squared near, absolute far: with e = y - t, l = mean_k e^2 / 2 where |e| <= delta, else delta
    (|e| - delta / 2).

    dy = clip(e, -delta, delta) / K (Huber 1964). Raises InputError unless delta is above 0.
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number(delta)
        if not self.delta > 0:
            raise InputError("Huber expects a delta above 0, got {got}", got=reprlib.repr(delta))

    def rows(self, y: Array, t: Array) -> Array:
        size = np.abs(y - t)
        near = np.minimum(size, self.delta)
        return (near * (size - near / 2)).mean(axis=1)

    def slopes(self, y: Array, t: Array) -> Array:
        return np.clip(y - t, -self.delta, self.delta) / y.shape[1]

    def options(self) -> Options:
        return {"delta": self.delta}


class Poisson(RowLoss):
    """Counts t of rate exp(z), from weighted sums z: l = mean_k [exp(z_k) - t_k z_k]; dz = (exp(z)
    - t) / K.

    The negative log-likelihood without its constant log(t!), as PyTorch's PoissonNLLLoss. End the
    network in `Exponential` to be answered with rates, or in weighted sums to be answered with
    their logarithms. Raises InputError for negative targets.
    """

    activation = Exponential

    def targets(self, t: Any, y: Array) -> Array:
        t = target_values(t, y)
        if t.size and t.min() < 0:
            raise InputError("Poisson expects targets of 0 or more, got {low}", low=t.min())
        return t

    def rows(self, y: Array, t: Array) -> Array:
        return (functions.exponential(y) - t * y).mean(axis=1)

    def slopes(self, y: Array, t: Array) -> Array:
        return (functions.exponential(y) - t) / y.shape[1]


class Quantile(RowLoss):
    """The loss that the q-quantile minimises: with e = t - y, l = mean_k max(q e, (q - 1) e).

    Koenker and Bassett 1978. dy = -q / K where t > y, (1 - q) / K where t < y, 0 where they are
    equal. Raises InputError unless 0 < q < 1.
    """

    def __init__(self, q: float = 0.5) -> None:
        self.q = number(q)
        if not 0 < self.q < 1:
            raise InputError("Quantile expects q between 0 and 1, got {got}", got=reprlib.repr(q))

    def rows(self, y: Array, t: Array) -> Array:
        error = t - y
        return np.maximum(self.q * error, (self.q - 1) * error).mean(axis=1)

    def slopes(self, y: Array, t: Array) -> Array:
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


def row_shares(N: int, weights: Array | None, dtype: Any) -> Array:
    """Give each row's share of the mean, (N,): w_i / sum w, or 1 / N.

    Rows that weigh nothing in all have share 0.
    """
    if weights is None:
        return np.full(N, 1 / max(N, 1), dtype)
    total = float(weights.sum(dtype=np.float64))
    return (weights / total if total else np.zeros(N)).astype(dtype)


def one_hot(t: Any, y: Array) -> Array:
    """Turn class indices (N,) into rows of zeros with a 1 at the class, of y's shape and type."""
    t = np.asarray(t)
    N, K = y.shape
    if t.shape != (N,):
        raise InputError(
            "expected one class index for each of {N} rows, got targets of shape {got}",
            N=N,
            got=t.shape,
        )
    if t.dtype.kind not in "biu":
        whole = np.asarray(t).astype(np.int64) if np.isfinite(t).all() else None
        if whole is None or (whole != t).any():
            raise InputError("class indices must be whole numbers, got {kind}", kind=t.dtype)
        t = whole
    if N and not (t.min() >= 0 and t.max() < K):
        raise InputError(
            "class indices for {K} outputs go from 0 to {last}, got {low} to {high}",
            K=K,
            last=K - 1,
            low=t.min(),
            high=t.max(),
        )
    values = np.zeros(y.shape, y.dtype)
    values[np.arange(N), t.astype(np.int64, copy=False)] = (
        1  # an index of booleans would pick rows, not classes
    )
    return values


def target_values(t: Any, y: Array) -> Array:
    """Turn targets into y's shape and floating type; (N,) goes with one output."""
    t = np.asarray(t, y.dtype)
    if t.ndim == 1 and y.shape[1] == 1:
        t = t[:, None]
    if t.shape != y.shape:
        told = Message(
            "expected targets of shape {expected}, like the answers, got {got}",
            expected=y.shape,
            got=t.shape,
        )
        if t.shape == (len(y), 1):
            told = Message("{reason}: class indices are given as t.ravel()", reason=told)
        raise InputError(told)
    return t


def _values_or_one_hot(t: Any, y: Array) -> Array:
    t = np.asarray(t)
    classes = t.ndim == 1 and y.shape[1] > 1 and t.dtype.kind in "iu"
    return one_hot(t, y) if classes else target_values(t, y)
