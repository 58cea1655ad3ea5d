"""From the cells of a table's columns to the numbers that a module takes.

The source of these functions is copied to the Python file that `pellucid export --to torch --raw`
writes, so they need nothing but PyTorch. `data.tables.reading` is their definition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch


def numbers(
    cells: Iterable[Any], mean: float, offset: float, missing: bool, periods: Sequence[float] = ()
) -> torch.Tensor:
    """Return the numbers of a column, (N, width): of dates, cells are days since 1970-01-01."""
    known = [math.nan if cell is None else float(cell) for cell in cells]
    values = torch.tensor(known, dtype=torch.float64)
    absent = values.isnan()
    values = torch.where(absent, mean, values)
    parts = [values - offset, absent.double()] if missing else [values - offset]
    for period in periods:
        angle = torch.remainder(values, period) * (2 * math.pi / period)
        parts += [torch.where(absent, 0.0, wave) for wave in (angle.sin(), angle.cos())]
    return torch.stack(parts, dim=1)


def categories(cells: Iterable[Any], codes: Mapping[str, int], width: int) -> torch.Tensor:
    """Return 1 for each cell's category and 0 for the others, (N, width)."""
    found = torch.tensor([codes.get(_text(cell), -1) for cell in cells])
    return (found[:, None] == torch.arange(width)).double()


def indices(cells: Iterable[Any], codes: Mapping[str, int]) -> torch.Tensor:
    """Return the index of each cell's category, (N, 1), 0 for one that training did not have."""
    return torch.tensor([[1.0 + codes.get(_text(cell), -1)] for cell in cells]).double()


def _text(cell: Any) -> str:
    missing = cell is None or cell != cell  # NaN, as dataframes write a missing text
    return "" if missing else str(cell).strip()
