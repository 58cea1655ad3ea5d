"""Draw the README's chart as SVG: how many times as long as pellucid each library takes.

A table of bars: a column for each task with a scale of its own from 0, a row for each library.
Every library, pellucid too, has its fastest way and its better number of threads. The text is text,
so that the files are small and any font serves; the same measurements give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

LIBRARIES = {
    "pellucid": "pellucid",
    "onnxruntime": "ONNX Runtime",
    "jax": "JAX",
    "torch": "PyTorch",
    "sklearn": "scikit-learn",
}
SMALL, MIDDLE, WIDE = "784-16-16-10", "784-128-64-10", "784-800-10"


class Task(NamedTuple):
    """A column: section and cases of the measurements, and its two lines of text by language."""

    section: str
    cases: tuple[str, ...]
    lines: dict[str, tuple[str, str]]


TASKS = (
    Task(
        "predictions", ("one row, digits",), {"en": ("predict", "1 row"), "ko": ("예측", "한 행")}
    ),
    Task(
        "predictions",
        ("10,000 rows, digits", "10,000 rows, digits as bytes"),
        {"en": ("predict", "10,000 rows"), "ko": ("예측", "10,000행")},
    ),
    *(
        Task("epochs", (f"{layers}, sgd",), {"en": ("train", layers), "ko": ("학습", layers)})
        for layers in (SMALL, MIDDLE, WIDE)
    ),
)
TITLES = {
    "en": "Time to predict and to train an epoch of MNIST, relative to pellucid (less is better)",
    "ko": "예측하고 MNIST를 한 에포크 학습하는 시간, pellucid 대비 (작을수록 좋음)",
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
WIDTH, LEFT, COLUMN, BAR, ROW, TOP = 700, 112, 118, 72, 24, 78


def write(document: dict[str, Any], folder: Path) -> None:
    """Write the chart in both languages, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    found = ratios(document)
    for language, infix in (("en", ""), ("ko", "-ko")):
        for theme, colors in THEMES.items():
            path = folder / f"benchmarks{infix}-{theme}.svg"
            path.write_text(draw(found, language, colors), encoding="utf-8")


def ratios(document: dict[str, Any]) -> list[dict[str, float | None]]:
    """Return for each task each library's time as a multiple of pellucid's; None if not measured.

    The time is the median of the fastest way and number of threads. Training "with accuracy" does
    more, so it does not count.
    """
    found = []
    for task in TASKS:
        best: dict[str, float] = {}
        for result in document[task.section]:
            if result["case"] in task.cases and result["way"] != "with accuracy":
                name, seconds = result["contender"], result["median"]
                best[name] = min(seconds, best.get(name, seconds))
        ours = best.get("pellucid")
        found.append(
            {name: best[name] / ours if ours and name in best else None for name in LIBRARIES}
        )
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
    for column, (task, values) in enumerate(zip(TASKS, found, strict=True)):
        x = LEFT + COLUMN * column
        first, second = task.lines[language]
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
