"""Several targets of one table: values, each in its own units and by its name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import pellucid as pl
from pellucid.core.metrics import r2
from pellucid.data.tables.columns import Columns
from pellucid.exchange import to_c
from tests.narrowing import instance

BOTH = ["price", "rooms"]


@pytest.fixture
def houses(generator: np.random.Generator) -> pandas.DataFrame:
    n = 600
    frame = pandas.DataFrame({"size": generator.uniform(20, 200, n)})
    frame["town"] = generator.choice(["Seoul", "Busan"], n)
    frame["price"] = 1e6 + 5e3 * frame["size"] + 2e5 * (frame["town"] == "Seoul")
    frame["rooms"] = frame["size"] / 25 - (frame["town"] == "Seoul")
    frame["large"] = np.where(frame["size"] > 100, "yes", "no")
    return frame


def network(table: Any, **more: Any) -> pl.Network:
    return pl.table_mlp(pl.Columns.of(table, target=BOTH, ignore=["large"]), **more)


def test_each_target_has_its_own_units(houses: pandas.DataFrame) -> None:
    net = network(houses)
    columns = net.columns
    assert [target.name for target in columns.targets] == BOTH
    assert columns.outputs == 2 and columns.target == columns.targets[0]
    assert repr(columns) == "<Columns: size, town -> price, rooms (values)>"
    t = columns.t(houses)
    np.testing.assert_array_equal(t, houses[BOTH].to_numpy())
    end = instance(pl.Standardize, net.layers[-1])
    np.testing.assert_allclose(end.invert(t).std(axis=0), 1, rtol=1e-5)
    history = pl.train_table(net, houses, validation=0.2)
    assert history["validation_r2"][-1] > 0.95
    y = net.predict(houses.drop(columns=BOTH))
    for k, name in enumerate(BOTH):
        assert r2(y[:, k : k + 1], houses[[name]].to_numpy()) > 0.95
    with pytest.raises(pl.InputError, match="predicts values"):
        net.classify(houses)


def test_block_by_block(houses: pandas.DataFrame) -> None:
    net = network(houses)
    history = pl.train_table(net, houses, memory=1_000, validation=0.1, epochs=40)
    assert history["validation_r2"][-1] > 0.9
    assert r2(net.predict(houses), houses[BOTH].to_numpy()) > 0.9


def test_a_file_keeps_them(houses: pandas.DataFrame, tmp_path: Path) -> None:
    net = network(houses, hidden=[4])
    net.save(tmp_path / "net.safetensors")
    back = pl.load(tmp_path / "net.safetensors")
    assert back == net and back.columns == net.columns
    assert [target.mean for target in back.columns.targets] == pytest.approx(
        houses[BOTH].mean().tolist()
    )
    entry = net.columns.to_dict()
    assert json.loads(json.dumps(entry)) == entry
    assert Columns.from_dict(entry) == net.columns
    one = pl.Columns.of(houses, target=["price"], ignore=["large"])
    assert one == pl.Columns.of(houses, target="price", ignore=["large"])
    assert isinstance(one.to_dict()["target"], dict)
    for targets in (
        entry["target"][:1],
        [entry["target"][0]] * 2,
        [entry["target"][0], None],
        [entry["target"][0], {"name": "x", "kind": "classes", "labels": "text"}],
        [entry["target"][0], entry["target"]],
    ):
        with pytest.raises(pl.InputError, match="malformed"):
            Columns.from_dict({**entry, "target": targets})


def test_each_is_evaluated_and_named(houses: pandas.DataFrame, tmp_path: Path) -> None:
    net = network(houses)
    pl.train_table(net, houses, epochs=30)
    found = pl.evaluate(net, houses)
    assert list(found.by_target) == BOTH
    y = net.predict(houses)
    for k, name in enumerate(BOTH):
        alone = r2(y[:, k : k + 1], houses[[name]].to_numpy())
        assert found.by_target[name]["r2"] == pytest.approx(alone)
        error = np.abs(y[:, k] - houses[name]).mean()
        assert found.by_target[name]["mean_absolute_error"] == pytest.approx(error, rel=1e-5)
        title = pl.plots.residuals(found, output=k).get_title()
        assert f"{error:,.0f}" in title
    assert found.r2 == pytest.approx(np.mean([each["r2"] for each in found.by_target.values()]))
    # An average of dollars and rooms has no unit.
    assert found.mean_absolute_error is None and found.root_mean_squared_error is None
    scores = {"loss": found.loss, "r2": found.r2, "targets": found.by_target}
    assert found.to_dict() == scores | {"unlike_training": 0}
    assert "the mean of 2 targets" in str(found)
    assert [line.split(":")[0] for line in found.target_lines()] == BOTH
    traced = pl.trace_table(net, net.columns.x(houses[:1]))
    assert traced.layers[-1].labels == BOTH
    files = to_c(net, tmp_path / "c")
    assert "y: price, rooms, each in its own units." in "".join(
        Path(file).read_text() for file in files
    )


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "classes": (["price", "large"], {}, "several targets must be values, and 'large'.*texts"),
    "classes first": (["large", "price"], {}, "several targets must be values, and 'large'"),
    "asked for classes": (BOTH, {"task": "classify"}, "several targets must be values"),
    "none": ([], {}, "name of a column, or a list"),
    "no names": ([1], {}, "name of a column, or a list"),
    "twice": (["price", "price"], {}, "named once"),
    "absent": (["price", "garden"], {}, "there is no column 'garden'"),
    "ignored": (BOTH, {"ignore": ["rooms"]}, "the target rooms cannot be ignored"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused(name: str, houses: pandas.DataFrame) -> None:
    target, more, message = WRONG[name]
    with pytest.raises(pl.InputError, match=message):
        pl.Columns.of(houses, target=target, **more)
