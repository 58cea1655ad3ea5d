"""Installing.

The wheel with the native engine, and what is left of it where there is no C++ compiler.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def copy_of_the_tree(folder: Path) -> Path:
    tree = folder / "tree"
    tree.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("src", "cpp"):
        shutil.copytree(
            ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.so")
        )
    return tree


def build_wheel(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build a wheel as pip does for a user, in a build environment of its own."""
    tree = copy_of_the_tree(folder)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(folder),
        str(tree),
    ]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


def wheel_of(folder: Path, **environment: str) -> Path:
    """Build a wheel; return its path."""
    done = build_wheel(folder, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = folder.glob("*.whl")
    return wheel


def modules_in(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            Path(file.filename).name: file.file_size
            for file in archive.infolist()
            if file.filename.endswith(".so")
        }


def installed(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(packages: Path, *arguments: str) -> str:
    """Run Python with the wheel's package instead of the one that is tested otherwise."""
    script = f"""import sys
sys.path.insert(0, {str(packages)!r})
sys.meta_path[:] = [f for f in sys.meta_path if "ScikitBuild" not in type(f).__name__]
exec(sys.argv.pop(1))"""
    # Coverage counts this tree, and not the copies that are installed here.
    foreign = ("PELLUCID_", "COVERAGE_")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(foreign)
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=packages,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


PREDICT = """
import numpy as np
import pellucid as pl
assert pl.__file__.startswith(sys.path[0]), pl.__file__
net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", seed=0)
engine = pl.train(net, np.ones((8, 784)), np.arange(8)).engine
print(net.predict(np.zeros((3, 784))).shape, net.parameter_count, engine)
"""

DOCTOR = "from pellucid.cli import main; sys.argv[0] = 'pellucid'; sys.exit(main())"


def compiler(folder: Path, script: str) -> dict[str, str]:
    """The environment in which a script takes the place of the compiler."""
    path = folder / "compiler"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"CXX": str(path), "CC": str(path)}


@pytest.mark.integration
def test_without_a_compiler(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, **compiler(tmp_path, "echo there is no compiler here >&2\nexit 1"))
    assert modules_in(wheel) == {}
    packages = installed(wheel, tmp_path / "packages")
    assert run(packages, PREDICT) == "(3, 10) 13002 reference\n"
    report = " ".join(
        run(packages, DOCTOR, "doctor", "--lang", "en").split()
    )  # however its lines are broken
    assert "reference (NumPy); the native engine could not be compiled" in report
    assert "BROKEN" not in report
    # What pip prints as it builds a wheel.
    assert wheel.name.endswith("-0_without_native_engine-py3-none-any.whl")


@pytest.mark.integration
def test_a_required_engine_that_cannot_be_compiled_is_an_error(tmp_path: Path) -> None:
    none = compiler(tmp_path, "echo there is no compiler here >&2\nexit 1")
    done = build_wheel(tmp_path, PELLUCID_REQUIRE_ENGINE="1", **none)
    assert done.returncode != 0
    assert "there is no compiler here" in done.stderr
    assert "Without PELLUCID_REQUIRE_ENGINE=1" in done.stderr
    assert not list(tmp_path.glob("*.whl"))


SETS = ["avx2", "avx512", "baseline"] if platform.machine() in ("x86_64", "AMD64") else ["baseline"]


def test_the_modules_are_small() -> None:
    """Those that this installation built, with the flags of every other."""
    found = [importlib.util.find_spec(f"pellucid.engines._native_{name}") for name in SETS]
    assert (
        sum(Path(spec.origin).stat().st_size for spec in found if spec and spec.origin) < 2_200_000
    )
    assert None not in found


# Nothing asked here hangs on speed, and optimising takes minutes: only the soak does. Last words
# count.
HASTY = f'exec {shutil.which(os.environ.get("CXX", "c++"))} "$@" -O0 -fno-lto'


@pytest.mark.parametrize(
    "script",
    [pytest.param(HASTY, marks=pytest.mark.integration), pytest.param("", marks=pytest.mark.soak)],
    ids=["hasty", "as users"],
)
def test_the_wheel(tmp_path: Path, script: str) -> None:
    wheel = wheel_of(tmp_path, **(compiler(tmp_path, script) if script else {}))
    modules = modules_in(wheel)
    assert sorted(name.split(".")[0] for name in modules) == [f"_native_{name}" for name in SETS]
    assert script or sum(modules.values()) < 2_000_000
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    mnist = [
        f"{part}-{what}-ubyte.gz"
        for part in ("train", "t10k")
        for what in ("images-idx3", "labels-idx1")
    ]
    for name in [*mnist, "NOTICE.md"]:
        assert f"pellucid/data/mnist/{name}" in names
    for name in ("locale/ko/LC_MESSAGES/pellucid.mo", "py.typed", "engines/_native_baseline.pyi"):
        assert f"pellucid/{name}" in names
    assert [name for name in names if name.endswith("licenses/src/pellucid/data/mnist/NOTICE.md")]
    assert not [name for name in names if name.startswith(("tests", "cpp"))]
    packages = installed(wheel, tmp_path / "packages")
    assert run(packages, PREDICT) == "(3, 10) 13002 native\n"
