"""What operators of ONNX compute, in NumPy: to work out constants, and to see what a written-out
function does.

It is no runtime: only what stands between weights and layers in files of PyTorch, scikit-learn's
converter and their kin is here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import functions
from pellucid.core.erf import erfc
from pellucid.core.types import Array
from pellucid.errors import InputError, Message


class Op(NamedTuple):
    """One node: its operator (of another domain than ONNX's own: "ai.onnx.ml.Scaler") with its
    constants in place.

    An input is an array where it is constant, the tensor's name where it is made of the graph's
    input, and None where it is left out. `opset` is the version of the operator's domain.
    """

    kind: str
    name: str
    inputs: tuple[Array | str | None, ...]
    output: str
    attributes: dict[str, Any]
    opset: int

    @property
    def live(self) -> list[str]:
        """The tensors among the inputs that are made of the graph's input."""
        return [value for value in self.inputs if isinstance(value, str)]

    @property
    def constants(self) -> list[Array]:
        """The constants among the inputs."""
        return [value for value in self.inputs if isinstance(value, np.ndarray)]

    def input(self, index: int) -> Array | str | None:
        """Give an input, None where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def constant(self, index: int) -> Array | None:
        """Give an input that must be constant, None where it is left out.

        Raises InputError where it is not.
        """
        value = self.input(index)
        if isinstance(value, str):
            raise self.error(
                Message(
                    "its input {tensor} must be a constant, not made of the graph's input",
                    tensor=value,
                )
            )
        return value

    def attribute(self, name: str, default: Any) -> Any:
        """Give an attribute of the default's type."""
        value = self.attributes.get(name, default)
        if type(value) is not type(default):
            raise self.error(Message("its attribute {name} is malformed", name=name))
        return value

    def axes(self) -> list[int] | None:
        """Give the axes that it is about, an attribute once and an input today; None for all."""
        axes = self.attributes.get("axes")
        if axes is None:
            given = self.constant(1)
            axes = None if given is None else given.ravel().tolist()
        return axes

    def error(self, reason: Message) -> InputError:
        """Give the error that names this node."""
        return InputError(
            "node {node} ({kind}): {reason}", node=self.name, kind=self.kind, reason=reason
        )


def _divide(a: Array, b: Array) -> Array:
    return np.divide(a, b) if np.result_type(a, b).kind == "f" else np.floor_divide(a, b)


ELEMENTWISE: dict[str, Callable[..., Array]] = {
    "Abs": np.abs,
    "Add": np.add,
    "Div": _divide,
    "Equal": np.equal,
    "Erf": lambda x: 1 - erfc(x),
    "Exp": np.exp,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Log": np.log,
    "Max": lambda *x: reduce(np.maximum, x),
    "Min": lambda *x: reduce(np.minimum, x),
    "Mul": np.multiply,
    "Neg": np.negative,
    "Pow": np.power,
    "PRelu": lambda x, slope: np.where(x < 0, slope * x, x),
    "Reciprocal": lambda x: 1 / x,
    "Relu": functions.relu,
    "Sigmoid": functions.sigmoid,
    "Sign": np.sign,
    "Softplus": functions.softplus,
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
    "Sum": lambda *x: reduce(np.add, x),
    "Tanh": np.tanh,
    "Where": np.where,
}
"""Operators that treat each number by itself and have no attributes."""


def _reduction(function: Callable[..., Array]) -> Callable[..., Array]:
    def reduced(op: Op, x: Array, axes: Array | None = None) -> Array:
        found = op.axes()
        return function(
            x,
            axis=None if found is None else tuple(found),
            keepdims=op.attribute("keepdims", 1) != 0,
        )

    return reduced


def _clip(op: Op, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    lowest = op.attribute("min", -math.inf) if low is None else low
    highest = op.attribute("max", math.inf) if high is None else high
    return np.minimum(np.maximum(x, lowest), highest)


def _leaky_relu(op: Op, x: Array) -> Array:
    return functions.leaky_relu(x, op.attribute("alpha", 0.01))


def _cast(op: Op, x: Array) -> Array:
    kind = CAST.get(op.attribute("to", 1))
    if kind is None:
        raise op.error(Message("it casts to a type that is not known here"))
    return x.astype(kind)


ROWWISE: dict[str, Callable[..., Array]] = {
    "Cast": _cast,
    "Clip": _clip,
    "LeakyRelu": _leaky_relu,
    "ReduceMax": _reduction(np.max),
    "ReduceMean": _reduction(np.mean),
    "ReduceSum": _reduction(np.sum),
    "Swish": lambda op, x: x * functions.sigmoid(op.attribute("alpha", 1.0) * x),
}
"""Operators with attributes that take rows and keep them apart; the first argument is the node."""

CAST = {
    1: np.float32,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    11: np.float64,
}  # by TensorProto.DataType


def _transpose(op: Op, x: Array) -> Array:
    return np.transpose(x, op.attributes.get("perm"))


def _reshape(op: Op, x: Array, shape: Array) -> Array:
    keeps = op.attribute("allowzero", 0) == 0
    sizes = [
        x.shape[axis] if size == 0 and keeps else size for axis, size in enumerate(shape.tolist())
    ]
    return x.reshape(sizes)


def _squeeze(op: Op, x: Array, axes: Array | None = None) -> Array:
    found = op.axes()
    return np.squeeze(x, None if found is None else tuple(found))


def _unsqueeze(op: Op, x: Array, axes: Array | None = None) -> Array:
    return np.expand_dims(x, tuple(op.axes() or ()))


def _slice(
    op: Op,
    x: Array,
    starts: Array,
    ends: Array,
    axes: Array | None = None,
    steps: Array | None = None,
) -> Array:
    if x.ndim != 1 or starts.size != 1 or ends.size != 1:
        raise op.error(Message("only shapes are cut into pieces here"))
    return x[int(starts.item()) : int(ends.item()) : 1 if steps is None else int(steps.item())]


SHAPING: dict[str, Callable[..., Array]] = {
    "Concat": lambda op, *x: np.concatenate(x, op.attribute("axis", 0)),
    "Flatten": lambda op, x: x.reshape(math.prod(x.shape[: op.attribute("axis", 1)]), -1),
    "Gather": lambda op, x, indices: np.take(x, indices, op.attribute("axis", 0)),
    "Identity": lambda op, x: x,
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""Operators that move numbers without changing them: here for constants only.

The first argument is the node.
"""


def is_row_function(op: Op) -> bool:
    """Tell whether `row_function` knows the operator."""
    return op.kind in ELEMENTWISE or op.kind in ROWWISE


def row_function(op: Op, values: list[Any]) -> Array | None:
    """Compute an operator that keeps rows apart; None for one that is not known."""
    if op.kind in ELEMENTWISE:
        return ELEMENTWISE[op.kind](*values)
    return ROWWISE[op.kind](op, *values) if op.kind in ROWWISE else None


def fold(op: Op, room: int) -> Array | None:
    """Compute an operator all of whose inputs are constants; None for one that is not known.

    Raises InputError where it would make more numbers than there is room for: few bytes can ask for
    many.
    """
    arrays = op.constants
    if op.kind == "Gather":
        made = math.prod(arrays[0].shape) * arrays[1].size
    elif op.kind in ELEMENTWISE:
        made = math.prod(np.broadcast_shapes(*(array.shape for array in arrays)))
    else:
        made = sum(array.size for array in arrays)
    if made > room:
        raise op.error(
            Message("it makes {made:,} constants, too many for a network of this size", made=made)
        )
    if op.kind in SHAPING:
        return np.asarray(SHAPING[op.kind](op, *op.inputs))
    found = row_function(op, list(op.inputs))
    return None if found is None else np.asarray(found)
