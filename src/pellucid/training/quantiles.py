"""Intervals between two networks of quantiles, widened or narrowed by held-out rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core.conformal import Scores
from pellucid.core.types import Array
from pellucid.data.tables import Columns, is_table
from pellucid.errors import InputError
from pellucid.network import Network

LEAST = 20  # held-out rows at least, as for `calibrate`


class QuantileInterval:
    """Intervals whose width follows each row: conformalized quantile regression.

    Romano, Patterson and Candès 2019, "Conformalized quantile regression". One network predicts a
    low quantile, trained by `pl.Quantile(0.05)`, the other a high one, by `pl.Quantile(0.95)`.
    On held-out rows the score is how far the target is outside, max(low - t, t - high), negative
    within. Both ends move by the score that a share `level` of the rows does not exceed: then the
    intervals hold the target in that share of rows like those of training, however good the
    networks are.

    Parameters
    ----------
    low, high
        Networks with one output.
    x, t
        Rows that neither network was trained on, 20 or more, and their targets; a table of networks
        that know their columns has both.

    Raises InputError for rows or targets that do not fit.

    >>> import pellucid as pl
    >>> x = np.random.default_rng(0).normal(size=(199, 1))
    >>> flat = pl.Network([pl.Affine([[0.0]], [0.0])])
    >>> low, high = QuantileInterval(flat, flat, x, x).interval([[0.0]], 0.9)
    >>> bool(low < -1.5 and high > 1.5)
    True
    """

    def __init__(self, low: Network, high: Network, x: Any, t: ArrayLike | None = None) -> None:
        self.low, self.high = low, high
        if t is None and isinstance(low.inputs, Columns) and is_table(x):
            t = low.columns.t(x)
        if t is None:
            raise InputError("targets are missing: pass t, the correct answer for each row")
        ends = [net.predict(x) for net in (low, high)]
        targets = np.asarray(t, np.float64).reshape(-1, 1)
        if not ends[0].shape == ends[1].shape == targets.shape or len(targets) < LEAST:
            raise InputError(
                "expected networks of one output and {least} held-out rows or more, got outputs "
                "{low} and {high} for {rows:,} targets",
                least=LEAST,
                low=ends[0].shape,
                high=ends[1].shape,
                rows=len(targets),
            )
        self.scores = Scores.of(np.maximum(ends[0] - targets, targets - ends[1])[:, 0])

    def interval(self, x: Any, level: float = 0.9) -> tuple[Array, Array]:
        """Return the lowest and highest value, (N, 1) float64 each, for rows x, (N, ...).

        Raises InputError for a level that the held-out rows are too few for.
        """
        margin = self.scores.upper(self.scores.check(level, ends=1))
        low, high = (net.predict(x).astype(np.float64) for net in (self.low, self.high))
        low, high = low - margin, high + margin
        # Where the quantiles cross or the margin is negative, the middle is all that is left.
        middle = (low + high) / 2
        return np.minimum(low, middle), np.maximum(high, middle)
