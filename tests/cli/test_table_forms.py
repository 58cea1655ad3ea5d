"""Tables as people have them, by command: dates, written numbers, mistakes."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result


@pytest.fixture
def sales(tmp_path: Path) -> str:
    rows = [
        f"{1 + i % 28:02}.{1 + i // 28:02}.2023;{i},5;{3 * i} €;{20230101 + i % 28}"
        for i in range(300)
    ]
    rows[7] = "soon;1,5;3 €;20230103"
    path = tmp_path / "sales.csv"
    path.write_text("day;size;price;code\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def test_train_says_what_columns_are(run: Callable[..., Result], sales: str) -> None:
    result = run("train", "--data", sales, "--target", "price", "--epochs", 1, "--date", "code")
    assert result.code == 0, result.err
    told = " ".join((result.out + result.err).split())
    assert "dates: day, code" in told
    assert "numbers: size" in told
    assert "note: day (1 cells are no numbers or dates" in told
    assert "Warning" not in result.err
    Path("new.csv").write_text('day,size,code\n2031-01-01,"4,5",20230102\n')
    [entry] = json.loads(run("predict", "model.safetensors", "new.csv", "--json").out)
    assert entry["report"]["outside"]["day"]["greatest"] == "2031-01-01"


def test_dates_are_explained_as_dates(run: Callable[..., Result], sales: str) -> None:
    assert run("train", "--data", sales, "--target", "price", "--epochs", 1).code == 0
    told = run("explain", "model.safetensors", sales, "--row", 3)
    assert "day = 2023-01-03" in told.out
    words = ("--importance", "--dependence", "day", "--json")
    found = json.loads(run("evaluate", "model.safetensors", sales, *words).out)
    assert "day" in json.dumps(found["importance"])
    assert "2023-02" in json.dumps(found["dependence"]["day"])


def test_data_describes_dates(run: Callable[..., Result], sales: str) -> None:
    [day, size, price, _] = json.loads(run("data", sales, "--json").out)["columns"]
    assert (day["kind"], day["range"]) == ("date", ["2023-01-01", "2023-11-20"])
    assert day["unreadable"] == {"rows": 1, "first": 8}
    assert (size["kind"], size["range"]) == ("number", [0.5, 299.5])
    assert price["range"] == [0, 897]
    text = " ".join(run("data", sales).out.split())
    assert "2023-01-01 to 2023-11-20" in text
    assert "cells that are not dates: 1, the first in row 8" in text


def test_standard_input_by_every_command(sales: str, tmp_path: Path) -> None:
    content = gzip.compress(Path(sales).read_bytes())

    def run(*words: str, given: bytes = content) -> str:
        command = [sys.executable, "-m", "pellucid", *words]
        found = subprocess.run(command, input=given, capture_output=True, cwd=tmp_path, check=False)
        assert b"Traceback" not in found.stderr
        return (found.stdout + found.stderr).decode()

    assert "300 rows" in run("train", "--data", "-", "--target", "price", "--epochs", "1")
    assert "-:300  " in run("predict", "model.safetensors", "-")
    assert "on 300 rows" in run("evaluate", "model.safetensors", "-")
    assert "standard input is empty" in run("data", "-", given=b"")
