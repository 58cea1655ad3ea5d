"""Dates and times in every form, from every source, and what a network makes of them."""

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid as pl
from pellucid.data.tables.dated import Dating, iso, moments
from pellucid.data.tables.kinds import DateColumn, columns_from
from tests.narrowing import instance, present

START = dt.date(2022, 1, 3)
DAYS = [START + dt.timedelta(i) for i in range(900)]
SINCE = [(day - dt.date(1970, 1, 1)).days for day in DAYS]


def of(cells: Any, **choices: Any) -> pl.Columns:
    table = {"day": cells, "y": np.arange(float(len(cells)))}
    return pl.Columns.of(table, target="y", **choices)


def mean(columns: pl.Columns) -> float:
    return instance(DateColumn, columns.columns[0]).mean


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%Y. %m. %d.",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%Y년 %m월 %d일",
        "%d %b %Y",
        "%B %d, %Y",
        "%Y-%m-%dT00:00:00Z",
        "%Y-%m-%d 09:00:00+09:00",
        "%Y-%m-%d 09:00+09",
        "%m/%d/%Y 12:00 AM",
        "%Y. %m. %d. 오전 12:00",
    ],
)
def test_every_form_is_the_same_day(form: str, tmp_path: Path) -> None:
    cells = [day.strftime(form) for day in DAYS]
    columns = of(cells)
    assert instance(DateColumn, columns.columns[0]).cycles == ("year", "week")
    x = columns.x({"day": cells}, "float64")
    np.testing.assert_array_equal(x[:, 0] + columns.offsets[0], SINCE)
    pandas.DataFrame({"day": cells, "y": np.arange(900.0)}).to_csv(tmp_path / "t.csv", index=False)
    assert pl.Columns.of(tmp_path / "t.csv", target="y").columns == columns.columns


