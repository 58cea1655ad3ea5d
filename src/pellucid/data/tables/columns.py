"""Columns.

How the cells of a table become the numbers that a network takes, and the targets that it learns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core.preparation import Standardize, robust_spread
from pellucid.core.types import Array, Options
from pellucid.data.tables import kinds
from pellucid.data.tables.kinds import Column, NumberColumn, Target
from pellucid.errors import FileError, InputError, Message

if TYPE_CHECKING:
    from pellucid.data.tables.reading import Reading
    from pellucid.data.tables.sample import Spread

TASKS = ("classify", "regress")


class Columns:
    """What a network knows of a table: its columns, how each becomes numbers, and the column to
    predict.

    `Columns.of(table, target=...)` finds it all out; a network keeps it as `net.inputs`, and
    `net.columns` gives it again.

    Attributes
    ----------
    columns
        A `NumberColumn` or `CategoryColumn` for each column that is used, in the order of the
        training table.
    target
        A `Target`: the name of the column to predict and its kind, "classes" or "values"; or None.
    classes
        The names of the classes, sorted; None for values.
    names
        What each of the D numbers of a row is: "age", "age missing", "city=Seoul".
    left_out
        Columns of the training table that are not used, and why. (Not kept in the model file.)
    rows, why, counts
        How many rows were looked at, why the target was taken for classes or values, and how many
        rows each class has. (Not kept either.)
    spreads
        How each column of numbers lies, a `Spread`. Beyond 20,000 rows its quartiles are those of a
        fair sample of some 10,000 or more. (Not kept either.)
    """

    def __init__(
        self,
        columns: Sequence[Column],
        target: Target | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.target = target
        self.classes = None if classes is None else list(classes)
        self.left_out: dict[str, Message] = {}
        self.rows = 0
        self.why = Message("")
        self.counts: dict[str, int] = {}
        self.spreads: dict[str, Spread] = {}

    @classmethod
    def of(
        cls,
        table: Any,
        target: str,
        *,
        task: str | None = None,
        ignore: Sequence[str] = (),
        categories: Sequence[str] = (),
        numbers: Sequence[str] = (),
    ) -> Columns:
        """Find out what the columns of a table are, in one pass over its rows.

        Parameters
        ----------
        table
            Whatever `read_table` takes.
        target
            The column to predict.
        task
            "classify", "regress", or None: texts are classes; so are whole numbers of two different
            values, or of up to 20 with five rows each on average; other numbers are values.
        ignore
            Columns to leave out.
        categories, numbers
            Columns that are to be taken for categories, or for numbers, whatever they look like.

        Other columns are told apart so:

        - **Numbers**: columns stored as numbers, and columns of text in which nine in ten filled
          cells are numbers; the others are then mistakes, and an error. Truth values, dates and
          categorical columns of dataframes are texts.
        - **Categories**: all other texts, compared without blanks around them. The 100 most
          frequent of a column are told apart, the others are as unseen ones.
        - **Left out** are columns without a name, empty ones, and texts that are different in most
          rows or have more than 10,000 different values: names and identifiers, from which nothing
          general can be learned.

        Missing are empty cells, null, NaN, and the texts that pandas takes for missing ("NA",
        "null", ...) or "?". A missing number becomes the column's mean, and a second number says
        that it was missing, if there were such cells here; a missing category is a category of its
        own.

        Raises InputError that names row (counted from 1, the line of names aside) and column: for a
        cell that is no number or infinite, a missing target, a target of one class or one value;
        for columns that are not there, no rows, and no column to learn from.

        >>> cells = {"age": [31, 54, None, 18], "city": ["Seoul", "Busan", "Seoul", "Busan"], "y": [0, 1, 1, 0]}
        >>> columns = Columns.of(cells, target="y")
        >>> columns.names, columns.classes
        (['age', 'age missing', 'city=Busan', 'city=Seoul'], ['0', '1'])
        >>> columns.x(cells, "float64")[2].round(1).tolist(), columns.t(cells).tolist()
        ([34.3, 1.0, 0.0, 1.0], [0, 1, 1, 0])
        """
        from pellucid.data.tables.choosing import choose
        from pellucid.data.tables.survey import survey
        from pellucid.data.tables.table import read_table

        table = read_table(table)
        if task not in (None, *TASKS):
            raise InputError(
                "task is one of {known}, not {got}", known=", ".join(TASKS), got=repr(task)
            )
        named = {"ignore": ignore, "categories": categories, "numbers": numbers}
        for what, names in named.items():
            if isinstance(names, str):
                raise InputError('{what} is a list of column names, such as ["id"]', what=what)
        _check_there(table, [target, *ignore, *categories, *numbers])
        if target in ignore:
            raise InputError(
                "{table}: the target {column} cannot be ignored", table=table.name, column=target
            )
        found = survey(table, counted={target, *categories})
        choice = choose(
            table.name, found, target, task, list(ignore), list(categories), list(numbers)
        )
        columns = cls(choice.columns, choice.target, choice.classes)
        columns.left_out, columns.rows, columns.why = (
            choice.left_out,
            found[target].rows,
            choice.why,
        )
        columns.counts = dict(found[target].counts or {}) if choice.classes else {}
        columns.spreads = {
            c.name: found[c.name].spread for c in columns.columns if isinstance(c, NumberColumn)
        }
        return columns

    @property
    def names(self) -> list[str]:
        """What to call each of the D numbers that a row becomes."""
        return [name for column in self.columns for name in column.names]

    @property
    def width(self) -> int:
        """D, how many numbers a row becomes."""
        return sum(_width(column) for column in self.columns)

    @property
    def outputs(self) -> int:
        """How many outputs a network for the target has: one for each class, or one for a value."""
        return 1 if self.classes is None else len(self.classes)

    def standardize(self, dtype: Any = np.float32, *, robust: bool = False) -> Standardize:
        """Give the layer that brings numbers to mean 0 and deviation 1, and leaves what is 0 or 1
        as it is.

        With `robust`, median and distance of the quartiles (`robust_spread`) stand in for mean and
        deviation; raises InputError for columns that did not come from `of`, since no file keeps
        their quartiles.
        """
        mean, deviation = np.zeros(self.width), np.ones(self.width)
        for column, start in zip(self.columns, self.starts(), strict=True):
            if isinstance(column, NumberColumn):
                mean[start], deviation[start] = column.mean, column.deviation
                if robust:
                    quantiles = np.array(self._spread(column).quantiles)
                    mean[start], deviation[start] = quantiles[2], robust_spread(quantiles)
                mean[start] -= column.offset
        return Standardize(mean.astype(dtype), deviation.astype(dtype))

    @property
    def varied(self) -> Array:
        """Which of the D numbers of a row take many values, (D,).

        No categories, no marks, no zeros and ones.
        """
        found = np.zeros(self.width, bool)
        for column, start in zip(self.columns, self.starts(), strict=True):
            found[start] = isinstance(column, NumberColumn) and self._spread(column).varied
        return found

    @property
    def offsets(self) -> Array:
        """What was taken away from each of the D numbers of a row, (D,).

        X + offsets are the cells again.
        """
        found = np.zeros(self.width)
        for column, start in zip(self.columns, self.starts(), strict=True):
            found[start] = column.offset if isinstance(column, NumberColumn) else 0.0
        return found

    def starts(self) -> list[int]:
        """Give for each column the place of its first number in a row."""
        widths = [_width(column) for column in self.columns]
        return [sum(widths[:index]) for index in range(len(widths))]

    def read(self, table: Any, *, targets: bool = False, dtype: Any = np.float32) -> Reading:
        """Begin to read a table: `for x, t in columns.read(table)` gives its rows block by block.

        x is (n, D) of `dtype`, t is None or, with `targets`, class indices (n,) or values (n, 1)
        float64. What was done to the columns stands in the reading's `report`. Raises InputError
        for columns that are not there, and, naming row and column, for cells that cannot be used.
        """
        from pellucid.data.tables.reading import Reading
        from pellucid.data.tables.table import read_table

        table = read_table(table)
        target = [self.target.name] if targets and self.target is not None else []
        if targets and not target:
            raise InputError("these columns have no target")
        _check_there(table, [*(column.name for column in self.columns), *target])
        return Reading(self, table, targets, np.dtype(dtype))

    def x(self, table: Any, dtype: Any = np.float32) -> Array:
        """Give the rows of a table as numbers, (N, D); columns are found by name, in any order,
        others are ignored.

        A number that is large beside its spread, such as a year, is counted from a round one (see
        `offsets`).
        """
        blocks = [x for x, _ in self.read(table, dtype=dtype)]
        return np.concatenate(blocks) if blocks else np.empty((0, self.width), dtype)

    def t(self, table: Any) -> Array:
        """Give the targets of a table.

        Class indices, (N,) int64, or values in their own units, (N, 1) float64.
        """
        blocks = [t for _, t in self.read(table, targets=True) if t is not None]
        empty = np.empty((0, 1)) if self.classes is None else np.empty(0, np.int64)
        return np.concatenate(blocks) if blocks else empty

    def to_dict(self) -> Options:
        """Give what a model file keeps as `inputs`; JSON can hold it.

        (The class names are the network's.)
        """
        return {
            "kind": "table",
            "columns": [kinds.column_to_dict(column) for column in self.columns],
            "target": None if self.target is None else kinds.target_to_dict(self.target),
        }

    @classmethod
    def from_dict(cls, inputs: Any, classes: Sequence[str] | None = None) -> Columns:
        """Make columns from a network's `inputs`, which trusts nothing.

        Raises InputError for what does not fit.
        """
        if (
            not isinstance(inputs, dict)
            or set(inputs) != {"kind", "columns", "target"}
            or inputs["kind"] != "table"
        ):
            raise InputError("its description of the table's columns is malformed")
        columns, target = kinds.columns_of(inputs["columns"]), kinds.target_of(inputs["target"])
        if target is not None and (target.kind == "classes") != (classes is not None):
            raise InputError("its description of the table's columns is malformed")
        return cls(columns, target, classes)

    def _spread(self, column: NumberColumn) -> Spread:
        if column.name not in self.spreads:
            raise InputError(
                "the quartiles of column {column} are not known: they come from Columns.of(table, "
                "target=...)",
                column=repr(column.name),
            )
        return self.spreads[column.name]

    def __repr__(self) -> str:
        goal = "" if self.target is None else f" -> {self.target.name} ({self.target.kind})"
        return f"<Columns: {', '.join(column.name for column in self.columns)}{goal}>"


def check_inputs(path: Any, inputs: Any, classes: Sequence[str] | None, D: int | None) -> None:
    """Raise FileError for a model file whose inputs are no columns, or become another number of
    inputs than D.
    """
    try:
        width = Columns.from_dict(inputs, classes).width
        if D not in (None, width):
            raise InputError(
                "its columns become {width} numbers a row, and its layers take {D}",
                width=width,
                D=D,
            )
    except InputError as error:
        raise FileError(
            "{path}: no usable model file: {reason}; get the file again, or train anew",
            path=path,
            reason=error,
        ) from error


def _width(column: Column) -> int:
    return int(column.missing) + (1 if isinstance(column, NumberColumn) else len(column.categories))


def _check_there(table: Any, names: Sequence[str]) -> None:
    absent = [name for name in dict.fromkeys(names) if name not in table.columns]
    if absent:
        raise InputError(
            "{table}: there is no column {names}; its columns are {known}",
            table=table.name,
            names=", ".join(map(repr, absent)),
            known=", ".join(table.columns),
        )
