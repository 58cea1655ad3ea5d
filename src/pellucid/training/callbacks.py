"""Callbacks: what is called while a network is trained, and early stopping, which is one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pellucid.core.metrics import HIGHER_IS_BETTER
from pellucid.core.ranges import finite, whole
from pellucid.core.types import Array, Options
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.history import History

# Keras, Lightning and others have methods of these names: a callback that is carried over from
# there would be silent here.
_LIKELY_METHOD = re.compile(r"on_.*|(epoch|batch|train|training|validation)_(begin|start|end)")


class RunView(Protocol):
    """What a callback sees of a run, be it of `train` or of an estimator's `fit`.

    Attributes
    ----------
    net
        The network, trained in place.
    history
        The records of all whole epochs so far.
    epoch, epochs
        The current epoch, from 1, and how many there will be.
    batch, batches
        The last batch that was trained, from 1 within the epoch, and how many an epoch has.
    loss
        The training loss of this epoch so far.
    """

    net: Network
    history: History
    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float

    @property
    def columns(self) -> list[str]:
        """The names of what each epoch's record will hold."""

    def stop(self, reason: str) -> None:
        """End the training after this batch; `reason` becomes `history.stopped`."""

    def snapshot(self) -> list[Array]:
        """Return copies of all arrays of the network."""

    def restore(self, snapshot: list[Array]) -> None:
        """Write a snapshot's values back into the network."""


class Callback:
    """Override on_start, on_batch, on_epoch or on_end; each is called with a `RunView`.

    A plain function of `run` is a callback too, and is called after each epoch.

    A subclass with a method of a similar name, such as on_epoch_end, raises InputError: it would
    never be called.

    Where `each_batch` is False, on_batch is called every few milliseconds instead of after each
    batch: several batches are then trained in one call, which is several times as fast where the
    network is small.
    """

    each_batch: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, value in vars(cls).items():
            if callable(value) and _LIKELY_METHOD.fullmatch(name) and not hasattr(Callback, name):
                raise InputError(
                    "{callback}.{name} would never be called: the methods of a callback are "
                    "{known}",
                    callback=cls.__name__,
                    name=name,
                    known="on_start, on_batch, on_epoch, on_end",
                )

    def on_start(self, run: RunView) -> None:
        """Act before the first batch."""

    def on_batch(self, run: RunView) -> None:
        """Act after each batch, or after several (see `each_batch`)."""

    def on_epoch(self, run: RunView) -> None:
        """Act after each whole epoch, when the history has its record."""

    def on_end(self, run: RunView) -> None:
        """Act when the training has ended, by an exception too."""

    def state(self) -> Options:
        """Return what this callback remembers, for a checkpoint: plain values and arrays.

        Training with `checkpoint` refuses callbacks that do not override it; one that remembers
        nothing returns {}.
        """
        raise NotImplementedError

    def load_state(self, state: Options) -> None:
        """Take over what `state` returned in an earlier process; called after on_start."""


def arrays_of(net: Network) -> list[Array]:
    """Return all parameters and buffers, in the order of the layers."""
    return net.layers.arrays


def write_arrays(net: Network, saved: list[Array]) -> None:
    """Write values into all parameters and buffers, in the order of `arrays_of`."""
    for array, values in zip(arrays_of(net), saved, strict=True):
        array[...] = values


class RunState:
    """What runs of every kind share of a `RunView`, the names of the columns aside."""

    def __init__(
        self, net: Network, history: History, callbacks: list[Callback], epochs: int
    ) -> None:
        self.net, self.history, self.callbacks, self.epochs = net, history, callbacks, epochs
        # Without them, several batches are trained in one call.
        self.watching = [each for each in callbacks if type(each).on_batch is not Callback.on_batch]
        self.epoch = self.batch = 0
        self.batches = 1
        self.loss = math.nan
        self.stopped: str | None = None

    def stop(self, reason: str) -> None:
        """End the training after this batch; `reason` becomes `history.stopped`."""
        self.stopped = reason

    def snapshot(self) -> list[Array]:
        """Return copies of all parameters and buffers."""
        return [array.copy() for array in arrays_of(self.net)]

    def restore(self, snapshot: list[Array]) -> None:
        """Write a snapshot's values back into the network."""
        write_arrays(self.net, snapshot)


class FunctionCallback(Callback):
    """A plain function of the run, called after each epoch."""

    def __init__(self, function: Callable[[RunView], object]) -> None:
        self.function = function

    def on_epoch(self, run: RunView) -> None:
        self.function(run)

    def state(self) -> Options:  # what a function remembers besides is its own affair
        return {}


@dataclass(eq=False)
class EarlyStopping(Callback):
    """Stop when a metric has stopped improving, and restore the weights of the best epoch.

    Parameters
    ----------
    metric
        A column of the history. The default is "validation_loss".
    patience
        How many epochs without improvement to wait before stopping (default 10).
    minimum_change
        By how much a metric must change to count as better (default 0).
    restore_best
        Whether the best epoch's weights and buffers are restored at the end, also after Ctrl-C or
        an error (default True).

    Raises InputError at the start of a training whose history will have no such column.
    """

    metric: str = "validation_loss"
    patience: int = 10
    minimum_change: float = 0.0
    restore_best: bool = True

    def __post_init__(self) -> None:
        whole("patience", self.patience)
        finite(minimum_change=self.minimum_change)

    def on_start(self, run: RunView) -> None:
        if self.metric not in run.columns:
            template = (
                "EarlyStopping watches {metric}, but the history will have only {known}: pass "
                "validation data (validation=..., to an estimator X_val and y_val), or watch one "
                "of these"
            )
            raise InputError(template, metric=repr(self.metric), known=", ".join(run.columns))
        self.best_epoch = 0
        self._best = -math.inf
        self._weights: list[Array] = []

    def on_epoch(self, run: RunView) -> None:
        sign = 1 if self.metric.removeprefix("validation_") in HIGHER_IS_BETTER else -1
        score = sign * run.history.records[-1][self.metric]
        # NaN is never greater, so an epoch whose metric is NaN counts as one without improvement.
        if score > self._best + self.minimum_change:
            self._best, self.best_epoch = score, run.epoch
            self._weights = run.snapshot()
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop("early")

    def on_end(self, run: RunView) -> None:
        if self.restore_best and self._weights:
            run.restore(self._weights)

    def state(self) -> Options:
        return {"best_epoch": self.best_epoch, "best": self._best, "weights": self._weights}

    def load_state(self, state: Options) -> None:
        self.best_epoch, self._best = state["best_epoch"], state["best"]
        self._weights = state["weights"]
