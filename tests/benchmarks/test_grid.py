"""The grid of `make bench`: every cell, what is measured of it, and what its page states.

No time decides a test.
"""

import json
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import around
import grid
import grid_page
import heatmap
import numpy as np
import pytest
from contest import worker
from contest.cells import BATCHES, IMPORTANT, QUICK, ROWS, WIDTHS, Cell, cells
from contest.contenders import CONTENDERS, installed
from contest.tasks import inputs, noise

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "WARM", 0.0)
    monkeypatch.setattr(grid, "TURN", 0.0)


def test_the_grid_is_complete_and_named() -> None:
    every = list(cells())
    names = [cell.name for cell in every]
    assert len(set(names)) == len(names)
    plain = {cell.name for cell in every if grid_page._in_grid(cell)}
    assert len(plain) == len(WIDTHS) * (len(BATCHES) + len(ROWS))
    assert set(IMPORTANT) | set(QUICK) <= plain


def test_an_epoch_has_whole_batches_and_about_the_same_work() -> None:
    for cell in cells():
        if cell.kind == "train" and not cell.rows:
            assert cell.trained % cell.size == 0
            assert cell.trained <= 8192 and (cell.flops < 3e10 or cell.trained == cell.size)


def test_work_and_weights_by_hand() -> None:
    cell = Cell("train", 2, 1, rows=5)
    assert cell.weights == 4 * (2 * 2 + 2 * 2 + 2 * 10)
    # forward and the weights' gradients 28 each, the inputs' gradients 28 - 4
    assert cell.flops == 2 * 5 * (3 * 28 - 4)
    assert cell.traffic == 3 * cell.weights * 5
    assert Cell("predict", 2, 8).flops == 2 * 8 * 28


def test_sparse_noise_is_mostly_zero_and_of_the_type_asked_for() -> None:
    x = inputs("sparse", 200, 30, "float64")[0]
    assert x.dtype == np.float64
    assert 0.7 < (x == 0).mean() < 0.9
    assert len(noise("dense", 1, Cell("train", 4, 1).task).x) == 1


