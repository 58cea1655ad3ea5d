"""Which layer a written-out function is: told by what it computes, not by how it is written.

Exporters write GELU, SiLU, Softplus, LayerNorm in ever other ways (x / sqrt 2 or x times 0.707, the
half before or behind, ...). So a piece of graph whose constants are single numbers is computed in
float64 on rows that reach over all that matters, and compared with every layer that it might be.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

from pellucid.core import layers
from pellucid.core.layer import Layer
from pellucid.core.normalization import LayerNorm
from pellucid.core.preparation import SmoothClip
from pellucid.core.types import Array
from pellucid.exchange.onnx.operators import row_function
from pellucid.exchange.onnx.segments import Segment

LONGEST = 8  # segments in a row
MOST_OPS = 64  # operators in one of them
FARTHEST = 250
WIDEST = 256  # numbers in a row of the probe: what rows of thousands are shows in hundreds


def recognised(way: Sequence[Segment], least: int, D: int | None) -> tuple[Layer, int] | None:
    """Give the layer that the first segments are, at least so many and as few as can be, and how
    many they are.

    D is the width of a row (None: not known). LayerNorm comes with gamma 1 and beta 0. Gives None
    where they are no layer.
    """
    width = min(D or 5, WIDEST)
    x = probe(width)
    y = x
    numbers: list[float] = []
    for count, segment in enumerate(way, 1):
        made = _compute(segment, y)
        if made is None or made.shape != x.shape:
            return None
        y = made
        numbers += [_number(value) for op in segment.ops for value in op.constants]
        if any(
            FARTHEST < abs(number) < 1e30 for number in numbers
        ):  # a bound perhaps, which the probe cannot see
            return None
        for layer, expected in _candidates(x, y, numbers) if count >= least else ():
            if _agree(expected, y):
                return _in_place(layer, D or width, way[:count]), count
    return None


@cache
def probe(D: int) -> Array:
    """Give rows of numbers from -300 to 300, -30 to 30, ....

    Far out a bound shows, near 0 LayerNorm's epsilon.
    """
    N = max(8, -(-1024 // D))
    x = np.linspace(-1.2 * FARTHEST, 1.2 * FARTHEST, N * D)
    order = np.argsort(
        (np.arange(N * D) * 0.6180339887498949) % 1
    )  # spread over the rows, the same every time
    return x[order].reshape(N, D) * np.array([1, 0.1, 0.01, 0.0001])[np.arange(N) % 4, None]


@cache
def _known(D: int) -> list[tuple[Layer, Array]]:
    """Give the layers without settings, and what they answer to the probe."""
    kinds: list[Callable[[], Layer]] = [
        *(
            layers.ReLU,
            layers.Sigmoid,
            layers.Tanh,
            layers.GELU,
            lambda: layers.GELU("tanh"),
            layers.SiLU,
        ),
        *(layers.Softplus, layers.Exponential, layers.Softmax),
    ]
    return [(layer, layer.forward(probe(D))) for layer in (make() for make in kinds)]


def _candidates(x: Array, y: Array, numbers: Sequence[float]) -> Iterator[tuple[Layer, Array]]:
    yield from _known(x.shape[1])
    found: list[Layer] = [
        LayerNorm(np.ones(x.shape[1]), epsilon=number) for number in numbers if 0 < number < 0.1
    ]
    found += [SmoothClip(number) for number in numbers if 0 < number < math.inf]
    ratio = float(y.flat[x.argmin()] / x.min())
    slope = next((number for number in numbers if math.isclose(number, ratio, rel_tol=1e-6)), ratio)
    if math.isfinite(slope) and slope != 1:
        found.append(layers.LeakyReLU(slope))
    yield from ((layer, layer.forward(x)) for layer in found)


def _agree(expected: Array, y: Array) -> bool:
    """Tell whether two functions are one.

    1e-5 bridges constants in float32, others are off by 1e-4 and more.
    """
    first = (
        expected[2, 0],
        y[2, 0],
    )  # most candidates differ in any number, and to compare one takes no time
    return math.isclose(*first, rel_tol=1e-4, abs_tol=1e-5) and np.allclose(
        expected, y, rtol=1e-5, atol=1e-6
    )


def _in_place(layer: Layer, D: int, way: Sequence[Segment]) -> Layer:
    """Give a layer of its own, of the width and floating type that the network has there."""
    if not isinstance(layer, LayerNorm):
        return copy.copy(layer)
    double = any(
        value.dtype == np.float64 for segment in way for op in segment.ops for value in op.constants
    )
    return LayerNorm(np.ones(D, np.float64 if double else np.float32), epsilon=layer.epsilon)


def _compute(segment: Segment, x: Array) -> Array | None:
    """Compute a segment for rows x.

    None where it is not made of operators that are known, with single numbers.
    """
    if len(segment.ops) > MOST_OPS:
        return None
    known: dict[str, Array] = {segment.start: x}
    for op in segment.ops:
        if any(value.size != 1 for value in op.constants):
            return None
        values = [
            known[value]
            if isinstance(value, str)
            else _widened(value)
            if value is not None
            else None
            for value in op.inputs
        ]
        try:
            made = row_function(op, values)
        except (ValueError, TypeError, IndexError):  # shapes or types that do not fit: none of ours
            return None
        if made is None:
            return None
        known[op.output] = np.asarray(made)
    return known[segment.end]


def _number(value: Array) -> float:
    return float(value.item()) if value.dtype == np.float64 else decimal(value.item())


def _widened(value: Array) -> Array:
    return value.astype(np.float64) if value.dtype.kind == "f" else value


def decimal(value: float) -> float:
    """Give the shortest decimal number that float32 rounds to the same.

    0.01 for 0.009999999776, as people write.
    """
    return float(str(np.float32(value)))
