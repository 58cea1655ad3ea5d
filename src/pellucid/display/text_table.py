"""Text in columns."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.language import cell_width


def table(lines: Sequence[Sequence[str]], total: bool = True) -> str:
    """Set lines of cells in columns, the first left and the others right, with a rule below the
    first line.

    With `total`, there is a rule above the last line, too.
    """
    sizes = [max(cell_width(cell) for cell in column) for column in zip(*lines, strict=True)]
    text = []
    for line in lines:
        first = line[0] + " " * (sizes[0] - cell_width(line[0]))
        rest = [
            " " * (size - cell_width(cell)) + cell
            for cell, size in zip(line[1:], sizes[1:], strict=True)
        ]
        text.append("  ".join([first, *rest]))
    rule = "-" * (sum(sizes) + 2 * (len(sizes) - 1))
    if not total:
        return "\n".join([text[0], rule, *text[1:]])
    return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])
