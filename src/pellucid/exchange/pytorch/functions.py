"""PyTorch's functions as operators of a graph: what `forward` calls, in the words of ONNX.

ONNX's operators are the ones that `exchange/onnx` already reads: weights around a batch, arithmetic
with constants, skips, functions that are written out. What is a layer by itself (nn.Linear, F.elu)
becomes an operator that carries the layer (`layer_functions`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from pellucid.errors import InputError
from pellucid.exchange.onnx.operators import Op
from pellucid.exchange.onnx.segments import operators_between
from pellucid.exchange.pytorch.layer_functions import LAYER_FUNCTIONS, Reader, only_input
from pellucid.exchange.pytorch.recording import Call, Live, Record, flat
from pellucid.exchange.pytorch.translation import MIXES_ROWS, UNKNOWN, Translation

# Arithmetic

_BINARY = {
    "add": "Add",
    "div": "Div",
    "divide": "Div",
    "eq": "Equal",
    "ge": "GreaterOrEqual",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "gt": "Greater",
    "le": "LessOrEqual",
    "less": "Less",
    "less_equal": "LessOrEqual",
    "lt": "Less",
    "maximum": "Max",
    "minimum": "Min",
    "mul": "Mul",
    "multiply": "Mul",
    "pow": "Pow",
    "sub": "Sub",
    "subtract": "Sub",
    "true_divide": "Div",
}
_REVERSED = {
    "__rdiv__": "Div",
    "__rpow__": "Pow",
    "__rsub__": "Sub",
    "__rtruediv__": "Div",
    "rsub": "Sub",
}
_UNARY = {
    "abs": "Abs",
    "absolute": "Abs",
    "erf": "Erf",
    "exp": "Exp",
    "log": "Log",
    "neg": "Neg",
    "negative": "Neg",
    "reciprocal": "Reciprocal",
    "sign": "Sign",
    "sqrt": "Sqrt",
}


def _binary(to: Translation, call: Call) -> None:
    kind = _BINARY.get(call.kind) or _REVERSED[call.kind]
    a, b = call.given(0, "input"), call.given(1, "other", call.kwargs.get("exponent"))
    if call.kwargs.get("rounding_mode") is not None:
        raise call.refused(UNKNOWN)
    alpha = call.kwargs.get("alpha", 1)
    if alpha != 1:
        b = to.append(call, "Mul", b, alpha, to=f"{call.outputs[0].name} alpha")
    a, b = (b, a) if call.kind in _REVERSED else (a, b)
    if kind == "Sub" and isinstance(a, Live) and isinstance(b, Live):
        # Skips are sums: a - b = a + (-b).
        kind, b = "Add", to.append(call, "Neg", b, to=f"{call.outputs[0].name} negative")
    to.append(call, kind, a, b)


def _unary(to: Translation, call: Call) -> None:
    to.append(call, _UNARY[call.kind], only_input(call))


def _square(to: Translation, call: Call) -> None:
    x = only_input(call)
    to.append(call, "Mul", x, x)


def _rsqrt(to: Translation, call: Call) -> None:
    # ONNX has no Rsqrt.
    root = to.append(call, "Sqrt", only_input(call), to=f"{call.outputs[0].name} root")
    to.append(call, "Reciprocal", root)


def _log1p(to: Translation, call: Call) -> None:
    # ONNX has no Log1p.
    more = to.append(call, "Add", only_input(call), 1.0, to=f"{call.outputs[0].name} more")
    to.append(call, "Log", more)


def _clamp(to: Translation, call: Call) -> None:
    names = {"clamp_min": ("min", None), "clamp_max": (None, "max")}
    found = [None, None]
    for index, name in enumerate(names.get(call.kind, ("min", "max"))):
        place = 1 if call.kind in names else index + 1
        found[index] = None if name is None else call.given(place, name)
    to.append(call, "Clip", only_input(call), *found)


def _where(to: Translation, call: Call) -> None:
    to.append(call, "Where", *(call.given(i, n) for i, n in enumerate(("condition", "i", "o"))))


# Along the columns of a row


def _axes(call: Call) -> tuple[Live, list[int], int]:
    """Return the tensor, the axes of a reduction, and whether it keeps them."""
    x, dim = only_input(call), call.given(1, "dim", call.kwargs.get("axis"))
    rank = len(x.shape)
    given = [dim] if isinstance(dim, int) else dim
    axes = sorted(each % rank for each in given) if given else list(range(rank))
    if 0 in axes:
        raise call.refused(MIXES_ROWS)
    # Of the values and indices that torch.max(x, dim) returns, output 0 is the values.
    keeps = len(call.outputs[0].shape) == rank
    return x, axes, int(keeps)


def _reduction(kind: str) -> Reader:
    def read(to: Translation, call: Call) -> None:
        if isinstance(call.given(1, "other"), (Live, torch.Tensor)):  # torch.max(a, b)
            to.append(call, kind.removeprefix("Reduce"), *call.args[:2])
            return
        x, axes, keeps = _axes(call)
        to.append(call, kind, x, axes=axes, keepdims=keeps)

    return read


def _variance(to: Translation, call: Call) -> None:
    """Read var and std: the mean of squares of what is left after subtracting the mean."""
    unbiased = call.kwargs.get("unbiased", call.given(2, "unbiased", True))
    correction = call.kwargs.get("correction", int(bool(unbiased)))
    x, axes, keeps = _axes(call)
    count = math.prod(x.shape[axis] for axis in axes)
    name = call.outputs[0].name
    mean = to.append(call, "ReduceMean", x, to=f"{name} mean", axes=axes, keepdims=1)
    centred = to.append(call, "Sub", x, mean, to=f"{name} centred")
    squares = to.append(call, "Mul", centred, centred, to=f"{name} squares")
    last = None if (call.kind == "var" and not correction) else f"{name} variance"
    made = to.append(call, "ReduceMean", squares, to=last, axes=axes, keepdims=keeps)
    if correction:
        # Bessel's correction, PyTorch's default: the sum is divided by count - 1.
        factor = count / max(count - correction, 1)
        last = None if call.kind == "var" else f"{name} corrected"
        made = to.append(call, "Mul", made, factor, to=last)
    if call.kind == "std":
        to.append(call, "Sqrt", made)


def _joined(to: Translation, call: Call) -> None:
    tensors = call.args[0] if call.args else call.kwargs.get("tensors", ())
    if len(call.live()) == 1 and len(list(flat(tensors))) == 1:
        to.moved(call)
        return
    axis = call.given(1, "dim", 0) % len(call.live()[0].shape)
    if axis == 0:
        raise call.refused(MIXES_ROWS)
    to.append(call, "Concat", *flat(tensors), axis=axis)


def _same(to: Translation, call: Call) -> None:
    """Read a function that returns its input, perhaps in another place or type."""
    x = call.live()[0]
    if call.outputs[0].shape != x.shape:
        raise call.refused(UNKNOWN)
    to.alias(call, x.name)


def _shaped_like(to: Translation, call: Call) -> None:
    # Only the shape of the other tensor counts, which may depend on the input as well.
    shape = call.outputs[0].shape
    to.moved(call._replace(kind="reshape", function=torch.reshape, args=(call.args[0], shape)))


def _table(names: Iterable[str], reader: Reader) -> dict[str, Reader]:
    return dict.fromkeys(names, reader)


_FUNCTIONS: dict[str, Reader] = {
    **LAYER_FUNCTIONS,
    **_table([*_BINARY, *_REVERSED], _binary),
    **_table(_UNARY, _unary),
    **_table(("clamp", "clip", "clamp_min", "clamp_max"), _clamp),
    **_table(("var", "std"), _variance),
    **_table(("cat", "concat", "concatenate"), _joined),
    **_table(
        (
            *("alias", "clone", "contiguous", "cpu", "data", "detach", "double", "float", "to"),
            *("requires_grad", "type", "type_as", "positive", "as_tensor", "lift_fresh"),
        ),
        _same,
    ),
    **_table(
        (
            *("__getitem__", "T", "mT", "adjoint", "broadcast_to", "chunk", "diagonal", "expand"),
            *("expand_as", "flatten", "flip", "fliplr", "gather", "hsplit", "index_select"),
            *("movedim", "narrow", "permute", "ravel", "repeat", "repeat_interleave", "reshape"),
            *("roll", "select", "split", "split_with_sizes", "squeeze", "stack"),
            *("swapaxes", "swapdims", "t", "take_along_dim", "tensor_split", "tile", "transpose"),
            *("unbind", "unflatten", "unsqueeze", "view", "unfold"),
        ),
        Translation.moved,
    ),
    "amax": _reduction("ReduceMax"),
    "amin": _reduction("ReduceMin"),
    "log1p": _log1p,
    "max": _reduction("ReduceMax"),
    "mean": _reduction("ReduceMean"),
    "min": _reduction("ReduceMin"),
    "rsqrt": _rsqrt,
    "square": _square,
    "sum": _reduction("ReduceSum"),
    "reshape_as": _shaped_like,
    "view_as": _shaped_like,
    "where": _where,
}
"""For each function of PyTorch, by its name, what appends its operators."""


class Operators(NamedTuple):
    """The operators from the tensor "x" to the output, by its name."""

    ops: list[Op]
    output: str


def operators(record: Record, dtype: np.dtype[Any]) -> Operators:
    """Return the operators of a record.

    Raises InputError that names the line which no dense network computes.
    """
    translation = Translation(record.rows, dtype)
    for call in _needed(record):
        try:
            _read(translation, call)
        except InputError as error:
            # Such an error names the user's line already.
            if "line" in error.message.values:
                raise
            raise call.refused(error.message) from error
    output = translation.name(record.output)
    return Operators(operators_between(translation.ops, "x", output), output)


def _needed(record: Record) -> list[Call]:
    """Return the calls on which the output depends, in order."""
    # What `forward` computes and does not return needs no layer, so it is not refused.
    wanted, found = {record.output.name}, []
    for call in reversed(record.calls):
        if any(output.name in wanted for output in call.outputs):
            found.append(call)
            wanted.update(live.name for live in call.live())
    return found[::-1]


def _read(to: Translation, call: Call) -> None:
    if isinstance(call.function, nn.Module):
        to.module(call)
    elif call.kind in _FUNCTIONS:
        _FUNCTIONS[call.kind](to, call)
    else:
        raise call.refused(UNKNOWN)
