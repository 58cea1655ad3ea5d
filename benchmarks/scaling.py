"""Measure training by several processes: time and bytes a step, and what they say of more machines;
and the memory of Ray's workers that score a file.

    python benchmarks/scaling.py          measure (five minutes), write the pages
    python benchmarks/scaling.py --memory measure the memory alone (half a minute), write the pages
    python benchmarks/scaling.py --show   the same as without, and write nothing
    python benchmarks/scaling.py --page   the pages alone, from benchmarks/scaling.json

Each worker has one thread, so that workers are compared and not threads. Ways take turns, and the
best round counts, which other work on the machine disturbs least. Bytes are counted from the plan
by which shards are added.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

os.environ["PELLUCID_THREADS"] = "1"

import numpy as np
import pages
import pyarrow.csv
import pyarrow.parquet as pq
import scoring

import pellucid as pl
from pellucid.distributed import train
from pellucid.distributed.teams import cut
from pellucid.engines import core_count, make_engine
from pellucid.engines.sharded import Span
from pellucid.files.atomic import write_whole

HERE = Path(__file__).parent
PAGE = "measured/scaling"
RESULTS = HERE / "scaling.json"

STEPS, ROUNDS, SHARDS = 4, 3, 8
WORKERS = (1, 2, 4, 8)  # of the extrapolation
NETWORKS = (1e9 / 8, 10e9 / 8)  # bytes a second: 1 and 10 Gbit/s
SCORED = 500_000  # rows, of which the memory of Ray's workers is measured
CALLS = 3e-3  # seconds of the calls of a step by Ray


class Case(NamedTuple):
    """A network and the rows of a step."""

    widths: tuple[int, ...]
    rows: int

    @property
    def name(self) -> str:
        """The case in words."""
        return f"{'-'.join(map(str, self.widths))}, {self.rows:,}"

    def network(self) -> pl.Network:
        """Return a new network."""
        return pl.mlp(list(self.widths), "relu", "softmax", seed=0)


CASES = (Case((784, 800, 10), 256), Case((784, 800, 10), 4096), Case((784, 2048, 2048, 10), 512))
WAYS = ("plain", "shards", "two", "ray")


def measure() -> dict[str, Any]:
    """Return the milliseconds of a step of each case and way."""
    found: dict[str, dict[str, list[float]]]
    found = {case.name: {way: [] for way in WAYS} for case in CASES}
    for _ in range(ROUNDS):
        for case in CASES:
            for way in WAYS:
                found[case.name][way].append(milliseconds(case, way))
    steps = {name: {way: min(times) for way, times in ways.items()} for name, ways in found.items()}
    return {
        "steps": steps,
        "memory": memory(),
        "update": {case.name: update(case) for case in CASES},
        "parameters": {case.name: case.network().parameter_count for case in CASES},
        "machine": machine(),
        "load": os.getloadavg()[0],
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def machine() -> str:
    """Return the processor, its cores, and what computes."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    found = re.search(r"model name\s*: (.*)", text)
    name = found[1] if found else platform.processor()
    return f"{name}, {core_count()} cores, pellucid {pl.__version__}, NumPy {np.__version__}"


def milliseconds(case: Case, way: str) -> float:
    """Return the milliseconds of a step, of the better of two epochs after the first."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(case.rows * STEPS, case.widths[0])).astype(np.float32)
    t = generator.integers(0, case.widths[-1], len(x))
    settings: dict[str, Any] = {"epochs": 3, "batch_size": case.rows, "metrics": (), "threads": 1}
    net = case.network()
    if way == "plain":
        history = pl.train(net, x, t, **settings)
    elif way == "shards":
        history = pl.train(net, x, t, shards=SHARDS, **settings)
    else:
        ray = "local" if way == "ray" else None
        history = train(net, x, t, workers=2, ray=ray, tell=lambda message: None, **settings)
    return 1e3 * min(history["seconds"][1:]) / STEPS


def update(case: Case) -> float:
    """Return the milliseconds of what every worker does, however many there are: the update."""
    net = case.network()
    engine = make_engine(net.layers, pl.CrossEntropy(), pl.Adam(), threads=1)
    grads = [np.ones_like(p) for p in net.params]
    times = []
    for _ in range(10):
        start = time.perf_counter()
        engine.update(grads)
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def memory() -> dict[str, float]:
    """Return the megabytes of the largest of Ray's workers that score a file, by its name."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scoring.make(folder, "table", SCORED)
        pyarrow.csv.write_csv(pq.read_table(folder / "table.parquet"), folder / "table.csv")
        for file in ("table.parquet", "table.csv"):
            words = [str(folder / "table.safetensors"), str(folder / file)]
            words += ["-o", str(folder / f"{file}-scored"), "--ray", "local", "--json"]
            with subprocess.Popen(
                [sys.executable, "-m", "pellucid", "score", *words],
                stdout=subprocess.PIPE,
                text=True,
            ) as process:
                most = 0
                while process.poll() is None:
                    most = max([most, *map(peak, workers_of_ray(process.pid))])
                    time.sleep(0.05)
                assert process.stdout is not None
                report = json.load(process.stdout)
            assert (report["rows"], report["rejected"]) == (SCORED, 0), report
            assert most, "no worker of Ray was seen"
            found[file] = most / 1000
    return found


