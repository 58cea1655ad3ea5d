"""What needs a C++ compiler: the processor's measured peak, the engine's matrix product, and instructions counted."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).with_name("cpp")
PRODUCT = 2 * 1024**3  # floating-point operations
COUNTED = {"784-16-16-10": (16, 16), "784-128-64-10": (128, 64)}


@contextmanager
def compiled(name: str, flags: list[str]) -> Iterator[str]:
    """Compile one of the programs in cpp/ into a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder, name))
        include = str(ROOT / "cpp" / "include")
        source = str(SOURCES / f"{name}.cpp")
        compiler = shutil.which("c++") or shutil.which("g++") or "clang++"
        subprocess.run([compiler, "-std=c++17", *flags, "-I", include, source, "-pthread", "-o", program], check=True)
        yield program


def engine_flags(instructions: str) -> list[str]:
    """Give the flags with which the engine is compiled for an instruction set, as cpp/CMakeLists.txt has them."""
    text = (ROOT / "cpp" / "CMakeLists.txt").read_text(encoding="utf-8")
    common = re.search(r"PRIVATE (-O3 .*?) -Wall", text)
    own = re.search(rf"set\(flags_{instructions} (.*?)\)", text)
    assert common is not None
    return [*common[1].split(), *(own[1].split() if own else [])]


def peak(thread_counts: list[int]) -> dict[str, float]:
    """Measure floating-point operations a second that the processor can do at most, by number of threads."""
    with compiled("peak", ["-O3", "-march=native", "-ffp-contract=fast"]) as program:
        return {str(n): float(_output(program, n)) for n in thread_counts}


def product(thread_counts: list[int], instructions: str) -> dict[str, dict[str, float]]:
    """Measure floating-point operations a second of the engine's product at 1024^3: alone, answering, learning."""
    with compiled("product", engine_flags(instructions)) as program:
        found = {}
        for n in thread_counts:
            seconds = map(float, _output(program, n).split())
            found[str(n)] = {
                way: PRODUCT / s for way, s in zip(("alone", "answering", "learning"), seconds, strict=True)
            }
        return found


def instructions() -> dict[str, dict[str, int]] | None:
    """Count the instructions (AVX2, which valgrind knows) of an epoch and of 1,000 answers; None without valgrind."""
    if shutil.which("valgrind") is None:
        return None
    with compiled("epoch", engine_flags("avx2")) as program:
        return {
            name: {what: _count(program, what, hidden) for what in ("epoch", "answer")}
            for name, hidden in COUNTED.items()
        }


def _count(program: str, function: str, hidden: tuple[int, int]) -> int:
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--toggle-collect={function}"]
    done = subprocess.run([*valgrind, program, *map(str, hidden)], capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])


def _output(*words: Any) -> str:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    import json
    import sys

    sys.stdout.write(json.dumps(instructions(), indent=1) + "\n")
