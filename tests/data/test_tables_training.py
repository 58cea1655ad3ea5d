"""Learning from tables.

Answers in the target's own units, in memory and block by block, and what a file keeps.
"""

import copy
import dataclasses
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import pellucid as pl
from pellucid.core.metrics import r2
from pellucid.core.types import Array
from pellucid.data.tables.store import SEGMENTS, Store, gather
from pellucid.files import model
from pellucid.training.block_loop import MOST_HELD_OUT
from pellucid.training.callbacks import RunView
from tests.narrowing import instance, present


@pytest.fixture
def houses(generator: np.random.Generator) -> pandas.DataFrame:
    n = 600
    frame = pandas.DataFrame(
        {
            "size": generator.uniform(20, 200, n),
            "town": generator.choice(["Seoul", "Busan", "Jeju"], n),
        }
    )
    frame["price"] = 1e6 + 5e3 * frame["size"] + 2e5 * (frame["town"] == "Seoul")
    frame["large"] = np.where(frame["size"] > 100, "yes", "no")
    return frame


def network(table: Any, target: str, ignore: str, **settings: Any) -> pl.Network:
    return pl.table_mlp(pl.Columns.of(table, target=target, ignore=[ignore]), **settings)


def kinds(net: pl.Network) -> list[str]:
    return [type(layer).__name__ for layer in net.layers]


def test_presets_prepare_in_their_ways(houses: pandas.DataFrame) -> None:
    many = pandas.concat([houses] * 2, ignore_index=True)
    embedded = network(many, "price", "large", hidden=[4])
    assert kinds(embedded)[:4] == ["Standardize", "SmoothClip", "PeriodicEmbedding", "Affine"]
    assert instance(pl.PeriodicEmbedding, embedded.layers[2]).embedded.tolist() == [
        1.0,
        0.0,
        0.0,
        0.0,
    ]
    assert instance(pl.Affine, embedded.layers[3]).W.shape == (7, 4)
    assert kinds(network(houses, "price", "large"))[:3] == ["Standardize", "SmoothClip", "Affine"]
    plain = network(many, "price", "large", preset="plain", dtype="float64")
    assert kinds(plain)[:2] == ["Standardize", "Affine"] and plain.dtype == np.float64
    assert network(many, "price", "large", hidden=[4]) == embedded
    other = network(many, "price", "large", hidden=[4], seed=1)
    first, second = (instance(pl.PeriodicEmbedding, net.layers[2]) for net in (embedded, other))
    assert second.W[0, 0, 0] != first.W[0, 0, 0]
    with pytest.raises(pl.InputError, match="preset is one of tabular, plain; not 'best'"):
        network(houses, "price", "large", preset="best")


def test_a_predictor_finds_columns_by_name_as_predict_does(houses: pandas.DataFrame) -> None:
    net = network(houses, "price", "large")
    predict, turned = net.predictor(), houses[["price", "town", "size"]]
    np.testing.assert_array_equal(predict(turned), net(houses))
    np.testing.assert_array_equal(
        predict({"town": ["Jeju"], "size": [50]}), net({"town": ["Jeju"], "size": [50]})
    )
    rows = net.columns.x(houses, net.dtype)
    np.testing.assert_array_equal(predict(rows), net(houses))
    with pytest.raises(pl.InputError, match="town"):
        predict(houses[["size"]])


def test_rows_of_numbers_have_the_preset_too(generator: np.random.Generator) -> None:
    x = np.column_stack([generator.lognormal(size=2_500), np.arange(2_500) % 2])
    t = (np.sin(4 * np.log(x[:, 0])) > 0).astype(int)
    net = pl.tabular_mlp(x, 2, hidden=[32], output="softmax")
    assert kinds(net)[:3] == ["Standardize", "SmoothClip", "PeriodicEmbedding"]
    assert instance(pl.PeriodicEmbedding, net.layers[2]).embedded.tolist() == [1.0, 0.0]
    recipe = pl.recipes.tables(net, len(x), quick=True)
    assert repr(recipe.optimizer) == "AdamW(learning_rate=0.003, weight_decay=2.0, beta_2=0.95)"
    assert repr(recipe.schedule) == "CosLog(cycles=4)"
    history = pl.train(net, x, t, recipe=recipe)
    assert history["accuracy"][-1] > 0.9
    assert kinds(pl.tabular_mlp(x[:300], 1))[:3] == ["Standardize", "SmoothClip", "Affine"]


