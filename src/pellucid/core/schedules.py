"""Schedules: the factor of the learning rate in the course of training.

A schedule is a pure function `factor(epoch, epochs, history)`: `epoch` counts the epochs done so
far, with fractions (12.5 is halfway through the thirteenth), `epochs` is their total, `history` has
the watched metric after each epoch. A schedule has no state, so training can resume.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence

from pellucid.core.ranges import above_zero, finite, number, whole
from pellucid.core.types import Options
from pellucid.errors import InputError


class Schedule:
    """The base of all schedules; a subclass writes `factor`."""

    watches: str | None = None

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        """Return the factor of the learning rate (see the module)."""
        raise NotImplementedError

    def options(self) -> Options:
        """Return the settings that the constructor takes."""
        return {name: value for name, value in vars(self).items() if name != "watches"}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.options().items())
        return f"{type(self).__name__}({settings})"


class Constant(Schedule):
    """The learning rate as it is."""

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        return 1.0


class StepDecay(Schedule):
    """Multiply by gamma every `every` epochs: PyTorch's StepLR. Defaults: every 10, gamma 0.1."""

    def __init__(self, every: float = 10, gamma: float = 0.1) -> None:
        self.every = above_zero(every=every)
        self.gamma = above_zero(gamma=gamma)

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        return float(self.gamma ** math.floor(epoch / self.every))


class ExponentialDecay(Schedule):
    """gamma to the power of the epochs done: PyTorch's ExponentialLR. Default: gamma 0.95."""

    def __init__(self, gamma: float = 0.95) -> None:
        self.gamma = above_zero(gamma=gamma)

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        return float(self.gamma**epoch)


class Cosine(Schedule):
    """Half a cosine from 1 to `end`, 0 by default (Loshchilov and Hutter 2017, no restarts)."""

    def __init__(self, end: float = 0.0) -> None:
        self.end = finite(end=end)

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        return _anneal(1.0, self.end, epoch / epochs)


class CosLog(Schedule):
    """From 0 to 1 and back, in `cycles` (default 4) that double in length: RealMLP's coslog4.

    (1 - cos(2 pi log2(1 + (2^cycles - 1) s))) / 2 at the share s of all epochs (arXiv 2407.04491,
    section 3).
    """

    def __init__(self, cycles: int = 4) -> None:
        self.cycles = whole("cycles", cycles)

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        done = min(epoch / epochs, 1.0)  # training may go on after the planned epochs
        return (1 - math.cos(2 * math.pi * math.log2(1 + (2**self.cycles - 1) * done))) / 2


class OneCycle(Schedule):
    """From `start` to 1 in the first part of training, then down to `end`, each by half a cosine.

    Smith and Topin 2018, as PyTorch's OneCycleLR. Defaults: warm_up 0.3 of all epochs, start 1/25,
    end 4e-6.
    """

    def __init__(self, warm_up: float = 0.3, start: float = 1 / 25, end: float = 4e-6) -> None:
        self.warm_up = number(warm_up)
        self.start = finite(start=start)
        self.end = finite(end=end)
        if not 0 < self.warm_up < 1:
            raise InputError(
                "OneCycle expects a warm_up between 0 and 1, got {got}", got=reprlib.repr(warm_up)
            )

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        done = epoch / epochs
        if done <= self.warm_up:
            return _anneal(self.start, 1.0, done / self.warm_up)
        return _anneal(1.0, self.end, (done - self.warm_up) / (1 - self.warm_up))


class WarmUp(Schedule):
    """A linear rise from `start` to 1 over `length` epochs, then another schedule.

    PyTorch's LinearLR and SequentialLR. Defaults: length 1 epoch, start 0.01, then Constant.
    """

    def __init__(
        self, length: float = 1, start: float = 0.01, then: Schedule | None = None
    ) -> None:
        self.length = above_zero(length=length)
        self.start = finite(start=start)
        if then is not None and not isinstance(then, Schedule):
            raise InputError(
                "WarmUp: then is a schedule such as pl.Cosine(); got {got}", got=repr(then)
            )
        self.then = then or Constant()
        self.watches = self.then.watches

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        if epoch < self.length:
            return self.start + (1 - self.start) * epoch / self.length
        return self.then.factor(epoch - self.length, max(epochs - self.length, 1), history)


class ReduceOnPlateau(Schedule):
    """Multiply by gamma whenever the watched value has not improved for `patience` epochs.

    PyTorch's ReduceLROnPlateau. It watches the validation loss (the training loss without
    validation data); an improvement is a value below the best times 1 - threshold. Defaults: gamma
    0.1, patience 10, threshold 1e-4.
    """

    watches = "loss"

    def __init__(self, gamma: float = 0.1, patience: int = 10, threshold: float = 1e-4) -> None:
        self.gamma = above_zero(gamma=gamma)
        self.patience = whole("patience", patience, 0)
        self.threshold = finite(threshold=threshold)

    def factor(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        factor, best, waited = 1.0, math.inf, 0
        for value in history:
            if value < best * (1 - self.threshold):
                best, waited = value, 0
            else:
                waited += 1
            if waited > self.patience:
                factor, waited = factor * self.gamma, 0
        return factor


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": StepDecay,
    "exponential": ExponentialDecay,
    "cosine": Cosine,
    "cos_log": CosLog,
    "one_cycle": OneCycle,
    "warm_up": WarmUp,
    "reduce_on_plateau": ReduceOnPlateau,
}


def _anneal(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(done, 1.0))) / 2
