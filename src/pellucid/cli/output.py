"""What commands write: JSON for programs, text for people, and whether a file can be written at all."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from pellucid.errors import FileError
from pellucid.language import say, say_reason


def write_json(document: Any) -> None:
    """Write one JSON document to standard output; numbers that are not finite become null, which JSON can say."""
    click.echo(json.dumps(_finite(document), ensure_ascii=False, allow_nan=False))


def note(text: str) -> None:
    """Tell people something beside the result, on standard error."""
    click.echo(text, err=True)


def check_writable(path: str, room: int = 0) -> None:
    """Find out before hours of work whether a file can be written there, and whether the disk has `room` bytes.

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
        raise FileError(
            say(
                "{path}: cannot be written ({reason}); nothing was changed: choose another place or free some room",
                path=path,
                reason=say_reason(error),
            )
        ) from error


def colours() -> int:
    """Give how many colours standard output shows: 0 (no terminal, or NO_COLOR is set), 256 or 16,777,216."""
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
