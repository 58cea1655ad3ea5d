"""Rows to train on, dense or sparse, as the engine takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import scipy.sparse
from sklearn.model_selection import train_test_split

from pellucid.core.arrays import check_unmasked
from pellucid.core.types import Array
from pellucid.engines.protocol import Predict

# What scikit-learn takes as rows or targets, each checked by its `validate_data`.
Inputs: TypeAlias = Any  # an array, a list, a sparse matrix or a dataframe
Given: TypeAlias = tuple[Inputs, Inputs, Any]  # X, y and sample_weight as `fit` was called

# Engines take dense rows. Sparse ones that would be larger than this in bytes are made dense a
# block at a time, each time they are used; smaller ones once.
_BLOCK = 1 << 26


class Rows(NamedTuple):
    """Inputs, dense or sparse, targets as the loss takes them, and sample weights or None."""

    x: Inputs
    t: Array
    sample_weight: Array | None

    @property
    def sparse(self) -> bool:
        """Whether the inputs are still sparse, and made dense block by block."""
        return scipy.sparse.issparse(self.x)


def unmasked(*arrays: Inputs) -> tuple[Inputs, ...]:
    """Return these arrays; raise InputError for masked values.

    scikit-learn's own checks would take off the masks and say nothing.
    """
    for each in arrays:
        check_unmasked(each)
    return arrays


def engine_rows(X: Inputs) -> Inputs:
    """Return inputs as the engine reads them: C-contiguous, or CSR if dense they were too large."""
    dtype = X.dtype if X.dtype in (np.float32, np.float64) else np.float64
    if not scipy.sparse.issparse(X):
        return np.ascontiguousarray(X, dtype)
    X = X.astype(dtype, copy=False)
    return X.tocsr() if rows_a_block(X) < X.shape[0] else X.toarray(order="C")


def rows_a_block(X: Inputs) -> int:
    """Return how many rows of a sparse matrix are made dense at a time."""
    return max(1, _BLOCK // max(1, X.shape[1] * X.dtype.itemsize))


def dense(X: Inputs, rows: Array | slice) -> Array:
    """Return the rows at these places, dense."""
    return X[rows].toarray(order="C") if scipy.sparse.issparse(X) else X[rows]


def predictions(predict: Predict, X: Inputs) -> Array:
    """Return an engine's outputs for rows from `engine_rows`, (N, K), by one of its methods."""
    if not scipy.sparse.issparse(X):
        return predict(X)
    step = rows_a_block(X)
    blocks = (slice(start, start + step) for start in range(0, X.shape[0], step))
    return np.concatenate([predict(dense(X, block)) for block in blocks])


def splits_evenly(classes: Array | None, share: float) -> bool:
    """Return whether a split can hold out that share of each class, as scikit-learn demands it."""
    if classes is None:
        return False
    counts = np.unique(classes, return_counts=True)[1]
    N = len(classes)
    held_out = int(np.ceil(share * N))
    return bool(counts.min() >= 2 and min(held_out, N - held_out) >= len(counts))


def split_arrays(
    arrays: Sequence[Inputs],
    share: float,
    random_state: np.random.RandomState,
    stratify: Array | None,
) -> list[tuple[Inputs, Inputs]]:
    """Return each array as (training part, held-out part), all split by the same draw.

    An array that is None gives (None, None).
    """
    given = [array for array in arrays if array is not None]
    parts = train_test_split(*given, random_state=random_state, test_size=share, stratify=stratify)
    pairs = iter(zip(parts[::2], parts[1::2], strict=True))
    return [(None, None) if array is None else next(pairs) for array in arrays]
