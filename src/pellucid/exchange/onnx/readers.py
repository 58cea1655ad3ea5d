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

from pellucid.core import activations, layers
from pellucid.core.composite import Dropout
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Scale, SmoothClip, Standardize
from pellucid.core.types import Array
from pellucid.errors import Message
from pellucid.exchange.onnx import shape_readers
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.operands import Constant, check_flat, matrix, operand, vector, weights
from pellucid.exchange.onnx.operators import ATTRIBUTED, ELEMENTWISE, LAYER, REDUCTIONS, Op
from pellucid.exchange.onnx.recognition import decimal
from pellucid.exchange.onnx.shapes import ROWS
from pellucid.exchange.onnx.wiring import WIRING, read_wiring

# The width up to which factors that Standardize cannot hold become a matrix: 4 MB in float32.
LARGEST_DIAGONAL = 1024


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
    W = matrix(op, op.input(1 if first else 0))
    W = W.T if bool(turns[1 if first else 0]) == first else W
    alpha, beta = op.attribute("alpha", 1.0), op.attribute("beta", 1.0)
    built.transposed = not first
    after = Builder((W.shape[1],), transposed=built.transposed)
    C = None if op.input(2) is None or beta == 0 else vector(op, op.input(2), after)
    # Multiplied in the weights' own type, and not at all by 1: that keeps their bits.
    b = C if C is None or beta == 1 else C * C.dtype.type(beta)
    _affine(op, built, W if alpha == 1 else W * W.dtype.type(alpha), b)


def _matmul(op: Op, built: Builder) -> None:
    first = isinstance(op.input(0), str)
    if len(built.row) != 1 or built.transposed == first:
        check_flat(op, built)
        raise op.error(Message("weights come before the batch: expected x W"))
    W = weights(op, op.input(1 if first else 0))
    if W.ndim == 1 and first:  # x w has shape (N,): no axis of columns is left
        _affine(op, built, W[:, None], None)
        built.row = ()
    else:
        _affine(op, built, matrix(op, W if first else W.T), None)


def _linear_regressor(op: Op, built: Builder) -> None:
    """Read scikit-learn's linear models: x times the coefficients of each target."""
    check_flat(op, built)
    if op.attribute("post_transform", b"NONE") != b"NONE":
        raise op.error(Message("expected post_transform NONE"))
    targets = op.attribute("targets", 1)
    W = np.array(op.attribute("coefficients", []), built.dtype).reshape(targets, -1).T
    b = np.array(op.attributes.get("intercepts", [0.0] * targets), built.dtype)
    _affine(op, built, W, b)


# Arithmetic with constants


def _add(op: Op, built: Builder) -> None:
    constant = op.input(1) if isinstance(op.input(0), str) else op.input(0)
    b, last = vector(op, constant, built), built.last
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
        mean = vector(op, op.input(1), built)
        built.add(Standardize(mean, np.ones_like(mean)))
    else:
        b = vector(op, op.input(0), built)
        built.add(Scale(-1), Standardize(-b, np.ones_like(b)))


def _mul(op: Op, built: Builder) -> None:
    given = op.input(1) if isinstance(op.input(0), str) else op.input(0)
    constant, last = operand(op, given, built), built.last
    if _takes_vector(last, constant) and (last.gamma == 1).all() and not last.beta.any():
        built.layers[-1] = LayerNorm(vector(op, constant, built), last.beta, last.epsilon)
    elif _fits_scale(constant):
        built.add(Scale(constant.item()))
    else:
        _divide(op, built, 1 / vector(op, constant, built))


def _div(op: Op, built: Builder) -> None:
    constant = operand(op, op.constant(1), built)
    if not constant.all():
        raise op.error(Message("it divides by 0"))
    # Behind a Sub the divisor belongs to its Standardize; otherwise one number is a Scale.
    exact = constant.size == 1 and (constant.dtype == np.float32 or _fits_scale(1 / constant))
    if exact and not _is_centring(built.last):
        built.add(Scale(1 / float(constant.item())))
    else:
        _divide(op, built, vector(op, constant, built))


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


def _takes_vector(last: Layer | None, constant: Constant) -> TypeGuard[LayerNorm]:
    """Return whether the constant may be gamma or beta of a LayerNorm that comes before."""
    return isinstance(last, LayerNorm) and isinstance(constant, np.ndarray) and constant.ndim > 0


def _fits_scale(constant: Array) -> bool:
    """Return whether Scale, whose factor is a float32, can hold a constant exactly."""
    return constant.size == 1 and float(np.float32(constant.item())) == constant.item() != 0


def _scaler(op: Op, built: Builder) -> None:
    """Read scikit-learn's scalers: (x - offset) * scale."""
    offset, scale = (np.array(op.attribute(name, []), np.float32) for name in ("offset", "scale"))
    mean = vector(op, offset, built)
    built.add(Standardize(mean, np.ones_like(mean)))
    _divide(op, built, 1 / vector(op, scale, built))


# Normalisation, activations, shapes


def _batch_norm(op: Op, built: Builder) -> None:
    check_flat(op, built)
    # Before opset 14 its further outputs, the statistics of the batch, were the training mode.
    if op.attribute("training_mode", 0) or (op.opset < 14 and op.more):
        raise op.error(Message("it is in training mode: export the network in evaluation mode"))
    gamma, beta, mean, variance = (vector(op, op.input(index), built) for index in range(1, 5))
    # ONNX's momentum is the share of the old mean that is kept, ours that of the new one.
    momentum = decimal(1 - decimal(op.attribute("momentum", 0.9)))
    epsilon = decimal(op.attribute("epsilon", 1e-5))
    built.add(BatchNorm(gamma, beta, mean, variance, momentum, epsilon))


