"""The last step of reading: the network must predict what the graph computes.

Layers are read by rules; this compares the whole on probe rows, so that a graph for which a rule
does not hold is refused and never becomes a network that predicts something else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pellucid.core import checks
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import Message
from pellucid.exchange.onnx.evaluation import evaluate
from pellucid.exchange.onnx.graph import Input
from pellucid.exchange.onnx.operators import Op

# Rows of several sizes: what only small or only large numbers show is seen.
_SCALES = np.array([1.0, 1.0, 10.0, 0.1, 100.0, 1.0, 3.0])
_MOST = 1 << 24  # numbers in the widest layer's output: 128 MB
_MOST_COMPUTED = 1 << 29  # numbers that all operators compute: some seconds
_ANY_WIDTH = 5  # where neither file nor layers tell the width of a row
# Settings are rounded to float32 in files, and functions are recognised to 1e-5; a rule that does
# not hold shows in the first digits.
_TOLERANCE = 1e-3


def prove(ops: Sequence[Op], given: Input, layers: Sequence[Layer]) -> None:
    """Raise InputError unless the layers compute what the operators make of rows of the input.

    `ops` are the operators on the way to the output, in order. Both are computed in float64; rows
    that are not finite in the graph are left out.
    """
    if not ops:
        return
    sizes = _sizes(given, checks.input_width(layers))
    x = _rows(ops, sizes, layers)
    graph, y = evaluate(ops, given.name, x, (given.shape or (None,))[0]), x
    for layer in layers:  # no trace: it would keep every output
        y = layer.forward(y)
    if graph.size != y.size or len(graph) != len(x):
        shapes = {"got": y.shape, "expected": graph.shape}
        template = "the network read from it has outputs of shape {got}, the graph {expected}"
        raise ops[-1].error(Message(template, **shapes))
    graph, y = graph.reshape(len(x), -1), y.reshape(len(x), -1)
    finite = np.isfinite(graph).all(axis=1)
    # An output counts as at least 1e-6: a row of zeros would allow no rounding at all.
    limits = _TOLERANCE * np.abs(graph[finite]).max(axis=1, initial=1e-6, keepdims=True)
    if not finite.any() or not (np.abs(y - graph)[finite] <= limits).all():
        template = "the network read up to it predicts something else than the graph"
        raise ops[-1].error(Message(template))


def _sizes(given: Input, width: int | None) -> tuple[int, ...]:
    """Return the shape of a row, with sizes that the file leaves open as the layers need them."""
    row = (None,) if given.shape is None else given.shape[1:]
    left = _ANY_WIDTH
    if width is not None:
        left = max(1, width // math.prod(size for size in row if size is not None))
    # The first open size takes what is left of the width, further ones are 1.
    first = row.index(None) if None in row else None
    return tuple(size or (left if axis == first else 1) for axis, size in enumerate(row))


def _rows(ops: Sequence[Op], sizes: tuple[int, ...], layers: Sequence[Layer]) -> Array:
    D = math.prod(sizes)
    widest = max([D, *checks.widths(layers, D)])
    N = min(len(_SCALES), _MOST // max(1, widest), _MOST_COMPUTED // max(1, widest * len(ops)))
    # A single row would not show an operator that mixes rows.
    if N < 2:
        template = "its network has {got:,} numbers in a row, too many to compare it with the file"
        raise ops[-1].error(Message(template, got=widest))
    x = np.random.default_rng(0).standard_normal((N, *sizes))
    return x * _SCALES[:N].reshape(-1, *[1] * len(sizes))
