"""Draw the README's chart as SVG: how many times as long as pellucid each library takes.

A table of bars: a column for each of five cells of the grid with a scale of its own from 0, a row
for each library in its fastest way. The text is text, so that the files are small and any font
serves; the same measurements give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

LIBRARIES = {
    "pellucid": "pellucid",
    "onnxruntime": "ONNX Runtime",
    "jax": "JAX",
    "torch": "PyTorch",
    "sklearn": "scikit-learn",
}


class Column(NamedTuple):
    """A cell of the grid, by its name, and its two lines of text by language."""

    cell: str
    lines: dict[str, tuple[str, str]]


COLUMNS = (
    Column(
        "predict, 64 wide, 1 rows",
        {"en": ("predict 1 row", "64 wide"), "ko": ("1행 예측", "너비 64")},
    ),
    Column(
        "predict, 1024 wide, 8 rows",
        {"en": ("predict 8 rows", "1,024 wide"), "ko": ("8행 예측", "너비 1,024")},
    ),
    *(
        Column(
            f"train, {width} wide, batch {batch}",
            {
                "en": (f"train, batch {batch}", f"{width:,} wide"),
                "ko": (f"학습, 배치 {batch}", f"너비 {width:,}"),
            },
        )
        for width, batch in ((64, 32), (256, 64), (1024, 64))
    ),
)
TITLES = {
    "en": "Time relative to pellucid, dense networks of three layers, one thread (less is better)",
    "ko": "pellucid 대비 걸린 시간, 층이 세 개인 완전 연결 신경망, 스레드 1개 (작을수록 좋음)",
}


class Theme(NamedTuple):
    """Colors of text, of quiet text, of pellucid's bars and of the others'."""

    ink: str
    quiet: str
    ours: str
    theirs: str


THEMES = {
    "light": Theme("#1f2328", "#59636e", "#d9600f", "#a9b4c0"),
    "dark": Theme("#e6e8eb", "#9aa4ae", "#f08a3c", "#55606c"),
}
WIDTH, LEFT, ACROSS, BAR, ROW, TOP = 700, 112, 118, 72, 24, 78


def write(cells: Mapping[str, dict[str, Any]], folder: Path) -> None:
    """Write the chart in both languages, light and dark, if all of its cells were measured."""
    if not all(column.cell in cells for column in COLUMNS):
        return
    found = ratios(cells)
    for language, infix in (("en", ""), ("ko", "-ko")):
        for theme, colors in THEMES.items():
            path = folder / f"benchmarks{infix}-{theme}.svg"
            path.write_text(draw(found, language, colors), encoding="utf-8")


def ratios(cells: Mapping[str, dict[str, Any]]) -> list[dict[str, float | None]]:
    """Return for each column each library's time as a multiple of pellucid's; None if not measured.

    The time is that of a library's fastest way.
    """
    found = []
    for column in COLUMNS:
        best: dict[str, float] = {}
        for way, seconds in cells[column.cell]["seconds"].items():
            name = way.partition("|")[0]
            best[name] = min(seconds, best.get(name, seconds))
        ours = best["pellucid"]
        found.append({name: best[name] / ours if name in best else None for name in LIBRARIES})
    return found


def draw(found: list[dict[str, float | None]], language: str, colors: Theme) -> str:
    """Return the chart as SVG."""
    height = TOP + ROW * len(LIBRARIES) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" font-family="system-ui, \'Segoe UI\', Roboto, '
        "'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif\" font-size=\"13\">",
        f"<title>{TITLES[language]}</title>",
        _text(0, 18, TITLES[language], colors.quiet),
    ]
    for index, name in enumerate(LIBRARIES.values()):
        bold = ' font-weight="600"' if index == 0 else ""
        parts.append(_text(0, _line(index), name, colors.ink, bold))
    for place, (column, values) in enumerate(zip(COLUMNS, found, strict=True)):
        x = LEFT + ACROSS * place
        first, second = column.lines[language]
        parts += [
            _text(x, 46, first, colors.ink, ' font-weight="600"'),
            _text(x, 63, second, colors.quiet),
        ]
        most = max((value for value in values.values() if value is not None), default=1.0)
        for index, (name, value) in enumerate(values.items()):
            y = _line(index)
            if value is None:
                parts.append(_text(x, y, "–", colors.quiet))
                continue
            width = max(BAR * value / most, 1)
            fill = colors.ours if name == "pellucid" else colors.theirs
            parts.append(
                f'<rect x="{x}" y="{y - 11}" width="{width:.1f}" height="14" fill="{fill}"/>'
            )
            parts.append(_text(round(x + width + 5, 1), y, shown(value), colors.ink))
    return "\n".join([*parts, "</svg>"]) + "\n"


def shown(ratio: float) -> str:
    """Return a ratio as text with two digits, or as a whole number from 10 on.

    >>> shown(1.0), shown(2.648), shown(9.96), shown(193.6)
    ('1', '2.6×', '10×', '194×')
    """
    return "1" if ratio == 1 else f"{ratio:.1f}×" if ratio < 9.95 else f"{ratio:.0f}×"


def _line(index: int) -> int:
    return TOP + ROW * index + 14


def _text(x: float, y: float, text: str, fill: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" fill="{fill}"{more}>{text}</text>'
