"""One operator as layers: the table `READERS`, and the line of layers that grows while a graph is
read.

Weights keep their bits. Three things are computed and may differ in the last place: Gemm's alpha
and beta where they are not 1, numbers that are multiplied by (which become deviations to divide by,
or a float32 factor), and a constant added to an Affine layer that has a bias already.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np

from pellucid.core import layers
from pellucid.core.composite import Dropout
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.types import Array
from pellucid.errors import Message
from pellucid.exchange.onnx.graph import ROWS
from pellucid.exchange.onnx.operators import Op
from pellucid.exchange.onnx.recognition import decimal

LARGEST_DIAGONAL = 1024  # the width to which factors that Standardize cannot hold become a matrix


@dataclass
class Line:
    """The layers read so far, and what has become of a row.

    `row` is its shape in the graph, with None for sizes that are not known; layers have it flat
    throughout. `turned` says that rows and columns have changed places, `batch` is the number of
    rows where the file fixes it, and `room` how many numbers of layers may still be made of fewer
    in the file.
    """

    row: tuple[int | None, ...]
    batch: int | None = None
    turned: bool = False
    room: int = 1 << 24
    layers: list[Layer] = field(default_factory=list)

    @property
    def D(self) -> int | None:
        """How many numbers a row has, None where that is not known."""
        return (
            None if None in self.row else math.prod(size for size in self.row if size is not None)
        )

    @property
    def last(self) -> Layer | None:
        """The last layer, if there is one."""
        return self.layers[-1] if self.layers else None

    def add(self, *found: Layer) -> None:
        """Go on with these layers."""
        self.layers += found

    def make(self, op: Op, count: int) -> None:
        """Take note of numbers that the file itself does not hold.

        Raises InputError where they are too many.
        """
        self.room -= count
        if self.room < 0:
            raise op.error(Message("what it asks for is too large for a network of this size"))

    def instead(self, layer: Layer) -> None:
        """Put this layer in the place of the last."""
        self.layers[-1] = layer


# Weights


def _weights(op: Op, value: Any) -> Array:
    """Give a constant that layers are made of.

    Raises InputError unless it is made of finite floating numbers.
    """
    if not isinstance(value, np.ndarray):
        raise op.error(Message("its weights must be constants, and there"))
    if value.dtype not in (np.float32, np.float64):
        raise op.error(
            Message("its weights are {kind}; expected float32 or float64", kind=value.dtype)
        )
    if not np.isfinite(value).all():
        raise op.error(Message("its weights hold NaN or infinity"))
    return value


def _vector(op: Op, value: Any, line: Line) -> Array:
    """Give a constant that meets each row of a batch in the same way as one number for each column,
    (D,).
    """
    value = _weights(op, value)
    if line.turned and value.ndim == 2:
        value = value.T
    if line.row == (None,) and value.ndim and value.shape[-1] > 1:
        line.row = value.shape[-1:]
    if line.D is None:
        raise op.error(
            Message("how many numbers a row has is not known there: give the graph's input a shape")
        )
    rows = (1, *(size or 1 for size in line.row))
    lead = value.shape[: max(0, value.ndim - len(rows))]
    if set(lead) <= {1}:
        value = value.reshape(value.shape[len(lead) :])
        # A turned batch meets a plain vector along its rows.
        if np.broadcast_shapes(value.shape, rows) == rows and not (
            line.turned and value.ndim == 1 and value.size > 1
        ):
            line.make(op, math.prod(rows) - value.size)
            return np.array(np.broadcast_to(value, rows)).ravel()
    raise op.error(
        Message(
            "a constant of shape {got} does not fit rows of shape {row}",
            got=value.shape,
            row=line.row,
        )
    )


def _matrix(op: Op, value: Any) -> Array:
    W = _weights(op, value)
    if W.ndim != 2:
        raise op.error(Message("expected a matrix of weights, got shape {got}", got=W.shape))
    return W


def _flat(op: Op, line: Line) -> None:
    """Raise InputError unless the batch is (N, D) here."""
    if line.turned or len(line.row) != 1:
        shape = (*line.row, "N") if line.turned else ("N", *line.row)
        raise op.error(Message("expected a batch of shape (N, D), got {got}", got=shape))


# Affine layers


def _affine(op: Op, line: Line, W: Array, b: Array | None) -> None:
    D = line.D if line.D is not None else W.shape[0]
    if W.shape[0] != D:
        raise op.error(
            Message(
                "its weights take {expected} numbers a row, and {got} come",
                expected=W.shape[0],
                got=D,
            )
        )
    line.add(Affine(W, b))
    line.row = (W.shape[1],)


def _gemm(op: Op, line: Line) -> None:
    """Read y = alpha A B + beta C, with A and B transposed or not: one of them is the batch."""
    first = isinstance(
        op.input(0), str
    )  # the batch stands first: x W; else W x, of a batch that is turned
    turns = (op.attribute("transA", 0), op.attribute("transB", 0))
    if len(line.row) != 1 or (bool(turns[0 if first else 1]) != line.turned) == first:
        raise op.error(
            Message(
                "expected a batch of shape (N, D), times weights; got {got}", got=("N", *line.row)
            )
        )
    W = _matrix(op, op.input(1 if first else 0))
    W = W.T if bool(turns[1 if first else 0]) == first else W
    alpha, beta = op.attribute("alpha", 1.0), op.attribute("beta", 1.0)
    line.turned = not first
    after = Line((W.shape[1],), turned=line.turned)
    C = None if op.input(2) is None or beta == 0 else _vector(op, op.input(2), after)
    b = C if C is None or beta == 1 else C * C.dtype.type(beta)
    _affine(op, line, W if alpha == 1 else W * W.dtype.type(alpha), b)


def _matmul(op: Op, line: Line) -> None:
    first = isinstance(op.input(0), str)
    if len(line.row) != 1 or line.turned == first:
        _flat(op, line)
        raise op.error(Message("weights stand before the batch: expected x W"))
    W = _weights(op, op.input(1 if first else 0))
    if W.ndim == 1 and first:  # one number a row, without an axis of its own
        _affine(op, line, W[:, None], None)
        line.row = ()
    else:
        _affine(op, line, _matrix(op, W if first else W.T), None)


# Arithmetic with constants


def _add(op: Op, line: Line) -> None:
    constant = op.input(1) if isinstance(op.input(0), str) else op.input(0)
    b, last = _vector(op, constant, line), line.last
    if isinstance(last, Affine):
        line.instead(Affine(last.W, b if last.b is None else last.b + b))
    elif _is_plain(last, constant) and not last.beta.any():
        line.instead(LayerNorm(last.gamma, b, last.epsilon))
    elif isinstance(last, Standardize) and not last.mean.any():
        line.instead(Standardize(-b * last.std, last.std))
    else:
        line.add(Standardize(-b, np.ones_like(b)))


def _sub(op: Op, line: Line) -> None:
    if isinstance(op.input(0), str):
        mean = _vector(op, op.input(1), line)
        line.add(Standardize(mean, np.ones_like(mean)))
    else:
        b = _vector(op, op.input(0), line)
        line.add(Scale(-1), Standardize(-b, np.ones_like(b)))


def _mul(op: Op, line: Line) -> None:
    constant = _weights(op, op.input(1) if isinstance(op.input(0), str) else op.input(0))
    last = line.last
    if _is_plain(last, constant) and (last.gamma == 1).all() and not last.beta.any():
        line.instead(LayerNorm(_vector(op, constant, line), last.beta, last.epsilon))
    elif _is_factor(constant):
        line.add(Scale(constant.item()))
    else:
        _divide(op, line, 1 / _vector(op, constant, line))


def _div(op: Op, line: Line) -> None:
    constant, last = _weights(op, op.constant(1)), line.last
    if not constant.all():
        raise op.error(Message("it divides by 0"))
    centred = isinstance(last, Standardize) and (last.std == 1).all()  # a Sub has gone before
    if (
        not centred
        and constant.size == 1
        and (constant.dtype == np.float32 or _is_factor(1 / constant))
    ):
        line.add(Scale(1 / float(constant.item())))
    else:
        _divide(op, line, _vector(op, constant, line))


def _divide(op: Op, line: Line, divisor: Array) -> None:
    last = line.last
    if (divisor > 0).all() and np.isfinite(divisor).all():
        if isinstance(last, Standardize) and (last.std == 1).all():
            line.instead(Standardize(last.mean, divisor))
        else:
            line.add(Standardize(np.zeros_like(divisor), divisor))
    elif divisor.size <= LARGEST_DIAGONAL and divisor.all():
        line.make(op, divisor.size**2)
        line.add(Affine(np.diag(1 / divisor)))
    else:
        raise op.error(
            Message(
                "it multiplies more than {most:,} columns by 0 or by negative numbers",
                most=LARGEST_DIAGONAL,
            )
        )


def _is_plain(last: Layer | None, constant: Any) -> TypeGuard[LayerNorm]:
    """Tell whether a LayerNorm has gone before, whose gamma or beta a constant for each column may
    be.
    """
    return isinstance(last, LayerNorm) and np.ndim(constant) > 0


def _is_factor(constant: Array) -> bool:
    """Tell whether Scale, whose factor is a float32, can hold a constant as it is."""
    return constant.size == 1 and float(np.float32(constant.item())) == constant.item() != 0


def _scaler(op: Op, line: Line) -> None:
    """Read scikit-learn's scalers: (x - offset) * scale."""
    offset, scale = (np.array(op.attribute(name, []), np.float32) for name in ("offset", "scale"))
    mean = _vector(op, offset, line)
    line.add(Standardize(mean, np.ones_like(mean)))
    _divide(op, line, 1 / _vector(op, scale, line))


