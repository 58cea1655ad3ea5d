"""Columns that steer a training: weights of rows, groups and times that are held out, classes."""

from typing import Any

import numpy as np
import pandas
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.data.tables import read_table
from pellucid.training.loop import train_rows
from pellucid.training.settings import Settings
from pellucid.training.table_roles import Roles, held_out_rows, row_weights
from tests.narrowing import instance

QUICK: dict[str, Any] = {"epochs": 3, "progress": False}


@pytest.fixture
def visits(generator: np.random.Generator) -> pandas.DataFrame:
    n = 400
    patient = generator.integers(0, 50, n)
    days = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(generator.integers(0, 200, n), "D")
    frame = pandas.DataFrame({"patient": [f"p{k}" for k in patient], "day": days})
    frame["dose"] = generator.normal(size=n)
    frame["weight"] = generator.integers(0, 4, n)
    frame["ill"] = np.where(frame["dose"] > 1.2, "yes", "no")
    frame["score"] = frame["dose"] * 3 + 100
    return frame


def net_for(table: Any, target: str = "score", **more: Any) -> pl.Network:
    others = {"patient", "day", "weight", "ill", "score"} - {target}
    return pl.table_mlp(pl.Columns.of(table, target=target, ignore=sorted(others)), [8], **more)


def held_out(table: pandas.DataFrame, share: object = 0.25, seed: int = 0, **roles: str) -> Array:
    return held_out_rows(read_table(table), Roles(**roles), share, seed)


def test_groups_are_never_on_both_sides(visits: pandas.DataFrame) -> None:
    found = held_out(visits, group="patient")
    inside, outside = set(visits["patient"][found]), set(visits["patient"][~found])
    assert inside and outside and not inside & outside
    assert abs(found.mean() - 0.25) < 0.03
    assert (found == held_out(visits, group="patient")).all()
    assert (found != held_out(visits, group="patient", seed=1)).any()
    # The order of rows does not matter.
    turned = visits[::-1].reset_index(drop=True)
    assert (held_out(turned, group="patient")[::-1] == found).all()


def test_a_large_group_is_no_reason_to_hold_most_rows_out() -> None:
    shop = ["large"] * 90 + ["a"] * 5 + ["b"] * 5
    for seed in range(5):
        found = held_out(pandas.DataFrame({"shop": shop}), 0.1, seed, group="shop")
        assert 0 < found.sum() <= 10
    two = pandas.DataFrame({"shop": ["large"] * 90 + ["small"] * 60})
    assert held_out(two, 0.1, group="shop").tolist() == [False] * 90 + [True] * 60


def test_the_latest_rows_are_held_out(visits: pandas.DataFrame) -> None:
    found = held_out(visits, time="day")
    assert visits["day"][found].min() > visits["day"][~found].max()
    assert abs(found.mean() - 0.25) < 0.02
    stamped = visits.assign(day=visits["day"].dt.strftime("%Y-%m-%dT%H:%M:%S.123456789Z"))
    assert (held_out(stamped, time="day") == found).all()
    for written in ("%Y-%m-%d", "%d.%m.%Y", "%Y년 %m월 %d일", "%m/%d/%Y %H:%M"):
        table = visits.assign(day=visits["day"].dt.strftime(written))
        assert (held_out(table, time="day") == found).all()
    numbered = visits.assign(day=(visits["day"] - visits["day"].min()).dt.days)
    assert (held_out(numbered, time="day") == found).all()
    ties = pandas.DataFrame({"year": [2020] * 5 + [2021] * 4 + [2022] * 3})
    assert held_out(ties, 0.1, time="year").sum() == 3  # those of one time stay together


def test_a_run_holds_out_what_the_column_says(visits: pandas.DataFrame) -> None:
    visits["score"] = np.arange(len(visits)) * 1.0  # the number of the row
    seen: list[Array] = []

    def spy(y: Array, t: Array) -> float:
        seen.append(np.sort(t[:, 0].round().astype(int)))
        return 0.0

    net = net_for(visits)
    history = pl.train_table(net, visits, group="patient", metrics=spy, **QUICK)
    expected = np.flatnonzero(held_out(visits, 0.1, group="patient"))
    assert any(len(t) == len(expected) and (t == expected).all() for t in seen)
    assert net.record["epoch"] == history.best("validation_loss")["epoch"]
    assert net.record["rows"] == 400 - len(expected)
    pl.train_table(net, visits, time="day", validation=0.3, metrics=spy, **QUICK)
    assert net.record["rows"] == 400 - held_out(visits, 0.3, time="day").sum()


def test_weights_of_rows_are_those_of_arrays(visits: pandas.DataFrame) -> None:
    visits["ill"] = "no"  # rows of weight 0 may be anything
    visits.loc[visits["weight"] == 0, "score"] = 1e3
    net, other = net_for(visits), net_for(visits)
    pl.train_table(net, visits, sample_weight="weight", validation=0.2, epochs=2)
    columns = other.columns
    assert columns.target is not None
    end = instance(pl.Standardize, other.layers[-1])
    t = end.invert(columns.t(visits)).astype(np.float32)
    weights = visits["weight"].to_numpy(float)
    assert (row_weights(read_table(visits), "weight") == weights).all()
    settings = Settings(validation=0.2, epochs=2, callbacks=[pl.EarlyStopping(patience=9)])
    recipe = pl.recipes.tables(other, len(visits))
    inner = pl.Network(other.layers[:-1])
    train_rows(other, columns.x(visits), t, settings.completed(recipe), weights, inner)
    assert net == other
    without = net_for(visits)
    pl.train_table(without, visits, validation=0.2, epochs=2)
    assert without != net


