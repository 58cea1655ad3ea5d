"""Measure `pellucid score` beside ONNX Runtime and Ray Data: rows a second, memory, equality.

Run as `.venv/bin/python benchmarks/scoring.py FOLDER`; `--scale 0.1` takes a tenth of the rows.
Inputs, models and results are made in FOLDER/scoring, which is removed at the end (up to 8 GB). A
run that was stopped goes on at the first missing measurement; the table is printed, and the whole
sizes are kept in benchmarks/scoring.json.

All score with as many processes and one thread each, and write Parquet. Two things favor the
others: ONNX Runtime writes no file that a killed worker could not leave half written, and
Ray Data's clock begins when Ray has started.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import pellucid as pl
from pellucid.data.tables import Columns
from pellucid.exchange import to_onnx

ROWS = {"table": 5_000_000, "bytes": 2_000_000}
INPUTS = {"table": "table.parquet", "bytes": "bytes.npy"}
FEATURES = [f"c{d}" for d in range(20)]
WHOLE = ["id", "row", "y", "prediction"]  # columns in which a dictionary may pay
BATCH, GROUP = 1 << 15, 1 << 18
KEPT = Path(__file__).with_suffix(".json")


def make(folder: Path, kind: str, rows: int) -> None:
    """Write the input of a kind and its network, as pellucid's file and as ONNX."""
    if (folder / f"{kind}.onnx").exists():
        return
    generator = np.random.default_rng(1)
    if kind == "bytes":
        x = np.lib.format.open_memmap(folder / INPUTS[kind], "w+", np.uint8, (rows, 784))
        for first in range(0, rows, BATCH):
            part = x[first : first + BATCH]
            part[:] = generator.integers(0, 256, part.shape, np.uint8)
        net = pl.mlp([784, 16, 16, 10], output="softmax", pixels=True, seed=1)
    else:
        for first in range(0, rows, GROUP):
            table = _table(generator, np.arange(first, min(first + GROUP, rows)))
            if first == 0:
                writer = pq.ParquetWriter(folder / INPUTS[kind], table.schema)
                learned = table.slice(0, 20_000)
            writer.write_table(table)
        writer.close()
        columns = Columns.of(learned, target="y", ignore=["id"])
        net = pl.table_mlp(columns, hidden=[32, 32], seed=1)
    net.save(folder / f"{kind}.safetensors")
    to_onnx(net, folder / f"{kind}.onnx", raw=kind == "table")


def _table(generator: np.random.Generator, ids: Any) -> Any:
    x = generator.normal(size=(len(ids), len(FEATURES))).astype(np.float32)
    columns = {name: x[:, d] for d, name in enumerate(FEATURES)}
    return pa.table({"id": ids, **columns, "y": (x[:, 0] > x[:, 1]).astype(np.int64)})


