"""Measure MNIST, commands and sizes, then write docs/*/measured/benchmark-tables.md.

python benchmarks/run.py                      all, twenty minutes; `make bench` calls it too
python benchmarks/run.py --quick              few rows and repetitions, to see that it works
python benchmarks/run.py --only predictions   some sections (predictions, epochs, machine,
                                              footprint); the others are kept
python benchmarks/run.py --only none          the pages alone, from benchmarks/benchmarks.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import footprint
import machine
import report
from contest.contenders import CONTENDERS, installed
from contest.tasks import Task
from contest.turns import contest

from pellucid.engines import instruction_set

HERE = Path(__file__).parent
ROOT = HERE.parent
SECTIONS = ("predictions", "epochs", "machine", "footprint")

LESSON = Task((784, 16, 16, 10))
MIDDLE = Task((784, 128, 64, 10), "relu")
WIDE = Task((784, 800, 10), "relu", batch_size=64)
REGULAR = Task((784, 128, 64, 10), "relu", dropout=0.2, normalization="batch")
KINDS = {"digits": "digits", "bytes": "digits as bytes", "dense": "dense"}
EPOCHS = [
    ("784-16-16-10, sgd", LESSON, 5),
    ("784-16-16-10, adam", replace(LESSON, optimizer="adam"), 5),
    ("784-128-64-10, sgd", MIDDLE, 4),
    ("784-128-64-10, adam", replace(MIDDLE, optimizer="adam"), 4),
    ("784-800-10, sgd", WIDE, 7),
    ("784-800-10, adam", replace(WIDE, optimizer="adam"), 2),
    ("784-128-64-10, sgd, dropout and BatchNorm", REGULAR, 3),
]
"""Case, task and repetitions of what is trained.

The wide network's epochs are long, so the first one counts like the others.
"""


def predictions(threads: int, quick: bool) -> list[dict[str, Any]]:
    """Measure predictions of one row and of many, digits and dense."""
    task = Task((784, 16, 16, 10), output="sigmoid")
    found = []
    with contest(installed(), threads) as held:
        for rows, kinds in (
            (1, ("digits", "dense")),
            (200 if quick else 10_000, ("digits", "bytes", "dense")),
        ):
            for kind in kinds:
                case = f"{'one row' if rows == 1 else '10,000 rows'}, {KINDS[kind]}"
                own = replace(task, pixels=kind == "bytes")
                repeats, seconds = (3, 0.001) if quick else (15, 0.03)
                found += held.predict(case, own, kind, rows, repeats, seconds)
                _log(case, threads)
        _complain(held.errors)
    return [result.to_dict() for result in found]


def epochs(threads: int, quick: bool) -> list[dict[str, Any]]:
    """Measure epochs."""
    found = []
    with contest([name for name in installed() if name != "onnxruntime"], threads) as held:
        for case, task, repeats in EPOCHS:
            found += held.epoch(
                case,
                task,
                500 if quick else 60_000,
                1 if quick else repeats,
                not quick and task.name != WIDE.name,
            )
            _log(case, threads)
        _complain(held.errors)
    return [{**result.to_dict(), "multiply_adds": _work(result.case)} for result in found]


def surroundings() -> dict[str, Any]:
    """Return what the machine is, and the versions of the libraries."""
    cpu = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+) kB", _read("/proc/meminfo"))
    flags = set(_read("/proc/cpuinfo").split())
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": cpu[1] if cpu else platform.processor(),
        "cores": cores(),
        "instructions": instruction_set(),
        "avx512": "avx512f" in flags,
        "memory": int(memory[1]) * 1024 if memory else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: CONTENDERS[name].version() for name in installed()},
        "commit": _commit(),
    }


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(section: str, quick: bool) -> dict[str, Any]:
    """Measure one section; return its entries of the document."""
    counts = sorted({1, cores()})
    if section in ("predictions", "epochs"):
        one = predictions if section == "predictions" else epochs
        return {section: [result for threads in counts for result in one(threads, quick)]}
    if section == "machine":
        kind = instruction_set() or "baseline"
        return {**machine.speeds(counts, kind), "counted": machine.instructions()}
    return {
        "commands": footprint.commands(1 if quick else 5, with_default=not quick),
        "training": {} if quick else footprint.training(),
        "training_memory": {} if quick else footprint.training_memory(),
        "sizes": footprint.sizes(),
        "libraries": footprint.libraries(),
    }


def main() -> None:
    """Measure the chosen sections, save the results, and write the pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=[*SECTIONS, "none"], default=SECTIONS)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--docs", type=Path, default=None)
    chosen = parser.parse_args()
    # Trying it out changes neither documents nor measurements.
    data = chosen.data or (ROOT / "build" if chosen.quick else HERE) / "benchmarks.json"
    data.parent.mkdir(parents=True, exist_ok=True)
    kept = data.exists() and chosen.only != SECTIONS
    document = json.loads(data.read_text()) if kept else {}
    for section in chosen.only:
        if section != "none":
            document |= {"surroundings": surroundings()} | measure(section, chosen.quick)
            data.write_text(json.dumps(document, indent=1) + "\n")
    report.write_pages(document, chosen.docs or ROOT / ("build/docs" if chosen.quick else "docs"))


def _work(case: str) -> int:
    return next(task.multiply_adds(60_000) for name, task, _ in EPOCHS if name == case)


def _log(case: str, threads: int) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {case}, threads: {threads}\n")


def _complain(errors: dict[str, list[str]]) -> None:
    for name, messages in errors.items():
        sys.stderr.write(f"{name}: {messages[0]}\n")


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=ROOT
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
