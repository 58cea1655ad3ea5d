"""Numbers of threads for NumPy's linear algebra, chosen from the command line.

NumPy reads these variables once, when it is first imported: a command's module imports it, so
that the choice comes before the module is loaded and before click has parsed any word.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from itertools import pairwise

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

SMALL = 500_000
"""Weights up to which one thread is the fastest: threads would wait longer than they compute."""


def choose_threads(arguments: Sequence[str]) -> None:
    """Set the number of threads for one command, given the words behind its name."""
    wanted = word_after("--threads", arguments)
    use_threads(int(wanted) if wanted and wanted.isdecimal() else None, _weights(arguments))


def use_threads(
    wanted: int | None, weights: int, environment: MutableMapping[str, str] = os.environ
) -> None:
    """Set the number of threads as asked for, else 1 for at most `SMALL` weights.

    `wanted` is the option's value; without it PELLUCID_THREADS counts. Larger networks are left
    to NumPy, and so is everything where the environment sets one of the `VARIABLES` already.
    """
    asked = str(wanted or environment.get("PELLUCID_THREADS", ""))
    if asked.isdecimal() and int(asked) > 0:
        environment.update(dict.fromkeys(VARIABLES, asked))
    elif weights <= SMALL and not any(variable in environment for variable in VARIABLES):
        environment.update(dict.fromkeys(VARIABLES, "1"))


def word_after(option: str, arguments: Sequence[str]) -> str | None:
    """Return the last value of an option among words that click has not parsed yet."""
    found = None
    for index, word in enumerate(arguments):
        if word == "--":
            break
        if word == option and index + 1 < len(arguments):
            found = arguments[index + 1]
        elif word.startswith(f"{option}="):
            found = word.partition("=")[2]
    return found


def _weights(arguments: Sequence[str]) -> int:
    """Estimate the weights of the network that a command trains; 0 for all other commands."""
    # By its size: reading the file would import NumPy
    if pretrained := word_after("--from", arguments):
        with suppress(OSError, ValueError):
            return os.stat(pretrained).st_size // 4  # noqa: PTH116 (bytes of a float32)
    layers = word_after("--layers", arguments) or f"784,{word_after('--hidden', arguments)},10"
    widths = [int(word) for word in layers.replace("-", ",").split(",") if word.isdecimal()]
    return sum(D * H for D, H in pairwise(widths))
