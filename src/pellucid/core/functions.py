"""The functions that networks are made of: pure, for any shape, in the floating type they are
given.

Every function takes an array (or anything that NumPy turns into one) and gives an array of the same
shape. None overflows, and none loses its small tail, for any floating number, but for two:
`exponential` is infinite where exp(x) is too large for the type, and `gelu` in its "tanh" form, a
faster approximation, is 0 far out on the left.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.core.types import Array


def identity(x: Any) -> Array:
    """Give x back: what a layer without an activation does."""
    return _floating(x)


def sigmoid(x: Any) -> Array:
    """Squeeze any number into 0 to 1: 1 / (1 + exp(-x)).

    With e = exp(-|x|), which never overflows, it is 1 / (1 + e) on the right and e / (1 + e) on the
    left, so that the left tail keeps its digits instead of rounding to 0 (written as 1 / (1 +
    exp(-x)), it overflows there).

    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    x = _floating(x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, x.dtype.type(1), e) / (1 + e)


def tanh(x: Any) -> Array:
    """Squeeze any number into -1 to 1."""
    return np.tanh(_floating(x))


def relu(x: Any) -> Array:
    """Let positive numbers pass and make the others 0."""
    return np.maximum(_floating(x), 0)


def leaky_relu(x: Any, slope: float = 0.01) -> Array:
    """Let positive numbers pass and scale the others by `slope` (Maas, Hannun and Ng 2013)."""
    x = _floating(x)
    return np.where(x > 0, x, slope * x)


def gelu(x: Any, approximate: str = "none") -> Array:
    """Weigh x by the normal distribution's cumulative probability at x (Hendrycks and Gimpel 2016).

    `approximate` is "none" for x * Phi(x) = x (1 + erf(x / sqrt 2)) / 2, or "tanh" for the paper's
    faster form x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
    """
    x = _floating(x)
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(gelu_tanh_argument(x)))
    return x * normal_cumulative(x)


def gelu_tanh_argument(x: Array) -> Array:
    """Give sqrt(2 / pi) (x + 0.044715 x^3), the argument of the tanh in GELU's faster form."""
    # The cube overflows to infinity for |x| above 1e12 in float32; tanh of it is still exactly 1.
    with np.errstate(over="ignore"):
        return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)


def gelu_tanh_slope(x: Array) -> Array:
    """Give the slope of `gelu_tanh_argument`: sqrt(2 / pi) (1 + 3 * 0.044715 x^2)."""
    return math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)


def normal_cumulative(x: Any) -> Array:
    """Give Phi(x), the probability that a standard normal number is below x.

    Erfc(-x / sqrt 2) / 2.
    """
    x = _floating(x)
    return 0.5 * erfc(-x / math.sqrt(2.0))


def normal_density(x: Any) -> Array:
    """Give phi(x) = exp(-x^2 / 2) / sqrt(2 pi), the standard normal density at x."""
    x = _floating(x)
    with np.errstate(
        over="ignore"
    ):  # the square of a huge x is infinite, and exp(-inf) is the right 0
        return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def silu(x: Any) -> Array:
    """Weigh x by its own sigmoid.

    X sigmoid(x), also called swish (Elfwing, Uchibe and Doya 2017).
    """
    x = _floating(x)
    return x * sigmoid(x)


def softplus(x: Any) -> Array:
    """Give log(1 + exp(x)), a smooth relu, as max(x, 0) + log1p(exp(-|x|))."""
    x = _floating(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def exponential(x: Any) -> Array:
    """Give exp(x).

    Turns weighted sums into rates (it is infinite above 88.7 in float32, 709.7 in float64).
    """
    with np.errstate(over="ignore"):
        return np.exp(_floating(x))


def cosine(x: Any) -> Array:
    """Give cos(2 pi x), x in whole turns: the whole ones are taken away first, which costs no
    digit.

    >>> cosine([0.0, 0.25, 1e15 + 0.5]).round(12)
    array([ 1.,  0., -1.])
    """
    x = _floating(x)
    return np.cos(2 * math.pi * (x - np.rint(x)))


def softmax(x: Any) -> Array:
    """Turn each row (the last axis) into probabilities: exp(x) divided by its sum.

    The row's largest number is taken away first: the same result, and no exp above 1.
    """
    e = np.exp(_shifted(x))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x: Any) -> Array:
    """Give the logarithm of `softmax` without ever forming a probability that rounds to 0."""
    shifted = _shifted(x)
    if shifted.size == 0:  # the logarithm of a sum of no numbers is infinite
        return shifted
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def erfc(x: Any) -> Array:
    """Give the complementary error function, 2 / sqrt(pi) times the integral of exp(-u^2) from x to
    infinity.

    W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
    Computation 23 (1969), 631-637: one ratio of polynomials around 0, one for 0.46875 to 4 and one
    beyond. NumPy has no erf.
    """
    x = _floating(x)
    wide = np.asarray(x, np.float64)
    size = np.abs(wide)
    middle = np.clip(size, _CENTRE, 4.0)
    far = np.clip(size, 4.0, 27.0)  # erfc(27) is below the smallest normal float64
    tail = np.where(
        size <= 4.0,
        _square_exponential(middle) * _ratio(middle, _MIDDLE_P, _MIDDLE_Q),
        _square_exponential(far) / far * (1 / math.sqrt(math.pi) - _far_ratio(1 / (far * far))),
    )
    tail = np.where(size >= 27.0, 0.0, tail)
    outside = np.where(wide < 0, 2 - tail, tail)
    centre = 1 - _erf_centre(np.where(size <= _CENTRE, wide, 0.0))
    result = np.where(size <= _CENTRE, centre, outside)
    return np.where(np.isnan(wide), wide, result).astype(x.dtype, copy=False)


# Coefficients, highest power first, from Cody's paper (tables II and III; erf for |x| <= 0.46875
# from table I).
_CENTRE = 0.46875
_CENTRE_P = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_CENTRE_Q = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
_MIDDLE_P = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_MIDDLE_Q = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)
_FAR_P = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
_FAR_Q = (
    1.0,
    2.56852019228982242e0,
    1.87295284992346047e0,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)


def _erf_centre(x: Array) -> Array:
    return x * _ratio(np.asarray(x * x), _CENTRE_P, _CENTRE_Q)


def _far_ratio(inverse_square: Array) -> Array:
    return inverse_square * _ratio(inverse_square, _FAR_P, _FAR_Q)


def _ratio(x: Array, numerator: tuple[float, ...], denominator: tuple[float, ...]) -> Array:
    return _polynomial(x, numerator) / _polynomial(x, denominator)


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    # Horner's rule; np.polyval does the same but leaves float32 for no reason.
    total: Array = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def _square_exponential(x: Array) -> Array:
    # exp(-x^2) with x split at 1/16, so that the error of rounding x^2 is not blown up by exp
    # (Cody's own trick).
    rough = np.trunc(x * 16) / 16
    return np.exp(-rough * rough) * np.exp(-(x - rough) * (x + rough))


def _shifted(x: Any) -> Array:
    x = _floating(x)
    if x.size == 0:  # the largest of no numbers is undefined, and there is nothing to do
        return x
    return x - x.max(axis=-1, keepdims=True)


def _floating(x: Any) -> Array:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)
