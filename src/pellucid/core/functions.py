"""The functions that networks are made of: pure, for any shape, in the floating type of x.

Every function takes an array, or what NumPy turns into one, and returns an array of the same shape.
For finite x none overflows if its result fits the type, and none is 0 before the true value is too
small for the type. One exception: `gelu` in its faster "tanh" form is 0 far out on the left.
"""

from __future__ import annotations

import math

import numpy as np

from pellucid.core.erf import erfc, floating
from pellucid.core.types import Array, ArrayLike


def identity(x: ArrayLike) -> Array:
    """Return x."""
    return floating(x)


def sigmoid(x: ArrayLike) -> Array:
    """Return 1 / (1 + exp(-x)), between 0 and 1.

    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    x = floating(x)
    # exp(-x) overflows far out on the left. With e = exp(-|x|) it is 1 / (1 + e) on the right and
    # e / (1 + e) on the left, where the small values keep all their digits.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, x.dtype.type(1), e) / (1 + e)


def tanh(x: ArrayLike) -> Array:
    """Return the hyperbolic tangent, between -1 and 1."""
    return np.tanh(floating(x))


def relu(x: ArrayLike) -> Array:
    """Return x where it is positive, else 0."""
    return np.maximum(floating(x), 0)


def leaky_relu(x: ArrayLike, slope: float = 0.01) -> Array:
    """Return x where it is positive, else slope x (Maas, Hannun and Ng 2013)."""
    x = floating(x)
    return np.where(x > 0, x, slope * x)


def gelu(x: ArrayLike, approximate: str = "none") -> Array:
    """Return x times the probability that a standard normal number is below x.

    Hendrycks and Gimpel 2016. `approximate` is "none" for x Phi(x) = x (1 + erf(x / sqrt 2)) / 2,
    or "tanh" for the paper's faster form x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
    """
    x = floating(x)
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(gelu_tanh_argument(x)))
    return x * normal_cumulative(x)


def gelu_tanh_argument(x: Array) -> Array:
    """Return sqrt(2 / pi) (x + 0.044715 x^3), the argument of the tanh in GELU's faster form."""
    # In float32 the cube is infinite from |x| = 2e13 on; its tanh is still exactly 1 or -1.
    with np.errstate(over="ignore"):
        return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)


def gelu_tanh_slope(x: Array) -> Array:
    """Return the derivative of `gelu_tanh_argument`: sqrt(2 / pi) (1 + 3 * 0.044715 x^2)."""
    return math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)


def normal_cumulative(x: ArrayLike) -> Array:
    """Return Phi(x) = erfc(-x / sqrt 2) / 2: how likely a standard normal number is below x."""
    x = floating(x)
    return 0.5 * erfc(-x / math.sqrt(2.0))


def normal_density(x: ArrayLike) -> Array:
    """Return phi(x) = exp(-x^2 / 2) / sqrt(2 pi), the standard normal density at x."""
    x = floating(x)
    with np.errstate(
        over="ignore"
    ):  # the square of a huge x is infinite, and exp(-inf) is 0 as it should be
        return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def silu(x: ArrayLike) -> Array:
    """Return x sigmoid(x), also called swish (Elfwing, Uchibe and Doya 2017)."""
    x = floating(x)
    return x * sigmoid(x)


def softplus(x: ArrayLike) -> Array:
    """Return log(1 + exp(x)), a smooth relu, as max(x, 0) + log1p(exp(-|x|))."""
    x = floating(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def exponential(x: ArrayLike) -> Array:
    """Return exp(x); infinite above 88.7 in float32, above 709.7 in float64."""
    with np.errstate(over="ignore"):
        return np.exp(floating(x))


def cosine(x: ArrayLike) -> Array:
    """Return cos(2 pi x): x counts whole turns.

    >>> cosine([0.0, 0.25, 1e15 + 0.5]).round(12)
    array([ 1.,  0., -1.])
    """
    x = floating(x)
    # Taking whole turns away first loses no digit; multiplying a large x by 2 pi would.
    return np.cos(2 * math.pi * (x - np.rint(x)))


def softmax(x: ArrayLike) -> Array:
    """Return each row (the last axis) as probabilities: exp(x) divided by the row's sum."""
    e = np.exp(_shifted(x))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x: ArrayLike) -> Array:
    """Return log softmax(x) without forming a probability that could round to 0."""
    shifted = _shifted(x)
    if shifted.size == 0:  # the logarithm of a sum of no numbers is infinite
        return shifted
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _shifted(x: ArrayLike) -> Array:
    x = floating(x)
    if x.size == 0:  # an empty row has no maximum
        return x
    # Softmax does not change when a number is added to a row; now every exp is at most 1.
    return x - x.max(axis=-1, keepdims=True)
