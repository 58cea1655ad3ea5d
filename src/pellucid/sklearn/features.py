"""The features that the steps of a pipeline make of a table: each is a function of one cell.

Scalers, imputers and encoders look at one column at a time, so a feature is known by its column and
by what it makes of a number, of each text, and of a missing cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import Message

# An object of its own, since a fill may be any value that a cell can have.
NOT_FILLED = object()
"""The `fill` of a cell whose missing values no imputer has filled yet."""


class Unfit(Exception):
    """A step or a column that no layer can hold; `reason` says why."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


class Cell(NamedTuple):
    """A cell as it is in the table, or `fill` where it is missing."""

    column: int
    fill: Any = NOT_FILLED


@dataclass(frozen=True)
class Number:
    """(v - mean) / std of a cell's number v, and of the number `fill` where the cell is missing.

    A `fill` of None means that missing cells are not allowed, or not yet filled.
    """

    column: int
    mean: float = 0.0
    std: float = 1.0
    fill: float | None = None

    def scaled(self, mean: float, std: float) -> Number:
        """Return (this - mean) / std."""
        # ((v - m) / s - mean) / std = (v - (m + mean s)) / (s std)
        return replace(self, mean=self.mean + mean * self.std, std=self.std * std)

    def filled(self, value: float) -> Number:
        """Return this feature with a value where it is missing so far."""
        # An imputer behind a scaler fills in scaled values; `fill` is in the cell's unit.
        return self if self.fill is not None else replace(self, fill=value * self.std + self.mean)


@dataclass(frozen=True)
class Bent:
    """A piecewise linear function of a cell's number: `heights` at `knots`, both (n,), ascending,
    constant beyond them.

    Where the cell is missing it is that of the number `fill`, or else `missing`; NaN means that
    missing cells are not allowed, or not yet filled.
    """

    column: int
    knots: Array
    heights: Array
    fill: float | None = None
    missing: float = math.nan

    def height(self, v: float | None) -> float:
        """Return the function of a number, of None what missing cells are."""
        return self.missing if v is None else float(np.interp(v, self.knots, self.heights))

    def scaled(self, mean: float, std: float) -> Bent:
        """Return (this - mean) / std."""
        # The knots are in the cell's unit and stay as they are.
        missing = (self.missing - mean) / std
        return replace(self, heights=(self.heights - mean) / std, missing=missing)

    def filled(self, value: float) -> Bent:
        """Return this feature with a value where it is missing so far."""
        # A fill from before the bend comes first: behind it no cell is missing any more.
        return replace(self, missing=value) if math.isnan(self.height(self.fill)) else self


@dataclass(frozen=True)
class Lookup:
    """A value for each text of a cell, `otherwise` for other cells, `missing` for missing ones.

    A `missing` of NaN means that missing cells are not allowed, or not yet filled. Without `values`
    it is a feature of any column: whether the cell is missing.
    """

    column: int
    values: Mapping[str, float] = field(default_factory=dict)
    otherwise: float = 0.0
    missing: float = math.nan

    def mapped(self, function: Callable[[Array], Array]) -> Lookup:
        """Return a function, (n,) to (n,), of this feature."""
        # One call for all values, since the function may be a whole fitted step.
        changed = function(np.array([*self.values.values(), self.otherwise, self.missing])).tolist()
        values = dict(zip(self.values, changed, strict=False))
        return replace(self, values=values, otherwise=changed[-2], missing=changed[-1])

    def scaled(self, mean: float, std: float) -> Lookup:
        """Return (this - mean) / std."""
        return self.mapped(lambda values: (values - mean) / std)

    def filled(self, value: float) -> Lookup:
        """Return this feature with a value where it is missing so far."""
        return replace(self, missing=value) if math.isnan(self.missing) else self


Feature: TypeAlias = Number | Bent | Lookup


class Cells:
    """The columns at the pipeline's beginning, and what its steps take each for.

    `names` are those of the dataframe that the pipeline was fitted on, None if that was an array.
    `texts` has all known texts of each column of categories, `numbers` are the columns of numbers,
    and `ranges` their least and greatest number in training where a step knows them. `missing` are
    the columns in which a step expects missing cells.
    """

    def __init__(self, count: int, names: list[str] | None) -> None:
        self.count, self.names = count, names
        self.numbers: set[int] = set()
        # A dict as an ordered set: the order of the texts is that of their places in a row.
        self.texts: dict[int, dict[str, None]] = {}
        self.ranges: dict[int, tuple[float, float]] = {}
        self.missing: set[int] = set()

    def name(self, column: int) -> str:
        """Return what errors call a column."""
        return str(column) if self.names is None else repr(self.names[column])

    def numeric(self, feature: Cell | Feature) -> Feature:
        """Return a cell as a number; any other feature is one."""
        if not isinstance(feature, Cell):
            return feature
        self.numbers.add(feature.column)
        self._check(feature.column)
        if feature.fill is NOT_FILLED:
            return Number(feature.column)
        try:
            return Number(feature.column, fill=float(feature.fill))
        except (TypeError, ValueError):
            raise self.unfit(
                feature.column,
                Message("its missing cells become {fill}, no number", fill=repr(feature.fill)),
            ) from None

    def categorical(self, cell: Cell, texts: list[str]) -> None:
        """Note the texts of a column of categories."""
        self.texts.setdefault(cell.column, {}).update(dict.fromkeys(texts))
        self._check(cell.column)
        self._check_names(cell.column)

    def expect_missing(self, column: int) -> None:
        """Note that a step expects missing cells in a column."""
        self.missing.add(column)
        self._check_names(column)

    def _check_names(self, column: int) -> None:
        if self.names is None:
            template = (
                "a network reads categories and missing cells from columns with names: fit the "
                "pipeline on a dataframe"
            )
            raise self.unfit(column, Message(template))

    def unfit(self, column: int, reason: Message) -> Unfit:
        """Return the error of one column."""
        return Unfit(Message("column {column}: {reason}", column=self.name(column), reason=reason))

    def _check(self, column: int) -> None:
        if column in self.texts and column in self.numbers:
            raise self.unfit(
                column, Message("one step takes it for numbers, and another for categories")
            )
