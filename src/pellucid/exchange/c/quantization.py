"""int8: whole numbers for weights, and for the inputs of Affine layers.

The scheme is that of Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (2018, arXiv:1712.05877): a number is about step (q - zero) with
a whole q, and products of whole numbers are summed exactly in 32 bits. Weights are symmetric (zero
= 0), with a step for each output of a layer. Inputs have 256 levels over a range that calibration
rows determine, by least squared error (Nagel et al., "A White Paper on Neural Network
Quantization", 2021, arXiv:2106.08295, section 3.1). Unlike in Jacob et al., sums become float32
again: biases and activations are a few numbers a layer, and stay exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import checks
from pellucid.core.composite import Skip
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.members import Members
from pellucid.core.preparation import Flatten, Scale
from pellucid.core.types import Array
from pellucid.data.tables import Columns
from pellucid.errors import InputError
from pellucid.network import Network

LEVELS = 255  # the highest; the lowest is 0
MOST_INPUTS = (2**31 - 1) // (LEVELS * 127)  # 66,311: beyond, a sum could leave 32 bits
# Limits of the search for ranges, which reads each number 72 times (two ends, 36 shares).
_MOST_ROWS = 10_000
_MOST_NUMBERS = 1 << 18
_SHARES = np.linspace(1, 0.3, 36)


class Levels(NamedTuple):
    """The meaning of the 256 levels of a layer's input: step (q - zero), with q from 0 to 255."""

    step: float
    zero: int
    bytes: bool = False  # whether the levels are the bytes of x


def quantized(W: Array) -> tuple[Array, Array]:
    """Return W, (D, H), as int8 q, and the step of each output, (H,) float64: W is about q step."""
    largest = np.abs(W).max(axis=0).astype(np.float64)
    step = np.where(largest > 0, largest, 127.0) / 127  # a column of zeros has step 1, not 0
    return np.rint(W / step).astype(np.int8), step


def calibrated(net: Network, calibration: Any) -> list[Levels]:
    """Return the levels of the input of every Affine layer, in the order of a pass.

    10,000 rows at most are used. Raises InputError for no rows, for rows that do not fit the
    network, and for numbers that are not finite.
    """
    if calibration is None:
        raise InputError(
            "int8 needs calibration rows for its ranges: pass typical rows, such as training data"
        )
    x = _rows(net, calibration)
    if len(x) == 0:
        raise InputError("calibration needs at least one row, such as training data; got none")
    template = "calibration rows give NaN or infinity in a layer: pass typical, finite rows"
    found = []
    with np.errstate(over="ignore", invalid="ignore"):  # infinity is an error below
        for inputs in _affine_inputs(net.layers, x):
            if not np.isfinite(inputs).all():
                raise InputError(template)
            found.append(_levels(inputs))
    factor = _byte_factor(net.layers)
    return found if factor is None else [Levels(factor, 0, bytes=True), *found[1:]]


def _rows(net: Network, calibration: Any) -> Array:
    if isinstance(calibration, np.ndarray) and calibration.ndim:
        calibration = _thinned(calibration, _MOST_ROWS)
    if not isinstance(net.inputs, Columns):
        checks.check_scaled(net.layers, calibration)
    with np.errstate(over="ignore", invalid="ignore"):
        return _thinned(net.forward(calibration).x, _MOST_ROWS)


def _thinned(rows: Array, most: int) -> Array:
    """Return every k-th row, with the least k that leaves at most `most`.

    The first rows alone may be sorted by class.
    """
    return rows[:: max(1, -(-len(rows) // most))]


def _affine_inputs(layers: Sequence[Layer], x: Array) -> Iterator[Array]:
    """Yield the input of each Affine layer, inner layers included, in the order of a pass."""
    for layer in layers:
        if isinstance(layer, Affine):
            yield x
        if isinstance(layer, Skip):
            yield from _affine_inputs(layer.layers, x)
            yield from _affine_inputs(layer.projection, x)
        for member in layer.members if isinstance(layer, Members) else ():
            yield from _affine_inputs(member, x)
        x = layer.forward(x)


def _levels(inputs: Array) -> Levels:
    """Return the range, 0 within it, that rounds these numbers with the least squared error.

    A few outliers would make the steps of the full range coarse for all others: each end is tried
    at 36 shares of the outermost number.
    """
    low, high = min(float(inputs.min()), 0.0), max(float(inputs.max()), 0.0)
    if high - low < 1e-30:  # only zeros: the step must not round to 0 in float32
        return Levels(1.0, 0)
    sample = _thinned(inputs, max(1, _MOST_NUMBERS // inputs.shape[1])).astype(np.float64)
    high = min(_SHARES * high, key=lambda end: _error(_range(low, end), sample))
    low = min(_SHARES * low, key=lambda end: _error(_range(end, high), sample))
    return _range(low, high)


def _range(low: float, high: float) -> Levels:
    # Rounded to float32 here, because the C code multiplies by the float32 step.
    step = float(np.float32((high - low) / LEVELS))
    return Levels(step, round(-low / step))


def _error(levels: Levels, sample: Array) -> float:
    q = np.clip(np.rint(sample / levels.step), -levels.zero, LEVELS - levels.zero)
    return float(np.square(q * levels.step - sample).sum())


def _byte_factor(layers: Sequence[Layer]) -> float | None:
    """Return the factor of a Scale for bytes that an Affine layer follows: bytes are its levels."""
    working = [each for each in layers if not each.passes_through and not isinstance(each, Flatten)]
    fits = len(working) > 1 and isinstance(working[0], Scale) and isinstance(working[1], Affine)
    return checks.byte_factor(layers) if fits else None
