"""The engine's mathematics without Python.

Compiled for each instruction set and under sanitizers, and run.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from pellucid.engines import native

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "cpp" / "tests" / "engine_test.cpp"
STUB = ROOT / "src" / "pellucid" / "engines" / "_native_baseline.pyi"
COMPILER = os.environ.get("CXX", "c++")
COMMON = [
    "-std=c++17",
    "-Wall",
    "-Wextra",
    "-Wno-psabi",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
]

# What later versions of GCC do by themselves: it must change no bit.
NO_CHAINS = (
    ["--param=avoid-fma-max-bits=512"]
    if b"Free Software" in subprocess.check_output([COMPILER, "--version"])
    else []
)

# The slowest to compile first: two are compiled at a time.
BUILDS = {
    "address and undefined": [
        "-Og",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=undefined",
    ],
    "thread": ["-O1", "-fsanitize=thread"],
    "avx512": [
        "-O2",
        "-mavx512f",
        "-mavx512dq",
        "-mavx512bw",
        "-mavx512vl",
        "-mfma",
        "-mprefer-vector-width=512",
    ],
    "avx2": ["-O2", "-mavx2", "-mfma"],
    "baseline": ["-O2"],
}

baseline = importlib.import_module(
    "pellucid.engines._native_baseline"
)  # missing is a failure, never a skip
RUNNABLE = [
    name for name in BUILDS if name not in native.INSTRUCTION_SETS or baseline.supported(name)
]


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[tuple[int, str]]]]:
    folder = tmp_path_factory.mktemp("cpp")

    def build_and_run(name: str) -> tuple[int, str]:
        program = folder / name.replace(" ", "_")
        source = [f"-I{ROOT / 'cpp' / 'include'}", str(SOURCE), "-lpthread", "-o", str(program)]
        # GCC 12 warns of its own AVX-512 header (its bug 105593), GCC 13 does not.
        quiet = ["-Wno-uninitialized", "-Wno-maybe-uninitialized"] if name == "avx512" else []
        build = [COMPILER, *COMMON, *quiet, *NO_CHAINS, *BUILDS[name], *source]
        for command in (build, [str(program)]):
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500
            )
            if done.returncode or "warning:" in done.stdout:
                return done.returncode or 1, done.stdout
        return 0, done.stdout

    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(build_and_run, name) for name in RUNNABLE}


@pytest.mark.parametrize("name", RUNNABLE)
def test_the_engine_alone(name: str, results: dict[str, Future[tuple[int, str]]]) -> None:
    assert results[name].result() == (0, "all right\n")


def test_the_flags_are_those_of_the_modules() -> None:
    """What is tested here is compiled as what is installed."""
    cmake = (ROOT / "cpp" / "CMakeLists.txt").read_text("utf-8")
    assert " ".join(flag for flag in COMMON if flag.startswith("-f")) in cmake
    for name in ("avx2", "avx512"):
        assert f"set(flags_{name} {' '.join(BUILDS[name][1:])})" in cmake


def test_the_stubs_are_up_to_date(tmp_path: Path) -> None:
    """Whoever changes the binding runs `make stubs`."""
    made = tmp_path / "made.pyi"
    command = [
        sys.executable,
        "-m",
        "nanobind.stubgen",
        "-q",
        "-m",
        baseline.__name__,
        "-o",
        str(made),
    ]
    subprocess.run(command, check=True)
    assert made.read_text("utf-8") == STUB.read_text("utf-8")
