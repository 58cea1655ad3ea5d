"""Which parts of the year, the week and the day a column of dates has."""

from __future__ import annotations

import numpy as np

from pellucid.core.types import Array

# The cycle of a week begins on Thursday, as 1970-01-01 was: sine and cosine fit any phase.
PERIODS = {"year": 365.2425, "week": 7.0, "day": 1.0}
"""The days of each cycle: a mean Gregorian year, a week, a day."""

_PARTS = {"year": 12, "week": 7, "day": 24}
_ENOUGH = {"year": 10, "week": 5, "day": 6}  # parts that must occur: months, weekdays, hours
_ROUNDS = 2  # of a cycle that dates must span: of a single one, season and trend look the same


class Moments:
    """The twelfths of the year, days of the week and hours of the day among dates."""

    def __init__(self) -> None:
        self._found: dict[str, set[int]] = {name: set() for name in PERIODS}
        self._days: set[int] = set()  # of the month: of monthly tables, only one

    def add(self, values: Array) -> None:
        """Add days since 1970, (n,)."""
        for name, period in PERIODS.items():
            # Once all parts are found, later blocks can add none and cost nothing.
            if len(self._found[name]) < _PARTS[name]:
                parts = np.floor(np.mod(values, period) / period * _PARTS[name])
                self._found[name] |= set(np.unique(parts.astype(int)).tolist())
        if len(self._days) < 2:
            days = np.floor(values).astype("datetime64[D]")
            ends = np.unique((days - days.astype("datetime64[M]")).astype(int))
            self._days |= set(ends.tolist())

    def cycles(self, span: float) -> tuple[str, ...]:
        """Return the cycles that dates of so many days cover: of monthly tables, no week.

        Times alone span one day and cover that.
        """
        return tuple(
            name
            for name, parts in self._found.items()
            if len(parts) >= _ENOUGH[name]
            and (span >= _ROUNDS * PERIODS[name] or span < 1)
            and not (name == "week" and len(self._days) < 2)
        )


def waves(values: Array, cycle: str) -> tuple[Array, Array]:
    """Return sine and cosine of days since 1970, (n,), in a cycle: sin(2 pi t / period)."""
    # Whole cycles are subtracted first: in a large angle the rounding of 2 pi would show.
    turns = np.mod(values, PERIODS[cycle]) * (2 * np.pi / PERIODS[cycle])
    return np.sin(turns), np.cos(turns)
