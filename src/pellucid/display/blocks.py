"""Frames and tables, and the escaping of names."""

from __future__ import annotations

import html
from collections.abc import Sequence

# Blue and orange, which colour-blind people can distinguish, each 3 : 1 or more from white and
# from black: a notebook's ground may be either. Two curves have the colours of the two signs.
FIRST, SECOND = "#2f86d1", "#d9691e"
POSITIVE, NEGATIVE = (47, 134, 209), (217, 105, 30)
TEXT = 'fill="currentColor" font-size="12"'
"""How letters of an SVG look, said where no page's cleaner takes it away, as some do with styles.
"""

_LONGEST = 60  # letters of a name

_STYLE = """
.pellucid{color:var(--jp-content-font-color1,var(--vscode-editor-foreground,inherit));
overflow-x:auto;font-family:var(--jp-content-font-family,system-ui,sans-serif);
font-size:var(--jp-content-font-size1,14px);line-height:1.4}
.pellucid table{border-collapse:collapse;margin:.4em 0;font-size:inherit;
font-variant-numeric:tabular-nums}
.pellucid th,.pellucid td{padding:.15em .7em;text-align:right;white-space:nowrap;
color:inherit;border:0}
.pellucid tr{background:transparent!important}
.pellucid th{font-weight:600}
.pellucid tr>:first-child{text-align:left}
.pellucid thead th,.pellucid tbody.sum td{
border-bottom:1px solid var(--jp-border-color1,currentColor)}
.pellucid tbody.sum td{border-bottom:0;border-top:1px solid var(--jp-border-color1,currentColor)}
.pellucid p{margin:.2em 0}
.pellucid summary{cursor:pointer}
.pellucid svg{display:inline-block;max-width:none;vertical-align:top}
.pellucid td svg{vertical-align:middle}
.pellucid svg text{fill:currentColor;font-size:12px}
""".replace("\n", "")


class Markup(str):
    """Markup that was made here and needs no escaping."""

    __slots__ = ()


def escaped(value: str | float) -> str:
    """Return a name or number as safe markup: escaped, one line, truncated, printable.

    Markup stays as it is.

    >>> escaped("<script>alert(1)</script>")
    '&lt;script&gt;alert(1)&lt;/script&gt;'
    """
    if isinstance(value, Markup):
        return value
    text = _visible(" ".join(str(value).split()))
    return html.escape(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def frame(*parts: str) -> str:
    """Join parts of markup to one block with its style sheet."""
    return f'<div class="pellucid"><style>{_STYLE}</style>{"".join(parts)}</div>'


def paragraph(text: str) -> str:
    """Return text as a paragraph; its lines stay lines."""
    lines = (html.escape(_visible(line)) for line in str(text).splitlines())
    return f"<p>{'<br/>'.join(lines)}</p>"


def _visible(text: str) -> str:
    """Remove characters that cannot be seen: control characters, changes of direction."""
    return "".join(letter for letter in text if letter.isprintable())


def details(title: str, *parts: str) -> str:
    """Return parts folded behind a title that opens them."""
    return f"<details><summary>{escaped(title)}</summary>{''.join(parts)}</details>"


def table(
    lines: Sequence[Sequence[str]],
    total: bool = False,
    shades: Sequence[Sequence[float | None]] | None = None,
) -> str:
    """Return lines of cells as a table: the first line is its head, with `total` the last a sum.

    `shades`, one for each cell below the head and right of the first column, color cells from -1
    (negative) over 0 (none) to 1 (positive).
    """
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in lines[0])
    body = [_row(line, None if shades is None else shades[n]) for n, line in enumerate(lines[1:])]
    last = f'<tbody class="sum">{body.pop()}</tbody>' if total and body else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>{last}</table>"


def _row(line: Sequence[str], shades: Sequence[float | None] | None) -> str:
    cells = [f"<td>{escaped(line[0])}</td>"]
    for n, cell in enumerate(line[1:]):
        share = shades[n] if shades is not None and n < len(shades) else None
        style = ' style="text-align:left"' if isinstance(cell, Markup) else _shade(share)
        cells.append(f"<td{style}>{escaped(cell)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _shade(share: float | None) -> str:
    if not share:
        return ""
    # At most 60 % opaque, so that the text keeps its contrast on light and dark grounds.
    red, green, blue = POSITIVE if share > 0 else NEGATIVE
    return f' style="background:rgba({red},{green},{blue},{min(abs(share), 1) * 0.6:.2f})"'
