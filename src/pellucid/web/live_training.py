"""A training that a page watches and steers: `train` in a thread that ends with the page."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Lock, Thread
from typing import NamedTuple, TypedDict

import numpy as np

from pellucid.core.layer import flat
from pellucid.core.metrics import accuracy
from pellucid.core.optimizers import SGD
from pellucid.core.schedules import Schedule
from pellucid.core.types import Array, Batch
from pellucid.engines import predict_and_loss
from pellucid.errors import DivergenceError, InputError
from pellucid.language import LANGUAGES, speaking
from pellucid.lens.activity import neuron_activity
from pellucid.network import Network
from pellucid.training.callbacks import Callback, RunView, arrays_of, write_arrays
from pellucid.training.choices import choose_loss
from pellucid.training.hints import Hint
from pellucid.training.loop import train
from pellucid.training.run import Run
from pellucid.web.digits import training_digits
from pellucid.web.parts import model_bytes

PERIOD = 0.2
"""Least seconds between two pieces of news, as each holds the whole network."""

MOST_EPOCHS = 1000
_OBSERVED = 1000  # digits over which neurons are dead or saturated
_NAMED = 12  # dead or saturated neurons that the news name
_SLOW = 20.0  # batches a second
_SNAPSHOT_BYTES = 64 << 20  # of all snapshots of a page


class ManualRate(Schedule):
    """The learning rate that the user sets during training; the optimizer's own is 1."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        return self.learning_rate


class Snapshot(NamedTuple):
    """The state after an epoch, from which training continues with the same numbers."""

    arrays: list[Array]  # parameters and buffers
    memory: dict[str, list[Array]]  # of the optimizer
    step: int

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in (*self.arrays, *flat(self.memory.values())))


class Snapshots:
    """The epochs to which a page can go back: all, or within the bytes every second, fourth, ..."""

    def __init__(self, most_bytes: int = _SNAPSHOT_BYTES) -> None:
        self._held: dict[int, Snapshot] = {}
        self._every, self._most_bytes = 1, most_bytes

    @property
    def epochs(self) -> list[int]:
        """The epochs with a snapshot, ascending."""
        return list(self._held)

    def __getitem__(self, epoch: int) -> Snapshot:
        return self._held[epoch]

    def keep(self, epoch: int, snapshot: Snapshot) -> None:
        """Keep the snapshot of an epoch, and drop others where all would be too large."""
        size = snapshot.nbytes
        while (len(self._held) + 1) * size > self._most_bytes and self._every < MOST_EPOCHS:
            self._every *= 2
            self._thin()
        self._thin()
        self._held[epoch] = snapshot

    def cut(self, epoch: int) -> None:
        """Drop the snapshots after an epoch."""
        self._held = {number: one for number, one in self._held.items() if number <= epoch}

    def _thin(self) -> None:
        held = self._held.items()
        self._held = {number: one for number, one in held if number % self._every == 0}


class Position(TypedDict):
    """Where the training is: batch 0 of 0 stands for the end of an epoch."""

    epoch: int
    batch: int
    batches: int
    loss: float | None


class Neurons(TypedDict):
    """How many neurons, and the first of them as (index of the activation layer, neuron)."""

    count: int
    some: list[tuple[str, int]]


class Quiet(TypedDict):
    """Neurons that hardly train."""

    dead: Neurons
    saturated: Neurons


class Status(Position):
    """The position, and the network there, on the validation digits."""

    accuracy: float | None
    held_loss: float | None
    quiet: Quiet


class News(Status):
    """Changes since the last news, for the page: `News` in training.js, with new records from
    epoch `first` on and new weights (a model file in base64).
    """

    mode: str
    shown: int
    first: int
    records: list[dict[str, float | None]]
    kept: list[int]
    hints: list[dict[str, str]]  # kind, and the text in both languages
    diverged: bool
    finished: bool
    weights: str | None


