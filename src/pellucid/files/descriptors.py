"""How many files and connections this process may have open."""

from __future__ import annotations

ANY = 1 << 20  # where the system sets no limit


def most_files() -> int:
    """Return how many files and connections this process may have open together."""
    try:
        import resource
    except ImportError:  # Windows
        return ANY
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return ANY if files < 0 else files  # negative: no limit
