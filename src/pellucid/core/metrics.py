"""Metrics: functions (y, t) -> number of outputs y, (N, K), and targets t."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from pellucid.core.types import Array

Metric: TypeAlias = Callable[[Array, Array], float]


def chosen_classes(y: Array) -> Array:
    """Return the class index of each row of outputs, (N,).

    The highest output, the first of equal ones; of one output, 1 from 0.5 up. C++, the page, C and
    ONNX decide a tie in the same way.
    """
    return np.argmax(y, axis=1) if y.shape[1] > 1 else (y[:, 0] >= 0.5).astype(np.int64)


def target_classes(t: Any) -> Array:
    """Return class indices, (N,), of targets: indices, one-hot, probabilities or one column."""
    t = np.asarray(t)
    if t.ndim == 2:
        return chosen_classes(t)
    return t.astype(np.int64)


def accuracy(y: Array, t: Array) -> float:
    """Return the share of rows whose chosen class is the target's."""
    return float(np.mean(chosen_classes(y) == target_classes(t))) if len(y) else math.nan


def mean_squared_error(y: Array, t: Array) -> float:
    """Return the mean of (y - t)^2."""
    return float(np.mean((y - _like(t, y)) ** 2))


def mean_absolute_error(y: Array, t: Array) -> float:
    """Return the mean of |y - t|."""
    return float(np.mean(np.abs(y - _like(t, y))))


def r2(y: Array, t: Array) -> float:
    """Return 1 - sum (t - y)^2 / sum (t - mean t)^2, averaged over the outputs.

    1 is perfect, 0 as good as the mean. A constant target counts 1 if predicted exactly, else 0.
    """
    t = _like(t, y).astype(np.float64)
    left = ((t - y) ** 2).sum(axis=0)
    spread = ((t - t.mean(axis=0)) ** 2).sum(axis=0)
    constant = spread == 0  # scikit-learn's rule: r2_score with force_finite=True
    scores = np.where(constant, (left == 0).astype(float), 1 - left / np.where(constant, 1, spread))
    return float(scores.mean())


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "r2": r2,
}

# Of every other metric, and of losses, less is better.
HIGHER_IS_BETTER = frozenset({"accuracy", "r2"})


def confusion(chosen: Array, t: Array, K: int) -> Array:
    """Count how often class i (row) was predicted as j (column): (K, K), whole numbers."""
    cells = np.asarray(t, np.int64) * K + np.asarray(chosen, np.int64)
    return np.bincount(cells, minlength=K * K).reshape(K, K)


def wilson(hits: int, N: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share of `hits` among N (Wilson 1927).

    >>> [round(end, 4) for end in wilson(960, 1000)]
    [0.946, 0.9705]
    """
    if N == 0:
        return 0.0, 1.0
    z, p = 1.959963984540054, hits / N  # z: 97.5 % of a normal distribution are below it
    centre = (p + z * z / (2 * N)) / (1 + z * z / N)
    half = z / (1 + z * z / N) * math.sqrt(p * (1 - p) / N + z * z / (4 * N * N))
    return max(0.0, centre - half), min(1.0, centre + half)


def _like(t: Any, y: Array) -> Array:
    return np.asarray(t).reshape(y.shape)
