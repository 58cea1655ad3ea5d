"""One row fast: what the block reader made of a cell is remembered for the next row.

Reading a table of one row takes a millisecond and more, nearly all of it Arrow's calls for each
column; a service asks row by row. The block reader (`Reading`) stays the one definition of how a
cell becomes numbers: it reads every row with a cell that is new, and raises the errors. Only plain
numbers, which are rarely the same twice, are computed here.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from pellucid.core.types import Array, Options
from pellucid.data.tables.dataframes import is_scalar
from pellucid.data.tables.kinds import NumberColumn

if TYPE_CHECKING:
    from pellucid.data.tables.columns import Columns
    from pellucid.data.tables.table import TableSource

Row: TypeAlias = Mapping[str, Any]  # a cell for each column

MOST_REMEMBERED = 8 << 20
"""Bytes of cells that are remembered; beyond, everything is forgotten and learned anew."""

_LONGEST = 100  # characters of a text that is remembered
_OVERHEAD = 400  # bytes of a cell that is remembered: its text, its array, its place in a dict

_EXACT = 1 << 53  # whole numbers up to this size are float64 numbers
# Compared by exact type: by isinstance, True is an int and np.float64 a float.
_CELLS = {str, int, float, bool, type(None)}
_SIMPLE = np.floating, np.integer, np.bool_, np.str_
_ANEW = object()  # the key of cells that are read anew each time


class _Place(NamedTuple):
    """Where a column's numbers are in a row, and which cells become cell - offset directly."""

    name: str
    start: int
    stop: int
    numeric: bool
    low: float
    high: float
    offset: float


class RowMemory:
    """What the cells of earlier rows became, by column.

    It is safe from several threads: each step reads or writes one entry of a dict.
    """

    def __init__(self, columns: Columns) -> None:
        self._width = columns.width
        self._places = [
            _Place(column.name, start, start + column.width, *_numeric(column))
            for column, start in zip(columns.columns, columns.starts, strict=True)
        ]
        self._cells: list[dict[Hashable, Array]] = [{} for _ in self._places]
        self._room = MOST_REMEMBERED

    def x(self, row: Row) -> Array | None:
        """Return the numbers of a row, (1, D) float64; None where a column or a cell is new."""
        x = np.zeros(self._width)
        for (name, start, stop, numeric, low, high, offset), cells in zip(
            self._places, self._cells, strict=True
        ):
            cell = row.get(name, _ANEW)
            if type(cell) not in _CELLS:
                cell = _plain(cell)
            # NaN fails both comparisons, and is then looked up as a missing cell.
            if numeric and (type(cell) is float or type(cell) is int) and low <= cell <= high:
                x[start] = cell - offset
                continue
            found = cells.get(cell if type(cell) is str else _key(cell))
            if found is None:
                return None
            x[start:stop] = found
        return x[None]

    def add(self, row: Row, x: Array) -> None:
        """Remember the cells of a row, and its numbers, (1, D) float64."""
        for place, cells in zip(self._places, self._cells, strict=True):
            cell = _plain(row.get(place.name, _ANEW))
            key = _key(cell)
            direct = place.numeric and type(cell) is int and place.low <= cell <= place.high
            long = type(cell) is str and len(cell) > _LONGEST
            if key is _ANEW or key in cells or direct or long:
                continue
            size = _OVERHEAD + 8 * (place.stop - place.start)
            if self._room < size:
                self._room = MOST_REMEMBERED
                for each in self._cells:
                    each.clear()
            # Threads may subtract at once and lose one: this limit need not be exact.
            self._room -= size
            # A copy, since a view would keep the whole row in memory.
            cells[key] = x[0, place.start : place.stop].copy()

    def __getstate__(self) -> Options:
        # Copies and pickles of a network remember for themselves.
        return {**vars(self), "_cells": [{} for _ in self._places], "_room": MOST_REMEMBERED}


def one_row(table: TableSource) -> Row | None:
    """Return the cells of a table of one row by name, or None for every other table."""
    if isinstance(table, Mapping):
        return _row_of_dict(table)
    kind = type(table)
    # By the type's name, so that neither library is imported for those who do not use it.
    if kind.__name__ != "DataFrame" or len(table) != 1:
        return None
    if kind.__module__.startswith("polars"):
        row: Row = table.row(0, named=True)
        return row
    if kind.__module__.startswith("pandas"):
        return _row_of_pandas(table)
    return None


def _row_of_dict(table: Mapping[Any, Any]) -> Row | None:
    if set(map(type, table)) != {str}:
        return None
    kinds = set(map(type, table.values()))
    if kinds <= _CELLS:
        return table
    if kinds in ({list}, {np.ndarray}):
        of_one = all(getattr(cells, "shape", (len(cells),)) == (1,) for cells in table.values())
        return {name: cells[0] for name, cells in table.items()} if of_one else None
    return table if all(map(is_scalar, table.values())) else None


def _row_of_pandas(frame: Any) -> Row | None:
    names = frame.columns.tolist()
    row = dict(zip(names, frame.to_numpy(object)[0].tolist(), strict=True))
    # Fewer cells than names: two columns share a name, which the block reader reports.
    return row if len(row) == len(names) and set(map(type, row)) == {str} else None


def _numeric(column: Any) -> tuple[bool, float, float, float]:
    if not isinstance(column, NumberColumn):
        return False, 0.0, 0.0, 0.0
    low, high = column.limits
    return True, max(low, -_EXACT), min(high, _EXACT), column.offset


def _key(cell: Any) -> Hashable:
    """Return the key of a cell; equal cells of different types are different texts."""
    if type(cell) is str:
        return cell
    # NaN means missing, as None does, and as a key would not be equal to another NaN.
    if cell is None or (type(cell) is float and cell != cell):
        return None
    # A float's text depends on its size, which is lost here; that of a time on its library.
    return (type(cell), cell) if type(cell) in (bool, int, datetime.date) else _ANEW


def _plain(cell: Any) -> Any:
    """Return a number or text of NumPy as Python's; of times it would make whole numbers."""
    simple = isinstance(cell, _SIMPLE) and not isinstance(cell, np.timedelta64)
    return cell.item() if simple else cell
