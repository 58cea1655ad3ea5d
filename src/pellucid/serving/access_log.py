"""The access log: a line for each request, without bodies, queries or tokens."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

EVERY = 0.2  # seconds between writes: a write for each request would cost as much as a prediction
LONGEST = 200  # characters of a path


class AccessLog:
    """Collects lines and writes them to standard error a few times a second."""

    def __init__(self, form: str, write: Callable[[str], Any] | None = None) -> None:
        self.form = form
        self._write = write or _to_standard_error
        self._lines: list[str] = []

    def request(
        self, method: str, path: str, client: str, status: int, seconds: float, rows: int
    ) -> None:
        """Log a request; `path` is without the query, which may hold secrets."""
        if self.form == "off":
            return
        path = path[:LONGEST]
        if self.form == "json":
            entry: dict[str, object] = {
                "time": _now(),
                "client": client,
                "method": method,
                "path": path,
            }
            entry |= {"status": status, "seconds": round(seconds, 6), "rows": rows}
            self._add(orjson.dumps(entry).decode())
        else:
            shown = ascii(path)[1:-1]  # no line breaks, no commands to the terminal
            self._add(f"{_now()} {client} {method} {shown} {status} {1000 * seconds:.2f} ms")

    def event(self, text: str) -> None:
        """Log something else than a request: a model that was loaded anew, an error."""
        line = orjson.dumps({"time": _now(), "event": text}).decode()
        self._add(line if self.form == "json" else f"{_now()} {text}")

    def _add(self, line: str) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_later(EVERY, self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        """Write what was collected."""
        lines, self._lines = self._lines, []
        if lines:
            self._write("\n".join([*lines, ""]))


def _now() -> str:
    return datetime.fromtimestamp(time.time()).astimezone().isoformat(timespec="milliseconds")


def _to_standard_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
