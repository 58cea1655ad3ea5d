"""Reading a table with its bad rows put aside, each with its reason, to the end of the table."""

from __future__ import annotations

import numpy as np

from pellucid.core.types import Array, DTypeLike
from pellucid.data.tables.cells import Cells
from pellucid.data.tables.columns import Columns
from pellucid.data.tables.kinds import Numeric, Target
from pellucid.data.tables.reading import Reading
from pellucid.data.tables.table import Table
from pellucid.errors import Message

REASON = Message("column {column}: {problem}")


class Sifting(Reading):
    """One pass over a table that yields every row, and notes those that cannot be used.

    `rejected` has, by the row's number from 0, the first reason that was found. What is yielded for
    such a row means nothing. Raises InputError for columns that are missing, as a `Reading` does.
    """

    def __init__(self, columns: Columns, table: Table, dtype: DTypeLike) -> None:
        super().__init__(columns, table, False, None, dtype)
        self.rejected: dict[int, Message] = {}
        self._refused = np.empty(0, bool)  # of the column that is being read

    def _numbers(self, column: Numeric | Target, cells: Cells) -> Array:
        self._refused = np.zeros(len(cells.array), bool)
        values = super()._numbers(column, cells)
        # An ordinary number, so that the report counts the cell neither as missing nor as outside
        return np.where(self._refused, column.mean, values)

    def _refuse(self, name: str, cells: Cells, found: Array, problem: Message) -> None:
        self._refused |= found
        for index in np.flatnonzero(found).tolist():
            told = Message(problem, text=repr(cells.text(index)), column=name)
            reason = Message(REASON, column=name, problem=told)
            self.rejected.setdefault(self.report.rows + index, reason)
