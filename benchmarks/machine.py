"""Measure what needs a C++ compiler: peak speed, the engine's matrix product, instructions."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).with_name("cpp")
PRODUCT = 2 * 1024**3  # floating-point operations
ROUNDS = 12
NUMPY = """
import os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[1]
import numpy as np
a, b, c = np.random.default_rng(0).normal(size=(3, 1024, 1024)).astype(np.float32)
seconds = []
for _ in range(31):
    start = time.perf_counter()
    np.matmul(a, b, out=c)
    seconds.append(time.perf_counter() - start)
print(min(seconds))
"""
COUNTED = {"784-16-16-10": (16, 16), "784-128-64-10": (128, 64)}


@contextmanager
def compiled(name: str, flags: list[str]) -> Iterator[str]:
    """Compile one of the programs in cpp/ into a temporary folder; yield its path."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder, name))
        include = str(ROOT / "cpp" / "include")
        source = str(SOURCES / f"{name}.cpp")
        compiler = shutil.which("c++") or shutil.which("g++") or "clang++"
        subprocess.run(
            [compiler, "-std=c++17", *flags, "-I", include, source, "-pthread", "-o", program],
            check=True,
        )
        yield program


def engine_flags(instructions: str) -> list[str]:
    """Return the engine's compiler flags for an instruction set, from cpp/CMakeLists.txt."""
    text = (ROOT / "cpp" / "CMakeLists.txt").read_text(encoding="utf-8")
    common = re.search(r"set\(flags\s+(-O3\s.*?)\s-Wall", text, re.DOTALL)
    own = re.search(rf"set\(flags_{instructions} (.*?)\)", text)
    assert common is not None
    return [*common[1].split(), *(own[1].split() if own else [])]


def speeds(thread_counts: list[int], instructions: str) -> dict[str, dict[str, Any]]:
    """Measure floating-point operations a second, by number of threads: the best of several rounds.

    "peak" is the processor's limit; "product" is the engine's product at 1024^3: alone, predicting,
    training, and NumPy's. Other programs slow the products more than the peak, so the best of each
    are compared, and the rounds alternate between them.
    """
    found: dict[str, dict[str, Any]] = {"peak": {}, "product": {}}
    with (
        compiled("peak", ["-O3", "-march=native", "-ffp-contract=fast"]) as peak,
        compiled("product", engine_flags(instructions)) as product,
    ):
        for n in map(str, thread_counts):
            best = dict.fromkeys(("alone", "predicting", "training", "numpy"), 0.0)
            fastest = 0.0
            for _ in range(ROUNDS):
                fastest = max(fastest, float(_output(peak, n)))
                seconds = [*_output(product, n).split(), _output(sys.executable, "-c", NUMPY, n)]
                best = {
                    way: max(speed, PRODUCT / float(s))
                    for (way, speed), s in zip(best.items(), seconds, strict=True)
                }
            found["peak"][n], found["product"][n] = fastest, best
    return found


def instructions() -> dict[str, dict[str, int]] | None:
    """Count the instructions (AVX2, which valgrind knows) of an epoch and of 1,000 predictions.

    Return None without valgrind.
    """
    if shutil.which("valgrind") is None:
        return None
    with compiled("epoch", engine_flags("avx2")) as program:
        return {
            name: {what: _count(program, what, hidden) for what in ("epoch", "predict")}
            for name, hidden in COUNTED.items()
        }


def _count(program: str, function: str, hidden: tuple[int, int]) -> int:
    valgrind = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        f"--toggle-collect={function}",
    ]
    done = subprocess.run(
        [*valgrind, program, *map(str, hidden)], capture_output=True, text=True, check=True
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])


def _output(*words: Any) -> str:
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(instructions(), indent=1) + "\n")
