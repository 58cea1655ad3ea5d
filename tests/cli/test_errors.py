"""Bad input, full disks, closed pipes.

One line on standard error, exit code 1, no traceback, and nothing is lost.
"""

import ast
import os
import resource
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import main, threads
from pellucid.cli.commands import COMMANDS
from tests.cli.conftest import Result
from tests.narrowing import present

SOURCE = Path(threads.__file__).parent
ROWS = np.zeros((6, 4), np.float32)
CLASSES = np.array([0, 1, 2, 0, 1, 2])


def truncated(path: Path, whole: bytes, share: float = 0.6) -> None:
    path.write_bytes(whole[: int(len(whole) * share)])


def bad_data(folder: Path) -> dict[str, Path]:
    """Make one path for each way in which `--data` can be bad."""
    made = {
        name: folder / f"{name}.npz"
        for name in ("missing", "empty", "truncated", "not an archive", "pickle")
    }
    made["empty"].touch()
    np.savez(folder / "whole.npz", x=ROWS, t=CLASSES)
    truncated(made["truncated"], (folder / "whole.npz").read_bytes())
    made["not an archive"].write_bytes(b"once upon a time")
    np.savez(made["pickle"], x=np.array([{}] * 6), t=CLASSES, allow_pickle=True)
    arrays = {
        "no t": {"x": ROWS},
        "no arrays": {},
        "wrong shape": {"x": ROWS[:, 0], "t": CLASSES},
        "rows that do not match": {"x": ROWS, "t": CLASSES[:3]},
        "text": {"x": ROWS.astype(str), "t": CLASSES},
        "negative class": {"x": ROWS, "t": CLASSES - 1},
        "huge class": {"x": ROWS, "t": CLASSES * 10**9},
        "test of another shape": {
            "x": ROWS,
            "t": CLASSES,
            "x_test": ROWS[:, :2],
            "t_test": CLASSES,
        },
        "infinity": {"x": ROWS + np.inf, "t": CLASSES},
        "NaN pixels": {"x": np.full((6, 28, 28), np.nan), "t": CLASSES},
        "no rows": {"x": ROWS[:0], "t": CLASSES[:0]},
    }
    for name, content in arrays.items():
        made[name] = folder / f"{name}.npz"
        loose: dict[str, Any] = {**content}
        np.savez(made[name], **loose)
    made["empty folder"] = folder / "nothing"
    made["empty folder"].mkdir()
    made["huge picture"] = folder / "huge"
    for name in "ab":
        (made["huge picture"] / name).mkdir(parents=True)
        Image.new("1", (20_000, 20_000)).save(
            made["huge picture"] / name / "huge.png", compress_level=1
        )
    made["truncated IDX"] = folder / "idx"
    made["truncated IDX"].mkdir()
    pl.write_idx(folder / "idx" / "train-labels-idx1-ubyte", CLASSES.astype(np.uint8))
    pl.write_idx(folder / "images", np.zeros((6, 28, 28), np.uint8))
    truncated(folder / "idx" / "train-images-idx3-ubyte", (folder / "images").read_bytes())
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return bad_data(tmp_path_factory.mktemp("bad"))


def fails_in_one_line(result: Result, name: str) -> None:
    assert result.code == 1, name
    assert result.out == "", name
    complaints = [line for line in result.err.splitlines() if line.startswith("pellucid: ")]
    before, _, after = result.err.partition("pellucid: ")
    assert (len(complaints), len(after.splitlines())) == (1, 1), (name, result.err)
    assert before == "" or before.startswith("training on "), (name, result.err)


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_train_and_evaluate_with_bad_data(
    run: Callable[..., Result],
    data: dict[str, Path],
    table_model: Path,
    json: tuple[str, ...],
    tmp_path: Path,
) -> None:
    for name, path in data.items():
        fails_in_one_line(run("train", "--data", path, "--epochs", 1, *json), name)
        fails_in_one_line(run("evaluate", table_model, "--data", path, *json), name)
    assert list(tmp_path.iterdir()) == []


