"""The same network in other layers.

Neighbouring Affine layers as one, and arrays of another floating type.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, Identity
from pellucid.errors import InputError


def collapsed(layers: Sequence[Layer]) -> list[Layer]:
    """Give layers of their own in which neighbouring Affine layers are one, and Identity layers are
    gone.

    (x W1 + b1) W2 + b2 = x (W1 W2) + (b1 W2 + b2), computed in float64.
    """
    found: list[Layer] = []
    for layer in copy.deepcopy(list(layers)):
        if isinstance(layer, Identity):
            continue
        if isinstance(layer, Affine) and found and isinstance(found[-1], Affine):
            layer = _product(found.pop(), layer)  # type: ignore[arg-type]
        found.append(layer)
    return found


def convert(layer: Layer, dtype: np.dtype[Any]) -> None:
    """Give the layer, and those within it, arrays of a floating type."""
    for inner in layer.inner:
        convert(inner, dtype)
    for name in layer.parameter_names + layer.buffer_names:
        if (array := layer.__dict__[name]) is not None:
            layer.__dict__[name] = array.astype(dtype)


def floating_type(dtype: Any) -> np.dtype[Any]:
    """Give NumPy's float32 or float64 for its name; raises InputError for any other."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found not in (np.float32, np.float64):
        raise InputError('dtype is "float32" or "float64", not {got}', got=dtype)
    return found


def _product(first: Affine, second: Affine) -> Affine:
    W1, W2 = first.W.astype(np.float64), second.W.astype(np.float64)
    b = np.zeros(second.W.shape[1]) if second.b is None else second.b.astype(np.float64)
    if first.b is not None:
        b = b + first.b.astype(np.float64) @ W2
    no_bias = first.b is None and second.b is None
    return Affine((W1 @ W2).astype(first.W.dtype), None if no_bias else b)
