"""The command `pellucid`."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.cli import signals


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, 1 (failed) or 2 (used wrongly).

    Without arguments it is this process's own command line.
    """
    if arguments is None:
        signals.end_at_interrupts()
    try:
        from pellucid.cli import entry

        return entry.main(arguments)
    except KeyboardInterrupt:  # during these imports
        return 1
    finally:
        signals.raise_interrupts()


__all__ = ["main"]
