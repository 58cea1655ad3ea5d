"""Learning: from what a user gives to a run, and the record of it that travels with the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np

from pellucid import __version__
from pellucid.core.losses import Loss
from pellucid.core.metrics import Metric
from pellucid.core.optimizers import Optimizer
from pellucid.core.schedules import Schedule
from pellucid.core.settings import whole
from pellucid.core.types import Options
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.augment import Augmentation, check_augmentation
from pellucid.training.choices import (
    Callbacks,
    check_network,
    choose_callbacks,
    choose_loss,
    choose_metrics,
    choose_optimizer,
    choose_schedule,
    is_classification,
)
from pellucid.training.data import (
    Rows,
    check_batch,
    check_rows,
    check_targets,
    fingerprint,
    naming_validation,
    outputs,
    split,
    with_class_weights,
)
from pellucid.training.history import History
from pellucid.training.progress import progress_callback
from pellucid.training.run import Run

Validation: TypeAlias = float | tuple[Any, Any] | tuple[Any, Any, Any] | None


def train(
    net: Network,
    x: Any,
    t: Any,
    *,
    loss: str | Loss | None = None,
    optimizer: str | Optimizer | None = None,
    schedule: str | Schedule | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    validation: Validation = None,
    weights: Any = None,
    class_weights: str | Sequence[float] | Mapping[int, float] | None = None,
    metrics: Sequence[str | Metric] | None = None,
    augment: Augmentation | None = None,
    callbacks: Callbacks = (),
    seed: int = 0,
    engine: str = "auto",
    threads: int | None = None,
    progress: bool | None = None,
) -> History:
    """Let a network learn from rows x and targets t, in place; give the history.

    Parameters
    ----------
    net
        The network; learning goes on from the weights that it has.
    x, t
        Inputs, (N, D) or whatever the network takes, and targets: class indices (N,) or values (N,
        K).
    loss
        A name from `LOSSES`, or an object with `value` and `gradient`. None chooses by the
        network's end: softmax cross_entropy, sigmoid binary_cross_entropy, weighted sums
        cross_entropy for class indices and mean_squared_error for values.
    optimizer, schedule
        Objects such as pl.SGD(0.1) and pl.Cosine(), or their names. Defaults: Adam(0.001),
        constant.
    epochs, batch_size
        How often all rows are seen, and how many at a time; the last batch may be smaller.
        Defaults: 10 and 32.
    validation
        Data (x, t) or (x, t, weights) that are only looked at, or a share of the rows to keep for
        that (for classes, the same share of each).
    weights, class_weights
        A weight for each row, (N,), and for each class ("balanced", a sequence, or a dict). Those
        of classes act on the training rows only, so that the validation loss stays comparable.
    metrics
        Names from `METRICS` or functions (y, t) -> number. Default: accuracy for classes. Those of
        the training rows come from the batches as they were answered, without a second pass.
    augment
        A function (x, learning) -> x that changes each batch's inputs: pl.Distortion(shift=1),
        pl.Brightness(), or both by pl.InTurn(pl.Brightness(), pl.Distortion(shift=1)). One with an
        attribute `each_batch` that is False may be given several batches at once, which is faster
        (see `pellucid.training.augment`).
    callbacks
        `Callback` objects, such as pl.EarlyStopping(), or functions called after each epoch; one,
        or a list of them.
    seed
        Fixes the order of rows, dropout, augmentation and split: the same seed gives the same order
        on every platform.
    engine
        "auto" for the fastest that can do it, "native" or "reference".
    threads
        Threads of the engine: the argument, else PELLUCID_THREADS, else OMP_NUM_THREADS, else all
        cores. (The reference engine leaves them to NumPy.)
    progress
        Show progress on standard error: True, False, or None for terminals and notebooks only.

    Ctrl-C stops after the batch and leaves a usable network (`history.stopped` is "interrupted").

    Raises InputError for data or settings that do not fit, before anything is changed;
    DivergenceError, naming epoch, batch and layer, when numbers stop being finite: the weights are
    then those of the last good epoch.

    >>> import pellucid as pl
    >>> x, t = pl.xor(n=200, seed=0)
    >>> net = pl.mlp([2, 8, 2], activation="tanh", output="softmax")
    >>> history = pl.train(net, x, t, epochs=30, optimizer=pl.Adam(0.02))
    >>> history["accuracy"][-1] > 0.9
    True
    """
    check_network(net)
    if augment is not None:
        check_augmentation(augment)
    rows = check_rows(net.layers, x, t, weights)
    settings = run_settings(
        net,
        rows,
        loss,
        optimizer,
        schedule,
        metrics,
        callbacks,
        epochs,
        batch_size,
        seed,
        engine,
        threads,
        progress,
    )
    classes = is_classification(net, settings["loss"], rows.t)
    rows, held = _with_validation(net, rows, validation, settings["seed"], classes)
    rows = with_class_weights(rows, class_weights, classes, outputs(net, rows))
    return learn(Run(net, rows, held=held, augment=augment, **settings))


def run_settings(
    net: Network,
    rows: Rows,
    loss: str | Loss | None,
    optimizer: str | Optimizer | None,
    schedule: str | Schedule | None,
    metrics: Sequence[str | Metric] | None,
    callbacks: Callbacks,
    epochs: int,
    batch_size: int,
    seed: int,
    engine: str,
    threads: int | None,
    progress: bool | None,
) -> dict[str, Any]:
    """Give the settings of a `Run` for what `train` was told.

    Raises InputError where rows or settings do not fit.
    """
    loss, optimizer, seed = (
        choose_loss(loss, net, rows.t),
        choose_optimizer(optimizer),
        whole("seed", seed, 0),
    )
    settings: dict[str, Any] = {
        "loss": loss,
        "optimizer": optimizer,
        "engine": make_engine(net.layers, loss, optimizer, seed, engine, threads),
        "schedule": choose_schedule(schedule),
        "metrics": choose_metrics(metrics, net, loss, rows.t),
        "callbacks": [*choose_callbacks(callbacks), *progress_callback(progress)],
        "epochs": whole("epochs", epochs),
        "batch_size": whole("batch_size", batch_size),
        "seed": seed,
    }
    check_targets(net, loss, settings["metrics"], rows)
    return settings


def learn(run: Run, data: str | None = None, rows: int | None = None) -> History:
    """Let a run go and write its record into the network; `data` and `rows` as for `record_of`."""
    if run.held is not None:
        with naming_validation():
            check_targets(run.net, run.loss_function, run.metrics, run.held)
    check_batch(run.net, run.batch_size, len(run.rows.x))
    history = run.go()
    run.net.record = record_of(run, data, rows)
    return history


def _with_validation(
    net: Network, rows: Rows, validation: Validation, seed: int, stratified: bool
) -> tuple[Rows, Rows | None]:
    if validation is None:
        return rows, None
    if isinstance(validation, tuple) and len(validation) in (2, 3):
        with naming_validation():
            return rows, check_rows(net.layers, *validation)
    if isinstance(validation, (int, float)):
        return split(rows, validation, seed, stratified)
    got = type(validation).__name__  # not the data itself, which may be long
    raise InputError("validation is a share between 0 and 1, or data (x, t); got {got}", got=got)


def record_of(run: Run, data: str | None = None, rows: int | None = None) -> Options:
    """Give what a network keeps of a run.

    `data` is the fingerprint of its rows, where they are not all at hand.
    """
    last = run.history.records[-1] if run.history.records else {}
    return {
        "data": data or fingerprint(run.rows.x, run.rows.t),
        "rows": rows or len(run.rows.x),
        "seed": run.seed,
        "epochs": len(run.history),
        "batch_size": run.batch_size,
        "loss": _description(run.loss_function),
        "optimizer": repr(run.optimizer),
        "schedule": repr(run.schedule),
        "augment": None if run.augment is None else _description(run.augment),
        "engine": run.engine.name,
        "stopped": run.history.stopped,
        "versions": {"pellucid": __version__, "numpy": np.__version__},
        "metrics": {
            name: _number(value)
            for name, value in last.items()
            if name not in ("epoch", "seconds", "learning_rate")
        },
    }


def _description(chosen: object) -> str:
    """Give the code that makes an object again, or its name where the usual repr would hold a place
    in memory.
    """
    if type(chosen).__repr__ is not object.__repr__ and not isinstance(chosen, FunctionType):
        return repr(chosen)
    return getattr(chosen, "__name__", type(chosen).__name__)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None  # JSON has no NaN