def test_texts_are_read_alike_together_and_alone() -> None:
    """Arrow reads blocks of ISO texts; one other text in a block, and each is read by itself."""
    cells = ["2024-01-31", "2024-01-31 12", "2024-01-31T12:30", "2024-01-31 12:30:05.123456"]
    offsets = ["2024-01-31T12:30Z", "2024-01-31 12:30+09:00", "2024-01-31 12:30-05"]
    columns = of([*DAYS, dt.date(2021, 1, 1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pl.TableWarning)
        for texts in (cells, offsets):
            together = columns.x({"day": texts}, "float64")
            mixed = columns.x({"day": [*texts, "31 Jan 2024"]}, "float64")[:-1]
            assert together.tobytes() == mixed.tobytes()


def test_every_source_gives_the_same_numbers() -> None:
    stamps = pandas.to_datetime(pandas.Series(DAYS))
    sources: list[Any] = [
        {"day": DAYS},
        {"day": stamps.to_numpy()},
        pandas.DataFrame({"day": stamps}),
        pandas.DataFrame({"day": stamps.dt.tz_localize("UTC").dt.tz_convert("Asia/Seoul")}),
        pandas.DataFrame({"day": stamps.astype(str)}),
        polars.DataFrame({"day": DAYS}),
        polars.DataFrame({"day": stamps.to_list()}),
        pyarrow.table({"day": pyarrow.array(DAYS, pyarrow.date64())}),
    ]
    columns = of(DAYS)
    expected = columns.x(sources[0])
    for source in sources:
        assert columns.x(source).tobytes() == expected.tobytes()


def test_trend_cycles_and_missing_cells_by_hand() -> None:
    columns = of([*DAYS, None])
    waves_of_year, waves_of_week = (["day: sin " + c, "day: cos " + c] for c in ("year", "week"))
    assert columns.names == ["day", "day missing", *waves_of_year, *waves_of_week]
    with pytest.warns(pl.TableWarning, match=r"1970-01-08T12:00:00..1970-01-08T12:00:00 \[2022"):
        x = columns.x({"day": ["1970-01-08T12:00"]}, "float64")
    year, week = 2 * np.pi * 7.5 / 365.2425, 2 * np.pi * 0.5 / 7
    waves = [np.sin(year), np.cos(year), np.sin(week), np.cos(week)]
    np.testing.assert_allclose(x[0, 2:], waves, atol=1e-12)
    assert x[0, 0] + columns.offsets[0] == 7.5
    filled = mean(columns) - columns.offsets[0]
    assert columns.x({"day": [None]}, "float64")[0].tolist() == [filled, 1, 0, 0, 0, 0]


def test_a_column_decides_the_order_and_a_doubt_is_said() -> None:
    assert of(["13/01/2024", "02/03/2024"] * 5).columns[0].form == Dating("dmy")
    assert of(["01/13/2024", "02/03/2024"] * 5).columns[0].form == Dating("mdy")
    with pytest.warns(pl.TableWarning, match="the day or the month first: read as 12/31"):
        columns = of(["01/02/2024", "03/04/2024"] * 5)
    assert columns.columns[0].form == Dating("mdy")
    assert "12/31" in str(columns.notes["day"])
    # The file keeps the order: alone, these cells would not tell
    again = pl.Columns.from_dict(of(["13/01/2024", "02/03/2024"] * 5).to_dict())
    assert mean(again) == mean(of(["2024-01-13", "2024-03-02"] * 5))
    with pytest.raises(pl.InputError, match="'01/13/2024' is not a date"):
        again.x({"day": ["01/13/2024"]})


def test_what_is_declared() -> None:
    cells = [day.strftime("%Y%m%d") for day in DAYS[:50]]
    numbers = [int(cell) for cell in cells]
    assert of(numbers).columns[0].to_dict()["kind"] == "number"
    for each in (cells, numbers):
        assert mean(of(each, dates=["day"])) == np.mean(SINCE[:50])
    assert of(DAYS, numbers=["day"]).names == ["day"]  # the trend alone
    assert of(DAYS[:5] * 9, categories=["day"]).names[0] == "day=2022-01-03"
    with pytest.raises(pl.InputError, match=r"row 2 .*'soon' is not a date"):
        of(["2024-01-01", "soon"], dates=["day"])
    with pytest.raises(pl.InputError, match="target y has dates"):
        pl.Columns.of({"a": range(900), "y": DAYS}, target="y", task="regress")


def test_only_what_is_covered_is_a_cycle() -> None:
    monthly = pandas.date_range("2020-01-01", periods=48, freq="MS")
    assert instance(DateColumn, of(monthly).columns[0]).cycles == ("year",)
    assert instance(DateColumn, of(DAYS[:10]).columns[0]).cycles == ()
    hours = pandas.date_range("2020-01-01", periods=100, freq="h")
    assert instance(DateColumn, of(hours).columns[0]).cycles == ("day",)
    times = of([dt.time(i % 24, 30) for i in range(48)])
    assert instance(DateColumn, times.columns[0]).cycles == ("day",)


def test_a_few_mistakes_are_missing_and_named() -> None:
    cells = [str(day) for day in DAYS[:30]] + ["unknown"]
    with pytest.warns(pl.TableWarning, match="'unknown'"):
        columns = of(cells)
    assert columns.columns[0].missing
    # As many words are texts
    assert of([*map(str, DAYS[:5]), "a", "b"] * 5).columns[0].to_dict()["kind"] == "category"


def test_a_line_in_time_is_learned(generator: np.random.Generator) -> None:
    day = generator.integers(0, 900, 2000)
    y = day + generator.normal(0, 20, 2000)
    table = pandas.DataFrame(
        {"day": pandas.Timestamp("2022-01-03") + pandas.to_timedelta(day, "D")}
    )
    table["y"] = y
    net = pl.table_mlp(pl.Columns.of(table[:1800], target="y"))
    pl.train_table(net, table[:1800])
    assert present(pl.evaluate(net, table[1800:]).r2) > 0.97


def test_months_to_come_go_on(tmp_path: Path) -> None:
    months = pandas.date_range("2022-01-01", periods=26, freq="MS")
    table = pandas.DataFrame({"month": months, "y": 10.0 * np.arange(26)})
    net = pl.table_mlp(pl.Columns.of(table[:24], target="y"))
    pl.train_table(net, table[:24])
    net.save(tmp_path / "net.safetensors")
    with pytest.warns(pl.TableWarning, match=r"month 2: 2024-01-01..2024-02-01 \[2022-01-01..2023"):
        found = pl.load(tmp_path / "net.safetensors").predict(table[24:])
    np.testing.assert_allclose(found[:, 0], [240, 250], atol=12)


@given(st.datetimes(dt.datetime(1600, 1, 1), dt.datetime(2900, 1, 1)))
def test_any_moment_survives(moment: dt.datetime) -> None:
    expected = (moment - dt.datetime(1970, 1, 1)) / dt.timedelta(days=1)
    for text in (str(moment), moment.isoformat(), moment.isoformat() + "Z"):
        assert [*moments(text)] == pytest.approx([expected, expected], abs=1e-9)
    assert moments(iso(expected))[0] == pytest.approx(expected, abs=1e-9)


@given(st.text(alphabet="0123456789-/.: 년월일TZ+", max_size=14))
def test_any_text_is_a_date_or_none(text: str) -> None:
    for days in moments(text, compact=True):
        assert days is None or np.isfinite(days)


@pytest.mark.parametrize(
    "change",
    [
        {"cycles": ["month"]},
        {"cycles": ["year", "year"]},
        {"cycles": "year"},
        {"order": "ydm"},
        {"order": ["ymd"]},
        {"compact": 1},
        {"low": 1e9},
        {"mean": "1"},
    ],
)
def test_a_hostile_file_is_refused(change: dict[str, object]) -> None:
    entry = of(DAYS).columns[0].to_dict()
    assert columns_from([entry]) == of(DAYS).columns
    with pytest.raises(pl.InputError, match="malformed"):
        columns_from([entry | change])


@pytest.mark.parametrize(
    ("clock", "hours"),
    [
        ("00:00", 0.0),
        ("23:59", 23 + 59 / 60),
        ("24:00", None),
        ("12:60", None),
        ("12:30:60", None),
        ("12:30 AM", 0.5),
        ("12:30 PM", 12.5),
        ("1:00 PM", 13.0),
        ("0:30 AM", None),
        ("13:00 PM", None),
    ],
)
def test_a_clock_ends_where_the_day_does(clock: str, hours: float | None) -> None:
    expected = None if hours is None else pytest.approx(1 + hours / 24, abs=1e-9)
    assert [*moments(f"1970-01-02 {clock}")] == [expected, expected]
