"""The table's part for schedules.

Ours in several settings, and the draws rates of PyTorch's schedulers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch.optim import lr_scheduler

import pellucid as pl
from pellucid.core.schedules import Schedule

EPOCHS = 24
HISTORY = [
    5.0,
    4.0,
    4.0,
    4.1,
    3.9999,
    3.99,
    4.2,
    4.2,
    4.2,
    4.2,
    4.2,
    3.0,
    3.1,
    float("nan"),
    2.0,
    2.0,
    1.9999,
    2.0,
]
HISTORY += [1.5, 1.5, 1.5, 1.5, 1.5, 1.5]


class ScheduleWitness(NamedTuple):
    """A schedule and the twin that schedules PyTorch's draws rate of 1."""

    ours: Schedule
    twin: Callable[[torch.optim.Optimizer], Any]


def torch_factors(
    twin: Callable[[torch.optim.Optimizer], Any], history: Sequence[float] | None = None
) -> list[float]:
    """Give PyTorch's draws rate in each of EPOCHS epochs.

    A plateau is told of the history's values.
    """
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    factors = []
    with warnings.catch_warnings():
        # SequentialLR itself calls scheduler.step(epoch), of which PyTorch warns.
        warnings.filterwarnings("ignore", category=UserWarning, module="torch")
        scheduler = twin(optimizer)
        for epoch in range(EPOCHS):
            factors.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step(*([] if history is None else [history[epoch]]))
    return factors


def _after_rise(optimizer: torch.optim.Optimizer, length: int, start: float, then: Any) -> Any:
    rise = lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=length)
    return lr_scheduler.SequentialLR(optimizer, [rise, then], milestones=[length])


def _one_cycle(optimizer: torch.optim.Optimizer) -> Any:
    # PyTorch counts the steps between EPOCHS draws rates: the last one stands at epoch EPOCHS -
    # 1, the top at 7.
    return lr_scheduler.OneCycleLR(
        optimizer,
        1.0,
        total_steps=EPOCHS,
        pct_start=8 / EPOCHS,
        div_factor=25,
        cycle_momentum=False,
    )


def _coslog(s: float, k: int) -> float:
    """RealMLP's own words: 1/2 (1 - cos(2 pi log2(1 + (2^k - 1) s)))."""
    return 0.5 * (1 - math.cos(2 * math.pi * math.log(1 + (2**k - 1) * s, 2)))


SCHEDULES: dict[str, list[ScheduleWitness]] = {
    "Constant": [ScheduleWitness(pl.Constant(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0))],
    "StepDecay": [
        ScheduleWitness(pl.StepDecay(), lambda o: lr_scheduler.StepLR(o, 10)),
        ScheduleWitness(pl.StepDecay(4, gamma=0.5), lambda o: lr_scheduler.StepLR(o, 4, gamma=0.5)),
    ],
    "ExponentialDecay": [
        ScheduleWitness(pl.ExponentialDecay(), lambda o: lr_scheduler.ExponentialLR(o, 0.95)),
        ScheduleWitness(pl.ExponentialDecay(0.8), lambda o: lr_scheduler.ExponentialLR(o, 0.8)),
    ],
    "Cosine": [
        ScheduleWitness(pl.Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS)),
        ScheduleWitness(
            pl.Cosine(end=0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS, eta_min=0.1)
        ),
    ],
    "CosLog": [
        ScheduleWitness(
            pl.CosLog(),
            lambda o: lr_scheduler.LambdaLR(o, lambda epoch: _coslog(epoch / EPOCHS, 4)),
        ),
        ScheduleWitness(
            pl.CosLog(2),
            lambda o: lr_scheduler.LambdaLR(o, lambda epoch: _coslog(epoch / EPOCHS, 2)),
        ),
    ],
    "OneCycle": [ScheduleWitness(pl.OneCycle(warm_up=7 / (EPOCHS - 1)), _one_cycle)],
    "WarmUp": [
        ScheduleWitness(
            pl.WarmUp(), lambda o: lr_scheduler.LinearLR(o, start_factor=0.01, total_iters=1)
        ),
        ScheduleWitness(
            pl.WarmUp(4, start=0.2, then=pl.Cosine()),
            lambda o: _after_rise(o, 4, 0.2, lr_scheduler.CosineAnnealingLR(o, EPOCHS - 4)),
        ),
        ScheduleWitness(
            pl.WarmUp(3, start=0.5, then=pl.StepDecay(5)),
            lambda o: _after_rise(o, 3, 0.5, lr_scheduler.StepLR(o, 5)),
        ),
    ],
    "ReduceOnPlateau": [
        ScheduleWitness(pl.ReduceOnPlateau(), lambda o: lr_scheduler.ReduceLROnPlateau(o, eps=0.0)),
        ScheduleWitness(
            pl.ReduceOnPlateau(gamma=0.5, patience=2, threshold=1e-2),
            lambda o: lr_scheduler.ReduceLROnPlateau(
                o, factor=0.5, patience=2, threshold=1e-2, eps=0.0
            ),
        ),
        ScheduleWitness(
            pl.ReduceOnPlateau(gamma=0.3, patience=0),
            lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.3, patience=0, eps=0.0),
        ),
    ],
}
