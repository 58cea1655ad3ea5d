"""Networks that learned from tables: looked into by the names of their columns."""

import json
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.data.tables import Columns
from pellucid.lens.input_columns import InputColumn, input_columns, input_names
from pellucid.lens.input_limits import input_limits

N = 120


@pytest.fixture(scope="module")
def table() -> dict[str, list[object]]:
    generator = np.random.default_rng(3)
    age = generator.integers(18, 80, N).astype(float)
    city = generator.choice(["Seoul", "Busan", "Jeju"], N)
    size = generator.normal(50, 10, N)
    rent = 0.1 * age + 5 * (city == "Seoul") + generator.normal(0, 0.1, N)
    ages: list[object] = [None if i % 10 == 0 else value for i, value in enumerate(age.tolist())]
    return {"city": city.tolist(), "age": ages, "size": size.tolist(), "rent": rent.tolist()}


@pytest.fixture(scope="module")
def net(table: dict[str, list[object]]) -> pl.Network:
    columns = Columns.of(table, target="rent")
    x, t = columns.x(table), columns.t(table)
    layers = pl.mlp([columns.width, 16, 1], seed=0).layers
    made = pl.Network([columns.standardize(), *layers], inputs=columns)
    pl.train(made, x, t, epochs=100, optimizer=pl.Adam(0.01), progress=False)
    return made


def test_columns_by_name(net: pl.Network) -> None:
    assert input_columns(net) == [
        InputColumn("city", [0, 1, 2], ["Busan", "Jeju", "Seoul"]),
        InputColumn("age", [3, 4], None, 0.0, True),
        InputColumn("size", [5], None, 50.0),
    ]
    assert input_names(net) == [
        "city=Busan",
        "city=Jeju",
        "city=Seoul",
        "age",
        "age missing",
        "size",
    ]
    assert input_names(pl.mlp([3, 2])) == ["0", "1", "2"]


def test_a_table_says_what_its_rows_are(net: pl.Network, table: dict[str, list[object]]) -> None:
    columns = net.columns
    rows = columns.x(table)
    one = {name: cells[1:2] for name, cells in table.items()}
    found = pl.contributions(net, one, 1, 0)
    assert found.names == input_names(net)
    np.testing.assert_array_equal(found.inputs, pl.contributions(net, rows[1], 1, 0).inputs)
    assert "city=Seoul" in str(found)
    assert pl.trace_table(net, one).layers[0].labels == input_names(net)
    assert pl.input_weights(net).inputs == input_names(net)
    why = pl.integrated_gradients(net, table)
    assert why.names == input_names(net)
    assert why.values.shape == (N, 6)
    assert (why.relative_gap < 0.01).mean() > 0.9
    assert pl.top_inputs(net, table, 1, 0).rows.shape == (1, 10)
    assert pl.neuron_activity(net, table).rows == N
    both = pl.compare(net, net, table, columns.t(table))
    assert both.error_a == pytest.approx(pl.evaluate(net, table).mean_absolute_error)


def test_a_table_brings_its_targets(net: pl.Network, table: dict[str, list[object]]) -> None:
    found = pl.evaluate(net, table)
    again = pl.evaluate(net, net.columns.x(table), net.columns.t(table))
    assert found.to_dict() == again.to_dict()
    assert found.r2 is not None
    assert found.r2 > 0.9
    with pytest.raises(pl.InputError, match="targets are missing"):
        pl.evaluate(net, net.columns.x(table))
    with pytest.raises(pl.InputError, match="there is no column 'rent'"):
        pl.evaluate(net, {name: cells for name, cells in table.items() if name != "rent"})


def test_importance_by_column(net: pl.Network, table: dict[str, list[object]]) -> None:
    found = pl.permutation_importance(net, table)
    assert found.names == ["city", "age", "size"]
    assert found.ranked().tolist() == [0, 1, 2]
    assert found.means[1] > 10 * abs(found.means[2])
    assert found.metric == "r2"


