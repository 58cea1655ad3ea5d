"""The first pass over a table, of any length, that keeps little of each column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from pellucid.core import splitmix
from pellucid.core.types import Array
from pellucid.data.tables.cells import ANY, LARGEST, Cell, Cells, Form
from pellucid.data.tables.dated import Dating
from pellucid.data.tables.forms import Tally, form_of, needs_second_look
from pellucid.data.tables.moments import Moments
from pellucid.data.tables.table import Table
from pellucid.data.tables.written import BLANKS, plain

MOST_COUNTED = 10_000
"""Different texts of a column that are counted; with more it is no column of categories."""

MOST_SAMPLED = 20_000
"""Numbers of a column that are kept; a quartile of half as many is off by less than 1 % of rows."""

_STREAM = 1 << 42  # the sample's own stream of random numbers


class Spread(NamedTuple):
    """How a column's numbers are spread.

    `quantiles` are minimum, quartiles and maximum; `varied` is False for constants and for two
    neighbouring whole numbers, such as 0 and 1.
    """

    quantiles: tuple[float, ...]
    varied: bool


class Sample:
    """At most `MOST_SAMPLED` of the numbers given: all of them, or those of rows drawn at random.

    Whether a row is drawn depends on its number alone, so that blocks of any size give the same
    sample. When more than `MOST_SAMPLED` are held, the share of rows that are drawn is halved.
    """

    def __init__(self) -> None:
        self._values, self._rows = np.empty(0), np.empty(0, np.uint64)
        self._key = splitmix.key(_STREAM)
        self._halvings = 0

    def add(self, values: Array, rows: Array) -> None:
        """Add numbers, (n,), and the numbers of their rows, (n,)."""
        values, rows = self._drawn(values, rows.astype(np.uint64))
        self._values = np.concatenate([self._values, values])
        self._rows = np.concatenate([self._rows, rows])
        while len(self._values) > MOST_SAMPLED:
            self._halvings += 1
            self._values, self._rows = self._drawn(self._values, self._rows)

    def quartiles(self) -> tuple[float, float, float]:
        """Return the first quartile, the median and the third quartile; 0 for no numbers."""
        if not len(self._values):
            return 0.0, 0.0, 0.0
        low, median, high = np.quantile(self._values, (0.25, 0.5, 0.75)).tolist()
        return low, median, high

    def _drawn(self, values: Array, rows: Array) -> tuple[Array, Array]:
        if not self._halvings:
            return values, rows
        # Rows whose first bits are all 0: each further bit halves their share.
        drawn = splitmix.bits(self._key, rows) >> np.uint64(64 - self._halvings) == 0
        return values[drawn], rows[drawn]


class Survey:
    """The facts about one column.

    Attributes
    ----------
    form
        How its texts are read as numbers, and in days: numbers, or dates.
    tally
        Which forms its texts have; None once that is known.
    dashes
        How many of the missing cells are dashes, which are missing in columns of numbers only.
    moments
        Which months, weekdays and hours there are among dates.
    typed, boolean
        Whether the table has types, or all its cells are texts, as in CSV; whether the column is
        stored as truth values.
    rows, missing
        How many cells, and how many of them are missing.
    family
        "number", "text", "category" (declared so by a dataframe) or "other" (lists, ...), as the
        column is stored.
    readable, mean, squares, low, high, whole
        Of the cells with a finite number: how many, their mean, the sum of squared distances from
        it, minimum, maximum, and whether all are whole.
    sample
        Some of the numbers, or all, for their quartiles.
    unreadable, infinite, absent
        The first cell that is not a number, that is beyond float32, that is missing; None without.
    counts
        How often each text occurs, or None for more than `MOST_COUNTED` different ones.
    """

    def __init__(self, counted: bool = False, typed: bool = True, form: Form | None = None) -> None:
        self.typed, self.boolean = typed, False
        self.form, self.tally = form or ANY, None if form else Tally()
        self.dashes = 0
        self.moments = Moments()
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
    def present(self) -> int:
        """How many cells are not missing."""
        return self.rows - self.missing

    @property
    def is_date(self) -> bool:
        """Whether its numbers are dates."""
        return isinstance(self.form, Dating)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Minimum, quartiles and maximum; beyond `MOST_SAMPLED` rows the quartiles of a sample."""
        return (self.low, *self.sample.quartiles(), self.high) if self.readable else (0.0,) * 5

    @property
    def spread(self) -> Spread:
        """How the numbers are spread."""
        return Spread(self.quantiles, varied=self.high > self.low + self.whole)

    @property
    def std(self) -> float:
        """The standard deviation with missing cells imputed by the mean."""
        # Rounding must not make a constant column vary, so equal numbers have exactly 0.
        return math.sqrt(self.squares / self.rows) if self.low < self.high else 0.0

    def add(self, cells: Cells) -> None:
        """Add the next cells of the column."""
        if self.family != "other":  # a single nested cell makes a column one of no use
            self.family, self.boolean = cells.family, cells.boolean
        if cells.family == "date" and not self.is_date:
            self.form = cells.form = Dating()
        if self.family == "other":
            self.rows += len(cells.array)
            return
        values, unreadable = cells.numbers
        absent = np.isnan(values) & ~unreadable
        infinite = np.abs(values) > LARGEST
        self.unreadable = self._first(self.unreadable, unreadable, cells)
        self.infinite = self._first(self.infinite, infinite, cells)
        self.absent = self._first(self.absent, absent, None)
        self.missing += int(absent.sum())
        there = np.flatnonzero(~(infinite | np.isnan(values)))
        self._measure(there, values)
        if self.is_date:
            self.moments.add(values[there])
        if cells.family in ("text", "category") and cells.cast is None:
            self._look_at_texts(cells)
        if self.counts is not None and (self.counted or self.family != "number"):
            self._count(self.counts, cells)
        self.rows += len(cells.array)

    def _look_at_texts(self, cells: Cells) -> None:
        codes, names = cells.written
        times = np.bincount(codes[codes >= 0], minlength=len(names)).tolist()
        for name, count in zip(names, times, strict=True):
            self.dashes += count * (name in BLANKS)
            if self.tally is not None and count and plain(name) is None:
                self.tally.add(name, count)

    def _first(self, known: Cell | None, found: Array, cells: Cells | None) -> Cell | None:
        """Return the first cell in all masks so far; its text only where `cells` are given."""
        count = int(found.sum())
        if not count:
            return known
        if known is not None:
            return known._replace(times=known.times + count)
        index = int(found.argmax())
        return Cell(self.rows + index + 1, "" if cells is None else cells.text(index), count)

    def _measure(self, places: Array, values: Array) -> None:
        """Merge mean and squares (Chan, Golub and LeVeque, "Updating Formulae ...", 1979)."""
        n, values = len(places), values[places]
        if not n:
            return
        self.sample.add(values, self.rows + places)
        mean = float(values.mean())
        step = mean - self.mean
        both = self.readable + n
        between = step * step * (self.readable * n / both)
        self.squares += float(np.square(values - mean).sum()) + between
        self.mean += step * (n / both)
        self.readable = both
        self.low = min(self.low, values.min().item())
        self.high = max(self.high, values.max().item())
        if self.low == self.high:
            self.mean = self.low  # not its rounded mean
        self.whole = self.whole and bool((values == np.floor(values)).all())

    def _count(self, counts: Counter[str], cells: Cells) -> None:
        codes, names = cells.texts
        times = np.bincount(codes[codes >= 0], minlength=len(names)).tolist()
        for name, count in zip(names, times, strict=True):
            if count:
                counts[name] += count
        if len(counts) > MOST_COUNTED:
            self.counts = None


