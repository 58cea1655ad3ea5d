"""Rows and targets to verify a network with, where the user passes none."""

from __future__ import annotations

import numpy as np

from pellucid.core import checks, losses
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.layer import Layer
from pellucid.core.layers import Exponential, Sigmoid, Softmax
from pellucid.core.losses import MeanSquaredError, RowLoss
from pellucid.core.members import alone
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.types import Array, Batch
from pellucid.errors import InputError
from pellucid.network import Network

_LOSSES: dict[type[Layer], type[RowLoss]] = {
    Softmax: losses.CrossEntropy,
    Sigmoid: losses.BinaryCrossEntropy,
    Exponential: losses.Poisson,
}


def usual_loss(net: Network) -> RowLoss:
    """Return the loss that fits the last layer."""
    return _LOSSES.get(type(net.layers[-1]), MeanSquaredError)()


def drawn_rows(
    net: Network, N: int, generator: np.random.Generator, size: float = 1.0
) -> tuple[Batch, Array | None]:
    """Draw rows: MNIST's test digits (and their labels) for 784 inputs, else random ones.

    Random rows are bytes where the network scales bytes, values about the means where it begins
    with Standardize, and standard normal otherwise. `size` scales their distance from the means.
    Columns that a CategoryEmbedding looks up hold any of their indices. Raises InputError where no
    layer determines the number of inputs.
    """
    D = checks.input_width(net.layers)
    if D is None:
        raise InputError("no layer determines how many inputs there are: pass rows x")
    takes_bytes = checks.byte_factor(net.layers) is not None
    unscaled = (Flatten, CategoryEmbedding)
    first = next((layer for layer in alone(net.layers) if not isinstance(layer, unscaled)), None)
    # With 784 inputs but another preparation (a table, say) digits would be far out of range.
    sizes = _index_counts(net, D)
    prepares = isinstance(first, (Scale, Standardize)) or sizes.any()
    if D == 784 and (takes_bytes or not prepares):
        from pellucid.data import mnist

        test = mnist().test
        pixels, labels = test.images[:N].reshape(N, D), test.labels[:N].astype(np.int64)
        return (pixels if takes_bytes else pixels / np.float32(255)), labels
    if takes_bytes:
        return generator.integers(0, 256, (N, D), dtype=np.uint8), None
    x = size * generator.standard_normal((N, D))
    # An embedding hands on the columns of numbers first, then what it looked up.
    numbers = np.flatnonzero(sizes == 0)
    if isinstance(first, Standardize):
        H = len(numbers)
        x[:, numbers] = x[:, numbers] * first.std[:H] + first.mean[:H]
    elif isinstance(first, Scale):
        x = x / first.factor
    for column in np.flatnonzero(sizes):
        x[:, column] = generator.integers(0, sizes[column], N)
    return x, None


def _index_counts(net: Network, D: int) -> Array:
    """Return how many indices each input column may hold, (D,) int64; 0 for columns of numbers."""
    front = alone(net.layers)[0]
    if isinstance(front, CategoryEmbedding):
        return front.sizes.astype(np.int64)
    return np.zeros(D, np.int64)


def drawn_targets(
    loss: RowLoss, y: Batch, labels: Array | None, generator: np.random.Generator
) -> Array:
    """Draw targets that the loss takes for outputs y, (N, K); the digits' own for ten outputs."""
    N, K = y.shape
    if isinstance(loss, losses.Poisson):
        return generator.poisson(2.0, (N, K)).astype(np.float64)
    if isinstance(loss, MeanSquaredError):  # near the outputs, so that steps are of their size
        return y + (y.std() or 1.0) * generator.standard_normal((N, K))
    if K > 1:
        use_labels = labels is not None and K == 10
        return np.asarray(labels if use_labels else generator.integers(0, K, N))
    return generator.integers(0, 2, (N, 1)).astype(np.float64)
