"""Training an ensemble: each member is trained as its network alone would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.draws import member_seed
from pellucid.core.types import Array
from pellucid.training.rate_range import learning_rate_range
from tests.engines.every_engine import bits, every_engine
from tests.narrowing import present
from tests.training.killing import Kill, Killed


def data(N: int, seed: int = 0) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(N, 4)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int64) + (x[:, 2] > 1)


def classifiers(count: int = 3, **settings: Any) -> pl.Network:
    options = {"dropout": 0.2, "normalization": "batch", **settings}
    return pl.ensemble(
        pl.mlp([4, 8, 3], "tanh", "softmax", seed=seed, **options) for seed in range(count)
    )


SETTINGS: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 16,
    "progress": False,
    "schedule": pl.Cosine(),
    "metrics": ["accuracy"],
}


def adamw() -> pl.Optimizer:
    return pl.AdamW(0.01, weight_decay=0.1, clip_norm=1.0, ema=0.9)


@every_engine
@pytest.mark.parametrize("weighted", [False, True])
def test_a_member_is_trained_as_its_network_alone(engine: str, weighted: bool) -> None:
    net, (x, t) = classifiers(), data(90)
    weights = np.random.default_rng(1).uniform(0, 2, 90) if weighted else None
    settings = {**SETTINGS, "engine": engine, "sample_weight": weights, "validation": data(30, 2)}
    alone = [member.copy() for member in net.members]
    history = pl.train(net, x, t, seed=4, optimizer=adamw(), **settings)
    found = [
        pl.train(each, x, t, seed=member_seed(4, m), optimizer=adamw(), **settings)
        for m, each in enumerate(alone)
    ]
    for member, each in zip(net.members, alone, strict=True):
        assert bits(member) == bits(each)
    assert len({bits(member) for member in net.members}) == 3
    assert history.engine == engine
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(
            history[name], np.mean([each[name] for each in found], axis=0), rtol=1e-12
        )
    # On held-out rows it is the joined network that is scored.
    x_held, t_held = data(30, 2)
    y = net.predict(x_held)
    loss = -np.log(y[np.arange(30), t_held]).mean()
    assert history["validation_loss"][-1] == pytest.approx(loss, rel=1e-5)
    assert history["validation_accuracy"][-1] == (y.argmax(axis=1) == t_held).mean()
    assert history["validation_loss"][-1] <= np.mean(
        [each["validation_loss"][-1] for each in found]
    )


def test_the_same_bits_for_any_number_of_threads() -> None:
    found = set()
    for threads in (1, 2, 3, 7):
        net = classifiers()
        pl.train(net, *data(90), seed=1, threads=threads, optimizer=adamw(), **SETTINGS)
        found.add(bits(net))
    assert len(found) == 1


def test_augmented_batches_are_those_of_a_network_alone() -> None:
    net, (x, t) = classifiers(2), data(50)
    settings = {**SETTINGS, "augment": pl.Brightness(0.5, 1.0)}
    alone = [member.copy() for member in net.members]
    pl.train(net, x, t, seed=2, **settings)
    for m, each in enumerate(alone):
        pl.train(each, x, t, seed=member_seed(2, m), **settings)
        assert bits(net.members[m]) == bits(each)
    with pytest.raises(pl.InputError, match="augment must return 16 rows"):
        pl.train(net, x, t, **{**SETTINGS, "augment": lambda x, draws: x[:2]})


@every_engine
def test_a_killed_run_goes_on_with_the_same_bits(engine: str, tmp_path: Path) -> None:
    def run(kill: Kill, **folder: Any) -> tuple[bytes, pl.History]:
        net, callbacks = classifiers(), [pl.EarlyStopping(patience=5), kill]
        options = {**SETTINGS, "engine": engine, "validation": 0.2, **folder}
        history = pl.train(net, *data(90), optimizer=adamw(), callbacks=callbacks, **options)
        return bits(net), history

    whole, expected = run(Kill())
    for after in (2, 5, 8, 13):
        folder = {"checkpoint": tmp_path / str(after), "every": "1 batch"}
        with pytest.raises(Killed):
            run(Kill(after), **folder)
        resumed, history = run(Kill(), **folder)
        assert resumed == whole
        for name in ("loss", "accuracy", "validation_loss"):
            assert history[name] == expected[name]


def own_loss() -> Any:
    class Squares:
        def value(self, y: Array, t: Array, sample_weight: Any = None) -> float:
            return float(((y - np.eye(3, dtype=y.dtype)[t]) ** 2).sum(axis=1).mean())

        def gradient(self, y: Array, t: Array, sample_weight: Any = None) -> Array:
            return 2 * (y - np.eye(3, dtype=y.dtype)[t]) / np.float32(len(y))

    return Squares()


def test_a_loss_of_your_own_trains_members_too() -> None:
    net, (x, t) = classifiers(2), data(50)
    alone = [member.copy() for member in net.members]
    pl.train(net, x, t, loss=own_loss(), **SETTINGS)
    for m, each in enumerate(alone):
        pl.train(each, x, t, loss=own_loss(), seed=member_seed(0, m), **SETTINGS)
        assert bits(net.members[m]) == bits(each)


def test_one_member_that_diverges_ends_the_run() -> None:
    net, (x, t) = pl.ensemble(pl.mlp([4, 8, 3], seed=seed) for seed in range(3)), data(60)
    net.members[1].layers[0].params[0][...] = 1e30
    before = bits(net)
    with pytest.raises(pl.DivergenceError, match="epoch 1, batch"):
        pl.train(net, x, t, loss="mean_squared_error", **SETTINGS)
    assert bits(net) == before


def test_what_cannot_be_trained_is_refused() -> None:
    x, t = data(40)
    with pytest.raises(pl.InputError, match="leave out shards"):
        pl.train(classifiers(), x, t, shards=2, **SETTINGS)
    frozen = classifiers()
    frozen.freeze(0)
    with pytest.raises(pl.InputError, match="the members are frozen"):
        pl.train(frozen, x, t, **SETTINGS)
    front = pl.Affine(np.eye(4, dtype=np.float32))
    net = pl.Network([front, *classifiers().layers])
    with pytest.raises(pl.InputError, match="layers in front of Members are shared"):
        pl.train(net, x, t, **SETTINGS)
    net.freeze(0)
    pl.train(net, x, t, **SETTINGS)
    np.testing.assert_array_equal(front.W, np.eye(4))


def test_a_frozen_layer_of_a_member_stays() -> None:
    net, (x, t) = classifiers(2), data(40)
    kept = net.members[1].layers[0]
    kept.frozen = True
    before, other = kept.params[0].copy(), net.members[0].layers[0].params[0].copy()
    pl.train(net, x, t, **SETTINGS, optimizer=adamw())
    np.testing.assert_array_equal(kept.params[0], before)
    assert not np.array_equal(net.members[0].layers[0].params[0], other)


def test_rates_are_tested_on_the_first_member() -> None:
    x, t = data(60)
    net = classifiers(2)
    ours = learning_rate_range(net, x, t, steps=60)
    theirs = learning_rate_range(net.members[0], x, t, steps=60)
    np.testing.assert_array_equal(ours.losses, theirs.losses)


def table(N: int, classes: bool) -> dict[str, list[Any]]:
    generator = np.random.default_rng(3)
    size = generator.normal(50, 9, N)
    shop = [f"s{k}" for k in generator.integers(0, 120, N)]
    t = size * 2 + generator.normal(size=N)
    target = ["big" if each > 100 else "small" for each in t] if classes else t.tolist()
    return {"size": size.tolist(), "shop": shop, "target": target}


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("N", [300, 1_100])
def test_tables(classes: bool, N: int, tmp_path: Path) -> None:
    rows = table(N, classes)
    columns = pl.Columns.of(rows, target="target")
    net = pl.table_mlp(columns, [8], members=3)
    history = pl.train_table(net, rows, epochs=2, seed=0, progress=False)
    alone = pl.table_mlp(columns, [8])
    single = pl.train_table(alone, rows, epochs=2, seed=0, progress=False, validation=None)
    assert history.engine == single.engine
    if N < 1_000:  # else the best epoch of the joined network decides
        assert net.members[0] == alone
    assert np.isfinite(net.predict(rows)).all()
    net.save(tmp_path / "net.safetensors")
    back = pl.load(tmp_path / "net.safetensors")
    assert back == net
    assert back.predict(rows).tobytes() == net.predict(rows).tobytes()
    assert back.members == net.members


def test_tables_beyond_memory() -> None:
    rows = table(1_500, True)
    columns = pl.Columns.of(rows, target="target")
    found = []
    for threads in (1, 3):
        net = pl.table_mlp(columns, [4], members=3)
        pl.train_table(net, rows, epochs=2, memory=30_000, threads=threads, progress=False)
        found.append(bits(net))
    assert found[0] == found[1]


def test_probabilities_of_an_ensemble_are_calibrated() -> None:
    rows = table(1_500, True)
    net = pl.table_mlp(pl.Columns.of(rows, target="target"), [8], members=3)
    pl.train_table(net, rows, epochs=3, progress=False)
    found = present(net.uncertainty)
    assert found.temperature not in (1.0, None)
    assert found.rows == 150
