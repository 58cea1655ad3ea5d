"""Batches of one row, whose gradients take a way of their own: the bits are those of the tiles."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.engines import Engine, make_engine
from tests.engines.tools import SETS, arrays, bits, every_type, use

WIDTHS = [(1, 1, 2), (3, 17, 15), (16, 16, 10), (33, 48, 7), (70, 129, 3), (256, 600, 10)]
OPTIMIZERS = [pl.SGD(0.1, momentum=0.9), pl.Adam(0.01), pl.AdamW(0.01, clip_norm=1.0, l2=0.1)]


def engine_of(net: pl.Network, optimizer: pl.Optimizer, threads: int = 1) -> Engine:
    return make_engine(net.layers, pl.CrossEntropy(), optimizer, engine="native", threads=threads)


@every_type
def test_a_row_alone_has_the_gradients_that_it_has_beside_a_row_of_weight_0(
    dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows go through tiles; a weight of 0 adds zeros, which change no bits."""
    for D, H, K in WIDTHS:
        x: Array = np.random.default_rng(D).normal(size=(2, D)).astype(dtype)
        t = np.array([1, 0])
        net = pl.mlp([D, H, H, K], "tanh", "softmax", seed=0, dtype=dtype)
        for name in SETS:
            use(monkeypatch, name)
            engine = engine_of(net, pl.SGD())
            alone, both = engine.gradients(x[:1], t[:1]), engine.gradients(x, t, np.array([1.0, 0]))
            assert bits(*alone[1]) == bits(*both[1]), (name, D, H, K)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_weights_move_row_by_row_as_after_all_gradients(
    optimizer: pl.Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for D, H, K in WIDTHS:
        x = np.random.default_rng(D).normal(size=(5, D)).astype(np.float32)
        t = np.arange(5) % K
        for name in SETS:
            use(monkeypatch, name)
            nets = [pl.mlp([D, H, H, K], seed=0) for _ in range(3)]
            for net, threads in zip(nets[:2], (1, 2), strict=True):
                steps = engine_of(net, optimizer, threads)
                steps.train_steps(x, t, None, None, 1, [optimizer.learning_rate] * 5)
            slow = engine_of(nets[2], optimizer)
            for i in range(5):
                slow.update(slow.gradients(x[i : i + 1], t[i : i + 1])[1])
            found = {bits(arrays(net)) for net in nets}
            assert len(found) == 1, (name, D, H, K)
