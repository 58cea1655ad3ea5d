"""Split conformal prediction: intervals and sets from the errors on rows that were held out.

A new row of the same population is as likely to have any rank among n held-out rows as any other,
whatever the network is. So the k-th smallest of their scores bounds its own with probability
k / (n + 1) (Vovk, Gammerman and Shafer 2005; Lei et al. 2018, "Distribution-free predictive
inference for regression"). The probability is a mean over all rows, not one of each kind of row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.core.ranges import number
from pellucid.core.types import Array, ArrayLike, Batch, Options, Vector
from pellucid.errors import InputError

KEPT = 199
"""Scores that are kept of more. They divide the held-out rows into 200 equal parts, so that levels
in steps of 0.5 % are exact and others are rounded up."""

LARGEST = 1e50
"""A number beyond this, in a file, could take what is computed of it out of float64."""

_BIN, _BINS = 40, 10  # rows of a bin of predictions at least, and bins at most
_LEAST = 0.1  # the least spread of a bin, as a share of the mean one: a few rows may all be right


@dataclass(frozen=True)
class Scores:
    """Scores of held-out rows, sorted, and the rank of each among all `rows`, counted from 1."""

    values: tuple[float, ...]
    rows: int

    @classmethod
    def of(cls, scores: ArrayLike) -> Scores:
        """Keep the scores of (n,) rows, `KEPT` of more."""
        ordered = np.sort(np.asarray(scores, np.float64))
        n = len(ordered)
        return cls(tuple(rounded(ordered[cls((), n).ranks - 1]).tolist()), n)

    @property
    def ranks(self) -> Array:
        """The rank of each kept score: all, or those that divide the rows evenly."""
        n = self.rows
        if n <= KEPT:
            return np.arange(1, n + 1)
        places = np.arange(1, KEPT + 1) * (n + 1)
        half = (KEPT + 1) // 2
        # Towards the ends, so that neither bound is inside the exact one.
        down, up = places // (KEPT + 1), -(-places // (KEPT + 1))
        return np.where(np.arange(1, KEPT + 1) <= half, down, up)

    def upper(self, level: float) -> float:
        """Return the bound that a new row's score exceeds with probability 1 - level at most."""
        # Rounded first: 0.9 * 200 is a little more than 180.
        wanted = math.ceil(round(level * (self.rows + 1), 9))
        return self.values[int(np.searchsorted(self.ranks, wanted))]

    def lower(self, level: float) -> float:
        """Return the bound that a new row's score is below with probability 1 - level at most."""
        wanted = math.floor(round((1 - level) * (self.rows + 1), 9))
        return self.values[int(np.searchsorted(self.ranks, wanted, side="right")) - 1]

    def check(self, level: float, ends: int) -> float:
        """Return the level as a number; raise InputError where the rows are too few for it.

        An interval has two `ends`, each with a share of (1 - level) / 2 of the rows beyond it.
        """
        level = checked_level(level)
        if not self.allows(level, ends):
            raise InputError(
                "a level of {level:g} needs more held-out rows than {rows:,}: at most {most:.3g}",
                level=level,
                rows=self.rows,
                most=math.floor(self._most(ends) * 1000) / 1000,
            )
        return level

    def allows(self, level: float, ends: int) -> bool:
        """Return whether the rows are enough for a level, as `check` demands it."""
        return level <= self._most(ends) + 1e-9

    def _most(self, ends: int) -> float:
        return 1 - ends / (max(min(self.rows, KEPT), ends) + 1)

    @classmethod
    def from_list(cls, values: Any, rows: int) -> Scores:
        """Return the scores that a file has, trusting nothing."""
        found = numbers(values, (1, KEPT))
        if len(found) != min(rows, KEPT) or list(found) != sorted(found):
            raise malformed()
        return cls(found, rows)


