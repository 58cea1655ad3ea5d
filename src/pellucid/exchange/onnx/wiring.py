"""Operators that choose, order, repeat or add up the numbers of each row, as an Affine layer.

No layer chooses columns or adds them up, but fixed weights do: the operator's own results for 0 and
for each column set to 1 are the biases and the rows of W.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from pellucid.core.layers import Affine
from pellucid.core.types import Array
from pellucid.errors import Message
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.operators import REDUCTIONS, SHAPING, Op
from pellucid.exchange.onnx.shapes import ROWS

WIDEST = 1024  # columns before and behind: a matrix of 4 MB in float32
_MORE = 11  # rows of 0, so that few rows are never all alike and no small size equals their number

_Function: TypeAlias = Callable[..., Array]


def _split(op: Op, x: Array, sizes: Array | None = None) -> Array:
    """Return one part, as `graph` numbers them; each node of several outputs became several."""
    axis, part, parts = (op.attribute(name, 0) for name in ("axis", "part", "parts"))
    given = op.attributes.get("split") if sizes is None else sizes.tolist()
    size = x.shape[axis]
    each = -(-size // parts)  # the last part may be smaller
    widths = given or [min(each, size - each * index) for index in range(parts)]
    start = sum(widths[:part])
    stop = start + widths[part]
    if not 0 <= start <= stop <= size:  # before a list of so many places is made
        raise ValueError("the parts do not fit")
    return np.take(x, range(start, stop), axis)


def _cumulative_sum(op: Op, x: Array, axis: Array) -> Array:
    place = int(axis.item())
    x = np.flip(x, place) if op.attribute("reverse", 0) else x
    total = np.cumsum(x, place)
    total = total - x if op.attribute("exclusive", 0) else total
    return np.flip(total, place) if op.attribute("reverse", 0) else total


def _depth_to_space(op: Op, x: Array) -> Array:
    N, C, H, W = x.shape
    b = op.attribute("blocksize", 1)
    # DCR: a place within the block is the outer part of the channel's number; CRD: the inner.
    if op.attribute("mode", b"DCR") == b"DCR":
        x = x.reshape(N, b, b, C // (b * b), H, W).transpose(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(N, C // (b * b), b, b, H, W).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(N, C // (b * b), H * b, W * b)


def _space_to_depth(op: Op, x: Array) -> Array:
    N, C, H, W = x.shape
    b = op.attribute("blocksize", 1)
    x = x.reshape(N, C, H // b, b, W // b, b)
    places = (0, 3, 5, 1, 2, 4) if op.attribute("mode", b"DCR") == b"DCR" else (0, 1, 3, 5, 2, 4)
    return x.transpose(places).reshape(N, C * b * b, H // b, W // b)


def _triangle(op: Op, x: Array, k: Array | None = None) -> Array:
    place = 0 if k is None else int(k.item())
    return np.triu(x, place) if op.attribute("upper", 1) else np.tril(x, place)


def _pad(
    op: Op,
    x: Array,
    pads: Array | None = None,
    value: Array | None = None,
    axes: Array | None = None,
) -> Array:
    given = op.attribute("pads", []) if pads is None else pads.tolist()
    places = range(x.ndim) if axes is None else axes.tolist()
    widths = [(0, 0)] * x.ndim
    for index, place in enumerate(places):
        # ONNX lists the beginnings of all axes, and then their ends.
        widths[place] = (given[index], given[index + len(places)])
    _check_room(x, math.prod(size + sum(pair) for size, pair in zip(x.shape, widths, strict=True)))
    mode = op.attribute("mode", b"constant").decode()
    if mode != "constant":
        return np.pad(x, widths, mode=mode)  # type: ignore[call-overload]
    number = op.attribute("value", 0.0) if value is None else float(value.item())
    return np.pad(x, widths, constant_values=number)


def _gather(op: Op, x: Array, indices: Array) -> Array:
    axis = op.attribute("axis", 0)
    _check_room(x, x.size // x.shape[axis] * indices.size)
    return np.take(x, indices, axis)


def _expand(op: Op, x: Array, shape: Array) -> Array:
    sizes = np.broadcast_shapes(x.shape, _of_batch(shape, x))
    _check_room(x, math.prod(sizes))
    return np.broadcast_to(x, sizes)


def _tile(op: Op, x: Array, repeats: Array) -> Array:
    _check_room(x, x.size * math.prod(repeats.tolist()))
    return np.tile(x, repeats.tolist())


def _of_batch(shape: Array, x: Array) -> tuple[int, ...]:
    return tuple(len(x) if size == ROWS else size for size in shape.tolist())


def _check_room(x: Array, made: int) -> None:
    """Raise ValueError where few bytes ask for rows wider than a matrix here may be."""
    if made > len(x) * WIDEST:
        raise ValueError(made)


def _global_mean(op: Op, x: Array) -> Array:
    means: Array = x.mean(axis=tuple(range(2, x.ndim)), keepdims=True)
    return means


WIRING: dict[str, _Function] = {
    **{kind: REDUCTIONS[kind] for kind in ("ReduceMean", "ReduceSum")},
    "CumSum": _cumulative_sum,
    "DepthToSpace": _depth_to_space,
    "Expand": _expand,
    "Gather": _gather,
    "GlobalAveragePool": _global_mean,
    "Pad": _pad,
    "Slice": SHAPING["Slice"],
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "Tile": _tile,
    "Transpose": SHAPING["Transpose"],
    "Trilu": _triangle,
}
"""Operators whose results are sums of their inputs' numbers; the first argument is the node."""


def read_wiring(op: Op, built: Builder) -> None:
    """Add the Affine layer that does what the operator does with each row, if it does anything."""
    D = built.D
    if built.transposed or D is None or not 0 < D <= WIDEST:
        template = "its rows must be of 1 to {most:,} numbers, and how many must be known"
        raise op.error(Message(template, most=WIDEST))
    sizes = tuple(size or 1 for size in built.row)
    N = D + _MORE  # row 0 is 0, then each column by itself, then 0 again
    rows = np.eye(N, D, -1).reshape(N, *sizes)
    made = _of_rows(op, rows)
    # Rows in another order must give the same results in that order: nothing may mix them.
    order = np.random.default_rng(0).permutation(N)
    if len(made) != N or not np.array_equal(_of_rows(op, rows[order]), made[order]):
        raise op.error(Message("it does not keep rows apart"))
    flat = made.reshape(N, -1)
    b, W = flat[0], flat[1 : D + 1] - flat[0]
    # Only another shape: layers have rows flat, so none is needed.
    if not np.array_equal(W, np.eye(D)) or b.any():
        built.reserve(op, flat.size)
        built.add(Affine(W.astype(built.dtype), b.astype(built.dtype) if b.any() else None))
    built.row = made.shape[1:]


def _of_rows(op: Op, x: Array) -> Array:
    if not isinstance(op.input(0), str):
        raise op.error(Message("expected the rows as its first input"))
    with op.fitting():
        made = np.asarray(WIRING[op.kind](op, x, *op.inputs[1:]))
        if made.size == 0:
            raise ValueError
        return np.atleast_1d(made)
