"""The rule for numbers that are not finite, where a network predicts.

NaN and infinity in x are refused, by row. Finite x and finite weights may still overflow within a
pass, from weights near the largest number of the floating type on: such rows are computed again in
the next wider type, and refused if their outputs do not fit the network's own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.collapse import convert
from pellucid.core.layer import Layer
from pellucid.core.types import Array, ArrayLike, Batch
from pellucid.errors import InputError


def finite_outputs(
    layers: Sequence[Layer], x: ArrayLike, predict: Callable[[Batch], Batch]
) -> Batch:
    """Return the outputs for x, (N, K), of which all are finite, or raise InputError.

    `predict` computes them in the layers' own type; its rows that are finite stay as they are.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rows = checks.finite_input(layers, x)
        y = predict(rows)
        bad = _not_finite(y)
        if bad.any():
            checks.check_weights(layers)
            y[bad] = _in_wider_type(layers, rows[bad])
            _check_outputs(layers, y)
    return y


def _in_wider_type(layers: Sequence[Layer], x: Batch) -> Batch:
    """Return the outputs for x, computed in float64 for float32, in longdouble for float64."""
    # On some platforms longdouble is float64: then nothing changes, and the rows are refused.
    wider: np.dtype[Any] = np.dtype(np.float64 if x.dtype == np.float32 else np.longdouble)
    own = copy.deepcopy(list(layers))
    for layer in own:
        convert(layer, wider)
    return chain.predict(own, x.astype(wider)).astype(x.dtype)


def _check_outputs(layers: Sequence[Layer], y: Batch) -> None:
    bad = _not_finite(y)
    if not bad.any():
        return
    arrays = [array for layer in layers for array in layer.params]
    raise InputError(
        "row {row} has no outputs that fit {dtype} ({count} such rows in all); the network's "
        "largest weight is {largest:.3g}: scale the inputs, or train again with a smaller learning "
        "rate",
        row=int(bad.argmax()),
        count=int(bad.sum()),
        dtype=y.dtype.name,
        largest=max((float(np.abs(array).max(initial=0)) for array in arrays), default=0.0),
    )


def _not_finite(y: Batch) -> Array:
    """Return whether each row holds NaN or infinity, (N,)."""
    return np.logical_not(np.isfinite(y).all(axis=1))
