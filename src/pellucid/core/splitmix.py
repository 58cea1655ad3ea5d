"""Random numbers by counting: each is a function of a key and its place in the key's stream.

So a dropout mask or the order of an epoch is the same in `backward` as in `forward`, in every
engine, on every machine and NumPy version, and for any number of processes. The function is
SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): a
counter times the golden ratio, then its bits mixed.
"""

from __future__ import annotations

import numpy as np

from pellucid.core.types import Array

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_MASK = (1 << 64) - 1


def key(*numbers: int) -> int:
    """Mix whole numbers (a seed, a step, a layer) into one 64-bit key; their order matters."""
    mixed = 0
    for number in numbers:
        mixed = _mix((mixed + _GOLDEN + number) & _MASK)
    return mixed


def bits(stream: int | Array, places: Array) -> Array:
    """Return 64 random bits (uint64) for each place of the stream with that key.

    Parameters
    ----------
    stream
        A key from `key`, or an array of keys (uint64) for places of a shape to which its own
        broadcasts.
    places
        Whole numbers from 0, uint64, any shape with at least one axis.
    """
    z: Array = places + np.uint64(1)
    # In place from here on: fresh memory costs as much as the arithmetic.
    z *= np.uint64(_GOLDEN)
    z += np.asarray(stream, np.uint64)
    shifted = z >> np.uint64(30)
    z ^= shifted
    z *= np.uint64(_FIRST)
    z ^= np.right_shift(z, np.uint64(27), out=shifted)
    z *= np.uint64(_SECOND)
    z ^= np.right_shift(z, np.uint64(31), out=shifted)
    return z


def uniform(stream: int | Array, places: Array) -> Array:
    """Return a float64 in [0, 1) for each place: the top 53 bits."""
    return (bits(stream, places) >> np.uint64(11)) * 2.0**-53


def permutation(stream: int, N: int) -> Array:
    """Return the numbers 0 to N - 1 (int64) in random order: the order of N random keys."""
    # A key's lowest bits are replaced by its place, so that sorting the keys brings the places
    # along; that is several times as fast as argsort. No two keys are equal, so every way of
    # sorting gives the same order.
    places = np.arange(N, dtype=np.uint64)
    low = np.uint64((1 << N.bit_length()) - 1)
    keys = bits(stream, places)
    keys &= ~low
    keys |= places
    keys.sort()
    keys &= low
    return keys.view(np.int64)


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)
