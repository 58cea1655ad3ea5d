"""Files of tables: compressed, Feather, JSON, standard input; damaged and hostile ones."""

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pyarrow.feather
import pytest

import pellucid as pl
from pellucid.data.tables import files
from pellucid.files import limits

ROWS: list[dict[str, Any]] = [
    {"age": 31, "city": "Seoul", "member": True, "t": "no"},
    {"age": None, "city": "부산", "member": False, "t": "yes"},
    {"age": 18.5, "city": "Seoul", "member": True, "t": "yes"},
    {"age": 54, "city": None, "member": None, "t": "no"},
]
FRAME = pandas.DataFrame(ROWS)


def csv_text() -> bytes:
    return FRAME.to_csv(index=False).encode()


def lines() -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()


WRITERS: dict[str, Callable[[Path], object]] = {
    "t.csv.gz": lambda p: p.write_bytes(gzip.compress(csv_text())),
    "t.tsv.gz": lambda p: FRAME.to_csv(p, index=False, sep="\t"),
    "named_wrong.csv": lambda p: p.write_bytes(gzip.compress(csv_text())),
    "t.jsonl": lambda p: p.write_bytes(lines()),
    "t.jsonl.gz": lambda p: p.write_bytes(gzip.compress(lines())),
    "blank_lines.ndjson": lambda p: p.write_bytes(b"\n" + lines().replace(b"\n", b"\n\n") + b"\n"),
    "t.json": lambda p: p.write_text(json.dumps(ROWS, indent=2)),
    "bom.json": lambda p: p.write_bytes(b"\xef\xbb\xbf" + json.dumps(ROWS).encode()),
    "t.feather": lambda p: polars.DataFrame(ROWS, strict=False).write_ipc(p),
    "pandas.feather": lambda p: FRAME.to_feather(p),
    "plain.arrow": lambda p: pyarrow.feather.write_feather(FRAME, p, compression="uncompressed"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_file_is_the_same_table(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    expected = pl.Columns.of(FRAME, target="t")
    columns = pl.Columns.of(tmp_path / name, target="t")
    assert columns == expected
    assert columns.x(tmp_path / name).tobytes() == expected.x(FRAME).tobytes()
    assert columns.t(tmp_path / name).tolist() == [0, 1, 1, 0]


def test_records_are_read_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 2, 7, 30):
        monkeypatch.setattr("pellucid.data.tables.json_file._CHUNK", size)
        for name in ("t.jsonl", "t.json"):
            WRITERS[name](tmp_path / name)
            assert pl.Columns.of(tmp_path / name, "t") == pl.Columns.of(FRAME, "t")


def test_records_may_leave_names_out_and_nest(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [
        {"t": "no"},
        {"t": "yes", "a": 1},
        {"t": "no", "a": 2, "more": [1]},
        {"a": "3", "t": "x"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    columns = pl.Columns.of(path, target="t")
    assert columns.names == ["a", "a missing"]
    assert "neither numbers nor texts" in str(columns.left_out["more"])


BOMB = gzip.compress(b"\0" * 200_000_000)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv.gz", gzip.compress(csv_text() * 100)[:-30], "cut short"),
        ("a.csv.gz", b"\x1f\x8b\x08" + b"x" * 100, "gzip"),
        ("a.csv.gz", gzip.compress(b""), "nothing in the gzip file"),
        ("a.csv.gz", BOMB, "not a table"),
        ("a.csv.gz", gzip.compress(b"a,t\n" + b"1" * 9_000_000), "longer than"),
        ("a.gz", gzip.compress(b"PAR1" + b"x" * 90), "only CSV and JSON"),
        ("a.jsonl.gz", gzip.compress(lines() * 100)[:-30], "cut short"),
        ("a.jsonl", b'{"a": 1}\n{"a": ', "record 2 cannot be read"),
        ("a.jsonl", b'{"a": 1}\n{"a" 2}\n{"a": 3}', "record 2 cannot be read"),
        ("a.json", b"[1, 2]", "record 1 cannot be read .not an object"),
        ("a.json", b'[{"a": 1}, 5]', "record 2 cannot be read .not an object"),
        ("a.json", b"[" * 100_000, "record 1 cannot be read"),
        ("a.json", b'{"a": "' + b"x" * 6_000_000, "record 1 cannot be read"),
        ("a.json", b'{"a": "\xff"}', "not JSON in UTF-8"),
        ("a.json", b"[]", "expected 1 to 100,000 columns, got 0"),
        ("a.feather", b"FEA1" + b"\0" * 50, "not a table, or damaged"),
        ("a.feather", b"ARROW1\0\0" + b"\xff" * 500, "not a Feather"),
    ],
    ids=range(17),
)
def test_a_bad_file_is_one_clear_error(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises((pl.FileError, pl.InputError), match=words) as caught:
        pl.Columns.of(tmp_path / name, target="t")
    assert "\n" not in str(caught.value)[:200]


def test_a_damaged_feather_file_never_crashes(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    WRITERS["plain.arrow"](path)
    good = path.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(200):
        bad = bytearray(good)
        for place in generator.integers(0, len(good), 4):
            bad[place] = generator.integers(256)
        path.write_bytes(bad)
        try:
            columns = pl.Columns.of(path, target="t")
            columns.x(path)
        except (pl.PellucidError, pl.TableWarning):
            pass


def test_a_compressed_table_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "big.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"a,b,t\n")
        # 330 MB, of which memory holds 4 MB at a time; not so regular that it would be a bomb
        part = b"".join(b"%d.5,%d.25,3\n" % (n % 7, n * n % 11) for n in range(100_000))
        for _ in range(300):
            file.write(part)
    code = (
        "import sys, resource, pellucid as pl\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(sum(len(block[0]) for block in pl.read_table(sys.argv[1]).blocks()))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    ).stdout
    rows, kilobytes = map(int, out.split())
    assert rows == 30_000_000
    assert kilobytes < 250_000


@pytest.mark.parametrize("name", ["t.csv.gz", "t.jsonl", "t.feather"])
def test_standard_input_is_a_table(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITERS[name](tmp_path / name)
    files._standard_input.cache_clear()
    files._temporary_file.cache_clear()
    content = io.BytesIO((tmp_path / name).read_bytes())
    monkeypatch.setattr(sys, "stdin", type("Input", (), {"buffer": content}))
    table = pl.read_table("-")
    assert table.name == "standard input"
    assert pl.Columns.of(table, target="t") == pl.Columns.of(FRAME, target="t")
    assert pl.Columns.of("-", target="t").rows == 4  # again, though the stream is at its end
    files._standard_input.cache_clear()
    files._temporary_file.cache_clear()


def test_standard_input_is_not_copied_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files._standard_input.cache_clear()
    files._temporary_file.cache_clear()
    monkeypatch.setattr(limits, "COPIED_INPUT", 1_000_000)
    content = io.BytesIO(b"a,b\n" + b"1,2\n" * 400_000)
    monkeypatch.setattr(sys, "stdin", type("Input", (), {"buffer": content}))
    with pytest.raises(pl.FileError, match="standard input is longer than 1,000,000 bytes"):
        pl.read_table("-")
    assert content.tell() < 1_100_000
    assert Path(files._temporary_file().name).stat().st_size == 0
    files._temporary_file.cache_clear()


def test_types_of_every_library_are_read() -> None:
    cells = ["a", "b", None, "a"]
    numbers = [1, 2, None, 4]
    members = [True, False, None, True]
    frames = [
        pandas.DataFrame(
            {
                "c": pandas.Categorical(cells),
                "n": pandas.array(numbers, "Int64"),
                "f": pandas.array([1.5, None, 2.5, 3.5], "Float32"),
                "m": pandas.array(members, "boolean"),
                "s": pandas.array(cells, "string"),
            }
        ),
        polars.DataFrame(
            {"c": cells, "n": numbers, "f": [1.5, None, 2.5, 3.5], "m": members, "s": cells},
            schema={
                "c": polars.Categorical,
                "n": polars.Int8,
                "f": polars.Float32,
                "m": polars.Boolean,
                "s": polars.Enum(["b", "a"]),
            },
        ),
        pyarrow.table(
            {
                "c": pyarrow.array(cells).dictionary_encode(),
                "n": pyarrow.array(numbers, pyarrow.uint16()),
                "f": pyarrow.array([1.5, None, 2.5, 3.5], pyarrow.float32()),
                "m": pyarrow.array(members),
                "s": pyarrow.array(cells, pyarrow.large_string()),
            }
        ),
    ]  # fmt: skip
    y = [0.5, 1, 2, 3]
    tables = [pl.read_table(frame).joined("y", y) for frame in frames]
    found = [pl.Columns.of(table, target="y") for table in tables]
    assert found[0] == found[1] == found[2]
    for table in tables[1:]:
        assert found[0].x(table).tobytes() == found[0].x(tables[0]).tobytes()
    assert found[0].names[:3] == ["c=a", "c=b", "c missing"]
