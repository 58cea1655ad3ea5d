"""How arrays, batches and settings are handed over to the native engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pellucid.core import checks
from pellucid.core.composite import Skip
from pellucid.core.layer import Layer
from pellucid.core.losses import RowLoss
from pellucid.core.members import Members
from pellucid.core.optimizers import Optimizer, State
from pellucid.core.types import Array, Batch, DTypeLike, Options, Vector
from pellucid.errors import InputError


class NativeBatch(NamedTuple):
    """One batch as the C++ side takes it; targets are class indices or values."""

    x: Array
    classes: Vector | None
    values: Batch | None
    sample_weight: Vector | None
    rows: Vector | None

    @property
    def N(self) -> int:
        """The number of rows."""
        return len(self.x if self.rows is None else self.rows)


def plain(array: Array, dtype: DTypeLike | None = None) -> Array:
    """Return the array contiguous, aligned (a field of a record may not be) and of that type.

    An array that is all of this already is not copied.
    """
    flags = array.flags
    if flags.c_contiguous and flags.aligned and (dtype is None or array.dtype == dtype):
        return np.asarray(array)  # `require` takes several microseconds to find the same
    return np.require(array, dtype, ("C", "A"))


def row_indices(rows: Vector, N: int) -> Vector:
    """Return rows as indices from 0 to N - 1, as NumPy reads masks and negative numbers."""
    if rows.dtype.kind not in "iu" or (rows.size > 0 and rows.min() < 0):
        rows = np.arange(N)[rows]
    return plain(rows, np.int64)


_takes_classes: dict[type[RowLoss], bool] = {}


def takes_classes(loss: RowLoss) -> bool:
    """Return whether the targets of this loss may be class indices: the loss itself decides."""
    if type(loss) not in _takes_classes:
        try:
            loss.targets(np.zeros(1, np.int64), np.zeros((1, 2)))
        except InputError:
            _takes_classes[type(loss)] = False
        else:
            _takes_classes[type(loss)] = True
    return _takes_classes[type(loss)]


def layer_specs(layers: Sequence[Layer], D: int) -> list[Options]:
    """Return the layers as `LayerSpec` in spec.h: arrays in the order of the class."""
    specs = []
    for layer, H in zip(layers, checks.widths(layers, D), strict=True):
        own = () if layer.inner else layer.parameter_names + layer.buffer_names
        specs.append(
            {
                "kind": type(layer).__name__,
                "options": layer.options(),
                "inputs": D,
                "outputs": H,
                "frozen": layer.frozen,
                "arrays": [layer.__dict__[name] for name in own],
                "inner": _inner_specs(layer, D),
            }
        )
        D = H
    return specs


def _inner_specs(layer: Layer, D: int) -> list[Options]:
    ways: Sequence[Sequence[Layer]] = layer.members if isinstance(layer, Members) else ()
    ways = (layer.layers, layer.projection) if isinstance(layer, Skip) else ways
    return [spec for way in ways for spec in layer_specs(way, D)]


def optimizer_spec(kind: str, optimizer: Optimizer, state: State) -> Options:
    """Return the optimizer and its state as `OptimizerSpec` in spec.h."""
    return {
        **vars(optimizer),
        "kind": kind,
        "slots": [state[slot] for slot in optimizer.slots],
        "average": state.get("average", []),
    }
