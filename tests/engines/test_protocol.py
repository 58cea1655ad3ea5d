"""Which engines there are, and what threads and installations make of them."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import chain
from pellucid.engines import instructions, make_engine, thread_count
from tests.engines.every_engine import AVAILABLE, bits, data, every_engine, network, worker


@every_engine
def test_several_engines_in_several_threads(engine: str) -> None:
    x, t, weights = data(200)

    def learn(seed: int) -> bytes:
        net = network(seed=seed)
        made = worker(net, engine)
        for _ in range(10):
            made.train_step(x, t, weights)
        return bits(net)

    expected = [learn(seed % 3) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(learn, [0, 1, 2, 0, 1, 2])) == expected


def test_how_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PELLUCID_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert thread_count() == len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 5, 9})
    assert thread_count() == 3  # the cores that this process may use
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert thread_count() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "6,2")
    assert thread_count() == 6
    monkeypatch.setenv("OMP_NUM_THREADS", " 7 ")
    assert thread_count() == 7
    monkeypatch.setenv("PELLUCID_THREADS", "4")
    assert thread_count() == 4
    monkeypatch.setenv("PELLUCID_THREADS", "")
    assert thread_count() == 7
    assert thread_count(2) == thread_count(np.int64(2)) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [0, -1, 1.5, True, "many"])
def test_no_number_of_threads(monkeypatch: pytest.MonkeyPatch, given: Any) -> None:
    with pytest.raises(pl.InputError, match="threads must be a whole number of 1 or more"):
        make_engine([], threads=given)
    monkeypatch.setenv("OMP_NUM_THREADS", str(given))
    monkeypatch.delenv("PELLUCID_THREADS", raising=False)
    with pytest.raises(pl.InputError, match="OMP_NUM_THREADS must be"):
        thread_count()
    monkeypatch.setenv("PELLUCID_THREADS", str(given))
    with pytest.raises(pl.InputError, match="PELLUCID_THREADS must be"):
        thread_count()


def test_which_engines_there_are() -> None:
    assert "reference" in AVAILABLE
    assert make_engine([], engine="reference").name == "reference"
    assert make_engine([]).name == "reference"  # nothing tells how many inputs there are
    assert make_engine([]).learning_rate == 0
    assert make_engine([], optimizer=pl.SGD(0.3)).learning_rate == 0.3
    assert all(
        make_engine([pl.Affine(np.ones((1, 1)))], engine=name).name == name for name in AVAILABLE
    )
    with pytest.raises(
        pl.InputError, match="engine must be one of auto, native, reference, got 'gpu'"
    ):
        make_engine([], engine="gpu")


def test_an_installation_without_the_native_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "_usual_module", lambda: None)
    assert instructions.instruction_set() is None
    net = network()
    x, t, _ = data()
    assert make_engine(net.layers).name == "reference"
    np.testing.assert_array_equal(net.predict(x), chain.predict(net.layers, x))
    assert pl.train(net, x, t, epochs=1).engine == "reference"
    with pytest.raises(
        pl.InputError,
        match='the native engine is not in this installation: choose engine="auto" or "reference"',
    ):
        make_engine(net.layers, engine="native")


def test_a_module_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        sys.modules, "pellucid.engines._native_baseline", None
    )  # as if it were not there
    instructions._usual_module.cache_clear()
    try:
        assert instructions.native_module() is None
    finally:
        monkeypatch.undo()
        instructions._usual_module.cache_clear()
