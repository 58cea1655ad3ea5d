"""Numbers as people write them: as if they had been written plainly, or said."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid as pl
from pellucid.core.types import Array
from pellucid.data.tables.kinds import NumberColumn, columns_from
from pellucid.data.tables.written import parse
from tests.narrowing import instance

VALUES = [1234.5, -7.25, 1000000.0, 0.5, 12.0, 999.75, 45210.125]


def of(cells: list[str], **choices: Any) -> tuple[pl.Columns, Array]:
    table = {"a": cells, "y": np.arange(float(len(cells)))}
    columns = pl.Columns.of(table, target="y", **choices)
    return columns, columns.x(table, "float64")[:, 0] + columns.offsets[0]


def german(value: float) -> str:
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    ("form", "unit"),
    [
        (lambda v: f"{v:,}", ""),
        (lambda v: f"${v:,.3f}", "$"),
        (lambda v: f"-${-v}" if v < 0 else f"${v}", "$"),
        (lambda v: f"{v} %", "%"),
        (lambda v: f"₩{v:,}", "₩"),
        (lambda v: f"{v:,}원", "₩"),
        (lambda v: f"{v:,}".replace(",", " "), ""),
        (lambda v: f"{v:,}".replace(",", "\N{NO-BREAK SPACE}"), ""),
        (lambda v: f"{v:,}".replace(",", "'"), ""),
        (lambda v: f"({-v})" if v < 0 else f"{v}", ""),
        (lambda v: f"($ {-v:,})" if v < 0 else f"$ {v:,}", "$"),
        (lambda v: f"{v}".replace("-", "\N{MINUS SIGN}"), ""),
        (german, ""),
        (lambda v: f"€ {german(v)}", "€"),
        (lambda v: f"{german(v)} €", "€"),
        (lambda v: f"{v}".replace(".", ","), ""),
    ],
)
def test_written_numbers_are_the_plain_ones(form, unit: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cells = [form(value) for value in VALUES]
    columns, x = of(cells)
    assert x.tolist() == VALUES
    assert instance(NumberColumn, columns.columns[0]).unit == unit
    plain = of([str(value) for value in VALUES])[0].columns[0]
    assert columns.columns[0][:7] == plain[:7]  # mean, std, range
    path = tmp_path / "t.csv"
    rows = pandas.DataFrame({"a": cells, "y": range(len(cells))})
    rows.to_csv(path, index=False, sep=";")
    assert pl.Columns.of(path, target="y").columns == columns.columns
    # The file keeps how it is to be read, and a program may ask with plain numbers
    again = pl.Columns.from_dict(columns.to_dict())
    assert again.x({"a": cells}).tobytes() == columns.x({"a": VALUES}).tobytes()


def test_all_of_a_column_decides_what_a_comma_is() -> None:
    assert of(["1,234", "5,678", "1,000"])[1].tolist() == [1234, 5678, 1000]
    assert of(["1,234", "5,678", "1,0"])[1].tolist() == [1.234, 5.678, 1]
    assert of(["1.000", "2.500", "3,5"])[1].tolist() == [1000, 2500, 3.5]
    table = {"a": ["1,234", "5,678"], "b": ["1,5", "2,5"], "y": [1.5, 2.5]}
    assert pl.Columns.of(table, target="y").x(table, "float64").tolist() == [
        [1.234, 1.5],
        [5.678, 2.5],
    ]


def test_a_late_comma_decides_for_the_blocks_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.data.tables.dataframes._ROWS", 4)
    cells = ["1.000", "2.000", "3.000", "4.000", "5.000,5", "6", "7", "8"]
    assert of(cells)[1].tolist() == [1000, 2000, 3000, 4000, 5000.5, 6, 7, 8]
    # Points that are no thousands stay points, and the late comma is that of thousands
    assert of(["1.5", "2.5", "3.5", "4.5", "1,000"])[1].tolist() == [1.5, 2.5, 3.5, 4.5, 1000]


def test_dashes_are_missing_numbers_and_other_texts() -> None:
    columns, x = of(["1.5", "-", "\N{EM DASH}", "2.5", "n/a"])
    assert columns.columns[0].missing
    assert x.tolist() == [1.5, 2.0, 2.0, 2.5, 2.0]
    assert of(["+", "-", "+", "-", "-"])[0].names == ["a=+", "a=-"]
    signs = {"a": [1.0, 2, 3, 4], "t": ["+", "-", "+", "-"]}
    assert pl.Columns.of(signs, target="t").classes == ["+", "-"]


def test_units_are_never_mixed() -> None:
    cells = [f"${i}" for i in range(1, 21)]
    columns, _ = of(cells)
    with pytest.raises(pl.InputError, match=r"row 2 .*'€3' is not in the unit of the training"):
        columns.x({"a": ["$3", "€3"]})
    assert columns.x({"a": ["3"]}).tolist() == columns.x({"a": ["$3"]}).tolist()
    with pytest.raises(pl.InputError, match="unit of the training table: none"):
        of([str(i) for i in range(20)])[0].x({"a": ["3 %"]})
    with pytest.raises(pl.InputError, match="different units: \\$, €"):
        of([*cells, *(cell.replace("$", "€") for cell in cells)])


def test_a_few_mistakes_are_missing_and_named() -> None:
    cells = [str(i) for i in range(1, 20)] + ["abc"]
    with pytest.warns(pl.TableWarning, match="1 cells are no numbers or dates .* row 20: 'abc'"):
        columns = pl.Columns.of({"a": cells, "y": np.arange(20.0)}, target="y")
    assert columns.names == ["a", "a missing"]
    assert "abc" in str(columns.notes["a"])
    reading = columns.read({"a": ["4", "what", "abc"]})
    x = np.concatenate([x for x, _ in reading])
    assert x.tolist() == [[4, 0], [10, 1], [10, 1]]
    assert reading.report.to_dict()["unreadable"] == {"a": {"what": 1, "abc": 1}}
    with pytest.warns(pl.TableWarning, match="'what' 1"):
        columns.x({"a": ["what"]})
    # Declared, or without mistakes in training, such a cell is an error
    with pytest.raises(pl.InputError, match=r"row 20 .*'abc' is not a number"):
        of(cells, numbers=["a"])
    with pytest.raises(pl.InputError, match="'what' is not a number"):
        of(cells[:-1])[0].x({"a": ["what"]})


def test_targets_are_read_as_they_are_written() -> None:
    table = {"a": np.arange(30.0), "y": [f"{1000 + i:,}.5" for i in range(30)]}
    columns = pl.Columns.of(table, target="y")
    assert columns.t(table)[:2].tolist() == [[1000.5], [1001.5]]
    assert pl.Columns.from_dict(columns.to_dict()).target == columns.target


@given(
    st.floats(-1e9, 1e9).map(lambda v: round(v, 3)),
    st.sampled_from(["", "$", "€", "%"]),
    st.booleans(),
)
def test_any_number_survives(value: float, unit: str, after: bool) -> None:
    for decimal, text in ((".", f"{value:,}"), (",", german(value))):
        if "e" not in text:
            written = f"{text} {unit}".strip() if after else f"{unit}{text}"
            assert parse(written, decimal) == (value, unit)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_none(text: str) -> None:
    for decimal in (".", ","):
        found = parse(text, decimal)
        assert found is None or any(character.isdigit() for character in text)


@pytest.mark.parametrize("change", [{"decimal": "x"}, {"unit": None}, {"mistakes": 1}])
def test_a_file_with_other_forms_is_refused(change: dict[str, object]) -> None:
    entry = of(["1,5", "2,5"])[0].columns[0].to_dict() | change
    with pytest.raises(pl.InputError, match="malformed"):
        columns_from([entry])


def test_a_network_does_not_depend_on_how_a_table_is_written(
    tmp_path: Path, generator: np.random.Generator
) -> None:
    area, day = generator.uniform(1e3, 2e5, 80).round(1), generator.integers(0, 900, 80)
    start = pandas.Timestamp("2021-01-01")
    days = pandas.Series(start + pandas.to_timedelta(day, "D"))
    member, price = generator.random(80) < 0.5, (area * 2).round(0)
    tables = {
        "plain": (area, days.dt.strftime("%Y-%m-%d"), np.where(member, "true", "false"), price),
        "english": (
            [f"{v:,}" for v in area],
            days.dt.strftime("%m/%d/%Y"),
            np.where(member, "Yes", "no"),
            [f"${v:,.0f}" for v in price],
        ),
        "german": (
            [german(v) for v in area],
            days.dt.strftime("%d.%m.%Y"),
            np.where(member, "1", "0"),
            [f"{v:,.0f} €".replace(",", ".") for v in price],
        ),
    }
    found = []
    for name, cells in tables.items():
        frame = pandas.DataFrame(dict(zip(("area", "day", "member", "price"), cells, strict=True)))
        frame.to_csv(tmp_path / name, index=False, sep=";")
        columns = pl.Columns.of(tmp_path / name, target="price", categories=["member"])
        net = pl.table_mlp(columns, hidden=[8])
        pl.train_table(net, tmp_path / name, epochs=3)
        found.append(net.predict(tmp_path / name).tobytes())
    assert found[0] == found[1] == found[2]
