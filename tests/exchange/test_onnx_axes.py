"""Functions along axes: of a whole row (layers), of groups and of other rows (none).

Written as one operator or written out in several, in every layout that a graph can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import pellucid as pl
from tests.exchange.onnx_tools import difference, graph, kinds, node, read, run

CONSTANTS: dict[str, Any] = {
    "first": np.array([0]),
    "second": np.array([1]),
    "last": np.array([-1]),
    "both": np.array([1, 2]),
    "groups": np.array([-1, 2, 4]),
    "one_group": np.array([-1, 1, 8]),
    "whole": np.array([-1, 8]),
    "small": np.float64(1e-3),
    "lifted": np.array([[[0.5]]]),
    "row_of_three_axes": np.ones((1, 1, 8)),
    "gamma": np.ones(8),
    "grid": np.linspace(0.5, 2, 8).reshape(2, 4),
    "b": np.linspace(-1, 1, 8),
}


def softmax(x: str, axes: str, y: str = "y", keepdims: int = 1) -> list[onnx.NodeProto]:
    """Write softmax along these axes out, as the older exporter of PyTorch does."""
    return [
        node("ReduceMax", f"{x} {axes}", f"{y}_m", keepdims=keepdims),
        node("Sub", f"{x} {y}_m", f"{y}_d"),
        node("Exp", f"{y}_d", f"{y}_e"),
        node("ReduceSum", f"{y}_e {axes}", f"{y}_s", keepdims=keepdims),
        node("Div", f"{y}_e {y}_s", y),
    ]


def layer_norm(x: str, axes: str, y: str = "y") -> list[onnx.NodeProto]:
    return [
        node("ReduceMean", f"{x} {axes}", f"{y}_m"),
        node("Sub", f"{x} {y}_m", f"{y}_d"),
        node("Mul", f"{y}_d {y}_d", f"{y}_q"),
        node("ReduceMean", f"{y}_q {axes}", f"{y}_v"),
        node("Add", f"{y}_v small", f"{y}_w"),
        node("Sqrt", f"{y}_w", f"{y}_r"),
        node("Div", f"{y}_d {y}_r", y),
    ]


def grouped(*inner: onnx.NodeProto, shape: str = "groups") -> list[onnx.NodeProto]:
    return [node("Reshape", f"x {shape}", "g"), *inner, node("Reshape", "h whole")]


def transposed(*inner: onnx.NodeProto) -> list[onnx.NodeProto]:
    return [node("Transpose", "x", "g"), *inner, node("Transpose", "h")]


# By the layers that a file becomes; None: it is refused.
CASES: dict[str, tuple[Sequence[onnx.NodeProto], str | None]] = {
    "softmax of a row": (softmax("x", "last"), "Softmax"),
    "softmax of a row, by axis 1": (softmax("x", "second"), "Softmax"),
    "softmax over the rows": (softmax("x", "first"), None),
    "softmax of groups": (grouped(*softmax("g", "last", "h")), None),
    "softmax across groups": (grouped(*softmax("g", "second", "h")), None),
    "softmax of groups together": (grouped(*softmax("g", "both", "h")), "Softmax"),
    "softmax of one group": (grouped(*softmax("g", "last", "h"), shape="one_group"), "Softmax"),
    "softmax across one group": (grouped(*softmax("g", "second", "h"), shape="one_group"), None),
    "softmax of columns": (transposed(*softmax("g", "first", "h")), "Softmax"),
    "softmax over rows as columns": (transposed(*softmax("g", "last", "h")), None),
    "sums without an axis": (softmax("x", "last", keepdims=0), None),
    "layer norm of a row": (layer_norm("x", "last"), "LayerNorm"),
    "layer norm of groups": (grouped(*layer_norm("g", "last", "h")), None),
    "layer norm of groups together": (grouped(*layer_norm("g", "both", "h")), "LayerNorm"),
    "layer norm of columns": (transposed(*layer_norm("g", "first", "h")), "LayerNorm"),
    "layer norm over the rows": (layer_norm("x", "first"), None),
    "Softmax of groups": (grouped(node("Softmax", "g", "h", axis=-1)), None),
    "Softmax of one group": (
        grouped(node("Softmax", "g", "h", axis=2), shape="one_group"),
        "Softmax",
    ),
    "Softmax of columns": (transposed(node("Softmax", "g", "h", axis=0)), "Softmax"),
    "Softmax beyond the axes": ([node("Softmax", "x", axis=2)], None),
    "LayerNormalization of groups": (grouped(node("LayerNormalization", "g gamma4", "h")), None),
    "LayerNormalization of groups together": (
        grouped(node("LayerNormalization", "g grid grid", "h", axis=1)),
        "LayerNorm",
    ),
    "a number that adds an axis": ([node("Mul", "x lifted", "u"), node("Softmax", "u")], None),
    "a bias that adds an axis": (
        [node("Add", "x row_of_three_axes", "u"), node("Softmax", "u", axis=1)],
        None,
    ),
    "a written-out function with an axis more": (
        [node("Sigmoid", "x", "s"), node("Mul", "s lifted", "u"), node("Mul", "x u")],
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_axes(name: str, tmp_path: Path) -> None:
    nodes, expected = CASES[name]
    model = graph(nodes, {**CONSTANTS, "gamma4": np.ones(4)}, row=(8,), opset=18)
    x = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    if expected is None:
        with pytest.raises(pl.FileError, match=r"node .+ \(\w+\): "):
            read(model, tmp_path)
        return
    net = read(model, tmp_path)
    [y] = run(model, x)
    assert difference(net(x), y) <= 1e-6
    assert [kind for kind in kinds(net) if kind != "Flatten"] == [expected]


@pytest.mark.parametrize("D", [2, 8, 16, 32, 33, 64, 256, 300, 1024])
def test_no_width_is_taken_for_the_number_of_rows(D: int, tmp_path: Path) -> None:
    """Sums without an axis of their own fit rows as numerous as columns, and mix them."""
    model = graph(softmax("x", "last", keepdims=0), CONSTANTS, row=(D,), opset=18)
    with pytest.raises(pl.FileError, match="form no layer"):
        read(model, tmp_path)
    model = graph(softmax("x", "last"), CONSTANTS, row=(D,), opset=18)
    assert kinds(read(model, tmp_path)) == ["Softmax"]


@pytest.mark.parametrize("D", [256, 300])
def test_a_width_among_the_constants(D: int, tmp_path: Path) -> None:
    """The mean as a sum times 1 / 256 is a mean of 256 columns, not of 300."""
    nodes = [
        *(node("ReduceSum", "x last", "t"), node("Mul", "t share", "m"), node("Sub", "x m", "d")),
        *(node("Mul", "d d", "q"), node("ReduceMean", "q last", "v"), node("Add", "v small", "w")),
        *(node("Sqrt", "w", "r"), node("Div", "d r")),
    ]
    model = graph(nodes, {**CONSTANTS, "share": np.float64(1 / 256)}, row=(D,), opset=18)
    if D == 256:
        assert kinds(read(model, tmp_path)) == ["LayerNorm"]
    else:
        with pytest.raises(pl.FileError, match="form no layer"):
            read(model, tmp_path)


def test_softmax_of_old_opsets_goes_over_the_whole_row(tmp_path: Path) -> None:
    nodes = grouped(node("Softmax", "g", "h"))  # axis 1 and all behind it
    model = graph(nodes, CONSTANTS, row=(8,), opset=11)
    x = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    assert difference(read(model, tmp_path)(x), run(model, x)[0]) <= 1e-6
    with pytest.raises(pl.FileError, match=r"it takes a row in groups: axis 2 of \('N', 2, 4\)"):
        read(
            graph(grouped(node("Softmax", "g", "h", axis=2)), CONSTANTS, row=(8,), opset=11),
            tmp_path,
        )


def test_an_open_width_is_no_reason_to_guess(tmp_path: Path) -> None:
    model = graph(layer_norm("x", "last"), CONSTANTS, row=("D",), opset=18)
    with pytest.raises(pl.FileError, match="form no layer"):
        read(model, tmp_path)


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.0, True), (0.5, True)])
def test_dropout(rate: float, training: bool, tmp_path: Path) -> None:
    arrays = {"rate": np.float64(rate), "training": np.array(training)}
    model = graph([node("Dropout", "x rate training")], arrays)
    if not (rate and training):
        assert kinds(read(model, tmp_path)) == ["Dropout"]
        return
    with pytest.raises(pl.FileError, match=r"\(Dropout\): it is in training mode and drops"):
        read(model, tmp_path)


def test_batch_norm_in_training_by_its_outputs(tmp_path: Path) -> None:
    """Before opset 14, BatchNormalization in training mode had the statistics as outputs."""
    model = graph(
        [node("BatchNormalization", "x c c c c", "y mean var")], {"c": np.ones(3)}, opset=9
    )
    with pytest.raises(pl.FileError, match="in training mode"):
        read(model, tmp_path)