def survey(table: Table, counted: set[str], dates: Collection[str] = ()) -> dict[str, Survey]:
    """Read every row of a table and return the facts about each column.

    The different cells of columns of numbers are counted only for those in `counted`. Columns that
    turn out to be dates, or not to be written as programs write numbers, are read a second time.
    """
    found = {name: Survey(name in counted, table.typed) for name in table.columns}
    _read(table, found)
    tallies = {name: known.tally for name, known in found.items() if known.tally is not None}
    # Where "1,234" could be both, the other columns of the table decide
    comma = any(tally.commas > tally.points for tally in tallies.values())
    again = {}
    for name, tally in tallies.items():
        known = found[name]
        if known.family == "date" or (known.family == "category" and name not in dates):
            continue
        form = form_of(tally, known.present, comma, name in dates)
        if needs_second_look(form, tally):
            again[name] = Survey(name in counted, table.typed, form)
        else:
            known.form = form
    if again:
        _read(table, again)
    better = {name: known for name, known in again.items() if _reads_more(known, found[name])}
    for name, known in better.items():
        known.tally = tallies[name]
    return {**found, **better}


def _read(table: Table, found: dict[str, Survey]) -> None:
    for block in table.blocks(list(found)):
        for known, array in zip(found.values(), block, strict=True):
            known.add(Cells(array, known.form))


def _reads_more(known: Survey, before: Survey) -> bool:
    """Return whether the second look is worth it; of numbers with points it may read fewer."""
    several = before.tally is not None and len(before.tally.units) > 1
    return known.is_date or several or known.readable >= before.readable
