"""What is read predicts what the graph computes, or is refused with node, operator and reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

import pellucid as pl
from pellucid.core.layers import Sigmoid, Tanh
from pellucid.exchange.onnx import from_onnx, readers
from tests.exchange.exporters import quietly
from tests.exchange.onnx_tools import difference, graph, kinds, node, read, run

ARRAYS: dict[str, Any] = {
    "W": np.random.default_rng(3).normal(size=(2, 3)),
    "one": np.array([1]),
    "two": np.array([2]),
    "end": np.array([9]),
    "minus": np.array([-1]),
    "chosen": np.array([5, 0, 0]),
    "chosen_row": np.array([1]),
    "sizes": np.array([2, 4]),
    "image": np.array([-1, 4, 1, 2]),
    "grid": np.array([-1, 2, 3]),
    "flat": np.array([-1, 6]),
    "pads": np.array([0, 1, 0, 2]),
    "wide_pads": np.array([0, 1, 0, 1 << 40]),
    "twice": np.array([1, 2]),
    "wider": np.array([1, 1, 3]),
    "filling": np.float64(0.5),
    "zero": np.float64(0),
    "place": np.array(1),
    "place0": np.array(0),
    "half": np.float64(0.5),
}

# Operators that choose, order or add up the numbers of a row of 6.
WIRED: dict[str, tuple[Sequence[onnx.NodeProto], str]] = {
    "columns": ([node("Slice", "x one end one")], "Affine"),
    "columns backwards": ([node("Slice", "x minus start one minus")], "Affine"),
    "all columns": ([node("Slice", "x zeros end one")], ""),
    "chosen columns": ([node("Gather", "x chosen", axis=1)], "Affine"),
    "one column": ([node("Gather", "x place", "u", axis=1), node("Tanh", "u")], "Affine Tanh"),
    "a part": ([node("Split", "x sizes", "u v", axis=1), node("Tanh", "v")], "Affine Tanh"),
    "the sum": ([node("ReduceSum", "x one")], "Affine"),
    "the mean, then weights": (
        [node("Reshape", "x grid", "g"), node("ReduceMean", "g two", "m", keepdims=0)],
        "Affine",
    ),
    "axes in another order": (
        [
            node("Reshape", "x grid", "g"),
            node("Transpose", "g", "t", perm=[0, 2, 1]),
            node("Reshape", "t flat"),
        ],
        "Affine",
    ),
    "an axis of size 1 moved": (
        [
            node("Unsqueeze", "x one", "g"),
            node("Transpose", "g", "t", perm=[0, 2, 1]),
            node("Reshape", "t flat"),
        ],
        "",
    ),
    "running sums": ([node("CumSum", "x place", exclusive=1, reverse=1)], "Affine"),
    "columns repeated": ([node("Tile", "x twice")], "Affine"),
    "columns expanded": (
        [node("Unsqueeze", "x two", "u"), node("Expand", "u wider", "v"), node("Flatten", "v")],
        "Affine",
    ),
    "a margin": ([node("Pad", "x pads filling")], "Affine"),
    "a mirrored margin": ([node("Pad", "x pads", mode="reflect")], "Affine"),
}
WIRED["the mean, then weights"][0].append(node("MatMul", "m W"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", WIRED)
def test_fixed_wiring_is_an_affine_layer(name: str, dtype: Any, tmp_path: Path) -> None:
    nodes, expected = WIRED[name]
    arrays = {**ARRAYS, "start": np.array([-9]), "zeros": np.array([0])}
    model = graph(nodes, arrays, row=(6,), opset=18, dtype=dtype)
    x = np.random.default_rng(0).normal(size=(5, 6)).astype(dtype)
    net = read(model, tmp_path)
    [y] = run(model, x)
    assert difference(net(x).reshape(y.shape), y) <= (1e-12 if net.dtype == np.float64 else 1e-6)
    layers = [kind for kind in kinds(net) if kind != "Flatten"]
    assert " ".join(layers) == {"the mean, then weights": "Affine Affine"}.get(name, expected)
    assert not net.params or net.dtype == dtype


REFUSED: dict[str, tuple[Sequence[onnx.NodeProto], str]] = {
    "rows chosen": ([node("Gather", "x chosen_row", axis=0)], "does not keep rows apart"),
    "rows summed": ([node("CumSum", "x place0")], r"\(CumSum\): it does not keep rows apart"),
    "the mean of the rows": ([node("ReduceMean", "x", axes=[0])], "does not keep rows apart"),
    "rows cut": ([node("Slice", "x one end zeros")], "does not keep rows apart"),
    "a triangle of the batch": ([node("Trilu", "x")], "does not keep rows apart"),
    "a margin of terabytes": (
        [node("Pad", "x wide_pads zero")],
        r"\(Pad\): its inputs, attributes and shapes do not fit each other",
    ),
    "rows repeated": ([node("Tile", "x rows_twice")], "does not keep rows apart"),
    "rows expanded": (
        [node("Reshape", "x one_more", "u"), node("Expand", "u three_batches")],
        "does not keep rows apart",
    ),
    "the row as indices": ([node("Gather", "W x")], "expected the rows as its first input"),
    "a gated linear unit": (
        [node("Split", "x threes", "a b", axis=1), node("Sigmoid", "b", "s"), node("Mul", "a s")],
        r"node the Mul \(Mul\): the operators from x to it form no layer",
    ),
    "a further output": (
        [node("LSTM", "x W W", "u v", hidden_size=2), node("Tanh", "v")],
        r"node the LSTM \(LSTM\): it is read for its first output only, not for v",
    ),
    "bools that are added": (
        [
            node("Greater", "x zero", "p"),
            node("Cast", "p", "a", to=1),
            node("Add", "a a", "c"),
            node("Mul", "c x"),
        ],
        "form no layer",
    ),
    "a constant for each row": (
        [node("Shape", "x", "s"), node("ConstantOfShape", "s", "c"), node("Add", "x c")],
        r"\(ConstantOfShape\): this operator on constants is not supported",
    ),
    "an attribute that does not fit": (
        [node("Transpose", "x", perm=[0, 1, 2])],
        r"node the Transpose \(Transpose\): ",
    ),
    "constants that do not fit": (
        [node("Add", "chosen sizes", "u"), node("Reshape", "x u")],
        r"node the Add \(Add\): its inputs, attributes and shapes do not fit each other",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_node_and_reason(name: str, tmp_path: Path) -> None:
    nodes, message = REFUSED[name]
    arrays = {
        **ARRAYS,
        "zeros": np.array([0]),
        "threes": np.array([3, 3]),
        "rows_twice": np.array([2, 1]),
        "one_more": np.array([1, -1, 6]),
        "three_batches": np.array([3, 1, 1]),
    }
    opset = 13 if name == "the mean of the rows" else 18
    with pytest.raises(pl.FileError, match=message) as caught:
        read(graph(nodes, arrays, row=(6,), opset=opset), tmp_path)
    assert "malformed" not in str(caught.value)


def test_a_wrong_rule_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the readers believe, the network is compared with the graph."""
    model = graph([node("MatMul", "x W", "u"), node("Tanh", "u")], ARRAYS, row=(2,))
    assert kinds(read(model, tmp_path)) == ["Affine", "Tanh"]
    monkeypatch.setitem(readers.READERS, "Tanh", lambda op, built: built.add(Sigmoid()))
    with pytest.raises(pl.FileError, match=r"\(Tanh\): the network read up to it predicts"):
        read(model, tmp_path)
    monkeypatch.setitem(readers.READERS, "Tanh", lambda op, built: built.add(Tanh(), Tanh()))
    with pytest.raises(pl.FileError, match=r"\(Tanh\): the network read up to it predicts"):
        read(model, tmp_path)


