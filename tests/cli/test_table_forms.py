"""Tables as people have them, by command: dates, written numbers, mistakes."""

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pellucid.data.tables import files
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


def test_standard_input_by_every_command(
    run: Callable[..., Result], sales: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(content: bytes, *words: str) -> str:
        # A process reads its standard input once and keeps it.
        files._standard_input.cache_clear()
        files._temporary_file.cache_clear()
        stream = io.TextIOWrapper(io.BytesIO(content))
        monkeypatch.setattr(sys, "stdin", stream)
        found = run(*words)
        return found.out + found.err

    content = gzip.compress(Path(sales).read_bytes())
    train = ("train", "--data", "-", "--target", "price", "--epochs", "1")
    assert "300 rows" in given(content, *train)
    assert "-:300  " in given(content, "predict", "model.safetensors", "-")
    assert "on 300 rows" in given(content, "evaluate", "model.safetensors", "-")
    assert "standard input is empty" in given(b"", "data", "-")
    files._standard_input.cache_clear()
    files._temporary_file.cache_clear()


def test_standard_input_of_a_process(spawn: Callable[..., Any], sales: str) -> None:
    process = spawn("data", "-", stdin=subprocess.PIPE, text=False)
    out, err = process.communicate(gzip.compress(Path(sales).read_bytes()))
    assert (process.returncode, err) == (0, b"")
    assert b"300 rows" in out
