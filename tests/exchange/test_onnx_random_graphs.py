"""Graphs of reshapes, reductions and layers that hypothesis makes up: equal to ONNX Runtime, or
refused.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import pellucid as pl
from pellucid.exchange.onnx import from_onnx
from tests.exchange.onnx_tools import graph, node, run
from tests.proving import examples

SIZES = (1, 2, 3, 4, 6, 8, 12)


class Grown:
    """A graph while it grows: its nodes and constants, and the shape of the last tensor.

    N stands for the number of rows, which is 0 in a shape.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.nodes: list[onnx.NodeProto] = []
        self.arrays: dict[str, Any] = {}
        self.row: tuple[int, ...] = draw(st.sampled_from([(4,), (6,), (12,), (2, 3), (2, 2, 3)]))
        self.shape: tuple[int, ...] = (0, *self.row)
        self.last = "x"

    def constant(self, value: Any) -> str:
        name = f"c{len(self.arrays)}"
        self.arrays[name] = np.asarray(value)
        return name

    def add(self, kind: str, inputs: str, shape: tuple[int, ...], **attributes: Any) -> None:
        output = f"t{len(self.nodes)}"
        self.nodes.append(node(kind, inputs, output, **attributes))
        self.last, self.shape = output, shape

    def axis(self) -> int:
        return self.draw(st.integers(0, len(self.shape) - 1))

    def numbers(self, *shape: int) -> Any:
        seed = self.draw(st.integers(0, 99))
        return np.random.default_rng(seed).normal(size=shape) + 0.1

    # Each method grows the graph by an operator, or by a function written out.

    def activation(self) -> None:
        self.add(self.draw(st.sampled_from(["Relu", "Tanh", "Sigmoid"])), self.last, self.shape)

    def broadcast(self) -> None:
        rank = self.draw(st.integers(0, len(self.shape)))
        behind = self.shape[len(self.shape) - rank :]
        sizes = [size if size and self.draw(st.booleans()) else 1 for size in behind]
        constant = self.constant(self.numbers(*sizes))
        kind = self.draw(st.sampled_from(["Add", "Sub", "Mul"]))
        turned = self.draw(st.booleans())
        inputs = f"{constant} {self.last}" if turned else f"{self.last} {constant}"
        self.add(kind, inputs, self.shape)

    def dense(self) -> None:
        assume(self.shape[-1] > 0)
        H = self.draw(st.sampled_from(SIZES))
        W = self.constant(self.numbers(self.shape[-1], H))
        self.add("MatMul", f"{self.last} {W}", (*self.shape[:-1], H))

    def reshape(self) -> None:
        D = math.prod(size for size in self.shape if size)
        sizes: list[int] = []
        while D > 1 and len(sizes) < 3:
            size = self.draw(st.sampled_from([size for size in SIZES if D % size == 0]))
            sizes.append(size)
            D //= size
        target = [*sizes, D] if D > 1 or not sizes else sizes
        place = self.draw(st.sampled_from([0, 0, 0, len(target)]))
        target.insert(place, 0)
        shape = self.constant(np.array([size or -1 for size in target]))
        self.add("Reshape", f"{self.last} {shape}", tuple(target))

    def transpose(self) -> None:
        perm = self.draw(st.permutations(range(len(self.shape))))
        self.add("Transpose", self.last, tuple(self.shape[i] for i in perm), perm=perm)

    def reduce(self) -> None:
        kind = self.draw(st.sampled_from(["ReduceMean", "ReduceSum", "ReduceMax"]))
        axis, keepdims = self.axis(), self.draw(st.integers(0, 1))
        axes = self.constant(np.array([axis]))
        kept = [1] if keepdims else []
        shape = (*self.shape[:axis], *kept, *self.shape[axis + 1 :])
        assume(shape)
        self.add(kind, f"{self.last} {axes}", shape, keepdims=keepdims)

    def softmax(self) -> None:
        self.add("Softmax", self.last, self.shape, axis=self.axis())

    def layer_norm(self) -> None:
        axis = self.axis()
        assume(0 not in self.shape[axis:])
        gamma = self.constant(self.numbers(*self.shape[axis:]))
        self.add("LayerNormalization", f"{self.last} {gamma}", self.shape, axis=axis)

    def written_softmax(self) -> None:
        x, shape = self.last, self.shape
        axes = self.constant(np.array([self.axis()]))
        keepdims = self.draw(st.sampled_from([1, 1, 1, 0]))
        self.add("Exp", x, shape)
        e = self.last
        self.add("ReduceSum", f"{e} {axes}", shape, keepdims=keepdims)
        self.add("Div", f"{e} {self.last}", shape)

    def written_norm(self) -> None:
        x, shape = self.last, self.shape
        axes = self.constant(np.array([self.axis()]))
        self.add("ReduceMean", f"{x} {axes}", shape)
        self.add("Sub", f"{x} {self.last}", shape)
        d = self.last
        self.add("Mul", f"{d} {d}", shape)
        self.add("ReduceMean", f"{self.last} {axes}", shape)
        self.add("Add", f"{self.last} {self.constant(np.float64(1e-3))}", shape)
        self.add("Sqrt", self.last, shape)
        self.add("Div", f"{d} {self.last}", shape)

    def gather(self) -> None:
        axis = self.axis()
        assume(self.shape[axis])
        count = self.draw(st.integers(1, 3))
        indices = [self.draw(st.integers(0, self.shape[axis] - 1)) for _ in range(count)]
        shape = (*self.shape[:axis], count, *self.shape[axis + 1 :])
        self.add("Gather", f"{self.last} {self.constant(np.array(indices))}", shape, axis=axis)

    def skip(self) -> None:
        before, shape = self.last, self.shape
        self.draw(st.sampled_from([self.activation, self.softmax, self.written_softmax]))()
        self.add("Add", f"{before} {self.last}", shape)

    def branches(self) -> None:
        before, shape, ends = self.last, self.shape, []
        for _ in range(2):
            self.last, self.shape = before, shape
            steps = [self.activation, self.softmax, self.dense, self.broadcast, self.gather]
            self.draw(st.sampled_from(steps))()
            ends.append((self.last, self.shape))
        (a, of_a), (b, of_b) = ends
        if of_a == of_b and self.draw(st.booleans()):
            self.add("Add", f"{a} {b}", of_a)
            return
        axis = self.axis()
        rest = (of_a[:axis] + of_a[axis + 1 :], of_b[:axis] + of_b[axis + 1 :])
        assume(of_a[axis] and of_b[axis] and rest[0] == rest[1])
        joined = (*of_a[:axis], of_a[axis] + of_b[axis], *of_a[axis + 1 :])
        self.add("Concat", f"{a} {b}", joined, axis=axis)

    def unsqueeze(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape)))
        shape = (*self.shape[:axis], 1, *self.shape[axis:])
        self.add("Unsqueeze", f"{self.last} {self.constant(np.array([axis]))}", shape)


