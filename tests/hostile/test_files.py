"""Each hostile file is answered by one clear line, soon, in little memory, and runs nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pellucid as pl
from pellucid.cli import main
from tests.hostile.catalogue import CATALOGUE, Hostile

SECONDS = 2.0
"""Of processor time for the file: what the command takes for a missing file is subtracted."""

MEGABYTES = 512

# What runs in the gate, in its own process; all of them, each in a process that is measured, in the
# integration.
QUICK = [
    file for file in CATALOGUE if not re.search("GB|MB|member|,000,|20,000 l|zeros", file.name)
]

_PLAIN = {"PELLUCID_LANG": "en", "OMP_NUM_THREADS": "1", "PELLUCID_THREADS": "1"}
_MEASURED = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
from pellucid.cli import main
code = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss, which begins with the memory of the process that started this one
with open("/proc/self/status") as status:
    high = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps([code, used.ru_utime + used.ru_stime, high >> 10]), flush=True)
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what commands name beside the hostile file: models and a table."""
    folder = tmp_path_factory.mktemp("good")
    net = pl.mlp([784, 16, 10], "sigmoid", pixels=True, seed=0)
    digits = pl.Network(net.layers, inputs=pl.Images((28, 28)), classes=list("0123456789"))
    digits.save(folder / "digits.safetensors")
    table = {"a": [1, 2, 3, 4], "t": [0, 1, 0, 1]}
    columns = pl.Columns.of(table, target="t")
    layers = pl.mlp([columns.width, 2], output="softmax", seed=0).layers
    pl.Network(layers, inputs=columns, classes=columns.classes).save(folder / "columns.safetensors")
    (folder / "table.csv").write_text("a,t\n1,0\n")
    return {
        "digits": str(folder / "digits.safetensors"),
        "columns": str(folder / "columns.safetensors"),
        "table": str(folder / "table.csv"),
    }


def words(file: Hostile, folder: Path, places: dict[str, str]) -> list[str]:
    """Make the file; return the command that gets it."""
    path = folder / file.file
    path.write_bytes(file.make())
    found = file.command.format(file=path, **places).split()
    return found if "{file}" in file.command else [*found, str(path)]


def check(file: Hostile, code: int, error: str, folder: Path) -> None:
    assert code == 1, error
    assert len(error.splitlines()) == 1, error
    assert re.search(file.error, error), error
    assert file.file in error
    left = {path.name for path in folder.iterdir()}
    assert left == {file.file}, "something was written"


@pytest.mark.parametrize("file", QUICK, ids=lambda file: file.name)
def test_one_clear_line(
    file: Hostile,
    places: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PELLUCID_LANG", "en")
    code = main(words(file, tmp_path, places))
    check(file, code, capfd.readouterr().err, tmp_path)


def measured(command: list[str], folder: Path) -> tuple[int, float, int, str, str]:
    """Run a command in a process of its own: exit code, seconds, megabytes, output, errors."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        capture_output=True, text=True, cwd=folder, check=False, env=_PLAIN,
    )  # fmt: skip
    assert done.returncode == 0, f"ended by itself with {done.returncode}: {done.stderr[-500:]}"
    *out, last = done.stdout.splitlines()
    code, seconds, megabytes = json.loads(last)
    return code, seconds, megabytes, "\n".join(out), done.stderr


@pytest.mark.integration
def test_all_soon_and_in_little_memory(places: dict[str, str], tmp_path: Path) -> None:
    """Every file in its own process: its exit code, its line, its time and its memory."""
    missing = measured(["data", "describe", "missing.parquet"], tmp_path)[1]
    bad = []
    for number, file in enumerate(CATALOGUE):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = words(file, folder, places)
        code, seconds, megabytes, _, error = measured(command, folder)
        print(f"{file.name:55} {seconds - missing:6.2f} s {megabytes:5} MB  {error.strip()[-90:]}")
        try:
            check(file, code, error, folder)
        except AssertionError as wrong:
            bad.append(f"{file.name}: {str(wrong)[:300]}")
        # Twice as long on a busy machine, whose caches others use
        if seconds - missing > 2 * SECONDS or megabytes > MEGABYTES:
            bad.append(f"{file.name}: {seconds - missing:.2f} s, {megabytes} MB")
        (folder / file.file).unlink()
    assert not bad, "\n".join(bad)


def test_the_catalogue_is_whole() -> None:
    assert len(CATALOGUE) >= 80
    assert len({file.name for file in CATALOGUE}) == len(CATALOGUE)
    assert len(QUICK) >= 40
