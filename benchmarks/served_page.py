"""Start `pellucid open` as users do: for screenshots, and for the tests of the page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

COMMAND = (sys.executable, "-m", "pellucid")
SETTINGS = ("--port", "0", "--lang", "en")


@contextmanager
def served() -> Iterator[str]:
    """Serve the page of the network that comes with pellucid; yield its address."""
    command = [*COMMAND, "open", "--no-browser", *SETTINGS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield address_in(process.stdout.readline())
        finally:
            process.terminate()


def address_in(line: str) -> str:
    """Return the page's address in the line that `pellucid open` prints."""
    return next(word for word in line.split() if word.startswith("http"))
