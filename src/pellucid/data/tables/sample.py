"""Quantiles of a column of any length.

Exact for some thousand numbers, beyond that those of a fair sample.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.core import counter
from pellucid.core.types import Array

MOST = 20_000
"""Numbers of a column that are kept.

A quartile of half as many is off by less than 1 % of the rows.
"""

_STREAM = 1 << 42  # its stream of random numbers is nobody else's


class Spread(NamedTuple):
    """How a column's numbers lie.

    `quantiles` are the least, the quartiles and the greatest; `varied` says that there are more
    than two neighbouring whole numbers, such as 0 and 1.
    """

    quantiles: tuple[float, ...]
    varied: bool


class Sample:
    """At most `MOST` of the numbers that come: all of them, or those of rows chosen by lot.

    The lot of a row is drawn from its number, so it does not matter in what blocks the rows come.
    While more than `MOST` are held, the share of the lots that win is halved.
    """

    def __init__(self) -> None:
        self._values, self._rows = np.empty(0), np.empty(0, np.uint64)
        self._key = counter.key(_STREAM)
        self._halvings = 0

    def add(self, values: Array, rows: Array) -> None:
        """Take in numbers, (n,), and the numbers of their rows, (n,)."""
        values, rows = self._winners(values, rows.astype(np.uint64))
        self._values, self._rows = (
            np.concatenate([self._values, values]),
            np.concatenate([self._rows, rows]),
        )
        while len(self._values) > MOST:
            self._halvings += 1
            self._values, self._rows = self._winners(self._values, self._rows)

    def quartiles(self) -> tuple[float, float, float]:
        """Give the numbers below which a quarter, half and three quarters of the others lie.

        0 for no numbers.
        """
        low, median, high = (
            np.quantile(self._values, (0.25, 0.5, 0.75)) if len(self._values) else (0.0, 0.0, 0.0)
        )
        return float(low), float(median), float(high)

    def _winners(self, values: Array, rows: Array) -> tuple[Array, Array]:
        if not self._halvings:
            return values, rows
        won = counter.bits(self._key, rows) >> np.uint64(64 - self._halvings) == 0
        return values[won], rows[won]
