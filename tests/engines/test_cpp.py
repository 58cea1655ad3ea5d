"""The engine's mathematics without Python.

Compiled for each instruction set and under sanitizers, and run: in the gate for this processor's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.engines.instructions import INSTRUCTION_SETS
from tests.engines.tools import SETS, baseline
from tests.proving import PATIENCE, kept

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

RUNNABLE = [name for name in BUILDS if name not in INSTRUCTION_SETS or name in SETS]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE
    )


def program(name: str) -> Path:
    """Return the tests, compiled without a warning; compiled before, if nothing has changed."""
    # GCC 12 warns of its own AVX-512 header (its bug 105593), GCC 13 does not.
    quiet = ["-Wno-uninitialized", "-Wno-maybe-uninitialized"] if name == "avx512" else []
    include = f"-I{ROOT / 'cpp' / 'include'}"
    command = [COMPILER, *COMMON, *quiet, *NO_CHAINS, *BUILDS[name], include, str(SOURCE)]

    def build(path: Path) -> None:
        done = run(*command, "-lpthread", "-o", str(path))
        assert done.returncode == 0 and "warning:" not in done.stdout, done.stdout

    words = [*command, run(COMPILER, "--version").stdout]
    files = sorted([*(ROOT / "cpp" / "include").rglob("*.h"), *SOURCE.parent.iterdir()])
    sources = [*(word.encode() for word in words), *(file.read_bytes() for file in files)]
    return kept(f"engine_test_{name.replace(' ', '_')}", sources, build)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == SETS[0] else pytest.mark.integration)
        for name in RUNNABLE
    ],
)
def test_the_engine_alone(name: str) -> None:
    done = run(str(program(name)))
    assert (done.returncode, done.stdout) == (0, "all right\n")


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
