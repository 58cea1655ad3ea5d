"""Callbacks: what is called as learning goes on, and early stopping, which is one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from pellucid.core.metrics import HIGHER_IS_BETTER
from pellucid.core.settings import finite, whole
from pellucid.core.types import Array
from pellucid.errors import InputError

if TYPE_CHECKING:
    from pellucid.training.run import Run


_MEANT = re.compile(r"on_.*|(epoch|batch|train|training|validation)_(begin|start|end)")


class Callback:
    """Override what you need of on_start, on_batch, on_epoch and on_end.

    A plain function of `run` will do as well, and is called after each epoch.

    A subclass with a method that looks like one of them but is none, such as on_epoch_end, raises
    InputError, as it would never be called.

    A subclass whose `each_batch` is False is content with an on_batch every few milliseconds:
    batches are then learned in one call, several times as fast where the network is small.

    `run` has `net`, `history`, `epoch` (from 1), `epochs`, `batch` (from 1, within the epoch),
    `batches`, `loss` (of the epoch so far), and `stop(reason)`, which ends learning after the
    batch.
    """

    each_batch: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, value in vars(cls).items():
            if callable(value) and _MEANT.fullmatch(name) and not hasattr(Callback, name):
                raise InputError(
                    "{callback}.{name} would never be called: the methods of a callback are "
                    "{known}",
                    callback=cls.__name__,
                    name=name,
                    known="on_start, on_batch, on_epoch, on_end",
                )

    def on_start(self, run: Run) -> None:
        """Before the first batch."""

    def on_batch(self, run: Run) -> None:
        """After each batch, or after some (see `each_batch`)."""

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
    """Stop when a metric has not improved for `patience` epochs, and give the network its best
    epoch's weights.

    Parameters
    ----------
    metric
        A column of the history. The default is "validation_loss".
    patience
        Epochs without improvement that are borne (default 10).
    minimum_change
        By how much better counts as better (default 0).
    restore_best
        Whether the best epoch's weights and buffers are restored at the end, however it comes
        (default True).
    """

    def __init__(
        self,
        metric: str = "validation_loss",
        patience: int = 10,
        minimum_change: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        self.metric, self.patience = metric, whole("patience", patience)
        self.minimum_change, self.restore_best = finite(minimum_change=minimum_change), restore_best

    def __repr__(self) -> str:
        return (
            f"EarlyStopping(metric={self.metric!r}, patience={self.patience}, "
            f"minimum_change={self.minimum_change}, restore_best={self.restore_best})"
        )

    def on_start(self, run: Run) -> None:
        if self.metric not in run.columns:
            raise InputError(
                "EarlyStopping watches {metric}, but there will be only {known}: give validation "
                "data "
                "(validation=..., of an estimator X_val and y_val), or watch one of these",
                metric=repr(self.metric),
                known=", ".join(run.columns),
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
