"""The command `pellucid`."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # built in; `signal` itself loads `enum` first
from collections.abc import Sequence
from contextlib import suppress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, 1 (failed) or 2 (used wrongly).

    Without arguments it is this process's own command line.
    """
    if arguments is None:
        _end_at_interrupts()
    try:
        from pellucid.cli import entry, signals

        try:
            return entry.main(arguments)
        finally:
            signals.raise_interrupts()
    except KeyboardInterrupt:  # during these imports
        return 1


def _end_at_interrupts() -> None:
    """Do what `signals.end_at_interrupts` does, before any import."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        with suppress(ValueError):  # not the main thread, whose affair signals are
            _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


__all__ = ["main"]
