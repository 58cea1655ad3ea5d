"""The same network in other layers: adjacent Affine layers as one, arrays of another type."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from pellucid.core.arrays import own_array
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, Identity
from pellucid.core.types import DTypeLike
from pellucid.errors import InputError


def collapsed(layers: Sequence[Layer]) -> list[Layer]:
    """Return copies of the layers, with adjacent Affine layers as one and Identity layers left out.

    (x W1 + b1) W2 + b2 = x (W1 W2) + (b1 W2 + b2), computed in float64.
    """
    found: list[Layer] = []
    for layer in copy.deepcopy(list(layers)):
        if isinstance(layer, Identity):
            continue
        before = found[-1] if found else None
        if isinstance(layer, Affine) and isinstance(before, Affine):
            found[-1] = _product(before, layer)
        else:
            found.append(layer)
    return found


def convert(layer: Layer, dtype: np.dtype[np.floating]) -> None:
    """Convert the arrays of a layer, and of those within it, to a floating type.

    Only for a layer that nothing else uses yet: its arrays are exchanged.
    """
    for inner in layer.inner:
        convert(inner, dtype)
    for name in layer.parameter_names + layer.buffer_names:
        if (array := layer.__dict__[name]) is not None:
            layer.__dict__[name] = own_array(array, dtype)


def floating_type(dtype: DTypeLike) -> np.dtype[np.floating]:
    """Return NumPy's float32 or float64 for its name; raises InputError for any other."""
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        try:
            if known == dtype:
                return known
        except TypeError:  # not the name of any type
            break
    raise InputError('dtype is "float32" or "float64", not {got}', got=dtype)


def _product(first: Affine, second: Affine) -> Affine:
    # In float64: the product of two float32 matrices would be rounded once more than a pass is.
    W1, W2 = first.W.astype(np.float64), second.W.astype(np.float64)
    b = np.zeros(second.W.shape[1]) if second.b is None else second.b.astype(np.float64)
    if first.b is not None:
        b = b + first.b.astype(np.float64) @ W2
    no_bias = first.b is None and second.b is None
    return Affine((W1 @ W2).astype(first.W.dtype), None if no_bias else b)