def test_values_are_answered_in_their_own_units(houses: pandas.DataFrame) -> None:
    net = network(houses, "price", "large")
    before = net.predict(houses)
    assert abs(before.mean() / houses["price"].mean() - 1) < 0.5  # it begins near the mean
    history = pl.train_table(net, houses, validation=0.2)
    assert history["validation_loss"][-1] < 0.05  # in deviations, so that 1 is as good as the mean
    assert r2(net.predict(houses), houses[["price"]].to_numpy()) > 0.97
    assert present(pl.evaluate(net, net.columns.x(houses), net.columns.t(houses)).r2) > 0.97


def test_learning_goes_on_where_it_ended(houses: pandas.DataFrame) -> None:
    net = network(houses, "price", "large")
    pl.train_table(net, houses, epochs=20)
    good = r2(net.predict(houses), houses[["price"]].to_numpy())
    pl.train_table(net, houses, epochs=1, optimizer=pl.SGD(1e-9))
    assert r2(net.predict(houses), houses[["price"]].to_numpy()) == pytest.approx(good, abs=1e-3)


def test_a_failure_leaves_the_units_as_they_were(houses: pandas.DataFrame) -> None:
    net = network(houses, "price", "large")
    before = net.predict(houses)
    with pytest.raises(pl.InputError):
        pl.train_table(net, houses, loss="no such loss")
    np.testing.assert_allclose(net.predict(houses), before, rtol=1e-5)


def test_classes_are_answered_by_name(houses: pandas.DataFrame) -> None:
    net = network(houses, "large", "price", hidden=[16])
    history = pl.train_table(net, houses, epochs=40)
    assert history["accuracy"][-1] > 0.95
    assert net.labels({"town": ["Jeju", "Busan"], "size": [30, 190]}) == ["no", "yes"]
    assert net.predict(houses[:3]).tobytes() == net.predict(net.columns.x(houses[:3])).tobytes()
    assert net(houses[:3]).shape == (3, 2)
    assert net.forward(houses[:3]).y.shape == (3, 2)


