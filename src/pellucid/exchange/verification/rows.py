"""Rows and targets to verify a network with, where nobody gives any."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.core import checks
from pellucid.core.layers import Exponential, Sigmoid, Softmax
from pellucid.core.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    MeanSquaredError,
    Poisson,
    RowLoss,
)
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.network import Network

_LOSSES: dict[type, type[RowLoss]] = {
    Softmax: CrossEntropy,
    Sigmoid: BinaryCrossEntropy,
    Exponential: Poisson,
}


def usual_loss(net: Network) -> RowLoss:
    """Give the loss by which a network of this end learns."""
    return _LOSSES.get(type(net.layers[-1]), MeanSquaredError)()


def drawn_rows(
    net: Network, N: int, generator: np.random.Generator, size: float = 1.0
) -> tuple[Array, Array | None]:
    """Draw rows for a network's inputs: MNIST's test digits (with their labels) where it takes 784,
    else random ones.

    Bytes where it scales bytes, numbers about the means where it begins with Standardize, else
    normal ones of deviation 1; random numbers are `size` times as far from their means. Raises
    InputError where no layer says how many inputs there are.
    """
    D = checks.input_width(net.layers)
    if D is None:
        raise InputError("no layer tells how many inputs there are: give rows")
    takes_bytes = checks.byte_factor(net.layers) is not None
    first = next((layer for layer in net.layers if not isinstance(layer, Flatten)), None)
    if D == 784 and (takes_bytes or not isinstance(first, (Scale, Standardize))):
        from pellucid.data import mnist

        test = mnist().test
        pixels = test.images[:N].reshape(N, D)
        return (pixels if takes_bytes else pixels / np.float32(255)), test.labels[:N].astype(
            np.int64
        )
    if takes_bytes:
        return generator.integers(0, 256, (N, D), dtype=np.uint8), None
    x = size * generator.standard_normal((N, D))
    if isinstance(first, Standardize):
        x = x * first.std + first.mean
    elif isinstance(first, Scale):
        x = x / first.factor
    return x, None


def drawn_targets(
    loss: Any, y: Array, labels: Array | None, generator: np.random.Generator
) -> Array:
    """Draw targets for answers y, (N, K), that the loss takes.

    The digits' own where there are ten outputs.
    """
    N, K = y.shape
    if isinstance(loss, Poisson):
        return generator.poisson(2.0, (N, K)).astype(np.float64)
    if isinstance(loss, MeanSquaredError):  # near the answers, so that steps are of their size
        return y + (y.std() or 1.0) * generator.standard_normal((N, K))
    if K > 1:
        return labels if labels is not None and K == 10 else generator.integers(0, K, N)
    return generator.integers(0, 2, (N, 1)).astype(np.float64)
