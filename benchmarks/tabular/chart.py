"""Draw the ratings as SVG: a line for each contender, its rating, its interval, and its time."""

from __future__ import annotations

from pathlib import Path

from chart import THEMES, Theme

from tabular.page import OURS, Measurements
from tabular.ranking import Rating

TEXTS = {
    "en": ("Elo from log-loss and RMSE, 95 % (more is better)", "time", "tables"),
    "ko": ("로그 손실과 RMSE로 매긴 Elo, 95 % (클수록 좋음)", "시간", "표"),
}
WIDTH, LEFT, RIGHT, ROW, TOP = 700, 170, 560, 26, 60
TIME, COUNT = 620, 690
FONT = (
    "system-ui, 'Segoe UI', Roboto, 'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', "
    "sans-serif"
)


def write(found: Measurements, folder: Path) -> None:
    """Write the chart in both languages, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    ratings = found.ratings()
    times = {name: f"{found.times(name):.2g}×" for name in ratings}
    counts = {name: found.tables(name) for name in ratings}
    for language, infix in (("en", ""), ("ko", "-ko")):
        for theme, colors in THEMES.items():
            path = folder / f"tables{infix}-{theme}.svg"
            path.write_text(draw(ratings, times, counts, language, colors), encoding="utf-8")


def draw(
    ratings: dict[str, Rating],
    times: dict[str, str],
    counts: dict[str, int],
    language: str,
    colors: Theme,
) -> str:
    """Return the chart as SVG."""
    title, time, tables = TEXTS[language]
    height = TOP + ROW * len(ratings) + 8
    low = min(each.low for each in ratings.values())
    scale = (RIGHT - LEFT) / max(max(each.high for each in ratings.values()) - low, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" font-family="{FONT}" font-size="13">',
        f"<title>{title}</title>",
        _text(0, 18, title, colors.quiet),
        _text(TIME, 42, time, colors.quiet, "end"),
        _text(COUNT, 42, tables, colors.quiet, "end"),
    ]
    for index, (name, rating) in enumerate(ratings.items()):
        y = TOP + ROW * index + 8
        ours = name in OURS
        color = colors.ours if ours else colors.theirs
        start, end, at = (LEFT + scale * (x - low) for x in (rating.low, rating.high, rating.elo))
        parts += [
            _text(0, y + 4, name, colors.ink, weight=600 if ours else 400),
            f'<path d="M{start:.1f} {y}H{end:.1f}" stroke="{color}" stroke-width="2"/>',
            f'<circle cx="{at:.1f}" cy="{y}" r="5" fill="{color}"/>',
            _text(round(at, 1), y - 8, f"{rating.elo:.0f}", colors.quiet, "middle", size=10),
            _text(TIME, y + 4, times[name], colors.ink, "end"),
            _text(COUNT, y + 4, str(counts[name]), colors.ink, "end"),
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(
    x: float,
    y: float,
    text: str,
    fill: str,
    anchor: str = "start",
    weight: int = 400,
    size: int = 13,
) -> str:
    own = f'text-anchor="{anchor}" font-weight="{weight}" font-size="{size}"'
    return f'<text x="{x}" y="{y}" fill="{fill}" {own}>{text}</text>'
