"""Successive halving: which parts of which trials are done, decided by results alone.

Trials are halved in groups, three stages each (Jamieson and Talwalkar 2016, arXiv 1502.07943): all
are trained with a quarter of the steps and scored on the first fold, the best third with all steps
on the first fold, and the best third of these on the other folds, too. The preset always stays. So
a group's result depends on the seed and on its numbers, never on time or on other groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pellucid.training.trial import PRESET, Fit

KEPT = 3
"""One of so many trials goes on to the next stage."""

QUARTER = 0.25
"""What a fit with a quarter of the steps costs, beside one with all."""


class Part(NamedTuple):
    """One fit of a trial: trained on all folds but one, scored on that."""

    trial: int
    fold: int
    quick: bool = False

    @property
    def name(self) -> str:
        """The name of the file with its result."""
        kind = "quick" if self.quick else f"fold-{self.fold}"
        return f"trial-{self.trial:06}-{kind}.json"

    @property
    def cost(self) -> float:
        """About how long it takes, where a fit with all steps takes 1."""
        return QUARTER if self.quick else 1.0


Results = Mapping[Part, Fit]


def groups(trials: int, size: int) -> list[range]:
    """Return the numbers of each group."""
    return [range(first, min(first + size, trials)) for first in range(0, trials, size)]


def next_parts(numbers: Sequence[int], folds: int, found: Results) -> list[Part]:
    """Return what is missing of the stage that a group is in; nothing where it is done."""
    for stage in _stages(numbers, folds, found):
        if missing := [part for part in stage if part not in found]:
            return missing
    return []


def parts_of(number: int, folds: int, found: Results) -> list[Part]:
    """Return the parts with all steps of a trial that are done, as far as they are without gap."""
    parts = [Part(number, fold) for fold in range(folds)]
    missing = next((k for k, part in enumerate(parts) if part not in found), folds)
    return parts[:missing]


def cost(numbers: Sequence[int], folds: int) -> float:
    """Return what a group costs in all."""
    preset = int(PRESET in numbers)
    second = math.ceil((len(numbers) - preset) / KEPT)
    third = math.ceil(second / KEPT)
    return len(numbers) * QUARTER + second + preset + (third + preset) * (folds - 1)


def _stages(numbers: Sequence[int], folds: int, found: Results) -> list[list[Part]]:
    """Return the parts of each stage, up to the first that is not done."""
    stages = [[Part(number, 0, quick=True) for number in numbers]]
    if not _done(stages[-1], found):
        return stages
    second = _best(numbers, lambda number: found[Part(number, 0, quick=True)].loss)
    stages.append([Part(number, 0) for number in second])
    if not _done(stages[-1], found):
        return stages
    third = _best(second, lambda number: found[Part(number, 0)].loss)
    return [*stages, [Part(number, fold) for number in third for fold in range(1, folds)]]


def _done(parts: Sequence[Part], found: Results) -> bool:
    return all(part in found for part in parts)


def _best(numbers: Sequence[int], loss: Callable[[int], float]) -> list[int]:
    """Return the best third of the trials beside the preset, and the preset; of equal ones the
    first.
    """
    drawn = [number for number in numbers if number != PRESET]
    ranked = sorted(drawn, key=lambda number: (loss(number), number))
    return sorted({*ranked[: math.ceil(len(drawn) / KEPT)], *({PRESET} & set(numbers))})
