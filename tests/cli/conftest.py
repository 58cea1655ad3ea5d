"""What the command tests share.

Running a command in this process, a small model, and data of every kind.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import main


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No language, colours or threads from outside, and a folder of one's own to write to."""
    for name in (
        "PELLUCID_LANG",
        "LC_ALL",
        "LC_MESSAGES",
        "LANG",
        "LANGUAGE",
        "NO_COLOR",
        "COLORTERM",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("PELLUCID_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    def run(*words: object) -> Result:
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Result(code, out, err)

    return run


@pytest.fixture(scope="session")
def spawn() -> Callable[..., subprocess.Popen[str]]:
    """Start the command as a process of its own, for what only a process can show."""
    source = str(Path(pl.__file__).parents[1])

    def spawn(*words: object, **settings: Any) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": source, **settings.pop("env", {})}
        command = [sys.executable, "-m", "pellucid", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **settings}
        return subprocess.Popen(command, env=environment, **pipes)

    return spawn


@pytest.fixture
def own_sigterm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave SIGTERM to the command: coverage has a handler of its own in what it traces."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A digit network that reads most digits, as `pellucid train` would write it."""
    part = pl.mnist().train
    net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True)
    net = pl.Network(net.layers, classes=list("0123456789"), inputs=pl.Images((28, 28)))
    pl.train(
        net,
        part.images[:12000],
        part.labels[:12000],
        epochs=6,
        batch_size=64,
        optimizer=pl.AdamW(0.02),
    )
    path = tmp_path_factory.mktemp("model") / "digits.safetensors"
    net.save(path)
    return path


@pytest.fixture(scope="session")
def table_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of four numbers with three named classes and softmax."""
    net = pl.mlp([4, 3], output="softmax")
    path = tmp_path_factory.mktemp("model") / "table.safetensors"
    pl.Network(net.layers, classes=["low", "middle", "high"]).save(path)
    return path


@pytest.fixture
def digits_npz(tmp_path: Path) -> Path:
    digits = pl.mnist()
    path = tmp_path / "few.npz"
    few: dict[str, Any] = {"x": digits.train.images[:300], "t": digits.train.labels[:300]}
    np.savez(path, **few, x_test=digits.test.images[:100], t_test=digits.test.labels[:100])
    return path


@pytest.fixture
def table_npz(tmp_path: Path) -> Path:
    x, t = pl.moons(200)
    path = tmp_path / "table.npz"
    np.savez(path, x=x, t=t)
    return path


@pytest.fixture
def values_npz(tmp_path: Path, generator: np.random.Generator) -> Path:
    x = generator.random((100, 3), np.float32)
    path = tmp_path / "values.npz"
    np.savez(path, x=x, t=x.sum(axis=1), x_test=x, t_test=x.sum(axis=1))
    return path


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A folder with two classes of pictures, named so that their order is not the model's."""
    folder = tmp_path / "letters"
    digits = pl.mnist().test
    for name in ("7", "2"):
        (folder / name).mkdir(parents=True)
        for row in np.flatnonzero(digits.labels == int(name))[:4]:
            save_picture(folder / name / f"{row}.png", digits.images[row])
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """The first test digit, a 7, dark on white paper, enlarged."""
    return save_picture(tmp_path / "seven.png", pl.mnist().test.images[0])


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    path = tmp_path / "blank.png"
    Image.new("L", (60, 60), 200).save(path)
    return path


def fits(text: str, columns: int) -> bool:
    """Tell whether every line of a text fits into that many columns, but for a path alone, which
    cannot be broken.
    """
    lines = [line for line in text.splitlines() if not (line.startswith("/") and " " not in line)]
    return max(map(pl.language.cell_width, lines)) <= columns


def save_picture(path: Path, image: Any) -> Path:
    Image.fromarray(255 - np.kron(image, np.ones((4, 4), np.uint8))).save(path)
    return path
