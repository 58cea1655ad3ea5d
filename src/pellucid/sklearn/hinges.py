"""Piecewise linear functions as layers: two rows of hinges max(0, x A + b)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

import numpy as np

from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, ReLU
from pellucid.core.types import DTypeLike
from pellucid.errors import Message
from pellucid.sklearn.features import Bent, Unfit

# Of the two dense matrices together: 16 MB in float32.
MOST_WEIGHTS = 4_000_000
LARGEST_ERROR = 1e-5  # of rounding, as a share of the function's range

_Hinge: TypeAlias = tuple[int, float, float]  # max(0, factor x + offset) of one number of a row


class Hinges:
    """Two layers of hinges over a row z, (D,), and what is read from them.

    A function with heights h_0 to h_n at knots k_0 to k_n becomes, with a = max(0, v - k_0),

        h_n + sum over j from 1 to n of c_j max(0, k_j - k_0 - a),

    where the sum of c_j to c_n is minus the slope between k_(j-1) and k_j. So it is exact far out
    on both sides, where a sum of hinges that all grow would be a difference of large numbers.

    Parameters
    ----------
    width
        D, how many numbers z has.
    values
        The places of z that may be negative; others are 0 or 1.
    dtype
        The floating type of the layers.
    """

    def __init__(self, width: int, values: Collection[int], dtype: DTypeLike) -> None:
        self._dtype = np.dtype(dtype)
        self._width, self._values = width, set(values)
        self._first: list[_Hinge] = []
        self._second: list[_Hinge] = []
        self._parts: dict[int, list[tuple[int, float]]] = {}

    @property
    def width(self) -> int:
        """How many numbers the second row of hinges has."""
        return len(self._second)

    def passed(self, row: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
        """Return a sum of numbers of z as a sum of hinges: v = max(0, v) - max(0, -v)."""
        return [
            (hinge, sign * factor) for place, factor in row for hinge, sign in self._passed(place)
        ]

    def bent(
        self, bent: Bent, place: int, mean: float, std: float
    ) -> tuple[list[tuple[int, float]], float]:
        """Return a bent function of v = z std + mean as a sum of hinges and a constant.

        Raises Unfit where rounding would show.
        """
        knots, heights = bent.knots, bent.heights
        self._first.append((place, std, mean - knots[0]))
        a = len(self._first) - 1
        slopes = np.diff(heights) / np.diff(knots)
        factors = np.diff(slopes, append=0.0)  # c_j = s_(j+1) - s_j, and c_n = -s_n
        error = float(np.abs(factors) @ (knots[1:] - knots[0])) * np.finfo(self._dtype).eps
        if error > LARGEST_ERROR * np.ptp(heights):
            template = (
                "it is ranked by lines too steep for {dtype} (errors of {error:.0e}): choose fewer "
                "quantiles (n_quantiles), or fit the pipeline on float64 numbers"
            )
            raise Unfit(Message(template, dtype=self._dtype.name, error=error))
        row = []
        for knot, factor in zip((knots[1:] - knots[0]).tolist(), factors.tolist(), strict=True):
            if factor:
                row.append((self._add(a, -1.0, knot), factor))
        return row, float(heights[-1])

    def layers(self) -> list[Layer]:
        """Return both rows of hinges as layers; raises Unfit for too many weights."""
        weights = len(self._first) * (self._width + len(self._second))
        if weights > MOST_WEIGHTS:
            template = (
                "what ranks or clips becomes {weights:,} weights, more than {most:,}: choose fewer "
                "quantiles (n_quantiles)"
            )
            raise Unfit(Message(template, weights=weights, most=MOST_WEIGHTS))
        first = _affine(self._first, self._width, self._dtype)
        return [first, ReLU(), _affine(self._second, len(self._first), self._dtype), ReLU()]

    def _passed(self, place: int) -> list[tuple[int, float]]:
        if place not in self._parts:
            signs = (1.0, -1.0) if place in self._values else (1.0,)
            self._parts[place] = []
            for sign in signs:
                self._first.append((place, sign, 0.0))
                self._parts[place].append((self._add(len(self._first) - 1, 1.0, 0.0), sign))
        return self._parts[place]

    def _add(self, place: int, factor: float, offset: float) -> int:
        self._second.append((place, factor, offset))
        return len(self._second) - 1


def _affine(hinges: Sequence[_Hinge], width: int, dtype: DTypeLike) -> Affine:
    A, b = np.zeros((width, len(hinges)), dtype), np.zeros(len(hinges), dtype)
    for index, (place, factor, offset) in enumerate(hinges):
        A[place, index], b[index] = factor, offset
    return Affine(A, b)
