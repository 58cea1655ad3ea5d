"""Schedules against PyTorch's schedulers, epoch by epoch, and what they do between epochs."""

import math
from collections.abc import Callable
from typing import Any

import pytest

import pellucid as pl
from pellucid.core.schedules import Schedule
from tests.core.schedule_witnesses import EPOCHS, HISTORY, SCHEDULES, torch_factors
from tests.core.tools import close

CASES = [
    pytest.param(witness.ours, witness.twin, id=repr(witness.ours))
    for each in SCHEDULES.values()
    for witness in each
]


@pytest.mark.parametrize(("ours", "twin"), CASES)
def test_equals_pytorch(ours: pl.Schedule, twin: Callable[..., Any]) -> None:
    epochs = EPOCHS - 1 if isinstance(ours, pl.OneCycle) else EPOCHS  # see `_one_cycle`
    history = HISTORY if ours.watches else None
    factors = [ours.factor(epoch, epochs, HISTORY[:epoch]) for epoch in range(EPOCHS)]
    assert all(isinstance(factor, float) for factor in factors)
    close(factors, torch_factors(twin, history))


def test_pytorchs_plateaus_are_met() -> None:
    """The history reduces the rate several times: the comparison above compares something."""
    for witness in SCHEDULES["ReduceOnPlateau"][1:]:
        assert witness.ours.factor(EPOCHS, EPOCHS, HISTORY) < 0.1


@pytest.mark.parametrize(("ours", "twin"), CASES)
def test_can_be_made_again(ours: pl.Schedule, twin: Callable[..., Any]) -> None:
    again = type(ours)(**ours.options())
    assert repr(again) == repr(ours)
    assert again.watches == ours.watches


def test_fractions_of_epochs_by_hand() -> None:
    assert pl.StepDecay(2, 0.5).factor(3.99, 10) == 0.5
    assert pl.StepDecay(2, 0.5).factor(4.0, 10) == 0.25
    close(pl.ExponentialDecay(0.25).factor(0.5, 10), 0.5, 1e-15)
    close(pl.Cosine().factor(5.0, 10), 0.5, 1e-15)
    close(pl.Cosine(end=0.2).factor(10 / 3, 10), 0.2 + 0.8 * 0.75, 1e-15)  # cos 60 degrees is 1/2
    close(pl.WarmUp(4, start=0.2).factor(1.5, 10), 0.2 + 0.8 * 1.5 / 4, 1e-15)
    assert pl.WarmUp(4, start=0.2).factor(4.0, 10) == 1.0
    assert pl.WarmUp(4, then=pl.StepDecay(1, 0.5)).factor(6.5, 10) == 0.25


def test_one_cycle_by_hand() -> None:
    schedule = pl.OneCycle(warm_up=0.25, start=0.1, end=0.01)
    close(schedule.factor(0, 8), 0.1, 1e-15)
    close(schedule.factor(1, 8), 0.55, 1e-15)  # half of the way up
    close(schedule.factor(2, 8), 1.0, 1e-15)
    close(schedule.factor(5, 8), 0.505, 1e-15)  # half of the way down
    close(schedule.factor(8, 8), 0.01, 1e-15)
    close(pl.OneCycle().factor(0, 10), 1 / 25, 1e-15)
    close(pl.OneCycle().factor(3, 10), 1.0, 1e-15)
    assert pl.OneCycle().factor(10, 10) == pytest.approx(4e-6)


def test_beyond_the_end_the_rate_stays() -> None:
    assert (
        pl.Cosine(end=0.1).factor(12, 10) == pl.Cosine(end=0.1).factor(10, 10) == pytest.approx(0.1)
    )


def test_a_rise_as_long_as_learning_leaves_an_epoch_for_what_follows() -> None:
    close(pl.WarmUp(10, then=pl.Cosine()).factor(10, 10), 1.0, 0)
    close(pl.WarmUp(10, then=pl.Cosine()).factor(10.5, 10), 0.5, 1e-15)


def test_a_rise_watches_what_its_successor_watches() -> None:
    schedule = pl.WarmUp(2, then=pl.ReduceOnPlateau(gamma=0.5, patience=1))
    assert schedule.watches == "loss"
    assert schedule.factor(9, 20, [1.0, 1.0, 1.0]) == 0.5
    assert schedule.factor(1, 20, [1.0, 1.0, 1.0]) < 1
    assert pl.WarmUp().watches is None
    assert "watches" not in schedule.options()


def test_reduce_on_plateau_by_hand() -> None:
    schedule = pl.ReduceOnPlateau(gamma=0.5, patience=2, threshold=0.1)
    # 10 is the best; 9.5 is no improvement (not below 9), nor are two more: the third is one too
    # many
    assert schedule.factor(3, 20, [10, 9.5, 9.5]) == 1.0
    assert schedule.factor(4, 20, [10, 9.5, 9.5, 9.5]) == 0.5
    assert schedule.factor(4, 20, [10, 9.5, 9.5, 8.9]) == 1.0
    assert schedule.factor(7, 20, [10, 9.5, 9.5, 9.5, 9.5, 9.5, 9.5]) == 0.25
    assert schedule.factor(0, 20) == 1.0


def test_defaults() -> None:
    assert repr(pl.StepDecay()) == "StepDecay(every=10.0, gamma=0.1)"
    assert repr(pl.OneCycle()) == "OneCycle(warm_up=0.3, start=0.04, end=4e-06)"
    assert repr(pl.WarmUp()) == "WarmUp(length=1.0, start=0.01, then=Constant())"
    assert repr(pl.ReduceOnPlateau()) == "ReduceOnPlateau(gamma=0.1, patience=10, threshold=0.0001)"
    assert repr(pl.Cosine()) == "Cosine(end=0.0)"
    assert repr(pl.ExponentialDecay()) == "ExponentialDecay(gamma=0.95)"


REFUSED = {
    "every": (lambda: pl.StepDecay(0), "every must be a finite number above 0, got 0"),
    "step gamma": (lambda: pl.StepDecay(gamma=-1), "gamma"),
    "gamma": (lambda: pl.ExponentialDecay(0), "gamma"),
    "gamma nan": (lambda: pl.ExponentialDecay(math.nan), "got nan"),
    "gamma inf": (lambda: pl.ExponentialDecay(math.inf), "got inf"),
    "warm_up 0": (lambda: pl.OneCycle(0.0), "warm_up between 0 and 1, got 0.0"),
    "warm_up 1": (lambda: pl.OneCycle(1.0), "got 1.0"),
    "length": (lambda: pl.WarmUp(0), "length"),
    "plateau": (lambda: pl.ReduceOnPlateau(gamma=0), "gamma"),
}


@pytest.mark.parametrize(("build", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(build: Callable[..., Any], message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        build()


def test_a_base_schedule_has_no_factor() -> None:
    with pytest.raises(NotImplementedError):
        Schedule().factor(0, 1)