@pytest.mark.parametrize("memory", [1 << 30, 1_000])
def test_what_leaves_a_run_is_in_the_targets_units(
    houses: pandas.DataFrame, memory: int, tmp_path: Path
) -> None:
    net, truth = network(houses, "price", "large"), houses[["price"]].to_numpy()
    path, whole, found = tmp_path / "net.safetensors", net.predictor(), list[float]()

    def keep(run: RunView) -> None:
        assert run.net is net
        run.net.save(path)
        nets = run.net, run.net.copy(), pl.load(path)
        found.extend(r2(each.predict(houses), truth) for each in nets)
        np.testing.assert_array_equal(whole(net.columns.x(houses)), pl.load(path)(houses))

    class Keep(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            if run.batch == run.batches:
                keep(run)

    history = pl.train_table(
        net, houses, epochs=20, callbacks=[keep, Keep()], memory=memory, validation=None,
        metrics=["r2", "mean_absolute_error"],
    )  # fmt: skip
    assert len(found) == 120
    assert min(found[-6:]) > 0.9
    assert found[0] == found[1] == found[2] > -1
    # The loss is of standardized values; metrics are of what the network predicts.
    assert history["loss"][0] < 2
    assert 1e3 < history["mean_absolute_error"][-1] < 1e5
    assert history["r2"][-1] > 0.8


def test_many_rows_keep_a_tenth_and_the_best_epoch(houses: pandas.DataFrame) -> None:
    many = pandas.concat([houses] * 2, ignore_index=True)
    many["price"] *= np.random.default_rng(0).lognormal(0, 0.5, len(many))  # soon overfitted
    net, last = network(many, "price", "large"), network(many, "price", "large")
    assert "validation_loss" not in pl.train_table(last, houses, epochs=1).records[0]
    last = network(many, "price", "large")
    weights: list[list[Array]] = []
    history = pl.train_table(
        net, many, epochs=12, optimizer=pl.Adam(0.01), schedule="constant",
        callbacks=[lambda run: weights.append(run.snapshot())],
    )  # fmt: skip
    best = history.best("validation_loss")
    assert net.record["rows"] == 1080 and net.record["epochs"] == 12
    assert net.record["epoch"] == best["epoch"] < 12
    assert net.record["metrics"]["validation_r2"] == best["validation_r2"]
    kept = weights[int(best["epoch"]) - 1]
    arrays = [array for layer in net.layers for array in layer.arrays().values()]
    assert all((a == b).all() for a, b in zip(arrays, kept, strict=True))
    same: dict[str, Any] = {"epochs": 12, "optimizer": pl.Adam(0.01), "schedule": "constant"}
    # Another early stopping decides by itself.
    stop = pl.EarlyStopping(patience=12, restore_best=False)
    pl.train_table(last, many, callbacks=stop, **same)
    assert all((a == b).all() for a, b in zip(last.params, net.params, strict=True)) is False
    assert last.record["epoch"] == 12
    everything = pl.train_table(network(many, "price", "large"), many, validation=None, **same)
    assert everything.records[0].keys() == {"epoch", "loss", "r2", "learning_rate", "seconds"}


def test_a_fixed_layer_returns_to_the_targets_units(houses: pandas.DataFrame) -> None:
    net = network(houses, "price", "large", hidden=[4])
    end = instance(pl.Standardize, net.layers[-1])
    inner, price = pl.Network(net.layers[:-1]), houses["price"]
    y = net.predict(houses)
    standardized = inner.predict(net.columns.x(houses))
    np.testing.assert_allclose(y, standardized * price.std(ddof=0) + price.mean(), rtol=1e-6)
    np.testing.assert_allclose(end.invert(y), standardized, atol=1e-5)
    before = [array.copy() for array in end.buffers]
    pl.train_table(net, houses, epochs=2)
    assert net.layers[-1] is end
    for array, kept in zip(end.buffers, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_years_are_predicted_to_float32s_last_digits() -> None:
    years = np.repeat(np.arange(1990, 2020), 20)
    table = {"age": 2020.0 - years, "year": years.astype(float)}
    columns = pl.Columns.of(table, target="year", task="regress")
    net = pl.table_mlp(columns, hidden=[16], dropout=0.0)
    pl.train_table(net, table, epochs=100, optimizer=pl.Adam(0.01))
    assert np.abs(net.predict(table)[:, 0] - years).max() < 0.5
    exact = np.linspace(-2, 2, 101, dtype=np.float32)[:, None]
    end = instance(pl.Standardize, net.layers[-1])
    y = end.forward(exact)
    # A float32 of this size has steps of 1.2e-4.
    assert np.abs(y - (exact * years.std() + years.mean())).max() < 5e-4


def test_a_network_that_ends_otherwise_is_trained_on_targets_as_they_are(
    houses: pandas.DataFrame,
) -> None:
    houses["price"] = (houses["price"] - houses["price"].mean()) / houses["price"].std()
    columns = pl.Columns.of(houses, target="price", ignore=["large"])
    body = pl.mlp([columns.width, 16, 1])
    net = pl.Network([columns.standardize(), *body.layers], inputs=columns)
    history = pl.train_table(net, houses, epochs=40)
    assert kinds(net)[-1] == "Affine"
    assert history["loss"][-1] < 0.05
    assert r2(net.predict(houses), houses[["price"]].to_numpy()) > 0.9


def test_another_output_is_learned_in_the_targets_units(houses: pandas.DataFrame) -> None:
    houses["price"] /= 1e6
    net = network(houses, "price", "large", output="softplus")
    history = pl.train_table(net, houses, epochs=60)
    assert history["loss"][-1] < 0.05
    assert r2(net.predict(houses), houses[["price"]].to_numpy()) > 0.8


def test_a_constant_column_trains(houses: pandas.DataFrame) -> None:
    houses["constant"] = 0.1
    net = network(houses, "large", "price", hidden=[16])
    assert pl.train_table(net, houses, epochs=20)["accuracy"][-1] > 0.95


def test_another_table_may_validate(houses: pandas.DataFrame) -> None:
    net = network(houses, "price", "large")
    history = pl.train_table(net, houses[100:], validation=houses[:100], epochs=5)
    again = network(houses, "price", "large")
    pl.train_table(again, houses[100:], epochs=5)
    assert net == again  # it is only looked at
    expected = (net.predict(houses[:100])[:, 0] - houses["price"][:100]) / present(
        net.columns.target
    ).std
    assert history["validation_loss"][-1] == pytest.approx((expected**2).mean(), rel=1e-3)


def test_a_bad_validation_table_is_told_of_before_the_rows_are_read(
    houses: pandas.DataFrame,
) -> None:
    net = network(houses, "price", "large")
    bad = houses[:5].drop(columns="town")
    rows = pl.read_table(houses)
    rows.blocks = None  # type: ignore[method-assign, assignment]  # nothing may read them
    with pytest.raises(pl.InputError, match="no column 'town'"):
        pl.train_table(net, rows, validation=bad, memory=100)
    with pytest.raises(pl.InputError, match="share of them"):
        pl.train_table(net, rows, validation=bad, group="large")
    with pytest.raises(pl.InputError, match="loss is one of"):
        pl.train_table(
            net, houses, memory=4000, loss="no such loss"
        )  # the store is closed all the same


def test_only_networks_of_tables_take_tables(houses: pandas.DataFrame) -> None:
    with pytest.raises(pl.InputError, match="has no columns"):
        pl.train_table(pl.mlp([2, 2]), houses)
    with pytest.raises(pl.InputError, match="has no columns"):
        pl.mlp([2, 2]).columns  # noqa: B018
    net = network(houses, "price", "large")
    with pytest.raises(pl.InputError, match="no rows to train on"):
        pl.train_table(net, houses[:0])
    net.inputs = dataclasses.replace(net.columns, target=None)
    with pytest.raises(pl.InputError, match="no target"):
        pl.train_table(net, houses)


# The file


def test_the_file_keeps_all_that_a_table_needs(houses: pandas.DataFrame, tmp_path: Path) -> None:
    for target, ignore in (("price", "large"), ("large", "price")):
        net = network(houses, target, ignore)
        pl.train_table(net, houses, epochs=2)
        net.save(tmp_path / "net.safetensors")
        again = pl.load(tmp_path / "net.safetensors")
        assert again.inputs == net.inputs
        assert (
            again.predict(houses[houses.columns[::-1]]).tobytes() == net.predict(houses).tobytes()
        )
        assert again.columns.names == ["size", "town=Busan", "town=Jeju", "town=Seoul"]


NUMBER = {"kind": "number", "name": "a", "mean": 1.0, "std": 1.0, "missing": False, "offset": 0.0}
NUMBER |= {"low": 0.0, "high": 2.0, "decimal": ".", "unit": "", "mistakes": False}
CATEGORY = {"kind": "category", "name": "c", "categories": ["p", "q"], "missing": False}
TARGET = {"name": "t", "kind": "values", "mean": 0.0, "std": 1.0, "decimal": ".", "unit": ""}
GOOD: dict[str, Any] = {"kind": "table", "columns": [NUMBER, CATEGORY], "target": TARGET}


def changed(*path: Any, value: Any) -> dict[str, Any]:
    inputs = copy.deepcopy(GOOD)
    place: Any = inputs
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return inputs


HOSTILE = [
    {"kind": "table"},
    {**GOOD, "more": 1},
    {"kind": "table", "columns": [], "target": None},
    changed("columns", value={}),
    changed("columns", value="ab"),
    changed("columns", value=[None, 1]),
    changed("columns", value=[NUMBER, NUMBER, CATEGORY]),
    changed("columns", value=[NUMBER]),  # one number a row, where the network takes three
    changed("columns", 0, "kind", value=["number"]),
    changed("columns", 0, "kind", value="values"),
    changed("columns", 0, "name", value=5),
    changed("columns", 0, "mean", value="1"),
    changed("columns", 0, "mean", value=True),
    changed("columns", 0, "mean", value=10**400),
    changed("columns", 0, "mean", value=1e300),
    changed("columns", 0, "mean", value=None),
    changed("columns", 0, "std", value=-1),
    changed("columns", 0, "missing", value=1),
    changed("columns", 0, "offset", value=[0]),
    changed("columns", 0, "extra", value=0),
    changed("columns", 0, "low", value=3.0),
    changed("columns", 0, "high", value="2"),
    changed("columns", 1, "categories", value="pq"),
    changed("columns", 1, "categories", value=["p", "p"]),
    changed("columns", 1, "categories", value=["p", 2]),
    changed("columns", 1, "categories", value=[]),
    changed("columns", 1, "categories", value=[[]]),
    changed("columns", 1, "categories", value=[str(n) for n in range(1_100_000)]),
    changed("target", value=5),
    changed("target", value={"name": "t", "kind": "classes"}),  # without class names
    changed("target", "kind", value="number"),
    changed("target", "std", value=0),
    changed("target", "mean", value="x"),
    changed("target", "name", value=None),
]


@pytest.mark.parametrize("inputs", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_file_is_one_clear_error(inputs: dict[str, Any], tmp_path: Path) -> None:
    net = pl.mlp([3, 1])
    path = tmp_path / "net.safetensors"
    model.save(path, net.layers, {"inputs": inputs, "classes": None, "record": {}})
    with pytest.raises(pl.FileError, match=r"net\.safetensors: not a usable model file") as caught:
        pl.load(path)
    assert "\n" not in str(caught.value)


def test_what_the_hostile_files_were_made_of_is_good(tmp_path: Path) -> None:
    model.save(
        tmp_path / "a", pl.mlp([3, 1]).layers, {"inputs": GOOD, "classes": None, "record": {}}
    )
    assert pl.load(tmp_path / "a").predict({"a": [1], "c": ["p"]}).shape == (1, 1)
    model.save(
        tmp_path / "a",
        pl.mlp([3, 1]).layers,
        {"inputs": {"kind": ["table"]}, "classes": None, "record": {}},
    )
    with pytest.raises(pl.FileError, match="description of the inputs is malformed"):
        pl.load(tmp_path / "a")


# Beyond memory


def filled(store: Store, n: int, chunk: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.arange(3 * n, dtype=np.float32).reshape(n, 3)
    t = np.arange(n) % 7
    for start in range(0, n, chunk):
        store.add(x[start : start + chunk], t[start : start + chunk])
    store.flush()
    return x, t


def test_a_store_gives_every_row_once_with_its_target() -> None:
    with Store(3, chunk=40_000) as store:
        x, t = filled(store, 10_000, 999)
        blocks = store.blocks(30_000)
        assert sum(block.rows for block in blocks) == store.rows == 10_000
        assert 5 <= len(blocks) <= 7
        read = [store.read(block) for block in blocks]
    found_x, found_t = (np.concatenate(parts) for parts in zip(*read, strict=True))
    order = np.argsort(found_x[:, 0])
    np.testing.assert_array_equal(found_x[order], x)
    np.testing.assert_array_equal(found_t[order, 0], t)


def test_every_block_is_a_sample_of_the_whole_file() -> None:
    with Store(3, chunk=40_000) as store:
        x, _ = filled(store, 20_000, 500)
        for block in store.blocks(40_000):
            rows = np.sort(store.read(block)[0][:, 0]) / x[-1, 0]
            assert (
                np.abs(rows - np.linspace(0, 1, len(rows))).max() < 0.05
            )  # spread evenly over a sorted file


def test_the_same_rows_have_the_same_order_and_name() -> None:
    found = []
    for seed in (0, 0, 1):
        with Store(3, seed) as store:
            filled(store, 300, 100)
            found.append((store.fingerprint, store.read(store.blocks(1 << 20)[0])[0].tobytes()))
    assert found[0] == found[1]
    assert found[0][0] == found[2][0]
    assert found[0][1] != found[2][1]


def test_few_rows_make_few_blocks() -> None:
    with Store(3) as store:
        filled(store, 5, 5)
        assert len(store.blocks(16)) <= 5
        assert sum(block.rows for block in store.blocks(16)) == 5
        assert len(store.blocks(1)) <= SEGMENTS


def test_a_full_disk_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(pl.FileError, match="TMPDIR"):
        Store(3)
    monkeypatch.setattr("tempfile.tempdir", None)
    full = Path("/dev/full").open("r+b")  # noqa: SIM115  # the store closes it
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full)
    with Store(3) as store, pytest.raises(pl.FileError, match=r"No space left.*TMPDIR"):
        filled(store, 10_000, 10_000)


def test_nothing_is_left_behind_when_reading_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def reading() -> Iterator[tuple[Array, Array]]:
        yield np.zeros((10, 3), np.float32), np.zeros(10)
        raise pl.InputError("row 11")

    with pytest.raises(pl.InputError, match="row 11"):
        gather(reading(), memory=10)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.parametrize(("target", "ignore"), [("price", "large"), ("large", "price")])
def test_blocks_learn_as_well_as_memory_does(
    houses: pandas.DataFrame, target: str, ignore: str
) -> None:
    found = []
    for memory in (1 << 20, 4000):
        net = network(houses, target, ignore)
        history = pl.train_table(net, houses, epochs=60, validation=0.1, memory=memory, metrics=[])
        found.append(history["validation_loss"][-1])
        assert history["loss"][-1] < 0.1
        assert net.record["rows"] == 540 or memory == 4000
    assert found[1] < max(3 * found[0], 0.05)


def test_blocks_tell_what_train_tells(houses: pandas.DataFrame) -> None:
    net = network(houses, "large", "price", hidden=[8])
    seen = []
    history = pl.train_table(
        net, houses, epochs=3, memory=4000, callbacks=[lambda run: seen.append(run.epoch)]
    )
    assert seen == [1, 2, 3]
    assert set(history.records[0]) == {"epoch", "loss", "accuracy", "learning_rate", "seconds"}
    assert net.record["rows"] == 600
    assert len(net.record["data"]) == 32
    again = network(houses, "large", "price", hidden=[8])
    pl.train_table(again, houses, epochs=3, memory=4000)
    assert again == net


def test_blocks_can_be_stopped_halfway(houses: pandas.DataFrame) -> None:
    class Stop(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            if run.batch == 7:
                run.stop("enough")

    net = network(houses, "large", "price", hidden=[8])
    history = pl.train_table(net, houses, epochs=3, memory=4000, batch_size=10, callbacks=Stop())
    assert (history.stopped, len(history)) == ("enough", 0)


def test_blocks_validate_with_another_table_or_a_share(houses: pandas.DataFrame) -> None:
    net = network(houses, "price", "large", hidden=[8])
    history = pl.train_table(net, houses, epochs=1, memory=4000, validation=houses[:50])
    assert history["validation_loss"][0] > 0
    with pytest.raises(pl.InputError, match="share between 0 and 1"):
        pl.train_table(net, houses, epochs=1, memory=4000, validation=2)
    with pytest.raises(pl.InputError, match="class_weight needs all rows in memory"):
        pl.train_table(net, houses, epochs=1, memory=4000, class_weight="balanced")
    assert MOST_HELD_OUT == 50_000


PROGRAM = """
import resource, sys
import pellucid as pl
columns = pl.Columns.of(sys.argv[1], target="t")
net = pl.table_mlp(columns, hidden=[8])
pl.train_table(net, sys.argv[1], epochs=1, batch_size=512, memory=4 << 20)
print(columns.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_rows(path: Path, generator: np.random.Generator, size: int) -> int:
    """Write a CSV file of about `size` bytes, a mix of numbers, categories and missing cells.

    Give its bytes.
    """
    lines = []
    for numbers in generator.normal(size=(2000, 12)):
        cells = [f"{number:.6f}" for number in numbers]
        cells[int(generator.integers(12))] = ""
        lines.append(
            ",".join(
                [*cells, str(generator.choice(["a", "b", "c"])), "no" if numbers[0] < 0 else "yes"]
            )
        )
    block = "\n".join(lines) + "\n"
    with path.open("w") as file:
        file.write(",".join([*(f"n{index}" for index in range(12)), "c", "t"]) + "\n")
        while file.tell() < size:
            file.write(block)
    return path.stat().st_size


def peak(path: Path) -> tuple[int, int]:
    """Give the rows and the peak memory, in bytes, of a process that learns from a file."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows, kilobytes = map(int, done.stdout.split())
    return rows, kilobytes << 10


@pytest.mark.integration
def test_memory_does_not_grow_with_the_file(tmp_path: Path, generator: np.random.Generator) -> None:
    sizes = [
        write_rows(tmp_path / f"{size}.csv", generator, size) for size in (12_000_000, 60_000_000)
    ]
    (few, small), (many, large) = (
        peak(tmp_path / f"{size}.csv") for size in (12_000_000, 60_000_000)
    )
    assert many > 4.5 * few
    assert large - small < 30 << 20 < (sizes[1] - sizes[0]) * 2 / 3


@pytest.mark.soak
def test_two_gigabytes_are_learned_in_less_than_one(
    tmp_path: Path, generator: np.random.Generator
) -> None:
    path = tmp_path / "large.csv"
    assert write_rows(path, generator, 2_000_000_000) >= 2_000_000_000
    words = ["train", "--data", path, "--target", "t", "--json", "-o", tmp_path / "net.safetensors"]
    done = subprocess.run(
        [sys.executable, "-m", "pellucid", *map(str, words)], capture_output=True, text=True
    )
    path.unlink()  # pytest would keep it for a while
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["validation"]["accuracy"] > 0.99
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10 < 1_000_000_000
