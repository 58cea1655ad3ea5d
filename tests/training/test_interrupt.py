"""Ctrl-C.

The first stops after the batch and leaves a usable network, the second interrupts at once.
"""

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.training.callbacks import RunView
from tests.proving import PATIENCE

Data = tuple[Array, Array]

LEARNING = """
import sys, time
import numpy as np
import pellucid as pl

class Tell(pl.Callback):
    def on_batch(self, run):
        print("learning", flush=True)
        if sys.argv[1] == "slow":
            while run.stopped is None:
                time.sleep(0.01)
            print("stopping", flush=True)
            time.sleep(3600)

net = pl.mlp([2, 3], seed=0)
history = pl.train(net, np.ones((64, 2)), np.zeros(64, int), epochs=10**9, callbacks=[Tell()])
print(history.stopped, net.record["stopped"], bool(np.isfinite(net(np.ones((1, 2)))).all()))
"""


def learn_elsewhere(pace: str) -> tuple[int, str, str]:
    """Interrupt a training; where it is slow, once more as soon as it has noticed."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEARNING, pace],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "learning\n"
        process.send_signal(signal.SIGINT)
        if pace == "slow":
            assert process.stdout.readline() == "stopping\n"
            process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()  # whatever went wrong, it does not learn on for ever
    return process.returncode, out.splitlines()[-1] if out else "", error


def test_a_real_ctrl_c() -> None:
    code, last, error = learn_elsewhere("fast")
    assert (code, last, error) == (0, "interrupted interrupted True", "")


def test_a_second_ctrl_c_does_not_wait_for_the_batch() -> None:
    code, _, error = learn_elsewhere("slow")
    assert code == -signal.SIGINT
    assert error.rstrip().endswith("KeyboardInterrupt")


class Interrupt(pl.Callback):
    """Send this process a SIGINT in one batch, or two."""

    def __init__(self, batch: int, times: int = 1) -> None:
        self.batch, self.times = batch, times

    def on_batch(self, run: RunView) -> None:
        if (run.epoch, run.batch) == (2, self.batch):
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


def test_the_main_thread_stops_after_the_batch(blobs: Data) -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    batches: list[int] = []
    ended: list[str] = []

    class Count(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            batches.append(run.batch)

        def on_end(self, run: RunView) -> None:
            ended.append(run.history.stopped)

    net = pl.mlp([2, 3], seed=0)
    history = pl.train(net, *blobs, epochs=9, batch_size=20, callbacks=[Interrupt(2), Count()])
    assert batches == [1, 2, 3, 1, 2]
    assert (history.stopped, len(history), ended) == ("interrupted", 1, ["interrupted"])
    assert (
        0 < history["seconds"][0] < history.seconds
    )  # the epoch that was stopped halfway took time, too
    assert net.record["stopped"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    half = net.copy()
    pl.train(net, *blobs, epochs=1)
    assert net != half
    assert np.isfinite(net(blobs[0])).all()


def test_an_interrupt_in_the_last_batch_keeps_the_epoch(blobs: Data) -> None:
    history = pl.train(pl.mlp([2, 3]), *blobs, epochs=9, batch_size=20, callbacks=[Interrupt(3)])
    assert (history.stopped, len(history)) == ("interrupted", 2)


def test_the_second_interrupts_at_once(blobs: Data) -> None:
    ended: list[int] = []

    class End(pl.Callback):
        def on_end(self, run: RunView) -> None:
            ended.append(run.batch)

    net = pl.mlp([2, 3], seed=0)
    with pytest.raises(KeyboardInterrupt):
        pl.train(net, *blobs, epochs=9, batch_size=20, callbacks=[Interrupt(2, times=2), End()])
    assert ended == [2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert np.isfinite(net(blobs[0])).all()


def test_early_stopping_still_gives_the_best_weights(blobs: Data) -> None:
    best: list[pl.Network] = []
    net = pl.mlp([2, 3], seed=0)
    callbacks: list[Any] = [
        pl.EarlyStopping("loss"),
        lambda run: best.append(run.net.copy()),
        Interrupt(2),
    ]
    pl.train(net, *blobs, epochs=9, batch_size=20, callbacks=callbacks)
    assert net == best[0]


def test_the_average_is_left_in_the_network(blobs: Data) -> None:
    raw: list[Array] = []

    class Note(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            raw.append(run.net.params[0].copy())

    net = pl.mlp([2, 3], seed=0)
    start = net.params[0].copy()
    pl.train(
        net,
        *blobs,
        optimizer=pl.SGD(0.5, ema=0.5),
        epochs=9,
        batch_size=20,
        callbacks=[Interrupt(1), Note()],
    )
    average = start
    for p in raw:
        average = average + 0.5 * (p - average)
    assert len(raw) == 4
    np.testing.assert_allclose(net.params[0], average, rtol=1e-5)


def test_a_handler_of_the_users_own_is_left_alone(blobs: Data) -> None:
    heard: list[int] = []

    def own(number: int, frame: object) -> None:
        heard.append(number)

    before = signal.signal(signal.SIGINT, own)
    try:
        history = pl.train(
            pl.mlp([2, 3]), *blobs, epochs=2, batch_size=20, callbacks=[Interrupt(1)]
        )
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    assert history.stopped == "finished"


def test_training_works_in_other_threads(blobs: Data) -> None:
    nets = [pl.mlp([2, 8, 3], dropout=0.2, seed=0) for _ in range(5)]
    threads = [
        threading.Thread(target=pl.train, args=(net, *blobs), kwargs={"epochs": 3})
        for net in nets[1:]
    ]
    for thread in threads:
        thread.start()
    pl.train(nets[0], *blobs, epochs=3)
    for thread in threads:
        thread.join()
    assert all(net == nets[0] for net in nets[1:])