# Normalisation, activations, shapes


def _batch_norm(op: Op, line: Line) -> None:
    _flat(op, line)
    if op.attribute("training_mode", 0):
        raise op.error(Message("it is in training mode: export the network in evaluation mode"))
    gamma, beta, mean, variance = (_vector(op, op.input(index), line) for index in range(1, 5))
    momentum = decimal(1 - decimal(op.attribute("momentum", 0.9)))
    line.add(
        BatchNorm(gamma, beta, mean, variance, momentum, decimal(op.attribute("epsilon", 1e-5)))
    )


def _layer_norm(op: Op, line: Line) -> None:
    _flat(op, line)
    if op.attribute("axis", -1) not in (-1, 1):
        raise op.error(Message("expected axis -1: each row by itself"))
    gamma = _vector(op, op.input(1), line)
    beta = None if op.input(2) is None else _vector(op, op.input(2), line)
    line.add(LayerNorm(gamma, beta, decimal(op.attribute("epsilon", 1e-5))))


def _softmax(op: Op, line: Line) -> None:
    _flat(op, line)
    if op.attribute("axis", -1 if op.opset >= 13 else 1) not in (-1, 1):
        raise op.error(Message("expected axis -1: each row by itself"))
    line.add(layers.Softmax())


def _log_softmax(op: Op, line: Line) -> None:
    raise op.error(
        Message(
            "no layer answers logarithms: export the network with Softmax in its place, or with "
            "neither"
        )
    )


