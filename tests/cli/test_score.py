"""`pellucid score`: what it says of rows, cells and interruptions, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.distributed import Report
from tests.cli.conftest import Result

SCORE = ("score", "model.safetensors", "new.csv", "-o", "scored", "--workers", "1")


@pytest.fixture
def rows() -> None:
    generator = np.random.default_rng(0)
    flats = {"area": generator.uniform(20, 90, 300), "city": np.tile(["Seoul", "Busan"], 150)}
    flats["rent"] = 12 * flats["area"]
    columns = pl.Columns.of(flats, target="rent")
    pl.table_mlp(columns, hidden=[4], seed=0).save("model.safetensors")
    lines = ["id,area,city", "1,50,Seoul", "2,wide,Seoul", "3,50,Daegu", "4,900,Daegu"]
    Path("new.csv").write_text("\n".join(lines))


@pytest.mark.usefixtures("rows")
def test_rows_and_unusual_cells_are_counted(run: Callable[..., Result]) -> None:
    result = run(*SCORE)
    assert result.code == 0
    assert result.out.startswith("3 rows scored into scored (")
    said = " ".join(result.err.split())
    assert "cells of categories unseen in training: 2 (city 2)" in said
    assert "cells far outside the range of training: 1 (area 1)" in said
    assert "1 rows cannot be used: they are in scored/rejected-*.parquet" in said
    report = run(*SCORE, "--json").json
    assert report["cells"] == {"unseen": {"city": 2}, "outside": {"area": 1}}
    assert (report["skipped"], report["rows"], report["rejected"]) == (1, 3, 1)
    korean = run("--lang", "ko", *SCORE)
    assert "학습 때 없던 범주의 칸 2개(city 2)" in korean.err


@pytest.mark.usefixtures("rows")
def test_other_results_are_replaced_by_force_alone(run: Callable[..., Result]) -> None:
    assert run(*SCORE).code == 0
    again = run(*SCORE, "--columns", "id")
    assert again.code == 1 and "kept columns: all then, id now" in again.err
    assert run(*SCORE, "--columns", "id", "--force").code == 0


@pytest.mark.usefixtures("rows")
def test_a_file_for_the_results_is_refused(run: Callable[..., Result]) -> None:
    result = run("score", "model.safetensors", "new.csv", "-o", "out.csv")
    assert result.code == 2 and "results are a folder of Parquet files" in result.err
    assert not Path("out.csv").exists()


@pytest.mark.usefixtures("rows")
def test_predict_points_to_score_where_a_cell_is_bad(run: Callable[..., Result]) -> None:
    result = run("predict", "model.safetensors", "new.csv")
    assert result.code == 1
    said = " ".join(result.err.split())
    assert "'wide' is not a number: fix the cell or leave it empty (1 such cells)" in said
    assert "`pellucid score model.safetensors new.csv -o FOLDER` predicts the other rows" in said
    Path("none.csv").write_text("id\n1\n")
    assert "pellucid score" not in run("predict", "model.safetensors", "none.csv").err


@pytest.mark.usefixtures("rows")
def test_an_interrupted_scoring_says_how_it_goes_on(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, progress: Callable[[Report], None], **rest: object) -> Report:
        progress(Report(9, done=4))
        raise KeyboardInterrupt

    monkeypatch.setattr("pellucid.cli.score.score", interrupted)
    result = run(*SCORE)
    assert result.code == 1
    assert "4 of 9 blocks are finished: the same command again does the others" in " ".join(
        result.err.split()
    )
    assert "pellucid: interrupted" in result.err


@pytest.mark.usefixtures("rows")
def test_an_array_for_a_network_of_a_table_is_refused(run: Callable[..., Result]) -> None:
    np.save("x.npy", np.zeros((3, 2), np.float32))
    result = run("score", "model.safetensors", "x.npy", "-o", "scored")
    said = " ".join(result.err.split())
    assert result.code == 1
    assert "x.npy: has no column names, and the network takes tables with the columns area" in said
    assert not Path("scored").exists()
