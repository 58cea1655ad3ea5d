"""Batches in shards: the same bits for every team, and what a whole batch gives, to rounding."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.draws import epoch_order
from pellucid.core.types import Array
from pellucid.engines import Plan, ShardedEngine, make_engine
from pellucid.engines.sharded import Span, added
from pellucid.errors import InputError
from tests.engines.every_engine import bits, every_engine

ROWS = 50


@pytest.mark.parametrize("shards", range(1, 12))
def test_every_share_of_the_shards_adds_to_the_same_bits(shards: int) -> None:
    vectors = np.random.default_rng(shards).normal(size=(shards, 40)).astype(np.float32)
    everything = Span(0, shards)

    def leaf(node: Span) -> Array | None:
        return vectors[node.start].copy() if node.end - node.start == 1 else None

    whole = added(everything, leaf)
    np.testing.assert_allclose(whole, vectors.sum(axis=0), atol=1e-5)
    for workers in range(1, shards + 1):
        cuts = [shards * worker // workers for worker in range(workers + 1)]
        own = [Span(a, b) for a, b in pairwise(cuts)]
        known = {node: added(node, leaf) for each in own for node in everything.nodes_within(each)}
        assert sum(node.end - node.start for node in known) == shards
        slices = []
        for k in range(0, 40, 7):
            part = {node: vector[k : k + 7].copy() for node, vector in known.items()}
            slices.append(added(everything, part.get))
        assert np.concatenate(slices).tobytes() == whole.tobytes()


def network(dtype: Any = np.float64) -> pl.Network:
    return pl.mlp([6, 16, 16, 3], "relu", "softmax", dropout=0.3, seed=1, dtype=dtype)


def data() -> tuple[Array, Array, Array]:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, 6))
    return x, generator.integers(0, 3, ROWS), generator.uniform(0, 2, ROWS)


def brighter(x: Array, draws: pl.Draws) -> Array:
    return x + draws.at(9).uniform(len(x), 1)


@every_engine
@pytest.mark.parametrize("own_loss", [False, True])
def test_a_batch_in_shards_trains_what_the_whole_batch_trains(engine: str, own_loss: bool) -> None:
    class OwnLoss(pl.CrossEntropy):
        pass

    x, t, weights = data()
    options: Any = {
        "loss": OwnLoss() if own_loss else None,
        "optimizer": pl.AdamW(0.02, clip_norm=1.0),
        "sample_weight": weights,
        "augment": brighter,
        "epochs": 3,
        "batch_size": 20,
        "engine": engine,
        "seed": 5,
    }
    whole, cut = network(), network()
    before = pl.train(whole, x, t, **options)
    after = pl.train(cut, x, t, shards=7, **options)
    assert cut.record["shards"] == 7
    for ours, theirs in zip(cut.params, whole.params, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
    assert after["accuracy"] == before["accuracy"]
    assert after["loss"] == pytest.approx(before["loss"], rel=1e-10)


@every_engine
def test_one_shard_is_the_whole_batch_bit_by_bit(engine: str) -> None:
    x, t, _ = data()
    whole, cut = network(np.float32), network(np.float32)
    whole.freeze(0)
    cut.freeze(0)
    for net, shards in ((whole, None), (cut, 1)):
        pl.train(net, x, t, shards=shards, engine=engine, epochs=2, seed=3)
    assert bits(whole) == bits(cut)


@every_engine
def test_batch_normalization_is_by_shard_and_its_running_mean_of_all_rows(engine: str) -> None:
    x, t, _ = data()
    norm = pl.BatchNorm(np.ones(6))
    net = pl.Network([norm, pl.Affine(np.ones((6, 3)))])
    pl.train(net, x, t, shards=5, engine=engine, epochs=1, batch_size=ROWS)
    np.testing.assert_allclose(norm.running_mean, 0.1 * x.mean(axis=0), rtol=1e-10)
    shards = x[epoch_order(0, 1, ROWS)].reshape(5, 10, 6)
    spread = shards.var(axis=1, ddof=1).mean(axis=0)
    np.testing.assert_allclose(norm.running_variance, 0.9 + 0.1 * spread, rtol=1e-10)


@every_engine
def test_a_diverged_batch_moves_nothing(engine: str) -> None:
    x, t, _ = data()
    net = network()
    plan = Plan(net.layers, pl.CrossEntropy(), pl.SGD(0.1), shards=4)
    sharded = ShardedEngine(make_engine(*plan[:3], engine=engine), plan)
    before = bits(net)
    x[30] = np.inf
    with np.errstate(invalid="ignore"):
        losses, _ = sharded.train_steps(x, t, None, None, ROWS, [0.1])
    assert not np.isfinite(losses[-1])
    assert bits(net) == before
    assert sharded.state["step"] == 0


def test_more_shards_than_rows_and_shards_out_of_range() -> None:
    x, t, _ = data()
    net = network()
    history = pl.train(net, x, t, shards=64, batch_size=10, epochs=2)
    assert history["loss"][-1] < 1.5
    with pytest.raises(InputError, match="shards must be a whole number of 1 or more"):
        pl.train(net, x, t, shards=0)
