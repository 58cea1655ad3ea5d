"""Every system call that writes a file fails in turn: old files stay, and one line says why."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli import main
from tests.exchange.compiled import COMPILER

HERE = Path(__file__).parent
ERRORS = ["no space", "input/output error", "not permitted", "disk full from here on"]
KINDS = [*ERRORS, "short write", "Ctrl-C", "SIGTERM"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")

TRAIN = ("train", "--data", "moons", "--hidden", "4", "--epochs", "2", "--batch-size", "64")
Words = tuple[str, ...]


class Scenario:
    """A command in a folder in which earlier commands have written."""

    def __init__(self, first: list[Words], words: Words, again: bool = False) -> None:
        self.first, self.words, self.again = first, words, again


EXPORTS = ("json", "c", "torch", "html", "site")
SCENARIOS = {
    "train": Scenario(
        [(*TRAIN, "--seed", "1", "-o", "m.safetensors")], (*TRAIN, "-o", "m.safetensors")
    ),
    "checkpoints": Scenario(
        [(*TRAIN, "--checkpoint", "run", "--every", "1 batch", "-o", "m.safetensors")],
        (
            *TRAIN,
            "--epochs",
            "4",
            "--checkpoint",
            "run",
            "--every",
            "1 epoch",
            "-o",
            "m.safetensors",
        ),
        again=True,
    ),
    "a first checkpoint": Scenario(
        [], (*TRAIN, "--checkpoint", "run", "--every", "1 epoch", "-o", "m.safetensors"), again=True
    ),
    "start anew": Scenario(
        [(*TRAIN, "--checkpoint", "run", "-o", "m.safetensors")],
        (*TRAIN, "--seed", "1", "--checkpoint", "run", "--fresh", "-o", "m.safetensors"),
    ),
    "predictions": Scenario(
        [
            (*TRAIN, "-o", "m.safetensors"),
            ("predict", "m.safetensors", "rows.npy", "-o", "answers.csv"),
        ],
        ("predict", "m.safetensors", "more.npy", "-o", "answers.csv"),
    ),
    **{
        f"export to {kind}": Scenario(
            [
                (*TRAIN, "-o", "m.safetensors"),
                ("export", "m.safetensors", out, "--to", kind),
                (*TRAIN, "--seed", "1", "-o", "m.safetensors"),
            ],
            ("export", "m.safetensors", out, "--to", kind),
        )
        for kind, out in zip(
            EXPORTS, ("out.json", "out.c", "out_torch.safetensors", "out.html", "out"), strict=True
        )
    },
}


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "faults.so"
    words = [COMPILER, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", path, HERE / "faults.c"]
    subprocess.run([*map(str, words), "-ldl"], check=True)
    return path


def before(scenario: Scenario, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run a scenario's first commands in a folder."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    rows = np.random.default_rng(0).normal(size=(900, 2)).astype(np.float32)
    np.save("rows.npy", rows[:3])
    np.save("more.npy", rows)
    for words in scenario.first:
        assert main(list(words)) == 0
    return folder


def fail_each(
    names: list[str], every: bool, shim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """Return what each run of scenarios did."""
    for name in ("PELLUCID_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PELLUCID_LANG", "en")
    asked = []
    for name in names:
        scenario = SCENARIOS[name]
        folder = before(scenario, tmp_path / re.sub(r"\W", "_", name), monkeypatch)
        words = {"words": scenario.words, "again": scenario.again, "kinds": KINDS, "every": every}
        asked.append({"name": name, "before": str(folder), **words})
    (tmp_path / "where").mkdir()
    program = [sys.executable, str(HERE / "fail_each_call.py"), str(shim), str(tmp_path / "where")]
    # Not traced for coverage, which takes SIGTERM for itself.
    plain = {name: value for name, value in os.environ.items() if "COV" not in name}
    settings = {**plain, "LD_PRELOAD": str(shim)}
    found = subprocess.run(
        program,
        input=json.dumps(asked),
        env=settings,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    return [json.loads(line) for line in found.stdout.splitlines()]


def problems_of(run: dict[str, Any], whole: dict[str, Any]) -> list[str]:
    """Return what is wrong with a run, beside the one of its scenario without a fault."""
    wrong = []
    said, code, after = run["said"], run["code"], run["after"]
    ended = run["kind"] in ("Ctrl-C", "SIGTERM")  # a training ends early and writes its network
    complaints = re.findall(r"^pellucid: .*", said, re.M)
    if not run["hit"]:
        wrong.append("no call failed")
    if "Traceback" in said or code not in (0, 1) or len(complaints) != code:
        wrong.append("not one line that says why")
    if run["kind"] == "short write" and code != 0:
        wrong.append("a short write is no failure")
    if code == 1 and not ended and "cannot be written" not in complaints[0]:
        wrong.append("an unclear line")
    # A name that could not be removed may be left
    hidden = {name for name in after if "/." in f"/{name}"}
    if len(hidden) > (run["hit"] in ("unlink", "rmdir")):
        wrong.append(f"left behind: {hidden}")
    for name in {*whole["before"], *after} - hidden:
        was, new = whole["before"].get(name), whole["after"].get(name)
        # Checkpoints hold times, and a training that was ended wrote another network
        free = name.startswith("run/") or (ended and code == 0)
        if not free and after.get(name) not in ((new,) if code == 0 else (was, new)):
            wrong.append(f"{name} is neither as it was nor as it should be")
    if run["again"] and run["again"]["code"] != 0:
        wrong.append("the same command again failed")
    if run["again"] and run["finally"]["m.safetensors"] != whole["after"]["m.safetensors"]:
        wrong.append("the same command again wrote another network")
    return wrong


def check(runs: list[dict[str, Any]]) -> None:
    """Check every run against the one of its scenario without a fault."""
    whole: dict[str, Any] = {}
    found = []
    for run in runs:
        if "kind" not in run:
            whole = run
            assert run["code"] == 0 and run["count"] > 5, run
        elif wrong := problems_of(run, whole):
            what = f"{run['scenario']}, {run['kind']} at call {run['nth']} ({run['hit']})"
            again = run["again"].get("said", "")
            found.append(f"{what}: {'; '.join(wrong)}\n{run['said']}{again}")
    assert not found, f"{len(found)} of {len(runs)}:\n" + "\n".join(found)


def test_each_call_fails_once(shim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["checkpoints", "export to c"]
    check(fail_each(names, False, shim, tmp_path, monkeypatch))


@pytest.mark.integration
@pytest.mark.parametrize("name", SCENARIOS)
def test_each_call_fails_in_each_way(
    name: str, shim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The others write as these do, and a site has hundreds of calls
    every = name in ("train", "a first checkpoint", "predictions", "export to c")
    runs = fail_each([name], every, shim, tmp_path, monkeypatch)
    check(runs)
    assert {run["kind"] for run in runs[1:]} == {*KINDS}


SRC = Path(pl.__file__).parent
# Where files are written, and what else makes temporary files that never take a name
WRITERS = {"files/atomic.py", "files/folder.py", "files/held_folder.py", "files/leftovers.py"}
TEMPORARY = {"data/tables/files.py", "data/tables/store.py", "web/digits.py", "cli/train.py"}
TEMPORARY |= {"serving/server.py"}
OPENING = {"write_bytes", "write_text", "savefig", "touch", "mkstemp", "tofile", "savez"}
UNNAMED = {"TemporaryFile", "NamedTemporaryFile", "TemporaryDirectory", "mkdtemp"}


def writing_calls(tree: ast.AST) -> set[str]:
    """Return the names of calls that write files: by their name, or by a mode of `open`."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        modes = [each.value for each in node.args if isinstance(each, ast.Constant)]
        modes += [
            each.value.value for each in node.keywords if isinstance(each.value, ast.Constant)
        ]
        writes = any(
            isinstance(mode, str) and re.fullmatch(r"[rwxab+]*[wxa+][rwxab+]*", mode)
            for mode in modes
        )
        if name in OPENING | UNNAMED or (name == "open" and writes):
            found.add(name)
    return found


def test_files_are_written_in_one_place() -> None:
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        name = path.relative_to(SRC).as_posix()
        calls = writing_calls(ast.parse(path.read_text(encoding="utf-8")))
        if calls and name not in WRITERS:
            found[name] = calls
    wrong = {
        name: calls for name, calls in found.items() if calls - UNNAMED or name not in TEMPORARY
    }
    assert wrong == {
        "cli/prediction_text.py": {"TemporaryFile", "open"},  # into a pipe, all at once
        "lens/plots/figure_style.py": {"savefig"},  # into memory
        "web/digits.py": {"TemporaryDirectory", "write_bytes"},  # to read it as a file
        "training/trackers.py": {"open"},  # a line at the end; a run that goes on writes all again
        "serving/metrics.py": {"write_bytes"},  # memory that the server's processes share
    }


def test_the_list_of_writers_can_fail() -> None:
    for text in (
        "open('file', 'w')",
        "path.open(mode='xb')",
        "p.write_text('a')",
        "NamedTemporaryFile()",
    ):
        assert writing_calls(ast.parse(text)), text
    assert not writing_calls(ast.parse("open('file', 'rb'); path.open()"))
