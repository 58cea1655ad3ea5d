"""A trace to look at: printed as a table, in a notebook with its values as colors."""

from __future__ import annotations

import numpy as np

from pellucid.core.chain import Trace
from pellucid.core.types import Array
from pellucid.display import blocks, charts
from pellucid.display.text_table import table
from pellucid.language import say

_CELLS = 32  # values that are drawn as a strip of colors
_PIXELS = 64 * 64  # of the largest image that is drawn


class ShownTrace(Trace):
    """A `Trace` as `Network.forward` returns it, with a text and an HTML form."""

    @classmethod
    def of(cls, trace: Trace) -> ShownTrace:
        """Return the same trace: the same input, outputs and names."""
        shown = cls(trace.x, trace.draws)
        shown.extend(trace)
        shown.names = trace.names
        return shown

    def named(self) -> list[tuple[str, Array]]:
        """Return the input and each layer's output with a name, such as "2 Affine"."""
        names = [*self.names, *("?" for _ in self[len(self.names) :])]
        outputs = [(f"{n} {name}", y) for n, (name, y) in enumerate(zip(names, self, strict=False))]
        return [("x", self.x), *outputs]

    def lines(self) -> list[list[str]]:
        """Return the trace as cells: the heads, then a line for the input and for each output."""
        one = len(self.x) == 1
        heads = [say("layer"), say("shape")]
        heads += [say("values")] if one else [say("least"), say("mean"), say("greatest")]
        cells = ((name, y, [_short(y)] if one else _spread(y)) for name, y in self.named())
        return [heads, *([name, str(y.shape), *values] for name, y, values in cells)]

    def __repr__(self) -> str:
        return table(self.lines(), total=False)

    def _repr_html_(self) -> str:
        if len(self.x) != 1:  # images and strips of many rows would fill pages
            return blocks.frame(blocks.table(self.lines()))
        parts = []
        if self.x.ndim == 3 and self.x[0].size <= _PIXELS and np.isfinite(self.x).all():
            pixels = self.x[0].astype(np.float64)
            # Bytes or values scaled already: no trace tells which, the pixels do.
            highest = 255 if pixels.max() > 1 else 1
            parts.append(charts.picture(pixels.tolist(), highest, say("input")))
        heads = [say("layer"), say("shape"), say("least"), say("greatest"), say("values")]
        lines = [[name, str(y.shape), *_ends(y), _values(name, y)] for name, y in self.named()]
        return blocks.frame(*parts, blocks.table([heads, *lines]))


def _short(y: Array) -> str:
    return np.array2string(y[0].ravel(), precision=4, threshold=8, edgeitems=3, max_line_width=1000)


def _spread(y: Array) -> list[str]:
    return [f"{f(y):.4g}" for f in (np.min, np.mean, np.max)] if y.size else ["-"] * 3


def _ends(y: Array) -> list[str]:
    return [f"{y.min():.4g}", f"{y.max():.4g}"] if y.size else ["-", "-"]


def _values(name: str, y: Array) -> str:
    """Return a few values as a strip of colors, of many how many are active."""
    if y.size > _CELLS:
        active = int(np.count_nonzero(y))
        return say("{active:,} of {size:,} are not 0", active=active, size=y.size)
    values = y.ravel().astype(np.float64)
    largest = max(1.0, float(np.abs(values[np.isfinite(values)]).max(initial=0)))
    return charts.strip(values.tolist(), largest, name)
