"""One training as it runs.

Epochs, the order of rows, validation, callbacks, and what to do when it must stop.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Any

import numpy as np

from pellucid.core import chain, counter
from pellucid.core.layer import Learning, flat
from pellucid.core.losses import Loss
from pellucid.core.metrics import Metric
from pellucid.core.optimizers import Optimizer
from pellucid.core.schedules import Constant, Schedule
from pellucid.core.types import Array
from pellucid.engines import Engine, predict_and_loss, batches_a_call
from pellucid.errors import DivergenceError, InputError, Message
from pellucid.network import Network
from pellucid.training.augment import Augmentation, wants_each_batch
from pellucid.training.callbacks import Callback
from pellucid.training.data import Rows
from pellucid.training.history import History

_ORDER = 1 << 40  # the stream of random numbers that shuffles is nobody else's
_CHANGED_AT_ONCE = (
    1 << 22
)  # bytes that an augmentation makes: of more, some leave the cache before they are learned


class Run:
    """A training under way; callbacks are given it. See `Callback` for what they may read."""

    def __init__(
        self,
        net: Network,
        rows: Rows,
        *,
        held: Rows | None,
        loss: Loss,
        optimizer: Optimizer,
        engine: Engine,
        schedule: Schedule,
        metrics: dict[str, Metric],
        augment: Augmentation | None,
        callbacks: Sequence[Callback],
        epochs: int,
        batch_size: int,
        seed: int,
    ) -> None:
        self.net, self.rows, self.held = net, rows, held
        self.loss_function, self.optimizer = loss, optimizer
        self.engine, self.schedule = engine, schedule
        self.metrics, self.augment, self.callbacks = metrics, augment, callbacks
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.batches = -(-len(rows.x) // batch_size)
        self.epoch = self.batch = 0
        self.loss = math.nan
        self.history = History(engine.name)
        self._base_rate = engine.learning_rate
        self._watched: Sequence[float] = ()
        self._stop: str | None = None

    def __repr__(self) -> str:
        return f"<Run: epoch {self.epoch} of {self.epochs}, batch {self.batch} of {self.batches}, loss {self.loss:.4g}>"

    @property
    def columns(self) -> list[str]:
        """The names of what each epoch's record will hold."""
        figures = ["loss", *self.metrics]
        held = [] if self.held is None else [f"validation_{name}" for name in figures]
        return ["epoch", *figures, *held, "learning_rate", "seconds"]

    def stop(self, reason: str) -> None:
        """End learning after this batch; `reason` becomes `history.stopped`."""
        self._stop = reason

    def snapshot(self) -> list[Array]:
        """Give copies of all parameters and buffers."""
        return [array.copy() for array in self._arrays()]

    def restore(self, snapshot: list[Array]) -> None:
        """Write a snapshot's numbers back into the network."""
        for array, saved in zip(self._arrays(), snapshot, strict=True):
            array[...] = saved

    def go(self) -> History:
        """Learn until all epochs are done or something stops it; give the history."""
        for callback in self.callbacks:
            callback.on_start(self)
        try:
            # Overflow is not warned of batch by batch: the loss shows it, and `_diverged` tells
            # where it began.
            with _stopping_on_interrupt(self), np.errstate(over="ignore", invalid="ignore"):
                while self.epoch < self.epochs and self._stop is None:
                    self.epoch, self.batch = self.epoch + 1, 0
                    self._one_epoch()
            self._swap_average()
            self.history.stopped = self._stop or "finished"
        finally:
            for callback in self.callbacks:
                callback.on_end(self)
        return self.history

    def _one_epoch(self) -> None:
        started = time.perf_counter()
        self._swap_average()
        before = self.snapshot()  # as the last epoch's record describes them
        self._swap_average()
        if self.schedule.watches:
            self._watched = self.history["loss" if self.held is None else "validation_loss"]
        figures = self._learn_rows(before)
        if figures is None:
            self.history.unfinished = time.perf_counter() - started
            return
        record: dict[str, float] = {"epoch": self.epoch, **figures}
        self._swap_average()
        if self.held is not None:
            record |= self._validate(self.held)
        record["learning_rate"] = self.engine.learning_rate
        record["seconds"] = time.perf_counter() - started
        self.history.records.append(record)
        for callback in self.callbacks:
            callback.on_epoch(self)
        self._swap_average()

    def _learn_rows(self, before: list[Array]) -> dict[str, float] | None:
        """Learn from all rows once; give loss and metrics, or None if it was stopped halfway."""
        order = counter.permutation(counter.key(self.seed, self.epoch, _ORDER), len(self.rows.x))
        answers = self._batches(order, before)
        if not all(np.isfinite(array).all() for array in self._arrays()):
            self._diverged(before, order[-self.batch_size :])
        if answers is None:
            return None
        metrics = {
            name: _figure(name, metric(answers, self.rows.t[order]))
            for name, metric in self.metrics.items()
        }
        return {"loss": self.loss, **metrics}

    def _batches(self, order: Array, before: list[Array]) -> Array | None:
        """Learn one epoch's batches.

        Give the answers row by row in `order`, or None if it was stopped halfway.
        """
        watching = [each for each in self.callbacks if type(each).on_batch is not Callback.on_batch]
        together = self.batch_size * self._batches_a_call(watching)
        answers: list[Array] = []
        total = shares = 0.0
        for start in range(0, len(order), together):
            rows = order[start : start + together]
            losses, y = self._learn(rows)
            self.batch += len(losses)
            if not math.isfinite(losses[-1]):
                self._diverged(
                    before, rows[(len(losses) - 1) * self.batch_size :][: self.batch_size]
                )
            for loss, share in zip(losses, self._shares(rows), strict=True):
                total, shares = total + loss * share, shares + share
            self.loss = total / shares if shares else 0.0
            if self.metrics:
                answers.append(np.array(y))
            for callback in watching:
                callback.on_batch(self)
            if self._stop is not None and self.batch < self.batches:
                return None
        return np.concatenate(answers) if answers else np.empty((0, 0))

    def _batches_a_call(self, watching: Sequence[Callback]) -> int:
        """Give how many batches are learned at once.

        As many as a call takes, unless somebody wants each by itself.
        """
        if any(each.each_batch for each in watching):
            return 1
        count = batches_a_call(self.batch_size, self.net.parameter_count)
        if self.augment is None:
            return count
        if wants_each_batch(self.augment):
            return 1
        changed = self.batch_size * math.prod(self.rows.x.shape[1:]) * self.net.dtype.itemsize
        return max(1, min(count, _CHANGED_AT_ONCE // max(1, changed)))

    def _shares(self, rows: Array) -> list[float]:
        """Give each batch's share of the loss.

        How many of these rows it has, or the sum of their weights.
        """
        if self.rows.weights is None:
            whole, rest = divmod(len(rows), self.batch_size)
            return [float(self.batch_size)] * whole + [float(rest)] * (rest > 0)
        starts = range(0, len(rows), self.batch_size)
        return [
            float(self.rows.weights[rows[start : start + self.batch_size]].sum())
            for start in starts
        ]

    def _learn(self, rows: Array) -> tuple[list[float], Array]:
        """Learn the batches that these rows make.

        Give their losses, up to one that is not finite, and the answers.
        """
        (x, t, weights), size, wanted = self.rows, self.batch_size, bool(self.metrics)
        rates = self._rates(-(-len(rows) // size))
        if self.augment is None:
            return self.engine.train_steps(x, t, weights, rows, size, rates, outputs=wanted)
        several = 0 if wants_each_batch(self.augment) else size
        learning = Learning(self.seed, self.engine.state["step"], batch_size=several)
        changed = np.asarray(self.augment(x.take(rows, axis=0), learning))
        if changed.ndim == 0 or len(changed) != len(rows):
            raise InputError(
                "augment must give as many rows as it was given, {N}; it gave an array of shape "
                "{got}",
                N=len(rows),
                got=changed.shape,
            )
        own = None if weights is None else weights[rows]
        return self.engine.train_steps(changed, t[rows], own, None, size, rates, outputs=wanted)

    def _rates(self, count: int) -> list[float]:
        """Give the learning rates of the next batches."""
        if type(self.schedule) is Constant:  # not asked for each of thousands
            return [self._base_rate] * count
        done = [self.epoch - 1 + (self.batch + index) / self.batches for index in range(count)]
        return [
            self._base_rate * self.schedule.factor(each, self.epochs, self._watched)
            for each in done
        ]

    def _validate(self, held: Rows) -> dict[str, float]:
        y, loss = predict_and_loss(
            self.net.layers, self.loss_function, held.x, held.t, held.weights, self.engine.name
        )
        found = {name: _figure(name, metric(y, held.t)) for name, metric in self.metrics.items()}
        return {f"validation_{name}": value for name, value in {"loss": loss, **found}.items()}

    def _swap_average(self) -> None:
        """Exchange the parameters with their moving average, where the optimizer keeps one."""
        params = compress(self.net.params, chain.learns(self.net.layers))
        for p, average in zip(params, self.engine.state.get("average", ()), strict=False):
            p[...], average[...] = average.copy(), p.copy()

    def _diverged(self, before: list[Array], rows: Array) -> None:
        where = self._first_not_finite(rows)
        self.restore(before)
        raise DivergenceError(
            "learning diverged in epoch {epoch}, batch {batch}: numbers stopped being finite "
            "{where}. "
            "The weights are those from before this epoch. Try a smaller learning rate (it was "
            "{rate:.3g}), "
            "clip_norm=1 in the optimizer, or inputs scaled to about -1 to 1",
            epoch=self.epoch,
            batch=self.batch,
            where=where,
            rate=self.engine.learning_rate,
        )

    def _first_not_finite(self, rows: Array) -> Message:
        for index, layer in enumerate(self.net.layers):
            if not all(np.isfinite(array).all() for array in layer.arrays().values()):
                return Message(
                    "in the weights of layer {index} ({name})",
                    index=index,
                    name=type(layer).__name__,
                )
        x = chain.as_input(self.net.layers, self.rows.x[rows])
        for index, y in enumerate(chain.forward(self.net.layers, x, Learning(self.seed))):
            if not np.isfinite(y).all():
                name = type(self.net.layers[index]).__name__
                return Message("in what layer {index} ({name}) gives out", index=index, name=name)
        return Message("in the loss")

    def _arrays(self) -> list[Array]:
        return flat(list(layer.arrays().values()) for layer in self.net.layers)


def _figure(name: str, value: Any) -> float:
    if np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "biuf":
        raise InputError(
            "the metric {name} must give one number, got {got}", name=name, got=repr(value)
        )
    return float(value)


@contextmanager
def _stopping_on_interrupt(run: Run) -> Iterator[None]:
    """Let the first Ctrl-C stop the run after its batch; the second one interrupts at once."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: object) -> None:
        run.stop("interrupted")
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
