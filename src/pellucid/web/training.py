"""A training that a page watches and steers.

`train` in a thread of its own, which ends when its page goes away.
"""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Lock, Thread
from typing import Any, NamedTuple

from pellucid.core.layer import flat
from pellucid.core.optimizers import SGD
from pellucid.core.schedules import Schedule
from pellucid.core.types import Array
from pellucid.errors import DivergenceError, InputError
from pellucid.lens.activity import neuron_activity
from pellucid.network import Network
from pellucid.training.callbacks import Callback
from pellucid.training.loop import train
from pellucid.training.run import Run
from pellucid.web.digits import learning_rows
from pellucid.web.parts import model_bytes

PERIOD = 0.2
"""Seconds between two pieces of news, at least: each holds the whole network."""

MOST_EPOCHS = 1000
LOOKED_AT = 1000  # digits over which neurons are dead or saturated
NAMED = 12  # of them, those that are named
SLOW = 20.0  # batches a second
_HELD_BYTES = 64 << 20  # what a page may look back on


class ByHand(Schedule):
    """The learning rate that is set by hand while learning runs; the optimizer's own is 1."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def factor(self, epoch: float, epochs: float, history: Any = ()) -> float:
        return self.learning_rate


class Moment(NamedTuple):
    """What learning goes on from after an epoch.

    Parameters and buffers, and the optimizer's memory.
    """

    arrays: list[Array]
    memory: dict[str, list[Array]]
    step: int

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return sum(array.nbytes for array in (*self.arrays, *flat(self.memory.values())))


class Moments:
    """The moments to which a page can go back.

    All, or where they are too large every second, every fourth, ...
    """

    def __init__(self, most_bytes: int = _HELD_BYTES) -> None:
        self._held: dict[int, Moment] = {}
        self._every, self._most_bytes = 1, most_bytes

    @property
    def epochs(self) -> list[int]:
        """The epochs that are held, ascending."""
        return list(self._held)

    def __getitem__(self, epoch: int) -> Moment:
        return self._held[epoch]

    def keep(self, epoch: int, moment: Moment) -> None:
        """Hold the moment after an epoch; where all are too many, every second, fourth, ...

        Stays.
        """
        while (
            len(self._held) + 1
        ) * moment.nbytes > self._most_bytes and self._every < MOST_EPOCHS:
            self._every *= 2
            self._thin()
        self._thin()
        self._held[epoch] = moment

    def cut(self, epoch: int) -> None:
        """Forget what came after an epoch."""
        self._held = {number: moment for number, moment in self._held.items() if number <= epoch}

    def _thin(self) -> None:
        self._held = {
            number: moment for number, moment in self._held.items() if number % self._every == 0
        }


class Training(Callback):
    """The training of one page.

    `start` gives it a network; `order` plays, pauses, learns one batch or one epoch; `show` goes
    back to an epoch, from which learning goes on with the optimizer's memory and the order of rows
    that it had, so that the same orders give the same numbers. `changed` is called, from whatever
    thread, when `news` has something to tell.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._orders = Lock()  # one order at a time
        self._turn = Condition()  # guards what the thread and the orders share
        self._thread: Thread | None = None
        self._net: Network | None = None
        self.closed = self._halting = self._ended = False
        self._mode, self._shown, self._diverged = "pause", 0, False
        self._rate, self._batch_size, self._seed, self._pace = ByHand(1.0), 100, 0, "full"
        self._moments, self._records = Moments(), list[dict[str, float]]()
        self._sent, self._told = 0, -math.inf
        self._place, self._figures = _at(0), dict[str, Any]()
        self._weights: str | None = None

    def start(self, net: Network, seed: int) -> None:
        """Begin anew with a network, which learns in place, and wait for orders."""
        with self._orders:
            self._halt()
            self._net, self._seed, self._shown = net, seed, 0
            self._moments, self._records, self._sent = Moments(), [], 0
            self._diverged, self._place = False, _at(0)
            self._moments.keep(0, Moment([array.copy() for array in _arrays(net)], {}, 0))
            net.record = {}
            with self._turn:
                self._tell()

    def settle(self, rate: float, batch_size: int, pace: str) -> None:
        """Set learning rate (from the next batch on), batch size (from the next epoch on) and pace."""
        with self._turn:
            self._rate.learning_rate, self._batch_size, self._pace = rate, batch_size, pace

    def order(self, what: str) -> None:
        """Do "play", "pause", "batch" or "epoch"."""
        with self._orders:
            if self._net is None:
                return
            going = self._thread is not None and self._thread.is_alive() and not self._ended
            if what != "pause" and not going:
                self._halt()
                self._records = self._records[: self._shown]
                self._diverged = self._ended = False
                self._moments.cut(self._shown)
                self._sent = min(self._sent, self._shown)
                self._mode = what
                self._thread = Thread(target=self._learn, args=(self._net,), daemon=True)
                self._thread.start()
                return
            with self._turn:
                self._mode = what
                self._turn.notify_all()

    def show(self, epoch: int) -> None:
        """Go back to an epoch that was kept."""
        self.order("pause")
        with self._orders:
            if self._net is None or epoch not in self._moments.epochs:
                return
            self._halt()
            _write(self._net, self._moments[epoch].arrays)
            self._shown = epoch
            self._net.record, self._place = (
                {},
                _at(epoch, self._records[epoch - 1]["loss"] if epoch else None),
            )
            with self._turn:
                self._tell()

    def close(self) -> None:
        """End it. Can be called at any time, from a signal's handler as well.

        The thread ends after its batch.
        """
        self.closed = True
        with self._turn:
            self._halting = True
            self._turn.notify_all()
        self._changed()

    def news(self) -> dict[str, Any]:
        """Give what changed since the last time, for the page."""
        with self._turn:
            first, self._sent = min(self._sent, len(self._records)), len(self._records)
            weights, self._weights = self._weights, None
            return {
                **self._figures,
                "mode": self._mode,
                "shown": self._shown,
                "first": first,
                "records": [_plain(record) for record in self._records[first:]],
                "kept": self._moments.epochs,
                "diverged": self._diverged,
                "finished": len(self._records) >= MOST_EPOCHS,
                "weights": weights,
            }

    def on_start(self, run: Run) -> None:
        moment = self._moments[self._shown]
        run.restore(moment.arrays)
        run.epoch, run.history.records = self._shown, [dict(record) for record in self._records]
        run.engine.state["step"] = moment.step
        for name, arrays in moment.memory.items():
            for array, saved in zip(run.engine.state[name], arrays, strict=True):
                array[...] = saved

    def on_batch(self, run: Run) -> None:
        if run.batch < run.batches:  # the last one's turn comes with its epoch
            self._arrive(run, "batch")

    def on_epoch(self, run: Run) -> None:
        with self._turn:
            memory = {name: value for name, value in run.engine.state.items() if name != "step"}
            copies = {name: [array.copy() for array in arrays] for name, arrays in memory.items()}
            self._moments.keep(run.epoch, Moment(run.snapshot(), copies, run.engine.state["step"]))
            self._records.append(run.history.records[-1])
            self._shown = run.epoch
            run.batch_size, run.batches = self._batch_size, -(-len(run.rows.x) // self._batch_size)
        self._arrive(run, "epoch")

    def _arrive(self, run: Run, where: str) -> None:
        """Tell the page, where it is time, and wait for leave to go on."""
        with self._turn:
            self._place = {
                "epoch": run.epoch,
                "batch": run.batch,
                "batches": run.batches,
                "loss": run.loss,
            }
            if self._mode in ("batch", where):
                self._mode = "pause"
            if self._mode == "play" and self._pace != "full":
                self._turn.wait(1 / (SLOW if self._pace == "slow" else run.batches))
            if self._mode == "pause" or time.monotonic() - self._told >= PERIOD:
                self._tell()
            while self._mode == "pause" and not self._halting:
                self._turn.wait()
            if self._halting:
                run.stop("halted")

    def _learn(self, net: Network) -> None:
        """Be the thread."""
        x, t, held = learning_rows(net)
        try:
            train(
                net,
                x,
                t,
                optimizer=SGD(1.0, momentum=0.9),
                schedule=self._rate,
                epochs=MOST_EPOCHS,
                batch_size=self._batch_size,
                validation=held,
                seed=self._seed,
                callbacks=[self],
                progress=False,
            )
        except DivergenceError:
            self._diverged = True
        with self._turn:
            self._mode, self._ended = "pause", True
            self._tell()

    def _halt(self) -> None:
        """Let the thread end, and wait for it."""
        if self._thread is not None:
            with self._turn:
                self._halting = True
                self._turn.notify_all()
            self._thread.join()
        self._thread, self._halting, self._mode = None, self.closed, "pause"

    def _tell(self) -> None:
        """Make the news: the network, and what is known of its neurons.

        Where learning is stands in `_place`.
        """
        net = self._net
        assert net is not None
        if self._halting:
            return
        x, _, (held, labels) = learning_rows(net)
        accuracy = self._records[-1]["validation_accuracy"] if self._records else None
        if self._mode == "pause":
            accuracy = float((net.classify(held) == labels).mean())
        self._figures = _plain(self._place) | {
            "accuracy": accuracy,
            "quiet": _quiet(net, x[:LOOKED_AT]),
        }
        self._weights = base64.b64encode(model_bytes(net)).decode()
        self._told = time.monotonic()
        self._changed()


def _at(epoch: int, loss: float | None = None) -> dict[str, Any]:
    return {"epoch": epoch, "batch": 0, "batches": 0, "loss": loss}


def _quiet(net: Network, x: Array) -> dict[str, Any]:
    """Give how many neurons are dead and saturated, and the first of them as [index of the layer,
    neuron].

    Outputs are left out of the saturated: an answer should be near one of its ends.
    """
    dead, saturated = list[tuple[str, int]](), list[tuple[str, int]]()
    with suppress(InputError):  # a network without activations has neither
        for one in neuron_activity(net, x).layers:
            dead += [(one.layer, int(j)) for j in one.dead.nonzero()[0]]
            if one.layer != str(len(net.layers) - 1):
                saturated += [(one.layer, int(j)) for j in (one.saturated & ~one.dead).nonzero()[0]]
    found = {"dead": dead, "saturated": saturated}
    return {name: {"count": len(all_of), "some": all_of[:NAMED]} for name, all_of in found.items()}


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    """Exchange numbers that are not finite, which JSON does not have, for None."""
    bad = {
        name
        for name, value in figures.items()
        if isinstance(value, float) and not math.isfinite(value)
    }
    return {name: None if name in bad else value for name, value in figures.items()}


def _arrays(net: Network) -> list[Array]:
    return flat(list(layer.arrays().values()) for layer in net.layers)


def _write(net: Network, arrays: list[Array]) -> None:
    for array, saved in zip(_arrays(net), arrays, strict=True):
        array[...] = saved