def test_another_table_has_weights_of_its_own(visits: pandas.DataFrame) -> None:
    first, second = visits[:300], visits[300:].reset_index(drop=True)
    found = []
    for weights in (1.0, np.arange(100.0)):
        net = net_for(visits)
        other = second.assign(weight=weights)
        history = pl.train_table(net, first, validation=other, sample_weight="weight", **QUICK)
        found.append(history["validation_loss"][0])
    assert found[0] != found[1]


def test_weights_of_classes_go_by_name(visits: pandas.DataFrame) -> None:
    by_name, by_index, plain = (net_for(visits, "ill") for _ in range(3))
    pl.train_table(by_name, visits, class_weight={"yes": 20}, **QUICK)
    pl.train_table(by_index, visits, class_weight=[1, 20], **QUICK)
    pl.train_table(plain, visits, **QUICK)
    assert by_name == by_index != plain
    # Heavier, so more likely.
    assert by_name.predict(visits)[:, 1].mean() > plain.predict(visits)[:, 1].mean()
    with pytest.raises(pl.InputError, match="names class 'maybe'; the classes are no, yes"):
        pl.train_table(plain, visits, class_weight={"maybe": 2}, **QUICK)
    with pytest.raises(pl.InputError, match="names class 'yes'; the classes are 0 to 1"):
        pl.train(pl.mlp([1, 2]), [[0.0], [1.0]], [0, 1], class_weight={"yes": 2})


@pytest.mark.parametrize("weight", ["balanced", {"yes": 20}])
@pytest.mark.parametrize("row_weighed", [False, True])
def test_held_out_classes_weigh_as_much(
    visits: pandas.DataFrame, weight: Any, row_weighed: bool
) -> None:
    first, second = visits[:300].reset_index(drop=True), visits[300:].reset_index(drop=True)
    net = net_for(visits, "ill", dtype="float64")
    more: dict[str, Any] = {"sample_weight": "weight"} if row_weighed else {}
    history = pl.train_table(
        net, first, validation=second, class_weight=weight, epochs=1, progress=False, **more
    )
    assert net.uncertainty is not None
    p = net.predict(second) ** net.uncertainty.temperature  # as they were in the epoch
    found = (p / p.sum(axis=1, keepdims=True))[np.arange(100), net.columns.t(second)]
    counts = first["ill"].value_counts()
    of_class = {"no": 1.0, "yes": 20.0}
    if weight == "balanced":
        of_class = {name: 300 / (2 * counts[name]) for name in of_class}
    weights = second["ill"].map(of_class).to_numpy(float)
    weights = weights * (second["weight"].to_numpy(float) if row_weighed else 1)
    expected = -(weights * np.log(found)).sum() / weights.sum()
    assert history["validation_loss"] == pytest.approx([expected], rel=1e-4)


def test_a_share_is_split_as_without_weights(visits: pandas.DataFrame) -> None:
    rows: list[int] = []
    for weight in (None, "balanced"):
        seen: list[Array] = []

        def spy(y: Array, t: Array, seen: list[Array] = seen) -> float:
            seen.append(t.copy())
            return 0.0

        net = net_for(visits, "ill")
        pl.train_table(net, visits, class_weight=weight, validation=0.2, metrics=spy, **QUICK)
        rows.append(net.record["rows"])
        assert sorted({len(t) for t in seen}) == [80, 320]
    assert rows == [320, 320]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such column": ({"group": "ward"}, "there is no column 'ward'"),
    "the target": ({"time": "score"}, "'score' is the target"),
    "an input": ({"sample_weight": "dose"}, r"is an input of the network.*ignore=\['dose'\]"),
    "both": ({"group": "patient", "time": "day"}, "by group or by time"),
    "none held out": ({"group": "patient", "validation": None}, "share of them.*got None"),
    "a table": ({"time": "day", "validation": {"x": [1]}}, "share of them.*got dict"),
    "no share": ({"time": "day", "validation": 2}, "between 0 and 1"),
    "one group": ({"group": "ill"}, "column 'ill' is the same in every row"),
    "a weight below 0": (
        {"sample_weight": "bad"},
        "row 3 .*column bad: a weight is a number.*'-1'",
    ),
    "no date": ({"time": "patient"}, r"row 1 .*column patient: 'p\d+' is neither a number"),
    "no group": ({"group": "hole"}, "row 2 .*column hole: the group is missing"),
    "beyond memory": ({"group": "patient", "memory": 1_000}, "need all rows in memory"),
    "weights beyond memory": ({"sample_weight": "weight", "memory": 1_000}, "need all rows"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused(name: str, visits: pandas.DataFrame) -> None:
    visits["ill"] = "no"
    visits["bad"] = 1.0
    visits.loc[2, "bad"] = -1
    visits["hole"] = "a"
    visits.loc[1, "hole"] = None
    more, message = WRONG[name]
    columns = pl.Columns.of(visits, target="score", numbers=["dose"], ignore=[*visits.columns[:2]])
    columns = pl.Columns.of(visits[["dose", "score"]], target="score")
    net = pl.table_mlp(columns, [4])
    before = net.copy()
    with pytest.raises(pl.InputError, match=message):
        pl.train_table(net, visits, **more, **QUICK)
    assert net == before
