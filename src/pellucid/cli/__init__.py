"""The commands: thin, and quick to start.

Nothing here imports NumPy before a command knows that it needs it.
"""

from pellucid.cli.entry import main

__all__ = ["main"]
