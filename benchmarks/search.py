"""Measure what `pellucid tune` gains over the preset on three of the tables of tables.py.

    python benchmarks/search.py                      64 trials, two processes, at most ten minutes
                                                     each; then write the section of measured/tables
    python benchmarks/search.py --only midwest       print one table's figures, write nothing
    python benchmarks/search.py --seeds 3            three searches of each table, other test rows

The score is that of the rows which no trial saw. Tables and options were chosen before anything was
measured: one of classes, two of values, of hundreds and of thousands of rows.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tables

import pellucid as pl
from pellucid.files.atomic import write_whole

TABLES = ("fair", "midwest", "txhousing")
TRIALS, MINUTES, WORKERS = 64, 10, 2


def measure(name: str, seed: int) -> dict[str, Any]:
    """Search by the command, and return its figures."""
    task = tables.tasks()[name]
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "table.csv")
        task.frame.to_csv(data, index=False)
        words = ["--data", data, "--target", task.target, "--trials", str(TRIALS)]
        words += ["--task", "classify" if task.classes else "regress"]
        words += ["--time", f"{MINUTES}m", "--workers", str(WORKERS), "--seed", str(seed)]
        words += ["-o", str(Path(folder) / "best.safetensors"), "--json"]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pellucid", "tune", *words], capture_output=True, text=True
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout)
    best = found["trials"][found["best"]]
    return {
        "seed": seed,
        "trials": len(found["trials"]),
        "seconds": round(seconds, 1),
        "rows": found["rows"],
        "test_rows": found["test_rows"],
        "measure": "accuracy" if task.classes else "R2",
        "best": best["settings"],
        "test": [round(found["test"][each], 6) for each in ("score", "loss")],
        "preset": [round(found["preset"][each], 6) for each in ("score", "loss")],
    }


def line(name: str, found: dict[str, Any]) -> str:
    """Return a table's row of the page."""
    (score, loss), (before, before_loss) = found["test"], found["preset"]
    cells = [name, str(found["seed"]), f"{found['rows']:,}", f"{found['test_rows']:,}"]
    cells += [found["measure"], f"{before:.4f}", f"{score:.4f}", f"{score - before:+.4f}"]
    cells += [f"{before_loss:.4f}", f"{loss:.4f}", f"{100 * (loss / before_loss - 1):+.1f} %"]
    cells += [str(found["trials"]), f"{found['seconds']:.0f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, save the figures, and write the pages."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", choices=TABLES, help="one table: print it and write nothing")
    options.add_argument("--seeds", type=int, default=1, help="how many searches of each table")
    chosen = options.parse_args()
    results: dict[str, list[dict[str, Any]]] = {}
    for name in [chosen.only] if chosen.only else TABLES:
        results[name] = []
        for seed in range(chosen.seeds):
            results[name].append(measure(name, seed))
            sys.stdout.write(line(name, results[name][-1]) + "\n")
            sys.stdout.flush()
    if chosen.only:
        return
    saved = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": platform.machine(),
        "versions": f"pellucid {pl.__version__}",
        "workers": WORKERS,
        "tables": results,
    }
    write_whole(tables.SEARCHED, (json.dumps(saved, indent=1) + "\n").encode())
    tables.write_pages()


if __name__ == "__main__":
    main()
