"""The first look at a table.

One pass over its rows, whatever their number, that remembers little of each column.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from pellucid.core.types import Array
from pellucid.data.tables import cells
from pellucid.data.tables.sample import Sample, Spread
from pellucid.data.tables.table import Table

MOST_COUNTED = 10_000
"""Different texts of a column that are counted; a column of more is no column of categories."""


class Cell(NamedTuple):
    """A cell that cannot be used.

    Its row, counted from 1, what it says, and how many like it there are.
    """

    row: int
    text: str
    times: int


class Survey:
    """What is known of one column.

    Attributes
    ----------
    rows, missing
        How many cells, and how many of them are missing.
    family
        "number", "text", "category" (declared so by a dataframe) or "other" (lists and the like),
        as it is stored.
    readable, mean, squares, low, high, whole
        Of the cells that say a finite number: how many, their mean, the sum of squared distances
        from it, the least, the greatest, and whether all are whole.
    sample
        Some of them, or all, by which their quantiles are told.
    unreadable, infinite, absent
        The first cell that is no number, that is beyond float32, that is missing; None where there
        is none.
    counts
        How often each text occurs, or None for more than `MOST_COUNTED` different ones.
    """

    def __init__(self, counted: bool = False) -> None:
        self.counted = counted  # numbers are counted only where they may be categories
        self.rows = self.missing = self.readable = 0
        self.family = "text"
        self.mean = self.squares = 0.0
        self.low, self.high = math.inf, -math.inf
        self.whole = True
        self.sample = Sample()
        self.unreadable: Cell | None = None
        self.infinite: Cell | None = None
        self.absent: Cell | None = None
        self.counts: Counter[str] | None = Counter()

    @property
    def filled(self) -> int:
        """How many cells say something."""
        return self.rows - self.missing

    @property
    def spread(self) -> Spread:
        """How the numbers lie; the quartiles are a sample's where there are many."""
        if not self.readable:
            return Spread((0.0,) * 5, varied=False)
        quantiles = (self.low, *self.sample.quartiles(), self.high)
        return Spread(quantiles, varied=self.high > self.low + self.whole)

    @property
    def deviation(self) -> float:
        """The standard deviation when missing cells are filled by the mean.

        0 where all numbers are the same.
        """
        if (
            not self.readable or self.low == self.high
        ):  # rounding must not make a constant column vary
            return 0.0
        return math.sqrt(self.squares / self.rows)

    def add(self, array: Any) -> None:
        """Look at the next cells of the column."""
        self.family = cells.family(array)
        n = len(array)
        if self.family == "other":
            self.rows += n
            return
        numbers = cells.as_numbers(array)
        values = numbers.values
        absent = np.isnan(values) & ~numbers.unreadable
        infinite = np.abs(values) > cells.LARGEST
        self.unreadable = self._cell(self.unreadable, numbers.unreadable, array)
        self.infinite = self._cell(self.infinite, infinite, array)
        self.absent = self._cell(self.absent, absent, array)
        self.missing += int(absent.sum())
        self._measure(np.flatnonzero(~(infinite | np.isnan(values))), values)
        if self.counts is not None and (self.counted or self.family != "number"):
            self._count(array)
        self.rows += n

    def _cell(self, known: Cell | None, found: Array, array: Any) -> Cell | None:
        count = int(found.sum())
        if not count:
            return known
        if known is not None:
            return known._replace(times=known.times + count)
        index = int(found.argmax())
        return Cell(self.rows + index + 1, str(array[index].as_py()).strip(), count)

    def _measure(self, places: Array, values: Array) -> None:
        """Merge mean and spread (Chan, Golub and LeVeque, "Updating Formulae ...", 1979)."""
        n, values = len(places), values[places]
        if not n:
            return
        self.sample.add(values, self.rows + places)
        mean = float(values.mean())
        step = mean - self.mean
        both = self.readable + n
        self.squares += float(np.square(values - mean).sum()) + step * step * (
            self.readable * n / both
        )
        self.mean += step * (n / both)
        self.readable = both
        self.low, self.high = (
            min(self.low, float(values.min())),
            max(self.high, float(values.max())),
        )
        if self.low == self.high:
            self.mean = self.low
        self.whole = self.whole and bool((values == np.floor(values)).all())

    def _count(self, array: Any) -> None:
        assert self.counts is not None
        codes, names = cells.as_texts(array)
        for name, count in zip(
            names, np.bincount(codes[codes >= 0], minlength=len(names)).tolist(), strict=True
        ):
            if count:
                self.counts[name] += count
        if len(self.counts) > MOST_COUNTED:
            self.counts = None


def survey(table: Table, counted: set[str]) -> dict[str, Survey]:
    """Look at every row of a table once.

    Count the different cells of numeric columns in `counted` too.
    """
    found = {name: Survey(name in counted) for name in table.columns}
    for block in table.blocks():
        for known, array in zip(found.values(), block, strict=True):
            known.add(array)
    return found