def test_partial_dependence_by_column(net: pl.Network, table: dict[str, list[object]]) -> None:
    cities = pl.partial_dependence(net, table, "city")
    assert cities.labels == ["Busan", "Jeju", "Seoul"]
    assert cities.categories
    assert cities.outputs[2, 0] - cities.outputs[0, 0] == pytest.approx(5, abs=0.5)
    ages = pl.partial_dependence(net, table, "age", [30.0, 60.0])
    assert ages.grid.tolist() == [30, 60]
    assert ages.outputs[1, 0] - ages.outputs[0, 0] == pytest.approx(3, abs=0.5)
    # By hand: every row is given that age, and is missing no more.
    whole = {**table, "age": [30.0] * N}
    np.testing.assert_allclose(ages.outputs[0], net(whole).mean(axis=0), rtol=1e-5)
    assert len(pl.partial_dependence(net, table, "age").grid) == 20
    assert pl.partial_dependence(net, table, [3, 4], [[30.0, 0.0]]).column == "age, age missing"
    json.dumps(ages.to_dict())
    with pytest.raises(
        pl.InputError, match="there is no column 'rent'; the columns are city, age, size"
    ):
        pl.partial_dependence(net, table, "rent")


def test_large_numbers_keep_their_own_units() -> None:
    """Years are kept less an offset, as float32 would blur them.

    The grid and its texts are in years.
    """
    days = (1.7e9 + np.arange(60.0)).tolist()
    table = {"time": days, "y": (np.arange(60) / 10).tolist()}
    columns = Columns.of(table, target="y", task="regress")
    net = pl.Network(
        [columns.standardize(), pl.Affine(np.array([[2.0]], np.float32))], inputs=columns
    )
    assert input_columns(net)[0].offset != 0
    found = pl.partial_dependence(net, table, "time", [1.7e9 + 5])
    assert found.grid.tolist() == [1.7e9 + 5]
    np.testing.assert_allclose(found.outputs, net({"time": [1.7e9 + 5]}), rtol=1e-6)
    assert pl.partial_dependence(net, table, "time", 2).grid[0] > 1.7e9


def test_a_counterfactual_moves_numbers_only(table: dict[str, list[Any]]) -> None:
    high = ["high" if value > 6 else "low" for value in table["rent"]]
    classes: dict[str, list[Any]] = {**table, "rent": high}
    columns = Columns.of(classes, target="rent")
    net = pl.Network(
        [columns.standardize(), *pl.mlp([6, 16, 2], output="softmax", seed=0).layers],
        inputs=columns,
        classes=columns.classes,
    )
    pl.train(
        net,
        columns.x(classes),
        columns.t(classes),
        epochs=60,
        optimizer=pl.Adam(0.01),
        progress=False,
    )
    low, most = input_limits(net)
    assert (low[:3].tolist(), most[:3].tolist()) == ([0, 0, 0], [1, 1, 1])
    ages = columns.standardize("float64")
    known = [age for age in classes["age"] if age is not None]
    assert most[3] == max(known) < ages.mean[3] + 3 * ages.std[3]
    assert low[3] == min(known) > ages.mean[3] - 3 * ages.std[3]
    turned = 0
    for i in range(1, 9):
        one = {name: cells[i : i + 1] for name, cells in classes.items()}
        found = pl.counterfactual(net, one)
        assert found.names == input_names(net)
        if found.found:
            turned += 1
            assert found.change is not None
            assert found.change[[0, 1, 2, 4]].tolist() == [0, 0, 0, 0]
            assert found.change[3] != 0
            [(_, before, after)] = [move for move in found.moves() if move[0] == "age"]
            assert before == pytest.approx(one["age"][0] or ages.mean[3])
            assert after - before == pytest.approx(found.change[3], rel=1e-5)
            assert "age" in str(found)
    assert turned > 3
    free = pl.counterfactual(net, one, fixed=[])
    assert free.change is not None
    assert free.change[:3].any()
    held = pl.counterfactual(net, one, fixed=[0, 1, 2, 3, 4])
    assert held.change is None or held.change[:5].tolist() == [0] * 5
    with pytest.raises(pl.InputError, match="from 0 to 5"):
        pl.counterfactual(net, one, fixed=[6])
