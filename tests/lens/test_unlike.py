"""Rows unlike those of training, and the sentences on how sure a prediction is."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.display.text_table import interval_text
from pellucid.language import speaking
from pellucid.lens.certainty import certainty_of, how_often
from pellucid.lens.entries import predicts_classes
from pellucid.lens.unlike import flags, unlike_training
from tests.houses import Flats, flats, trained


def rows(net: pl.Network, table: Flats) -> Array:
    """Return a table's rows as numbers; the warnings of strange cells are another matter."""
    return net.columns.read_rows(table)[0]


def reasons(net: pl.Network, **cells: object) -> list[str]:
    row = {"area": 70.0, "rooms": 3.0, "city": "Seoul", **cells}
    x = rows(net, {name: [value] for name, value in row.items()})
    return [str(each) for each in unlike_training(net, x)[0]]


@pytest.mark.parametrize("target", ["rent", "kind"])
def test_each_reason_is_said(target: str) -> None:
    net = trained(target)
    assert reasons(net) == []
    assert reasons(net, area=None) == []
    assert reasons(net, area=125.0, rooms=5) == []  # within a tenth of the range
    assert reasons(net, area=900) == ["area 900 is above 119.95"]
    assert reasons(net, area=-40, city="Ulsan") == [
        "area -40 is below 20.019",
        "city is none of the categories of training",
    ]
    assert reasons(net, area=25, rooms=5) == ["area 25 and rooms 5 are unusual together"]


def test_one_row_in_a_hundred_like_those_of_training_is_named() -> None:
    net, new = trained("rent"), flats(5_000, 7)
    x = rows(net, new)
    found = flags(net, x)
    assert 0.002 < found.mean() < 0.025
    assert pl.evaluate(net, x, new["rent"]).unlike == found.sum()


def test_dates_and_embedded_categories() -> None:
    days = np.datetime64("2020-01-01") + np.arange(600)
    table = {
        "day": days.astype(str).tolist(),
        "shop": [f"shop{k % 120}" for k in range(600)],
        "sold": np.arange(600.0),
    }
    net = pl.table_mlp(pl.Columns.of(table, "sold"), hidden=[4])
    x = rows(net, {"day": ["2020-06-01", "2031-01-01", days[-1]], "shop": ["shop1", "x", "shop5"]})
    found = [[str(each) for each in row] for row in unlike_training(net, x)]
    assert found == [
        [],
        ["day 2031-01-01 is above 2021-08-22", "shop is none of the categories of training"],
        [],
    ]


def test_networks_without_columns_know_nothing_of_it() -> None:
    assert unlike_training(pl.mlp([2, 1]), np.zeros((3, 2))) == [[], [], []]


def test_sentences() -> None:
    net = trained("rent")
    x = rows(net, {"area": [70, 900], "rooms": [3, 3], "city": ["Seoul", "Seoul"]})
    sure = certainty_of(net, x, net.predict(x), 0.9)
    first, second = sure.lines(net, 0), sure.lines(net, 1)
    assert len(first) == 1
    assert first[0].startswith("9 times out of 10: ")
    assert second[1] == "unlike the training rows: area 900 is above 119.95"
    entry = sure.entry(net, 1)
    assert entry["unlike_training"] == ["area 900 is above 119.95"]
    assert entry["interval"] == [sure.low[1, 0], sure.high[1, 0]]  # type: ignore[index]
    with speaking("ko"):
        assert sure.lines(net, 1)[1] == "학습한 행과 다릅니다: area 900, 최댓값 119.95 초과"
    kinds = trained("kind")
    assert "set" in certainty_of(kinds, x, kinds.predict(x), 0.9).entry(kinds, 0)
    assert certainty_of(kinds, x, kinds.predict(x)).lines(kinds, 0) == []


@pytest.mark.parametrize(
    ("level", "text"),
    [
        (0.9, "9 times out of 10"),
        (0.95, "19 times out of 20"),
        (0.99, "99 times out of 100"),
        (0.5, "5 times out of 10"),
        (0.995, "995 times out of 1,000"),
        (0.33333, "0.33333 of the rows"),
    ],
)
def test_levels_in_words(level: float, text: str) -> None:
    assert how_often(level) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (182_345.6, 241_234.5, "182,000 to 242,000"),
        (-0.0123, 0.0456, "-0.013 to 0.046"),
        (3.0, 3.0, "3 to 3"),
        (1.05, 9.94, "1.0 to 10.0"),
    ],
)
def test_intervals_in_words(low: float, high: float, text: str) -> None:
    assert interval_text(low, high) == text


def test_a_network_without_layers_predicts_values() -> None:
    """A model file may have none, as fuzzing found."""
    assert not predicts_classes(pl.Network([]))
