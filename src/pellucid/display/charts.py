"""Curves and strips of values as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from pellucid.display.blocks import FIRST, NEGATIVE, POSITIVE, SECOND, TEXT, Markup, escaped

_WIDTH, _HEIGHT = 330, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 320, 34, 164
_FAINT = 'stroke="currentColor" stroke-opacity'
_DASHES = ("", ' stroke-dasharray="6 3"')


def curves(
    title: str,
    below: str,
    steps: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    percent: bool,
) -> Markup:
    """Return a plot of up to two named lines over steps, which are named `below`.

    Values that are not finite leave a gap.
    """
    finite = [value for _, values in lines for value in values if math.isfinite(value)]
    low, high, unit = _ticks(min(finite, default=0.0), max(finite, default=1.0))
    span = max(steps[-1] - steps[0], 1)

    def across(step: float) -> float:
        share = 0.5 if len(steps) == 1 else (step - steps[0]) / span
        return _LEFT + share * (_RIGHT - _LEFT)

    def down(value: float) -> float:
        return _BOTTOM - (value - low) / (high - low) * (_BOTTOM - _TOP)

    parts = [f'<text x="{_LEFT}" y="16" font-weight="600">{escaped(title)}</text>']
    for n in range(math.ceil(low / unit - 1e-9), math.floor(high / unit + 1e-9) + 1):
        y, text = down(n * unit), f"{n * unit:.4g}" if not percent else f"{n * unit * 100:.4g}%"
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_RIGHT}" {_FAINT}=".18"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    shown = sorted({steps[0], steps[len(steps) // 2], steps[-1]})
    ends = 'text-anchor="middle"'
    parts += [f'<text x="{across(s):.1f}" y="{_BOTTOM + 16}" {ends}>{s:g}</text>' for s in shown]
    middle = (_LEFT + _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_BOTTOM + 32}" {ends}>{escaped(below)}</text>')
    for n, (name, values) in enumerate(lines[:2]):
        pairs = zip(steps, values, strict=True)
        points = [(across(s), down(v)) if math.isfinite(v) else None for s, v in pairs]
        parts.append(_line(points, (FIRST, SECOND)[n], _DASHES[n]))
        if len(lines) > 1:
            parts.append(_legend(n, name))
    return _svg(_WIDTH, _HEIGHT, escaped(title), "".join(parts))


def strip(values: Sequence[float], largest: float, label: str) -> Markup:
    """Return numbers as a row of cells: one color above 0, one below, stronger the larger."""
    side = 14
    cells, size = [], f'width="{side - 2}" height="{side - 2}"'
    for n, value in enumerate(values):
        share = min(abs(value) / largest, 1) if largest > 0 and math.isfinite(value) else 0.0
        colour = POSITIVE if value >= 0 else NEGATIVE
        fill = f'fill="rgb{colour}" fill-opacity="{share:.2f}" {_FAINT}=".35"'
        cells.append(f'<rect x="{n * side + 1}" y="1" {size} {fill}>')
        cells.append(f"<title>{n}: {value:.4g}</title></rect>")
    return _svg(len(values) * side, side, escaped(label), "".join(cells).replace(", ", ","))


def picture(rows: Sequence[Sequence[float]], largest: float, label: str) -> Markup:
    """Return gray levels from 0 to `largest` as an image, bright on black as networks see it."""
    side, cells = 4, []
    largest = largest if largest > 0 else math.inf
    for y, row in enumerate(rows):
        levels = [round(15 * min(max(value / largest, 0), 1)) for value in row]
        x = 0
        for level, run in groupby(levels):  # neighbours of one brightness are one rectangle
            wide = len(list(run)) * side
            if level:
                look = f'width="{wide}" height="{side}" fill="#{level * 0x111:03x}"'
                cells.append(f'<rect x="{x}" y="{y * side}" {look}/>')
            x += wide
    width, height = len(rows[0]) * side, len(rows) * side
    ground = f'<rect width="{width}" height="{height}" fill="#000"/>'
    edge = f'width="{width - 1}" height="{height - 1}" fill="none" {_FAINT}=".5"'
    frame = f'<rect x=".5" y=".5" {edge}/>'
    return _svg(width, height, escaped(label), ground + "".join(cells) + frame)


def _line(points: Sequence[tuple[float, float] | None], colour: str, dashes: str) -> str:
    path, drawing = [], False
    for point in points:
        if point is not None:
            path.append(f"{'L' if drawing else 'M'}{point[0]:.1f} {point[1]:.1f}")
        drawing = point is not None
    look = f'fill="none" stroke="{colour}" stroke-width="2"{dashes}'
    whole = f'<path d="{"".join(path)}" {look}/>' if path else ""
    held = [point for point in points if point is not None]
    dots = held if len(held) <= 25 else held[-1:]
    dot = f'r="2.5" fill="{colour}"'
    return whole + "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" {dot}/>' for x, y in dots)


def _legend(n: int, name: str) -> str:
    x = _RIGHT - 180 + 95 * n
    line = f'<path d="M{x} 12h18" stroke="{(FIRST, SECOND)[n]}" stroke-width="2"{_DASHES[n]}/>'
    return f'{line}<text x="{x + 22}" y="16">{escaped(name)}</text>'


def _ticks(low: float, high: float) -> tuple[float, float, float]:
    """Return the ends of an axis, a little beyond the values, and a unit of 1, 2 or 5 x 10^n."""
    room = max(high - low, abs(high) * 1e-3, 1e-9)
    power = 10.0 ** math.floor(math.log10(room / 4))
    unit = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= room / 4)
    return low - 0.08 * room, high + 0.08 * room, unit


def _svg(width: float, height: float, label: str, content: str) -> Markup:
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {TEXT} role="img" '
        f'aria-label="{label}">{content}</svg>'
    )
