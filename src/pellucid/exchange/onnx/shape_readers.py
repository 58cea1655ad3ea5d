"""Operators that give each row another shape: layers have rows flat, so most add no layer."""

from __future__ import annotations

import math

from pellucid.core.preparation import Flatten
from pellucid.errors import Message
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.operators import Op
from pellucid.exchange.onnx.shapes import ROWS
from pellucid.exchange.onnx.wiring import read_wiring


def flatten(op: Op, built: Builder) -> None:
    """Read Flatten at axis 1: each row as one axis."""
    axis = op.attribute("axis", 1)
    if built.transposed or (axis if axis >= 0 else axis + len(built.row) + 1) != 1:
        raise op.error(Message("expected axis 1: each row by itself"))
    if len(built.row) == 1:  # images already have a Flatten in front
        built.add(Flatten())
    built.row = (built.D,)


def _mixes_rows(op: Op) -> Exception:
    return op.error(Message("it does not keep rows apart"))


def reshape(op: Op, built: Builder) -> None:
    """Read Reshape, which must give each row another shape by itself."""
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


def squeeze(op: Op, built: Builder) -> None:
    """Read Squeeze, which takes away axes of size 1."""
    rank = len(built.row) + 1
    axes = set(_places(op, rank))
    if built.transposed or not axes or 0 in axes or any(built.row[axis - 1] != 1 for axis in axes):
        raise _mixes_rows(op)
    built.row = tuple(size for index, size in enumerate(built.row, 1) if index not in axes)


def unsqueeze(op: Op, built: Builder) -> None:
    """Read Unsqueeze, which adds axes of size 1."""
    row = list(built.row)
    for axis in sorted(_places(op, len(row) + 1 + len(op.axes() or ()))):
        if built.transposed or axis == 0:
            raise _mixes_rows(op)
        row.insert(axis - 1, 1)
    built.row = tuple(row)


def _places(op: Op, rank: int) -> list[int]:
    """Return the operator's axes, counted from 0; raises InputError for those beyond the rank."""
    axes = list(op.axes() or ())
    for axis in axes:
        if not -rank <= axis < rank:
            raise op.error(
                Message("its axis is {axis}, but it has {rank} axes", axis=axis, rank=rank)
            )
    return [axis % rank for axis in axes]


def transpose(op: Op, built: Builder) -> None:
    """Read Transpose of rows (N, D) to columns (D, N) and back, and of axes within each row."""
    perm = op.attributes.get("perm")
    if len(built.row) > 1 and not built.transposed:
        read_wiring(op, built)
    elif len(built.row) != 1 or perm not in (None, [1, 0], [0, 1]):
        raise op.error(Message("expected rows of numbers, got {got}", got=("N", *built.row)))
    else:
        built.transposed = built.transposed != (perm != [0, 1])
