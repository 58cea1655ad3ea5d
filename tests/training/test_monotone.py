"""Columns with which a prediction may only rise or fall: in every engine, whatever is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import chain
from pellucid.core.types import Array, Batch, Options
from tests.engines.every_engine import AVAILABLE, every_engine

pytestmark = pytest.mark.filterwarnings("ignore::pellucid.TableWarning")  # rows far outside

Table = dict[str, Array]
KINDS = ("values", "classes")
# Roundings of the type, beside the largest output: of SmoothClip and of the softmax.
ROUNDINGS = 4


def table(kind: str, N: int = 1_200, seed: int = 0) -> Table:
    """Return rows whose target rises with price and falls with age, but in waves."""
    generator = np.random.default_rng(seed)
    price, size = generator.lognormal(size=N), generator.normal(size=N)
    age = generator.normal(size=N)
    price[::7] = np.nan  # missing
    waves = 2 * np.sin(3 * np.nan_to_num(price)) + np.nan_to_num(price) - np.sin(3 * age) - age
    y = waves + np.sin(3 * size) + generator.normal(size=N) / 4
    names = np.array([f"c{i}" for i in generator.integers(150, size=N)])
    t = y if kind == "values" else np.where(y > np.median(y), "yes", "no")
    return {"price": price, "size": size, "age": age, "code": names, "t": t}


def columns_of(rows: Table) -> pl.Columns:
    return pl.Columns.of(rows, target="t", categories=["code"])


def trained(kind: str, engine: str, dtype: Any, epochs: int = 2, **settings: Any) -> pl.Network:
    rows = table(kind)
    order: Options = {"increasing": ["price"], "decreasing": ["age"]}
    net = pl.table_mlp(columns_of(rows), [24, 24], dtype=dtype, **order)
    pl.train_table(net, rows, engine=engine, epochs=epochs, progress=False, **settings)
    return net


def falls(net: pl.Network, engine: str, pairs: int, seed: int = 1) -> float:
    """Return by how much the prediction falls at most where one of the columns rises, in roundings
    of its type beside the largest prediction.
    """
    generator = np.random.default_rng(seed)
    x = net.columns.x(table("values", pairs, seed), net.dtype)
    steps = 10.0 ** generator.uniform(-6, 3, pairs)
    lowest = 0.0
    for name, sign in (("price", 1), ("age", -1)):
        at = net.columns.names.index(name)
        higher = x.copy()
        higher[:, at] += (sign * steps).astype(net.dtype)
        before, after = (prediction(net, engine, rows) for rows in (x, higher))
        scale = np.finfo(net.dtype).eps * np.abs(before).max()
        lowest = min(lowest, float(((after - before) / scale).min()))
    return -lowest


def prediction(net: pl.Network, engine: str, x: Batch) -> Array:
    """Return the value, or the probability of the second class, of each row."""
    if engine == "reference":
        return np.concatenate(
            [chain.predict(net.layers, x[i : i + 500]) for i in range(0, len(x), 500)]
        )[:, -1]
    return net.predict(x)[:, -1]


@every_engine
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_falls(kind: str, dtype: str, engine: str) -> None:
    net = trained(kind, engine, dtype)
    assert any(isinstance(layer, pl.PeriodicEmbedding) for layer in net.layers)
    assert isinstance(net.layers[0], pl.CategoryEmbedding)
    assert falls(net, engine, 2_000) < ROUNDINGS
    assert np.ptp(net.predict(table(kind))) > 0.5


@pytest.mark.integration
@every_engine
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_falls_in_100_000_pairs(kind: str, dtype: str, engine: str) -> None:
    net = trained(kind, engine, dtype, epochs=10)
    found = falls(net, engine, 100_000)
    print(kind, dtype, engine, f"{found:.2g} roundings")
    assert found < ROUNDINGS


def test_without_an_order_it_falls() -> None:
    rows = table("values")
    net = pl.table_mlp(columns_of(rows), [24, 24])
    pl.train_table(net, rows, epochs=2, progress=False)
    assert falls(net, "auto", 2_000) > 1e4
    assert pl.directions(net) == {}


@pytest.mark.parametrize("engine", AVAILABLE)
@pytest.mark.parametrize(
    "optimizer",
    [
        pl.SGD(0.1, momentum=0.9, nesterov=True),
        pl.AdamW(0.01, weight_decay=1.0, ema=0.9),
        pl.RMSprop(0.01, l1=0.01, max_norm=1.0),
    ],
)
def test_every_optimizer_keeps_the_order(optimizer: pl.Optimizer, engine: str) -> None:
    net = trained("values", engine, "float32", 1, optimizer=optimizer)
    assert pl.directions(net) == {"price": 1, "age": -1}


def test_engines_train_the_same() -> None:
    one, other = (
        trained("classes", engine, "float64", 1) for engine in (AVAILABLE[0], "reference")
    )
    for a, b in zip(one.params, other.params, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


def test_shards_and_a_loss_of_your_own_keep_the_order() -> None:
    class Own(pl.Loss):
        def value(self, z: Batch, t: Array, sample_weight: Array | None = None) -> float:
            return float(((z - t) ** 2).mean())

        def gradient(self, z: Batch, t: Array, sample_weight: Array | None = None) -> Batch:
            return 2 * (z - t) / z.size

    for settings in ({"shards": 3}, {"loss": Own()}):
        net = trained("values", "auto", "float32", 1, **settings)
        assert pl.directions(net) == {"price": 1, "age": -1}


def test_a_file_keeps_the_order_in_later_training(tmp_path: Path) -> None:
    net = trained("values", "auto", "float32", 1)
    net.save(tmp_path / "net.safetensors")
    again = pl.load(tmp_path / "net.safetensors")
    assert again == net and pl.directions(again) == {"price": 1, "age": -1}
    pl.train_table(again, table("values", seed=5), epochs=1, progress=False)
    assert again != net and pl.directions(again) == {"price": 1, "age": -1}
    assert falls(again, "auto", 500) < ROUNDINGS


def test_it_learns_what_has_the_order() -> None:
    generator = np.random.default_rng(0)
    price, size = generator.uniform(-2, 2, (2, 1_500))
    # Convex and concave: a step in the middle, and how high it is depends on the other column.
    rows = {"price": price, "size": size, "t": np.tanh(4 * price) * (1.5 + np.sin(2 * size))}
    net = pl.table_mlp(pl.Columns.of(rows, target="t"), increasing=["price"])
    history = pl.train_table(net, rows, epochs=60, progress=False)
    assert max(history["validation_r2"]) > 0.98


def test_the_signs_of_an_affine_layer() -> None:
    layer = pl.Affine([[1.0, -2.0, 0.0], [3.0, -4.0, 5.0]], None, [1, 0], [1, -1, 0])
    np.testing.assert_array_equal(layer.forward(np.eye(2)), layer.W)
    layer.W = [[-1.0, 2.0, 3.0], [-3.0, 4.0, -5.0]]
    layer.project()
    np.testing.assert_array_equal(layer.W, [[0.0, 0.0, 0.0], [-3.0, 4.0, -5.0]])
    with pytest.raises(pl.InputError, match="1 weights have another sign"):
        pl.Affine([[-1.0]], None, [1], [1])
    with pytest.raises(pl.InputError, match="x_sign"):
        pl.Affine([[1.0]], None, [1])
    with pytest.raises(pl.InputError, match="of 1, -1 and 0"):
        pl.Affine([[1.0]], None, [2], [1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"increasing": ["code"]}, "'code' holds categories, which have no order"),
        ({"increasing": ["day"]}, "'day' holds dates, whose cycles"),
        ({"decreasing": ["colour"]}, "'colour' is no input of the network; its columns are price"),
        ({"increasing": "price"}, "increasing must be a list of column names"),
        ({"increasing": ["price"], "decreasing": ["price"]}, "both increasing and decreasing"),
        ({"increasing": ["price"], "activation": "gelu"}, "never fall"),
        ({"increasing": ["price"], "normalization": "batch"}, "got BatchNorm"),
    ],
)
def test_what_has_no_order_is_refused(settings: dict[str, Any], message: str) -> None:
    rows: dict[str, Any] = table("values", 120)
    rows["day"] = [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(120)]
    with pytest.raises(pl.InputError, match=message):
        pl.table_mlp(columns_of(rows), [4], **settings)


def test_more_than_two_classes_are_refused() -> None:
    rows = {"a": [1.0, 2, 3] * 9, "t": ["x", "y", "z"] * 9}
    with pytest.raises(pl.InputError, match="this one has 3 classes"):
        pl.table_mlp(pl.Columns.of(rows, target="t"), [4], increasing=["a"])


def test_directions_are_proved_from_weights_alone() -> None:
    rise, fall = pl.Affine([[1.0]]), pl.Affine([[-1.0]])
    assert pl.directions(pl.Network([rise, pl.ReLU(), rise])) == {"0": 1}
    assert pl.directions(pl.Network([rise, pl.Sigmoid(), fall])) == {"0": -1}
    assert pl.directions(pl.Network([rise, pl.GELU(), fall])) == {}
    assert pl.directions(pl.Network([rise, pl.LeakyReLU(-1.0), rise])) == {}
    mixed = pl.Network([pl.Affine([[1.0, 1.0], [0.0, -1.0]]), pl.Tanh(), pl.Affine([[1.0], [2.0]])])
    assert pl.directions(mixed) == {"0": 1, "1": -1}
    residual = pl.Network([pl.Residual([fall, pl.Tanh(), fall]), pl.Affine([[-2.0]])])
    assert pl.directions(residual) == {"0": -1}
    beside = [pl.Concatenate([fall]), pl.Affine([[1.0], [-3.0]])]
    assert pl.directions(pl.Network(beside)) == {"0": 1}
    assert pl.directions(pl.Network([pl.BatchNorm([1.0, -2.0]), pl.Affine([[1.0], [1.0]])])) == {
        "0": 1,
        "1": -1,
    }
    normalized = [pl.LayerNorm(np.ones(2)), pl.Affine([[1.0], [1.0]])]
    assert pl.directions(pl.Network(normalized)) == {}
    two = [pl.Affine([[-1.0, 1.0]]), pl.Softmax()]
    assert pl.directions(pl.Network(two, classes=["no", "yes"])) == {"0": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_members_keep_the_order(kind: str) -> None:
    rows = table(kind)
    net = pl.table_mlp(columns_of(rows), [8], members=3, increasing=["price"])
    pl.train_table(net, rows, epochs=1, progress=False)
    assert pl.directions(net) == {"price": 1}
    for member in net.members:
        assert pl.directions(member) == {"price": 1}
