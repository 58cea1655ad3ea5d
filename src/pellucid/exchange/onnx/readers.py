"""One operator as layers: the table `READERS`, and the list of layers that it adds to.

Weights keep their bits. Three things are computed and may differ in the last place: Gemm's alpha
and beta where they are not 1, factors (which become divisors, or a float32 factor), and a constant
added to an Affine layer that already has a bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias, TypeGuard

import numpy as np

from pellucid.core import layers
from pellucid.core.composite import Dropout
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize
from pellucid.core.types import Array
from pellucid.errors import Message
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.graph import ROWS
from pellucid.exchange.onnx.operators import LAYER, Op
from pellucid.exchange.onnx.recognition import decimal

# The width up to which factors that Standardize cannot hold become a matrix: 4 MB in float32.
LARGEST_DIAGONAL = 1024


_Constant: TypeAlias = Array | str | None


def _weights(op: Op, value: _Constant) -> Array:
    """Return a constant for a layer; raises InputError unless its numbers are finite floats."""
    if not isinstance(value, np.ndarray):
        raise op.error(Message("its weights must be constants"))
    if value.dtype not in (np.float32, np.float64):
        kind = value.dtype
        raise op.error(Message("its weights are {kind}; expected float32 or float64", kind=kind))
    if not np.isfinite(value).all():
        raise op.error(Message("its weights hold NaN or infinity"))
    return value


def _vector(op: Op, value: _Constant, built: Builder) -> Array:
    """Return a constant that broadcasts over the rows, as one number for each column, (D,)."""
    value = _weights(op, value)
    if built.transposed and value.ndim == 2:
        value = value.T
    if built.row == (None,) and value.ndim and value.shape[-1] > 1:
        built.row = value.shape[-1:]
    if built.D is None:
        raise op.error(Message("the width of its rows is unknown: give the graph's input a shape"))
    rows = (1, *(size or 1 for size in built.row))
    lead = value.shape[: max(0, value.ndim - len(rows))]
    if set(lead) <= {1}:
        value = value.reshape(value.shape[len(lead) :])
        # A plain vector broadcasts along the rows of a transposed batch, not along its columns.
        along_rows = built.transposed and value.ndim == 1 and value.size > 1
        if np.broadcast_shapes(value.shape, rows) == rows and not along_rows:
            built.reserve(op, math.prod(rows) - value.size)
            return np.array(np.broadcast_to(value, rows)).ravel()
    shapes = {"got": value.shape, "row": built.row}
    raise op.error(Message("a constant of shape {got} does not fit rows of shape {row}", **shapes))


def _matrix(op: Op, value: _Constant) -> Array:
    W = _weights(op, value)
    if W.ndim != 2:
        raise op.error(Message("expected a matrix of weights, got shape {got}", got=W.shape))
    return W


def _check_flat(op: Op, built: Builder) -> None:
    """Raise InputError unless the batch is (N, D) here."""
    if built.transposed or len(built.row) != 1:
        shape = (*built.row, "N") if built.transposed else ("N", *built.row)
        raise op.error(Message("expected a batch of shape (N, D), got {got}", got=shape))


# Affine layers


def _affine(op: Op, built: Builder, W: Array, b: Array | None) -> None:
    D = built.D if built.D is not None else W.shape[0]
    if W.shape[0] != D:
        template = "its weights expect {expected} inputs in each row, got {got}"
        raise op.error(Message(template, expected=W.shape[0], got=D))
    built.add(Affine(W, b))
    built.row = (W.shape[1],)


def _gemm(op: Op, built: Builder) -> None:
    """Read y = alpha A B + beta C with A and B transposed or not; one of them is the batch."""
    # The batch comes first in x W, and second in W x, where it is transposed.
    first = isinstance(op.input(0), str)
    turns = (op.attribute("transA", 0), op.attribute("transB", 0))
    if len(built.row) != 1 or (bool(turns[0 if first else 1]) != built.transposed) == first:
        template = "expected a batch of shape (N, D) times weights, got {got}"
        raise op.error(Message(template, got=("N", *built.row)))
    W = _matrix(op, op.input(1 if first else 0))
    W = W.T if bool(turns[1 if first else 0]) == first else W
    alpha, beta = op.attribute("alpha", 1.0), op.attribute("beta", 1.0)
    built.transposed = not first
    after = Builder((W.shape[1],), transposed=built.transposed)
    C = None if op.input(2) is None or beta == 0 else _vector(op, op.input(2), after)
    # Multiplied in the weights' own type, and not at all by 1: that keeps their bits.
    b = C if C is None or beta == 1 else C * C.dtype.type(beta)
    _affine(op, built, W if alpha == 1 else W * W.dtype.type(alpha), b)


def _matmul(op: Op, built: Builder) -> None:
    first = isinstance(op.input(0), str)
    if len(built.row) != 1 or built.transposed == first:
        _check_flat(op, built)
        raise op.error(Message("weights come before the batch: expected x W"))
    W = _weights(op, op.input(1 if first else 0))
    if W.ndim == 1 and first:  # x w has shape (N,): no axis of columns is left
        _affine(op, built, W[:, None], None)
        built.row = ()
    else:
        _affine(op, built, _matrix(op, W if first else W.T), None)


# Arithmetic with constants


def _add(op: Op, built: Builder) -> None:
    constant = op.input(1) if isinstance(op.input(0), str) else op.input(0)
    b, last = _vector(op, constant, built), built.last
    if isinstance(last, Affine):
        built.layers[-1] = Affine(last.W, b if last.b is None else last.b + b)
    elif _takes_vector(last, constant) and not last.beta.any():
        built.layers[-1] = LayerNorm(last.gamma, b, last.epsilon)
    elif isinstance(last, Standardize) and not last.mean.any():
        built.layers[-1] = Standardize(-b * last.std, last.std)
    else:
        built.add(Standardize(-b, np.ones_like(b)))


def _sub(op: Op, built: Builder) -> None:
    if isinstance(op.input(0), str):
        mean = _vector(op, op.input(1), built)
        built.add(Standardize(mean, np.ones_like(mean)))
    else:
        b = _vector(op, op.input(0), built)
        built.add(Scale(-1), Standardize(-b, np.ones_like(b)))


def _mul(op: Op, built: Builder) -> None:
    constant = _weights(op, op.input(1) if isinstance(op.input(0), str) else op.input(0))
    last = built.last
    if _takes_vector(last, constant) and (last.gamma == 1).all() and not last.beta.any():
        built.layers[-1] = LayerNorm(_vector(op, constant, built), last.beta, last.epsilon)
    elif _fits_scale(constant):
        built.add(Scale(constant.item()))
    else:
        _divide(op, built, 1 / _vector(op, constant, built))


def _div(op: Op, built: Builder) -> None:
    constant = _weights(op, op.constant(1))
    if not constant.all():
        raise op.error(Message("it divides by 0"))
    # Behind a Sub the divisor belongs to its Standardize; otherwise one number is a Scale.
    exact = constant.size == 1 and (constant.dtype == np.float32 or _fits_scale(1 / constant))
    if exact and not _is_centring(built.last):
        built.add(Scale(1 / float(constant.item())))
    else:
        _divide(op, built, _vector(op, constant, built))


def _divide(op: Op, built: Builder, divisor: Array) -> None:
    last = built.last
    if (divisor > 0).all() and np.isfinite(divisor).all():
        if _is_centring(last):
            built.layers[-1] = Standardize(last.mean, divisor)
        else:
            built.add(Standardize(np.zeros_like(divisor), divisor))
    elif divisor.size <= LARGEST_DIAGONAL and divisor.all():
        built.reserve(op, divisor.size**2)
        built.add(Affine(np.diag(1 / divisor)))
    else:
        template = "it multiplies more than {most:,} columns by 0 or by negative numbers"
        raise op.error(Message(template, most=LARGEST_DIAGONAL))


def _is_centring(last: Layer | None) -> TypeGuard[Standardize]:
    """Return whether the last layer only subtracts a mean."""
    return isinstance(last, Standardize) and bool((last.std == 1).all())


def _takes_vector(last: Layer | None, constant: _Constant) -> TypeGuard[LayerNorm]:
    """Return whether the constant may be gamma or beta of a LayerNorm that comes before."""
    return isinstance(last, LayerNorm) and isinstance(constant, np.ndarray) and constant.ndim > 0


def _fits_scale(constant: Array) -> bool:
    """Return whether Scale, whose factor is a float32, can hold a constant exactly."""
    return constant.size == 1 and float(np.float32(constant.item())) == constant.item() != 0


def _scaler(op: Op, built: Builder) -> None:
    """Read scikit-learn's scalers: (x - offset) * scale."""
    offset, scale = (np.array(op.attribute(name, []), np.float32) for name in ("offset", "scale"))
    mean = _vector(op, offset, built)
    built.add(Standardize(mean, np.ones_like(mean)))
    _divide(op, built, 1 / _vector(op, scale, built))


