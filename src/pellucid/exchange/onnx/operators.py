"""ONNX operators in NumPy: to compute constants, and to recognise functions that are written out.

This is no runtime: it has the operators that stand between weights and layers in the files of
PyTorch, scikit-learn's converter and similar exporters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from pellucid.core import functions
from pellucid.core.erf import erfc
from pellucid.core.layer import Layer
from pellucid.core.layers import Activation
from pellucid.core.types import Array, Options
from pellucid.errors import InputError, Message, PellucidError

T = TypeVar("T")

# What Python and NumPy raise where a node's inputs, attributes and shapes do not fit each other.
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, MemoryError)

LAYER = "pellucid.Layer"
"""The kind of an operator that carries a layer: what the import of PyTorch's modules makes."""


class Op(NamedTuple):
    """One node with its constant inputs in place.

    `kind` is the operator, with its domain unless that is ONNX's own ("ai.onnx.ml.Scaler"). An
    input is an array if it is constant, a tensor's name if it depends on the graph's input, and
    None if it is left out. `opset` is the version of the operator's domain, `more` are the outputs
    behind the first.
    """

    kind: str
    name: str
    inputs: tuple[Array | str | None, ...]
    output: str
    attributes: Options
    opset: int
    more: tuple[str, ...] = ()

    @property
    def live(self) -> list[str]:
        """The inputs that depend on the graph's input."""
        return [value for value in self.inputs if isinstance(value, str)]

    @property
    def constants(self) -> list[Array]:
        """The constants among the inputs."""
        return [value for value in self.inputs if isinstance(value, np.ndarray)]

    def input(self, index: int) -> Array | str | None:
        """Return an input, None where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def constant(self, index: int) -> Array | None:
        """Return a constant input, None where it is left out; raises InputError for a tensor."""
        value = self.input(index)
        if isinstance(value, str):
            raise self.error(Message("its input {tensor} must be a constant", tensor=value))
        return value

    def attribute(self, name: str, default: T) -> T:
        """Return an attribute of the default's type."""
        value = self.attributes.get(name, default)
        if type(value) is not type(default):
            raise self.error(Message("its attribute {name} is malformed", name=name))
        return value

    def axes(self) -> tuple[int, ...] | None:
        """Return the axes of a reduction or squeeze; None means all."""
        axes = self.attributes.get("axes")
        if axes is None:  # later opsets have an input instead
            given = self.constant(1)
            axes = None if given is None else given.ravel().tolist()
        return None if axes is None else tuple(axes)

    def layer(self) -> Layer:
        """Return the layer that the operator carries; no file can hold one."""
        found = self.attributes.get("layer")
        if not isinstance(found, Layer):
            raise self.error(Message("this operator is not supported in dense networks"))
        return found

    def reduced_axes(self, rank: int) -> tuple[int, ...]:
        """Return the axes of a reduction of a tensor of this rank."""
        if axes := self.axes():
            return axes
        return () if self.attribute("noop_with_empty_axes", 0) else tuple(range(rank))

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Raise InputError that names this node where Python or NumPy finds no fit."""
        try:
            yield
        except PellucidError:
            raise
        except MALFORMED as error:
            reason = Message("its inputs, attributes and shapes do not fit each other")
            raise self.error(reason) from error

    def error(self, reason: Message) -> InputError:
        """Return the error that names this node."""
        template = "node {node} ({kind}): {reason}"
        return InputError(template, node=self.name, kind=self.kind, reason=reason)


_Function: TypeAlias = Callable[..., Array]


def _divide(a: Array, b: Array) -> Array:
    if np.result_type(a, b).kind == "f":
        return np.divide(a, b)
    return np.floor_divide(np.abs(a), np.abs(b)) * np.sign(a) * np.sign(b)  # towards 0


# Of the same name in NumPy and in core, in small letters.
_IN_NUMPY = ("Abs", "Add", "Equal", "Exp", "Greater", "Less", "Log", "Sign", "Sqrt", "Tanh")
_IN_CORE = ("Relu", "Sigmoid", "Softplus")

ELEMENTWISE: dict[str, _Function] = {
    **{kind: getattr(np, kind.lower()) for kind in _IN_NUMPY},
    **{kind: getattr(functions, kind.lower()) for kind in _IN_CORE},
    "And": np.logical_and,
    "Div": _divide,
    "Erf": lambda x: 1 - erfc(x),
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "Mish": lambda x: x * np.tanh(functions.softplus(x)),
    "GreaterOrEqual": np.greater_equal,
    "LessOrEqual": np.less_equal,
    "Max": lambda *x: reduce(np.maximum, x),
    "Min": lambda *x: reduce(np.minimum, x),
    "Mul": np.multiply,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Or": np.logical_or,
    "Pow": np.power,
    "PRelu": lambda x, slope: np.where(x < 0, slope * x, x),
    "Reciprocal": lambda x: 1 / x,
    "Sub": np.subtract,
    "Sum": lambda *x: reduce(np.add, x),
    "Where": np.where,
}
"""Operators without attributes that compute each number by itself."""


def _reduction(function: _Function) -> _Function:
    def reduced(op: Op, x: Array, axes: Array | None = None) -> Array:
        axis = op.reduced_axes(x.ndim)
        return np.asarray(function(x, axis=axis, keepdims=op.attribute("keepdims", 1) != 0))

    return reduced


def _clip(op: Op, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    # Bounds were attributes before opset 11, and are inputs since.
    lowest = op.attribute("min", -math.inf) if low is None else low
    highest = op.attribute("max", math.inf) if high is None else high
    return np.minimum(np.maximum(x, lowest), highest)


def _selu(op: Op, x: Array) -> Array:
    alpha, gamma = op.attribute("alpha", 1.6732632), op.attribute("gamma", 1.050701)
    return gamma * np.where(x < 0, alpha * np.expm1(x), x)


def _cast_like(op: Op, x: Array, like: Array) -> Array:
    if like.dtype not in CAST.values():
        raise op.error(Message("it casts to an unsupported type"))
    return x.astype(like.dtype)


def _cast(op: Op, x: Array) -> Array:
    if (kind := CAST.get(op.attribute("to", 1))) is None:
        raise op.error(Message("it casts to an unsupported type"))
    # Half precision is rounded to, and kept in float32, as weights are.
    return x.astype(kind).astype(np.float32) if kind is np.float16 else x.astype(kind)


ATTRIBUTED: dict[str, _Function] = {
    "Cast": _cast,
    "CastLike": _cast_like,
    "Clip": _clip,
    "HardSigmoid": lambda op, x: np.clip(
        op.attribute("alpha", 0.2) * x + op.attribute("beta", 0.5), 0, 1
    ),
    "Elu": lambda op, x: np.where(x < 0, op.attribute("alpha", 1.0) * np.expm1(x), x),
    "LeakyRelu": lambda op, x: functions.leaky_relu(x, op.attribute("alpha", 0.01)),
    "Selu": _selu,
    "Mod": lambda op, a, b: (np.fmod if op.attribute("fmod", 0) else np.mod)(a, b),
    "Swish": lambda op, x: x * functions.sigmoid(op.attribute("alpha", 1.0) * x),
}
"""Operators with attributes that compute each number by itself; the first argument is the node."""

REDUCTIONS: dict[str, _Function] = {
    "ReduceL1": _reduction(lambda x, **axes: np.abs(x).sum(**axes)),
    "ReduceL2": _reduction(lambda x, **axes: np.sqrt((x * x).sum(**axes))),
    "ReduceLogSum": _reduction(lambda x, **axes: np.log(x.sum(**axes))),
    "ReduceLogSumExp": _reduction(np.logaddexp.reduce),
    "ReduceMax": _reduction(np.max),
    "ReduceMean": _reduction(np.mean),
    "ReduceMin": _reduction(np.min),
    "ReduceProd": _reduction(np.prod),
    "ReduceSum": _reduction(np.sum),
    "ReduceSumSquare": _reduction(lambda x, **axes: (x * x).sum(**axes)),
}
"""Operators that take the numbers along some axes together; the first argument is the node."""

# By TensorProto.DataType.
CAST: dict[int, type[np.generic]] = {1: np.float32, 10: np.float16, 11: np.float64}
CAST |= {6: np.int32, 7: np.int64, 9: np.bool_}


def _reshape(op: Op, x: Array, shape: Array) -> Array:
    keeps = op.attribute("allowzero", 0) == 0  # a size of 0 copies the input's size
    sizes = enumerate(shape.tolist())
    return x.reshape([x.shape[axis] if size == 0 and keeps else size for axis, size in sizes])


def _slice(op: Op, x: Array, *given: Array | None) -> Array:
    names = ("starts", "ends", "axes", "steps")
    # They were attributes before opset 10.
    found = [None if value is None else value.tolist() for value in given]
    found = found or [op.attributes.get(name) for name in names]
    starts, ends, axes, steps = (each or [] for each in (*found, None, None)[:4])
    places = [slice(None)] * x.ndim
    for index, axis in enumerate(axes or range(len(starts))):
        places[axis] = slice(starts[index], ends[index], steps[index] if steps else 1)
    return x[tuple(places)]


def _filled(op: Op, shape: Array) -> Array:
    value = op.attribute("value", np.zeros(1, np.float32))
    return np.full(shape, value.item(), value.dtype)


SHAPING: dict[str, _Function] = {
    "Concat": lambda op, *x: np.concatenate(x, op.attribute("axis", 0)),
    "ConstantOfShape": _filled,
    "Expand": lambda op, x, shape: x * np.ones(shape, x.dtype),
    "Flatten": lambda op, x: x.reshape(math.prod(x.shape[: op.attribute("axis", 1)]), -1),
    "Gather": lambda op, x, indices: np.take(x, indices, op.attribute("axis", 0)),
    "Identity": lambda op, x: x,
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": lambda op, x, axes=None: np.squeeze(x, op.axes()),
    "Transpose": lambda op, x: np.transpose(x, op.attributes.get("perm")),
    "Unsqueeze": lambda op, x, axes=None: np.expand_dims(x, op.axes() or ()),
}
"""Operators that move numbers without changing them; the first argument is the node."""


def row_function(op: Op, values: Sequence[Array | None]) -> Array | None:
    """Compute an operator of the three tables above; return None for another one."""
    if op.kind == LAYER and values[0] is not None:
        layer = op.layer()
        return layer.forward(values[0]) if isinstance(layer, Activation) else None
    if op.kind in ELEMENTWISE:
        return ELEMENTWISE[op.kind](*values)
    function = ATTRIBUTED.get(op.kind) or REDUCTIONS.get(op.kind)
    return None if function is None else function(op, *values)


def fold(op: Op, room: int) -> Array | None:
    """Compute an operator whose inputs are all constants; return None for an unknown one.

    Raises InputError where the result has more than `room` numbers.
    """
    arrays = op.constants
    # Counted before computing: a few bytes can ask for terabytes (Gather, broadcasting).
    if op.kind == "Gather" and len(arrays) == 2:
        made = math.prod(arrays[0].shape) * arrays[1].size
    elif op.kind == "ConstantOfShape":
        made = math.prod(arrays[0].tolist())
    elif op.kind == "Expand":
        made = math.prod(np.broadcast_shapes(arrays[0].shape, tuple(arrays[1].tolist())))
    elif op.kind in ELEMENTWISE:
        made = math.prod(np.broadcast_shapes(*(array.shape for array in arrays)))
    else:
        made = sum(array.size for array in arrays)
    if made > room:
        raise op.error(Message("it computes {made:,} constants, too many for its file", made=made))
    if op.kind in SHAPING:
        return np.asarray(SHAPING[op.kind](op, *op.inputs))
    found = row_function(op, [value for value in op.inputs if not isinstance(value, str)])
    return None if found is None else np.asarray(found)
