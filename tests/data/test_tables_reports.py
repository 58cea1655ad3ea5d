"""What a report says of cells of which the training table had none."""

import warnings
from pathlib import Path

import numpy as np
import pandas
import pytest

import pellucid as pl
from pellucid.data.tables.kinds import columns_from


@pytest.fixture
def houses() -> pandas.DataFrame:
    area = np.arange(20.0, 120.0)
    return pandas.DataFrame({"area": area, "city": ["Seoul", "Busan"] * 50, "price": 7 * area})


@pytest.fixture
def net(houses: pandas.DataFrame) -> pl.Network:
    return pl.table_mlp(pl.Columns.of(houses, target="price"), hidden=[4])


def test_another_unit_is_reported(net: pl.Network, houses: pandas.DataFrame) -> None:
    reading = net.columns.read({"area": houses["area"] * 1000, "city": houses["city"]})
    list(reading)
    found = reading.report.to_dict()["outside"]["area"]
    assert found == {"cells": 100, "least": 20e3, "greatest": 119e3, "low": 20.0, "high": 119.0}
    assert reading.report.lines() == [
        "cells far outside the range of training, in brackets: 100 (area 100: 20000..119000 "
        "[20..119])"
    ]


@pytest.mark.parametrize(("area", "outside"), [(20, 0), (119, 0), (128, 0), (130, 1), (9, 1)])
def test_a_tenth_of_the_range_is_not_far(net: pl.Network, area: float, outside: int) -> None:
    reading = net.columns.read({"area": [area], "city": ["Seoul"]})
    list(reading)
    assert len(reading.report.outside) == outside


def test_predict_warns_at_the_line_that_called(net: pl.Network) -> None:
    with pytest.warns(pl.TableWarning) as caught:
        net.predict({"area": [60_000, None], "city": ["Jeju", "Seoul"]})
    text = str(caught[0].message)
    assert caught[0].filename == __file__
    assert "Jeju" in text
    assert "area 1: 60000..60000 [20..119]" in text
    assert "missing cells in columns that had none in training: 1 (area 1)" in text
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.predict({"area": [60], "city": ["Seoul"]})  # as in training: nothing is said


def test_ranges_travel_with_the_file(net: pl.Network, tmp_path: Path) -> None:
    net.save(tmp_path / "net.safetensors")
    assert pl.load(tmp_path / "net.safetensors").columns == net.columns
    assert net.columns.columns[0].to_dict()["high"] == 119


@pytest.mark.parametrize("change", [{"low": 200.0}, {"high": "1"}, {"high": 1e39}, {"low": None}])
def test_a_file_with_impossible_ranges_is_refused(
    net: pl.Network, change: dict[str, object]
) -> None:
    entry = net.columns.columns[0].to_dict() | change
    with pytest.raises(pl.InputError, match="malformed"):
        columns_from([entry])
