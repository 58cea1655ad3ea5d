"""Tables from everywhere: the same cells give the same columns, whatever they come as."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import pellucid as pl
from pellucid.data.tables import cells
from pellucid.data.tables.kinds import NumberColumn
from pellucid.extras import library
from tests.narrowing import instance

CELLS: dict[str, list[Any]] = {
    "age": [31, 54, None, 18, 44, 27],
    "height": [1.7, 1.825, 1.61, None, 1.75, 1.9],
    "city": ["Seoul", "Busan", None, "Seoul", "Jeju", "Busan"],
    "member": [True, False, True, True, False, None],
    "t": ["no", "yes", "yes", "no", "no", "yes"],
}
NAMES = [
    *(
        "age",
        "age missing",
        "height",
        "height missing",
        "city=Busan",
        "city=Jeju",
        "city=Seoul",
        "city missing",
    ),
    *("member=false", "member=true", "member missing"),
]
X: Any = [
    [31, 0, 1.7, 0, 0, 0, 1, 0, 0, 1, 0],
    [54, 0, 1.825, 0, 1, 0, 0, 0, 1, 0, 0],
    [34.8, 1, 1.61, 0, 0, 0, 0, 1, 0, 1, 0],
    [18, 0, 1.757, 1, 0, 0, 1, 0, 0, 1, 0],
    [44, 0, 1.75, 0, 0, 1, 0, 0, 1, 0, 0],
    [27, 0, 1.9, 0, 1, 0, 0, 0, 0, 0, 1],
]


def as_csv(path: Path) -> Path:
    pandas.DataFrame(CELLS).to_csv(path / "cells.csv", index=False)
    return path / "cells.csv"


def as_parquet(path: Path) -> Path:
    polars.DataFrame(CELLS).write_parquet(path / "cells.parquet")
    return path / "cells.parquet"


def as_npz(path: Path) -> Path:
    texts: dict[str, Any] = {
        name: np.array(["" if cell is None else str(cell) for cell in CELLS[name]])
        for name in CELLS
    }
    np.savez(path / "cells.npz", **texts)
    return path / "cells.npz"


def as_npy(path: Path) -> Path:
    table = pandas.DataFrame(CELLS).astype(str)
    kinds = [(name, "U8") for name in table]
    np.save(path / "cells.npy", np.array([tuple(row) for row in table.to_numpy()], kinds))
    return path / "cells.npy"


SOURCES: dict[str, Callable[[Path], Any]] = {
    "dict": lambda path: CELLS,
    "csv": as_csv,
    "parquet": as_parquet,
    "npz": as_npz,
    "npy": as_npy,
    "pandas": lambda path: pandas.DataFrame(CELLS),
    "polars": lambda path: polars.DataFrame(CELLS),
    "pyarrow": lambda path: pyarrow.table(CELLS),
    "table": lambda path: pl.read_table(CELLS),
    "text of the path": lambda path: str(as_csv(path)),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_gives_the_same_numbers(source: Callable[..., Any], tmp_path: Path) -> None:
    table = source(tmp_path)
    columns = pl.Columns.of(table, target="t")
    assert columns.names == NAMES
    assert columns.classes == ["no", "yes"]
    np.testing.assert_allclose(columns.x(table, "float64") + columns.offsets, X, atol=1e-12)
    assert columns.x(table).dtype == np.float32
    assert columns.t(table).tolist() == [0, 1, 1, 0, 0, 1]
    assert columns.rows == 6


@pytest.mark.parametrize("first", SOURCES.values(), ids=SOURCES)
def test_what_one_source_taught_another_can_ask(first: Callable[..., Any], tmp_path: Path) -> None:
    columns = pl.Columns.of(first(tmp_path), target="t")
    for other in SOURCES.values():
        np.testing.assert_allclose(
            columns.x(other(tmp_path), "float64") + columns.offsets, X, atol=1e-12
        )


@pytest.mark.parametrize(
    "text",
    [
        "a,b,t\n1,2,no\n3,4,yes\n",
        "a;b;t\n1;2;no\n3;4;yes\n",
        "a\tb\tt\n1\t2\tno\n3\t4\tyes\n",
        "a|b|t\n1|2|no\n3|4|yes\n",
        "a,b,t\r\n1,2,no\r\n3,4,yes\r\n",
        "\r\ra,b,t\r1,2,no\r3,4,yes\r",
        "\n\na,b,t\n1,2,no\n\n3,4,yes",
        ' a , b ,t\n" 1",2 ,no\n+3,4e0, yes \n',
        '"a","b","t"\n"1","2","no"\n"3","4","yes"\n',
        "\ufeffa,b,t\n1,2,no\n3,4,yes\n",
    ],
    ids=[
        "commas",
        "semicolons",
        "tabs",
        "bars",
        "windows",
        "carriage returns alone",
        "blank lines",
        "blanks",
        "quotes",
        "mark",
    ],
)
def test_csv_as_programs_write_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    columns = pl.Columns.of(path, target="t")
    assert columns.names == ["a", "b"]
    assert columns.x(path).tolist() == [[1, 2], [3, 4]]
    assert columns.t(path).tolist() == [0, 1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_korean_tables(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "표.csv"
    path.write_bytes('도시,값,"맑음, 흐림"\n서울,1,맑음\n"부산\n해운대",2,흐림\n'.encode(encoding))
    columns = pl.Columns.of(path, target="맑음, 흐림")
    assert columns.names == ["도시=부산\n해운대", "도시=서울", "값"]
    assert columns.classes == ["맑음", "흐림"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
@pytest.mark.parametrize("shift", range(4))
def test_a_character_may_lie_across_the_end_of_what_is_looked_at(
    encoding: str, shift: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.data.tables.csv_file.START", 40 + shift)
    path = tmp_path / "a.csv"
    path.write_bytes(("값,t\n" + "가나다라마바사아자차카타,1\n파하,0\n" * 9).encode(encoding))
    assert pl.Columns.of(path, target="t").names == ["값=가나다라마바사아자차카타", "값=파하"]


def test_points_in_time_are_dates_and_spans_are_numbers() -> None:
    frame = pandas.DataFrame(
        {"day": pandas.to_datetime(["2024-05-01", "2024-05-02"] * 2), "t": [0, 1] * 2}
    )
    frame["span"] = frame["day"] - frame["day"].min()
    columns = pl.Columns.of(frame, target="t")
    assert columns.names == ["day", "span"]
    assert (columns.x(frame)[:, 0] + columns.offsets[0]).tolist() == [19844, 19845] * 2


def test_a_file_longer_than_one_block_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.files.limits.CSV_ROW", 1000)
    path = tmp_path / "long.csv"
    path.write_text("n,t\n" + "".join(f"{n},{n % 2}\n" for n in range(2000)))
    table = pl.read_table(path)
    assert len(list(table.blocks())) > 5
    columns = pl.Columns.of(table, target="t")
    assert columns.x(table)[:, 0].tolist() == list(range(2000))
    number = instance(NumberColumn, columns.columns[0])
    assert number.mean == pytest.approx(999.5, rel=1e-12)
    assert number.std == pytest.approx(np.arange(2000).std(), rel=1e-12)


def test_arrays_of_rows_are_columns_by_number(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(12.0).reshape(4, 3))
    assert pl.read_table(tmp_path / "a.npy").columns == ["x0", "x1", "x2"]
    np.savez(tmp_path / "a.npz", x=np.eye(4), t=np.arange(4))
    assert pl.read_table(tmp_path / "a.npz").columns == ["x0", "x1", "x2", "x3", "t"]


def test_a_dict_may_hold_arrays_and_mixed_cells() -> None:
    table = {"a": np.array([1.0, np.nan]), "b": [1, "x"], "t": np.array([0, 1])}
    columns = pl.Columns.of(table, target="t", categories=["b"])
    assert columns.names == ["a", "a missing", "b=1", "b=x"]
    assert columns.x(table).tolist() == [[1, 0, 1, 0], [1, 1, 0, 1]]


def test_a_pandas_column_that_mixes_numbers_and_texts() -> None:
    frame = pandas.DataFrame({"a": [1, "x", None], "t": [0, 1, 0]})
    assert pl.Columns.of(frame, target="t").names == ["a=1", "a=x", "a missing"]


def test_categorical_columns_are_categories_even_of_numbers() -> None:
    for frame in (
        pandas.DataFrame({"zone": pandas.Categorical([10, 9, 10]), "t": [0, 1, 0]}),
        polars.DataFrame(
            {"zone": ["10", "9", "10"], "t": [0, 1, 0]},
            schema_overrides={"zone": polars.Categorical},
        ),
    ):
        assert pl.Columns.of(frame, target="t").names == ["zone=9", "zone=10"]


def test_the_texts_that_mean_missing() -> None:
    compare = pandas.io.parsers.readers.STR_NA_VALUES
    assert set(compare) | {"?"} == cells.MISSING


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.import_module

    def without(name: str) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return known(name)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(pl.InputError, match=r"this needs pyarrow.*pip install narwhals pyarrow"):
        library("pyarrow.csv", "tables")


def test_a_network_on_rows_needs_no_table_library() -> None:
    program = (
        "import sys, numpy as np, pellucid as pl; pl.read_table; pl.Columns; net = pl.mlp([2, 2]); "
    )
    program += "net.predict(np.zeros((1, 2))); net.predict([[0.5, 0.5]]); "
    program += "print({'pyarrow', 'narwhals', 'pandas', 'polars'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"


def test_a_table_shows_its_columns() -> None:
    assert repr(pl.read_table(CELLS)) == "<Table the table: age, height, city, member, t>"
    columns = pl.Columns.of(CELLS, target="t")
    assert repr(columns) == "<Columns: age, height, city, member -> t (classes)>"