def test_train_with_rows_of_one_class_only(run: Callable[..., Result], tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", x=ROWS, t=CLASSES * 0)
    result = run("train", "--data", "one.npz")
    fails_in_one_line(result, "one class")
    assert "all 6 rows are of one class" in result.err


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make one path for each way in which a model file can be bad."""
    folder = tmp_path_factory.mktemp("models")
    made = {
        name: folder / name
        for name in ("missing", "empty", "truncated", "picture", "archive", "folder")
    }
    made["empty"].touch()
    pl.mlp([4, 3]).save(folder / "whole")
    truncated(made["truncated"], (folder / "whole").read_bytes())
    Image.new("L", (28, 28)).save(made["picture"], "PNG")
    with zipfile.ZipFile(made["archive"], "w") as archive:
        archive.writestr("x.npy", b"")
    made["folder"].mkdir()
    made["name with a zero byte"] = folder / "a\0b"
    return made


def test_models_that_are_none(
    run: Callable[..., Result], models: dict[str, Path], picture: Path
) -> None:
    for name, path in models.items():
        fails_in_one_line(run("summary", path), name)
        fails_in_one_line(run("summary", path, "--json"), name)
        fails_in_one_line(run("evaluate", path), name)
        fails_in_one_line(run("predict", path, picture), name)
        fails_in_one_line(run("predict", path, picture, "--json"), name)


def test_files_that_predict_cannot_read(
    run: Callable[..., Result], model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    Image.effect_noise((200, 200), 50).save(tmp_path / "noise.png")
    truncated(tmp_path / "cut.png", (tmp_path / "noise.png").read_bytes(), 0.3)
    os.mkfifo(tmp_path / "pipe")
    files = [
        "text.png",
        "cut.png",
        "pipe",
        data["huge picture"] / "a" / "huge.png",
        tmp_path,
        "a\0b",
    ]
    files += [path for name, path in data.items() if name not in ("no rows",)]
    for file in files:
        fails_in_one_line(run("predict", model, file), str(file))
    result = run("predict", model, *files, "--json")
    assert (result.code, result.err) == (1, "")
    assert [set(entry) for entry in result.json] == [{"file", "error"}] * len(files)


def test_places_that_cannot_be_written(
    run: Callable[..., Result], digits_npz: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (
        "/proc/net.safetensors",
        "nowhere/net",
        "file/net",
        "folder",
        "/dev/null",
        "x" * 300,
        "a\0b",
    ):
        fails_in_one_line(run("train", "--data", digits_npz, "-o", path), path)
    fails_in_one_line(run("demo", "-o", "/proc/demo"), "demo")
    assert Path("/dev/null").is_char_device()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with no room: a small tmpfs where mounting is permitted.

    Elsewhere a limit on the size of files.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    (folder / "net.safetensors").write_bytes(b"what was here before")
    if mounted.returncode == 0:
        (folder / "rest").write_bytes(bytes(96 << 10))
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, before[1]))
    yield folder
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    if mounted.returncode == 0:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_found_before_learning(
    run: Callable[..., Result], digits_npz: Path, full_disk: Path
) -> None:
    path = full_disk / "net.safetensors"
    before = sorted(full_disk.iterdir())
    result = run("train", "--data", digits_npz, "--epochs", 1, "-o", path)
    fails_in_one_line(result, "full disk")
    assert "training on" not in result.err
    assert path.read_bytes() == b"what was here before"
    assert sorted(full_disk.iterdir()) == before


def test_a_disk_that_fills_up_while_learning_loses_nothing(
    run: Callable[..., Result], digits_npz: Path, full_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.cli.train.check_writable", lambda *anything: None)
    path = full_disk / "net.safetensors"
    before = sorted(full_disk.iterdir())
    result = run("train", "--data", digits_npz, "--epochs", 1, "-o", path, "--json")
    assert result.code == 1
    assert result.out == ""
    assert f"pellucid: {path}: cannot be written" in result.err
    assert path.read_bytes() == b"what was here before"
    assert sorted(full_disk.iterdir()) == before


def test_a_full_standard_output(spawn: Callable[..., subprocess.Popen[str]]) -> None:
    with Path("/dev/full").open("w") as full:
        process = spawn("data", stdout=full)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err == "pellucid: No space left on device\n"


def test_a_closed_pipe_is_no_news(spawn: Callable[..., subprocess.Popen[str]]) -> None:
    process = spawn("data")
    present(process.stdout).close()
    process.stdout = None
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, "")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "not enough memory"),
        (KeyboardInterrupt(), "interrupted"),
        (OSError(28, "No space left on device", "some file"), "some file: No space left on device"),
        (pl.InputError("two\nlines"), "two lines"),
        (BrokenPipeError(32, "Broken pipe"), None),
    ],
)
def test_whatever_goes_wrong_is_one_line(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, error: Any, told: str | None
) -> None:
    def fail(path: str) -> None:
        raise error

    monkeypatch.setattr("pellucid.cli.summary.read_model", fail)
    result = run("summary", "any")
    assert result.code == 1
    if told is None:
        assert result.err == ""
    else:
        assert result.err.startswith("pellucid: ")
        assert told in result.err
        assert len(result.err.splitlines()) == 1


def test_an_interrupt_during_the_first_imports_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*anything: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("pellucid.cli.entry.main", interrupt)
    assert main(["data"]) == 1


INTERRUPTED = """
import signal, sys
from pellucid.cli import main
class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == module:
            signal.raise_signal(signal.SIGINT)
module = sys.argv.pop(1)
sys.meta_path.insert(0, Interrupt())
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for this")
@pytest.mark.parametrize("module", ["pellucid.cli.entry", "click", "numpy", "pellucid.cli.data"])
def test_an_interrupt_during_the_start_ends_the_program_at_once(module: str) -> None:
    words = [sys.executable, "-c", INTERRUPTED, module, "data"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == -signal.SIGINT
    assert found.stderr == ""


def test_commands_import_at_the_top_of_their_files() -> None:
    """Twelve imports within functions in all of the room: extras, and what may be broken."""
    modules = {command: place.partition(":")[0] for command, (place, *_) in COMMANDS.items()}
    assert [name for name, each in modules.items() if not (SOURCE / f"{each}.py").is_file()] == []
    within = [
        node
        for file in SOURCE.glob("*.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert len(within) <= 12


def test_main_reads_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pellucid", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("pellucid ")


@pytest.mark.parametrize(
    ("wanted", "weights", "before", "after"),
    [
        (None, 13_000, {}, "1"),
        (None, 10**7, {}, None),
        (None, 13_000, {"OMP_NUM_THREADS": "3"}, "3"),
        (4, 13_000, {"OMP_NUM_THREADS": "3"}, "4"),
        (None, 10**7, {"PELLUCID_THREADS": "2"}, "2"),
        (None, 13_000, {"PELLUCID_THREADS": "many"}, "1"),
    ],
)
def test_threads_are_chosen_before_numpy(
    wanted: int | None, weights: int, before: dict[str, Any], after: str | None
) -> None:
    environment = dict(before)
    threads.use_threads(wanted, weights, environment)
    assert environment.get("OMP_NUM_THREADS") == after


def test_threads_reach_numpys_linear_algebra(tmp_path: Path) -> None:
    code = """
import ctypes, pathlib, sys
from pellucid.cli import main
assert "numpy" not in sys.modules
assert main(["train", "--data", "xor", "--epochs", "1", "--threads", "2", "--json"]) == 0
import numpy
[library] = pathlib.Path(numpy.__file__).parents[1].glob("numpy.libs/*openblas*")
print(ctypes.CDLL(str(library)).scipy_openblas_get_num_threads64_())
"""
    environment = {"PYTHONPATH": str(Path(pl.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(min(2, os.cpu_count() or 1))
