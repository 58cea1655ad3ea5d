"""Callbacks: what is called as learning goes on, and early stopping, which is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from pellucid.core.metrics import HIGHER_IS_BETTER
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.training.run import Run


class Callback:
    """Override what you need. A plain function of `run` will do as well, and is called after each epoch.

    `run` has `net`, `history`, `epoch` (from 1), `epochs`, `batch` (from 1, within the epoch), `batches`, `loss` (of
    the epoch so far), and `stop(reason)`, which ends learning after the batch.
    """

    def on_start(self, run: Run) -> None:
        """Before the first batch."""

    def on_batch(self, run: Run) -> None:
        """After each batch."""

    def on_epoch(self, run: Run) -> None:
        """After each whole epoch, when its record stands in the history."""

    def on_end(self, run: Run) -> None:
        """When learning has ended, however it ended."""


class FunctionCallback(Callback):
    """A plain function of the run, called after each epoch."""

    def __init__(self, function: Callable[[Run], None]) -> None:
        self.function = function

    def on_epoch(self, run: Run) -> None:
        self.function(run)


class EarlyStopping(Callback):
    """Stop when a metric has not improved for `patience` epochs, and give the network its best epoch's weights.

    Parameters
    ----------
    metric
        A column of the history. The default is "validation_loss".
    patience
        Epochs without improvement that are borne (default 10).
    minimum_change
        By how much better counts as better (default 0).
    restore_best
        Whether the best epoch's weights and buffers are restored at the end, however it comes (default True).
    """

    def __init__(
        self,
        metric: str = "validation_loss",
        patience: int = 10,
        minimum_change: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        if patience < 1:
            raise InputError(say("EarlyStopping expects a patience of 1 epoch or more, got {got}", got=patience))
        self.metric, self.patience = metric, patience
        self.minimum_change, self.restore_best = minimum_change, restore_best

    def on_start(self, run: Run) -> None:
        if self.metric not in run.columns:
            raise InputError(
                say(
                    "EarlyStopping watches {metric}, but there will be only {known}: give train validation data, "
                    "or watch one of these",
                    metric=repr(self.metric),
                    known=", ".join(run.columns),
                )
            )
        self.best_epoch = 0
        self._best = -math.inf
        self._weights: list[Array] = []

    def on_epoch(self, run: Run) -> None:
        sign = 1 if self.metric.removeprefix("validation_") in HIGHER_IS_BETTER else -1
        score = sign * run.history.records[-1][self.metric]
        if score > self._best + self.minimum_change:
            self._best, self.best_epoch = score, run.epoch
            self._weights = run.snapshot()
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop("early")

    def on_end(self, run: Run) -> None:
        if self.restore_best and self._weights:
            run.restore(self._weights)
