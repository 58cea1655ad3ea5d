"""From what a user says, or leaves unsaid, to the objects that learning needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pellucid.core.losses import LOSSES, BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, Poisson
from pellucid.core.metrics import METRICS, Metric
from pellucid.core.optimizers import OPTIMIZERS, Adam, Optimizer
from pellucid.core.schedules import SCHEDULES, Constant, Schedule
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.network import Network
from pellucid.training.callbacks import Callback, FunctionCallback

if TYPE_CHECKING:
    from pellucid.training.run import Run

T = TypeVar("T")


def choose_loss(loss: str | Loss | None, net: Network, t: Array) -> Loss:
    """Give the loss of that name, or for None the one that goes with the network's end and the targets."""
    if loss is not None and not isinstance(loss, str):
        if isinstance(loss, type) or not (hasattr(loss, "value") and hasattr(loss, "gradient")):
            raise InputError(
                say(
                    "a loss is a name or an object with the methods value(y, t, weights) and gradient(y, t, weights), "
                    "such as pl.CrossEntropy(); got {got}",
                    got=repr(loss),
                )
            )
        return loss
    if loss is not None:
        return _named("loss", loss, LOSSES)()
    end = type(net.layers[-1]) if net.layers else None
    for takes_over in (CrossEntropy, BinaryCrossEntropy, Poisson):
        if end is takes_over.activation:
            return takes_over()
    indices = t.ndim == 1 and t.dtype.kind in "iu"
    return CrossEntropy() if indices and _outputs(net) > 1 else MeanSquaredError()


def choose_optimizer(optimizer: str | Optimizer | None) -> Optimizer:
    """Give the optimizer of that name, at its defaults; Adam(0.001) for None."""
    if isinstance(optimizer, str):
        return _named("optimizer", optimizer, OPTIMIZERS)()  # type: ignore[call-arg]
    return Adam() if optimizer is None else _kind("optimizer", optimizer, Optimizer)


def choose_schedule(schedule: str | Schedule | None) -> Schedule:
    """Give the schedule of that name, at its defaults; a constant one for None."""
    if isinstance(schedule, str):
        return _named("schedule", schedule, SCHEDULES)()
    return Constant() if schedule is None else _kind("schedule", schedule, Schedule)


def choose_metrics(metrics: Sequence[str | Metric] | None, net: Network, loss: Loss, t: Array) -> dict[str, Metric]:
    """Give metrics by name; for None accuracy, where the targets are classes."""
    if metrics is None:
        metrics = ["accuracy"] if is_classification(net, loss, t) else []
    chosen: dict[str, Metric] = {}
    for metric in [metrics] if isinstance(metrics, str) else metrics:
        if isinstance(metric, str):
            chosen[metric] = _named("metric", metric, METRICS)
        elif callable(metric):
            chosen[getattr(metric, "__name__", type(metric).__name__)] = metric
        else:
            raise InputError(say("a metric is a name or a function (y, t) -> number; got {got}", got=repr(metric)))
    return chosen


def choose_callbacks(callbacks: Iterable[Callback | Callable[[Run], None]]) -> list[Callback]:
    """Give callbacks as objects: a plain function becomes one that is called after each epoch."""
    chosen: list[Callback] = []
    for each in callbacks:
        if isinstance(each, type) or not (callable(each) or isinstance(each, Callback)):
            raise InputError(
                say(
                    "a callback is an object such as pl.EarlyStopping(), or a function of run; got {got}",
                    got=repr(each),
                )
            )
        chosen.append(each if isinstance(each, Callback) else FunctionCallback(each))
    return chosen


def is_classification(net: Network, loss: Loss, t: Array) -> bool:
    """Tell whether targets name classes: class indices for several outputs, or targets of a cross-entropy."""
    if isinstance(loss, (CrossEntropy, BinaryCrossEntropy)):
        return True
    return t.ndim == 1 and t.dtype.kind in "iu" and _outputs(net) > 1


def whole(name: str, value: Any, least: int = 1) -> int:
    """Give a whole number as an int; raises InputError for anything else, or one below `least`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise InputError(
            say("{name} must be a whole number of {least} or more, got {got}", name=name, least=least, got=repr(value))
        )
    return int(value)


def _outputs(net: Network) -> int:
    width = net.summary().rows[-1].outputs if net.layers else None
    return width or 1


def _named(what: str, name: str, known: dict[str, T]) -> T:
    if name not in known:
        raise InputError(say("{what} is one of {known}; not {got}", what=what, known=", ".join(known), got=repr(name)))
    return known[name]


def _kind(what: str, value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise InputError(
            say(
                "{what} is a name or an object such as {example}; got {got}",
                what=what,
                example=kind.__name__,
                got=repr(value),
            )
        )
    return value
