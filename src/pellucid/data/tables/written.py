"""Numbers as people write them: "1,234.5", "$12.30", "12.5 %", "₩1,000", "3,5", "(12.5)"."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

BLANKS = frozenset(["-", "--", "\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}"])
"""Texts that mean a missing number: the dashes of printed tables."""

# Stricter than float(), which also takes "1_000" and the digits of other scripts.
_PLAIN = re.compile(
    r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)", re.IGNORECASE | re.ASCII
)
_MINUS = "[-\N{MINUS SIGN}\N{EN DASH}]"
_SIGNS = "$¢£¤¥֏؋৲৳৻૱௹฿₠-\N{BITCOIN SIGN}﷼﹩＄￠￡￥￦"  # currencies
_CODES = "USD|EUR|GBP|JPY|KRW|CNY|CHF|CAD|AUD|INR|SEK|NOK|DKK|PLN|BRL|MXN|SGD|HKD|TWD"
# Letters before a currency sign: US$, CA$.
_UNIT = rf"[A-Z]{{0,3}}[{_SIGNS}]|{_CODES}|원|円|元|%|\N{{FULLWIDTH PERCENT SIGN}}"
_SPACE = "[ '’\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]"
# Spellings of one unit, which a column may mix.
_SAME = {"원": "₩", "￦": "₩", "KRW": "₩", "EUR": "€", "GBP": "£", "￥": "¥", "％": "%"}


class Writing(NamedTuple):
    """How the numbers of a column are written.

    The sign before decimals, "." or ",", and the unit ("$", "%"): "" for none, None for any.
    """

    decimal: str = "."
    unit: str | None = None

    def read(self, text: str) -> float | None:
        """Return the number in a text, NaN for a dash; None for no number or another unit.

        A cell without a unit is one of any column: programs write none.
        """
        if text in BLANKS:
            return math.nan
        # With a decimal comma, the point of "1.234" is that of thousands.
        if self.decimal == "." or "." not in text:
            value = plain(text)
            if value is not None:
                return value
        found = parse(text, self.decimal)
        if found is None or (self.unit is not None and found[1] not in ("", self.unit)):
            return None
        return found[0]


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    # A group of thousands follows one to three digits, the first of which is not 0
    whole = "|".join(rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+" for mark in (thousands, _SPACE))
    number = rf"(?:{whole}|\d+)(?:{decimal}\d*)?|{decimal}\d+"
    return re.compile(
        rf"(?P<open>\()?\s*(?P<sign>{_MINUS}|\+)?\s*(?P<before>{_UNIT})?\s*(?P<open2>\()?"
        rf"(?P<sign2>{_MINUS}|\+)?\s*(?P<number>{number})(?P<power>[eE][-+]?\d+)?\s*"
        rf"(?P<close2>\))?\s*(?P<after>{_UNIT})?\s*(?P<close>\))?",
        re.ASCII,
    )


_PATTERNS = {".": _pattern(r"\.", ","), ",": _pattern(",", r"\.")}


def plain(text: str) -> float | None:
    """Return the number in a text that programs wrote, infinity too, or None."""
    return float(text) if _PLAIN.fullmatch(text) else None


def parse(text: str, decimal: str = ".") -> tuple[float, str] | None:
    """Return the number in a text and its unit, "" for none; None for what is no number.

    Thousands are set apart by the other one of point and comma, by blanks or by apostrophes. A
    number in parentheses is negative, and a percentage is the number before its sign.

    >>> [parse(text) for text in ("1,234.5", "$12.30", "12.5 %", "(1,000원)", "1,2", "abc")]
    [(1234.5, ''), (12.3, '$'), (12.5, '%'), (-1000.0, '₩'), None, None]
    >>> parse("1.234,5", ",")
    (1234.5, '')
    """
    found = _PATTERNS[decimal].fullmatch(text)
    if found is None:
        return None
    signs = [sign for sign in found.group("sign", "sign2") if sign]
    units = [unit for unit in found.group("before", "after") if unit]
    opened, closed = (
        sum(part is not None for part in found.group(*names))
        for names in (("open", "open2"), ("close", "close2"))
    )
    # Nothing is negative twice or has two units, and a parenthesis is closed
    if opened != closed or opened + len(signs) > 1 or len(units) > 1:
        return None
    digits = re.sub(rf"{_SPACE}|{',' if decimal == '.' else '[.]'}", "", found["number"])
    value = float(digits.replace(",", ".") + (found["power"] or ""))
    unit = _SAME.get(units[0], units[0]) if units else ""
    return (-value if opened or signs not in ([], ["+"]) else value), unit
