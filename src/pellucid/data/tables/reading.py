"""Reading a table with known columns: blocks of numbers, and a report on its cells."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pellucid.core.types import Array, Batch, DTypeLike, Options, Vector
from pellucid.data.tables import booleans
from pellucid.data.tables.cells import (
    INFINITE,
    LARGEST,
    NO_TARGET,
    NOT_A_DATE,
    NOT_A_NUMBER,
    OTHER_UNIT,
    Block,
    Cell,
    Cells,
)
from pellucid.data.tables.dated import iso
from pellucid.data.tables.kinds import (
    CategoryColumn,
    DateColumn,
    EmbeddedColumn,
    NumberColumn,
    Numeric,
    Target,
)
from pellucid.data.tables.moments import waves
from pellucid.data.tables.table import Table
from pellucid.data.tables.written import parse
from pellucid.errors import InputError, Message, TableWarning
from pellucid.language import mark, translate

if TYPE_CHECKING:
    from pellucid.data.tables.columns import Columns

_EXAMPLES = 3  # of unseen categories that a report names
_REORDERED = mark("columns are in another order than in training: matched by name")
_IGNORED = mark("ignored columns: {names}")
IMPUTED = mark("imputed missing cells: {count:,} ({parts})")
UNSEEN = mark("cells of categories unseen in training: {count:,} ({parts})")
_OUTSIDE = mark("cells far outside the range of training, in brackets: {count:,} ({parts})")
_RESPELLED = mark("truth values of another spelling than in training: {count:,} ({parts})")
UNREADABLE = mark("cells that are no numbers or dates, imputed: {count:,} ({parts})")
_ABSENT = mark("missing cells in columns that had none in training: {count:,} ({parts})")


class Outside(NamedTuple):
    """The cells of one column that are outside its numbers in training.

    How many they are, their least and greatest number, and those of the training table.
    """

    cells: int
    least: float
    greatest: float
    low: float
    high: float
    dates: bool = False

    def __str__(self) -> str:
        form = iso if self.dates else "{:.6g}".format
        least, greatest, low, high = map(form, self[1:5])
        return f"{self.cells:,}: {least}..{greatest} [{low}..{high}]"

    def to_dict(self) -> Options:
        """Return it as JSON can hold it; dates as ISO texts."""
        ends = [iso(days) if self.dates else days for days in self[1:5]]
        return {"cells": self.cells, **dict(zip(self._fields[1:5], ends, strict=True))}


class Report:
    """What was done to the columns of a table as it was read.

    Attributes
    ----------
    rows
        How many rows were read.
    ignored
        Columns that the network does not know, the target aside.
    reordered
        Whether the columns are in another order than in training.
    imputed
        How many missing cells of each column were imputed; columns without any are not listed.
    unseen
        How often each category that the network does not know occurred, by column.
    respelled
        How often truth values of another spelling than in training, capitals aside, occurred, by
        column.
    outside
        The `Outside` of each column with numbers that are beyond those of training by more than a
        tenth of their range, or with dates before or after those of training.
    unreadable
        How often each text that is no number or date occurred and was imputed, by column; only in
        columns in which training had such texts, too. Elsewhere such a text is an error.
    """

    def __init__(self, columns: Columns, table: Table) -> None:
        used = [column.name for column in columns.columns]
        inputs = set(used)
        known = inputs | {target.name for target in columns.targets}
        self.rows = 0
        self.ignored = [name for name in table.columns if name not in known]
        self.reordered = [name for name in table.columns if name in inputs] != used
        self.imputed: Counter[str] = Counter()
        self.unseen: dict[str, Counter[str]] = {}
        self.respelled: dict[str, Counter[str]] = {}
        self.outside: dict[str, Outside] = {}
        self.unreadable: dict[str, Counter[str]] = {}
        self._complete = {column.name for column in columns.columns if not column.missing}

    def add_outside(self, column: Numeric, values: Array) -> None:
        """Count the numbers of a column, (n,) or NaN, that are outside its limits."""
        low, high = column.limits
        found = values[(values < low) | (values > high)]
        if not len(found):
            return
        least, greatest = found.min().item(), found.max().item()
        dates = isinstance(column, DateColumn)
        new = Outside(0, least, greatest, column.low, column.high, dates)
        before = self.outside.get(column.name, new)
        self.outside[column.name] = before._replace(
            cells=before.cells + len(found),
            least=min(before.least, least),
            greatest=max(before.greatest, greatest),
        )

    def to_dict(self) -> Options:
        """Return the report as plain lists and numbers."""
        unseen, respelled, unreadable = (
            {name: dict(counts.most_common()) for name, counts in each.items()}
            for each in (self.unseen, self.respelled, self.unreadable)
        )
        return {
            "rows": self.rows,
            "ignored": self.ignored,
            "reordered": self.reordered,
            "imputed": dict(self.imputed),
            "unseen": unseen,
            "respelled": respelled,
            "unreadable": unreadable,
            "outside": {name: found.to_dict() for name, found in self.outside.items()},
        }

    def lines(self) -> list[str]:
        """Return the report in sentences, none where everything was as in training."""
        sentences = [
            (self.reordered, Message(_REORDERED)),
            (self.ignored, Message(_IGNORED, names=", ".join(self.ignored))),
            (self.imputed, counted(IMPUTED, self.imputed)),
            (self.respelled, _texts(_RESPELLED, self.respelled)),
            *self._strange(),
        ]
        return [translate(sentence) for applies, sentence in sentences if applies]

    def doubts(self) -> list[str]:
        """Return sentences on cells of which the training table had none, in English."""
        absent = {name: n for name, n in self.imputed.items() if name in self._complete}
        sentences = [*self._strange(), (absent, counted(_ABSENT, absent))]
        return [str(sentence) for applies, sentence in sentences if applies]

    def warn(self) -> None:
        """Warn of cells of which the training table had none, by a `TableWarning`."""
        if found := "; ".join(self.doubts()):
            warnings.warn(found, TableWarning, stacklevel=callers_level())

    def _strange(self) -> list[tuple[object, Message]]:
        """Return the sentences on strange cells, each with whether it applies."""
        outside = ", ".join(f"{name} {found}" for name, found in self.outside.items())
        beyond = sum(found.cells for found in self.outside.values())
        return [
            (self.unseen, _texts(UNSEEN, self.unseen)),
            (self.unreadable, _texts(UNREADABLE, self.unreadable)),
            (self.outside, Message(_OUTSIDE, count=beyond, parts=outside)),
        ]


class _Codes:
    """Names by number, and numbers by name; of truth values by any spelling of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._codes = {name: code for code, name in enumerate(names)}
        self._spellings = booleans.spellings(names)
        # Training took "Yes" and "yes" for one category: capitals are no other spelling.
        self._others = self._spellings.keys() - {name.casefold() for name in names}

    def get(self, name: str, otherwise: int) -> int:
        code = self._codes.get(name)
        return self._spellings.get(name.casefold(), otherwise) if code is None else code

    def respelled(self, name: str) -> bool:
        return name.casefold() in self._others


