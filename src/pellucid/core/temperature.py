"""Calibrated probabilities: logits divided by one number, the temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pellucid.core import functions
from pellucid.core.activations import LogSoftmax
from pellucid.core.layer import Layer, flat
from pellucid.core.layers import Affine, Sigmoid, Softmax
from pellucid.core.members import Members
from pellucid.core.types import Array, Batch, Vector

_ENDS = 0.2, 5.0  # the lowest and highest temperature
_HALVINGS = 40
_CHANCE = 3.84 / 2  # log-loss that a temperature gains by chance in one of twenty cases (chi^2)
_THIRDS = 20
_COMPARED = 1 << 20  # probabilities that they look at: those of rows at even distances


def probabilities(layers: Sequence[Layer], y: Batch) -> Batch | None:
    """Return the probability of each class, (N, K) float64, K at least 2, for outputs y.

    None where the outputs are no probabilities and no logits: several independent sigmoids.
    """
    y = np.asarray(y, np.float64)
    last = layers[-1] if layers else None
    if y.shape[1] == 1:
        p = y if isinstance(last, Sigmoid) else functions.sigmoid(y)
        return np.concatenate([1 - p, p], axis=1)
    if isinstance(last, Sigmoid):
        return None
    if not isinstance(last, Softmax):
        y = functions.softmax(y)
    return y / y.sum(axis=1, keepdims=True)  # in float32 the sum is 1 to 1e-7 only


def fitted(p: Batch, t: Array, sample_weight: Vector | None = None) -> float:
    """Return the temperature T for which softmax(log(p) / T) has the least log-loss.

    p, (N, K), are probabilities of held-out rows and t, (N,), their classes (Guo et al. 2017, "On
    calibration of modern neural networks"). The loss is convex in 1 / T, so halving an interval
    finds where its slope is 0. Targets are smoothed as Platt (1999) does, by 1 / (N + 2): without,
    rows that are all right would make the network certain of everything. T is 1 where the rows do
    not prove another one: with 200 rows it is off by a tenth, and networks that kept the epoch with
    the least log-loss are calibrated already.
    """
    z = np.log(np.maximum(p, np.finfo(np.float64).tiny))
    wanted, weights = _smoothed(t, z.shape[1]), _weights(t, sample_weight)
    least, most = 1 / _ENDS[1], 1 / _ENDS[0]
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        slope = weights @ ((functions.softmax(middle * z) - wanted) * z).sum(axis=1)
        least, most = (middle, most) if slope < 0 else (least, middle)

    def loss(T: float) -> float:
        return -float(weights @ (wanted * functions.log_softmax(z / T)).sum(axis=1))

    return _proved(2 / (least + most), loss)


def fitted_together(p: Array, t: Array, sample_weight: Vector | None = None) -> float:
    """Return the temperature T of several members for which their mean has the least log-loss.

    p, (M, N, K), are the members' probabilities: the mean is that of softmax(log(p) / T). Its loss
    is not convex, so what is found may be a lowest point nearby.
    """
    z = np.log(np.maximum(p, np.finfo(np.float64).tiny))
    wanted, weights = _smoothed(t, z.shape[2]), _weights(t, sample_weight)
    few = slice(None, None, -(-z.size // _COMPARED))
    z, wanted, weights = z[:, few], wanted[few], weights[few]

    def loss(log_temperature: float) -> float:
        mean = functions.softmax(z / np.exp(log_temperature)).mean(axis=0)
        return float(-weights @ (wanted * np.log(mean)).sum(axis=1))

    low, high = np.log(_ENDS)
    for _ in range(_THIRDS):  # each leaves two thirds of what is between
        third = (high - low) / 3
        if loss(low + third) < loss(high - third):
            high -= third
        else:
            low += third
    return _proved(float(np.exp((low + high) / 2)), lambda T: loss(np.log(T)))


def _proved(T: float, loss: Callable[[float], float]) -> float:
    """Return a temperature, or 1 where its loss is not less than that of 1 by more than chance."""
    return T if loss(1.0) - loss(T) > _CHANCE else 1.0


def _smoothed(t: Array, K: int) -> Array:
    """Return classes as probabilities, (N, K), smoothed by 1 / (N + 2)."""
    N = len(t)
    wanted = np.full((N, K), 1 / ((N + 2) * max(K - 1, 1)))
    wanted[np.arange(N), t] = 1 - 1 / (N + 2)
    return wanted


def _weights(t: Array, sample_weight: Vector | None) -> Vector:
    weights = np.ones(len(t)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    return weights * len(t) / weights.sum()


def divide_logits(layers: Sequence[Layer], temperature: float) -> bool:
    """Divide the logits of a network by the temperature, in the weights of its last Affine layer,
    or of that of every member.

    So every engine, export and program computes calibrated probabilities without knowing of it, and
    no class changes (of an ensemble hardly any). Returns whether it could be done: not for a frozen
    layer, and not for networks that end otherwise.
    """
    if layers and isinstance(layers[-1], (Softmax, Sigmoid, LogSoftmax)):
        layers = layers[:-1]
    last = layers[-1] if layers else None
    ends = [each[-1] for each in last.members] if isinstance(last, Members) else [last]
    if getattr(last, "frozen", False):
        return False
    affine = [each for each in ends if isinstance(each, Affine) and not each.frozen]
    if len(affine) < len(ends):
        return False
    for array in flat(each.params for each in affine):
        array /= array.dtype.type(temperature)
    return True