def _activation(make: Callable[[Op], Layer]) -> Callable[[Op, Line], None]:
    return lambda op, line: line.add(make(op))


def _gelu(op: Op) -> Layer:
    return layers.GELU(op.attribute("approximate", b"none").decode())


def _dropout(op: Op, line: Line) -> None:
    given = op.constant(1)
    line.add(Dropout(decimal(op.attribute("ratio", 0.5) if given is None else given.item())))


def _flatten(op: Op, line: Line) -> None:
    if line.turned or op.attribute("axis", 1) not in (1, -len(line.row)):
        raise op.error(Message("expected axis 1: each row by itself"))
    if len(line.row) == 1:  # of pictures Flatten stands in front already
        line.add(Flatten())
    line.row = (line.D,)


def _reshape(op: Op, line: Line) -> None:
    shape = op.constant(1)
    if line.turned or shape is None or shape.ndim != 1 or shape.dtype.kind != "i":
        raise op.error(Message("it does not keep rows apart"))
    first, *rest = shape.tolist() or [0]
    zeros_copy = op.attribute("allowzero", 0) == 0
    row = [
        line.row[index] if size == 0 and zeros_copy and index < len(line.row) else size
        for index, size in enumerate(rest)
    ]
    known = math.prod(size for size in row if size not in (-1, None))
    if row.count(-1) == 1 and first != -1 and line.D is not None and known and line.D % known == 0:
        row[row.index(-1)] = line.D // known
    keeps_rows = first in (-1, ROWS, line.batch) or (first == 0 and zeros_copy)
    if (
        not keeps_rows
        or -1 in row
        or (line.D is not None and math.prod(size or 0 for size in row) != line.D)
    ):
        raise op.error(Message("it does not keep rows apart"))
    line.row = tuple(row)


def _squeeze(op: Op, line: Line) -> None:
    rank = len(line.row) + 1
    axes = {axis % rank for axis in op.axes() or ()}
    if line.turned or not axes or 0 in axes or any(line.row[axis - 1] != 1 for axis in axes):
        raise op.error(Message("it does not keep rows apart"))
    line.row = tuple(size for index, size in enumerate(line.row, 1) if index not in axes)


def _unsqueeze(op: Op, line: Line) -> None:
    row = list(line.row)
    rank = len(row) + 1 + len(op.axes() or ())
    for axis in sorted(axis % rank for axis in op.axes() or ()):
        if line.turned or axis == 0:
            raise op.error(Message("it does not keep rows apart"))
        row.insert(axis - 1, 1)
    line.row = tuple(row)


def _transpose(op: Op, line: Line) -> None:
    if len(line.row) != 1 or op.attributes.get("perm") not in (None, [1, 0], [0, 1]):
        raise op.error(Message("expected rows of numbers, got {got}", got=("N", *line.row)))
    line.turned = line.turned != (op.attributes.get("perm") != [0, 1])


READERS: dict[str, Callable[[Op, Line], None]] = {
    "Add": _add,
    "BatchNormalization": _batch_norm,
    "Div": _div,
    "Dropout": _dropout,
    "Exp": _activation(lambda op: layers.Exponential()),
    "Flatten": _flatten,
    "Gelu": _activation(_gelu),
    "Gemm": _gemm,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": _activation(lambda op: layers.LeakyReLU(decimal(op.attribute("alpha", 0.01)))),
    "LogSoftmax": _log_softmax,
    "MatMul": _matmul,
    "Mul": _mul,
    "Neg": _activation(lambda op: Scale(-1)),
    "Relu": _activation(lambda op: layers.ReLU()),
    "Reshape": _reshape,
    "Sigmoid": _activation(lambda op: layers.Sigmoid()),
    "Softmax": _softmax,
    "Softplus": _activation(lambda op: layers.Softplus()),
    "Squeeze": _squeeze,
    "Sub": _sub,
    "Tanh": _activation(lambda op: layers.Tanh()),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "ai.onnx.ml.Scaler": _scaler,
}
"""For each operator a function (op, line) that adds its layers.

`Swish` and its kin are told by `recognition`.
"""
