"""Small synthetic problems in the plane, to see which classes a network can separate.

Each function returns `x` (n, 2) float32 and `t` (n,) int64, the class of every row, in random
order. The same seed gives the same points.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pellucid.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points: TypeAlias = tuple[NDArray[np.float32], NDArray[np.int64]]


def xor(n: int = 200, noise: float = 0.1, seed: int = 0) -> Points:
    """Draw points around the corners of the unit square; equal corners are class 0, unequal ones
    class 1.

    No single line separates them: the example that needs a hidden layer (Minsky and Papert,
    "Perceptrons", 1969). `n` is the number of points, `noise` the standard deviation added to both
    coordinates. With noise 0 the points are the four corners themselves.

    Raises InputError when `n` is below 4 or `noise` is negative or not finite.

    >>> x, t = xor(4, noise=0)
    >>> sorted((*map(int, corner), int(k)) for corner, k in zip(x, t, strict=True))
    [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    """
    n, generator = _check(n, noise, seed, least=4)
    corner = np.arange(n) % 4
    x = np.stack([corner // 2, corner % 2], axis=1).astype(np.float64)
    return _finish(x, (corner // 2) ^ (corner % 2), noise, generator)


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> Points:
    """Draw two interleaving half circles of radius 1, as scikit-learn's `make_moons` does.

    Class 0 is (cos a, sin a), class 1 is (1 - cos a, 1/2 - sin a), a from 0 to pi.

    Raises InputError when `n` is below 2 or `noise` is negative or not finite.
    """
    n, generator = _check(n, noise, seed)
    t = np.arange(n) % 2
    angle = np.pi * generator.random(n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return _finish(np.where(t[:, None] == 0, upper, lower), t, noise, generator)


def circles(n: int = 200, noise: float = 0.05, seed: int = 0) -> Points:
    """Draw a circle of radius 1 (class 0) around one of radius 1/2 (class 1).

    Raises InputError when `n` is below 2 or `noise` is negative or not finite.
    """
    n, generator = _check(n, noise, seed)
    t = np.arange(n) % 2
    angle = 2 * np.pi * generator.random(n)
    radius = np.where(t == 0, 1.0, 0.5)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _finish(x, t, noise, generator)


def spirals(n: int = 200, noise: float = 0.02, seed: int = 0) -> Points:
    """Draw two interleaving spirals of one and a half turns, from the middle to radius 1.

    After Lang and Witbrock, "Learning to tell two spirals apart", 1988: hard for a small network.

    Raises InputError when `n` is below 2 or `noise` is negative or not finite.
    """
    n, generator = _check(n, noise, seed)
    t = np.arange(n) % 2
    # The square root spreads the points evenly along the arm, whose length grows with the radius.
    along = np.sqrt(generator.random(n))
    angle = 3 * np.pi * along + np.pi * t
    x = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _finish(x, t, noise, generator)


def _check(n: int, noise: float, seed: int, least: int = 2) -> tuple[int, np.random.Generator]:
    try:
        count = operator.index(n)
    except TypeError:
        count = 0
    if count < least:
        raise InputError("n must be at least {least} points, got {n}", least=least, n=n)
    if not 0 <= noise < np.inf:
        raise InputError("noise must be a standard deviation, 0 or more, got {noise}", noise=noise)
    return count, np.random.default_rng(seed)


def _finish(
    x: NDArray[np.float64], t: NDArray[np.int_], noise: float, generator: np.random.Generator
) -> Points:
    order = generator.permutation(len(x))
    x = x + noise * generator.standard_normal(x.shape)
    return x[order].astype(np.float32), t[order].astype(np.int64)