class Reading:
    """One pass over a table that yields (x, t) block by block.

    `report` is complete when the pass has ended. Raises InputError for columns that are missing.
    """

    def __init__(
        self,
        columns: Columns,
        table: Table,
        targets: bool,
        scale: tuple[Vector, Vector] | None,
        dtype: DTypeLike,
    ) -> None:
        if targets and columns.target is None:
            raise InputError("these columns have no target")
        self.columns, self.table, self.dtype = columns, table, np.dtype(dtype)
        self.targets, self.scale = columns.targets if targets else (), scale
        goals = [target.name for target in self.targets]
        self.names = [*(column.name for column in columns.columns), *goals]
        if absent := table.absent(self.names):
            raise table.no_columns(absent)
        self.report = Report(columns, table)
        self._codes = {
            column.name: _Codes(column.categories)
            for column in columns.columns
            if isinstance(column, CategoryColumn)
        }
        self._classes = _Codes(columns.classes or ())

    def __iter__(self) -> Iterator[tuple[Batch, Array | None]]:
        columns = self.columns
        for arrays in self.table.blocks(self.names):
            x = np.zeros((len(arrays[0]), columns.width), self.dtype)
            for column, start, array in zip(columns.columns, columns.starts, arrays, strict=False):
                cells = self._checked(column.name, Cells(array, column.form))
                if isinstance(column, CategoryColumn):
                    self._put_categories(x, start, column, cells)
                else:
                    self._put_numbers(x, start, column, cells)
            t = self._targets(arrays[len(columns.columns) :]) if self.targets else None
            self.report.rows += len(x)
            yield x, t

    def _put_numbers(self, x: Batch, start: int, column: Numeric, cells: Cells) -> None:
        values = self._numbers(column, cells)
        self.report.add_outside(column, values)
        absent = np.isnan(values)
        if count := int(absent.sum()):
            self.report.imputed[column.name] += count
            values = np.where(absent, column.mean, values)
        x[:, start] = values - column.offset
        if column.missing:
            x[:, start + 1] = absent
        if isinstance(column, DateColumn):
            first = start + 1 + column.missing
            for place, cycle in enumerate(column.cycles):
                both = np.stack(waves(values, cycle), axis=1)
                x[:, first + 2 * place : first + 2 * place + 2] = np.where(absent[:, None], 0, both)

    def _put_categories(self, x: Batch, start: int, column: CategoryColumn, cells: Cells) -> None:
        codes, names = cells.texts
        known = self._codes[column.name]
        # The last entry is that of code -1: a missing cell is one more category behind the others,
        # where training had missing cells.
        missing = len(known.names) if column.missing else -1
        places = np.array([known.get(name, -1) for name in names] + [missing])[codes]
        self._count(self.report.respelled, column.name, cells, map(known.respelled, names))
        if count := int((codes < 0).sum()):
            self.report.imputed[column.name] += count
        if isinstance(column, EmbeddedColumn):
            x[:, start] = places + 1
        else:
            there = places >= 0
            x[np.flatnonzero(there), start + places[there]] = 1
        strange = (known.get(name, -1) < 0 for name in names)
        self._count(self.report.unseen, column.name, cells, strange)

    def _count(
        self, found: dict[str, Counter[str]], column: str, cells: Cells, flags: Iterable[bool]
    ) -> None:
        """Count the texts that are flagged, by column."""
        wanted = [code for code, flag in enumerate(flags) if flag]
        if not wanted:
            return
        codes, names = cells.written
        counts = np.bincount(codes[codes >= 0], minlength=len(names)).tolist()
        for code in wanted:
            if counts[code]:  # names of missing cells have no code
                found.setdefault(column, Counter())[names[code]] += counts[code]

    def _numbers(self, column: Numeric | Target, cells: Cells) -> Array:
        """Return a column's cells as numbers, NaN where missing."""
        name, (values, unreadable) = column.name, cells.numbers
        if unreadable.any():
            values, unreadable = self._mended(column, cells)
        if unreadable.any():
            self._refuse(name, cells, unreadable, self._problem(column, cells, unreadable))
        self._refuse(name, cells, np.abs(values) > LARGEST, INFINITE)
        return values

    def _mended(self, column: Numeric | Target, cells: Cells) -> tuple[Array, Array]:
        """Return numbers and which are unreadable: truth values of a column of 0 and 1 become
        numbers, and texts are missing where training had some, too.
        """
        (values, unreadable), (codes, names) = cells.numbers, cells.written
        known = np.append([cells.form.read(text) is not None for text in names], True)
        if isinstance(column, NumberColumn) and (column.low, column.high) == (0, 1):
            meant = [
                None if read else booleans.meaning(t) for t, read in zip(names, known, strict=False)
            ]
            flags = [value is not None for value in meant]
            self._count(self.report.respelled, column.name, cells, flags)
            known |= np.append(flags, True)
            numbers = np.append([float(value or 0) for value in meant], 0)
            values = np.where(np.append(flags, False)[codes], numbers[codes], values)
            unreadable = unreadable & ~known[codes]
        if not isinstance(column, Target) and column.mistakes:
            self._count(self.report.unreadable, column.name, cells, ~known[:-1])
            unreadable = np.zeros_like(unreadable)
        return values, unreadable

    def _problem(self, column: Numeric | Target, cells: Cells, unreadable: Array) -> Message:
        """Return what is wrong with the first unreadable cell."""
        if isinstance(column, DateColumn):
            return NOT_A_DATE
        text = cells.text(int(unreadable.argmax()))
        if parse(text, column.decimal) is not None:
            return Message(OTHER_UNIT, unit=column.unit or Message("none"))
        return NOT_A_NUMBER

    def _targets(self, arrays: Block) -> Array:
        """Return class indices, (n,), or the values of each target, (n, K)."""
        pairs = [(each, Cells(a, each.form)) for each, a in zip(self.targets, arrays, strict=True)]
        if self.targets[0].kind == "classes":
            return self._class_indices(self.targets[0].name, pairs[0][1])
        t = np.stack([self._values(target, cells) for target, cells in pairs], axis=1)
        return t if self.scale is None else ((t - self.scale[0]) / self.scale[1]).astype(np.float32)

    def _values(self, target: Target, cells: Cells) -> Vector:
        values = self._numbers(target, self._checked(target.name, cells))
        self._refuse(target.name, cells, np.isnan(values), NO_TARGET)
        return values

    def _class_indices(self, name: str, cells: Cells) -> Array:
        self._checked(name, cells)
        codes, names = cells.texts
        self._refuse(name, cells, codes < 0, NO_TARGET)
        classes = np.array([self._classes.get(text, -1) for text in names] + [-1], np.int64)[codes]
        self._count(self.report.respelled, name, cells, map(self._classes.respelled, names))
        known = ", ".join(self._classes.names)
        problem = Message("{text} is not one of the network's classes: {known}", known=known)
        self._refuse(name, cells, classes < 0, problem)
        return classes

    def _checked(self, name: str, cells: Cells) -> Cells:
        if cells.family == "other":
            template = (
                "{table}: the cells of column {column} are neither numbers nor texts, but {kind}"
            )
            raise InputError(template, table=self.table.name, column=name, kind=cells.array.type)
        return cells

    def _refuse(self, name: str, cells: Cells, found: Array, problem: Message) -> None:
        """Raise InputError for the first cell in a mask (n,), if any."""
        if found.any():
            index = int(found.argmax())
            cell = Cell(self.report.rows + index + 1, cells.text(index), int(found.sum()))
            raise cell.error(self.table.name, name, problem)


def counted(template: str, counts: Mapping[str, int]) -> Message:
    """Return a sentence of the cells that were counted in each column."""
    parts = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return Message(template, count=sum(counts.values()), parts=parts)


def _texts(template: str, found: Mapping[str, Counter[str]]) -> Message:
    parts = "; ".join(f"{name}: {_examples(counts)}" for name, counts in found.items())
    return Message(template, count=sum(counts.total() for counts in found.values()), parts=parts)


def callers_level() -> int:
    """Return the stack level of the first line outside this package, for `warnings.warn`."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("pellucid."):
        frame, level = frame.f_back, level + 1
    return level


def _examples(counts: Counter[str]) -> str:
    shown = ", ".join(f"{name!r} {count:,}" for name, count in counts.most_common(_EXAMPLES))
    return shown + (", ..." if len(counts) > _EXAMPLES else "")
