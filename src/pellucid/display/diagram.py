"""A network as columns of neurons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pellucid.display.blocks import FIRST, TEXT, escaped

_STEP, _GAP, _RADIUS, _TOP = 130, 22, 7, 52
_MOST = 8  # neurons of a column


class Column(NamedTuple):
    """One column of neurons: its name, its number of neurons, and the layers that make them."""

    name: str
    size: int
    layers: Sequence[str]


def network(columns: Sequence[Column], label: str) -> str:
    """Return a drawing of columns of neurons, joined by lines; long columns are shortened."""
    tall = max(len(_places(column.size)) for column in columns) * _GAP
    middle = _TOP + tall / 2
    parts = []
    spots = [_spots(column.size, middle) for column in columns]
    for n, (before, after) in enumerate(pairwise(spots)):
        x = _STEP / 2 + n * _STEP
        path = "".join(f"M{x:g} {a:g}L{x + _STEP:g} {b:g}" for a in before if a for b in after if b)
        parts.append(f'<path d="{path}" stroke="currentColor" stroke-opacity=".2"/>')
    lines = max(len(column.layers) for column in columns)
    for n, column in enumerate(columns):
        x = _STEP / 2 + n * _STEP
        parts += [_words(x, 16, column.name, True), _words(x, 32, f"{column.size:,}")]
        names = enumerate(column.layers, 1)
        parts += [_words(x, _TOP + tall + 16 * k, name) for k, name in names]
        parts += _circles(x, spots[n])
    width, height = _STEP * len(columns), _TOP + tall + 16 * lines + 8
    size = f'width="{width}" height="{height}" {TEXT} role="img"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} aria-label="{escaped(label)}">'
    return f"{head}{''.join(parts)}</svg>"


def _places(size: int) -> list[bool]:
    """Return for each place of a column whether it holds a neuron; the others are the gap."""
    return [True] * size if size <= _MOST else [True] * 4 + [False] + [True] * 3


def _spots(size: int, middle: float) -> list[float]:
    """Return the y coordinate of each neuron; 0 for the gap."""
    places = _places(size)
    return [(middle + (n - (len(places) - 1) / 2) * _GAP) * there for n, there in enumerate(places)]


def _circles(x: float, spots: Sequence[float]) -> list[str]:
    parts = []
    for n, y in enumerate(spots):
        if y:
            # The ground under the line ends is the notebook's own, which is unknown: a solid neuron
            # hides them.
            parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{_RADIUS}" fill="{FIRST}"/>')
        else:
            dots = [spots[n - 1] + _GAP + d for d in (-6, 0, 6)]
            dot = 'r="1.6" fill="currentColor"'
            parts += [f'<circle cx="{x:g}" cy="{y:g}" {dot}/>' for y in dots]
    return parts


def _words(x: float, y: float, text: str, strong: bool = False) -> str:
    short = text if len(text) <= 18 else f"{text[:17]}…"
    weight = ' font-weight="600"' if strong else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle"{weight}>{escaped(short)}</text>'
