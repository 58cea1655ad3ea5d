"""The complementary error function, which NumPy does not have: what the exact GELU needs."""

from __future__ import annotations

import math

import numpy as np

from pellucid.core.types import Array, ArrayLike


def floating(x: ArrayLike) -> Array:
    """Return x as an array of its floating type, or of float64."""
    array = np.asarray(x)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def erfc(x: ArrayLike) -> Array:
    """Return erfc(x) = 2 / sqrt(pi) times the integral of exp(-u^2) from x to infinity.

    x is floating, of any shape. W. J. Cody, "Rational Chebyshev approximations for the error
    function", Mathematics of Computation 23 (1969), 631-637: one ratio of polynomials around 0,
    one for 0.46875 to 4 and one beyond.
    """
    x = floating(x)
    wide = np.asarray(x, np.float64)  # the coefficients have 17 digits
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
