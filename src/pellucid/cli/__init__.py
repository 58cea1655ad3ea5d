"""The command `pellucid`."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, 1 (failed) or 2 (used wrongly)."""
    try:
        # Imported here, so that Ctrl-C during these imports ends without a traceback, too.
        from pellucid.cli import entry

        return entry.main(arguments)
    except KeyboardInterrupt:
        return 1


__all__ = ["main"]
