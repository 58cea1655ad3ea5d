"""What commands write.

JSON for programs, text for people, and whether a file can be written at all.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from pellucid.cli.help import wrap
from pellucid.errors import FileError
from pellucid.files.atomic import unwritable
from pellucid.language import cell_width, say

WIDEST = 80
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def write_json(document: Any) -> None:
    """Write one JSON document to standard output.

    Numbers that are not finite become null, which JSON can say.
    """
    click.echo(json.dumps(_finite(document), ensure_ascii=False, allow_nan=False))


def note(text: str) -> None:
    """Tell people something beside the result, on standard error."""
    click.echo(paragraph(text), err=True)


def tell(text: str) -> None:
    """Write one paragraph of the result to standard output."""
    click.echo(paragraph(text))


def columns() -> int:
    """Give how many columns text may take: the terminal's, but no more than 80."""
    return min(max(shutil.get_terminal_size((WIDEST, 24)).columns, 20), WIDEST)


def printable(text: str) -> str:
    """Give text with "?" for characters that would command the terminal.

    Names of columns may come from anywhere.
    """
    return _CONTROL.sub("?", text)


def paragraph(text: str, head: str = "", room: int | None = None) -> str:
    """Break text at spaces into lines that fit, below each other behind `head`.

    Paths and other words stay whole.
    """
    text = printable(text)
    indent = cell_width(head)
    lines = wrap(
        text, max((columns() if room is None else room) - indent, 10), breaks_words=False
    ) or [""]
    return "\n".join(
        (head if index == 0 else " " * indent) + line for index, line in enumerate(lines)
    )


def time_text(seconds: float) -> str:
    """Say how long something took."""
    return say("under 0.1 s") if seconds < 0.1 else say("{seconds:.1f} s", seconds=seconds)


def check_writable(path: str, room: int = 0) -> None:
    """Find out before hours of work whether a file can be written there, and whether the disk has
    `room` bytes.

    Raises FileError as writing would; leaves nothing behind, and what is there untouched.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists():
            if not target.is_file():
                raise OSError(0, say("it is no regular file"))
            os.close(os.open(target, os.O_WRONLY))
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".pellucid.") as file:
            file.write(bytes(room))
            file.flush()
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from error


def check_not_read(path: str, read: Iterable[str | None]) -> None:
    """Raise FileError where what is written would replace one of the files that are read."""

    def place(name: str) -> str:
        return name if "\0" in name else os.path.realpath(name)

    if any(file is not None and place(path) == place(file) for file in read):
        raise FileError(
            "{path}: is read here, and would be replaced: choose another name", path=path
        )


def colours() -> int:
    """Give how many colours standard output shows.

    0 (no terminal, or NO_COLOR is set), 256 or 16,777,216.
    """
    terminal = os.environ.get("TERM", "")
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or terminal in ("", "dumb"):
        return 0
    return 1 << 24 if os.environ.get("COLORTERM") in ("truecolor", "24bit") else 256


def shows_blocks() -> bool:
    """Tell whether standard output can write the characters that pictures and bars are made of."""
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
