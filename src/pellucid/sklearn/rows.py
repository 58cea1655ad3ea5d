"""Rows to learn from, dense or sparse, as the engine takes them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from pellucid.core.types import Array
from pellucid.engines import Engine

# Engines take dense rows. Sparse ones that would be larger than this in bytes are made dense a
# block at a time, each time they are looked at; smaller ones once.
_BLOCK = 1 << 26


class Rows(NamedTuple):
    """Inputs, targets as the loss takes them, and a weight for each row or None."""

    x: Any
    t: Array
    weights: Array | None

    @property
    def sparse(self) -> bool:
        """Whether the inputs are still sparse, and made dense block by block."""
        return scipy.sparse.issparse(self.x)


def engine_rows(X: Any) -> Any:
    """Give inputs as the engine reads them fastest.

    C-contiguous, or CSR where dense they would be large.
    """
    dtype = X.dtype if X.dtype in (np.float32, np.float64) else np.float64
    if not scipy.sparse.issparse(X):
        return np.ascontiguousarray(X, dtype)
    X = X.astype(dtype, copy=False)
    return X.tocsr() if rows_a_block(X) < X.shape[0] else X.toarray(order="C")


def rows_a_block(X: Any) -> int:
    """Give how many rows of a sparse matrix are made dense at a time."""
    return max(1, _BLOCK // max(1, X.shape[1] * X.dtype.itemsize))


def taken(X: Any, rows: Any) -> Array:
    """Give the rows at these places, dense."""
    return X[rows].toarray(order="C") if scipy.sparse.issparse(X) else X[rows]


def answers(engine: Engine, X: Any) -> Array:
    """Give the engine's answers for rows from `engine_rows`."""
    if not scipy.sparse.issparse(X):
        return engine.predict(X)
    step = rows_a_block(X)
    parts = [
        engine.predict(taken(X, slice(start, start + step))) for start in range(0, X.shape[0], step)
    ]
    return np.concatenate(parts)
