"""C with int8 weights: nearly the same outputs, in a quarter of the bytes.

Exact where whole numbers are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.exchange import to_c
from pellucid.exchange.c import program, quantization
from tests.exchange.compiled import about, close, compiled, compiled_together
from tests.exchange.networks import drawn, networks, rows_for
from tests.narrowing import present

SETTINGS = {
    "sigmoid": ([784, 16, 16, 10], "sigmoid", "binary_cross_entropy"),
    "relu": ([784, 128, 64, 10], "softmax", "cross_entropy"),
}


@pytest.mark.parametrize("activation", SETTINGS)
def test_mnist(activation: str, tmp_path: Path) -> None:
    """At most 0.3 points of accuracy are lost on the 10,000 test images.

    Weights take a quarter of the bytes.
    """
    sizes, end, loss = SETTINGS[activation]
    data = pl.mnist()
    net = pl.mlp(sizes, activation=activation, output=end, pixels=True, seed=0)
    recipe = (
        pl.recipes.QUICK if activation == "sigmoid" else pl.recipes.general(net, 60_000, quick=True)
    )
    settings: dict[str, Any] = {"recipe": recipe, "epochs": 4}
    pl.train(
        net, data.train.images, data.train.labels, loss=loss, seed=0, progress=False, **settings
    )
    t = data.test.labels
    before = np.mean(net.classify(data.test.images) == t)
    header, source = to_c(net, tmp_path / "net", int8=True, calibration=data.train.images[:2_000])
    y, classes = compiled(header)(data.test.images)
    from_bytes, _ = compiled(header, entry="_bytes")(data.test.images)
    assert from_bytes.tobytes() == y.tobytes()
    assert before > 0.94
    assert np.mean(classes[:, 0] == t) >= before - 0.003
    weights = sum(p.nbytes for p in net.params if p.ndim == 2)
    stored = re.findall(r"int8_t \w+\[(\d+)\]\[(\d+)\]", source.read_text())
    assert 4 * sum(int(D) * int(H) for D, H in stored) == weights
    assert (
        int(present(re.search(r"Flash: ([\d,]+)", header.read_text()))[1].replace(",", ""))
        < 0.27 * 4 * net.parameter_count
    )


def test_whole_numbers_are_exact(tmp_path: Path, generator: np.random.Generator) -> None:
    """Weights that are whole numbers of 8 bits, and bytes.

    Nothing is rounded but the last product.
    """
    W = generator.integers(-127, 128, (300, 6)).astype(np.float32)
    W[0] = 127  # each output's step is 1
    b = generator.normal(size=6).astype(np.float32)
    net = pl.Network([pl.Flatten(), pl.Scale(1 / 256), pl.Affine(W, b)])
    x = generator.integers(0, 256, (50, 300), dtype=np.uint8)
    header, _ = to_c(net, tmp_path / "whole", int8=True, calibration=x)
    sums = x.astype(np.int64) @ W.astype(np.int64)
    expected = sums.astype(np.float32) * np.float32(1 / 256) + b
    for entry in ("", "_bytes"):
        assert (compiled(header, entry=entry)(x)[0] == expected).all()


def test_random_networks(tmp_path: Path) -> None:
    """Every kind of network takes int8, inner layers included, and the outputs are nearly the
    same.
    """
    nets = drawn(networks(np.float32), 12)
    rows = [rows_for(net, 200) for net in nets]
    headers = [
        to_c(net, tmp_path / f"net_{index}", int8=True, calibration=x)[0]
        for index, (net, x) in enumerate(zip(nets, rows, strict=True))
    ]
    for net, x, predict in zip(nets, rows, compiled_together(headers), strict=True):
        with about(net):
            y, y8 = net.predict(x), predict(x)[0]
            assert np.abs(y8 - y).mean() <= 0.03 * max(1, np.abs(y).max())
            assert (y8 != y).any()  # the weights are rounded, indeed


def test_layers_too_wide_stay_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: np.random.Generator
) -> None:
    """Where a sum of whole numbers could leave 32 bits."""
    assert (
        255 * 127 * quantization.MOST_INPUTS < 2**31 <= 255 * 127 * (quantization.MOST_INPUTS + 1)
    )
    monkeypatch.setattr(program, "MOST_INPUTS", 8)
    net = pl.mlp([9, 8, 2], activation="relu", output="identity", seed=0)
    x = generator.normal(size=(50, 9)).astype(np.float32)
    header, source = to_c(net, tmp_path / "wide", int8=True, calibration=x)
    assert "const float wide_W0[9][8]" in source.read_text()
    assert "const int8_t wide_W2[8][2]" in source.read_text()
    assert "layer 2 are" in header.read_text()
    assert np.abs(compiled(header)(x)[0] - net.predict(x)).max() < 0.05


def test_the_widest_sums_fit(tmp_path: Path) -> None:
    """The greatest sum of 66,311 products does not leave 32 bits (or the sanitizer says so)."""
    D = quantization.MOST_INPUTS
    net = pl.Network([pl.Scale(1 / 256), pl.Affine(np.full((D, 1), 127.0))])
    x = np.full((1, D), 255, np.uint8)
    header, _ = to_c(net, tmp_path / "widest", int8=True, calibration=x)
    y, _ = compiled(header, ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"], "_bytes")(
        x
    )
    close(y, np.array([[D * 127 * 255 / 256]]))


def test_nan_and_what_is_beyond_the_range_take_an_end(
    tmp_path: Path, generator: np.random.Generator
) -> None:
    net = pl.Network([pl.Affine(np.eye(2))])
    x = generator.uniform(-1, 3, (1000, 2)).astype(np.float32)
    header, _ = to_c(net, tmp_path / "ends", int8=True, calibration=x)
    y, _ = compiled(header)(np.array([[np.nan, 0.0], [-np.inf, np.inf], [1e30, -1e30], [1.0, 2.0]]))
    low, high = y[1]
    assert abs(low + 1) < 0.1
    assert abs(high - 3) < 0.1
    assert y[0].tolist() == [low, 0]
    assert y[2].tolist() == [high, low]
    assert np.abs(y[3] - [1, 2]).max() <= 0.01


def test_a_few_numbers_far_out_do_not_make_all_steps_coarse(
    tmp_path: Path, generator: np.random.Generator
) -> None:
    net = pl.Network([pl.Affine(np.eye(50))])
    x = generator.normal(size=(5_000, 50)).astype(np.float32)
    x[0, 0] = 40
    coarse = (40 - x.min()) / 255
    rows = x[1:500]
    y, _ = compiled(to_c(net, tmp_path / "far", int8=True, calibration=x)[0])(rows)
    assert (
        np.abs(y - rows).mean() < 0.8 * coarse / 4
    )  # the mean error of such steps is a quarter of one
    assert np.abs(y - rows).max() < 1  # and the other end, -4.4, was not cut off with the first


def test_columns_and_inputs_of_zeros(tmp_path: Path) -> None:
    net = pl.Network([pl.Affine([[0.0, 1.0], [0.0, 0.5]], [1.0, 2.0])])
    header, _ = to_c(net, tmp_path / "zeros", int8=True, calibration=np.zeros((3, 2), np.float32))
    y, _ = compiled(header)(np.zeros((1, 2)))
    assert y.tolist() == [[1.0, 2.0]]


def test_a_table_calibrates(tmp_path: Path) -> None:
    table = {"a": [1.0, 2.0, 3.0, 4.0], "c": ["x", "y", "x", "y"], "t": [1.5, 2.5, 3.5, 4.0]}
    net = pl.table_mlp(pl.Columns.of(table, target="t"), seed=0)
    header, _ = to_c(net, tmp_path / "table", int8=True, calibration=table)
    x = net.columns.x(table)
    assert np.abs(compiled(header)(x)[0] - net.predict(table)).max() < 0.1


def test_mistakes_of_calibration_are_explained(tmp_path: Path) -> None:
    net, digits = pl.mlp([2, 3, 2], seed=0), pl.mlp([4, 2], pixels=True, seed=0)
    rows = np.ones((5, 2), np.float32)
    for calibration, words in (
        (None, "int8 needs calibration rows"),
        (rows[:0], "at least one row"),
        (rows[:, :1], "expected 2 numbers in each row, got 1"),
        (rows[0], "expected rows of shape"),
        (np.float32(1), "expected rows of shape"),
        (rows * np.nan, "NaN or infinity"),
        (rows * np.inf, "NaN or infinity"),
        ("rows", "expected an array of numbers"),
    ):
        with pytest.raises(pl.InputError, match=words):
            to_c(net, tmp_path / "a", int8=True, calibration=calibration)
    with pytest.raises(pl.InputError, match="values from 0 to 1 for a network that scales"):
        to_c(digits, tmp_path / "a", int8=True, calibration=np.full((2, 4), 0.5))
    assert list(tmp_path.iterdir()) == []
