"""`pellucid tune`: what it writes and says; a stopped search goes on to the same network."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from tests.cli.conftest import Result

SMALL = ("--data", "shop.csv", "--target", "bought", "--together", "2", "--folds", "2")


def write_table(path: str, rows: int) -> None:
    generator = np.random.default_rng(0)
    a = generator.normal(size=rows)
    city = generator.choice(["Seoul", "Busan"], rows)
    bought = np.where(a + (city == "Seoul") + 0.3 * generator.normal(size=rows) > 0.5, "yes", "no")
    with Path(path).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "a", "city", "bought"])
        writer.writerows(zip(range(rows), a, city, bought, strict=True))


@pytest.fixture
def table(plain_surroundings: None) -> None:
    write_table("shop.csv", 60)


@pytest.mark.usefixtures("table")
def test_the_best_network_is_written_and_the_trials_are_listed(run: Callable[..., Result]) -> None:
    words = ("--trials", "2", "--ignore", "id", "--workers", "1", "--plot", "trials.png")
    result = run("tune", *SMALL, *words, "-o", "found.safetensors")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].split()[:3] == ["trial", "hidden", "dropout"]
    assert any(line.startswith("preset ") for line in lines)
    assert "on 12 rows that no trial saw: accuracy" in result.out
    assert "written: found.safetensors; trials: found.search" in result.out
    assert max(map(len, lines)) <= 80
    assert "numbers: a" in result.err
    assert "searching with 48 rows of shop.csv, in 2 folds; 12 other rows" in result.err.replace(
        "\n", " "
    )
    assert Path("trials.png").read_bytes()[:4] == b"\x89PNG"
    assert pl.load("found.safetensors").record["search"]["trials"] == 2
    # The same command again: nothing is left to search, and the network is the same
    before = Path("found.safetensors").read_bytes()
    again = run("tune", *SMALL, *words[:-2], "-o", "found.safetensors", "--json")
    assert Path("found.safetensors").read_bytes() == before
    assert (again.json["stopped"], len(again.json["trials"])) == ("finished", 2)
    joined = run(
        "tune", *SMALL, *words[:-2], "--members", "2", "--folder", "found.search", "--json"
    )
    assert (joined.json["members"], joined.json["best"]) == (2, again.json["best"])
    assert len(pl.load("best.safetensors").members) == 2
    count = finished("found.search")
    assert f"found.search: going on after {count} trainings" in again.err
    assert "goes on" not in again.err and "going on" not in result.err
    # Nothing can be trained in this time, so the same command would never get any further
    more = ("--trials", "4", "--time", "0.001s", *words[2:-2], "-o", "found.safetensors")
    short = " ".join(run("tune", *SMALL, *more).err.split())
    assert "the best of 2 trials; --trials 2 finds this network again" in short
    assert "too short for another training: a longer --time goes on" in short
    assert "the same command" not in short
    # The table is known as the training data, test rows and all
    assert "this is the training data" in run("evaluate", "found.safetensors", "shop.csv").err


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--time", "soon"), "expected a time such as 90s, 10m or 2h, got soon"),
        (("--time", "-5m"), "expected a time such as 90s, 10m or 2h, got -5m"),
        (("--trials", "0"), "expected a whole number of 1 or more, got 0"),
        (("--test", "1"), "expected a number above 0 and below 1, got 1"),
        (("--ray", "local", "--workers", "2"), "--ray or --workers"),
        (("-o", "shop.csv"), "shop.csv: is read here, and would be replaced"),
        (("--plot", "trials.txt"), "a plot's file ends in .png, .svg or .pdf"),
        (("--target", "sold"), "there is no column 'sold'"),
    ],
)
def test_wrong_options_are_refused_before_any_work(
    run: Callable[..., Result], words: tuple[str, ...], message: str
) -> None:
    result = run("tune", *SMALL, *words)
    assert result.code != 0
    assert message in " ".join(result.err.split())
    assert not Path("best.search").exists()


def finished(folder: str = "best.search") -> int:
    return len(list(Path(folder).glob("trial-*.json")))


def wait_until(process: subprocess.Popen[str], found: Callable[[], bool]) -> None:
    while not found():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.usefixtures("own_sigterm")
@pytest.mark.integration
@pytest.mark.usefixtures("plain_surroundings")
def test_a_killed_search_goes_on_to_the_same_network(
    spawn: Callable[..., subprocess.Popen[str]], run: Callable[..., Result]
) -> None:
    """Killed by -9 in the middle, again, then ended by SIGTERM; and once in one process alone."""
    write_table("shop.csv", 200)
    words = ("tune", *SMALL, "--trials", "8", "--ignore", "id")
    for count in (3, 6):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = spawn(*words, "--workers", "2", **quiet)
        wait_until(process, lambda count=count: finished() >= count)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = spawn(*words, "--workers", "2", "--json")
    wait_until(process, lambda: finished() >= 9)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert (process.returncode, json.loads(out)["stopped"]) == (0, "interrupted"), err
    assert len(json.loads(out)["trials"]) < 8
    assert pl.load("best.safetensors").record["search"]["trials"] < 8
    killed = run(*words, "--workers", "2", "--json")
    alone = run(*words, "--workers", "1", "--json", "--folder", "other", "-o", "other.safetensors")
    assert (killed.code, alone.code) == (0, 0), killed.err
    assert Path("best.safetensors").read_bytes() == Path("other.safetensors").read_bytes()

    def timeless(document: Any) -> Any:
        if isinstance(document, dict):
            return {k: timeless(v) for k, v in document.items() if k != "seconds"}
        return [timeless(each) for each in document] if isinstance(document, list) else document

    names = ("best", "test", "preset", "trials")
    first, second = ([timeless(each.json[name]) for name in names] for each in (killed, alone))
    assert first == second
    assert len(killed.json["trials"]) == 8
