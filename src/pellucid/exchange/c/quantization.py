"""int8: which whole numbers stand for weights, and for what goes into a layer of weights.

The scheme is that of Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (2018, arXiv:1712.05877): a number is about step (q - zero) with
a whole q, and products of whole numbers are summed exactly in 32 bits. Weights are symmetric (zero
= 0), with a step for each output of a layer. What goes into a layer has 256 levels over a range
that calibration rows choose, by least squared error (Nagel et al., "A White Paper on Neural Network
Quantization", 2021, arXiv:2106.08295, section 3.1). Apart from Jacob et al., sums become float32
again: biases and activations are a few numbers a layer, and stay exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import checks
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.preparation import Flatten, Scale
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.network import Network

LEVELS = 255  # the highest; the lowest is 0
MOST_INPUTS = (2**31 - 1) // (LEVELS * 127)  # 66,311: beyond, a sum could leave 32 bits
_MOST_ROWS = 10_000
_MOST_NUMBERS = 1 << 18
_SHARES = np.linspace(1, 0.3, 36)


class Levels(NamedTuple):
    """What the 256 levels of a layer's input mean: step (q - zero), with q from 0 to 255."""

    step: float
    zero: int
    bytes: bool = False  # the levels are the bytes that come in


def quantized(W: Array) -> tuple[Array, Array]:
    """Give weights as int8, (D, H), and the step of each output, (H,) float64.

    W is about q * step.
    """
    largest = np.abs(W).max(axis=0).astype(np.float64)
    step = np.where(largest > 0, largest, 127.0) / 127
    return np.rint(W / step).astype(np.int8), step


def calibrated(net: Network, calibration: Any) -> list[Levels]:
    """Choose the levels of the input of every Affine layer, in the order of a pass, on up to 10,000
    rows.

    Raises InputError for no rows, for rows that do not fit the network, and for numbers that are
    not finite.
    """
    if calibration is None:
        raise InputError(
            "int8 needs calibration rows, which set its ranges: rows like those to come, such as "
            "some training data"
        )
    x = _rows(net, calibration)
    if len(x) == 0:
        raise InputError(
            "calibration expects at least one row, such as some of the training data; got none"
        )
    found = []
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is an error below
        for inputs in _affine_inputs(net.layers, x):
            if not np.isfinite(inputs).all():
                raise InputError(
                    "calibration holds NaN or infinity, or rows that become so: give finite rows "
                    "like those to come"
                )
            found.append(_levels(inputs))
    factor = _byte_factor(net.layers)
    return found if factor is None else [Levels(factor, 0, bytes=True), *found[1:]]


def _rows(net: Network, calibration: Any) -> Array:
    if isinstance(calibration, np.ndarray) and calibration.ndim:
        calibration = _thinned(calibration, _MOST_ROWS)
    if (net.inputs or {}).get("kind") != "table":
        checks.check_scaled(net.layers, calibration)
    with np.errstate(over="ignore", invalid="ignore"):
        return _thinned(net.forward(calibration).x, _MOST_ROWS)


def _thinned(rows: Array, most: int) -> Array:
    """Take every row, or every second, or every third, ..., so that no more than `most` are left."""
    return rows[:: max(1, -(-len(rows) // most))]


def _affine_inputs(layers: Sequence[Layer], x: Array) -> Iterator[Array]:
    """Give what goes into each Affine layer, those within other layers included, in the order of a
    pass.
    """
    for layer in layers:
        if isinstance(layer, Affine):
            yield x
        yield from _affine_inputs(layer.inner, x)
        x = layer.forward(x)


def _levels(inputs: Array) -> Levels:
    """Choose the range, 0 within it, that rounds these numbers with the least squared error.

    A few numbers far out would make the steps of a range that takes in all of them coarse for the
    others: each end is tried at 36 shares of where the numbers end.
    """
    low, high = min(float(inputs.min()), 0.0), max(float(inputs.max()), 0.0)
    if high - low < 1e-30:  # nothing but 0 came in; steps must not round to 0 in float32
        return Levels(1.0, 0)
    sample = _thinned(inputs, max(1, _MOST_NUMBERS // inputs.shape[1])).astype(np.float64)
    high = min(_SHARES * high, key=lambda end: _error(_range(low, end), sample))
    low = min(_SHARES * low, key=lambda end: _error(_range(end, high), sample))
    return _range(low, high)


def _range(low: float, high: float) -> Levels:
    step = float(np.float32((high - low) / LEVELS))
    return Levels(step, round(-low / step))


def _error(levels: Levels, sample: Array) -> float:
    q = np.clip(np.rint(sample / levels.step), -levels.zero, LEVELS - levels.zero)
    return float(np.square(q * levels.step - sample).sum())


def _byte_factor(layers: Sequence[Layer]) -> float | None:
    """Give the factor of a Scale for bytes, if an Affine layer takes what it gives.

    Then bytes are the levels.
    """
    first = [
        layer for layer in layers if not layer.passes_through and not isinstance(layer, Flatten)
    ][:2]
    fits = len(first) == 2 and isinstance(first[0], Scale) and isinstance(first[1], Affine)
    return checks.byte_factor(layers) if fits else None
