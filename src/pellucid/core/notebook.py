"""What core's things show of themselves in notebooks; loaded when a notebook asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.types import Array
from pellucid.language import say
from pellucid.markup import blocks, charts, diagram

if TYPE_CHECKING:
    from pellucid.core.chain import Trace
    from pellucid.core.summary import Summary

_COLUMNS = 24  # of neurons: what a diagram shows of a deep network
_CELLS = 32  # values in a strip
_PIXELS = 64 * 64


def of_summary(summary: Summary) -> str:
    """Show the counts as a table."""
    return blocks.frame(blocks.table(summary.lines(), total=True))


def of_network(summary: Summary, classes: list[str] | None) -> str:
    """Show a network: its neurons layer by layer, and behind a line the counts."""
    head = say("{count:,} parameters", count=summary.parameters)
    columns = _columns(summary)
    if len(columns) > _COLUMNS:
        columns = [
            *columns[: _COLUMNS - 1],
            diagram.Column("…", columns[-1].size, columns[-1].layers),
        ]
    parts = [blocks.paragraph(f"Network: {head}")]
    if columns:
        parts.append(diagram.network(columns, head))
    if classes is not None:
        more = "" if len(classes) <= 12 else " …"
        parts.append(
            blocks.paragraph(
                say("classes: {names}", names=", ".join(map(_name, classes[:12])) + more)
            )
        )
    return blocks.frame(
        *parts, blocks.details(say("layer by layer"), blocks.table(summary.lines(), total=True))
    )


def _name(name: str) -> str:
    """Shorten a name; escaping comes with the paragraph."""
    return name if len(name) <= 40 else f"{name[:39]}…"


def _columns(summary: Summary) -> list[diagram.Column]:
    """Give the columns of neurons.

    The input, and one for each layer that has weights of its own (or holds layers).
    """
    rows = summary.rows
    if not rows or rows[0].inputs is None:
        return []
    found: list[tuple[int, list[str]]] = [(rows[0].inputs, [])]
    for row, weighs in zip(rows, summary.weighs, strict=True):
        if weighs:
            found.append((row.outputs or 0, []))
        found[-1] = (row.outputs or found[-1][0], [*found[-1][1], row.name])
    names = [
        say("input"),
        *(say("hidden layer {number}", number=n) for n in range(1, len(found) - 1)),
        say("output"),
    ]
    return [
        diagram.Column(name, size, layers)
        for name, (size, layers) in zip(names, found, strict=False)
    ]


def of_trace(trace: Trace) -> str:
    """Show what every layer gave out.

    A table, and for one row the input's picture and the values as colours.
    """
    if len(trace.x) != 1:
        return blocks.frame(blocks.table(trace.lines()))
    parts = []
    if trace.x.ndim == 3 and trace.x[0].size <= _PIXELS and np.isfinite(trace.x).all():
        rows = trace.x[0].astype(np.float64)
        parts.append(charts.picture(rows.tolist(), 255 if rows.max() > 1 else 1, say("input")))
    outputs = [
        ("x", trace.x),
        *((f"{n} {name}", y) for n, (name, y) in enumerate(zip(trace.names, trace, strict=False))),
    ]
    heads = [say("layer"), say("shape"), say("least"), say("greatest"), say("values")]
    lines = [[name, str(y.shape), *_ends(y), _values(name, y)] for name, y in outputs]
    return blocks.frame(*parts, blocks.table([heads, *lines]))


def _ends(y: Array) -> list[str]:
    return [f"{y.min():.4g}", f"{y.max():.4g}"] if y.size else ["-", "-"]


def _values(name: str, y: Array) -> str:
    """Give a few values as colours, many as how many there are."""
    if y.size > _CELLS:
        return say("{active:,} of {size:,} are not 0", active=int(np.count_nonzero(y)), size=y.size)
    values = y.ravel().astype(np.float64)
    largest = max(1.0, float(np.abs(values[np.isfinite(values)]).max(initial=0)))
    return charts.strip(values.tolist(), largest, name)