@dataclass(frozen=True)
class Residuals:
    """The errors of predictions y of one target: t - y, divided by how large errors near y are.

    Where the network predicts large values its errors are often larger. `spreads` are the mean
    absolute errors around the predictions `at`, increasing, with straight lines between; `scores`
    are the errors divided by them. Intervals end at 0 where no target was negative
    (`nonnegative`).
    """

    at: tuple[float, ...]
    spreads: tuple[float, ...]
    scores: Scores
    nonnegative: bool = False

    @classmethod
    def of(cls, y: Vector, t: Vector, nonnegative: bool = False) -> Residuals:
        """Keep the errors of predictions y, (n,), of targets t, (n,)."""
        y, t = np.asarray(y, np.float64), np.asarray(t, np.float64)
        order, errors = np.argsort(y, kind="stable"), np.abs(t - y)
        bins = np.empty(len(y), np.int64)
        for k, rows in enumerate(np.array_split(order, min(max(len(y) // _BIN, 1), _BINS))):
            bins[rows] = k
        # Equal predictions are in one bin; a file keeps six digits
        _, bins = np.unique(rounded(_means(y, bins))[bins], return_inverse=True)
        at, spreads = rounded(_means(y, bins)), _means(errors, bins)
        least = _LEAST * errors.mean() or 1.0  # of a network without errors any will do
        near = np.interp(y, at, spreads)
        if len(at) > 1:
            # A row's own error must not say how large errors near it are: a new row's does not
            weight = np.stack([np.interp(y, at, each) for each in np.eye(len(at))], axis=1)
            others = np.maximum(np.bincount(bins)[bins] - 1, 1)
            near += weight[np.arange(len(y)), bins] * (spreads[bins] - errors) / others
        scores = Scores.of((t - y) / np.maximum(near, least))
        spreads = np.maximum(rounded(np.maximum(spreads, least)), 1e-300)
        return cls(tuple(at.tolist()), tuple(spreads.tolist()), scores, nonnegative)

    def spread(self, y: Vector) -> Vector:
        """Return how large errors near each prediction are, (N,)."""
        # Between predictions that hardly differ the slope of a line may overflow
        return np.clip(np.interp(y, self.at, self.spreads), min(self.spreads), max(self.spreads))

    def interval(self, y: Vector, level: float) -> tuple[Vector, Vector]:
        """Return the lowest and highest value, (N,) each, for predictions y, (N,).

        Raises InputError where the held-out rows are too few for the level.
        """
        level = self.scores.check(level, ends=2)
        y, side = np.asarray(y, np.float64), (1 + level) / 2
        spread = self.spread(y)
        low, high = y + self.scores.lower(side) * spread, y + self.scores.upper(side) * spread
        return (np.maximum(low, 0), np.maximum(high, 0)) if self.nonnegative else (low, high)

    def to_dict(self) -> Options:
        """Return the residuals as JSON can hold them."""
        return {
            "at": list(self.at),
            "spreads": list(self.spreads),
            "scores": list(self.scores.values),
            "nonnegative": self.nonnegative,
        }

    @classmethod
    def from_dict(cls, entry: Any, rows: int) -> Residuals:
        """Return the residuals that a file describes, trusting nothing."""
        if set(entry) != {"at", "spreads", "scores", "nonnegative"}:
            raise malformed()
        at, spreads = numbers(entry["at"], (1, _BINS)), numbers(entry["spreads"], (1, _BINS))
        increasing = all(np.diff(at) > 0) and len(at) == len(spreads)
        if not increasing or min(spreads) <= 0 or type(entry["nonnegative"]) is not bool:
            raise malformed()
        return cls(at, spreads, Scores.from_list(entry["scores"], rows), entry["nonnegative"])


def class_sets(p: Batch, scores: Scores, level: float) -> Array:
    """Return which classes belong to each row's set, (N, K) bool, for probabilities p, (N, K).

    They are the classes whose probability is not below that of the right class in a share `level`
    of the held-out rows (Sadinle, Lei and Wasserman 2019), and always the most likely one: where
    the network is right more often than the level, its sets are one class each, and cover more.
    Raises InputError where the held-out rows are too few for the level.
    """
    least = 1 - scores.upper(scores.check(level, ends=1))
    chosen = np.asarray(p) >= least - 1e-6  # scores are kept with six digits
    chosen[np.arange(len(p)), np.argmax(p, axis=1)] = True
    return chosen


def checked_level(level: Any) -> float:
    """Return a level as a number; raise InputError unless it is between 0 and 1."""
    if not 0 < number(level) < 1:
        template = "level must be between 0 and 1, such as 0.9; got {got}"
        raise InputError(template, got=repr(level))
    return number(level)


def rounded(values: ArrayLike) -> Vector:
    """Return values with six digits: a file is to be small, and no bound is known better."""
    return np.array([float(f"{value:.6g}") for value in np.asarray(values).ravel()])


def numbers(values: Any, count: tuple[int, int]) -> tuple[float, ...]:
    """Return numbers that a file lists, from so many to so many; raise InputError else.

    None is so large that what intervals and distances compute of it is not finite.
    """
    if not isinstance(values, list) or not count[0] <= len(values) <= count[1]:
        raise malformed()
    if not all(type(value) in (int, float) and abs(value) <= LARGEST for value in values):
        raise malformed()
    return tuple(map(float, values))


def malformed() -> InputError:
    """Return the error of a file whose description does not fit."""
    return InputError("its description of held-out rows is malformed")


def _means(values: Vector, bins: Array) -> Vector:
    return np.bincount(bins, values) / np.bincount(bins)


def joined(parts: Sequence[tuple[Vector, Vector]]) -> tuple[Batch, Batch]:
    """Return the ends of several targets' intervals, (N, K) each."""
    low, high = zip(*parts, strict=True)
    return np.stack(low, axis=1), np.stack(high, axis=1)
