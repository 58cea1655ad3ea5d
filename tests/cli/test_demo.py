"""`pellucid demo`: the first minute."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import demo, output
from tests.cli.conftest import Result
from tests.narrowing import present

ROOT = Path(__file__).parents[2]


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
    assert result.out.count("\n  .venv/bin/pellucid ") == 6
    assert ".venv/bin/pellucid open shown/digits.safetensors" in result.out
    assert "epoch 2/2" in result.err or "에포크 2/2" in result.err


def printed_commands(out: str) -> list[str]:
    """Return the commands that a demo suggests: lines with a line about them below."""
    [_, *lines] = re.split(r"What to try next:|다음에 해 볼 것:", out)[1].splitlines()
    commands = [line.strip() for line in lines if re.match(r"  \S", line)]
    assert len(commands) == 6
    return commands


def works(command: str, folder: Path, **environment: str) -> None:
    """Run a command as it was printed; one that serves is stopped by Ctrl-C."""
    # No browser opens here: `true` takes the address and shows nothing
    settings = {**os.environ, "BROWSER": "true", **environment}
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command}"], cwd=folder, env=settings, stdout=PIPE, stderr=PIPE
    )
    if " open " in command:
        assert process.stdout is not None
        assert b"http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 0, (command, out, err)


def test_every_suggested_command_works_as_printed(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("pellucid")
    done = subprocess.run(
        [program, "demo", "--quick", "-o", "my demo"],
        cwd=tmp_path,
        env={**os.environ, "PELLUCID_LANG": "en"},
        capture_output=True,
        text=True,
        check=True,
    )
    for command in printed_commands(done.stdout):
        works(command, tmp_path)


@pytest.mark.integration
@pytest.mark.parametrize("lang", ["ko_KR.UTF-8", "en_US.UTF-8"])
def test_make_demo_in_both_languages(tmp_path: Path, lang: str) -> None:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    settings |= {"LANG": lang, "PELLUCID_LANG": ""}
    make = ["make", "-o", ".venv/base", "demo", f"OUT={tmp_path}"]
    done = subprocess.run(make, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    assert ("다음에" in done.stdout) is lang.startswith("ko")
    for command in printed_commands(done.stdout):
        works(command, ROOT, LANG=lang)


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
