"""Dates and times as people write them, as days since 1970."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

import numpy as np

DAY = 86_400_000_000
"""Microseconds of a day."""

ORDERS = ("ymd", "dmy", "mdy")

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.년]\s*(\d{1,2})\s*[-/.월]\s*(\d{1,2})\s*[.일]?")
# Years have four digits: which part of 01/02/03 is the year cannot be known.
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})")
_MONTH = re.compile(r"((?:19|20)\d\d)\s*(?:[-/]|년)\s*(\d{1,2})\s*월?")  # "2024.01" is a number
_DAY_NAMED = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*\.?[- ,]+(\d{4})")
_NAMED_DAY = re.compile(r"([A-Za-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_TIME = re.compile(
    r"(오전|오후)?\s*(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?"
    r"\s*(Z|UTC|[-+]\d\d(?::?\d\d)?)?"
)
_HOUR = re.compile(r"\d\d")  # after a date: Arrow reads it
_APART = re.compile(r"T|\s+|$")


class Dating(NamedTuple):
    """How the dates of a column are written.

    `order` is "dmy" or "mdy" for 31/01/2024 or 01/31/2024, "ymd" where the year is first or the
    months have names; `compact` for a column that is declared, where 20240131 is a date.
    """

    order: str = "ymd"
    compact: bool = False

    def read(self, text: str) -> float | None:
        """Return the days since 1970 in a text, of a time alone its share of a day; else None."""
        return moments(text, self.compact)[self.order == "mdy"]


def iso(days: float) -> str:
    """Return days since 1970 as an ISO text: a date, or a date and a time.

    >>> iso(19753), iso(19753.5)
    ('2024-01-31', '2024-01-31T12:00:00')
    """
    # Around today, days in float64 are 0.3 microseconds apart: rounding restores the time.
    text = str(np.datetime64(round(days * DAY), "us"))
    return text.removesuffix("T00:00:00.000000").removesuffix(".000000")


def moments(text: str, compact: bool = False) -> tuple[float | None, float | None]:
    """Return the days since 1970 in a text, read with the day before the month and after.

    With an offset from UTC, the time is that of UTC; without one it is as it is written.

    >>> moments("2024-01-31 12:00"), moments("01/02/1970"), moments("31.01.1970")
    ((19753.5, 19753.5), (31.0, 1.0), (30.0, None))
    """
    time = _TIME.fullmatch(text)
    if time is not None:
        share = _microseconds(time)
        return (None, None) if share is None else (share / DAY, share / DAY)
    found = _found(text, compact)
    if found is None:
        return None, None
    (year, first, second, swapped), end = found
    rest = text[end:].lstrip("T \t,") if _APART.match(text, end) else text[end:]
    time = _TIME.fullmatch(f"{rest}:00" if _HOUR.fullmatch(rest) else rest) if rest else None
    share = 0 if not rest else None if time is None else _microseconds(time)
    if share is None:
        return None, None
    day_first = _days(year, second, first, share)
    return day_first, _days(year, first, second, share) if swapped else day_first


def _found(text: str, compact: bool) -> tuple[tuple[int, int, int, bool], int] | None:
    """Return year, the two other numbers (day, month) and whether they may be swapped; its end."""
    if match := _YEAR_FIRST.match(text):
        year, month, day = map(int, match.groups())
        return (year, day, month, False), match.end()
    if match := _YEAR_LAST.match(text):
        first, second, year = map(int, match.groups())
        return (year, first, second, True), match.end()
    for pattern, places in ((_DAY_NAMED, (2, 1, 3)), (_NAMED_DAY, (1, 2, 3))):
        match = pattern.match(text)
        if match and match[places[0]].lower() in _MONTHS:
            month = _MONTHS.index(match[places[0]].lower()) + 1
            return (int(match[3]), int(match[places[1]]), month, False), match.end()
    if match := _MONTH.fullmatch(text):
        return (int(match[1]), 1, int(match[2]), False), match.end()
    # Any number of eight digits looks like this: only where the column is declared as dates.
    if compact and (match := _COMPACT.match(text)):
        year, month, day = map(int, match.groups())
        return (year, day, month, False), match.end()
    return None


def _days(year: int, month: int, day: int, microseconds: int) -> float | None:
    try:
        days = date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:  # no such day
        return None
    return (days * DAY + microseconds) / DAY


def _microseconds(time: re.Match[str]) -> int | None:
    """Return the microseconds since midnight, less the offset from UTC; None for no such time."""
    early, hour, minute, second, fraction, half, zone = time.groups()
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if half or early:
        if not 1 <= hours <= 12:
            return None
        # 12 am is midnight, and 12 pm noon.
        hours = hours % 12 + 12 * (early == "오후" or (half or "").lower() == "pm")
    # A leap second (:60) has no place in a day of 86,400 seconds.
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    shift = 0
    if zone and zone[0] in "+-":
        minutes_east = int(zone[-2:]) if len(zone) > 3 else 0
        shift = (1 if zone[0] == "+" else -1) * (60 * int(zone[1:3]) + minutes_east)
    # Nanoseconds are cut off: a float64 of days has no room for them.
    micro = int((fraction or "0").ljust(6, "0")[:6])
    return ((60 * hours + minutes - shift) * 60 + seconds) * 1_000_000 + micro
