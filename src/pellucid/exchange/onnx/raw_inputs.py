"""A table's raw columns as inputs of a graph, encoded as `data.tables.reading` does it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.core.layers import Sigmoid
from pellucid.core.types import Array
from pellucid.data.tables.kinds import CategoryColumn, Column, DateColumn, EmbeddedColumn, Numeric
from pellucid.data.tables.moments import PERIODS
from pellucid.exchange.onnx.writers import Writer
from pellucid.exchange.raw_columns import text_codes
from pellucid.network import Network

ML_OPSET = 3
"""Of the domain ai.onnx.ml, whose LabelEncoder looks texts up."""

_LABEL_TYPES = {"text": np.dtype(object), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}


class RawInput(NamedTuple):
    """One input of the graph, (N, 1): its name, type and what its cells are."""

    name: str
    dtype: np.dtype
    about: str


def raw_input(column: Column) -> RawInput:
    """Return the input that a column becomes."""
    if isinstance(column, CategoryColumn):
        about = 'category: its text without blanks around it, "" where missing'
        return RawInput(column.name, np.dtype(object), about)
    if isinstance(column, DateColumn):
        about = "date: days since 1970-01-01, hours as their share of a day, NaN where missing"
        return RawInput(column.name, np.dtype(np.float64), about)
    return RawInput(column.name, np.dtype(np.float64), "number, NaN where missing")


def encode(write: Writer, net: Network) -> str:
    """Write the nodes that turn the columns into a row, (N, D); return its tensor."""
    parts: list[str] = []
    for index, column in enumerate(net.columns.columns):
        write.place = f"column {index}."
        if isinstance(column, CategoryColumn):
            parts.append(_categories(write, column))
        else:
            parts += _numbers(write, column)
    write.place = ""
    return write("Concat", *parts, axis=1)


def label(write: Writer, net: Network, y: str, outputs: int) -> np.dtype:
    """Write the nodes that name the class of each row, (N,), the last one; return its type.

    They choose as `Network.choose` does.
    """
    assert net.classes is not None and net.columns.target is not None
    if outputs == 1:
        is_logit = not isinstance(net.layers[-1], Sigmoid)
        p = write("Sigmoid", y) if is_logit else y
        yes = write("GreaterOrEqual", p, write.number("half", 0.5))
        chosen = write("Reshape", write.cast(yes, np.int64), write.array("row", np.array([-1])))
    else:
        chosen = write("ArgMax", y, axis=1, keepdims=0)
    kind = _LABEL_TYPES[net.columns.target.labels]
    names = [net.columns.target.label(name) for name in net.classes]
    if any(isinstance(name, str) for name in names):  # or names that were changed since
        kind, names = _LABEL_TYPES["text"], [*net.classes]
    write("Gather", write.array("classes", np.array(names, kind)), chosen)
    return kind


def _categories(write: Writer, column: CategoryColumn) -> str:
    codes = text_codes(column)
    keys: dict[str, list[str] | list[int]] = {
        "keys_strings": list(codes),
        "values_int64s": list(codes.values()),
    }
    # -1 equals no place, so an unseen category is all 0; plus 1, it is index 0.
    code = write("LabelEncoder", column.name, domain="ai.onnx.ml", default_int64=-1, **keys)
    if isinstance(column, EmbeddedColumn):
        return write.cast(write("Add", code, write.array("one", np.array(1))), write.dtype)
    places = np.arange(column.width)[None]
    return write.cast(write("Equal", code, write.array("places", places)), write.dtype)


def _numbers(write: Writer, column: Numeric) -> list[str]:
    """Write the numbers of a column: itself, whether it is missing, and the waves of a date.

    All is computed in float64 as in Python, and rounded at the end.
    """
    absent = write("IsNaN", column.name)
    # Where, since the product of NaN and a flag of 0 would still be NaN.
    values = write("Where", absent, write.array("mean", _one(column.mean)), column.name)
    shifted = write("Sub", values, write.array("offset", _one(column.offset)))
    parts = [write.cast(shifted, write.dtype)]
    parts += [write.cast(absent, write.dtype)] if column.missing else []
    for cycle in column.cycles if isinstance(column, DateColumn) else ():
        parts += [write.cast(wave, write.dtype) for wave in _waves(write, values, absent, cycle)]
    return parts


def _waves(write: Writer, values: str, absent: str, cycle: str) -> list[str]:
    """Write sine and cosine of a cycle, 0 where the cell is missing (`moments.waves`)."""
    period = write.array("period", _one(PERIODS[cycle]))
    # Not ONNX's Mod, whose result for floats is negative before 1970, unlike np.mod's.
    whole = write("Mul", write("Floor", write("Div", values, period)), period)
    turn = write.array("turn", _one(2 * math.pi / PERIODS[cycle]))
    angle = write("Mul", write("Sub", values, whole), turn)
    # cos(z) = sin(z + pi / 2): ONNX Runtime 1.16 has Cos in float32 only.
    quarter = write("Add", angle, write.array("quarter", _one(math.pi / 2)))
    zero = write.array("zero", _one(0.0))
    return [write("Where", absent, zero, write("Sin", each)) for each in (angle, quarter)]


def _one(value: float) -> Array:
    return np.array(value, np.float64)
