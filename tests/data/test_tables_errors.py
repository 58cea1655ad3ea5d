"""What is wrong with a table is one line that names the row, counted from 1, and the column."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import pellucid as pl


def message_of(call: Callable[..., Any], *arguments: Any, **settings: Any) -> str:
    with pytest.raises(pl.PellucidError) as caught:
        call(*arguments, **settings)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Any]:
    def write(text: bytes | str) -> Path:
        path = tmp_path / "a.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


GOOD = "".join(f"{n},no\n{n},yes\n" for n in range(10))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"a,t\n{GOOD}inf,no\n", ["row 21 ", "column a", "'inf' is infinite"]),
        (f"a,t\n{GOOD}1,no\n-Infinity,no\n", ["row 22 ", "column a", "'-Infinity' is infinite"]),
        (f"a,t\n{GOOD}1e39,no\n", ["row 21 ", "column a", "beyond 1e+38"]),
        (f"a,t\n{GOOD}1e999,no\n", ["row 21 ", "column a", "'1e999'"]),
        (f"a,t\n{GOOD}1,\n2, ? \n", ["row 21 ", "column t", "target is missing", "(2 such"]),
        ("a,t\n", ["there are no rows"]),
        ("a,t\n1,no\n2,no\n", ["target t is 'no' in every row", "two classes"]),
        ("a,a,t,t\n1,2,3,4\n", ["more than one column is named 'a', 't'"]),
        ("a,b\n1,2\n", ["no column 't'", "a, b"]),
        ("t\n1\n2\n", ["no column is left to train on"]),
        ("a,t\n,no\n,yes\n", ["no column is left to train on", "a (it is empty)"]),
        (f"a,t\n{GOOD}1\n", ["row 21 ", "1 cells", "expected 2"]),
        (f"a,t\n{GOOD}1,no,3\n", ["row 21 ", "3 cells", "expected 2"]),
        (f"\n\na,t\n{GOOD}1,no,3\n", ["row 21 ", "3 cells"]),
        ("1,2\n3,4\n", ["first line must name the columns", "1,2"]),
        (b"a,t\n\xff\xff\xff,no\n", ["not UTF-8 or CP949"]),
        (b"a,t\n" + b"1,no\n" * 300_000 + b"\xff\xff\xff,no\n", ["not UTF-8 or CP949"]),
        (
            b"a,t\n" + b"1,no\n" * 9 + b'"' + b"1,no\n" * 3_000_000,
            ["longer than 4,194,304 bytes", "unclosed quote"],
        ),
        (b'a,t\n"1,no\n2,yes\n', ["row 1 ", "1 cells", "expected 2"]),
        (b"\0\0\0\0", ["not a table"]),
        (b"a,t\0b\n1,2\n", ["not a table"]),
        ("a" * 140_000 + ",t\n1,2\n", ["not a CSV file (field larger than"]),
        ("," * 99_999 + "\n", ["more than one column is named ''"]),
        (",".join(map("a{}".format, range(100_001))), ["1 to 100,000 columns, got 100,001"]),
        (b"", ["empty (0 bytes)"]),
    ],
)
def test_csv(csv: Callable[..., Any], text: bytes | str, words: Sequence[str]) -> None:
    path = csv(text)
    message = message_of(pl.Columns.of, path, target="t")
    assert message.startswith(f"{path}: ")
    for word in words:
        assert word in message


def test_a_target_that_cannot_be_learned(csv: Callable[..., Any]) -> None:
    assert "t is 2 in every row" in message_of(
        pl.Columns.of, csv("a,t\n1,2\n2,2\n"), target="t", task="regress"
    )
    names = "".join(f"{n},n{n}\n" for n in range(1001))
    assert "more than 1,000 classes" in message_of(pl.Columns.of, csv("a,t\n" + names), target="t")
    assert "'no' is not a number" in message_of(
        pl.Columns.of, csv("a,t\n1,no\n2,3\n"), target="t", task="regress"
    )
    assert "'inf' is infinite" in message_of(
        pl.Columns.of, csv("a,t\n1,inf\n2,3\n"), target="t", task="regress"
    )
    lists = {"a": [1, 2], "t": [[1], [2]]}
    assert "column t has neither numbers nor texts" in message_of(pl.Columns.of, lists, target="t")


def test_what_is_asked_of_columns(csv: Callable[..., Any]) -> None:
    table = {"a": [1, 2], "t": ["no", "yes"]}
    assert "no column 'b', 'c'" in message_of(
        pl.Columns.of, table, target="t", ignore=["b"], categories=["c"]
    )
    assert "target t cannot be ignored" in message_of(
        pl.Columns.of, table, target="t", ignore=["t"]
    )
    assert "task must be one of classify, regress" in message_of(
        pl.Columns.of, table, target="t", task="guess"
    )
    assert 'such as ["id"]' in message_of(pl.Columns.of, table, target="t", ignore="a")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"a": ["x"], "c": ["p"], "t": ["no"]}, ["row 1 ", "column a", "'x' is not a number"]),
        (
            {"a": [1, -np.inf], "c": ["p", "p"], "t": ["no", "no"]},
            ["row 2 ", "column a", "'-inf' is infinite"],
        ),
        ({"a": [1], "t": ["no"]}, ["no column 'c'", "a, t"]),
        ({"b": [1]}, ["no column 'a', 'c', 't'"]),
        (
            {"a": [1, 1], "c": ["p", "p"], "t": ["no", None]},
            ["row 2 ", "column t", "target is missing"],
        ),
        (
            {"a": [1], "c": ["p"], "t": ["perhaps"]},
            ["row 1 ", "column t", "'perhaps' is not one of", "no, yes"],
        ),
        ({"a": [[1]], "c": ["p"], "t": ["no"]}, ["column a", "neither numbers nor texts", "list"]),
        ({"a": [1], "c": [[1]], "t": ["no"]}, ["column c", "neither numbers nor texts", "list"]),
    ],
)
def test_known_columns_in_another_table(cells: dict[str, Any], words: Sequence[str]) -> None:
    columns = pl.Columns.of({"a": [1, 2], "c": ["p", "q"], "t": ["no", "yes"]}, target="t")
    message = message_of(columns.t, cells)
    for word in words:
        assert word in message


def test_rows_are_counted_through_all_blocks(
    csv: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.files.limits.CSV_ROW", 1000)
    columns = pl.Columns.of({"a": [1.5, 2], "t": [0.5, 1]}, target="t")
    rows = "".join(f"{n},{n % 2}\n" for n in range(3000))
    assert "row 3001 " in message_of(columns.x, csv(f"a,t\n{rows}x,1\n"))
    assert "row 3001 " in message_of(columns.t, csv(f"a,t\n{rows}1,\n"))
    assert "row 3001 " in message_of(
        pl.Columns.of, csv(f"a,t\n{rows}inf,1\n"), target="t", task="regress"
    )
    assert "row 3001 " in message_of(columns.x, csv(f"a,t\n{rows}1,2,3\n"))


def test_values_that_are_missing_or_no_numbers() -> None:
    columns = pl.Columns.of({"a": [1.5, 2], "t": [0.5, 1]}, target="t")
    assert "row 2 " in message_of(columns.t, {"a": [1, 2], "t": [1.0, None]})
    assert "'x' is not a number" in message_of(columns.t, {"a": [1], "t": ["x"]})


@pytest.mark.parametrize(
    "frame",
    [pandas.DataFrame([[1, 2]], columns=["a", "a"]), pyarrow.table([[1], [2]], names=["a", "a"])],
)
def test_dataframes_with_columns_of_one_name(frame: Any) -> None:
    assert "more than one column is named 'a'" in message_of(pl.read_table, frame)


def test_what_is_no_table(tmp_path: Path) -> None:
    assert "got int" in message_of(pl.read_table, 5)
    assert "got ndarray" in message_of(pl.read_table, np.eye(2))
    assert "no such file" in message_of(pl.read_table, tmp_path / "a.csv")
    assert "is a folder" in message_of(pl.read_table, tmp_path)
    assert "collect a lazy one" in message_of(pl.read_table, polars.DataFrame({"a": [1]}).lazy())
    assert "names must be texts, got 0" in message_of(pl.read_table, pandas.DataFrame([[1, 2]]))
    assert "all of one length" in message_of(pl.read_table, {"a": [1], "b": [1, 2]})
    assert "all of one length" in message_of(pl.read_table, {"a": 5, "b": [1]})
    assert "got 0" in message_of(pl.read_table, {})


def test_no_pickle_is_ever_read(tmp_path: Path) -> None:
    class Loud:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
            return print, ("unpickled!",)

    np.save(tmp_path / "a.npy", np.array([Loud()], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", a=np.array([Loud()], object))
    for name in ("a.npy", "a.npz"):
        assert "plain numbers" in message_of(pl.read_table, tmp_path / name)


def test_damaged_files(tmp_path: Path) -> None:
    pandas.DataFrame({"a": range(1000), "t": range(1000)}).to_parquet(tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content[:-9])
    assert "not a Parquet file, or damaged" in message_of(pl.read_table, tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes(content[:40] + bytes(2000) + content[2040:])
    assert "not a Parquet file, or damaged" in message_of(
        pl.Columns.of, tmp_path / "a.parquet", target="t"
    )
    (tmp_path / "b.parquet").write_text("a,t\n1,2\n")
    assert "not a table" in message_of(pl.read_table, tmp_path / "b.parquet")
    np.savez(tmp_path / "a.npz", a=np.arange(100))
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content[:200])
    assert "plain numbers" in message_of(pl.read_table, tmp_path / "a.npz")
    np.save(tmp_path / "a.npy", np.zeros((2, 2, 2)))
    assert "(2, 2, 2)" in message_of(pl.read_table, tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", np.eye(2) * 1j)
    assert "plain numbers" in message_of(pl.Columns.of, tmp_path / "a.npy", target="x0")
    np.savez(tmp_path / "a.npz", x=np.eye(3), t=np.arange(2))
    assert "as many rows each" in message_of(pl.read_table, tmp_path / "a.npz")


@pytest.mark.parametrize("at", range(20, 60))
def test_a_damaged_header_of_an_array(tmp_path: Path, at: int) -> None:
    np.save(tmp_path / "a.npy", np.eye(3))
    content = bytearray((tmp_path / "a.npy").read_bytes())
    content[at : at + 2] = b'("'  # NumPy reads the header by Python's own tokenizer
    (tmp_path / "a.npy").write_bytes(content)
    assert "plain numbers" in message_of(pl.read_table, tmp_path / "a.npy")


def test_a_parquet_column_whose_name_is_not_utf8(tmp_path: Path) -> None:
    pandas.DataFrame({"abcd": [1, 2], "t": [0, 1]}).to_parquet(tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content.replace(b"abcd", b"ab\xff\xff"))
    assert "not a Parquet file, or damaged" in message_of(pl.read_table, tmp_path / "a.parquet")


def test_nanoseconds(tmp_path: Path) -> None:
    when = pyarrow.array([1, 1_700_000_000_000_000_001], pyarrow.timestamp("ns"))
    table = pyarrow.table({"when": when, "a": [1.0, 2.0], "t": [0, 1]})
    columns = pl.Columns.of(table, target="t", numbers=["when"])
    days = columns.x(table, "float64")[:, 0] + columns.offsets[0]
    np.testing.assert_allclose(days, [0, 1.7e9 / 86_400], rtol=1e-12)
    assert pl.Columns.of(table, target="t", ignore=["when"]).names == ["a"]


def test_a_column_of_another_name_may_stand_for_one() -> None:
    table = pl.read_table({"a": [1, 2], "b": [3, 4], "t": [5, 6]})
    renamed = table.renamed("b", "t")
    assert renamed.columns == ["a", "t"]
    [[t]] = renamed.blocks(["t"])
    assert t.to_pylist() == [3, 4]
    assert "no column 'c'" in message_of(table.renamed, "c", "t")
