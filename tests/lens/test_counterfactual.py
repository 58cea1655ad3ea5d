"""The smallest change that turns an answer.

Exact where that is known, never wrong, and honest when there is none.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli import main
from pellucid.lens.input_limits import input_limits, input_scale
from pellucid.web import SHIPPED
from tests.lens.networks import D, affine, kinds, rows_for
from tests.narrowing import instance, present

NETS = {name: net for name, net in kinds().items() if name != "values"}


@pytest.mark.parametrize("name", NETS)
def test_the_class_changes_within_the_limits(name: str) -> None:
    net = NETS[name]
    limits = None if name == "pixels" else (-4, 4)
    low, high = input_limits(net, limits)
    found_any = 0
    for row in rows_for(net, 5, seed=4):
        found = pl.counterfactual(net, row, limits=limits)
        assert found.before == net.classify(row[None])[0]
        if not found.found:
            continue
        found_any += 1
        assert found.x is not None
        assert found.change is not None
        assert found.x.dtype == net.dtype
        assert net.classify(found.x[None])[0] == found.after != found.before
        assert ((found.x >= low) & (found.x <= high)).all()
        np.testing.assert_array_equal(found.x - row.ravel().astype(net.dtype), found.change)
        moves = np.abs(found.change / input_scale(net))
        assert found.distance == pytest.approx(np.linalg.norm(moves), rel=1e-4)
        assert found.largest == pytest.approx(moves.max(), rel=1e-4)
        assert found.confidence_before == pytest.approx(net.confidence(net(row[None]))[0], rel=1e-5)
        json.dumps(found.to_dict())
    assert found_any >= 4


def test_half_the_change_is_not_enough() -> None:
    """The border is met: a hundredth less, and the answer is the old one."""
    net = NETS["sigmoids"]
    for row in rows_for(net, 6, seed=4):
        found = pl.counterfactual(net, row, limits=(-9, 9))
        if found.found:
            assert found.change is not None
            assert net.classify((row + 0.99 * found.change)[None])[0] == found.before


def test_straight_borders_are_met_exactly() -> None:
    """For a linear network the nearest point of each border is known: |w . x + b| / |w|."""
    net = pl.Network([affine(D, 4, 7), pl.Softmax()])
    layer = instance(pl.Affine, net.layers[0])
    assert layer.b is not None
    for row in rows_for(net, 6):
        a = net.classify(row[None])[0]
        gaps = [
            (row @ (layer.W[:, a] - layer.W[:, k]) + layer.b[a] - layer.b[k])
            / np.linalg.norm(layer.W[:, a] - layer.W[:, k])
            for k in range(4)
            if k != a
        ]
        found = pl.counterfactual(net, row, limits=(-100, 100))
        assert found.distance == pytest.approx(min(gaps), rel=1e-5)


def test_limits_are_kept_by_the_nearest_point_within_them() -> None:
    """Class 1 where x0 + x1 > 3, from (0, 0): freely (1.5, 1.5); with x0 below 1 it is (1, 2)."""
    net = pl.Network([pl.Affine([[0.0, 1.0], [0.0, 1.0]], [0.0, -3.0])], classes=["no", "yes"])
    free, bound = (pl.counterfactual(net, [0.0, 0.0], limits=(0, high)) for high in (9, [1, 9]))
    assert free.x == pytest.approx([1.5, 1.5], abs=1e-5)
    assert bound.x == pytest.approx([1, 2], abs=2e-4)
    assert (bound.label_before, bound.label_after) == ("no", "yes")
    assert bound.changed == 2


def test_the_nearest_of_all_points_by_looking_at_all() -> None:
    """In the plane a grid finds the nearest point of another class.

    The search is hardly further away.
    """
    x, t = pl.moons(300, seed=0)
    net = pl.mlp([2, 16, 16, 2], activation="tanh", output="softmax", seed=0)
    pl.train(net, x, t, epochs=30, batch_size=16, optimizer=pl.Adam(0.02), progress=False)
    axis = np.linspace(-3, 3, 601)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2).astype(np.float32)
    classes = net.classify(grid)
    for row in x[:9]:
        found = pl.counterfactual(net, row, limits=(-3, 3))
        others = grid[classes != net.classify(row[None])[0]]
        nearest = np.linalg.norm(others - row, axis=1).min()
        assert found.distance is not None
        assert found.distance < 1.05 * nearest + 0.01
        assert found.distance > nearest - 0.02  # the grid's own step


def test_lengths_are_measured_in_input_neurons() -> None:
    """The second column counts in thousands.

    A move of 1000 there is as long as one of 1 in the first.
    """
    net = pl.Network(
        [pl.Standardize([0.0, 0.0], [1.0, 1000.0]), pl.Affine([[1.0], [2.0]], [-4.0]), pl.Sigmoid()]
    )
    found = pl.counterfactual(net, [0.0, 0.0], limits=(-1e4, 1e4))
    assert found.x == pytest.approx([0.8, 1600], rel=1e-4)
    assert found.distance == pytest.approx(4 / np.sqrt(5), rel=1e-4)


def test_a_wanted_class() -> None:
    net = NETS["sigmoids"]
    net.classes = ["a", "b", "c"]
    row = rows_for(net, 1)[0]
    before = int(net.classify(row[None])[0])
    lengths = []
    for wanted in {0, 1, 2} - {before}:
        found = pl.counterfactual(net, row, "abc"[wanted], limits=(-20, 20))
        if found.found:
            assert (found.after, found.label_after) == (wanted, "abc"[wanted])
            lengths.append(present(found.distance))
    assert pl.counterfactual(net, row, limits=(-20, 20)).distance == pytest.approx(
        min(lengths), rel=1e-3
    )
    mistakes: tuple[Any, ...] = (before, 3, -1, "d", 1.0, "abc"[before])
    for bad in mistakes:
        with pytest.raises(pl.InputError, match="target must be a class other"):
            pl.counterfactual(net, row, bad, limits=(-20, 20))
    net.classes = None


def test_none_is_found_where_there_is_none() -> None:
    never = pl.Network([pl.Affine([[0.0, 0.0]], [5.0, 0.0]), pl.Softmax()])
    far = pl.Network([pl.Affine([[1.0]], [-10.0]), pl.Sigmoid()])
    for net in (never, far):
        found = pl.counterfactual(net, [0.5], limits=(0, 1))
        assert not found.found
        assert (found.x, found.after, found.distance) == (None, None, None)
        assert "no input within the limits was found" in str(found)
        json.dumps(found.to_dict())


def test_a_digit_becomes_another() -> None:
    data = pl.mnist()
    net = pl.mlp([784, 16, 10], activation="sigmoid", output="sigmoid", pixels=True, seed=0)
    pl.train(
        net,
        data.train.images[:3000],
        data.train.labels[:3000],
        epochs=8,
        optimizer=pl.Adam(0.01),
        progress=False,
    )
    for picture in data.test.images[:5]:
        found = pl.counterfactual(net, picture, steps=40)
        assert found.found
        assert found.x is not None
        assert net.classify(found.x[None])[0] == found.after != found.before
        assert found.x.min() >= 0
        assert found.x.max() <= 255
        assert found.distance is not None
        assert found.distance < 3  # an image's own length is about 9
        assert "becomes" in str(found)


@pytest.mark.parametrize(
    "rows", [[0], pytest.param([0, 2500, 5000, 7500], marks=pytest.mark.integration)]
)
def test_every_other_digit_is_reached_and_near(rows: list[int]) -> None:
    """Nine other classes each.

    To pass the answer alone, from the row alone, found 5 of the first 18, 10 of all 36.
    """
    net = pl.load(SHIPPED)
    lengths = []
    for picture in pl.mnist().test.images[rows]:
        before = int(net.classify(picture[None])[0])
        for target in set(range(10)) - {before}:
            found = pl.counterfactual(net, picture, target)
            assert found.found, (before, target)
            assert found.x is not None
            assert net.classify(found.x[None])[0] == target
            lengths.append(present(found.distance))
    assert (
        np.median(lengths) < 0.9 and max(lengths) < 2.5
    )  # 0.7 and 1.9; an image's own length is about 9


def test_a_third_class_in_between_is_passed() -> None:
    """On a line: class 0 below 1, class 1 up to 2, class 2 above.

    To turn 0 into 2 means to pass 1 as well.
    """
    net = pl.Network([pl.Affine([[0.0, 2.0, 3.0]], [0.0, -2.0, -4.0]), pl.Softmax()])
    found = pl.counterfactual(net, [0.5], 2, limits=(0, 5))
    assert found.after == 2
    assert found.x == pytest.approx([2.0], abs=1e-5)


def test_full_sigmoids_do_not_end_the_search() -> None:
    """A step so steep that its slope at the row is nearly 0.

    A straight line leads far beyond it.
    """
    net = pl.Network(
        [
            pl.Affine([[40.0]], [-20.0]),
            pl.Sigmoid(),
            pl.Affine([[0.0, 2.0]], [1.0, 0.0]),
            pl.Softmax(),
        ]
    )
    found = pl.counterfactual(net, [0.1], limits=(0, 1))
    assert found.x == pytest.approx([0.5], abs=1e-5)


def test_values_have_no_class_to_change() -> None:
    with pytest.raises(pl.InputError, match="predicts a value, not a class"):
        pl.counterfactual(pl.Network([affine(D, 1, 0)]), np.zeros(D), limits=(0, 1))
    sums = pl.Network([pl.Affine([[1.0]], [-0.5])], classes=["no", "yes"])
    found = pl.counterfactual(sums, [0.0], limits=(0, 1))
    assert found.x == pytest.approx([0.5], abs=1e-5)
    with pytest.raises(pl.InputError, match="the range of the inputs"):
        pl.counterfactual(NETS["sigmoids"], np.zeros(D))


def test_the_number_of_a_missing_cell_does_not_change_alone() -> None:
    """A filled number that moves while its flag still says missing is no row that could be written
    down.
    """
    rng = np.random.default_rng(0)
    age, income = rng.uniform(20, 60, 200), rng.uniform(1, 9, 200)
    bought = np.where(income + age / 20 > 7, "yes", "no").tolist()
    cells = [None if i % 10 == 0 else float(v) for i, v in enumerate(income)]
    table = {"age": age.tolist(), "income": cells, "bought": bought}
    net = pl.table_mlp(pl.Columns.of(table, target="bought"), hidden=[8])
    pl.train_table(net, table, epochs=20)
    whole = pl.counterfactual(net, {"age": [25.0], "income": [3.0]})
    assert "income" in {name for name, _, _ in whole.moves()}
    missing = pl.counterfactual(net, {"age": [25.0], "income": [None]})
    assert {name for name, before, after in missing.moves() if before != after} <= {"age"}


def sales(days: int) -> dict[str, Any]:
    """Skewed discounts from 0 to 33.3, prices, and consecutive days from 2024-01-01 on."""
    rng = np.random.default_rng(2)
    start = np.datetime64("2024-01-01")
    return {
        "day": [str(start + int(i)) for i in np.arange(300) % days],
        "discount": rng.choice([0, 0, 0, 5, 33.3], 300).tolist(),
        "price": np.exp(rng.normal(3, 1, 300)).tolist(),
        "bought": (["no", "yes"] * 150),
    }


def linear(columns: pl.Columns, weights: list[float], bias: float = 0.3) -> pl.Network:
    layers = [columns.standardize(np.float64), pl.Affine(np.array(weights)[:, None], [bias])]
    return pl.Network([*layers, pl.Sigmoid()], inputs=columns, classes=columns.classes)


def test_no_number_and_no_date_leaves_the_range_of_training() -> None:
    table = sales(10)
    columns = pl.Columns.of(table, target="bought")
    net = linear(columns, [0.5, 2.0, 0.5], bias=1.5)
    low, high = (ends + columns.offsets for ends in input_limits(net))
    known, first = columns.standardize(np.float64), 19723  # 2024-01-01 in days since 1970
    assert (low[0], high[0]) == (first, first + 9)
    assert (low[1], high[1]) == pytest.approx((0, 33.3))
    assert low[2] == min(table["price"])
    assert high[2] == known.mean[2] + 3 * known.std[2] < max(table["price"])
    x, ends = columns.x(table), 0
    for row in x[:10]:
        found = pl.counterfactual(net, row)
        if found.x is None:
            continue
        moved = found.x + found.offsets
        assert (moved >= np.minimum(low, row + found.offsets) - 1e-5).all()
        assert (moved <= np.maximum(high, row + found.offsets) + 1e-5).all()
        ends += int(row[1] > 0 and moved[1] == pytest.approx(0, abs=0.01))
    assert ends > 0
    json.dumps(found.to_dict())


def test_dates_are_shown_as_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = sales(10)
    net = linear(pl.Columns.of(table, target="bought"), [3.0, 0.0, 0.0])
    row = {"day": ["2024-01-02"], "discount": [5.0], "price": [20.0]}
    found = pl.counterfactual(net, row)
    # The border: 3 (day - mean) / std + 0.3 = 0.
    days = np.arange(300) % 10
    border = np.datetime64("2024-01-01") + (days.mean() - 0.1 * days.std()) * np.timedelta64(
        1440, "m"
    )
    [(name, before, after)] = found.moves_as_text()
    assert (name, before) == ("day", "2024-01-02")
    assert abs(np.datetime64(after) - border) <= np.timedelta64(2, "m")
    assert after in str(found) and before in str(found)
    assert found.moves()[0][1] == 19724
    net.save(tmp_path / "net.safetensors")
    (tmp_path / "rows.csv").write_text("day,discount,price\n2024-01-02,5,20\n")
    words = [str(tmp_path / name) for name in ("net.safetensors", "rows.csv")]
    assert main(["explain", *words, "--row", "1"]) == 0
    assert f"- day: 2024-01-02 -> {after}" in capsys.readouterr().out


def test_a_date_stays_where_its_cycle_would_not_follow() -> None:
    """A trend that moves alone, with the weekday of another date, is no date."""
    table = sales(100)
    columns = pl.Columns.of(table, target="bought")
    assert columns.names == ["day", "day: sin week", "day: cos week", "discount", "price"]
    net = linear(columns, [3.0, 0.5, 0.5, 0.0, 2.0])
    row = {"day": ["2024-01-20"], "discount": [5.0], "price": [20.0]}
    found = pl.counterfactual(net, row)
    assert [name for name, _, _ in found.moves()] == ["price"]
    assert found.change is not None and not found.change[:3].any()
    free = pl.counterfactual(net, row, fixed=[])
    assert free.change is not None and free.change[:3].all()
