"""Text and JSON on standard output, notes on standard error, and checks of files to be written.

Everything that people read passes `echo` or `note`, where characters that would command the
terminal become "?": names of columns, classes and nodes come from files of strangers.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click
from rich.cells import chop_cells
from rich.console import Console, RenderableType
from rich.padding import Padding

from pellucid.errors import COMMANDS, FileError, Message, printable
from pellucid.language import cell_width, say, translate

WIDEST = 80
# Not the colours that we write ourselves, which change nothing but colours
_COMMANDS = re.compile(rf"(?!\x1b\[(?:0|(?:;?[34]8;(?:5;\d+|2;\d+;\d+;\d+))+)m)[{COMMANDS}]")


def echo(text: str = "") -> None:
    """Write text as it is laid out to standard output."""
    click.echo(_COMMANDS.sub("?", text))


def echo_lines(lines: Iterable[str]) -> None:
    """Write lines as they are laid out to standard output."""
    for line in lines:
        echo(line)


def emit(text: str, /, **values: Any) -> None:
    """Write a paragraph of the result, a template in the current language, to standard output."""
    echo(paragraph(say(text, **values)))


def emit_more(count: int) -> None:
    """Write how many more there are than were shown, if any."""
    if count > 0:
        emit("and {count:,} more", count=count)


def note(text: str | Message, /, **values: Any) -> None:
    """Write a paragraph beside the result, as `emit` does, to standard error."""
    click.echo(paragraph(translate(Message(text, **values))), err=True)


def write_json(document: Any) -> None:
    """Write one JSON document to standard output; numbers that are not finite become null."""
    # Hangul stays readable; JSON has no NaN and no infinity
    text = json.dumps(_finite(document), ensure_ascii=False, allow_nan=False)
    # JSON's own escapes, for those above U+001F that it does not ask for
    click.echo(_COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def columns() -> int:
    """Return how many columns text may take: the terminal's, from 20 to 80."""
    # Longer lines are hard to read; in fewer columns nothing can be laid out
    return min(max(shutil.get_terminal_size((WIDEST, 24)).columns, 20), WIDEST)


def wrap(text: str, width: int) -> list[str]:
    """Break text at spaces into lines of at most `width` columns; longer words stay whole.

    >>> wrap("신경망이 답합니다", 9)
    ['신경망이', '답합니다']
    """
    lines: list[str] = []
    for word in text.split():
        # Not rich's: a path that it breaks cannot be copied from the terminal
        if lines and cell_width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def paragraph(text: str, head: str = "", room: int | None = None) -> str:
    """Return text as lines that fit, below each other behind `head`; paths stay whole."""
    indent = cell_width(head)
    width = max((columns() if room is None else room) - indent, 10)
    lines = wrap(printable(text), width) or [""]
    return "\n".join((" " * indent if index else head) + line for index, line in enumerate(lines))


def laid_out(part: RenderableType, indent: int = 0) -> str:
    """Return what rich makes of a text or table, no wider than the terminal."""
    file = io.StringIO()
    # No markup: a "[" in a column's name is a "["; and no colours, which text has of its own
    console = Console(
        file=file,
        width=columns(),
        color_system=None,
        markup=False,
        emoji=False,
        highlight=False,
        force_jupyter=False,
    )
    console.print(Padding(part, (0, 0, 0, indent)))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def rows_text(rows: Iterable[Sequence[str]], indent: int = 0) -> str:
    """Return rows of cells in columns, two spaces apart; the widest are wrapped to fit."""
    # Not rich's table, which takes a quarter of a millisecond a row: files have 100,000 columns
    grid = [[printable(cell) for cell in row] for row in rows]
    room = max(columns() - indent, 1)
    widths = [min(max(map(cell_width, cells)), room) for cells in zip(*grid, strict=True)]
    while sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in grid:
        folded = [_folded(cell, width) for cell, width in zip(row, widths, strict=True)]
        for parts in zip_longest(*folded, fillvalue=""):
            spaces = [width - cell_width(part) for part, width in zip(parts, widths, strict=True)]
            padded = (part + " " * space for part, space in zip(parts, spaces, strict=True))
            lines.append((" " * indent + "  ".join(padded)).rstrip())
    return "\n".join(lines)


def _folded(text: str, width: int) -> list[str]:
    """Return text as lines of at most `width` columns; longer words are broken."""
    if cell_width(text) <= width and "\n" not in text:
        return [text]
    return [part for line in wrap(text, width) for part in chop_cells(line, width)]


def time_text(seconds: float) -> str:
    """Return how long something took."""
    return say("under 0.1 s") if seconds < 0.1 else say("{seconds:.1f} s", seconds=seconds)


def check_not_read(path: str, read: Iterable[str | None]) -> None:
    """Raise FileError where the file to be written is one of the files that are read."""

    # A zero byte is no name of a file: writing will refuse it in better words
    def place(name: str) -> str:
        return name if "\0" in name else os.path.realpath(name)

    if any(file is not None and place(path) == place(file) for file in read):
        template = "{path}: is read here, and would be replaced: choose another name"
        raise FileError(template, path=path)


def program() -> str:
    """Return how this program was started, as the user can type it again."""
    started = Path(sys.argv[0])
    if started.name != "pellucid":  # python -m pellucid
        return f"{sys.executable} -m pellucid"
    # Another pellucid may come first in PATH, or none
    found = shutil.which("pellucid")
    if found is not None and os.path.realpath(found) == os.path.realpath(started):
        return "pellucid"
    inside = started.is_absolute() and started.is_relative_to(Path.cwd())
    return str(started.relative_to(Path.cwd()) if inside else started)


def colours() -> int:
    """Return how many colours standard output shows.

    0 (no terminal, or NO_COLOR is set), 256 or 16,777,216.
    """
    # NO_COLOR and TERM=dumb are how users and editors ask for plain text
    terminal = os.environ.get("TERM", "")
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or terminal in ("", "dumb"):
        return 0
    return 1 << 24 if os.environ.get("COLORTERM") in ("truecolor", "24bit") else 256


def shows_blocks() -> bool:
    """Return whether standard output can write the characters of images and bars."""
    try:
        "█▀▄".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