def test_a_difference_beside_its_input_is_no_complement(tmp_path: Path) -> None:
    """Only (1 - p, p) is a pair of probabilities; (x - c, x) has a constant that is no number."""
    nodes = [node("Sub", "x c", "u"), node("Concat", "u x", axis=1)]
    model = graph(nodes, {"c": np.linspace(1, 2, 3)})
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert difference(read(model, tmp_path)(x), run(model, x)[0]) <= 1e-6


def test_sizes_of_inner_tensors(tmp_path: Path) -> None:
    """A graph may compute with the shapes of tensors between its layers."""
    nodes = [
        *(node("MatMul", "x W", "h"), node("Unsqueeze", "h two", "u"), node("Shape", "u", "s")),
        *(node("Slice", "s one end", "rest"), node("ReduceProd", "rest", "p")),
    ]
    nodes = [*nodes[:4], node("Slice", "rest zeros one", "last")]
    nodes += [node("Concat", "minus last", "shape", axis=0), node("Reshape", "u shape")]
    arrays = {**ARRAYS, "zeros": np.array([0])}
    assert kinds(read(graph(nodes, arrays, row=(2,)), tmp_path)) == ["Affine"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (TensorProto.INT64, r"\(Mul\): it computes with whole numbers: cast them"),
        (TensorProto.UINT8, r"\(Mul\): it computes with whole numbers: cast them"),
        (TensorProto.FLOAT8E4M3FN, "its input x holds no floats, whole numbers or bools"),
        (TensorProto.STRING, "its input x holds no floats, whole numbers or bools"),
    ],
)
def test_types_of_inputs(kind: int, message: str, tmp_path: Path) -> None:
    model = graph([node("Mul", "x half")], ARRAYS)
    model.graph.input[0].type.tensor_type.elem_type = kind
    with pytest.raises(pl.FileError, match=message):
        read(model, tmp_path)


def test_whole_numbers_that_are_cast(tmp_path: Path) -> None:
    nodes = [node("Flatten", "x", "u"), node("Cast", "u", "v", to=1), node("Mul", "v half")]
    model = graph(nodes, ARRAYS, row=(2, 2))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    x = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    assert difference(read(model, tmp_path)(x), run(model, x)[0]) == 0


def test_a_sequence_is_no_input(tmp_path: Path) -> None:
    model = graph([node("Identity", "x")])
    made = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)
    model.graph.input[0].CopyFrom(made)
    with pytest.raises(pl.FileError, match="its input x holds no floats, whole numbers or bools"):
        read(model, tmp_path)


def test_operators_of_another_domain_only(tmp_path: Path) -> None:
    model = graph([node("com.acme.Gemm", "x")])
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("com.acme", 1))
    with pytest.raises(pl.FileError, match=r"\(com.acme.Gemm\): this operator is not supported"):
        read(model, tmp_path)


@pytest.mark.parametrize(
    ("module", "shape"),
    [(nn.LSTM(4, 3), (5, 2, 4)), (nn.MultiheadAttention(4, 2), None), (nn.GLU(), (2, 4))],
    ids=["LSTM", "MultiheadAttention", "GLU"],
)
def test_modules_that_are_no_dense_networks(module: Any, shape: Any, tmp_path: Path) -> None:
    x = torch.randn(*(shape or (5, 2, 4)))
    args = (x,) if shape else (x, x, x)
    path = tmp_path / "a.onnx"
    with quietly():
        torch.onnx.export(module.eval(), args, path, dynamo=False, opset_version=17)
    with pytest.raises(pl.FileError, match=r"(node \S+ \(\w+\)|the outputs|the inputs)") as caught:
        from_onnx(path)
    assert "malformed" not in str(caught.value)
