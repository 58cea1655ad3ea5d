"""Tables of text for the terminal: Hangul takes two columns a letter."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pellucid.errors import printable
from pellucid.language import cell_width, say


def number_text(value: float, digits: int = 4, sign: str = "") -> str:
    """Return a number as people write it: large ones in full with commas, not as 1.2e+06.

    `sign` is "+" where positive numbers show theirs.
    """
    full = 10**digits <= abs(value) < 1e15
    return format(value, f"{sign},.0f" if full else f"{sign},.{digits}g")


def interval_text(low: float, high: float) -> str:
    """Return an interval, rounded outward to two digits of its width.

    >>> interval_text(182_345.6, 241_234.5)
    '182,000 to 242,000'
    """
    width = high - low
    if not (0 < width < math.inf and abs(low) + abs(high) < 1e15):
        return say("{low} to {high}", low=number_text(low, 6), high=number_text(high, 6))
    places = 1 - math.floor(math.log10(width))
    unit = 10.0**-places
    ends = math.floor(low / unit) * unit, math.ceil(high / unit) * unit
    texts = [f"{end + 0.0:,.{max(places, 0)}f}" for end in ends]
    return say("{low} to {high}", low=texts[0], high=texts[1])


def table(lines: Sequence[Sequence[str]], total: bool = True) -> str:
    """Return lines of cells as aligned columns, the first to the left, the others to the right.

    A rule follows the first line; with `total`, another one precedes the last.
    """
    lines = [[printable(cell) for cell in line] for line in lines]
    sizes = [max(cell_width(cell) for cell in column) for column in zip(*lines, strict=True)]
    text = []
    for line in lines:
        gaps = [" " * (size - cell_width(cell)) for cell, size in zip(line, sizes, strict=True)]
        rest = [gap + cell for gap, cell in zip(gaps[1:], line[1:], strict=True)]
        text.append("  ".join([line[0] + gaps[0], *rest]))
    rule = "-" * (sum(sizes) + 2 * (len(sizes) - 1))
    if not total:
        return "\n".join([text[0], rule, *text[1:]])
    return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])
