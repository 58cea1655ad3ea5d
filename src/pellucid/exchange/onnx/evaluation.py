"""A graph in NumPy: its operators on rows, for the proof that the network predicts the same.

Unlike `readers` it knows no layers: each operator is computed as the ONNX standard defines it
(github.com/onnx/onnx, docs/Operators.md), on tensors of any shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from pellucid.core.erf import erfc
from pellucid.core.types import Array
from pellucid.errors import Message
from pellucid.exchange.onnx.operators import SHAPING, Op, row_function
from pellucid.exchange.onnx.shapes import ROWS
from pellucid.exchange.onnx.wiring import WIRING

_Function: TypeAlias = Callable[..., Array]


def evaluate(ops: Sequence[Op], start: str, x: Array, batch: int | None) -> Array:
    """Compute all operators for rows x in float64; return the last one's output.

    `batch` is the number of rows that the file fixes. Raises InputError that names the node for an
    operator that is not known, or whose inputs do not fit.
    """
    known = {start: x}
    last_use = {name: place for place, op in enumerate(ops) for name in op.live}
    for place, op in enumerate(ops):
        values = [known[each] if isinstance(each, str) else _widened(each) for each in op.inputs]
        values = [_with_rows(op, index, value, len(x), batch) for index, value in enumerate(values)]
        known[op.output] = _compute(op, values)
        for name in set(op.live):  # ten thousand tensors at once would take all memory
            if last_use[name] == place:
                del known[name]
    return known[ops[-1].output]


def _compute(op: Op, values: list[Array | None]) -> Array:
    with op.fitting():
        if (made := row_function(op, values)) is not None:
            return np.asarray(made)
        if op.kind in _TABLE:
            return np.asarray(_TABLE[op.kind](op, *values))
    raise op.error(Message("this operator is not supported in dense networks"))


def _widened(value: Array | None) -> Array | None:
    return value.astype(np.float64) if value is not None and value.dtype.kind == "f" else value


def _with_rows(op: Op, place: int, value: Any, N: int, batch: int | None) -> Any:
    """Return a constant with the number of rows that is computed with in place of the file's."""
    # Shapes and sizes are integers; weights stay as they are.
    if value is None or isinstance(op.input(place), str) or value.dtype.kind != "i":
        return value
    value = np.where(value == ROWS, N, value)
    # Exporters write the batch size of their example into the shape.
    if op.kind == "Reshape" and value.size and value.flat[0] == batch:
        value.flat[0] = N
    return value


def _softmax(op: Op, x: Array) -> Array:
    old = op.opset < 13
    axis = op.attribute("axis", 1 if old else -1)
    # Before opset 13 Softmax went over all axes from one on.
    axes = tuple(range(axis % x.ndim, x.ndim)) if old else (axis,)
    e = np.exp(x - x.max(axis=axes, keepdims=True))
    share: Array = e / e.sum(axis=axes, keepdims=True)
    return share


def _layer_norm(op: Op, x: Array, gamma: Array, beta: Array | None = None) -> Array:
    axes = tuple(range(op.attribute("axis", -1) % x.ndim, x.ndim))
    centred = x - x.mean(axis=axes, keepdims=True)
    variance = (centred * centred).mean(axis=axes, keepdims=True)
    y = centred / np.sqrt(variance + op.attribute("epsilon", 1e-5)) * gamma
    return y if beta is None else y + beta


def _batch_norm(op: Op, x: Array, *arrays: Array) -> Array:
    # One number for each channel, which is axis 1.
    channels = (-1, *[1] * (x.ndim - 2))
    gamma, beta, mean, variance = (array.reshape(channels) for array in arrays)
    return gamma * (x - mean) / np.sqrt(variance + op.attribute("epsilon", 1e-5)) + beta


def _gemm(op: Op, A: Array, B: Array, C: Array | None = None) -> Array:
    A = A.T if op.attribute("transA", 0) else A
    B = B.T if op.attribute("transB", 0) else B
    y = op.attribute("alpha", 1.0) * (A @ B)
    return y if C is None else y + op.attribute("beta", 1.0) * C


def _gelu(op: Op, x: Array) -> Array:
    if op.attribute("approximate", b"none") == b"tanh":
        return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
    return x * (2 - erfc(x / math.sqrt(2))) / 2


def _linear_regressor(op: Op, x: Array) -> Array:
    targets = op.attribute("targets", 1)
    W = np.array(op.attributes.get("coefficients")).reshape(targets, -1)
    y: Array = x @ W.T + np.array(op.attributes.get("intercepts", 0.0))
    return y


def _scaler(op: Op, x: Array) -> Array:
    offset, scale = (np.array(op.attributes.get(name)) for name in ("offset", "scale"))
    # ONNX-ML multiplies: its scale is 1 / standard deviation.
    scaled: Array = (x - offset) * scale
    return scaled


_TABLE: dict[str, _Function] = {
    # -inf where a share underflows: the proof leaves rows out that are not finite.
    "LogSoftmax": lambda op, x: np.log(_softmax(op, x)),
    **SHAPING,
    **WIRING,
    "BatchNormalization": _batch_norm,
    "Dropout": lambda op, x, *settings: x,
    "Gelu": _gelu,
    "Gemm": _gemm,
    "LayerNormalization": _layer_norm,
    "MatMul": lambda op, a, b: np.matmul(a, b),
    "Round": lambda op, x: np.rint(x),
    "Sin": lambda op, x: np.sin(x),
    "Softmax": _softmax,
    "ai.onnx.ml.LinearRegressor": _linear_regressor,
    "ai.onnx.ml.Scaler": _scaler,
}
