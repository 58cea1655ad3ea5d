"""How much is proved: a share of it by `make test`, all of it where `PELLUCID_PROVE=all` is set.

`make integration` sets it, and runs what is marked `integration` and every test by Hypothesis.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

EVERYTHING = os.environ.get("PELLUCID_PROVE") == "all"

# Whether to prove again what was proved on this machine before.
ANEW = EVERYTHING or bool(os.environ.get("CI"))

PROVED = Path(sys.prefix) / "proved"

# Seconds: a test waits for an event as long as the whole run may take, however slow the machine is.
PATIENCE = 3600


def examples(count: int) -> int:
    """Return how many of a test's examples are tried: a quarter, or all."""
    return count if EVERYTHING else -(-count // 4)


def kept(name: str, sources: Iterable[bytes], make: Callable[[Path], None]) -> Path:
    """Return a file that is made from sources, made on this machine before if they are the same.

    It takes its place only when `make` has returned; files of other sources are removed.
    """
    digest = hashlib.sha256(b"\0".join(sources)).hexdigest()[:16]
    path = PROVED / f"{name}-{digest}"
    if path.exists() and not ANEW:
        return path
    PROVED.mkdir(exist_ok=True)
    made = PROVED / f"{name}-{digest}.{os.getpid()}"  # other workers may make it at the same time
    make(made)
    made.replace(path)
    for old in PROVED.glob(f"{name}-*"):
        if old.suffix == "" and old != path:
            old.unlink(missing_ok=True)
    return path