def _layer_norm(op: Op, built: Builder) -> None:
    _check_whole_rows(op, built, op.attribute("axis", -1), to_the_last=True)
    gamma = vector(op, op.input(1), built)
    beta = None if op.input(2) is None else vector(op, op.input(2), built)
    built.add(LayerNorm(gamma, beta, decimal(op.attribute("epsilon", 1e-5))))


def _softmax(op: Op, built: Builder) -> None:
    # Before opset 13 it went over all axes from one on, which was axis 1 by default.
    old = op.opset < 13
    _check_whole_rows(op, built, op.attribute("axis", 1 if old else -1), to_the_last=old)
    built.add(layers.Softmax() if op.kind == "Softmax" else activations.LogSoftmax())


def _check_whole_rows(op: Op, built: Builder, axis: int, *, to_the_last: bool) -> None:
    """Raise InputError unless the operator takes all numbers of each row together.

    It goes along one axis, or along all axes from this one to the last.
    """
    sizes = [*built.row, ROWS] if built.transposed else [ROWS, *built.row]
    place = axis + len(sizes) if axis < 0 else axis
    if not 0 <= place < len(sizes):
        raise op.error(
            Message("its axis is {axis}, but it has {rank} axes", axis=axis, rank=len(sizes))
        )
    together = range(place, len(sizes) if to_the_last else place + 1)
    if any(sizes[index] == ROWS for index in together):
        raise op.error(Message("it mixes rows: expected an axis that keeps each row by itself"))
    if any(size != 1 for index, size in enumerate(sizes) if index not in together and size != ROWS):
        shape = ("N", *built.row)
        template = (
            "it takes a row in groups: axis {axis} of {shape}; expected all of each row together"
        )
        raise op.error(Message(template, axis=axis, shape=shape))


def _prelu(op: Op, built: Builder) -> None:
    slope = operand(op, op.input(1), built)
    built.add(activations.PReLU(slope.ravel() if slope.size == 1 else vector(op, slope, built)))


def _selu(op: Op, built: Builder) -> None:
    for name, known in (("alpha", activations.SELU_ALPHA), ("gamma", activations.SELU_SCALE)):
        if not math.isclose(op.attribute(name, known), known, rel_tol=1e-6):
            raise op.error(Message("expected {name} {known}, that of SELU", name=name, known=known))
    built.add(activations.SELU())


def _dropout(op: Op, built: Builder) -> None:
    given, training = op.constant(1), op.constant(2)  # the rate was an attribute before opset 12
    rate = decimal(op.attribute("ratio", 0.5) if given is None else given.item())
    if rate and training is not None and training.any():
        template = (
            "it is in training mode and drops numbers in prediction as well: export the network in "
            "evaluation mode, and call functional.dropout with training=False"
        )
        raise op.error(Message(template))
    built.add(Dropout(rate))


def _layer(op: Op, built: Builder) -> None:
    layer, D = op.layer(), built.D
    if not isinstance(layer, (layers.Activation, Dropout, Scale, SmoothClip)):
        check_flat(op, built)  # others combine the numbers of a row, which must lie in one axis
        if D is not None:
            built.row = (layer.output_width(D),)
    built.add(layer)


_Reader: TypeAlias = Callable[[Op, Builder], None]


def _activation(make: Callable[[Op], Layer]) -> _Reader:
    return lambda op, built: built.add(make(op))


READERS: dict[str, _Reader] = {
    **dict.fromkeys(WIRING, read_wiring),
    "Add": _add,
    "BatchNormalization": _batch_norm,
    "Div": _div,
    "Dropout": _dropout,
    "Elu": _activation(lambda op: activations.ELU(decimal(op.attribute("alpha", 1.0)))),
    "Exp": _activation(lambda op: layers.Exponential()),
    "Flatten": shape_readers.flatten,
    "Gelu": _activation(lambda op: activations.GELU(op.attribute("approximate", b"none").decode())),
    "Gemm": _gemm,
    "HardSwish": _activation(lambda op: activations.Hardswish()),
    "LayerNormalization": _layer_norm,
    "LeakyRelu": _activation(lambda op: layers.LeakyReLU(decimal(op.attribute("alpha", 0.01)))),
    "LogSoftmax": _softmax,
    "MatMul": _matmul,
    "Mish": _activation(lambda op: activations.Mish()),
    "Mul": _mul,
    "Neg": _activation(lambda op: Scale(-1)),
    "PRelu": _prelu,
    "Relu": _activation(lambda op: layers.ReLU()),
    "Reshape": shape_readers.reshape,
    "Selu": _selu,
    "Sigmoid": _activation(lambda op: layers.Sigmoid()),
    "Softmax": _softmax,
    "Softplus": _activation(lambda op: layers.Softplus()),
    "Squeeze": shape_readers.squeeze,
    "Sub": _sub,
    "Tanh": _activation(lambda op: layers.Tanh()),
    "Transpose": shape_readers.transpose,
    "Unsqueeze": shape_readers.unsqueeze,
    "ai.onnx.ml.LinearRegressor": _linear_regressor,
    "ai.onnx.ml.Scaler": _scaler,
    LAYER: _layer,
}
"""For each operator a function (op, built) that adds its layers.

`recognition` finds Swish and others that are functions of single numbers.
"""


def is_known(kind: str) -> bool:
    """Return whether graphs may hold the operator, as a layer or in a function written out."""
    return any(kind in table for table in (READERS, ELEMENTWISE, ATTRIBUTED, REDUCTIONS))
