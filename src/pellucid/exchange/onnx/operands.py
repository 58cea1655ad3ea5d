"""The constants that an operator takes: weights, and what broadcasts over the rows."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.operators import Op

Constant: TypeAlias = Array | str | None


def weights(op: Op, value: Constant) -> Array:
    """Return a constant for a layer; raises InputError unless its numbers are finite floats."""
    if not isinstance(value, np.ndarray):
        raise op.error(Message("its weights must be constants"))
    if value.dtype not in (np.float32, np.float64):
        kind = value.dtype
        raise op.error(Message("its weights are {kind}; expected float32 or float64", kind=kind))
    if not np.isfinite(value).all():
        raise op.error(Message("its weights hold NaN or infinity"))
    return value


def operand(op: Op, value: Constant, built: Builder) -> Array:
    """Return a constant that arithmetic with the rows may take.

    Raises InputError for one with more axes than the rows have: it would add axes to them.
    """
    value = weights(op, value)
    if value.ndim > len(built.row) + 1:
        raise _unfit(op, value, built)
    return value


def _unfit(op: Op, value: Array, built: Builder) -> InputError:
    shapes = {"got": value.shape, "row": built.row}
    return op.error(Message("a constant of shape {got} does not fit rows of shape {row}", **shapes))


def vector(op: Op, value: Constant, built: Builder) -> Array:
    """Return a constant that broadcasts over the rows, as one number for each column, (D,)."""
    value = operand(op, value, built)
    if built.transposed and value.ndim == 2:
        value = value.T
    if built.row == (None,) and value.ndim and value.shape[-1] > 1:
        built.row = value.shape[-1:]
    if built.D is None:
        raise op.error(Message("the width of its rows is unknown: give the graph's input a shape"))
    rows = (1, *(size or 1 for size in built.row))
    # A plain vector broadcasts along the rows of a transposed batch, not along its columns.
    along_rows = built.transposed and value.ndim == 1 and value.size > 1
    if along_rows or not _broadcasts(value.shape, rows):
        raise _unfit(op, value, built)
    built.reserve(op, math.prod(rows) - value.size)
    return np.array(np.broadcast_to(value, rows)).ravel()


def _broadcasts(shape: tuple[int, ...], rows: tuple[int, ...]) -> bool:
    """Return whether a constant of this shape leaves the shape of the rows as it is."""
    return all(a in (1, b) for a, b in zip(shape[::-1], rows[::-1], strict=False))


def matrix(op: Op, value: Constant) -> Array:
    """Return a constant that is a matrix of weights."""
    W = weights(op, value)
    if W.ndim != 2:
        raise op.error(Message("expected a matrix of weights, got shape {got}", got=W.shape))
    return W


def check_flat(op: Op, built: Builder) -> None:
    """Raise InputError unless the batch is (N, D) here."""
    if built.transposed or len(built.row) != 1:
        shape = (*built.row, "N") if built.transposed else ("N", *built.row)
        raise op.error(Message("expected a batch of shape (N, D), got {got}", got=shape))
