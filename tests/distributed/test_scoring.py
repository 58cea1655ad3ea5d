"""Scoring files in blocks: nothing lost or doubled, whatever is killed, and nothing done twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

import pellucid as pl
from pellucid.data.tables import Columns
from pellucid.data.tables.cell_counts import counts_in_words
from pellucid.distributed import Processes, Report, blocks, number_cells, score
from pellucid.distributed.blocks import plan, read_block
from pellucid.errors import FileError, InputError
from pellucid.files import limits
from tests.distributed.conftest import table
from tests.houses import flats, trained


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(blocks, "BYTES", 8_000)
    monkeypatch.setattr(blocks, "_LOOK", 3_000)
    monkeypatch.setattr(blocks, "IMAGES", 3)
    monkeypatch.chdir(tmp_path)


def write(rows: Any, name: str) -> str:
    if name.endswith(".csv"):
        pa.csv.write_csv(rows, name)
    else:
        pa.parquet.write_table(rows, name, row_group_size=500, compression="none")
    return name


def results(folder: str = "out") -> Any:
    return (
        pa.parquet.read_table(folder, partitioning=None)
        if not any(Path(folder).glob("rejected-*"))
        else pa.concat_tables(map(pa.parquet.read_table, sorted(Path(folder).glob("part-*"))))
    )


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_plan_has_every_row_once_and_in_order(name: str) -> None:
    rows = table(3_000)
    found = plan([write(rows, name)])
    assert len(found) > 3
    assert found == plan([name])
    parts = [pa.concat_tables(read_block(block)) for block in found]
    ids = [int(cell) for part in parts for cell in part["id"].to_pylist()]
    assert ids == list(range(3_000))
    assert [c for part in parts for c in part["city"].to_pylist()] == rows["city"].to_pylist()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_csv_file_is_never_cut_within_quotes(ending: str) -> None:
    cells = ["plain", f'"a{ending}b"', f'"say ""no""{ending}{ending}"', '"",""'[:2], '"\n"']
    lines = [f"{n},{cells[n % len(cells)]}" for n in range(4_000)]
    Path("rows.csv").write_bytes(ending.join(["id,text", *lines, ""]).encode())
    found = plan(["rows.csv"])
    assert len(found) > 2
    ids = [n for block in found for part in read_block(block) for n in part["id"].to_pylist()]
    assert ids == [str(n) for n in range(4_000)]


def test_inputs_of_every_kind_are_scored_in_their_order(model: str, net: pl.Network) -> None:
    rows = table(2_000)
    inputs = [write(rows, "a.parquet"), write(rows.slice(0, 900), "b.csv")]
    steps: list[Report] = []
    report = score(model, inputs, "out", keep=["id"], progress=lambda r: steps.append(r))
    assert (report.rows, report.rejected, report.skipped) == (2_900, 0, 0)
    assert report.blocks == report.done == len(list(Path("out").iterdir())) == len(steps) - 1
    found = results()
    assert [int(n) for n in found["id"].to_pylist()] == [*range(2_000), *range(900)]
    assert found["prediction"].to_pylist() == [*net.labels(rows), *net.labels(rows.slice(0, 900))]


def test_arrays_keep_their_row_numbers() -> None:
    net = pl.load(Path(pl.__file__).parent / "web" / "digits.safetensors")
    net.save("digits.safetensors")
    images = pl.mnist().test.images[:100]
    np.save("x.npy", images.reshape(100, 784))
    pl.data.write_idx("x.idx", images)
    for name in ("x.npy", "x.idx"):
        score("digits.safetensors", [name], f"out {name}")
        found = results(f"out {name}")
        assert found.column_names == ["row", "prediction", "confidence"]
        assert found["row"].to_pylist() == list(range(100))
        assert found["prediction"].to_pylist() == net.labels(images)


def test_images_of_a_folder_are_scored_and_bad_ones_are_rejected() -> None:
    net = pl.load(Path(pl.__file__).parent / "web" / "digits.safetensors")
    net.save("digits.safetensors")
    Path("scans/more").mkdir(parents=True)
    for k, image in enumerate(pl.mnist().test.images[:4]):
        Image.fromarray(image).save(f"scans/{k}.png")
    Path("scans/more/5.png").write_bytes(b"no image")
    Path("scans/link.png").symlink_to("0.png")
    report = score("digits.safetensors", ["scans"], "out")
    assert (report.blocks, report.rows, report.rejected) == (2, 4, 1)
    assert results()["file"].to_pylist() == [f"{k}.png" for k in range(4)]


def test_rejected_rows_are_in_files_of_their_own(model: str) -> None:
    rows = table(1_000)
    sizes = [str(n) for n in range(1_000)]
    sizes[7] = sizes[900] = "wide"
    write(rows.set_column(1, "size", pa.array(sizes)), "a.csv")
    report = score(model, ["a.csv"], "out")
    assert (report.rows, report.rejected) == (998, 2)
    rejects = rejected()
    assert rejects["id"].to_pylist() == ["7", "900"]
    assert rejects["input row"].to_pylist() == [8, 901]
    assert rejects["input file"].to_pylist() == [str(Path("a.csv").absolute())] * 2
    reason = "column size: 'wide' is not a number: fix the cell or leave it empty"
    assert rejects["rejected"].to_pylist() == [reason] * 2
    assert len(results()) == 998


def rejected(folder: str = "out") -> Any:
    return pa.concat_tables(map(pa.parquet.read_table, sorted(Path(folder).glob("rejected-*"))))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_rejected_rows_have_the_number_that_they_have_in_their_file(
    ending: str, model: str
) -> None:
    lines = ['id,"size",city']
    for n in range(3_000):
        cell = "wide" if n % 500 == 499 else str(n % 90)
        lines += [f'{n},{cell},"a ""b""{ending}{ending}c"'] + [""] * (n % 7 == 0)
    Path("a.csv").write_bytes(ending.join([*lines, ""]).encode())
    assert len(plan(["a.csv"])) > 5
    score(model, ["a.csv"], "out")
    assert rejected()["input row"].to_pylist() == list(range(500, 3_001, 500))
    rows = table(3_000).to_pylist()
    for n in range(499, 3_000, 500):
        rows[n]["size"] = float("inf")
    score(model, [write(pa.Table.from_pylist(rows), "a.parquet")], "far")
    assert rejected("far")["input row"].to_pylist() == list(range(500, 3_001, 500))


def test_rows_before_a_block_are_counted_wherever_a_part_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator, cells = random.Random(1), ["x", '"a""b"', '"1\n2"', '"\r\n"', '""']
    for _ in range(100):
        monkeypatch.setattr(blocks, "BYTES", generator.choice([10, 30, 100]))
        monkeypatch.setattr(blocks, "_LOOK", generator.choice([5, 7, 64]))
        lines = ["n,cell"]
        for n in range(generator.randint(1, 30)):
            lines.append(f"{n},{generator.choice(cells)}")
            lines += [""] * generator.choice([0, 0, 1, 2])
        Path("a.csv").write_bytes(generator.choice(["\n", "\r\n"]).join([*lines, ""]).encode())
        for block in plan(["a.csv"]):
            first = [n for part in read_block(block) for n in part["n"].to_pylist()][:1]
            assert first in ([], [str(block.before)])


def test_numbers_of_a_csv_file_are_numbers_where_no_digit_is_lost(model: str) -> None:
    lines = ["id,code,long,size,share,city,note"]
    lines += [
        f"{n},{n:04},{10**20 + n},{n % 90},{n / 8},Seoul,{'' if n else 'text'}"
        for n in range(1_000)
    ]
    Path("a.csv").write_text("\n".join(lines))
    Path("b.csv").write_text("id,code,long,size,share,city,note\n-7,12,5,1,2.5e3,Seoul,\n")
    assert len(plan(["a.csv", "b.csv"])) > 3
    score(model, ["a.csv", "b.csv"], "out")
    found = results()
    kinds = {name: str(found.schema.field(name).type) for name in found.column_names[:7]}
    assert kinds == {
        **dict.fromkeys(("code", "long", "city", "note"), "string"),
        "id": "int64",
        "size": "double",
        "share": "double",
    }
    assert found["id"].to_pylist() == [*range(1_000), -7]
    assert found["code"].to_pylist()[:2] == ["0000", "0001"]
    Path("c.csv").write_text("id,size,city\n1, 5,Seoul\n2,?,Seoul\n3,wide,Seoul\n4,2.5,Seoul\n")
    assert score(model, ["c.csv"], "read").rejected == 1  # by the network, which reads the others
    assert results("read")["size"].to_pylist() == [5.0, None, 2.5]
    assert found["share"].to_pylist()[-2:] == [999 / 8, 2500.0]
    score(model, ["a.csv", "b.csv"], "texts", keep=["id"], texts=["id"])
    assert results("texts")["id"].to_pylist() == [*map(str, range(1_000)), "-7"]
    with pytest.raises(InputError, match="there is no column 'name'"):
        score(model, ["a.csv"], "none", texts=["name"])


def test_a_cell_that_is_no_number_of_its_column_is_rejected_with_its_row(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr(number_cells, "PLACES", 1)
    ids = [str(n) for n in range(1, 1_001)]
    ids[850], ids[900], ids[950] = "A17", "-0", "9" * 25
    Path("a.csv").write_text("id,size,city\n" + "".join(f"{each},5,Seoul\n" for each in ids))
    report = score(model, ["a.csv"], "out")
    assert (report.rows, report.rejected) == (997, 3)
    assert rejected()["id"].to_pylist() == ["A17", "-0", "9" * 25]
    assert rejected()["input row"].to_pylist() == [851, 901, 951]
    assert "'A17' is not a number" in rejected()["rejected"].to_pylist()[0]
    assert "(--text id)" in rejected()["rejected"].to_pylist()[0]
    score(model, ["a.csv"], "texts", texts=["id"])
    assert results("texts")["id"].to_pylist() == ids


def test_a_network_without_columns_scores_numbers_of_a_csv_file() -> None:
    net = pl.mlp([2, 4, 2], output="softmax", seed=0)
    net.save("moons.safetensors")
    Path("a.csv").write_text("id,x1,x0\n7,0.5,1\n8,2,-1.5\n9,,3\n10,wide,3\n")
    report = score("moons.safetensors", ["a.csv"], "out")
    assert (report.rows, report.rejected) == (2, 2)
    found = results()
    assert found["prediction"].to_pylist() == net.labels(np.array([[1, 0.5], [-1.5, 2]]))
    assert rejected()["input row"].to_pylist() == [3, 4]
    assert rejected()["rejected"].to_pylist()[1].startswith("column x1: 'wide' is not a number")


def test_unusual_cells_are_counted_by_column(model: str) -> None:
    rows = table(2_000).to_pylist()
    for n in range(0, 2_000, 10):
        rows[n] |= {"city": "Daegu"}
    rows[5] |= {"size": 500.0}
    rows[6] |= {"size": float("inf")}  # rejected: counted there
    write(pa.Table.from_pylist(rows), "a.parquet")
    report = score(model, ["a.parquet"], "out")
    missing = sum(row["size"] is None for row in rows)
    expected = {"unseen": {"city": 200}, "outside": {"size": 1}, "imputed": {"size": missing}}
    assert report.cells == expected
    assert score(model, ["a.parquet"], "out", workers=Processes(2)).cells == expected
    assert counts_in_words(report.cells)[0] == (
        "cells of categories unseen in training: 200 (city 200)"
    )


def test_a_folder_of_tables_is_its_files(model: str, net: pl.Network) -> None:
    Path("in/.hidden").mkdir(parents=True)
    Path("in/more").mkdir()
    rows = table(600)
    write(rows.slice(0, 400), "in/1.csv")
    write(rows.slice(400), "in/more/2.parquet")
    for name in ("in/_SUCCESS", "in/.hidden/3.csv"):
        Path(name).write_text("nothing")
    report = score(model, ["in"], "out", keep=[])
    assert report.rows == 600
    assert results()["prediction"].to_pylist() == net.labels(rows)
    with pytest.raises(InputError, match="within the input in"):
        score(model, ["in"], "in/scored")
    Path("empty").mkdir()
    with pytest.raises(FileError, match="empty: there are no tables, arrays or images"):
        score(model, ["empty"], "none")


def test_results_of_another_scoring_are_replaced_by_force_alone(
    model: str, net: pl.Network
) -> None:
    write(table(2_000), "a.parquet")
    write(table(700), "b.parquet")
    score(model, ["a.parquet"], "out")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    with pytest.raises(FileError, match="kept columns: all then, id now"):
        score(model, ["a.parquet"], "out", keep=["id"])
    with pytest.raises(FileError, match="every output: no then, yes now"):
        score(model, ["a.parquet"], "out", outputs=True)
    with pytest.raises(FileError, match=r"a longer input, part-000002\.parquet, "):
        score(model, ["b.parquet"], "out")
    shutil.copy("a.parquet", "c.parquet")
    with pytest.raises(FileError, match=r"input file: a\.parquet then, c\.parquet now"):
        score(model, ["c.parquet"], "out")
    other = net.copy()
    other.params[-1][0] += 1
    other.save("other.safetensors")
    with pytest.raises(FileError, match=r"model file: SHA-256 .* then, SHA-256 .* now.*--force"):
        score("other.safetensors", ["a.parquet"], "out")
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before
    report = score("other.safetensors", ["b.parquet"], "out", force=True)
    assert (report.rows, report.skipped) == (700, 0)
    assert results()["prediction"].to_pylist() == other.labels(table(700))
    Path("out/notes.txt").touch()
    with pytest.raises(FileError, match=r"notes\.txt"):
        score(model, ["b.parquet"], "out", force=True)


def test_a_second_run_scores_only_what_is_missing_or_different(model: str, net: pl.Network) -> None:
    write(table(2_000), "a.parquet")
    first = score(model, ["a.parquet"], "out")
    times = {path: path.stat().st_mtime_ns for path in Path("out").iterdir()}
    Path("out/part-000001.parquet").unlink()
    Path("out/part-000002.parquet").write_bytes(b"damaged")
    again = score(model, ["a.parquet"], "out")
    assert (again.rows, again.skipped) == (first.rows, first.blocks - 2)
    kept = [path for path, time in times.items() if path.stat().st_mtime_ns == time]
    assert len(kept) == first.blocks - 2
    other = net.copy()
    other.params[-1][0] += 1
    other.save(model)
    assert score(model, ["a.parquet"], "out", force=True).skipped == 0
    assert results()["prediction"].to_pylist() == other.labels(table(2_000))


def test_texts_that_a_file_keeps_once_have_a_limit(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everywhere: a kilobyte of Parquet can be gigabytes of text."""
    monkeypatch.setattr(limits, "CELL_TEXT", 1 << 20)
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), ["x" * 1_000])
    rows = table(2_000).append_column("note", text)
    pa.parquet.write_table(rows, "a.parquet", row_group_size=2_000, store_schema=False)
    with pytest.raises(FileError, match=r"a.parquet: .* take more than 1,048,576 bytes"):
        score(model, ["a.parquet"], "out")
    assert not list(Path("out").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_model_that_is_a_pipe_is_not_waited_for() -> None:
    write(table(10), "a.csv")
    os.mkfifo("model.safetensors")
    with pytest.raises(FileError, match="not a regular file"):
        score("model.safetensors", ["a.csv"], "out")


def test_the_same_results_by_several_processes(model: str) -> None:
    write(table(1_500), "a.parquet")
    score(model, ["a.parquet"], "alone")
    score(model, ["a.parquet"], "out", workers=Processes(2))
    for path in Path("alone").iterdir():
        assert Path("out", path.name).read_bytes() == path.read_bytes()


def test_what_cannot_be_scored_is_refused_before_any_work(model: str) -> None:
    write(table(10).drop_columns(["city"]), "a.csv")
    with pytest.raises(InputError, match=r"a.csv: there is no column 'city'"):
        score(model, ["a.csv"], "out")
    with pytest.raises(InputError, match=r"there is no column 'name'"):
        score(model, [write(table(10), "b.csv")], "out", keep=["name"])
    with pytest.raises(FileError, match=r"none.csv: .*no such file"):
        score(model, ["none.csv"], "out")
    Path("out").mkdir()
    Path("out/notes.txt").touch()
    with pytest.raises(FileError, match=r"files that are not of this scoring, notes\.txt"):
        score(model, ["b.csv"], "out")
    with pytest.raises(InputError, match="workers must be at least 1, got 0"):
        Processes(0)


def test_a_table_without_rows_has_a_result_without_rows(model: str) -> None:
    write(table(0), "a.csv")
    assert score(model, ["a.csv"], "out").rows == 0
    assert results().column_names == ["id", "size", "city", "bought", "prediction", "confidence"]


SLOW = """
import sys
from pellucid.distributed import Processes, blocks, score
blocks.BYTES = 100_000
if __name__ == "__main__":
    score(sys.argv[1], [sys.argv[2]], sys.argv[3], workers=Processes(2))
"""


def wait_for(found: Callable[[], bool]) -> None:
    while not found():
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    text = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in text.stdout.split()]


