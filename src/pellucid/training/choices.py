"""From what a user says, or leaves unsaid, to the objects that learning needs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pellucid.core import chain
from pellucid.core.layer import Layer
from pellucid.core.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Loss,
    MeanSquaredError,
    Poisson,
)
from pellucid.core.metrics import METRICS, Metric
from pellucid.core.optimizers import OPTIMIZERS, Adam, Optimizer
from pellucid.core.schedules import SCHEDULES, Constant, Schedule
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.callbacks import Callback, FunctionCallback

if TYPE_CHECKING:
    from pellucid.training.run import Run

T = TypeVar("T")
Callbacks: TypeAlias = (
    "Callback | Callable[[Run], None] | Iterable[Callback | Callable[[Run], None]]"
)


def choose_loss(loss: str | Loss | None, net: Network, t: Array) -> Loss:
    """Give the loss of that name, or for None the one that goes with the network's end and the
    targets.
    """
    if loss is not None and not isinstance(loss, str):
        if isinstance(loss, type) or not (hasattr(loss, "value") and hasattr(loss, "gradient")):
            raise InputError(
                "a loss is a name or an object with the methods value(y, t, weights) and "
                "gradient(y, t, weights), "
                "such as pl.CrossEntropy(); got {got}",
                got=repr(loss),
            )
        for method in (loss.value, loss.gradient):
            _check_takes_weights(method)
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


def choose_metrics(
    metrics: Sequence[str | Metric] | None, net: Network, loss: Loss, t: Array
) -> dict[str, Metric]:
    """Give metrics by name; for None accuracy, where the targets are classes."""
    if metrics is None:
        metrics = ["accuracy"] if is_classification(net, loss, t) else []
    chosen: dict[str, Metric] = {}
    for metric in (
        [metrics] if isinstance(metrics, str) or not isinstance(metrics, Iterable) else metrics
    ):
        if isinstance(metric, str):
            chosen[metric] = _named("metric", metric, METRICS)
        elif callable(metric):
            chosen[getattr(metric, "__name__", type(metric).__name__)] = metric
        else:
            raise InputError(
                "a metric is a name or a function (y, t) -> number; got {got}", got=repr(metric)
            )
    return chosen


def choose_callbacks(callbacks: Callbacks) -> list[Callback]:
    """Give callbacks as objects: a plain function becomes one that is called after each epoch.

    A single one needs no list around it.
    """
    chosen: list[Callback] = []
    for each in (
        [callbacks]
        if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable)
        else callbacks
    ):
        if isinstance(each, type) or not (callable(each) or isinstance(each, Callback)):
            raise InputError(
                "a callback is an object such as pl.EarlyStopping(), or a function of run; got "
                "{got}",
                got=repr(each),
            )
        chosen.append(each if isinstance(each, Callback) else FunctionCallback(each))
    return chosen


def is_classification(net: Network, loss: Loss, t: Array) -> bool:
    """Tell whether targets name classes.

    Class indices for several outputs, or targets of a cross-entropy.
    """
    if isinstance(loss, (CrossEntropy, BinaryCrossEntropy)):
        return True
    return t.ndim == 1 and t.dtype.kind in "iu" and _outputs(net) > 1


def check_network(net: Any) -> None:
    """Raise InputError unless this is a network whose layers fit and hold finite numbers only."""
    if isinstance(net, (list, tuple)) and any(isinstance(layer, Layer) for layer in net):
        raise InputError("expected a network, got a list of layers: make one by pl.Network(layers)")
    if not isinstance(net, Network):
        raise InputError(
            "expected a network such as pl.mlp([784, 16, 10]), got {got}", got=type(net).__name__
        )
    chain.check_layers(net.layers)
    chain.check_numbers(net.layers)


def _check_takes_weights(method: Callable[..., Any]) -> None:
    try:
        inspect.signature(method).bind("y", "t", "weights")
    except ValueError:  # a built-in function that tells nothing of itself
        return
    except TypeError as error:
        name = getattr(method, "__name__", repr(method))
        raise InputError(
            "a loss has the methods value(y, t, weights) and gradient(y, t, weights); {name}: "
            "{error}",
            name=name,
            error=error,
        ) from error


def _outputs(net: Network) -> int:
    width = net.summary().rows[-1].outputs if net.layers else None
    return width or 1


def _named(what: str, name: str, known: dict[str, T]) -> T:
    if name not in known:
        raise InputError(
            "{what} is one of {known}; not {got}", what=what, known=", ".join(known), got=repr(name)
        )
    return known[name]


def _kind(what: str, value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        own = isinstance(value, type) and value in (*OPTIMIZERS.values(), *SCHEDULES.values())
        example = value.__name__ if own else {"optimizer": "Adam", "schedule": "Cosine"}[what]
        raise InputError(
            "{what} is a name or an object such as {example}; got {got}",
            what=what,
            example=f"pl.{example}()",
            got=repr(value),
        )
    return value
