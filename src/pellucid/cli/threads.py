"""How many threads NumPy's linear algebra may use.

It reads these variables once, when NumPy is first imported.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

SMALL = 500_000
"""Weights up to which one thread is the quickest.

The others would wait for each other longer than they work.
"""


def use_threads(
    wanted: int | None, weights: int, environment: MutableMapping[str, str] = os.environ
) -> None:
    """Set the number of threads, before NumPy is imported: as asked for, else one for a small
    network.

    `wanted` is the option's value, else PELLUCID_THREADS counts. A network of more than `SMALL`
    weights is left to NumPy, and so is everything where the environment names a number of threads
    already.
    """
    asked = str(wanted or environment.get("PELLUCID_THREADS", ""))
    if asked.isdecimal() and int(asked) > 0:
        environment.update(dict.fromkeys(VARIABLES, asked))
    elif weights <= SMALL and not any(variable in environment for variable in VARIABLES):
        environment.update(dict.fromkeys(VARIABLES, "1"))