def many_rows(kind: str) -> tuple[str, str]:
    """Write a model and 50,000 rows: 20 columns of a table, or 784 bytes; return both paths."""
    generator = np.random.default_rng(0)
    if kind == ".npy":
        pl.load(Path(pl.__file__).parent / "web" / "digits.safetensors").save("many.safetensors")
        np.save("a.npy", generator.integers(0, 256, (50_000, 784), np.uint8))
        return "many.safetensors", "a.npy"
    columns = {f"c{k}": generator.normal(size=50_000) for k in range(20)}
    rows = pa.table({"id": np.arange(50_000), **columns, "t": columns["c0"] > 0})
    pl.table_mlp(Columns.of(rows[:300], target="t", ignore=["id"]), seed=1).save("many.safetensors")
    return "many.safetensors", write(rows, "a.parquet")


@pytest.mark.integration
@pytest.mark.parametrize("victim", ["worker", "driver"])
@pytest.mark.parametrize("kind", [".parquet", ".npy", "URL"])
def test_a_killed_process_loses_and_doubles_nothing(
    kind: str, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BYTES", 100_000)
    model, source = many_rows(kind)
    alone = score(model, [source], "alone")
    assert alone.rows == 50_000
    folder = "out"
    if kind == "URL":
        source, folder = (f"file://{Path(name).absolute()}" for name in (source, folder))
    Path("slow.py").write_text(SLOW)
    process = subprocess.Popen([sys.executable, "slow.py", model, source, folder])
    wait_for(lambda: len(list(Path("out").glob("part-*"))) > 5)
    workers = children(process.pid)
    os.kill(workers[-1] if victim == "worker" else process.pid, signal.SIGKILL)
    process.wait()
    if victim == "driver":
        # Workers end with the process that started them
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        before = {path: path.stat().st_mtime_ns for path in Path("out").glob("part-*")}
        assert len(before) > 5
        report = score(model, [source], folder)
        assert (report.rows, report.skipped) == (50_000, len(before))
        assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    else:
        assert process.returncode == 0
    assert [path.name for path in sorted(Path("out").iterdir())] == [
        path.name for path in sorted(Path("alone").iterdir())
    ]
    key = "row" if kind == ".npy" else "id"
    assert results()[key].to_pylist() == list(range(50_000))
    assert results().equals(results("alone"))


@pytest.mark.parametrize("target", ["rent", "kind"])
def test_intervals_are_those_of_one_table_and_another_level_is_refused(target: str) -> None:
    net, rows = trained(target), flats(1_000, seed=5)
    rows["area"][[3, 700]] = 900
    net.save("net.safetensors")
    files = [write(pa.table(rows), "rows.csv")]
    report = score("net.safetensors", files, "out", interval=0.9, workers=Processes(2))
    assert report.blocks > 3
    whole = pl.Scorer(net, interval=0.9)(pa.table(rows)).drop_columns(["rejected"])
    found = results()
    assert found.column_names == whole.column_names
    for name in found.column_names:
        if isinstance(found[name][0].as_py(), float):
            np.testing.assert_allclose(found[name], whole[name], rtol=1e-5)
        else:
            assert found[name].to_pylist() == whole[name].to_pylist(), name
    # A reader of CSV has no lists
    pa.csv.write_csv(found, "found.csv")
    again = score("net.safetensors", files, "out", interval=0.9)
    assert again.skipped == again.blocks
    with pytest.raises(FileError, match=r"interval level: 0.9 then, 0.8 now"):
        score("net.safetensors", files, "out", interval=0.8)
    rejecting = score("net.safetensors", files, "out", interval=0.9, reject=True, force=True)
    strange = sum(text is not None for text in found["unlike training"].to_pylist())
    assert rejecting.rejected == strange >= 2
    assert results().num_rows == 1_000 - strange


def test_numbers_that_are_parsed_once_predict_as_texts_do() -> None:
    """Blocks of ordinary numbers reach the network as numbers, others as texts, alike."""
    net, rows = trained("rent"), flats(900, seed=5)
    net.save("net.safetensors")
    texts = {name: [str(cell) for cell in rows[name]] for name in ("area", "rooms", "city")}
    strange = {100: "wide", 401: "1e400", 402: "NA", 403: "", 404: "1e39", 700: ""}
    for place, text in strange.items():
        texts["area"][place] = text
    lines = [",".join(cells) for cells in zip(*texts.values(), strict=True)]
    Path("rows.csv").write_text("\n".join([",".join(texts), *lines]) + "\n")
    report = score("net.safetensors", ["rows.csv"], "out")
    assert report.blocks == 3 and report.cells["imputed"] == {"area": 3}
    alone = pl.Scorer(net)(pa.table(texts))
    reasons = {row: text for row, text in enumerate(alone["rejected"].to_pylist()) if text}
    assert reasons.keys() == {100, 401, 404} and "'1e400'" in reasons[401]
    rejected = pa.concat_tables(map(pa.parquet.read_table, sorted(Path("out").glob("rej*"))))
    assert rejected["rejected"].to_pylist() == [*reasons.values()]
    fine = [y for y in alone["prediction"].to_pylist() if y is not None]
    np.testing.assert_allclose(results()["prediction"], fine, rtol=1e-6)
