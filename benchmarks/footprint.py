"""Measure commands from start to exit, their memory, and the disk that packages take."""

from __future__ import annotations

import importlib.metadata
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from contest.contenders import CONTENDERS, installed
from contest.tasks import Task
from contest.turns import contest

import pellucid

IMPORTS = {
    "numpy": "import numpy",
    "pellucid": "import pellucid",
    "pellucid, all that trains": "from pellucid import Network, mlp, train",
    "torch": "import torch",
    "sklearn": "import sklearn.neural_network",
    "onnxruntime": "import onnxruntime",
    "jax": "import jax, jax.numpy",
}
# A small process in between: Linux counts the memory of the process that starts a program as that
# program's own.
WATCH = """
import os, sys, time
null = [(os.POSIX_SPAWN_OPEN, stream, "/dev/null", os.O_WRONLY, 0) for stream in (1, 2)]
started = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=null)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - started, usage.ru_maxrss)
"""
TRAIN = [sys.executable, "-m", "pellucid", "train"]
QUICK = "pellucid train --quick"
DEFAULT, REFERENCE = "pellucid train", "pellucid train --engine reference"


def commands(repeats: int, with_default: bool) -> dict[str, dict[str, Any]]:
    """Measure seconds from start to exit and peak memory in bytes, in turns; long ones seldom."""
    with tempfile.TemporaryDirectory() as folder:
        train = [*TRAIN, "-o", str(Path(folder, "digits.safetensors"))]
        there = installed()
        fitting = [code for name, code in IMPORTS.items() if name.partition(",")[0] in there]
        words = {f'python -c "{code}"': [sys.executable, "-c", code] for code in ("pass", *fitting)}
        words[QUICK] = [*train, "--quick"]
        found = _measured(words, repeats)
        if with_default:
            found |= _measured({DEFAULT: train}, 3) | _measured(
                {REFERENCE: [*train, "--engine", "reference"]}, 1
            )
        return found


def training() -> dict[str, float]:
    """Measure the seconds of training by the default recipe with each engine, in turns.

    They are the seconds that the command reports.
    """
    seconds: dict[str, list[float]] = {"native": [], "reference": []}
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder, "digits.safetensors"))
        for _ in range(3):
            for engine, found in seconds.items():
                command = [*TRAIN, "--json", "-o", model, "--engine", engine]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.append(json.loads(done.stdout)["seconds"])
    return {engine: statistics.median(found) for engine, found in seconds.items()}


def training_memory() -> dict[str, int]:
    """Return each contender's peak memory in bytes after an epoch of MNIST as float32 (188 MB)."""
    found = {}
    for name in installed():
        with contest([name], 1) as alone:
            if alone.epoch("memory", Task((784, 16, 16, 10)), 60_000, 1):
                found[name] = alone.about()[name]["peak"]
    return found


def sizes() -> dict[str, dict[str, int]]:
    """Return the bytes on disk of each contender's package, alone and with all that it requires."""
    found = {}
    for name in installed():
        package = CONTENDERS[name].distribution
        needs = _needs(package, set())
        found[name] = {"alone": _size(package), "with all it needs": sum(map(_size, needs))}
    return found


def libraries() -> dict[str, int]:
    """Return the bytes of the native engine's shared libraries."""
    folder = Path(pellucid.__file__).with_name("engines")
    return {
        path.name.partition(".")[0]: path.stat().st_size
        for path in sorted(folder.glob("_native_*.so"))
    }


def _measured(words: dict[str, list[str]], repeats: int) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {name: {"seconds": [], "peak": 0} for name in words}
    for repeat in range(repeats + (repeats > 1)):
        for name, command in words.items():
            watched = [sys.executable, "-I", "-S", "-c", WATCH, *command]
            code, seconds, peak = subprocess.run(
                watched, capture_output=True, text=True, check=True
            ).stdout.split()
            if int(code):
                raise SystemExit(f"{name} failed")
            if repeat or repeats == 1:  # the first run reads files from disk, so it does not count
                found[name]["seconds"].append(float(seconds))
            found[name]["peak"] = max(found[name]["peak"], int(peak) * 1024)
    for entry in found.values():
        entry["median"] = statistics.median(entry["seconds"])
    return found


def _needs(name: str, seen: set[str]) -> set[str]:
    """Return the distribution and all that it requires on this platform, extras aside."""
    name = re.sub(r"[-_.]+", "-", name).lower()
    if name in seen:
        return seen
    try:
        required = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # for another platform or Python
        return seen
    seen.add(name)
    for line in required:
        if "extra ==" not in line:
            _needs(re.split(r"[ ;<>=!~\[(]", line, maxsplit=1)[0], seen)
    return seen


def _size(name: str) -> int:
    files = importlib.metadata.files(name) or []
    return sum(
        path.stat().st_size
        for path in (Path(str(file.locate())) for file in files)
        if path.is_file()
    )
