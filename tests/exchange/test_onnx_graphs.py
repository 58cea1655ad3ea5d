"""Graphs written by hand: every flag and order that the readers know, against ONNX Runtime.

And what they refuse.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import pellucid as pl
from pellucid.exchange.onnx import from_onnx, onnx_model
from tests.exchange.onnx_tools import difference, graph, kinds, node, read, run
from tests.narrowing import instance

GENERATOR = np.random.default_rng(5)
W, V, b, g = (
    GENERATOR.normal(size=(3, 4)),
    GENERATOR.normal(size=(4, 4)),
    GENERATOR.normal(size=4),
    np.ones(4) * 0.3,
)
c = GENERATOR.normal(size=3)
POSITIVE = np.array([0.5, 2.0, 4.0])
ARRAYS = {
    "W": W,
    "Wt": W.T,
    "V": V,
    "b": b,
    "g": g,
    "c": c,
    "positive": POSITIVE,
    "signs": np.array([1.0, -2, 3]),
}
NUMBERS = {
    "half": np.float64(0.5),
    "one": np.float64(1),
    "third": np.float64(1 / 3),
    "two": np.float64(2),
}


def same(
    model: onnx.ModelProto, folder: Path, row: tuple[int, ...] = (3,), dtype: Any = np.float32
) -> pl.Network:
    """Compare the network that is read with ONNX Runtime; return it."""
    x = np.random.default_rng(0).normal(size=(6, *row)).astype(dtype)
    net = read(model, folder)
    [expected] = run(model, x)
    assert difference(net(x).reshape(expected.shape), expected) <= (
        1e-5 if net.dtype == np.float32 else 1e-10
    )
    return net


C_SHAPES = [None, (), (1,), (4,), (1, 1), (1, 4)]


@pytest.mark.parametrize("shape", C_SHAPES)
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (0.5, 3.0), (-2.0, 0.0)])
@pytest.mark.parametrize(("turns_x", "turns_W"), list(itertools.product([0, 1], [0, 1])))
def test_gemm(
    turns_x: int, turns_W: int, alpha: float, beta: float, shape: Any, tmp_path: Path
) -> None:
    """y = alpha A B + beta C, the batch as A; with transA it comes transposed."""
    arrays = {"W": W.T if turns_W else W}
    if shape is not None:
        arrays["C"] = GENERATOR.normal(size=shape)
    flags: dict[str, Any] = {"alpha": alpha, "beta": beta, "transA": turns_x, "transB": turns_W}
    nodes = [node("Transpose", "x", "xt")] if turns_x else []
    nodes.append(
        node("Gemm", f"{'xt' if turns_x else 'x'} W{' C' if shape is not None else ''}", **flags)
    )
    net = same(graph(nodes, arrays), tmp_path)
    assert kinds(net) == ["Affine"]
    assert (instance(pl.Affine, net.layers[0]).b is None) == (shape is None or beta == 0)
    if alpha == 1:
        assert (W.astype(np.float32) == instance(pl.Affine, net.layers[0]).W).all()


@pytest.mark.parametrize("shape", [None, (), (4, 1), (1, 1)])
@pytest.mark.parametrize(("turns_W", "turns_x"), list(itertools.product([0, 1], [0, 1])))
def test_gemm_with_weights_before_the_batch(
    turns_W: int, turns_x: int, shape: Any, tmp_path: Path
) -> None:
    arrays = {"W": W if turns_W else W.T}
    if shape is not None:
        arrays["C"] = GENERATOR.normal(size=shape)
    nodes = [] if turns_x else [node("Transpose", "x", "xt")]
    inputs = f"W {'x' if turns_x else 'xt'}{' C' if shape is not None else ''}"
    nodes += [
        node("Gemm", inputs, "z", transA=turns_W, transB=turns_x),
        node("Transpose", "z", perm=[1, 0]),
    ]
    assert kinds(same(graph(nodes, arrays), tmp_path)) == ["Affine"]


LINES = {
    "x W + b": ([node("MatMul", "x W", "z"), node("Add", "z b")], "Affine"),
    "b + x W": ([node("MatMul", "x W", "z"), node("Add", "b z")], "Affine"),
    "x W'": (
        [node("Transpose", "Wt", "U"), node("MatMul", "x U", "z"), node("Add", "z b")],
        "Affine",
    ),
    "(x - c) W": ([node("Sub", "x c", "u"), node("MatMul", "u W")], "Standardize Affine"),
    "(x + c) W": ([node("Add", "c x", "u"), node("MatMul", "u W")], "Standardize Affine"),
    "x W + b + g": (
        [node("MatMul", "x W", "z"), node("Add", "z b", "u"), node("Add", "u g")],
        "Affine",
    ),
    "(W' x')'": (
        [node("Transpose", "x", "t"), node("MatMul", "Wt t", "z"), node("Transpose", "z")],
        "Affine",
    ),
    "transposed activations": (
        [
            *(
                node("Transpose", "x", "t"),
                node("MatMul", "Wt t", "z"),
                node("Unsqueeze", "b axis", "column"),
            ),
            *(node("Add", "z column", "u"), node("Tanh", "u", "v"), node("Transpose", "v")),
        ],
        "Affine Tanh",
    ),
    "x w": ([node("MatMul", "x c", "z"), node("Exp", "z")], "Affine Exponential"),
    "standardize": ([node("Sub", "x c", "u"), node("Div", "u positive")], "Standardize"),
    "standardize by factors": ([node("Sub", "x c", "u"), node("Mul", "u positive")], "Standardize"),
    "factors, then a shift": ([node("Mul", "positive x", "u"), node("Add", "u c")], "Standardize"),
    "by one number": ([node("Sub", "x half", "u"), node("Div", "u third")], "Standardize"),
    "a factor": ([node("Mul", "x half")], "Scale"),
    "a rounded factor": ([node("Mul", "third x")], "Scale"),
    "a divisor": ([node("Div", "x third")], "Scale"),
    "signs": ([node("Mul", "x signs")], "Affine"),
    "divided by signs": ([node("Div", "x signs")], "Affine"),
    "one minus": ([node("Sub", "one x")], "Scale Standardize"),
    "minus": ([node("Neg", "x")], "Scale"),
    "scaler": (
        [node("ai.onnx.ml.Scaler", "x", offset=[1.0, 2.0, 3.0], scale=[0.5, 2.0, 4.0])],
        "Standardize",
    ),
    "scaler of one number": (
        [node("ai.onnx.ml.Scaler", "x", offset=[1.0], scale=[0.5])],
        "Standardize",
    ),
    "layer norm": ([node("LayerNormalization", "x c positive", axis=1, epsilon=1e-3)], "LayerNorm"),
    "layer norm, then gamma and beta": (
        [
            node("LayerNormalization", "x ones", "u"),
            node("Mul", "u positive", "v"),
            node("Add", "v c"),
        ],
        "LayerNorm",
    ),
    "layer norm, then a factor": (
        [node("LayerNormalization", "x ones", "u"), node("Mul", "u half")],
        "LayerNorm Scale",
    ),
    "batch norm": (
        [node("BatchNormalization", "x c c c positive", epsilon=1e-3, momentum=0.8)],
        "BatchNorm",
    ),
    "dropout": ([node("Dropout", "x share", "y mask")], "Dropout"),
    "identity and casts": (
        [
            node("Identity", "x", "u"),
            node("Cast", "u", "v", to=11),
            node("Tanh", "v", "w"),
            node("Cast", "w", to=1),
        ],
        "Tanh",
    ),
    "constants": (
        [
            *(helper.make_node("Constant", [], ["k"], value_float=2.0), node("Mul", "W k", "W2")),
            *(
                helper.make_node("Constant", [], ["shape"], value_ints=[4, 3]),
                node("Reshape", "Wt shape", "U"),
            ),
            *(node("Transpose", "U", "U2"), node("Add", "W2 U2", "sum"), node("MatMul", "x sum")),
        ],
        "Affine",
    ),
    "shapes of constants": (
        [
            *(
                node("Unsqueeze", "Wt axis", "U"),
                node("Squeeze", "U axis", "U2"),
                node("Shape", "x", "s"),
            ),
            *(
                node("Slice", "s first_axis axis", "rows"),
                node("Concat", "rows minus", "shape", axis=0),
            ),
            *(node("Reshape", "x shape", "u"), node("Gemm", "u U2", transB=1)),
        ],
        "Affine",
    ),
    "all of a constant summed": (
        [node("ReduceSum", "c", "k", keepdims=0), node("Mul", "x k")],
        "Scale",
    ),
    "flatten": ([node("Flatten", "x")], "Flatten"),
    "reshape": ([node("Reshape", "x rows_of_3", "u"), node("Relu", "u")], "ReLU"),
    "reshape by copies": ([node("Reshape", "x copies", "u"), node("Relu", "u")], "ReLU"),
    "unsqueeze and squeeze": (
        [node("Unsqueeze", "x axis", "u"), node("Relu", "u", "v"), node("Squeeze", "v axis")],
        "ReLU",
    ),
    "skip": ([node("Tanh", "x", "u"), node("Add", "u x")], "Residual"),
    "doubled": ([node("Add", "x x")], "Residual"),
    "sum": ([node("Tanh", "x", "u"), node("Sum", "x u")], "Residual"),
    "leaky relu by where": (
        [node("Less", "x zero", "below"), node("Mul", "x third", "u"), node("Where", "below u x")],
        "LeakyReLU",
    ),
    "relu by clip": ([node("Clip", "x zero")], "ReLU"),
    "relu by max": ([node("Max", "x zero")], "ReLU"),
    "swish by a slope": (
        [node("Mul", "x one", "u"), node("Sigmoid", "u", "s"), node("Mul", "u s")],
        "SiLU",
    ),
    "softmax": ([node("Softmax", "x")], "Softmax"),
    "layer norm written out": (
        [
            *(
                node("ReduceMean", "x", "m", axes=[-1]),
                node("Sub", "x m", "d"),
                node("Mul", "d d", "q"),
            ),
            *(
                node("ReduceMean", "q", "v", axes=[1]),
                node("Add", "v small", "w"),
                node("Sqrt", "w", "s"),
            ),
            *(node("Div", "d s", "n"), node("Mul", "n positive", "u"), node("Add", "u c")),
        ],
        "LayerNorm",
    ),
}
MORE = {
    "zero": np.float64(0),
    "small": np.float64(1e-3),
    "axis": np.array([1]),
    "share": np.float64(0.25),
    "ones": np.ones(3),
    "copies": np.array([0, 0]),
    "first_axis": np.array([0]),
    "minus": np.array([-1]),
    "rows_of_3": np.array([-1, 3]),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name: str, tmp_path: Path) -> None:
    nodes, expected = LINES[name]
    net = same(graph(nodes, {**ARRAYS, **NUMBERS, **MORE}), tmp_path)
    assert " ".join(kinds(net)) == expected


DOUBLE = {
    "a factor": "Scale",
    "a rounded factor": "Standardize",  # Scale's factor is a float32
    "standardize by factors": "Standardize",
    "by one number": "Standardize",
    "leaky relu by where": "LeakyReLU",
    "layer norm, then gamma and beta": "LayerNorm",
    "layer norm written out": "LayerNorm",
    "signs": "Affine",
}


@pytest.mark.parametrize("name", DOUBLE)
def test_lines_in_float64(name: str, tmp_path: Path) -> None:
    model = graph(LINES[name][0], {**ARRAYS, **NUMBERS, **MORE}, dtype=np.float64)
    net = same(model, tmp_path, dtype=np.float64)
    assert " ".join(kinds(net)) == DOUBLE[name]


def test_activations_have_their_settings(tmp_path: Path) -> None:
    nodes = [
        node("LeakyRelu", "x", "u", alpha=0.2),
        node("Gelu", "u", "v", approximate="tanh"),
        node("Gelu", "v"),
    ]
    leaky, tanh, exact = read(graph(nodes, opset=20), tmp_path).layers
    assert instance(pl.LeakyReLU, leaky).negative_slope == 0.2
    assert instance(pl.GELU, tanh).approximate == "tanh"
    assert instance(pl.GELU, exact).approximate == "none"


@pytest.mark.skipif(onnx.defs.onnx_opset_version() < 24, reason="this onnx has no Swish")
def test_swish_of_newer_opsets(tmp_path: Path) -> None:
    assert kinds(read(graph([node("Swish", "x")], opset=24), tmp_path)) == ["SiLU"]


def test_old_graphs(tmp_path: Path) -> None:
    """Softmax of opset 12 and below counts axes from 1, Dropout's share is an attribute,
    initialisers are inputs.
    """
    nodes = [node("MatMul", "x W", "z"), node("Dropout", "z", "u", ratio=0.2), node("Softmax", "u")]
    model = graph(nodes, ARRAYS, opset=10)
    model.graph.input.append(helper.make_tensor_value_info("W", TensorProto.FLOAT, [3, 4]))
    net = read(model, tmp_path)
    assert kinds(net) == ["Affine", "Dropout", "Softmax"]
    assert instance(pl.Dropout, net.layers[1]).rate == 0.2


@pytest.mark.parametrize("row", [None, (None,), ("D",)])
def test_an_open_width_comes_from_the_weights(row: Any, tmp_path: Path) -> None:
    model = graph(
        [node("Tanh", "x", "u"), node("MatMul", "u W", "z"), node("Add", "z b")],
        ARRAYS,
        row=row or (),
    )
    if row is None:
        model.graph.input[0].type.tensor_type.ClearField("shape")
    x = GENERATOR.normal(size=(5, 3)).astype(np.float32)
    assert difference(read(model, tmp_path)(x), run(model, x)[0]) <= 1e-5


def test_an_image_mean_is_subtracted_pixel_by_pixel(tmp_path: Path) -> None:
    mean = GENERATOR.normal(size=(2, 3))
    arrays = {"mean": mean, "W": GENERATOR.normal(size=(6, 2)), "shape": np.array([0, -1])}
    nodes = [node("Sub", "x mean", "u"), node("Reshape", "u shape", "v"), node("MatMul", "v W")]
    net = same(graph(nodes, arrays, row=(1, 2, 3)), tmp_path, row=(1, 2, 3))
    assert kinds(net) == ["Flatten", "Standardize", "Affine"]
    assert net.inputs == pl.Images((2, 3))


def test_a_fixed_batch_may_stand_in_a_reshape(tmp_path: Path) -> None:
    model = graph([node("Reshape", "x shape")], {"shape": np.array([7, 6])}, row=(2, 3))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 7
    assert kinds(read(model, tmp_path)) == ["Flatten"]


def test_the_same_constants_in_other_kinds_of_nodes(tmp_path: Path) -> None:
    tensor = onnx.numpy_helper.from_array(W.astype(np.float32))
    constants = [
        helper.make_node("Constant", [], ["k"], value=tensor),
        helper.make_node("Identity", ["k"], ["k2"]),
    ]
    assert (
        W.astype(np.float32)
        == instance(
            pl.Affine, read(graph([*constants, node("MatMul", "x k2")]), tmp_path).layers[0]
        ).W
    ).all()


@pytest.mark.parametrize(
    "nodes", [[node("Sub", "x c")], [node("Sub", "x half")]], ids=["columns", "one number"]
)
def test_what_an_open_width_allows(nodes: list[onnx.NodeProto], tmp_path: Path) -> None:
    model = graph(nodes, {**ARRAYS, **NUMBERS}, row=("D",))
    if "half" in nodes[0].input:
        with pytest.raises(pl.FileError, match="the width of its rows is unknown"):
            read(model, tmp_path)
    else:
        first = instance(pl.Standardize, read(model, tmp_path).layers[0])
        assert (first.mean == c.astype(np.float32)).all()


# What is refused, by the name of the node


REFUSED: dict[str, tuple[Sequence[onnx.NodeProto], str]] = {
    "another operator": (
        [node("Conv", "x W")],
        r"node the Conv \(Conv\): this operator is not supported",
    ),
    "another domain": (
        [node("com.acme.Gemm", "x W")],
        r"node the Gemm \(com.acme.Gemm\): this operator is not supported",
    ),
    "another operator on the way": (
        [node("Celu", "x", "u"), node("Relu", "u")],
        r"the Celu \(Celu\): this operator is not supported",
    ),
    "another activation, written out": (
        [node("Softplus", "x", "u"), node("Sigmoid", "u", "v"), node("Mul", "v x")],
        r"the Mul \(Mul\): the operators from x to it form no layer",
    ),
    "a bound": ([node("Clip", "x zero hundred")], "to it form no layer"),
    "a bound far out": ([node("Clip", "x zero thousand")], "to it form no layer"),
    "missing weights": ([node("LayerNormalization", "x -")], "its weights must be constants"),
    "too many signs": (
        [node("Mul", "x -1s")],
        "more than 1,024 columns by 0 or by negative numbers",
    ),
    "another SELU": ([node("Selu", "x", alpha=1.5)], "expected alpha 1.67.*, that of SELU"),
    "logarithms of columns": ([node("LogSoftmax", "x", axis=0)], "it mixes rows"),
    "weights from the input": (
        [node("Transpose", "x", "t"), node("MatMul", "x t")],
        "the MatMul .MatMul.: the operators from x to it form no layer",
    ),
    "a bias from the input": ([node("Gemm", "x square x")], "to it form no layer"),
    "two ways that share weights": (
        [
            *(node("MatMul", "x square", "u"), node("Relu", "u", "v"), node("Mul", "x v", "w")),
            *(node("Relu", "v", "s"), node("Add", "w s")),
        ],
        "the operators from x to it form no layer",
    ),
    "three ways": (
        [node("Relu", "x", "u"), node("Tanh", "x", "v"), node("Concat", "x u v", axis=1)],
        "the Concat .*this operator is not supported",
    ),
    "rows below each other": (
        [node("Relu", "x", "u"), node("Concat", "x u", axis=0)],
        "the Concat .*this operator is not supported",
    ),
    "a skip onto another width": (
        [node("MatMul", "x one_column", "u"), node("Add", "x u")],
        "rows of different shapes",
    ),
    "Gemm of a transposed batch": (
        [node("Gemm", "x W", transA=1)],
        r"expected a batch of shape \(N, D\) times weights",
    ),
    "Gemm with a bias for each row": (
        [node("Gemm", "x W column")],
        r"shape \(4, 1\) does not fit rows of shape \(4,\)",
    ),
    "weights before the batch": (
        [node("MatMul", "Wt x")],
        "weights come before the batch: expected x W",
    ),
    "weights of another width": (
        [node("MatMul", "x V")],
        "its weights expect 4 inputs in each row, got 3",
    ),
    "weights with three axes": (
        [node("MatMul", "x cube")],
        r"expected a matrix of weights, got shape \(2, 3, 4\)",
    ),
    "NaN": ([node("MatMul", "x nan")], r"the MatMul \(MatMul\): its weights hold NaN or infinity"),
    "whole weights": (
        [node("MatMul", "x whole")],
        "its weights are int64; expected float32 or float64",
    ),
    "a constant that widens rows": (
        [node("MatMul", "x one_column", "u"), node("Add", "u b")],
        "does not fit rows",
    ),
    "division by 0": ([node("Div", "x zeros")], "it divides by 0"),
    "softmax over rows": ([node("Softmax", "x", axis=0)], "it mixes rows: expected an axis"),
    "layer norm over rows": (
        [node("LayerNormalization", "x c", axis=0)],
        "it mixes rows: expected an axis",
    ),
    "batch norm in training": (
        [node("BatchNormalization", "x c c c c", training_mode=1)],
        "in training mode",
    ),
    "rows mixed": (
        [node("Reshape", "x rows_of_3", "u"), node("Reshape", "u whole_batch")],
        "does not keep rows apart",
    ),
    "a computed shape": (
        [node("Cast", "x", "u", to=7), node("Reshape", "x u")],
        "to it form no layer",
    ),
    "flattened with the rows": (
        [node("Flatten", "x", axis=0)],
        "expected axis 1: each row by itself",
    ),
    "squeezed": ([node("Squeeze", "x", axes=[1])], "does not keep rows apart"),
    "unsqueezed": ([node("Unsqueeze", "x first_axis")], "does not keep rows apart"),
    "transposed outputs": ([node("Transpose", "x")], r"its output has shape \(K, N\)"),
    "a transposed softmax": (
        [node("Transpose", "x", "t"), node("Softmax", "t")],
        "it mixes rows: expected an axis",
    ),
    "a malformed attribute": (
        [node("Gemm", "x W", alpha="much")],
        "its attribute alpha is malformed",
    ),
    "a cast that cuts": (
        [node("Cast", "x", "u", to=7), node("Cast", "u", to=1)],
        "to it form no layer",
    ),
    "several p and what is left of each": (
        [node("Sigmoid", "x", "p"), node("Sub", "one p", "q"), node("Concat", "q p", axis=1)],
        r"its output is \(1 - p, p\) of several p",
    ),
    "a cast of constants": (
        [node("Cast", "c", "k", to=16), node("Add", "x k")],
        "casts to an unsupported type",
    ),
    "a slice of weights": (
        [node("Slice", "W axis axis", "k"), node("MatMul", "x k")],
        "its weights expect 0 inputs in each row, got 3",
    ),
    "a transposed batch and a plain vector": (
        [
            node("Transpose", "x", "t"),
            node("MatMul", "Wt t", "z"),
            node("Add", "z b", "u"),
            node("Transpose", "u"),
        ],
        "does not fit rows",
    ),
    "an image times weights": (
        [node("Unsqueeze", "x axis", "u"), node("MatMul", "u W")],
        r"got \('N', 1, 3\)",
    ),
    "unknown constants": (
        [node("EyeLike", "V", "k"), node("MatMul", "x k")],
        r"the EyeLike .*this operator on constants is not supported",
    ),
    "no constant": (
        [helper.make_node("Constant", [], ["k"], name="k"), node("Add", "x k")],
        "node k .*no supported constant",
    ),
    "a tensor from nowhere": (
        [node("Add", "x nothing")],
        "no earlier node makes its input nothing",
    ),
    "a circle": (
        [node("Add", "x v", "u"), node("Relu", "u", "v"), node("Relu", "v")],
        "no earlier node makes its input v",
    ),
    "a tensor made twice": (
        [node("Relu", "x"), node("Tanh", "x")],
        "it has no output, or one that another node has made",
    ),
    "the mask of Dropout": (
        [node("Dropout", "x", "u m"), node("Relu", "m")],
        r"the Dropout \(Dropout\): it is read for its first output only, not for m",
    ),
    "an output without input": (
        [node("Relu", "x", "u"), node("Relu", "b")],
        "its output depends on y, a constant, and on no input",
    ),
    "labels only": ([node("ArgMax", "x", axis=1)], "its outputs are class labels only"),
    "a grown constant": (
        [node("Add", "long tall", "k"), node("Add", "k x")],
        "it computes 100,000,000 constants, too many for its file",
    ),
}
BAD = {
    "thousand": np.float64(1000),
    "-1s": -np.ones(2000),
    "hundred": np.float64(100),
    "square": GENERATOR.normal(size=(3, 3)),
    "one_column": np.ones((3, 1)),
    "column": np.ones((4, 1)),
    "cube": np.ones((2, 3, 4)),
    "nan": np.full((3, 4), np.nan),
    "whole": np.ones((3, 4), np.int64),
    "zeros": np.zeros(3),
    "whole_batch": np.array([3, -1]),
    "long": np.ones((1, 10_000)),
    "tall": np.ones((10_000, 1)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    nodes, message = REFUSED[name]
    row = (2000,) if name == "too many signs" else (3,)
    with pytest.raises(pl.FileError, match=message) as caught:
        read(graph(nodes, {**ARRAYS, **NUMBERS, **MORE, **BAD}, row), tmp_path)
    assert str(caught.value).startswith(
        f"{tmp_path / 'model.onnx'}: no dense network can be read from it: "
    )


def test_rows_are_not_squeezed_away(tmp_path: Path) -> None:
    with pytest.raises(pl.FileError, match="it does not keep rows apart"):
        read(graph([node("Squeeze", "x first")], {"first": np.array([0])}, row=(1,)), tmp_path)


def test_graphs_within_graphs_are_refused(tmp_path: Path) -> None:
    inner = helper.make_graph(
        [node("Relu", "x", "u")],
        "inner",
        [],
        [helper.make_tensor_value_info("u", TensorProto.FLOAT, None)],
    )
    branch = helper.make_node(
        "If", ["yes"], ["y"], name="the If", then_branch=inner, else_branch=inner
    )
    with pytest.raises(pl.FileError, match=r"node the If \(If\): this operator on constants"):
        read(graph([branch], {"yes": np.array(True)}), tmp_path)


def test_functions_of_the_model_are_refused(tmp_path: Path) -> None:
    model = graph([node("own.Twice", "x")])
    model.functions.append(
        helper.make_function(
            "own", "Twice", ["a"], ["c"], [node("Add", "a a", "c")], [helper.make_opsetid("", 17)]
        )
    )
    with pytest.raises(
        pl.FileError, match=r"node the Twice \(own.Twice\): this operator is not supported"
    ):
        read(model, tmp_path)


def test_several_inputs_are_refused(tmp_path: Path) -> None:
    model = graph([node("Add", "x second")])
    model.graph.input.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, ["N", 3]))
    with pytest.raises(
        pl.FileError, match="its output depends on the inputs second, x; expected one"
    ):
        read(model, tmp_path)


def test_several_outputs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(
        onnx_model(pl.mlp([2, 3, 1]), every_layer=True).SerializeToString()
    )
    with pytest.raises(
        pl.FileError, match=r"it has the outputs 0\.y, 1\.y, y; expected one, besides the labels"
    ):
        from_onnx(tmp_path / "a.onnx")


def test_rows_without_an_axis_of_their_own_are_refused(tmp_path: Path) -> None:
    model = graph([node("Relu", "x")], row=())
    with pytest.raises(pl.FileError, match=r"its input x has shape \(None,\); expected \(N, D\)"):
        read(model, tmp_path)


def test_skips_within_skips_have_a_limit(tmp_path: Path) -> None:
    tensor, nodes = "x", []
    for depth in range(10):  # t = x + relu(t of the depth before)
        nodes += [node("Relu", tensor, f"r{depth}"), node("Add", f"x r{depth}", f"t{depth}")]
        tensor = f"t{depth}"
    with pytest.raises(pl.FileError, match=r"node the Add .*: layers are nested more than 8"):
        read(graph(nodes, outputs=[tensor]), tmp_path)