def by_pellucid(folder: Path, kind: str, out: Path, workers: int) -> None:
    """Score by the command, as a user runs it."""
    program = Path(sys.executable).with_name("pellucid")
    inputs = (folder / f"{kind}.safetensors", folder / INPUTS[kind])
    subprocess.run(
        [program, "score", *inputs, "-o", out, "--workers", str(workers)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def by_onnxruntime(folder: Path, kind: str, out: Path, workers: int) -> None:
    """Score parts of the input by ONNX Runtime in processes of one thread each."""
    source = folder / INPUTS[kind]
    if kind == "table":
        parts = [[k] for k in range(pq.ParquetFile(source).num_row_groups)]
    else:
        rows, size = len(np.load(source, mmap_mode="r")), 1 << 15
        parts = [[first, min(first + size, rows)] for first in range(0, rows, size)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _session, (folder, kind)) as pool:
        jobs = [
            pool.submit(_part, kind, source, out / f"part-{number:06}.parquet", part)
            for number, part in enumerate(parts)
        ]
        for job in jobs:
            job.result()


_held: list[Any] = []  # a process's session


def _session(folder: Path, kind: str) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    _held.append(onnxruntime.InferenceSession(folder / f"{kind}.onnx", options))
    pa.set_cpu_count(1)


def _part(kind: str, source: Path, out: Path, part: list[int]) -> None:
    [session] = _held
    writer = None
    for rows, feed in _feeds(kind, source, part):
        y = session.run(None, {i.name: feed(i) for i in session.get_inputs()})[0]
        p = y.max(axis=1) if y.shape[1] > 1 else np.maximum(y[:, 0], 1 - y[:, 0])
        chosen = y.argmax(axis=1) if y.shape[1] > 1 else (y[:, 0] > 0.5).astype(np.int64)
        rows = rows.append_column("prediction", pa.array(chosen))
        rows = rows.append_column("confidence", pa.array(p))
        writer = writer or pq.ParquetWriter(out, rows.schema, use_dictionary=WHOLE)
        writer.write_table(rows)
    if writer is not None:
        writer.close()


def _feeds(kind: str, source: Path, part: list[int]) -> Any:
    """Yield the rows to keep and a function of a graph's input to what it takes."""
    if kind == "bytes":
        x = np.load(source, mmap_mode="r")[part[0] : part[1]]
        rows = pa.table({"row": np.arange(part[0], part[1])})
        yield rows, lambda i: x if "uint8" in i.type else x.astype(np.float32)
        return
    with pq.ParquetFile(source) as file:
        for batch in file.iter_batches(BATCH, row_groups=part, use_threads=False):
            yield (
                pa.Table.from_batches([batch]),
                lambda i, batch=batch: (
                    batch[i.name].to_numpy().astype(np.float64).reshape(-1, *i.shape[1:])
                ),
            )


def by_ray_data(folder: Path, kind: str, out: Path, workers: int) -> float:
    """Score by map_batches with the same Scorer; return the seconds from when Ray has started."""
    import ray

    model, source = str(folder / f"{kind}.safetensors"), str(folder / INPUTS[kind])

    class Scoring:
        def __init__(self) -> None:
            from pellucid.distributed import Scorer

            self.scorer = Scorer(model, keep=["row"] if kind == "bytes" else None)

        def __call__(self, batch: Any) -> Any:
            from pellucid.distributed.batches import as_arrow

            if kind == "bytes":  # a range of rows: Ray's own reader takes a .npy file at once
                rows = batch["id"].to_numpy()
                x = np.load(source, mmap_mode="r")[rows[0] : rows[-1] + 1]
                batch = as_arrow({"row": rows, "x": x})
            return self.scorer(batch)

    environment = {"env_vars": {"PELLUCID_THREADS": "1", "OMP_NUM_THREADS": "1"}}
    # One CPU more: that of reading and writing beside the actors
    ray.init(
        num_cpus=workers + 1,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=2 << 30,
        runtime_env=environment,
    )
    began = time.perf_counter()
    if kind == "bytes":
        data = ray.data.range(len(np.load(source, mmap_mode="r")))
    else:
        data = ray.data.read_parquet(source)
    data = data.map_batches(
        Scoring,
        batch_format="pyarrow",
        batch_size=BATCH,
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    data.write_parquet(str(out))
    seconds = time.perf_counter() - began
    ray.shutdown()
    return seconds


WAYS: dict[str, Any] = {
    "pellucid": by_pellucid,
    "onnxruntime": by_onnxruntime,
    "ray data": by_ray_data,
}


def measure(folder: Path, kind: str, way: str, workers: int) -> dict[str, Any]:
    """Return the seconds of a way, and the megabytes of its largest process (of Ray None)."""
    out = _out(folder, kind, way, workers)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    command = [sys.executable, __file__, str(folder), "--one", kind, way, str(workers)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    text, error = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{kind} by {way} failed:\n{error}")
    return {"seconds": seconds, **json.loads(text.splitlines()[-1])}


def one(folder: Path, kind: str, way: str, workers: int) -> None:
    """Run a way in this process; print its seconds, if it measures them, and its memory."""
    import resource

    inner = WAYS[way](folder, kind, _out(folder, kind, way, workers), workers)
    if way == "ray data":  # whose workers are no children of this process
        found = {"seconds": inner, "megabytes": None}
    else:
        found = {"megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000}
    sys.stdout.write(json.dumps(found) + "\n")


def check(folder: Path, kind: str, rows: int, workers: int) -> None:
    """Raise AssertionError unless many processes wrote what one wrote, each row once, in order."""
    many, alone = (_out(folder, kind, "pellucid", count) for count in (workers, 1))
    key, at = ("id" if kind == "table" else "row"), 0
    for part in sorted(many.glob("*.parquet")):
        table = pq.read_table(part)
        assert table.equals(pq.read_table(alone / part.name)), f"{part} differs"
        ids = table[key].to_numpy()
        assert (ids == np.arange(at, at + len(ids))).all(), f"{part} has other rows"
        at += len(ids)
    assert at == rows, f"{rows} rows were expected, got {at}"


def _out(folder: Path, kind: str, way: str, workers: int) -> Path:
    return folder / f"{kind}-{way.replace(' ', '-')}-{workers}"


def main() -> None:
    """Make the inputs, measure each way, check the results, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one", nargs=3)
    options = parser.parse_args()
    workers = options.workers
    if options.one:
        kind, way, count = options.one
        one(options.folder, kind, way, int(count))
        return
    folder = options.folder.absolute() / "scoring"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "measured.json"
    found: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    for kind, all_rows in ROWS.items():
        rows = int(all_rows * options.scale)
        make(folder, kind, rows)
        for way, count in [*((way, workers) for way in WAYS), ("pellucid", 1)]:
            case = f"{kind}, {way}, {count}"
            if case not in found:
                result = measure(folder, kind, way, count)
                found[case] = {**result, "rows": rows, "rate": rows / result["seconds"]}
                kept.write_text(json.dumps(found, indent=1))
        check(folder, kind, rows, workers)
        ours = found[f"{kind}, pellucid, {workers}"]["rate"]
        for case, result in found.items():
            if case.startswith(kind):
                times = ours / result["rate"]
                rate, most = result["rate"], result["megabytes"]
                memory = f"{most:6.0f} MB" if most else "not measured"
                line = f"{case:26} {rate:11,.0f} rows/s {memory:12}  pellucid {times:.2f} times"
                sys.stdout.write(line + "\n")
        sys.stdout.write(f"{kind}: {rows:,} rows, as by one process, in order, each once\n")
    if options.scale == 1:
        KEPT.write_text(
            json.dumps({"cores": os.cpu_count(), "workers": workers, **found}, indent=1)
        )
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