# Normalisation, activations, shapes


def _batch_norm(op: Op, built: Builder) -> None:
    _check_flat(op, built)
    if op.attribute("training_mode", 0):
        raise op.error(Message("it is in training mode: export the network in evaluation mode"))
    gamma, beta, mean, variance = (_vector(op, op.input(index), built) for index in range(1, 5))
    # ONNX's momentum is the share of the old mean that is kept, ours that of the new one.
    momentum = decimal(1 - decimal(op.attribute("momentum", 0.9)))
    epsilon = decimal(op.attribute("epsilon", 1e-5))
    built.add(BatchNorm(gamma, beta, mean, variance, momentum, epsilon))


def _layer_norm(op: Op, built: Builder) -> None:
    _check_last_axis(op, built, -1)
    gamma = _vector(op, op.input(1), built)
    beta = None if op.input(2) is None else _vector(op, op.input(2), built)
    built.add(LayerNorm(gamma, beta, decimal(op.attribute("epsilon", 1e-5))))


def _softmax(op: Op, built: Builder) -> None:
    # Before opset 13 the default axis was 1, which is the last of a flat batch, too.
    _check_last_axis(op, built, -1 if op.opset >= 13 else 1)
    built.add(layers.Softmax())


def _check_last_axis(op: Op, built: Builder, default: int) -> None:
    _check_flat(op, built)
    if op.attribute("axis", default) not in (-1, 1):
        raise op.error(Message("expected axis -1: each row by itself"))


