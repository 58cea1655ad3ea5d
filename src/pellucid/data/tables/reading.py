"""Reading a table with known columns.

Blocks of numbers, and a report of what was done to the cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core.types import Array
from pellucid.data.tables import cells
from pellucid.data.tables.choosing import infinite, missing_target, unreadable
from pellucid.data.tables.kinds import CategoryColumn, NumberColumn
from pellucid.data.tables.survey import Cell
from pellucid.data.tables.table import Table
from pellucid.errors import InputError
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.data.tables.columns import Columns

_EXAMPLES = 3


class Report:
    """What was done to the columns of a table as it was read.

    Attributes
    ----------
    rows
        How many rows were read.
    ignored
        Columns that the network does not know. The target is none of them.
    reordered
        Whether the columns stand in another order than in training.
    filled
        How many missing cells of each column were filled; columns without any are not listed.
    unseen
        How often each category that is none of the network's occurred, by column.
    """

    def __init__(self, columns: Columns, table: Table) -> None:
        used = [column.name for column in columns.columns]
        known = {*used, *([columns.target.name] if columns.target else [])}
        self.rows = 0
        self.ignored = [name for name in table.columns if name not in known]
        self.reordered = [name for name in table.columns if name in set(used)] != used
        self.filled: Counter[str] = Counter()
        self.unseen: dict[str, Counter[str]] = {}

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain lists and numbers."""
        return {
            "rows": self.rows,
            "ignored": self.ignored,
            "reordered": self.reordered,
            "filled": dict(self.filled),
            "unseen": {name: dict(counts.most_common()) for name, counts in self.unseen.items()},
        }

    def lines(self) -> list[str]:
        """Say it in sentences; nothing where there is nothing to say."""
        told = []
        if self.reordered:
            told.append(
                say("the columns stand in another order than in training: they were found by name")
            )
        if self.ignored:
            told.append(say("ignored columns: {names}", names=", ".join(self.ignored)))
        if self.filled:
            parts = ", ".join(f"{name} {count:,}" for name, count in self.filled.items())
            told.append(
                say(
                    "missing cells filled: {count:,} ({parts})",
                    count=self.filled.total(),
                    parts=parts,
                )
            )
        if self.unseen:
            count = sum(counts.total() for counts in self.unseen.values())
            parts = "; ".join(
                f"{name}: {_examples(counts)}" for name, counts in self.unseen.items()
            )
            told.append(
                say(
                    "cells of categories unseen in training: {count:,} ({parts})",
                    count=count,
                    parts=parts,
                )
            )
        return told


class Reading:
    """Goes through a table once and gives (x, t), block by block.

    `report` is complete when it has ended.
    """

    def __init__(self, columns: Columns, table: Table, targets: bool, dtype: np.dtype[Any]) -> None:
        self.columns, self.table, self.dtype = columns, table, dtype
        self.target = columns.target if targets else None
        self.report = Report(columns, table)
        self._codes = {
            column.name: {name: code for code, name in enumerate(column.categories)}
            for column in columns.columns
            if isinstance(column, CategoryColumn)
        }
        self._classes = {name: index for index, name in enumerate(columns.classes or ())}

    def __iter__(self) -> Iterator[tuple[Array, Array | None]]:
        names = [column.name for column in self.columns.columns]
        wanted = names if self.target is None else [*names, self.target.name]
        starts, width = self.columns.starts(), self.columns.width
        for arrays in self.table.blocks(wanted):
            x = np.zeros((len(arrays[0]), width), self.dtype)
            for column, start, array in zip(self.columns.columns, starts, arrays, strict=False):
                if isinstance(column, NumberColumn):
                    self._put_numbers(x, start, column, array)
                else:
                    self._put_categories(x, start, column, array)
            t = None if self.target is None else self._targets(arrays[-1])
            self.report.rows += len(x)
            yield x, t

    def _put_numbers(self, x: Array, start: int, column: NumberColumn, array: Any) -> None:
        values = self._numbers(column.name, array)
        absent = np.isnan(values)
        if count := int(absent.sum()):
            self.report.filled[column.name] += count
            values = np.where(absent, column.mean, values)
        x[:, start] = values - column.offset
        if column.missing:
            x[:, start + 1] = absent

    def _put_categories(self, x: Array, start: int, column: CategoryColumn, array: Any) -> None:
        codes, names = self._texts(column.name, array)
        known, unknown = self._codes[column.name], len(column.categories) + column.missing
        places = np.array([known.get(name, unknown) for name in names] + [len(known)])[codes]
        if count := int((codes < 0).sum()):
            self.report.filled[column.name] += count
        there = (
            places < unknown
        )  # a missing cell's place is the last one, where training had missing cells
        x[np.flatnonzero(there), start + places[there]] = 1
        strange = ~there & (codes >= 0)
        if strange.any():
            counts = np.bincount(codes[strange], minlength=len(names))
            own = self.report.unseen.setdefault(column.name, Counter())
            for index in np.flatnonzero(counts):
                own[names[index]] += int(counts[index])

    def _numbers(self, name: str, array: Any) -> Array:
        """Give a column's cells as numbers, NaN where missing.

        Raises InputError for the first that is none.
        """
        self._check_plain(name, array)
        found = cells.as_numbers(array)
        if found.unreadable.any():
            raise InputError(unreadable(self.table.name, name, self._cell(found.unreadable, array)))
        beyond = np.abs(found.values) > cells.LARGEST
        if beyond.any():
            raise InputError(infinite(self.table.name, name, self._cell(beyond, array)))
        return found.values

    def _texts(self, name: str, array: Any) -> cells.Texts:
        self._check_plain(name, array)
        return cells.as_texts(array)

    def _check_plain(self, name: str, array: Any) -> None:
        if cells.family(array) == "other":
            raise InputError(
                "{table}: the cells of column {column} are neither numbers nor texts, but {kind}",
                table=self.table.name,
                column=name,
                kind=array.type,
            )

    def _targets(self, array: Any) -> Array:
        assert self.target is not None
        name = self.target.name
        if self.target.kind == "values":
            values = self._numbers(name, array)
            if (absent := np.isnan(values)).any():
                raise InputError(missing_target(self.table.name, name, self._cell(absent, array)))
            return values[:, None]
        codes, names = self._texts(name, array)
        if (codes < 0).any():
            raise InputError(missing_target(self.table.name, name, self._cell(codes < 0, array)))
        classes = np.array([self._classes.get(text, -1) for text in names] + [-1], np.int64)[codes]
        if (classes < 0).any():
            cell = self._cell(classes < 0, array)
            raise InputError(
                "{table}: row {row} (counted from 1 below the names), column {column}: {text} is "
                "none of the "
                "network's classes: {known}",
                table=self.table.name,
                row=cell.row,
                column=name,
                text=repr(cell.text),
                known=", ".join(self._classes),
            )
        return classes

    def _cell(self, found: Array, array: Any) -> Cell:
        index = int(found.argmax())
        return Cell(
            self.report.rows + index + 1, str(array[index].as_py()).strip(), int(found.sum())
        )


def _examples(counts: Counter[str]) -> str:
    shown = ", ".join(f"{name!r} {count:,}" for name, count in counts.most_common(_EXAMPLES))
    return shown + (", ..." if len(counts) > _EXAMPLES else "")
