"""Layers that keep pre-activations in range: BatchNorm over the batch, LayerNorm over a row."""

from __future__ import annotations

import numpy as np

from pellucid.core.arrays import Buffer, Parameter, check_vectors, own_array
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.ranges import at_least, finite, whole
from pellucid.core.types import Array, ArrayLike, Batch, Gradients, Options
from pellucid.errors import InputError


class _Normalization(Layer):
    """y = gamma x_hat + beta, where x_hat has mean 0 and variance 1.

    Where mean and variance come from x itself, with dx_hat = dy gamma,
    dx = (dx_hat - mean(dx_hat) - x_hat mean(dx_hat x_hat)) / sqrt(variance + epsilon)
    (Ioffe and Szegedy 2015, section 3, simplified). dgamma = sum of dy x_hat over the rows,
    dbeta = sum of dy over the rows.
    """

    gamma = Parameter[Array]()
    beta = Parameter[Array]()

    def __init__(
        self, gamma: ArrayLike, beta: ArrayLike | None = None, epsilon: float = 1e-5
    ) -> None:
        self.gamma = np.ones(whole("width", gamma), np.float32) if np.ndim(gamma) == 0 else gamma
        if self.gamma.ndim != 1 or self.gamma.size == 0:
            raise InputError(
                "{layer} expects a width such as 16, or gamma of shape (width,); got shape {got}",
                layer=type(self).__name__,
                got=self.gamma.shape,
            )
        self.beta = np.zeros_like(self.gamma) if beta is None else own_array(beta, self.gamma.dtype)
        check_vectors(type(self).__name__, self.gamma.size, beta=self.beta)
        self.epsilon = at_least(0, epsilon=epsilon)

    def input_width(self) -> int:
        return int(self.gamma.size)

    def options(self) -> Options:
        return {"epsilon": self.epsilon}

    def _gradients(self, x_hat: Batch, std: Array, dy: Batch, axis: int) -> Gradients:
        dx_hat = dy * self.gamma
        dx = (
            dx_hat
            - dx_hat.mean(axis=axis, keepdims=True)
            - x_hat * (dx_hat * x_hat).mean(axis=axis, keepdims=True)
        ) / std
        return dx, self._parameter_gradients(x_hat, dy)

    def _parameter_gradients(self, x_hat: Array, dy: Array) -> list[Array]:
        return [(dy * x_hat).sum(axis=0), dy.sum(axis=0)]


class BatchNorm(_Normalization):
    """Normalize each column over the batch (Ioffe and Szegedy 2015).

    y = gamma (x - mean) / sqrt(var + epsilon) + beta. In training, mean and variance are those of
    the batch (the variance divided by N), and `running_mean` and `running_variance` (divided by
    N - 1) move towards them by the share `momentum`, as in PyTorch; prediction uses the running
    ones. A batch of one row has no spread: its x_hat is 0.

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
        gamma: ArrayLike,
        beta: ArrayLike | None = None,
        running_mean: ArrayLike | None = None,
        running_variance: ArrayLike | None = None,
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

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        x_hat, _ = self._normalized(x, draws)
        return x_hat * self.gamma + self.beta

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        x_hat, std = self._normalized(p.x, p.draws)
        if p.draws is None or len(p.x) == 0:  # mean and variance do not depend on x
            return dy * self.gamma / std, self._parameter_gradients(x_hat, dy)
        return self._gradients(x_hat, std, dy, axis=0)

    def observe(self, x: Array, draws: Draws) -> None:
        N = len(x)
        if N == 0:
            return
        # PyTorch's convention: momentum is the share of the new value.
        self.running_mean += self.momentum * (x.mean(axis=0) - self.running_mean)
        if N > 1:  # one row has no spread
            self.running_variance += self.momentum * (x.var(axis=0, ddof=1) - self.running_variance)

    def options(self) -> Options:
        return {"momentum": self.momentum, **super().options()}

    def _normalized(self, x: Array, draws: Draws | None) -> tuple[Array, Array]:
        if draws is None or len(x) == 0:
            mean, variance = self.running_mean, self.running_variance
        else:
            mean, variance = x.mean(axis=0), x.var(axis=0)
        std = np.sqrt(variance + x.dtype.type(self.epsilon))
        return (x - mean) / std, std


class LayerNorm(_Normalization):
    """Normalize each row over its numbers (Ba, Kiros and Hinton 2016).

    y = gamma (x - mean) / sqrt(var + epsilon) + beta.

    Parameters
    ----------
    gamma, beta
        Scale and shift, (H,); a whole number for gamma means that many ones, beta None means zeros.
    epsilon
        Default 1e-5.
    """

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        x_hat, _ = self._normalized(x)
        return x_hat * self.gamma + self.beta

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        x_hat, std = self._normalized(p.x)
        return self._gradients(x_hat, std, dy, axis=1)

    def _normalized(self, x: Array) -> tuple[Array, Array]:
        std = np.sqrt(x.var(axis=1, keepdims=True) + x.dtype.type(self.epsilon))
        return (x - x.mean(axis=1, keepdims=True)) / std, std
