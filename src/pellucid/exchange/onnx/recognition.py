"""Layers that are written out in several operators, recognised by what they compute.

Exporters write GELU, SiLU, Softplus and LayerNorm in many ways (x / sqrt 2 or x times 0.707, the
half before or behind, ...). So a piece of graph whose constants are single numbers is computed in
float64 on probe rows and compared with every layer that it might be.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from pellucid.core import activations, layers
from pellucid.core.layer import Layer
from pellucid.core.normalization import LayerNorm
from pellucid.core.preparation import SmoothClip
from pellucid.core.types import Array
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.operators import MALFORMED, REDUCTIONS, Op, row_function
from pellucid.exchange.onnx.segments import Segment

LONGEST = 8  # segments in a row, so that the search for a layer stays short
MOST_OPS = 64  # operators in one segment, so that hostile files take no time
FARTHEST = 250  # constants up to here are seen by the probe, which reaches 1.2 times as far
WIDEST = 1 << 14  # columns of rows that a function reduces: the probe must have all of them
NARROW = 5  # columns of rows whose numbers do not meet: any number would do

_Shape: TypeAlias = tuple[int, ...]


def recognised(path: Sequence[Segment], least: int, built: Builder) -> tuple[Layer, int] | None:
    """Return the layer that the first segments compute and their number, or None.

    At least `least` segments are taken, and as few as possible. The probe has the shape that the
    tensors have in the graph, so that a function of groups of a row, (N, G, K), or of columns of
    the batch is no layer. A LayerNorm has gamma 1 and beta 0.
    """
    shape, path = _probe_shape(path, built)
    x = probe(shape)
    y = x.reshape(len(x), *shape)
    y = np.moveaxis(y, 0, -1) if built.transposed else y
    numbers: list[float] = []
    for count, segment in enumerate(path, 1):
        made = _compute(segment, y, len(x))
        if made is None or made.shape != y.shape:
            return None
        y = made
        numbers += [_number(value) for op in segment.ops for value in _operands(op)]
        # A large constant may be a bound that lies outside the probe; 1e30 and more is infinity.
        if any(FARTHEST < abs(number) < 1e30 for number in numbers):
            return None
        rows = (np.moveaxis(y, -1, 0) if built.transposed else y).reshape(x.shape)
        for layer, expected in _candidates(shape, rows, numbers) if count >= least else ():
            if _agree(expected, rows):
                return _own_copy(layer, x.shape[1], path[:count]), count
    return None


def _probe_shape(path: Sequence[Segment], built: Builder) -> tuple[_Shape, Sequence[Segment]]:
    """Return the shape of the probe's rows, and the segments that may be computed on it.

    Where no number meets another one, a few columns show as much as the thousands that a row has.
    """
    place = next((i for i, segment in enumerate(path) if _reduces(segment)), None)
    if place is not None and built.D is not None and 0 < built.D <= WIDEST:
        return tuple(size for size in built.row if size is not None), path
    return tuple(NARROW if axis == 0 else 1 for axis in range(len(built.row))), path[:place]


@lru_cache(maxsize=8)
def probe(shape: _Shape) -> Array:
    """Return rows (N, D) of float64 numbers from -300 to 300, -30 to 30, -3 to 3 and -0.03 to 0.03.

    The large ones show bounds, the small ones LayerNorm's epsilon. D is the number of values in a
    row of this shape; N is unlike every size in it, so that it marks the axis of the rows.
    """
    D = math.prod(shape)
    N = max(8, -(-1024 // D))
    while N in shape:
        N += 1
    x = np.linspace(-1.2 * FARTHEST, 1.2 * FARTHEST, N * D)
    # Multiples of the golden ratio modulo 1 spread the numbers over the rows without a generator.
    order = np.argsort((np.arange(N * D) * 0.6180339887498949) % 1)
    return x[order].reshape(N, D) * np.array([1, 0.1, 0.01, 0.0001])[np.arange(N) % 4, None]


@lru_cache(maxsize=8)
def _known(shape: _Shape) -> list[tuple[Layer, Array]]:
    """Return the layers without settings, each with its output for the probe of this shape."""
    made: list[Layer] = [layers.ReLU(), layers.Sigmoid(), layers.Tanh(), activations.GELU()]
    made += [activations.GELU("tanh"), layers.SiLU(), layers.Softplus(), layers.Exponential()]
    made += [activations.SELU(), activations.Mish(), activations.Hardswish()]
    made += [layers.Softmax(), activations.LogSoftmax()]
    return [(layer, layer.forward(probe(shape))) for layer in made]


def _candidates(shape: _Shape, y: Array, numbers: Sequence[float]) -> Iterator[tuple[Layer, Array]]:
    yield from _known(shape)
    x = probe(shape)
    ones = np.ones(x.shape[1])
    found: list[Layer] = [LayerNorm(ones, epsilon=value) for value in numbers if 0 < value < 0.1]
    found += [SmoothClip(value) for value in numbers if 0 < value < math.inf]
    # At the least x, far out on the left, y is -alpha of an ELU and y / x the slope of a LeakyReLU;
    # the constant itself where it is that number.
    last = float(y.flat[x.argmin()])
    alpha, slope = (
        next((value for value in numbers if math.isclose(value, found, rel_tol=1e-6)), found)
        for found in (-last, last / float(x.min()))
    )
    if math.isfinite(alpha) and alpha > 0:
        found.append(activations.ELU(alpha))
    if math.isfinite(slope) and slope != 1:
        found.append(layers.LeakyReLU(slope))
    yield from ((layer, layer.forward(x)) for layer in found)


def _agree(expected: Array, y: Array) -> bool:
    # 1e-5 bridges constants rounded to float32; other functions are off by 1e-4 and more. One
    # number is compared first, which rules out most candidates and takes no time.
    one, other = float(expected[2, 0]), float(y[2, 0])
    alike = math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-5)
    return alike and np.allclose(expected, y, rtol=1e-5, atol=1e-6)


def _own_copy(layer: Layer, D: int, path: Sequence[Segment]) -> Layer:
    """Return a layer of its own, of the width and floating type that the network has there."""
    if not isinstance(layer, LayerNorm):
        # The layers of `_known` are cached, and no two networks may share one.
        return copy.copy(layer)
    kinds = {value.dtype for segment in path for op in segment.ops for value in op.constants}
    kind = np.float64 if np.dtype(np.float64) in kinds else np.float32
    return LayerNorm(np.ones(D, kind), epsilon=layer.epsilon)


def _operands(op: Op) -> list[Array]:
    """Return the constants that an operator computes with; axes are none."""
    return op.constants if op.kind not in REDUCTIONS else []


def _reduces(segment: Segment) -> bool:
    return any(op.kind in REDUCTIONS for op in segment.ops)


def _compute(segment: Segment, x: Array, N: int) -> Array | None:
    """Compute a segment for a probe of N rows, the only size of x that is N.

    Return None for unknown operators, constants of several numbers, and reductions over the rows.
    """
    if len(segment.ops) > MOST_OPS:
        return None
    known: dict[str, Array] = {segment.start: x}
    for op in segment.ops:
        if any(value.size != 1 for value in _operands(op)):
            return None
        values = [known[each] if isinstance(each, str) else _widened(each) for each in op.inputs]
        try:
            if op.kind in REDUCTIONS and N in _reduced_sizes(op, values[0]):
                return None
            made = row_function(op, values)
        except MALFORMED:  # shapes or types that no layer of ours has
            return None
        if made is None:
            return None
        known[op.output] = np.asarray(made)
    return known[segment.end]


def _reduced_sizes(op: Op, x: Array | None) -> list[int]:
    """Return the sizes of the axes that a reduction takes together."""
    shape = () if x is None else x.shape
    return [shape[axis] for axis in op.reduced_axes(len(shape))]


def _number(value: Array) -> float:
    return float(value.item()) if value.dtype == np.float64 else decimal(value.item())


def _widened(value: Array | None) -> Array | None:
    return value.astype(np.float64) if value is not None and value.dtype.kind == "f" else value


def decimal(value: float) -> float:
    """Return the shortest decimal that rounds to the same float32.

    Files hold settings in float32: 0.009999999776 was written as 0.01.
    """
    return float(str(np.float32(value)))
