"""The order of an epoch, by the native engine where there is one: the same numbers, sooner."""

from __future__ import annotations

import numpy as np

from pellucid.core import draws
from pellucid.core.types import Array
from pellucid.engines.instructions import native_module


def epoch_order(seed: int, epoch: int, N: int) -> Array:
    """Return the order in which an epoch (counted from 1) visits N rows, (N,) int64."""
    # Without `permutation`, the native engine is older than this code.
    permute = getattr(native_module(), "permutation", None)
    if permute is None:
        return draws.epoch_order(seed, epoch, N)
    order = np.empty(N, np.uint64)
    permute(draws.epoch_stream(seed, epoch), order)
    return order.view(np.int64)
