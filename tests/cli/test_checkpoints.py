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
from typing import Any

import pytest

import pellucid as pl
from pellucid.files.atomic import unwritable
from tests.cli.conftest import Result

# A second or so of training, in which a kill may come
LONG = ("train", "--data", "moons", "--hidden", "16", "--epochs", 300, "--batch-size", 8)
ENDLESS = ("train", "--data", "moons", "--epochs", 1_000_000)
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


@pytest.mark.usefixtures("own_sigterm")
def test_sigterm_writes_a_checkpoint_and_keeps_the_network(
    run: Callable[..., Result], spawn: Spawn
) -> None:
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP and no pty")
def test_a_closed_terminal_keeps_the_network(run: Callable[..., Result], spawn: Spawn) -> None:
    ours, its = os.openpty()
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup make test` ignores it
    process = spawn(*ENDLESS, *KEPT, "-o", "kept.safetensors", stdout=its, stderr=its)
    signal.signal(signal.SIGHUP, before)
    os.close(its)
    while b"\r" not in os.read(ours, 1000):  # under way: the bar is drawn
        pass
    while not list(Path("run").glob("step-*")):
        time.sleep(0.005)
    os.close(ours)
    # The shell sends one, and the system another
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode in (0, 1)  # 1: nothing could be said
    assert pl.load("kept.safetensors").record["stopped"] == "interrupted"
    again = spawn(*ENDLESS, *KEPT, "--lang", "en")
    assert again.stderr is not None
    while "resumed after epoch" not in again.stderr.readline():
        assert again.poll() is None
    again.send_signal(signal.SIGTERM)
    again.communicate()


@pytest.mark.usefixtures("own_sigterm")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no masks of signals")
def test_sigterm_ends_what_a_script_started_in_the_background(spawn: Spawn) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `pellucid train ... &` has it
    process = spawn(*ENDLESS, "-o", "kept.safetensors", "--lang", "en")
    signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    for _ in range(3):
        while "epoch" not in process.stderr.readline():  # under way
            pass
        process.send_signal(signal.SIGINT)  # and it goes on
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert pl.load("kept.safetensors").record["stopped"] == "interrupted"


def test_a_closed_pipe_ends_no_training(run: Callable[..., Result], spawn: Spawn) -> None:
    process = spawn(*LONG, "-o", "piped.safetensors")
    assert process.stderr is not None
    process.stderr.readline()
    process.stderr.close()
    process.stderr = None
    process.communicate()
    assert Path("piped.safetensors").read_bytes() == whole(run)


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


def test_divergence_keeps_the_checkpoint(run: Callable[..., Result]) -> None:
    usual = (
        *SHORT,
        "--checkpoint",
        "run",
        "--every",
        "1 batch",
        "--optimizer",
        "sgd",
        "--lang",
        "en",
    )
    assert run(*usual).code == 0
    longer = (*usual, "--epochs", 6, "--force-resume")
    diverged = run(*longer, "--learning-rate", 1e38)
    assert diverged.code == 1
    assert "training diverged in epoch 4, batch" in diverged.err
    assert "run/step-" in diverged.err
    assert "is from before that" in diverged.err
    went_on = run(*longer, "--learning-rate", 0.01)
    assert went_on.code == 0
    assert "resumed after epoch" in went_on.err


def test_a_network_that_cannot_be_written_is_written_elsewhere(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save, elsewhere = pl.Network.save, tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def full(net: pl.Network, path: Any) -> None:
        if not Path(path).is_relative_to(elsewhere):
            raise unwritable(path, OSError(28, "No space left on device"))
        save(net, path)

    monkeypatch.setattr(pl.Network, "save", full)
    found = run(*SHORT, "-o", "here.safetensors", "--lang", "en")
    assert found.code == 1
    assert "here.safetensors: cannot be written (No space left on device)" in found.err
    saved = next(elsewhere.glob("pellucid-*/here.safetensors"))
    assert f"The trained network is in {saved}" in found.err
    assert len(pl.load(saved).params) == 6
    assert not Path("here.safetensors").exists()

    monkeypatch.setattr(pl.Network, "save", lambda net, path: full(net, "anywhere"))
    nowhere = run(*SHORT, "-o", "here.safetensors", "--lang", "en")
    assert nowhere.code == 1
    assert "The trained network" not in nowhere.err


def test_fresh_and_force(run: Callable[..., Result]) -> None:
    assert run(*SHORT, "--checkpoint", "run", "--resume", "--lang", "en").code == 1
    # As after a kill: the folder has a lock, and no checkpoint
    first = " ".join(run(*SHORT, "--checkpoint", "run", "--lang", "en").err.split())
    assert (
        "ended before its first checkpoint, so this one starts anew (every, --every: 60 s)" in first
    )
    finished = run(*SHORT, "--checkpoint", "run", "--lang", "en")
    assert "this run is finished" in finished.err and "starts anew" not in finished.err
    assert "starts anew" not in run(*SHORT, "--checkpoint", "other", "--lang", "en").err
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
