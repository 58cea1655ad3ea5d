"""Training by several processes: the same bits for any number of workers, whatever is killed."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.distributed import team, train
from pellucid.distributed.process_team import ProcessTeam
from pellucid.errors import InputError

ROWS = 90


def brighter(x: Array, draws: pl.Draws) -> Array:
    return x + draws.at(9).uniform(len(x), 1).astype(x.dtype)


def network() -> pl.Network:
    widths = [6, 16, 16, 3]
    return pl.mlp(widths, "relu", "softmax", dropout=0.3, normalization="batch", seed=1)


def data() -> tuple[Array, Array]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(ROWS, 6)).astype(np.float32), generator.integers(0, 3, ROWS)


SETTINGS: dict[str, Any] = {
    "optimizer": pl.AdamW(0.02, clip_norm=1.0, ema=0.9),
    "augment": brighter,
    "sample_weight": np.linspace(0.1, 2, ROWS),
    "validation": 0.1,
    "epochs": 3,
    "batch_size": 32,
    "seed": 5,
}


def digest(net: pl.Network) -> str:
    arrays = [array for layer in net.layers for array in layer.arrays().values()]
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


@pytest.fixture(scope="module")
def alone() -> str:
    net = network()
    pl.train(net, *data(), shards=8, **SETTINGS)
    return digest(net)


def told() -> tuple[list[str], Any]:
    messages: list[str] = []
    return messages, lambda message: messages.append(str(message))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_trains_the_bits_of_one_process(workers: int, alone: str) -> None:
    messages, tell = told()
    net = network()
    history = train(net, *data(), workers=workers, tell=tell, **SETTINGS)
    assert digest(net) == alone
    assert len(history["validation_loss"]) == 3
    assert any("several workers do not pay" in text for text in messages) == (workers > 1)
    assert any("BatchNorm" in text for text in messages)


class KillAWorker(pl.Callback):
    """Kill a worker in the middle of the second epoch."""

    def on_batch(self, run: Any) -> None:
        if (run.epoch, run.batch) == (2, 1):
            [child] = multiprocessing.active_children()
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)


def test_a_worker_that_is_killed_changes_no_bit(alone: str) -> None:
    messages, tell = told()
    net = network()
    train(net, *data(), workers=2, tell=tell, callbacks=KillAWorker(), **SETTINGS)
    assert digest(net) == alone
    assert "a worker was lost; training goes on with new workers" in messages


class ChangeWeights(pl.Callback):
    def on_batch(self, run: Any) -> None:
        if run.batch == 2:
            run.net.layers[0].W[...] *= 0.5


def test_weights_that_a_callback_changes_are_changed_for_all() -> None:
    nets = network(), network()
    pl.train(nets[0], *data(), shards=8, callbacks=ChangeWeights(), **SETTINGS)
    with team(2, tell=lambda message: None):
        pl.train(nets[1], *data(), shards=8, callbacks=ChangeWeights(), **SETTINGS)
    assert digest(nets[0]) == digest(nets[1])


def test_what_a_worker_raises_is_raised_here() -> None:
    with pytest.raises(InputError, match="augment must return"):
        train(network(), *data(), tell=lambda message: None, **{**SETTINGS, "augment": fewer})
    assert not multiprocessing.active_children()


def fewer(x: Array, draws: pl.Draws) -> Array:
    return x[:1]


@pytest.mark.parametrize("workers", [0, (3, 2), 1.5])
def test_wrong_numbers_of_workers_are_refused(workers: Any) -> None:
    with pytest.raises(InputError, match="workers must be"):
        train(network(), *data(), workers=workers)


def test_a_message_is_a_warning_unless_somebody_takes_it() -> None:
    net = pl.mlp([6, 3], output="softmax", seed=0)
    with pytest.warns(UserWarning, match="do not pay here: a step is about 0.0 ms"):
        train(net, *data(), workers=2, epochs=1)


def test_blocks_of_a_table_beyond_memory_go_to_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[Any] = []
    share = ProcessTeam.share

    def counted(team: ProcessTeam, rows: Any) -> None:
        blocks.append(rows)
        share(team, rows)

    monkeypatch.setattr(ProcessTeam, "share", counted)
    x, t = data()
    rows = {"a": x[:, 0].tolist(), "b": x[:, 1].tolist(), "kind": [f"k{k}" for k in t]}
    columns = pl.Columns.of(rows, target="kind")
    nets = [pl.table_mlp(columns, hidden=(8,), seed=0) for _ in range(2)]
    settings: dict[str, Any] = {"memory": 400, "shards": 4, "epochs": 2, "batch_size": 16}
    pl.train_table(nets[0], rows, **settings)
    with team(2, tell=lambda message: None):
        history = pl.train_table(nets[1], rows, **settings)
    assert digest(nets[0]) == digest(nets[1])
    assert len(history) == 2
    assert len(blocks) > 4
