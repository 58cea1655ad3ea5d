"""The columns of a table: how cells become a network's inputs, and the target to predict."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from pellucid.core.preparation import Standardize, robust_spread
from pellucid.core.types import Array, Batch, DTypeLike, Options, Vector
from pellucid.data.tables import kinds
from pellucid.data.tables.choosing import choose
from pellucid.data.tables.kinds import (
    CategoryColumn,
    Column,
    EmbeddedColumn,
    Label,
    NumberColumn,
    Numeric,
    Target,
)
from pellucid.data.tables.order import order_of
from pellucid.data.tables.reading import Reading, Report, callers_level
from pellucid.data.tables.rows import Row, RowMemory, one_row
from pellucid.data.tables.survey import Spread, survey
from pellucid.data.tables.table import TableSource, read_table
from pellucid.errors import InputError, Message, TableWarning, printable
from pellucid.files.limits import NAMES
from pellucid.files.model import names_size

TASKS = ("classify", "regress")


def _names_of(target: str | Sequence[str]) -> list[str]:
    """Return names of targets, one or several, as a list; raise InputError for anything else."""
    names = [target] if isinstance(target, str) else list(target)
    if not names or not all(isinstance(name, str) for name in names):
        template = 'target must be the name of a column, or a list such as ["a", "b"]; got {got}'
        raise InputError(template, got=repr(target))
    if len(set(names)) < len(names):
        raise InputError("each target must be named once, got {names}", names=", ".join(names))
    return names


@dataclass(frozen=True, repr=False)
class Columns:
    """The columns of a table that a network uses, how each becomes numbers, and the target.

    `Columns.of(table, target=...)` makes them; a network keeps them as `net.inputs`, and
    `net.columns` returns them. A model file keeps columns, target and classes; the other attributes
    are then empty, and none of them counts when columns are compared.

    Attributes
    ----------
    columns
        A `NumberColumn`, `DateColumn`, `CategoryColumn` or `EmbeddedColumn` for each column that is
        used, in the order of the training table.
    target, further
        A `Target`: the name of the column to predict and its kind, "classes" or "values"; or None.
        Where several columns of values are predicted, `further` are the others; `targets` are all.
    classes
        The names of the classes, sorted; None for values.
    left_out
        Columns of the training table that are not used, and why.
    rows, why, counts
        How many rows the table had, why the target was taken for classes or values, and how many
        rows each class had.
    spreads
        The `Spread` of each column of numbers. Beyond 20,000 rows its quartiles are those of a
        random sample of 10,000 or more.
    notes
        Columns whose cells were read with a doubt, and which: mistakes, ambiguous dates. They are
        also a `TableWarning`.
    """

    columns: tuple[Column, ...]
    target: Target | None = None
    classes: list[str] | None = field(default=None, hash=False)
    left_out: dict[str, Message] = field(default_factory=dict, compare=False)
    rows: int = field(default=0, compare=False)
    why: Message = field(default=Message("not known"), compare=False)
    counts: dict[str, int] = field(default_factory=dict, compare=False)
    spreads: dict[str, Spread] = field(default_factory=dict, compare=False)
    further: tuple[Target, ...] = ()
    notes: dict[str, Message] = field(default_factory=dict, compare=False)

    @classmethod
    def of(
        cls,
        table: TableSource,
        target: str | Sequence[str],
        *,
        task: str | None = None,
        ignore: Sequence[str] = (),
        categories: Sequence[str] = (),
        numbers: Sequence[str] = (),
        dates: Sequence[str] = (),
    ) -> Columns:
        """Choose what the columns of a table are, in one pass over its rows.

        Parameters
        ----------
        table
            Whatever `read_table` takes.
        target
            The column to predict, or several columns of values: the network then has an output for
            each.
        task
            "classify", "regress", or None: texts are classes; so are whole numbers of two different
            values, or of up to 20 with five rows each on average; other numbers are values.
        ignore
            Columns to leave out.
        categories, numbers, dates
            Columns to take for categories, for numbers, or for dates (20240131, too), whatever
            their cells are. Dates among `numbers` are their trend alone.

        The rules for all other columns:

        - **Numbers**: columns stored as numbers, and columns of text in which nine in ten cells
          that are not missing are numbers, with thousands set apart, decimal commas and a unit
          ("$1,234.5", "12 %", "1.234,5 €"): the whole column decides. The others are mistakes: they
          count as missing and are in `notes`; in columns declared as numbers they are an error.
        - **Dates** are recognized in the same way, with or without times: days since 1970, and
          sine and cosine of year, week and day where the dates cover these. Dates that could have
          the day or the month first ("01/02/2024" all through) are in `notes`.
        - **Categories**: all other texts, compared without blanks around them. Where they are two
          truth values ("yes" and "no"), other spellings mean the same ("TRUE", "1", "예"). Up to
          100 of a column become a number each (one-hot), more the index of a learned embedding.
        - **Left out** are columns without a name, empty ones, and texts that differ in most rows or
          have more than 10,000 different values: names and identifiers, which do not generalize.

        Missing are empty cells, null, NaN, and the texts that pandas takes for missing ("NA",
        "null", ...) or "?". A missing number becomes the column's mean, and a second number marks
        it as missing, if there were such cells here; a missing category is a category of its own.

        Raises InputError that names row (counted from 1, the line of names aside) and column: for a
        cell that is not a number or infinite, a missing target, a target of one class or one value;
        for columns that do not exist, no rows, and no column to train on.

        >>> ages, cities = [31, 54, None, 18], ["Seoul", "Busan", "Seoul", "Busan"]
        >>> cells = {"age": ages, "city": cities, "y": [0, 1, 1, 0]}
        >>> columns = Columns.of(cells, target="y")
        >>> columns.names, columns.classes
        (['age', 'age missing', 'city=Busan', 'city=Seoul'], ['0', '1'])
        >>> columns.x(cells, "float64")[2].round(1).tolist(), columns.t(cells).tolist()
        ([34.3, 1.0, 0.0, 1.0], [0, 1, 1, 0])
        """
        table = read_table(table)
        if task not in (None, *TASKS):
            template = "task must be one of {known}, got {got}"
            raise InputError(template, known=", ".join(TASKS), got=repr(task))
        lists = {"ignore": ignore, "categories": categories, "numbers": numbers, "dates": dates}
        for what, names in lists.items():
            if isinstance(names, str):
                raise InputError('{what} must be a list of column names such as ["id"]', what=what)
        targets = _names_of(target)
        if absent := table.absent([*targets, *ignore, *categories, *numbers, *dates]):
            raise table.no_columns(absent)
        if ignored := set(targets) & set(ignore):
            template = "{table}: the target {column} cannot be ignored"
            raise InputError(template, table=table.name, column=min(ignored))
        found = survey(table, counted={*targets, *categories}, dates=set(dates))
        # As sets: a table may have 100,000 columns.
        declared = set(categories), set(numbers), set(dates)
        columns = cls(*choose(table.name, found, targets, task, ignore, *declared))
        columns._check_names(table.name)
        if columns.notes:
            parts = "; ".join(f"{name}: {note}" for name, note in columns.notes.items())
            warnings.warn(printable(parts), TableWarning, stacklevel=callers_level())
        return columns

    @cached_property
    def names(self) -> list[str]:
        """The name of each of the D numbers of a row: "age", "age missing", "city=Seoul"."""
        return [name for column in self.columns for name in column.names]

    @cached_property
    def _memory(self) -> RowMemory:
        return RowMemory(self)

    @cached_property
    def starts(self) -> list[int]:
        """The place of each column's first number in a row."""
        return list(accumulate((column.width for column in self.columns[:-1]), initial=0))

    @cached_property
    def width(self) -> int:
        """D, how many numbers a row becomes."""
        return sum(column.width for column in self.columns)

    @cached_property
    def sizes(self) -> Array:
        """How many indices each of the D numbers of a row has, (D,), 0 for one that is no index."""
        found = np.zeros(self.width)
        for column, start in zip(self.columns, self.starts, strict=True):
            if isinstance(column, EmbeddedColumn):
                found[start] = column.size
        return found

    @property
    def targets(self) -> tuple[Target, ...]:
        """All columns to predict: one of classes, or one or several of values."""
        return () if self.target is None else (self.target, *self.further)

    @property
    def predicts_values(self) -> bool:
        """Whether the target is a column of values, not of classes."""
        return self.target is not None and self.target.kind == "values"

    def labels(self, names: Sequence[str]) -> list[Label]:
        """Return classes by their names, as the whole numbers or truth values that they were."""
        return [name if self.target is None else self.target.label(name) for name in names]

    @property
    def outputs(self) -> int:
        """How many outputs a network has: one for each class, or for each target of values."""
        return max(len(self.targets), 1) if self.classes is None else len(self.classes)

    def standardize(self, dtype: DTypeLike = np.float32, *, robust: bool = False) -> Standardize:
        """Return the layer that scales numbers to mean 0 and standard deviation 1, and leaves 0 and
        1 of categories, and indices, unchanged.

        With `robust`, median and interquartile range (`robust_spread`) replace mean and standard
        deviation; raises InputError for columns from a model file, which has no quartiles.
        """
        mean, std = np.zeros(self.width), np.ones(self.width)
        for column, start in zip(self.columns, self.starts, strict=True):
            if not isinstance(column, CategoryColumn):
                mean[start], std[start] = column.mean, column.std
                if robust:
                    quantiles = np.array(self._spread(column).quantiles)
                    mean[start], std[start] = quantiles[2], robust_spread(quantiles)
                mean[start] -= column.offset
        return Standardize(mean.astype(dtype), std.astype(dtype))

    @property
    def varied(self) -> Array:
        """Which of the D numbers of a row take many values, (D,): no categories, no 0 and 1."""
        return np.array([flag for column in self.columns for flag in self._varied(column)], bool)

    def order(self, increasing: Sequence[str] = (), decreasing: Sequence[str] = ()) -> Vector:
        """Return 1, -1 or 0 for each of the D numbers of a row, (D,): whether it is the value of a
        column among those named increasing, among those named decreasing, or neither.

        Raises InputError for columns that are no numbers.
        """
        return order_of(self, increasing, decreasing)

    @property
    def offsets(self) -> Array:
        """What was subtracted from each of the D numbers of a row, (D,): x + offsets are cells."""
        found = np.zeros(self.width)
        found[self.starts] = [getattr(column, "offset", 0.0) for column in self.columns]
        return found

    def read(
        self,
        table: TableSource,
        *,
        targets: bool = False,
        scale: tuple[Vector, Vector] | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Reading:
        """Begin to read a table: `for x, t in columns.read(table)` yields its rows block by block.

        x is (n, D) of `dtype`; t is None or, with `targets`, class indices (n,) or values (n, K)
        float64, with `scale` (mean, std), each (K,), as (t - mean) / std, float32. The reading's
        `report` lists what was done to the columns. Raises InputError for columns that are missing,
        and, naming row and column, for cells that cannot be used.
        """
        return Reading(self, read_table(table), targets, scale, dtype)

    def x(self, table: TableSource, dtype: DTypeLike = np.float32) -> Batch:
        """Return the rows of a table as numbers, (N, D); columns are found by name, in any order,
        others are ignored.

        Numbers that are large beside their spread, such as years, are counted from a round one (see
        `offsets`). Warns (`TableWarning`) of cells of which the training table had none: categories
        unseen in training, numbers far outside its range, missing cells. A table of one row, such
        as a dict of cells, is read in microseconds after the first (`RowMemory`).
        """
        row = one_row(table)
        if row is not None and (known := self.known(row, dtype)) is not None:
            return known
        x, report = self.read_rows(table, dtype)
        report.warn()
        return x

    def known(self, row: Row, dtype: DTypeLike = np.float32) -> Batch | None:
        """Return the cells of a row as numbers, (1, D), if earlier rows had them all; else None."""
        x = self._memory.x(row)
        return None if x is None else x.astype(dtype)

    def read_rows(self, table: TableSource, dtype: DTypeLike = np.float32) -> tuple[Batch, Report]:
        """Return the rows of a table as numbers, (N, D), and the report on its cells; warn of
        nothing.
        """
        row = one_row(table)
        reading = self.read(table, dtype=dtype if row is None else np.float64)
        blocks = [x for x, _ in reading]
        x = np.concatenate(blocks) if blocks else np.empty((0, self.width), dtype)
        # Only what was in training is remembered: of anything else the next row must be told, too
        if row is not None and not reading.report.doubts():
            self._memory.add(row, x)
        return x.astype(dtype, copy=False), reading.report

    def t(self, table: TableSource) -> Array:
        """Return the targets of a table: class indices, (N,) int64, or values, (N, K) float64."""
        blocks = [t for _, t in self.read(table, targets=True) if t is not None]
        empty = np.empty((0, self.outputs)) if self.classes is None else np.empty(0, np.int64)
        return np.concatenate(blocks) if blocks else empty

    def to_dict(self) -> Options:
        """Return the form that a model file keeps, without the class names, which are the
        network's.
        """
        targets = [target.to_dict() for target in self.targets]
        return {
            "kind": "table",
            "columns": [column.to_dict() for column in self.columns],
            "target": targets if self.further else targets[0] if targets else None,
        }

    @classmethod
    def from_dict(cls, entry: Any, classes: Sequence[str] | None = None) -> Columns:
        """Return the columns that a model file describes, trusting nothing.

        Raises InputError for what does not fit.
        """
        if not isinstance(entry, dict) or set(entry) != {"kind", "columns", "target"}:
            raise kinds.malformed()
        columns, targets = kinds.columns_from(entry["columns"]), kinds.targets_from(entry["target"])
        target = targets[0] if targets else None
        if entry["kind"] != "table" or (
            target is not None and (target.kind == "classes") != (classes is not None)
        ):
            raise kinds.malformed()
        names = None if classes is None else list(classes)
        return cls(columns, target, names, further=targets[1:])

    def _check_names(self, table: str) -> None:
        """Raise InputError for more names than a model file holds: before training, not after."""
        size = names_size({"inputs": self.to_dict(), "classes": self.classes})
        if size > NAMES:
            sizes = {each.name: names_size(each.to_dict()) for each in self.columns}
            for each in self.targets:
                sizes[each.name] = names_size(each.to_dict() | {"classes": self.classes})
            raise InputError(
                "{table}: column names, categories and classes of {got:,} bytes are more than a "
                "model file holds, {most:,}: ignore column {column}, which has most of them, or "
                "shorten its cells",
                table=table,
                got=size,
                most=NAMES,
                column=repr(max(sizes, key=sizes.__getitem__)[:80]),
            )

    def _varied(self, column: Column) -> list[bool]:
        first = isinstance(column, NumberColumn) and self._spread(column).varied
        return [first, *[False] * (column.width - 1)]

    def _spread(self, column: Numeric) -> Spread:
        if column.name not in self.spreads:
            raise InputError(
                "the quartiles of column {column} are not known: use Columns.of(table, target=...)",
                column=repr(column.name),
            )
        return self.spreads[column.name]

    def __repr__(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        goal = "" if self.target is None else f" -> {names} ({self.target.kind})"
        return printable(f"<Columns: {', '.join(column.name for column in self.columns)}{goal}>")