@pytest.mark.parametrize("name", [name for name in installed() if name != "pellucid"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_contender_does_a_cell_as_pellucid_does(name: str, dtype: str) -> None:
    task = Cell("predict", 7, 5, dtype=dtype).task
    x = inputs("dense", 5, 7, dtype)[0]
    expected = task.network().predict(x)
    for way, predict in CONTENDERS[name](task, 1).predictors().items():
        np.testing.assert_allclose(predict(x), expected, atol=2e-6, err_msg=way)
    cell = Cell("train", 7, 4, dtype=dtype, rows=12)
    for epoch in CONTENDERS[name](cell.task, 1).epochs(noise("dense", 12, cell.task)).values():
        assert epoch() > 0


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two cells, measured with two contenders."""
    monkeypatch.setattr(grid, "installed", lambda: ["pellucid", "numpy"])
    limit = {"peak": 1e11, "stream": {str(n): 1e10 for n in range(100_000)}}
    monkeypatch.setattr(grid, "limits", lambda threads, chosen: limit)
    data = tmp_path / "grid.json"
    grid.run([Cell("train", 16, 8, rows=64), Cell("predict", 16, 1)], data, 3)
    return data


def test_a_cell_holds_the_pairs_and_the_first_call(measured: Path) -> None:
    document = json.loads(measured.read_text())
    assert list(document["cells"]) == ["train, 16 wide, batch 8", "predict, 16 wide, 1 rows"]
    train, predict = document["cells"].values()
    assert set(train["seconds"]) == {"pellucid|whole call", "numpy"} == set(train["first"])
    assert {"pellucid|predictor(x)", "pellucid|net.predict(x)"} < set(predict["seconds"])
    assert train["best"] == "numpy" and train["ratio"] > 0 and train["pairs"] >= 1
    assert (train["threads"], train["rows"]) == (1, 64)


def test_the_pages_state_what_was_measured(measured: Path, tmp_path: Path) -> None:
    grid_page.write_pages(tmp_path, measured)
    ratio = json.loads(measured.read_text())["cells"]["predict, 16 wide, 1 rows"]["ratio"]
    for language, title in (("en", "predict, 16 wide, 1 row"), ("ko", "예측, 너비 16, 1행")):
        for page in ("benchmarks", "benchmark-grid"):
            text = (tmp_path / language / "measured" / f"{page}.md").read_text()
            assert f"| {title} |" in text
            assert f"{ratio:.2f}" in text


def test_what_falls_short_is_named_the_worst_first() -> None:
    names = ["train, 64 wide, batch 32", "predict, 16 wide, 1 rows", "predict, 16 wide, 8 rows"]
    ratios = dict(zip(names, (0.9, 0.5, 1.2), strict=True))
    document = {"cells": {n: {"ratio": r, "best": "torch|way"} for n, r in ratios.items()}}
    expected = "predict, 16 wide, 1 row (0.50, PyTorch); train, 64 wide, batch 32 (0.90, PyTorch)"
    assert grid_page.behind(document, "en") == expected


def test_a_cell_in_which_pellucid_fails_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(grid, "installed", lambda: ["pellucid"])
    monkeypatch.setattr(grid, "limits", lambda threads, chosen: {"peak": 1e11, "stream": {}})
    wrong = Cell("predict", 16, 1, dtype="int8")
    document = grid.run([wrong], tmp_path / "grid.json", 1)
    assert not document["cells"] and "pellucid failed" in capsys.readouterr().err


def test_no_cell_is_begun_after_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(grid, "installed", lambda: ["pellucid"])
    document = grid.run([Cell("predict", 16, 1)], tmp_path / "grid.json", 1, time.monotonic() - 1)
    assert not document["cells"]


def test_the_important_come_first_and_what_is_compiled_last() -> None:
    order = sorted(cells(), key=grid._turn)
    assert {cell.name for cell in order[: len(IMPORTANT)]} == set(IMPORTANT)
    assert all(cell.compiles for cell in order[-6:])


def test_the_heat_map_has_a_square_for_each_cell_that_was_measured() -> None:
    name = "train, 64 wide, batch 32"
    for theme in ("light", "dark"):
        for language, words in heatmap.WORDS.items():
            found: dict[str, dict[str, Any]] = {name: {"ratio": 0.84}, "other": {"ratio": 9}}
            text = heatmap.draw(found, {name: heatmap.Share(0.61, True)}, language, theme)
            drawn = ElementTree.fromstring(text)
            assert len(list(drawn.iter(f"{SVG}rect"))) == 1
            shown = [each.text for each in drawn.iter(f"{SVG}text")]
            assert "0.84" in shown and "61%" in shown and words["train"] in shown
            assert shown.count("–") == len(WIDTHS) * (len(BATCHES) + len(ROWS)) - 1


def test_the_share_is_that_of_what_binds() -> None:
    cell = Cell("predict", 16, 1)
    result = {"threads": 1, "ours": "pellucid", "seconds": {"pellucid": 1e-6}}
    limits = {
        "1": {"peak": 4 * cell.flops * 1e6, "stream": {str(cell.weights): 2e6 * cell.weights}}
    }
    document = {"cells": {cell.name: result}, "limits": limits}
    found = grid_page.share(document, cell)
    assert found is not None
    assert found.part == pytest.approx(0.5)
    assert found.memory


def test_a_way_that_cannot_be_compiled_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> float:
        raise RuntimeError("no compiler")

    kind = CONTENDERS["numpy"]
    ways = {"compiled": fails, "compiled well": lambda: 0.25}
    monkeypatch.setattr(kind, "compiled_epochs", lambda self, rows: dict(ways))
    task = {"widths": [4, 4, 10], "batch_size": 8}
    found = worker.Worker(kind, 1).epoch(task, 16, kind="dense", compiled=True)
    assert found["ways"] == ["", "compiled well"]
    assert found["first"]["compiled well"] == 0.25


def test_what_surrounds_the_arithmetic_is_measured_and_stated() -> None:
    small = around.around_epochs(np.zeros((4, 3), np.float32), [3, 2], 1, 2)
    assert small["outside"] > 0 and small["epoch"] > 0
    known = {
        "small": {"outside": 123e-6, "epoch": 1e-4},
        "large": {"outside": 0.02, "epoch": 0.05},
        "fits": {"iris": 3.14, "wine": 2.96, "digits": 3.0},
    }
    found = grid_page.surrounding({"cells": {}, "limits": {}, "around": known}, "en")
    assert (found["outside"], found["large"]) == ("123.00 us", "40%")
    assert (found["iris"], found["wine"], found["epoch_1024"]) == ("3.1", "3.0", "*not measured*")


def test_the_mean_without_jax_is_that_of_the_best_other() -> None:
    names = ["train, 64 wide, batch 32", "train, 16 wide, batch 32"]
    seconds = {"pellucid|whole call": 1.0, "jax": 1.5, "torch|a": 8.0, "torch|b": 4.0}
    result = {"ratio": 1.5, "seconds": seconds, "first": {"jax": 2.0}}
    figures = grid_page.found({"cells": dict.fromkeys(names, result)}, "en")
    assert (figures["all_train"], figures["uncompiled_train"]) == ("1.50", "4.00")
    assert figures["compiling"] == "2.00 s"
