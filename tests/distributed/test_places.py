"""Scoring what fsspec reads: the same results as of local files, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import pellucid as pl
from pellucid.distributed import Processes, Report, blocks, places, score
from pellucid.distributed.blocks import plan
from pellucid.errors import FileError, InputError, MissingLibraryError
from tests.distributed.conftest import table

PARTS = "part-000000.parquet", "part-000001.parquet"


class Store(MemoryFileSystem):
    """An object store as `OBJECT_STORES` are: one upload writes a file, nothing renames one."""

    protocol = "store"
    root_marker = ""
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    writes: ClassVar[list[str]] = []
    full = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("store://").strip("/")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        if self.full:
            raise RuntimeError("no more room")  # libraries raise errors of their own
        self.writes.append(path)
        super().pipe_file(path, value, mode, **kwargs)

    def mv(self, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("a store renames nothing")

    def makedirs(self, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("a store has no folders")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(blocks, "BYTES", 8_000)
    monkeypatch.setattr(blocks, "_LOOK", 3_000)
    monkeypatch.setattr(places, "OBJECT_STORES", {"store"})
    monkeypatch.setattr(Store, "full", False)
    monkeypatch.chdir(tmp_path)
    fsspec.register_implementation("store", Store, clobber=True)
    yield
    for system in (Store, MemoryFileSystem):
        system.store.clear()
        system.pseudo_dirs[:] = [""]
    Store.writes.clear()


def upload(folder: str) -> list[str]:
    """Write a table of each kind here and behind a URL; return the local paths."""
    system, name = fsspec.core.url_to_fs(folder)
    if not isinstance(system, Store):
        system.makedirs(name)
    rows = table(1_500)
    pa.parquet.write_table(rows, "a.parquet", row_group_size=500, compression="none")
    pa.csv.write_csv(rows.slice(0, 700), "b.csv")
    for file in ("a.parquet", "b.csv"):
        system.pipe_file(f"{folder}/{file}", Path(file).read_bytes())
    return ["a.parquet", "b.csv"]


def written(folder: str) -> dict[str, pa.Table]:
    system, name = fsspec.core.url_to_fs(folder)
    system.invalidate_cache()
    files = sorted(system.ls(name, detail=False))
    return {
        file.rpartition("/")[2]: pa.parquet.read_table(pa.BufferReader(system.cat_file(file)))
        for file in files
    }


def same(one: dict[str, pa.Table], other: dict[str, pa.Table]) -> bool:
    return list(one) == list(other) and all(one[name].equals(other[name]) for name in one)


@pytest.mark.parametrize("protocol", ["memory", "store"])
def test_urls_have_the_results_of_local_files(protocol: str, model: str) -> None:
    local = upload(f"{protocol}://rows/in")
    report = score(model, local, "out")
    named = ["in/a.parquet", "in/b.csv"], ["in"], ["in/*.parquet", "in/?.csv"]
    for number, inputs in enumerate(named):
        folder = f"{protocol}://rows/out{number}"
        assert score(model, [f"{protocol}://rows/{each}" for each in inputs], folder) == report
        assert same(written(folder), written("out"))
    # Half here, half there
    assert score(model, ["a.parquet", f"{protocol}://rows/in/b.csv"], "mixed") == report
    assert same(written("mixed"), written("out"))


def test_workers_score_urls(model: str, tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    local = upload(f"{url}/in")
    report = score(model, local, "out")
    assert score(model, [f"{url}/in"], f"{url}/far", workers=Processes(2)) == report
    assert same(written("far"), written("out"))
    assert {path.name for path in Path("far").iterdir()} == {
        *written("out")
    }  # nothing unfinished is left
    assert score(model, [f"{url}/in"], f"{url}/far", workers=Processes(2)).skipped == report.blocks


def test_arrays_behind_urls_keep_their_row_numbers() -> None:
    net = pl.load(Path(pl.__file__).parent / "web" / "digits.safetensors")
    net.save("digits.safetensors")
    np.save("x.npy", pl.mnist().test.images[:100].reshape(100, 784))
    fsspec.filesystem("memory").pipe_file("memory://in/x.npy", Path("x.npy").read_bytes())
    score("digits.safetensors", ["memory://in/x.npy"], "memory://out")
    score("digits.safetensors", ["x.npy"], "out")
    assert len(written("out")) > 5
    assert same(written("memory://out"), written("out"))


@pytest.mark.parametrize("protocol", ["memory", "store"])
def test_a_second_run_scores_only_what_is_missing_or_different(protocol: str, model: str) -> None:
    upload(f"{protocol}://rows/in")
    source, folder = f"{protocol}://rows/in", f"{protocol}://rows/out"
    first = score(model, [source], folder)
    system = fsspec.filesystem(protocol)
    before = written(folder)
    system.rm_file(f"{folder}/{PARTS[0]}")
    whole = system.cat_file(f"{folder}/{PARTS[1]}")
    system.pipe_file(f"{folder}/{PARTS[1]}", whole[:-9])  # as a copy that was killed leaves it
    assert score(model, [source], folder).skipped == first.blocks - 2
    assert same(written(folder), before)
    # The same bytes, uploaded again, are another file
    system.pipe_file(f"{source}/b.csv", Path("b.csv").read_bytes())
    parquet = sum(block.path.endswith(".parquet") for block in plan([source]))
    assert score(model, [source], folder).skipped == parquet


def test_a_store_gets_each_file_in_one_upload(model: str) -> None:
    upload("store://rows/in")
    Store.writes.clear()
    score(model, ["store://rows/in"], "store://rows/out")
    assert [name.rpartition("/")[2] for name in Store.writes] == list(written("store://rows/out"))
    Store.full = True
    with pytest.raises(FileError, match=r"store://other/part-000000.parquet: .*no more room"):
        score(model, ["store://rows/in"], "store://other")


def test_what_a_killed_process_left_is_removed(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upload("memory://rows/in")
    with monkeypatch.context() as patch:
        patch.setattr(
            MemoryFileSystem, "mv", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        patch.setattr(MemoryFileSystem, "rm_file", lambda *args: None)  # a kill removes nothing
        with pytest.raises(KeyboardInterrupt):
            score(model, ["memory://rows/in"], "memory://rows/out")
    left = fsspec.filesystem("memory").ls("memory://rows/out", detail=False)
    assert len(left) == 1 and "/.part-000000.parquet." in left[0]
    left_again = "memory://rows/out/.part-000001.parquet.0.unfinished"

    def killed(report: Report) -> None:  # a worker, meanwhile
        fsspec.filesystem("memory").pipe_file(left_again, b"PAR1")

    report = score(model, ["memory://rows/in"], "memory://rows/out", progress=killed)
    assert report.skipped == 0
    assert len(written("memory://rows/out")) == report.blocks


def test_rejected_rows_are_behind_the_url_too(model: str) -> None:
    cells = [str(n) for n in range(200)]
    cells[7] = "wide"
    rows = table(200).set_column(1, "size", pa.array(cells))
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(rows, sink)
    memory = fsspec.filesystem("memory")
    memory.pipe_file("memory://rows/a.csv", sink.getvalue().to_pybytes())
    assert score(model, ["memory://rows/a.csv"], "memory://out").rejected == 1
    assert written("memory://out")["rejected-000000.parquet"]["id"].to_pylist() == ["7"]
    good = pa.BufferOutputStream()
    pa.csv.write_csv(table(200), good)
    memory.pipe_file("memory://rows/a.csv", good.getvalue().to_pybytes())
    score(model, ["memory://rows/a.csv"], "memory://out")
    assert not any(name.startswith("rejected") for name in written("memory://out"))


def test_what_cannot_be_read_is_named(model: str) -> None:
    memory = fsspec.filesystem("memory")
    for name, content in {
        "in/a.json": b'[{"size": 1}]',
        "in/a.csv.gz": b"\x1f\x8b\x08\x00",
        "in/empty.csv": b"",
        "in/broken.parquet": b"PAR1 and no more",
        "in/short.csv": b"id,size\n1,2\n",
    }.items():
        memory.pipe_file(f"memory://{name}", content)
    for place, text in {
        "memory://none.csv": "no such file",
        "memory://in/*.tsv": "no such file",
        "memory://in/a.json": "only Parquet, CSV and .npy",
        "memory://in/a.csv.gz": "only Parquet, CSV and .npy",
        "memory://in/empty.csv": "it is empty",
        "memory://in/broken.parquet": "cannot be read",
        "unknown://x.csv": "cannot be read .*unknown",
    }.items():
        with pytest.raises(FileError, match=text) as caught:
            score(model, [place], "out")
        assert str(caught.value).startswith(place)
    with pytest.raises(InputError, match=r"memory://in/short.csv: there is no column 'city'"):
        score(model, ["memory://in/short.csv"], "out")
    with pytest.raises(InputError, match="only this process sees its memory"):
        score(model, ["memory://in/short.csv"], "out", workers=Processes(2))
    memory.pipe_file("memory://out/notes.txt", b"mine")
    upload("memory://rows")
    with pytest.raises(FileError, match=r"not of this scoring, notes\.txt"):
        score(model, ["memory://rows"], "memory://out")


def test_a_library_that_is_missing_is_named(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent(MemoryFileSystem):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise ImportError("no module s3fs", name="s3fs.core")

    fsspec.register_implementation("absent", Absent, clobber=True)
    with pytest.raises(MissingLibraryError, match=r"this needs s3fs, .* install s3fs$"):
        score(model, ["absent://a.csv"], "out")

    def none(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", none)
    with pytest.raises(MissingLibraryError, match=r"this needs fsspec, .* install fsspec$"):
        score(model, ["s3://bucket/a.csv"], "out")
