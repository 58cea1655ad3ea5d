"""Several networks at once, in threads and in processes: the same bits as alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from tests.engines.test_native_processes import run_script
from tests.engines.tools import bits
from tests.proving import PATIENCE

ROWS: Array = np.random.default_rng(0).normal(size=(600, 40)).astype(np.float32)
CLASSES: Array = np.arange(600) % 5


def made(seed: int) -> pl.Network:
    return pl.mlp([40, 64, 5], "tanh", "softmax", dropout=0.1 * (seed % 2), seed=seed)


def trained(seed: int, threads: int = 1) -> bytes:
    net = made(seed)
    optimizer = pl.Adam(0.01) if seed % 3 else pl.SGD(0.1, momentum=0.9)
    pl.train(
        net,
        ROWS,
        CLASSES,
        optimizer=optimizer,
        epochs=3,
        seed=seed,
        threads=threads,
        progress=False,
    )
    return bits(*net.params)


def test_networks_train_and_predict_in_threads_at_once() -> None:
    """Six train, on one thread or on two, while six others are asked, one row or all at a time."""
    nets = [made(seed) for seed in range(6)]
    alone = [trained(seed) for seed in range(6)]
    expected = [bits(net.predict(ROWS)) for net in nets]
    together = threading.Barrier(12)

    def train_one(seed: int) -> bool:
        together.wait(PATIENCE)
        return trained(seed, 1 + seed % 2) == alone[seed]

    def ask_one(index: int) -> bool:
        predict = nets[index].predictor()
        together.wait(PATIENCE)
        for _ in range(20):
            rows = [predict(ROWS[row : row + 1]) for row in range(0, 600, 60)]
            if bits(nets[index].predict(ROWS)) != expected[index]:
                return False
            if bits(*rows) != bits(*np.split(nets[index](ROWS[::60]), 10)):
                return False
        return True

    with ThreadPoolExecutor(12) as pool:
        found = [pool.submit(work, k) for k in range(6) for work in (train_one, ask_one)]
        assert all(each.result() for each in found)


def test_a_network_is_asked_while_it_trains() -> None:
    """The askers see the weights of some moment, and change nothing."""
    net, stop, asked = made(1), threading.Event(), threading.Semaphore(0)

    def ask() -> bool:
        predict, fine = net.predictor(), True
        while not stop.is_set():
            y = predict(ROWS)
            fine &= bool(np.isfinite(y).all()) and bool(np.allclose(y.sum(axis=1), 1, atol=1e-4))
            asked.release()
        return fine

    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(ask) for _ in range(2)]
        try:
            asked.acquire()  # they are at work
            pl.train(net, ROWS, CLASSES, optimizer=pl.Adam(0.01), epochs=3, seed=1, progress=False)
        finally:
            stop.set()
        assert all(each.result() for each in found)
    assert bits(*net.params) == trained(1)


WORK = """
import multiprocessing
import numpy as np
import pellucid as pl

x = np.random.default_rng(0).normal(size=(300, 40)).astype("float32")
t = np.arange(300) % 5

def made(seed):
    return pl.mlp([40, 200, 5], "tanh", "softmax", dropout=0.1, seed=seed)

def trained(net):
    engine = pl.train(net, x, t, epochs=2, threads=2, progress=False).engine
    return net, net(x), engine

def main(method):
    nets = [made(seed) for seed in range(4)]
    before = [net(x) for net in nets]  # by the engine, whose threads are at hand
    alone = [trained(net.copy()) for net in nets]
    pool = multiprocessing.get_context(method).Pool(2)
    found = pool.map(trained, nets)
    pool.close()  # and no terminate: its SIGTERM may be caught by what traces the tests
    pool.join()
    for (net, y, engine), (own, y_own, _) in zip(found, alone):
        assert engine == "native", engine
        assert net == own and net(x).tobytes() == y.tobytes() == y_own.tobytes()
    for net, y in zip(nets, before):
        assert net(x).tobytes() == y.tobytes()
    print("same bits")
"""


@pytest.mark.parametrize(
    "method", ["fork", "spawn", pytest.param("forkserver", marks=pytest.mark.integration)]
)
def test_networks_go_to_processes_and_come_back(method: str, tmp_path: Path) -> None:
    """There they are trained, after the engine was used here."""
    (tmp_path / "work_of_many.py").write_text(WORK)
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import work_of_many"
    assert run_script(f"{start}; work_of_many.main({method!r})", covered=False) == "same bits\n"
