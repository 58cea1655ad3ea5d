"""Images and bars in the terminal.

Signed values have two colours, or characters where there are no colours.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence

import numpy as np

from pellucid.cli import output
from pellucid.core.types import Array, ArrayLike
from pellucid.display.text_table import number_text
from pellucid.errors import printable
from pellucid.language import cell_width
from pellucid.lens.image_sheets import terminal_image

# On dark, as digits are drawn: the colours of the dark plots, which colour-blind people can tell
# apart.
NEUTRAL, NEGATIVE, POSITIVE = (21, 24, 29), (255, 154, 87), (98, 172, 255)
# The same among 256 colours, from nothing to full, by hand: the nearest of those are greys, which
# have no sign.
NEGATIVES, POSITIVES = (234, 52, 94, 130, 166, 172, 208, 215), (234, 17, 18, 24, 25, 31, 74, 75)
SIGNS = "=- +#"  # strongly and weakly negative, nothing, weakly and strongly positive
WEAK, STRONG = 0.1, 0.4  # shares of the scale's end from which on these characters are used
WIDEST_SHEET = 160  # columns of a sheet of images at most: longer lines are hard to compare
_ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def scale_end(values: ArrayLike) -> float:
    """Return the end of a scale for signed values: 99 % of those that are not 0 are within.

    A few weights at the rim of an image are far larger than all others, which would look empty.
    """
    size = np.abs(np.asarray(values, np.float64)).ravel()
    size = size[size > 0]
    return float(np.quantile(size, 0.99)) if size.size else 1.0


def signed_image(values: Array, end: float, shown: int | None = None) -> list[str]:
    """Return values (H, W) as lines of W columns, two rows each: blue above 0, orange below.

    `shown` is the number of colours (None: the terminal's). Without colours, `SIGNS` show the mean
    of both rows.
    """
    shown = output.colours() if shown is None else shown
    share = np.clip(shrunk(np.asarray(values, np.float64), output.columns()) / end, -1, 1)
    # Two rows share a line: an odd last one gets an empty partner
    if len(share) % 2:
        share = np.concatenate([share, share[:1] * 0])
    if not shown or not output.shows_blocks():
        means = (share[::2] + share[1::2]) / 2
        places = 2 + np.sign(means).astype(int) * (
            (np.abs(means) >= WEAK).astype(int) + (np.abs(means) >= STRONG)
        )
        return ["".join(SIGNS[place] for place in line) for line in places.tolist()]
    if shown > 256:
        ends = np.where(share[..., None] < 0, NEGATIVE, POSITIVE)
        levels = (
            (np.array(NEUTRAL) + (ends - NEUTRAL) * np.abs(share)[..., None]).round().astype(int)
        )
        codes = [[f"2;{r};{g};{b}" for r, g, b in line] for line in levels.tolist()]
    else:
        codes = [[_code_of_256(value) for value in line] for line in share.tolist()]
    # The upper half block: its colour is the upper row, its background the lower
    pairs = zip(codes[::2], codes[1::2], strict=True)
    return [
        "".join(f"\x1b[38;{a};48;{b}m▀" for a, b in zip(*pair, strict=True)) + "\x1b[0m"
        for pair in pairs
    ]


def shrunk(values: Array, room: int) -> Array:
    """Return an image (H, W) at most `room` wide: itself, or the means of its k x k squares."""
    # Whole squares: a fraction of a pixel would blur the edges of strokes
    k = -(-values.shape[1] // room)
    if k <= 1:
        return values
    filled = np.pad(
        values.astype(np.float64), [(0, -side % k) for side in values.shape], mode="edge"
    )
    means = filled.reshape(filled.shape[0] // k, k, -1, k).mean(axis=(1, 3))
    return means.round().astype(values.dtype) if values.dtype.kind == "u" else means


def grey_image(levels: Array) -> list[str]:
    """Return an image of grey levels, (H, W) uint8, as lines, shrunk to the terminal's width."""
    return terminal_image(shrunk(levels, output.columns()), output.colours(), output.shows_blocks())


def cropped_image(levels: Array) -> list[str]:
    """Return an image of grey levels, (H, W) uint8, as lines, cropped to the terminal's width."""
    return terminal_image(levels[:, : output.columns()], output.colours(), output.shows_blocks())


def image_width(shape: tuple[int, ...]) -> int:
    """Return how many columns an image of this shape takes."""
    return -(-shape[1] // -(-shape[1] // output.columns()))


def show_legend(end: float, positive: str, negative: str) -> None:
    """Write, below an image, what its colours or characters mean."""
    if output.colours() and output.shows_blocks():
        template = "blue: {positive}, orange: {negative}; full colour at {end:.3g}"
    else:
        template = "# and +: {positive}, = and -: {negative}; # and = from {strong:.3g} on"
    output.echo()
    output.emit(template, positive=positive, negative=negative, end=end, strong=STRONG * end)


def sheet_width() -> int:
    """Return how many columns a sheet of images may take, in wide terminals up to 160."""
    if not sys.stdout.isatty():
        return output.columns()
    return min(max(shutil.get_terminal_size((output.WIDEST, 24)).columns, 20), WIDEST_SHEET)


def sheet(
    blocks: Sequence[Sequence[str]], captions: Sequence[str], width: int, room: int
) -> list[str]:
    """Return blocks of lines, `width` columns each, side by side below their captions."""
    across = max(1, (room + 2) // (width + 2))
    lines: list[str] = []
    for start in range(0, len(blocks), across):
        heads = [padded(cut(text, width), width) for text in captions[start : start + across]]
        lines += ["  ".join(heads).rstrip()] if any(captions) else []
        lines += [
            "  ".join(parts).rstrip() for parts in zip(*blocks[start : start + across], strict=True)
        ]
        lines.append("")
    return lines[:-1]


def beside(left: Sequence[str], right: Sequence[str], width: int) -> list[str]:
    """Return text beside an image of `width` columns, in the middle of its height."""
    start = max(0, (len(left) - len(right)) // 2)
    count = max(len(left), start + len(right))
    lefts = [*left, *[""] * (count - len(left))]
    rights = [*[""] * start, *right, *[""] * (count - start - len(right))]
    return [f"{padded(a, width)}  {b}".rstrip() for a, b in zip(lefts, rights, strict=True)]


def signed_bars(names: Sequence[str], values: Sequence[float], room: int) -> list[str]:
    """Return a line for each value: its name, itself, and a bar to the right or left of 0."""
    if not len(values):
        return []
    # Names may take half of the line, so that bars stay comparable
    widest = max(8, room // 2 - 8)
    names = [cut(name, widest) for name in names]
    numbers = [number_text(value, sign="+") for value in values]
    first, second = max(map(cell_width, names)), max(map(len, numbers))
    half = max(2, min(20, (room - first - second - 5) // 2))
    end = max(abs(value) for value in values) or 1.0
    # Without blocks the sign itself is repeated, as a pipe has no colours either
    block = "█" if output.shows_blocks() else ""
    lines = []
    for name, number, value in zip(names, numbers, values, strict=True):
        length = round(half * abs(value) / end)
        below, above = (length, 0) if value < 0 else (0, length)
        left = " " * (half - below) + coloured((block or "-") * below, NEGATIVE)
        right = coloured((block or "+") * above, POSITIVE)
        lines.append(f"{padded(name, first)}  {number:>{second}}  {left}|{right}".rstrip())
    return lines


def bars(names: Sequence[str], values: Sequence[float], room: int, form: str = ".4f") -> list[str]:
    """Return a line for each value of 0 or more: its name, itself, and a bar."""
    names = [cut(name, max(8, room // 2 - 8)) for name in names]
    numbers = [f"{value:{form}}" for value in values]
    first, second = max(map(cell_width, names)), max(map(len, numbers))
    longest, end = max(2, min(40, room - first - second - 4)), max(values) or 1.0
    block = "█" if output.shows_blocks() else "#"
    return [
        f"{padded(name, first)}  {number:>{second}}  "
        f"{block * round(longest * max(value, 0) / end)}".rstrip()
        for name, number, value in zip(names, numbers, values, strict=True)
    ]


def coloured(text: str, colour: tuple[int, int, int]) -> str:
    """Return text in a colour, where there are colours."""
    if not text or not output.colours():
        return text
    code = (
        "2;{};{};{}".format(*colour)
        if output.colours() > 256
        else f"5;{(NEGATIVES if colour == NEGATIVE else POSITIVES)[-1]}"
    )
    return f"\x1b[38;{code}m{text}\x1b[0m"


def show(text: str) -> None:
    """Write a text of tables and sentences: sentences are wrapped, lines of tables are kept."""
    # Two spaces or a rule belong to a table, whose lines must not be wrapped
    output.echo_lines(
        line if "  " in line.strip() or set(line) == {"-"} else output.paragraph(line)
        for line in text.splitlines()
    )


def padded(text: str, width: int) -> str:
    """Return text with spaces up to a width; colours take no room."""
    return text + " " * (width - cell_width(_ESCAPE.sub("", text)))


def cut(text: str, width: int) -> str:
    """Return as much of a text as fits, with "..." for the rest."""
    text = printable(text)
    if cell_width(text) <= width:
        return text
    kept = ""
    # By character: a Hangul syllable takes two columns and cannot be cut
    for character in text:
        if cell_width(kept + character) > width - 3:
            break
        kept += character
    return kept + "..."


def _code_of_256(share: float) -> str:
    """Return the code of the shade for a value from -1 to 1."""
    ramp = NEGATIVES if share < 0 else POSITIVES
    return f"5;{ramp[min(int(abs(share) * len(ramp)), len(ramp) - 1)]}"
