"""Layers that keep weighted sums in range: BatchNorm over the batch, LayerNorm over each row."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.core.layer import (
    Buffer,
    Layer,
    Learning,
    Parameter,
    check_vectors,
    check_width,
    own_array,
)
from pellucid.core.settings import at_least, finite
from pellucid.core.types import Array, Options
from pellucid.errors import InputError


class _Normalization(Layer):
    """y = gamma x_hat + beta, where x_hat has mean 0 and variance 1.

    When mean and variance come from x itself, over m numbers: with dx_hat = dy gamma, dx = (dx_hat
    - mean(dx_hat) - x_hat mean(dx_hat x_hat)) / sqrt(variance + epsilon) (Ioffe and Szegedy 2015,
    section 3, simplified). dgamma = sum of dy x_hat, dbeta = sum of dy over the rows.
    """

    gamma = Parameter[Array]()
    beta = Parameter[Array]()

    def __init__(self, gamma: Any, beta: Any = None, epsilon: float = 1e-5) -> None:
        self.gamma = np.ones(_whole(gamma), np.float32) if np.ndim(gamma) == 0 else gamma
        if self.gamma.ndim != 1 or self.gamma.size == 0:
            raise InputError(
                "{layer} expects a width such as 16, or gamma of shape (width,); got shape {got}",
                layer=type(self).__name__,
                got=self.gamma.shape,
            )
        self.beta = np.zeros_like(self.gamma) if beta is None else own_array(beta, self.gamma.dtype)
        check_vectors(type(self).__name__, self.gamma.size, beta=self.beta)
        self.epsilon = at_least(0, epsilon=epsilon)

    def width(self, D: int) -> int:
        check_width(self, self.gamma.size, D)
        return D

    def options(self) -> Options:
        return {"epsilon": self.epsilon}

    def _gradients(
        self, x_hat: Array, deviation: Array, dy: Array, axis: int
    ) -> tuple[Array | None, list[Array]]:
        dx_hat = dy * self.gamma
        dx = (
            dx_hat
            - dx_hat.mean(axis=axis, keepdims=True)
            - x_hat * (dx_hat * x_hat).mean(axis=axis, keepdims=True)
        ) / deviation
        return dx, self._parameter_gradients(x_hat, dy)

    def _parameter_gradients(self, x_hat: Array, dy: Array) -> list[Array]:
        return [(dy * x_hat).sum(axis=0), dy.sum(axis=0)]


class BatchNorm(_Normalization):
    """Normalise each column over the batch (Ioffe and Szegedy 2015): y = gamma (x - mean) /
    sqrt(var + epsilon) + beta.

    While learning, mean and variance are the batch's own (the variance divided by N), and
    `running_mean` and `running_variance` (divided by N - 1) follow them by the share `momentum`, as
    in PyTorch; answering uses those. A batch of one row has no spread: its x_hat is 0.

    Parameters
    ----------
    gamma, beta
        Scale and shift, (H,); a whole number for gamma means that many ones, beta None means zeros.
    running_mean, running_variance
        (H,); None means zeros and ones.
    momentum, epsilon
        Defaults 0.1 and 1e-5.
    """

    running_mean = Buffer[Array]()
    running_variance = Buffer[Array]()

    def __init__(
        self,
        gamma: Any,
        beta: Any = None,
        running_mean: Any = None,
        running_variance: Any = None,
        momentum: float = 0.1,
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__(gamma, beta, epsilon)
        H, dtype = self.gamma.size, self.gamma.dtype
        self.running_mean = (
            np.zeros(H, dtype) if running_mean is None else own_array(running_mean, dtype)
        )
        self.running_variance = (
            np.ones(H, dtype) if running_variance is None else own_array(running_variance, dtype)
        )
        check_vectors(
            "BatchNorm", H, running_mean=self.running_mean, running_variance=self.running_variance
        )
        if not (self.running_variance >= 0).all():
            raise InputError("BatchNorm: running_variance must be 0 or more")
        self.momentum = finite(momentum=momentum)

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        x_hat, _ = self._normalized(x, learning)
        return x_hat * self.gamma + self.beta

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        x_hat, deviation = self._normalized(x, learning)
        if learning is None or len(x) == 0:  # mean and variance do not depend on x
            return dy * self.gamma / deviation, self._parameter_gradients(x_hat, dy)
        return self._gradients(x_hat, deviation, dy, axis=0)

    def observe(self, x: Array, learning: Learning) -> None:
        N = len(x)
        if N == 0:
            return
        self.running_mean += self.momentum * (x.mean(axis=0) - self.running_mean)
        if N > 1:  # one row tells nothing of the spread
            self.running_variance += self.momentum * (x.var(axis=0, ddof=1) - self.running_variance)

    def options(self) -> Options:
        return {"momentum": self.momentum, **super().options()}

    def _normalized(self, x: Array, learning: Learning | None) -> tuple[Array, Array]:
        if learning is None or len(x) == 0:
            mean, variance = self.running_mean, self.running_variance
        else:
            mean, variance = x.mean(axis=0), x.var(axis=0)
        deviation = np.sqrt(variance + x.dtype.type(self.epsilon))
        return (x - mean) / deviation, deviation


class LayerNorm(_Normalization):
    """Normalise each row over its numbers: y = gamma (x - mean) / sqrt(var + epsilon) + beta.

    Ba, Kiros and Hinton 2016.

    Parameters
    ----------
    gamma, beta
        Scale and shift, (H,); a whole number for gamma means that many ones, beta None means zeros.
    epsilon
        Default 1e-5.
    """

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        x_hat, _ = self._normalized(x)
        return x_hat * self.gamma + self.beta

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        x_hat, deviation = self._normalized(x)
        return self._gradients(x_hat, deviation, dy, axis=1)

    def _normalized(self, x: Array) -> tuple[Array, Array]:
        deviation = np.sqrt(x.var(axis=1, keepdims=True) + x.dtype.type(self.epsilon))
        return (x - x.mean(axis=1, keepdims=True)) / deviation, deviation


def _whole(width: Any) -> int:
    if isinstance(width, (int, np.integer)) and width > 0:
        return int(width)
    raise InputError("a width is a whole number of 1 or more, not {got}", got=repr(width))
