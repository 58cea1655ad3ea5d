"""From names, objects and None to the loss, optimizer, metrics and callbacks of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pellucid.building import by_name
from pellucid.core import checks, losses
from pellucid.core.chain import LOSS_OF
from pellucid.core.layer import Layer
from pellucid.core.metrics import METRICS, Metric
from pellucid.core.optimizers import OPTIMIZERS, Adam, Optimizer
from pellucid.core.schedules import SCHEDULES, Constant, Schedule
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.callbacks import Callback, FunctionCallback
from pellucid.training.settings import Callbacks

T = TypeVar("T")


def choose_loss(loss: str | losses.Loss | None, net: Network, t: Array) -> losses.Loss:
    """Return the loss of that name; for None the one that fits the network's end and the targets.

    Raises InputError for an unknown name, and for an object without the methods of a loss.
    """
    if isinstance(loss, str):
        return by_name("loss", loss, losses.LOSSES)()
    if loss is not None:
        if isinstance(loss, type) or not (hasattr(loss, "value") and hasattr(loss, "gradient")):
            raise InputError(
                "a loss is a name or an object with the methods value(y, t, sample_weight) and "
                "gradient(y, t, sample_weight), such as pl.CrossEntropy(); got {got}",
                got=repr(loss),
            )
        for method in (loss.value, loss.gradient):
            _check_takes_weights(method)
        return loss
    end = type(net.layers[-1]) if net.layers else None
    if end in LOSS_OF:
        return LOSS_OF[end]()
    return losses.CrossEntropy() if _are_indices(net, t) else losses.MeanSquaredError()


def choose_optimizer(optimizer: str | Optimizer | None) -> Optimizer:
    """Return the optimizer of that name with its defaults; Adam(0.001) for None."""
    if isinstance(optimizer, str):
        # The base class demands a learning rate; each optimizer with a name has a default.
        return by_name("optimizer", optimizer, OPTIMIZERS)()  # type: ignore[call-arg]
    return Adam() if optimizer is None else _instance("optimizer", optimizer, Optimizer)


def choose_schedule(schedule: str | Schedule | None) -> Schedule:
    """Return the schedule of that name with its defaults; a constant one for None."""
    if isinstance(schedule, str):
        return by_name("schedule", schedule, SCHEDULES)()
    return Constant() if schedule is None else _instance("schedule", schedule, Schedule)


def choose_metrics(
    metrics: str | Metric | Iterable[str | Metric] | None, classes: bool
) -> dict[str, Metric]:
    """Return metrics by name; for None accuracy, where the targets are `classes`."""
    if metrics is None:
        metrics = ["accuracy"] if classes else []
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        metrics = [metrics]
    chosen: dict[str, Metric] = {}
    for metric in metrics:
        if isinstance(metric, str):
            chosen[metric] = by_name("metric", metric, METRICS)
        elif callable(metric):
            chosen[getattr(metric, "__name__", type(metric).__name__)] = metric
        else:
            raise InputError(
                "a metric is a name or a function (y, t) -> number; got {got}", got=repr(metric)
            )
    return chosen


def choose_callbacks(callbacks: Callbacks) -> list[Callback]:
    """Return callbacks as objects: a plain function is called after each epoch.

    One callback needs no list around it. Raises InputError for anything else.
    """
    if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable):
        callbacks = [callbacks]
    chosen: list[Callback] = []
    for each in callbacks:
        if isinstance(each, type) or not (callable(each) or isinstance(each, Callback)):
            raise InputError(
                "a callback is an object such as pl.EarlyStopping(), or a function of run; got "
                "{got}",
                got=repr(each),
            )
        chosen.append(each if isinstance(each, Callback) else FunctionCallback(each))
    return chosen


def is_classification(net: Network, loss: losses.Loss, t: Array) -> bool:
    """Return whether targets are classes: indices for several outputs, or a cross-entropy's."""
    takes_classes = losses.CrossEntropy, losses.BinaryCrossEntropy
    return isinstance(loss, takes_classes) or _are_indices(net, t)


def check_network(net: Any) -> None:
    """Raise InputError unless this is a network whose layers fit and whose values are finite."""
    if isinstance(net, (list, tuple)) and any(isinstance(layer, Layer) for layer in net):
        raise InputError("expected a network, got a list of layers: make one by pl.Network(layers)")
    if not isinstance(net, Network):
        raise InputError(
            "expected a network such as pl.mlp([784, 16, 10]), got {got}", got=type(net).__name__
        )
    checks.check_weights(net.layers)


def _are_indices(net: Network, t: Array) -> bool:
    if t.ndim != 1 or t.dtype.kind not in "iu" or (D := checks.input_width(net.layers)) is None:
        return False
    return checks.widths(net.layers, D)[-1] > 1


def _check_takes_weights(method: Callable[..., Any]) -> None:
    try:
        inspect.signature(method).bind("y", "t", "sample_weight")
    except ValueError:  # a built-in function has no signature to look at
        return
    except TypeError as error:
        raise InputError(
            "a loss has the methods value(y, t, sample_weight) and gradient(y, t, sample_weight); "
            "{name}: {error}",
            name=getattr(method, "__name__", repr(method)),
            error=error,
        ) from error


def _instance(what: str, value: Any, kind: type[T]) -> T:
    if isinstance(value, kind):
        return value
    # A class instead of an object is the usual slip; its own name then makes the best example.
    own = isinstance(value, type) and value in (*OPTIMIZERS.values(), *SCHEDULES.values())
    example = value.__name__ if own else {"optimizer": "Adam", "schedule": "Cosine"}[what]
    template = "{what} is a name or an object such as {example}; got {got}"
    raise InputError(template, what=what, example=f"pl.{example}()", got=repr(value))
