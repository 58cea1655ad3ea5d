"""The numbers and dates of a table's columns, as the inputs of a network have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.types import Batch
from pellucid.data.tables.kinds import DateColumn, NumberColumn, Numeric

if TYPE_CHECKING:
    from pellucid.data.tables.columns import Columns


def numeric(columns: Columns) -> list[tuple[int, Numeric]]:
    """Return the columns of numbers and dates that vary, each with the place of its number."""
    pairs = zip(columns.starts, columns.columns, strict=True)
    return [
        (start, column)
        for start, column in pairs
        if isinstance(column, (NumberColumn, DateColumn)) and column.std > 0
    ]


def standardized(columns: Columns, x: Batch) -> Batch:
    """Return these columns of rows x, (N, D), with mean 0 and standard deviation 1, float64."""
    found = numeric(columns)
    mean = np.array([column.mean - column.offset for _, column in found])
    std = np.array([column.std for _, column in found])
    z: Batch = (np.asarray(x)[:, [start for start, _ in found]].astype(np.float64) - mean) / std
    return z
