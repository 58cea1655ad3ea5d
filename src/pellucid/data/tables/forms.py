"""In which form a column is written: its decimal sign and unit, or the order of its dates."""

from __future__ import annotations

import re
from collections import Counter

from pellucid.data.tables.cells import ANY, Form
from pellucid.data.tables.dated import Dating, moments
from pellucid.data.tables.written import Writing, parse

# A quick first test: most texts are no dates, and `moments` tries one pattern after another.
_DATE = re.compile(r"\d{1,4}\s*[-/년:]|\d{1,4}\.\s?\d+\.|[\d\s]*[A-Za-z]{3}|오[전후]", re.ASCII)

SHARE = 0.9  # of a column's cells that must have a form for the others to be mistakes


class Tally:
    """How many cells of a column fit each form.

    Only texts that are no plain numbers are counted; `points` and `commas` are those that are
    numbers with that sign before decimals, `dates` those that are dates with the day before the
    month ("dmy") and after it ("mdy"). `swapped` are the dates to which that makes a difference,
    `slashes` those of them with slashes.
    """

    def __init__(self) -> None:
        self.points = self.commas = 0
        self.units: Counter[str] = Counter()
        # Both keys from the start: `is_dates` takes the maximum, which an empty Counter lacks.
        self.dates: Counter[str] = Counter(dmy=0, mdy=0)
        self.swapped = self.slashes = 0

    def add(self, text: str, times: int) -> None:
        """Count a text that occurs so many times."""
        if _DATE.match(text) and self._add_date(text, times):
            return
        point = parse(text, ".")
        # Without either sign both readings are the same, and parsing is slow.
        comma = parse(text, ",") if "," in text or "." in text else point
        self.points += times * (point is not None)
        self.commas += times * (comma is not None)
        if unit := (point or comma or (0, ""))[1]:
            self.units[unit] += times

    def _add_date(self, text: str, times: int) -> bool:
        day_first, month_first = moments(text)
        self.dates["dmy"] += times * (day_first is not None)
        self.dates["mdy"] += times * (month_first is not None)
        if day_first != month_first:
            self.swapped += times
            self.slashes += times * ("/" in text)
        return day_first is not None or month_first is not None

    @property
    def ambiguous(self) -> bool:
        """Whether dates could be read with the day before the month or after it."""
        return self.dates["dmy"] == self.dates["mdy"] and self.swapped > 0

    def dating(self, compact: bool = False) -> Dating:
        """Return the order of days and months that more cells fit.

        Where all fit both, slashes are American: the month comes first.
        """
        day_first = self.dates["dmy"] > self.dates["mdy"]
        return Dating("dmy" if day_first or not self.slashes else "mdy", compact)

    def is_dates(self, present: int) -> bool:
        """Return whether nine in ten of the present cells are dates."""
        return present > 0 and max(self.dates.values()) >= SHARE * present

    def writing(self, comma: bool = False) -> Writing:
        """Return the decimal sign and the unit that more cells fit.

        Where all fit both ("1,234"), the comma is that of thousands, unless `comma`.
        """
        more = self.commas > self.points or (comma and self.commas == self.points > 0)
        unit = max(self.units, key=self.units.__getitem__, default="")
        return Writing("," if more else ".", unit)


def form_of(tally: Tally, present: int, comma: bool = False, declared: bool = False) -> Form:
    """Return the form of a column with so many present cells; `declared` ones are dates."""
    if declared:
        return tally.dating(compact=True)
    return tally.dating() if tally.is_dates(present) else tally.writing(comma)


def needs_second_look(form: Form, tally: Tally) -> bool:
    """Return whether numbers read by `ANY` differ from those by this form."""
    # `ANY` takes every unit, while the form of a column with several refuses all but one.
    return isinstance(form, Dating) or form.decimal != ANY.decimal or len(tally.units) > 1
