"""Draw the grid as SVG: a square for each width and batch, colored by pellucid's ratio.

The ratio is how many times as long as pellucid the best other takes: above 1 pellucid is faster.
Below it, small, is pellucid's share of what the machine can do at most: of its arithmetic, or in
italics of the rate at which it reads memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from chart import THEMES, Theme, _text, shown
from contest.cells import BATCHES, ROWS, WIDTHS

LEFT, TOP, WIDE, HIGH, GAP = 92, 66, 62, 40, 34
WORDS = {
    "en": {
        "title": "How many times as long as pellucid the fastest other library takes "
        "(one thread, float32)",
        "train": "train, by batch",
        "predict": "predict, by rows",
        "wide": "{} wide",
    },
    "ko": {
        "title": "가장 빠른 다른 라이브러리가 pellucid의 몇 배 걸리는지 (스레드 1개, float32)",
        "train": "학습, 배치 크기별",
        "predict": "예측, 행 수별",
        "wide": "너비 {}",
    },
}
FASTER = {"light": (31, 119, 180), "dark": (70, 150, 215)}
SLOWER = {"light": (214, 96, 40), "dark": (236, 128, 66)}


class Share(NamedTuple):
    """The share of the machine's limit that is used, and whether memory is that limit."""

    part: float
    memory: bool


def draw(
    cells: Mapping[str, dict[str, Any]], shares: Mapping[str, Share], language: str, theme: str
) -> str:
    """Return the heat maps of training and prediction, side by side, as SVG."""
    words, colors = WORDS[language], THEMES[theme]
    second = LEFT + len(BATCHES) * WIDE + GAP
    width, height = second + len(ROWS) * WIDE + 4, TOP + len(WIDTHS) * HIGH + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="system-ui, \'Segoe UI\', Roboto, '
        "'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif\" font-size=\"13\">",
        f"<title>{words['title']}</title>",
        _text(0, 16, words["title"], colors.quiet),
    ]
    for row, wide in enumerate(WIDTHS):
        parts.append(_text(0, _line(row), words["wide"].format(f"{wide:,}"), colors.ink))
    for kind, x, sizes in (("train", LEFT, BATCHES), ("predict", second, ROWS)):
        parts.append(_text(x, 40, words[kind], colors.ink, ' font-weight="600"'))
        for column, size in enumerate(sizes):
            at = x + column * WIDE
            parts.append(_centred(at, 58, f"{size:,}", colors.quiet))
            for row, wide in enumerate(WIDTHS):
                name = f"{kind}, {wide} wide, " + (
                    f"batch {size}" if kind == "train" else f"{size} rows"
                )
                ratio, y = cells.get(name, {}).get("ratio"), TOP + row * HIGH
                parts += _square(at, y, ratio, theme, colors)
                if ratio is not None and name in shares:
                    parts.append(_small(at, y, shares[name], _ink(ratio, theme, colors)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _square(x: float, y: float, ratio: float | None, theme: str, colors: Theme) -> list[str]:
    if ratio is None:
        return [_centred(x, y + 25, "–", colors.quiet)]
    r, g, b = (FASTER if ratio >= 1 else SLOWER)[theme]
    fill = f'fill="rgb({r},{g},{b})" fill-opacity="{0.12 + 0.78 * _depth(ratio):.2f}"'
    square = f'<rect x="{x + 1}" y="{y + 1}" width="{WIDE - 2}" height="{HIGH - 2}" {fill}/>'
    return [square, _centred(x, y + 18, _shown(ratio), _ink(ratio, theme, colors))]


def _small(x: float, y: float, share: Share, ink: str) -> str:
    style = ' text-anchor="middle" font-size="10"' + ' font-style="italic"' * share.memory
    return _text(x + WIDE / 2, y + 33, f"{share.part:.0%}", ink, style)


def _depth(ratio: float) -> float:
    """Return how strong the color is: full at 8 times as fast and at half as fast."""
    return min(1.0, abs(math.log2(ratio)) / (3 if ratio >= 1 else 1))


def _ink(ratio: float, theme: str, colors: Theme) -> str:
    return "#ffffff" if theme == "light" and _depth(ratio) > 0.55 else colors.ink


def _shown(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 2 else shown(ratio).rstrip("×")


def _line(row: int) -> int:
    return TOP + row * HIGH + 25


def _centred(x: float, y: float, text: str, fill: str) -> str:
    return _text(x + WIDE / 2, y, text, fill, ' text-anchor="middle"')
