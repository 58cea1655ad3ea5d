"""The shapes of a graph's tensors, where it computes with them.

A shape is a tuple of sizes: `ROWS` stands for N, `OPEN` for a size that the file leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pellucid.exchange.onnx.operators import ATTRIBUTED, ELEMENTWISE, REDUCTIONS, Op

ROWS = 1_999_999_973
"""Stands for N, the number of rows, where a graph computes with the shape of a tensor.

A prime, so that no product or quotient of layer widths equals it.
"""

OPEN = 1_999_999_943
"""Stands for a size that is not known, a prime as well: no layer has this width."""

Shape: TypeAlias = tuple[int, ...]

# Operators whose output has the shape of their first input.
_KEEPING = {
    *("BatchNormalization", "CumSum", "Dropout", "Gelu", "LayerNormalization", "LogSoftmax"),
    *("Round", "Sin", "Softmax", "Trilu", "ai.onnx.ml.Scaler"),
}


def shape_after(op: Op, shapes: Mapping[str, Shape]) -> Shape | None:
    """Return the shape of an operator's output, None where it is not known."""
    given = [
        shapes.get(each) if isinstance(each, str) else each.shape
        for each in op.inputs
        if each is not None
    ]
    known = [shape for shape in given if shape is not None]
    if len(known) < len(given) or not known:
        return None
    if op.kind in _KEEPING:
        return known[0]
    if op.kind in ELEMENTWISE or op.kind in ATTRIBUTED:
        return _broadcast(known)
    rule = _RULES.get(op.kind)
    return None if rule is None else rule(op, known)


def _broadcast(shapes: Sequence[Shape]) -> Shape | None:
    rank = max(map(len, shapes))
    sizes = zip(*((*[1] * (rank - len(shape)), *shape) for shape in shapes), strict=True)
    found = [{size for size in each if size != 1} for each in sizes]
    # Of two different sizes one may be open: whether they fit is not known here.
    return tuple(each.pop() if each else 1 for each in found) if _at_most_one(found) else None


def _at_most_one(sizes: Sequence[set[int]]) -> bool:
    return all(len(each) <= 1 for each in sizes)


def _matmul(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    a, b = shapes
    if not a or not b:
        return None
    lead = _broadcast([a[:-2], b[:-2]])
    return None if lead is None else (*lead, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))


def _gemm(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    a, b = shapes[:2]
    if len(a) != 2 or len(b) != 2:
        return None
    turns = (op.attribute("transA", 0), op.attribute("transB", 0))
    return a[1 if turns[0] else 0], b[0 if turns[1] else 1]


def _flatten(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    [x] = shapes
    axis = op.attribute("axis", 1)
    return math.prod(x[:axis]), math.prod(x[axis:])


def _reshape(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    given, keeps = op.input(1), op.attribute("allowzero", 0) == 0
    if isinstance(given, str) or given is None:
        return None
    x = shapes[0]
    sizes = [x[i] if size == 0 and keeps else size for i, size in enumerate(given.tolist())]
    if -1 in sizes:
        # Python's integers do not overflow, so ROWS divides out exactly.
        others = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = math.prod(x) // others
    return tuple(sizes)


def _reduce(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    x = shapes[0]
    places = {axis % len(x) for axis in op.reduced_axes(len(x))}
    keeps = op.attribute("keepdims", 1) != 0
    sizes = enumerate(x)
    return tuple(1 if i in places else size for i, size in sizes if keeps or i not in places)


def _squeeze(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    # Without axes all of size 1 are removed, and an open size may be one: not known.
    places = {axis % len(shapes[0]) for axis in op.axes() or ()}
    return tuple(size for i, size in enumerate(shapes[0]) if i not in places) if places else None


def _unsqueeze(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    row, axes = list(shapes[0]), op.axes() or ()
    rank = len(row) + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        row.insert(axis, 1)
    return tuple(row)


def _transpose(op: Op, shapes: Sequence[Shape]) -> Shape | None:
    x = shapes[0]
    perm = op.attributes.get("perm")
    return x[::-1] if perm is None else tuple(x[axis] for axis in perm)


_RULES = {
    **dict.fromkeys(REDUCTIONS, _reduce),
    "Flatten": _flatten,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