def workers_of_ray(driver: int) -> list[int]:
    """Return the processes of Ray's workers that a driver has started."""
    parents, workers = {}, []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            number = int(entry.name)
            # The name, in brackets, may have blanks
            parents[number] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if (entry / "cmdline").read_bytes().startswith(b"ray::"):
                workers.append(number)

    def of_driver(number: int) -> bool:
        while number > 1 and number != driver:
            number = parents.get(number, 0)
        return number == driver

    return [number for number in workers if of_driver(number)]


def peak(process: int) -> int:
    """Return the most kilobytes that a process had in memory so far, 0 where it has ended."""
    with suppress(OSError):
        if found := re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text()):
            return int(found[1])
    return 0


def traffic(workers: int, parameters: int) -> int:
    """Return the bytes that the busiest worker receives in a step."""
    everything = Span(0, SHARDS)
    nodes = [len(everything.nodes_within(own)) for own in cut(everything, workers)]
    sums = max(sum(nodes) - own for own in nodes) / workers
    return round(4 * parameters * (sums + (workers - 1) / workers))


def predicted(one: float, fixed: float, parameters: int, workers: int, rate: float) -> float:
    """Return the milliseconds of a step by so many machines: arithmetic is shared, the rest not."""
    if workers == 1:
        return one
    shared = (one - fixed) / workers
    return shared + fixed + 1e3 * (traffic(workers, parameters) / rate + CALLS)


WORDS = {
    "en": {
        "case": "network, rows a step",
        "ways": ("one process", "in shards", "two processes", "two by Ray"),
        "parameters": "parameters",
        "machines": ("1 machine", *(f"{n} machines" for n in WORKERS[1:])),
        "rate": "Gbit/s",
        "best": "fastest",
    },
    "ko": {
        "case": "신경망, 스텝의 행",
        "ways": ("프로세스 하나", "샤드로", "프로세스 둘", "Ray로 둘"),
        "parameters": "파라미터",
        "machines": tuple(f"{n}대" for n in WORKERS),
        "rate": "Gbit/s",
        "best": "가장 빠른 대수",
    },
}


def tables(results: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return what fills the page."""
    words: Mapping[str, Any] = WORDS[language]
    steps, parameters = results["steps"], results["parameters"]
    machines = words["machines"]
    measured = [[name, *(f"{ways[way]:.1f}" for way in WAYS)] for name, ways in steps.items()]
    sizes = [
        [name, f"{count:,}", *(f"{traffic(n, count) / 1e6:.1f}" for n in WORKERS[1:])]
        for name, count in parameters.items()
    ]
    extrapolated = [extrapolation(results, name, rate) for name in steps for rate in NETWORKS]
    large = steps[CASES[1].name]
    return {
        "measured": pages.table([words["case"], *words["ways"]], measured),
        "bytes": pages.table([words["case"], words["parameters"], *machines[1:]], sizes),
        "extrapolated": pages.table(
            [words["case"], words["rate"], *machines, words["best"]], extrapolated
        ),
        "rows_scored": f"{SCORED:,}",
        "parquet_memory": f"{results['memory']['table.parquet']:.0f}",
        "csv_memory": f"{results['memory']['table.csv']:.0f}",
        "machine": results["machine"],
        "load": f"{results['load']:.1f}",
        "ratio": f"{large['plain'] / large['two']:.2f}",
        "overhead": f"{100 * (large['shards'] / large['plain'] - 1):.0f}",
    }


def extrapolation(results: Mapping[str, Any], name: str, rate: float) -> list[str]:
    """Return a line of the table of more machines."""
    given = results["steps"][name]["shards"], results["update"][name], results["parameters"][name]
    times = {n: predicted(*given, n, rate) for n in WORKERS}
    fastest = min(times, key=lambda n: times[n])
    return [name, f"{8 * rate / 1e9:.0f}", *(f"{ms:.1f}" for ms in times.values()), str(fastest)]


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages from the figures that were saved."""
    results = json.loads(RESULTS.read_text())
    pages.write(PAGE, lambda language: tables(results, language), docs)


def main() -> None:
    """Measure, save the figures, and write the pages."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--show", action="store_true", help="show the tables and write nothing")
    options.add_argument("--memory", action="store_true", help="measure the memory alone")
    options.add_argument("--page", action="store_true", help="the pages alone")
    chosen = options.parse_args()
    if chosen.memory:
        results = {**json.loads(RESULTS.read_text()), "memory": memory()}
        write_whole(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    elif not chosen.page:
        results = measure()
        sys.stdout.write("\n\n".join(tables(results, "en").values()) + "\n")
        if chosen.show:
            return
        write_whole(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    write_pages()


if __name__ == "__main__":
    main()
