"""`pellucid demo`: the first minute."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import demo, output
from tests.cli.conftest import Result
from tests.narrowing import present


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick recipe, cut to two epochs, by a program that PATH does not hold."""
    monkeypatch.setattr("sys.argv", [".venv/bin/pellucid"])
    monkeypatch.setattr(pl.recipes, "QUICK", pl.recipes.QUICK._replace(epochs=2))


@pytest.mark.parametrize(("lang", "told"), [("en", "test accuracy: "), ("ko", "테스트 정확도: ")])
def test_demo_shows_and_writes(
    run: Callable[..., Result], short: None, tmp_path: Path, lang: str, told: str
) -> None:
    result = run("demo", "--quick", "-o", "shown", "--lang", lang)
    assert result.code == 0, result.err
    [line] = [line for line in result.out.splitlines() if line.startswith(told)]
    percent = float(line.removeprefix(told).split()[0])
    assert 50 < percent < 100
    assert line.split()[3] == "%"
    assert max(pl.language.cell_width(line) for line in result.out.splitlines()) <= 80
    assert ("but it is" if lang == "en" else "틀림") in result.out
    net = pl.load(tmp_path / "shown" / "digits.safetensors")
    found = pl.evaluate(net, *vars(pl.mnist().test).values())
    assert round(100 * present(found.accuracy), 1) == percent
    for name in ("weights", "misclassified", "confusion", "learning"):
        with Image.open(tmp_path / "shown" / f"{name}.png") as picture:
            assert picture.width > 300
    assert result.out.count("  .venv/bin/pellucid ") == 6
    assert ".venv/bin/pellucid open shown/digits.safetensors" in result.out
    assert "epoch 2/2" in result.err or "에포크 2/2" in result.err


def test_commands_are_suggested_as_they_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = tmp_path / ".venv" / "bin" / "pellucid"
    started.parent.mkdir(parents=True)
    started.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(started)])
    assert output.program() == ".venv/bin/pellucid"  # the working folder is above it
    monkeypatch.setenv("PATH", str(started.parent))
    assert output.program() == "pellucid"
    monkeypatch.setattr("sys.argv", [str(tmp_path / "__main__.py")])
    assert output.program() == f"{sys.executable} -m pellucid"


def test_demo_folder_that_cannot_be_made(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("demo", "-o", "file/demo")
    assert result.code == 1
    assert result.err.startswith("pellucid: file/demo: cannot be made")


def test_demo_interrupted_in_its_first_epoch_writes_what_there_is(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = demo._trained

    def stopped(quick: bool) -> tuple[Any, ...]:
        net, history, *rest = real(quick)
        history.records.clear()
        history.stopped = "interrupted"
        return net, history, *rest

    monkeypatch.setattr(pl.recipes, "QUICK", pl.recipes.QUICK._replace(epochs=1))
    monkeypatch.setattr(demo, "_trained", stopped)
    result = run("demo", "--quick")
    assert result.code == 0
    assert "interrupted: training ended after 0 whole epochs" in result.out
    assert not (tmp_path / "demo" / "learning.png").exists()
