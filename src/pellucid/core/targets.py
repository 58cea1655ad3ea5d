"""Targets as losses take them: class indices as one-hot rows, values in the outputs' shape."""

from __future__ import annotations

import numpy as np

from pellucid.core.types import Array, ArrayLike, Batch
from pellucid.errors import InputError, Message


def one_hot(t: ArrayLike, y: Batch) -> Batch:
    """Return class indices t, (N,), as rows of zeros with a 1 at the class, of y's shape and type.

    Raises InputError for anything but whole numbers from 0 to K - 1, one for each row.
    """
    t = np.asarray(t)
    N, K = y.shape
    if t.shape != (N,):
        template = "expected one class index for each of {N} rows, got targets of shape {got}"
        raise InputError(template, N=N, got=t.shape)
    if t.dtype.kind not in "biu":
        whole = t.astype(np.int64) if np.isfinite(t).all() else None
        if whole is None or (whole != t).any():
            raise InputError("class indices must be whole numbers, got {kind}", kind=t.dtype)
        t = whole
    if N and not (t.min() >= 0 and t.max() < K):
        template = (
            "class indices for {K} outputs go from 0 to {last}, got {low} to {high}: add outputs, "
            "or count classes from 0"
        )
        raise InputError(template, K=K, last=K - 1, low=t.min(), high=t.max())
    values = np.zeros(y.shape, y.dtype)
    # Booleans are converted, since an index of booleans would choose rows and not classes.
    values[np.arange(N), t.astype(np.int64, copy=False)] = 1
    return values


def target_values(t: ArrayLike, y: Batch) -> Batch:
    """Return targets in y's shape and floating type; (N,) fits one output. Raises InputError."""
    t = np.asarray(t, y.dtype)
    if t.ndim == 1 and y.shape[1] == 1:
        t = t[:, None]
    if t.shape != y.shape:
        template = "expected targets of shape {expected}, like the outputs, got {got}"
        wrong = Message(template, expected=y.shape, got=t.shape)
        if t.shape == (len(y), 1):
            raise InputError("{reason}: pass class indices as t.ravel()", reason=wrong)
        raise InputError(wrong)
    return t


def values_or_one_hot(t: ArrayLike, y: Batch) -> Batch:
    """Return targets in y's shape: class indices, (N,), of several outputs become one-hot."""
    t = np.asarray(t)
    classes = t.ndim == 1 and y.shape[1] > 1 and t.dtype.kind in "iu"
    return one_hot(t, y) if classes else target_values(t, y)


def row_shares(N: int, sample_weight: Array | None, dtype: np.dtype[np.floating]) -> Array:
    """Return each row's share of a weighted mean, (N,): w_i / sum w, or 1 / N without weights.

    Where all weights are 0, so are the shares.
    """
    if sample_weight is None:
        return np.full(N, 1 / max(N, 1), dtype)
    total = float(sample_weight.sum(dtype=np.float64))
    return (sample_weight / total if total else np.zeros(N)).astype(dtype)