class Training(Callback):
    """The training of one page.

    `start` takes a network; `order` plays, pauses, trains one batch or one epoch; `show` goes back
    to an epoch. From there training continues with the optimizer's memory and the order of rows of
    that epoch, so that the same orders repeat the same numbers.

    Parameters
    ----------
    changed
        Called from any thread when there are news.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._orders = Lock()  # one order at a time
        self._turn = Condition()  # guards all that the thread and the orders share
        self._thread: Thread | None = None
        self._net: Network | None = None
        self.closed = self._halting = self._ended = False
        self._mode, self._shown, self._diverged = "pause", 0, False
        self._rate, self._batch_size, self._seed, self._pace = ManualRate(1.0), 100, 0, "full"
        self._snapshots, self._records = Snapshots(), list[dict[str, float]]()
        self._sent, self._published = 0, -math.inf
        self._position: Position = _position(0)
        self._status: Status = {
            **_position(0),
            "accuracy": None,
            "held_loss": None,
            "quiet": _NONE_QUIET,
        }
        self._weights: str | None = None
        self._hints: tuple[Hint, ...] = ()

    def start(self, net: Network, seed: int) -> None:
        """Start with a network, which is trained in place, and wait for orders."""
        with self._orders:
            self._halt()
            self._net, self._seed, self._shown = net, seed, 0
            self._snapshots, self._records, self._sent = Snapshots(), [], 0
            self._diverged, self._position, self._hints = False, _position(0), ()
            self._snapshots.keep(0, Snapshot([array.copy() for array in arrays_of(net)], {}, 0))
            net.record = {}  # it describes another training
            with self._turn:
                self._publish(net)

    def settle(self, rate: float, batch_size: int, pace: str) -> None:
        """Set learning rate and pace from the next batch on, batch size from the next epoch on."""
        with self._turn:
            self._rate.learning_rate, self._batch_size, self._pace = rate, batch_size, pace

    def order(self, what: str) -> None:
        """Carry out "play", "pause", "batch" or "epoch"."""
        with self._orders:
            if self._net is None:
                return
            going = self._thread is not None and self._thread.is_alive() and not self._ended
            if what != "pause" and not going:
                self._halt()
                # Training continues from the shown epoch; what came after it is replaced.
                self._records = self._records[: self._shown]
                self._diverged, self._ended, self._hints = False, False, ()
                self._snapshots.cut(self._shown)
                self._sent = min(self._sent, self._shown)
                self._mode = what
                # A daemon, so that it cannot keep the process alive after Ctrl-C.
                self._thread = Thread(target=self._train, args=(self._net,), daemon=True)
                self._thread.start()
                return
            with self._turn:
                self._mode = what
                self._turn.notify_all()

    def show(self, epoch: int) -> None:
        """Go back to an epoch that was kept."""
        self.order("pause")
        with self._orders:
            net = self._net
            if net is None or epoch not in self._snapshots.epochs:
                return
            self._halt()
            write_arrays(net, self._snapshots[epoch].arrays)
            self._shown = epoch
            loss = self._records[epoch - 1]["loss"] if epoch else None
            net.record, self._position, self._hints = {}, _position(epoch, loss), ()
            with self._turn:
                self._publish(net)

    def close(self) -> None:
        """End the training after its batch. May be called at any time, even by a signal handler."""
        self.closed = True  # before the lock: `_halt` must see it whenever it ends
        with self._turn:
            self._halting = True
            self._turn.notify_all()
        self._changed()

    def news(self) -> News:
        """Return the changes since the last call, for the page."""
        with self._turn:
            first, self._sent = min(self._sent, len(self._records)), len(self._records)
            weights, self._weights = self._weights, None
            return {
                **self._status,
                "mode": self._mode,
                "shown": self._shown,
                "first": first,
                "records": [_finite(record) for record in self._records[first:]],
                "kept": self._snapshots.epochs,
                "hints": [_told(hint) for hint in self._hints],
                "diverged": self._diverged,
                "finished": len(self._records) >= MOST_EPOCHS,
                "weights": weights,
            }

    def on_start(self, run: RunView) -> None:
        assert isinstance(run, Run)
        snapshot = self._snapshots[self._shown]
        run.restore(snapshot.arrays)
        run.epoch, run.history.records = self._shown, [dict(record) for record in self._records]
        run.engine.state["step"] = snapshot.step
        for name, arrays in snapshot.memory.items():
            for array, saved in zip(run.engine.state[name], arrays, strict=True):
                array[...] = saved

    def on_batch(self, run: RunView) -> None:
        if run.batch < run.batches:  # the last batch is reported with its epoch
            self._report(run, "batch")

    def on_epoch(self, run: RunView) -> None:
        assert isinstance(run, Run)
        with self._turn:
            memory = {name: value for name, value in run.engine.state.items() if name != "step"}
            copies = {name: [array.copy() for array in arrays] for name, arrays in memory.items()}
            snapshot = Snapshot(run.snapshot(), copies, run.engine.state["step"])
            self._snapshots.keep(run.epoch, snapshot)
            self._records.append(run.history.records[-1])
            self._shown, self._hints = run.epoch, run.history.hints
            run.batch_size, run.batches = self._batch_size, -(-len(run.rows.x) // self._batch_size)
        self._report(run, "epoch")

    def _report(self, run: RunView, where: str) -> None:
        """Publish the position where news are due, and wait while the training is paused."""
        with self._turn:
            self._position = _position(run.epoch, run.loss, run.batch, run.batches)
            if self._mode in ("batch", where):
                self._mode = "pause"
            if self._mode == "play" and self._pace != "full":
                self._turn.wait(1 / (_SLOW if self._pace == "slow" else run.batches))
            if self._mode == "pause" or time.monotonic() - self._published >= PERIOD:
                self._publish(run.net)
            while self._mode == "pause" and not self._halting:
                self._turn.wait()
            if self._halting:
                run.stop("halted")

    def _train(self, net: Network) -> None:
        """Train until the thread is to end."""
        x, t, held_out = training_digits(net)
        try:
            train(
                net,
                x,
                t,
                optimizer=SGD(1.0, momentum=0.9),  # times the schedule's rate, the user's
                schedule=self._rate,
                epochs=MOST_EPOCHS,
                batch_size=self._batch_size,
                validation=held_out,
                seed=self._seed,
                callbacks=[self],
                progress=False,
            )
        except DivergenceError:
            self._diverged = True
        with self._turn:
            self._mode, self._ended = "pause", True
            self._publish(net)

    def _halt(self) -> None:
        """End the thread, and wait for its end."""
        if self._thread is not None:
            with self._turn:
                self._halting = True
                self._turn.notify_all()
            self._thread.join()
        self._thread, self._halting, self._mode = None, self.closed, "pause"

    def _publish(self, net: Network) -> None:
        """Make the news: the network, its scores as it is now, and its neurons that hardly train.

        The scores are measured each time, so that the curve begins before the first batch, and an
        epoch has several points.
        """
        if self._halting:
            return
        x, _, (held_out, labels) = training_digits(net)
        with np.errstate(over="ignore", invalid="ignore"):  # a training that diverges
            fitting = choose_loss(None, net, labels)
            y, held_loss = predict_and_loss(net.layers, fitting, held_out, labels)
        self._status = {
            **self._position,
            "loss": _finite_or_none(self._position["loss"]),
            "accuracy": accuracy(y, labels),
            "held_loss": _finite_or_none(held_loss),
            "quiet": _quiet(net, x[:_OBSERVED]),
        }
        self._weights = base64.b64encode(model_bytes(net)).decode()
        self._published = time.monotonic()
        self._changed()


_NONE_QUIET: Quiet = {"dead": {"count": 0, "some": []}, "saturated": {"count": 0, "some": []}}


def _position(epoch: int, loss: float | None = None, batch: int = 0, batches: int = 0) -> Position:
    return {"epoch": epoch, "batch": batch, "batches": batches, "loss": loss}


def _quiet(net: Network, x: Batch) -> Quiet:
    """Return dead and saturated neurons.

    Outputs do not count as saturated: a good prediction is near one of its ends.
    """
    dead, saturated = list[tuple[str, int]](), list[tuple[str, int]]()
    with suppress(InputError):  # a network without activations has neither
        for one in neuron_activity(net, x).layers:
            dead += [(one.layer, int(j)) for j in one.dead.nonzero()[0]]
            if one.layer != str(len(net.layers) - 1):
                saturated += [(one.layer, int(j)) for j in (one.saturated & ~one.dead).nonzero()[0]]
    return {
        "dead": {"count": len(dead), "some": dead[:_NAMED]},
        "saturated": {"count": len(saturated), "some": saturated[:_NAMED]},
    }


def _told(hint: Hint) -> dict[str, str]:
    found = {"kind": str(hint.kind)}
    for language in LANGUAGES:
        with speaking(language):
            found[language] = hint.line
    return found


def _finite(record: dict[str, float]) -> dict[str, float | None]:
    """Replace numbers that are not finite by None, as JSON has none of them."""
    return {name: _finite_or_none(value) for name, value in record.items()}


def _finite_or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
