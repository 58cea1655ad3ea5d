"""Mean ranks, Elo ratings and head-to-head comparisons of contenders, from their losses.

Losses are log-losses and root mean squared errors: by table, split and contender, less is better.
A table weighs the same whatever number of its splits was measured.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Losses: TypeAlias = Mapping[str, Mapping[int, Mapping[str, float]]]
Array: TypeAlias = npt.NDArray[np.float64]

RESAMPLES = 200
ANCHOR = 1000.0
"""The rating of the contender that the others are rated against."""

TIE = 0.1
"""Tables on which each two contenders are taken to be level beforehand. Without any, the likelihood
of a contender that loses every time has no maximum."""


def ranks(losses: Losses, contenders: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return mean ranks by table and contender: 1 is best, ties share the mean of their ranks.

    Only splits count on which all of `contenders` were measured, and only tables with such a split.
    """
    found = {}
    for table, splits in losses.items():
        complete = [split for split in splits.values() if all(name in split for name in contenders)]
        if complete:
            each = [_ranked([split[name] for name in contenders]) for split in complete]
            means = map(statistics.mean, zip(*each, strict=True))
            found[table] = dict(zip(contenders, means, strict=True))
    return found


def _ranked(losses: Sequence[float]) -> list[float]:
    ordered = sorted(losses)
    return [ordered.index(loss) + (1 + ordered.count(loss)) / 2 for loss in losses]


class Rating(NamedTuple):
    """An Elo rating and the interval in which 95 % of the resampled ones are."""

    elo: float
    low: float
    high: float


def elo(losses: Losses, contenders: Sequence[str], anchor: str) -> dict[str, Rating]:
    """Return ratings: 400 points more mean ten wins for each loss.

    They are the most probable ones of the Bradley-Terry model given who had the smaller loss on
    each table that both were measured on, as TabArena rates. The interval is that of 200 samples of
    the tables, drawn with replacement.
    """
    wins = _wins(losses, contenders)  # (T, C, C)
    tables = len(wins)
    draws = np.random.default_rng(0).integers(tables, size=(RESAMPLES, tables))
    counts = np.stack([np.bincount(draw, minlength=tables) for draw in draws])
    weights = np.concatenate([np.ones((1, tables)), counts])
    strengths = _bradley_terry(np.einsum("rt,tij->rij", weights, wins))
    ratings = strengths * 400 / math.log(10)
    ratings += ANCHOR - ratings[:, [list(contenders).index(anchor)]]
    lows, highs = np.percentile(ratings[1:], [2.5, 97.5], axis=0)
    return {
        name: Rating(*map(float, each))
        for name, *each in zip(contenders, ratings[0], lows, highs, strict=True)
    }


def _wins(losses: Losses, contenders: Sequence[str]) -> Array:
    """Return the share of common splits on which row beats column, by table, ties as halves."""
    found = np.zeros((len(losses), len(contenders), len(contenders)))
    for wins, splits in zip(found, losses.values(), strict=True):
        values = np.array(
            [[split.get(name, math.nan) for name in contenders] for split in splits.values()]
        )
        both = ~np.isnan(values[:, :, None] + values[:, None, :])
        ahead = (values[:, :, None] < values[:, None, :]) + 0.5 * (
            values[:, :, None] == values[:, None, :]
        )
        np.divide((ahead * both).sum(0), both.sum(0), out=wins, where=both.any(0))
        np.fill_diagonal(wins, 0)
    return found


def _bradley_terry(wins: Array) -> Array:
    """Return log strengths of mean 0, (R, C), from wins, (R, C, C), by Newton's method."""
    wins = wins + TIE / 2 * ~np.eye(wins.shape[-1], dtype=bool)
    games = wins + wins.swapaxes(-1, -2)
    strengths = np.zeros(wins.shape[:2])
    for _ in range(100):
        expected = 1 / (1 + np.exp(strengths[:, None, :] - strengths[:, :, None]))
        slope = (wins - games * expected).sum(-1)
        curvature = games * expected * (1 - expected)
        hessian = np.einsum("ri,ij->rij", curvature.sum(-1), np.eye(wins.shape[-1])) - curvature
        # Only differences matter, so the matrix is singular; adding ones fixes the mean.
        step = np.linalg.solve(hessian + 1, slope[..., None])[..., 0].clip(-1, 1)
        strengths += step - step.mean(-1, keepdims=True)
        if np.abs(step).max() < 1e-9:
            break
    return strengths


class Duel(NamedTuple):
    """Tables won and lost by mean loss over common splits, and the median ratio of the losses."""

    won: list[str]
    lost: list[str]
    ratio: float

    @property
    def tables(self) -> int:
        """How many tables both were measured on, without those on which they are level."""
        return len(self.won) + len(self.lost)


def duel(losses: Losses, ours: str, theirs: str) -> Duel | None:
    """Compare two contenders; return None where no table has both."""
    ratios = ratios_of(losses, ours, theirs)
    if not ratios:
        return None
    won = [table for table, ratio in ratios.items() if ratio < 1]
    lost = [table for table, ratio in ratios.items() if ratio > 1]
    return Duel(won, lost, statistics.median(ratios.values()))


def ratios_of(losses: Losses, ours: str, theirs: str) -> dict[str, float]:
    """Return the ratio of the mean losses on the common splits, by table."""
    found = {}
    for table, splits in losses.items():
        pairs = [(s[ours], s[theirs]) for s in splits.values() if ours in s and theirs in s]
        if pairs:
            mine, other = (sum(each) for each in zip(*pairs, strict=True))
            found[table] = mine / other if other else 1.0 if not mine else math.inf
    return found


def by_split(entries: Sequence[Any], value: str) -> dict[str, dict[int, dict[str, float]]]:
    """Return one value of results by table, split and contender, without what has none."""
    found: dict[str, dict[int, dict[str, float]]] = {}
    for entry in entries:
        number = getattr(entry, value)
        if number is not None:
            found.setdefault(entry.table, {}).setdefault(entry.split, {})[entry.contender] = number
    return found