STEPS = (
    *(Grown.activation, Grown.broadcast, Grown.dense, Grown.reshape, Grown.reshape),
    *(Grown.transpose, Grown.reduce, Grown.softmax, Grown.layer_norm, Grown.written_softmax),
    *(Grown.written_norm, Grown.gather, Grown.skip, Grown.branches, Grown.unsqueeze),
)


@st.composite
def models(draw: st.DrawFn) -> tuple[onnx.ModelProto, tuple[int, ...]]:
    grown = Grown(draw)
    for _ in range(draw(st.integers(1, 4))):
        draw(st.sampled_from(STEPS))(grown)
        assume(len(grown.shape) <= 5)
    if draw(st.booleans()) and 0 in grown.shape:  # so that more of them end as rows
        grown.shape = (0, math.prod(size for size in grown.shape if size))
        end = grown.constant(np.array([-1, grown.shape[1]]))
        grown.add("Reshape", f"{grown.last} {end}", grown.shape)
    model = graph(grown.nodes, grown.arrays, grown.row, outputs=[grown.last], opset=18)
    return model, grown.row


def check(model: onnx.ModelProto, row: tuple[int, ...], folder: Path) -> None:
    """Compare the network with ONNX Runtime for as many rows as columns, and for others."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    try:
        net = from_onnx(path)
    except pl.FileError as error:
        assert "malformed" not in str(error)
        assert "predicts something else" not in str(error)  # no rule should leave that to the proof
        event("refused")
        return
    event("read")
    for N in (1, 2, row[0], 5):
        x: Any = np.random.default_rng(N).normal(size=(N, *row)).astype(np.float32)
        y = run(model, x)[0]
        made = net.predict(x)
        assert made.size == y.size
        scale = max(1.0, float(np.abs(y).max()))
        assert np.abs(made.reshape(y.shape) - y).max() <= 1e-4 * scale


LIMITS: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=examples(300), derandomize=True, database=None, **LIMITS)
@given(made=models())
def test_random_graphs(made: tuple[onnx.ModelProto, tuple[int, ...]], tmp_path: Path) -> None:
    check(*made, tmp_path)


@pytest.mark.soak
@settings(max_examples=10_000, **LIMITS)
@given(made=models())
def test_random_graphs_for_long(
    made: tuple[onnx.ModelProto, tuple[int, ...]], tmp_path: Path
) -> None:
    check(*made, tmp_path)