def _log_softmax(op: Op, built: Builder) -> None:
    raise op.error(Message("LogSoftmax is not supported: export with Softmax, or with neither"))


def _dropout(op: Op, built: Builder) -> None:
    given = op.constant(1)  # an attribute before opset 12
    built.add(Dropout(decimal(op.attribute("ratio", 0.5) if given is None else given.item())))


def _flatten(op: Op, built: Builder) -> None:
    if built.transposed or op.attribute("axis", 1) not in (1, -len(built.row)):
        raise op.error(Message("expected axis 1: each row by itself"))
    if len(built.row) == 1:  # images already have a Flatten in front
        built.add(Flatten())
    built.row = (built.D,)


def _mixes_rows(op: Op) -> Exception:
    return op.error(Message("it does not keep rows apart"))


def _reshape(op: Op, built: Builder) -> None:
    shape, D = op.constant(1), built.D
    if built.transposed or shape is None or shape.ndim != 1 or shape.dtype.kind != "i":
        raise _mixes_rows(op)
    first, *rest = shape.tolist() or [0]
    zeros_copy = op.attribute("allowzero", 0) == 0
    copied = built.row if zeros_copy else ()
    row = [copied[i] if size == 0 and i < len(copied) else size for i, size in enumerate(rest)]
    known = math.prod(size for size in row if size not in (-1, None))
    # One -1 stands for whatever is left: for the rows, or for the one size that D determines.
    if row.count(-1) == 1 and first != -1 and D is not None and known and D % known == 0:
        row[row.index(-1)] = D // known
    keeps_rows = first in (-1, ROWS, built.batch) or (first == 0 and zeros_copy)
    fits = D is None or math.prod(size or 0 for size in row) == D
    if not keeps_rows or -1 in row or not fits:
        raise _mixes_rows(op)
    built.row = tuple(row)


def _squeeze(op: Op, built: Builder) -> None:
    rank = len(built.row) + 1
    axes = {axis % rank for axis in op.axes() or ()}
    if built.transposed or not axes or 0 in axes or any(built.row[axis - 1] != 1 for axis in axes):
        raise _mixes_rows(op)
    built.row = tuple(size for index, size in enumerate(built.row, 1) if index not in axes)


def _unsqueeze(op: Op, built: Builder) -> None:
    row, axes = list(built.row), op.axes() or ()
    rank = len(row) + 1 + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        if built.transposed or axis == 0:
            raise _mixes_rows(op)
        row.insert(axis - 1, 1)
    built.row = tuple(row)


def _transpose(op: Op, built: Builder) -> None:
    perm = op.attributes.get("perm")
    if len(built.row) != 1 or perm not in (None, [1, 0], [0, 1]):
        raise op.error(Message("expected rows of numbers, got {got}", got=("N", *built.row)))
    built.transposed = built.transposed != (perm != [0, 1])


def _layer(op: Op, built: Builder) -> None:
    layer, D = op.layer(), built.D
    if not isinstance(layer, (layers.Activation, Dropout, Scale, SmoothClip)):
        _check_flat(op, built)  # others combine the numbers of a row, which must lie in one axis
        if D is not None:
            built.row = (layer.output_width(D),)
    built.add(layer)


_Reader: TypeAlias = Callable[[Op, Builder], None]


def _activation(make: Callable[[Op], Layer]) -> _Reader:
    return lambda op, built: built.add(make(op))


READERS: dict[str, _Reader] = {
    "Add": _add,
    "BatchNormalization": _batch_norm,
    "Div": _div,
    "Dropout": _dropout,
    "Exp": _activation(lambda op: layers.Exponential()),
    "Flatten": _flatten,
    "Gelu": _activation(lambda op: layers.GELU(op.attribute("approximate", b"none").decode())),
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
    LAYER: _layer,
}
"""For each operator a function (op, built) that adds its layers.

`recognition` finds Swish and others that are functions of single numbers.
"""
