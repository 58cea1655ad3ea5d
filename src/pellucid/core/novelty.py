"""How far a row is from those of training, and the distance that few held-out rows exceed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.core.conformal import LARGEST, malformed, numbers, rounded
from pellucid.core.types import Array, Batch, Options, Vector

LEVEL = 0.99
"""Share of the held-out rows that are within the limit: one row in a hundred like those of training
is beyond it."""

MOST_COLUMNS = 256
"""Columns of numbers up to which there is a distance: more take a second and much of a file."""

_AXES = 32  # directions that are kept
_LEAST = 1e-3  # the least variance of a direction: columns may be copies of each other
_CLIP = 3.0  # as in the preset: that one column is far out is another question


@dataclass(frozen=True)
class Novelty:
    """The distance of a row's numbers from those of training, and its `limit`.

    It is Mahalanobis's: with z the standardized columns, smoothly clipped, minus their `center`,
    d^2 = z C^-1 z, C the covariance of the training rows, so that a height and a weight that are
    each frequent and never occur together are far. Of many columns C has the variances of the
    directions, the `axes`, in which the rows vary most or least, and one for the `rest` (as in
    Tipping and Bishop 1999, "Probabilistic principal component analysis"). No row is kept.
    """

    center: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]
    variances: tuple[float, ...]
    rest: float
    limit: float

    @classmethod
    def of(cls, trained: Batch, held_out: Batch) -> Novelty | None:
        """Return the distance from standardized rows (N, D), and its limit by held-out ones (n, D).

        None where the held-out rows are too few to have a limit, and for no or too many columns.
        """
        D, rank = trained.shape[1], math.ceil(LEVEL * (len(held_out) + 1))
        if not 0 < D <= MOST_COLUMNS or rank > len(held_out) or len(trained) < 2:
            return None
        z = _clipped(trained)
        center = rounded(z.mean(axis=0))
        z -= center
        variances, axes = np.linalg.eigh(z.T @ z / len(z))
        variances = np.maximum(variances, _LEAST)
        # What columns have in common varies much, what they never do hardly: both tell
        logs = np.log(variances)
        order = np.argsort(-np.abs(logs - np.median(logs)), kind="stable")
        kept, left = order[:_AXES], variances[order[_AXES:]]
        found = cls(
            tuple(center.tolist()),
            tuple(tuple(rounded(axis).tolist()) for axis in axes.T[kept]),
            tuple(rounded(variances[kept]).tolist()),
            float(rounded([left.mean() if len(left) else 1.0])[0]),
            limit=math.inf,
        )
        distances = np.sort(found.distances(held_out))
        limit = float(rounded([distances[rank - 1]])[0])
        return cls(found.center, found.axes, found.variances, found.rest, limit)

    def distances(self, z: Batch) -> Vector:
        """Return the distance of each row of standardized columns, (N,)."""
        return np.sqrt(np.maximum(self.parts(z).sum(axis=1), 0))

    def parts(self, z: Batch) -> Batch:
        """Return what each column adds to the square of a row's distance, (N, D)."""
        z = _clipped(z) - np.array(self.center)
        axes = np.array(self.axes)
        along = z @ axes.T
        weighted = (along / np.array(self.variances)) @ axes
        if len(self.axes) < z.shape[1]:
            weighted += (z - along @ axes) / self.rest
        parts: Batch = z * weighted
        return parts

    def to_dict(self) -> Options:
        """Return the distance as JSON can hold it."""
        return {
            "center": list(self.center),
            "axes": [list(axis) for axis in self.axes],
            "variances": list(self.variances),
            "rest": self.rest,
            "limit": self.limit,
        }

    @classmethod
    def from_dict(cls, entry: Any, columns: int) -> Novelty:
        """Return the distance of so many columns that a file describes, trusting nothing."""
        if set(entry) != {"center", "axes", "variances", "rest", "limit"}:
            raise malformed()
        if not 0 < columns <= MOST_COLUMNS or not isinstance(entry["axes"], list):
            raise malformed()
        kept = min(columns, _AXES)
        axes = tuple(numbers(axis, (columns, columns)) for axis in entry["axes"][: kept + 1])
        variances = numbers(entry["variances"], (kept, kept))
        rest, limit = numbers([entry["rest"], entry["limit"]], (2, 2))
        if len(axes) != kept or min(*variances, rest) < 1 / LARGEST or limit < 0:
            raise malformed()
        return cls(numbers(entry["center"], (columns, columns)), axes, variances, rest, limit)


def _clipped(z: Batch) -> Array:
    u = np.clip(np.asarray(z, np.float64) / _CLIP, -1e8, 1e8)
    return u / np.sqrt(1 + u * u) * _CLIP
