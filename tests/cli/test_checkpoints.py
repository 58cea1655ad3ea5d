"""`pellucid train --checkpoint`: stopped anyhow, the same command goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result

# A second or so of training, in which a kill may come
LONG = ("train", "--data", "moons", "--hidden", "16", "--epochs", 300, "--batch-size", 8)
KEPT = ("--checkpoint", "run", "--every", "0.01 s")
SHORT = ("train", "--data", "moons", "--epochs", 3)

Spawn = Callable[..., subprocess.Popen[str]]


def stopped_after(process: subprocess.Popen[str], seconds: float, by: signal.Signals) -> int:
    """End a training by a signal once it has written a checkpoint, and return its exit status."""
    while process.poll() is None and not list(Path("run").glob("step-*")):
        time.sleep(0.005)
    time.sleep(seconds)
    process.send_signal(by)
    process.communicate()
    return process.returncode


def whole(run: Callable[..., Result]) -> bytes:
    """Return the file of a training that was never stopped."""
    assert run(*LONG, "-o", "whole.safetensors").code == 0
    return Path("whole.safetensors").read_bytes()


def resumed(run: Callable[..., Result]) -> bytes:
    """Go on to the end, and return the file."""
    assert run(*LONG, *KEPT, "-o", "resumed.safetensors").code == 0
    return Path("resumed.safetensors").read_bytes()


def test_sigterm_writes_a_checkpoint_and_keeps_the_network(
    run: Callable[..., Result], spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)  # coverage has a handler of its own for SIGTERM
    process = spawn(*LONG, *KEPT, "--every", "1 hour", "--lang", "en")
    assert process.stderr is not None
    while "epoch 1/" not in process.stderr.readline():  # under way
        pass
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 0
    assert "interrupted: training ended after" in err
    assert Path("model.safetensors").exists()
    assert len(list(Path("run").glob("step-*"))) == 1
    again = run(*LONG, *KEPT, "--lang", "en")
    assert "resumed after epoch" in again.err
    assert resumed(run) == whole(run)


@pytest.mark.integration
def test_ten_kills(run: Callable[..., Result], spawn: Spawn) -> None:
    kills_at_random(run, spawn, 10)


@pytest.mark.soak
def test_two_hundred_kills(run: Callable[..., Result], spawn: Spawn) -> None:
    kills_at_random(run, spawn, 200)


# Kills itself at a call of fsync: within a save, before or after the file has its name.
DYING = """
import os, signal, sys
left, real = int(sys.argv.pop(1)), os.fsync
def fsync(handle):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)
os.fsync = fsync
from pellucid.cli import main
sys.exit(main(sys.argv[1:]))
"""


def kills_at_random(run: Callable[..., Result], spawn: Spawn, count: int) -> None:
    draw, expected = random.Random(0), whole(run)
    for number in range(count):
        killed = False
        while not killed:  # one that ends before its kill is none
            if number % 3 == 0:
                words = ["-c", DYING, draw.randint(1, 40), *LONG, *KEPT]
                killed = subprocess.run([sys.executable, *map(str, words)]).returncode < 0
            else:
                process = spawn(*LONG, *KEPT)
                killed = stopped_after(process, draw.uniform(0, 0.5), signal.SIGKILL) < 0
        assert resumed(run) == expected, f"another network after kill {number}"
        for path in Path("run").iterdir():
            path.unlink()


def test_a_finished_run_says_so_and_writes_the_model(run: Callable[..., Result]) -> None:
    first = run(*SHORT, "--checkpoint", "run", "-o", "a.safetensors", "--lang", "en")
    assert first.code == 0
    again = run(*SHORT, "--checkpoint", "run", "-o", "b.safetensors", "--lang", "en")
    assert again.code == 0
    assert "run: this run is finished" in again.err
    assert Path("a.safetensors").read_bytes() == Path("b.safetensors").read_bytes()
    korean = run(*SHORT, "--checkpoint", "run", "--lang", "ko")
    assert "run: 이 학습은 끝났습니다" in korean.err


def test_fresh_and_force(run: Callable[..., Result]) -> None:
    assert run(*SHORT, "--checkpoint", "run", "--resume", "--lang", "en").code == 1
    run(*SHORT, "--checkpoint", "run")
    other = run(*SHORT, "--checkpoint", "run", "--seed", 1, "--lang", "en")
    assert other.code == 1
    assert "the run there is another one: " in other.err and "seed: 0 then, 1 now" in other.err
    fresh = run(*SHORT, "--checkpoint", "run", "--seed", 1, "--fresh", "--lang", "en")
    assert fresh.code == 0
    assert "the checkpoints of an earlier run are now in run/before-1" in fresh.err
    forced = run(*SHORT, "--checkpoint", "run", "--seed", 2, "--force-resume", "--lang", "en")
    assert forced.code == 0
    assert "warning: resumed in spite of differences" in forced.err


def test_a_damaged_checkpoint_is_reported(run: Callable[..., Result]) -> None:
    run(*SHORT, "--checkpoint", "run", "--every", "1 epoch")
    newest = max(Path("run").glob("step-*"))
    newest.write_bytes(b"")
    again = run(*SHORT, "--checkpoint", "run", "--lang", "en")
    assert again.code == 0
    assert "warning: a damaged checkpoint was moved to run/step-" in again.err


@pytest.mark.parametrize(
    "words",
    [
        ("--resume",),
        ("--fresh",),
        ("--force-resume",),
        ("--every", "1 s"),
        ("--checkpoint", "run", "--resume", "--fresh"),
    ],
)
def test_options_that_do_not_fit(run: Callable[..., Result], words: tuple[str, ...]) -> None:
    assert run(*SHORT, *words).code == 2
    assert not Path("run").exists()


def test_an_interval_that_is_none(run: Callable[..., Result]) -> None:
    found = run(*SHORT, "--checkpoint", "run", "--every", "often", "--lang", "en")
    assert found.code == 1
    assert 'every must be an interval such as "60 s"' in found.err
