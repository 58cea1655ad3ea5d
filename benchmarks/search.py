"""Measure what `pellucid tune` gains over the preset on three of the tables of tables.py.

    python benchmarks/search.py                      64 trials of each table in two processes, seven
                                                     minutes for all; then write the section of
                                                     measured/tables
    python benchmarks/search.py --minutes 20         more time for all
    python benchmarks/search.py --only midwest       print one table's figures, write nothing
    python benchmarks/search.py --seeds 3            three searches of each table, other test rows

The score is that of the rows which no trial saw. Tables and options were chosen before anything was
measured: one of classes, two of values, of hundreds and of thousands of rows. Trials are kept in
build/search: the same command again goes on where it was stopped, by time or otherwise, and leaves
out tables that are finished.
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

import pages
import tables
from tabular.sources import load

import pellucid as pl
from pellucid.files.atomic import write_whole

TABLES = ("midwest", "fair", "txhousing")  # the quickest first: the last gets the time that is left
TRIALS, MINUTES, WORKERS = 64, 7, 2
LEAST = 20  # seconds for a table, however many there were before it
VERSIONS = f"pellucid {pl.__version__}"
KEPT = Path(__file__).parents[1] / "build" / "search"
KOREAN = {"accuracy": "정확도"}


def measure(name: str, seed: int, limit: float) -> dict[str, Any]:
    """Search by the command for so many seconds at most, and return its figures."""
    task, trials = load(name), KEPT / f"{name}-{seed}"
    resumed = trials.exists()
    trials.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "table.csv")
        task.frame.to_csv(data, index=False)
        words = ["--data", data, "--target", task.target, "--trials", str(TRIALS)]
        words += ["--task", "classify" if task.classes else "regress"]
        words += ["--time", f"{limit:.0f}s", "--workers", str(WORKERS), "--seed", str(seed)]
        words += ["-o", str(Path(folder) / "best.safetensors"), "--json", "--folder", str(trials)]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pellucid", "tune", *words], capture_output=True, text=True
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout)
    if resumed:  # then this run's time is a part of it
        seconds = max(seconds, trained(trials) / WORKERS)
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


def trained(folder: Path) -> float:
    """Return the seconds of all trainings that are kept in a folder."""
    return sum(json.loads(file.read_bytes())["seconds"] for file in folder.glob("trial-*.json"))


def line(name: str, found: dict[str, Any]) -> str:
    """Return a table's row of the page."""
    (score, loss), (before, before_loss) = found["test"], found["preset"]
    cells = [name, str(found["seed"]), f"{found['rows']:,}", f"{found['test_rows']:,}"]
    cells += [found["measure"], f"{before:.4f}", f"{score:.4f}", f"{score - before:+.4f}"]
    cells += [f"{before_loss:.4f}", f"{loss:.4f}", f"{100 * (loss / before_loss - 1):+.1f} %"]
    cells += [str(found["trials"]), f"{found['seconds']:.0f}"]
    return f"| {' | '.join(cells)} |"


def section(saved: dict[str, Any], language: str) -> str:
    """Return the section of the page in a language."""
    rows = [line(name, each) for name, runs in saved["tables"].items() for each in runs]
    figures = {name: str(saved[name]) for name in ("date", "versions", "machine", "workers")}
    figures["rows"] = pages.translate("\n".join(rows), language, KOREAN)
    return pages.filled("search", language, figures) + "\n"


def main() -> None:
    """Measure table by table, save the figures, and write the pages."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", choices=TABLES, help="one table: print it and write nothing")
    options.add_argument("--seeds", type=int, default=1, help="how many searches of each table")
    options.add_argument("--minutes", type=float, default=MINUTES, help="time for all searches")
    chosen = options.parse_args()
    until = time.monotonic() + 60 * chosen.minutes
    results = {} if chosen.only else finished()
    for name in [chosen.only] if chosen.only else TABLES:
        done = results.setdefault(name, {})
        for seed in map(str, range(chosen.seeds)):
            if seed not in done or done[seed]["trials"] < TRIALS:
                done[seed] = measure(name, int(seed), max(until - time.monotonic(), LEAST))
            sys.stdout.write(line(name, done[seed]) + "\n")
            sys.stdout.flush()
        if not chosen.only:
            write(results)


def finished() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the figures of an earlier run whose trials are still kept, by table and seed."""
    if not tables.SEARCHED.exists() or not KEPT.exists():
        return {}
    saved = json.loads(tables.SEARCHED.read_text(encoding="utf-8"))
    if saved["versions"] != VERSIONS:
        return {}
    return {name: {str(run["seed"]): run for run in runs} for name, runs in saved["tables"].items()}


def write(results: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Save the figures, and write the pages."""
    saved = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": platform.machine(),
        "versions": VERSIONS,
        "workers": WORKERS,
        "tables": {name: list(runs.values()) for name, runs in results.items()},
    }
    write_whole(tables.SEARCHED, (json.dumps(saved, indent=1) + "\n").encode())
    tables.write_pages()


if __name__ == "__main__":
    main()
