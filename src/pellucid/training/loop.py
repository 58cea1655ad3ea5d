"""Training: from what a user passes to a run, and the record of it that the network keeps."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np

from pellucid import __version__
from pellucid.core.losses import Loss
from pellucid.core.metrics import Metric
from pellucid.core.optimizers import Optimizer
from pellucid.core.schedules import Schedule
from pellucid.core.types import ArrayLike, Options
from pellucid.engines import fingerprint
from pellucid.network import Network
from pellucid.training import sample_checks
from pellucid.training.augmentation import Augmentation
from pellucid.training.calibration import after_training
from pellucid.training.callbacks import EarlyStopping
from pellucid.training.checkpointing import USUAL_INTERVAL, checkpointing
from pellucid.training.checkpoints import opened
from pellucid.training.choices import check_network
from pellucid.training.history import History
from pellucid.training.promise import described
from pellucid.training.recipes import Recipe
from pellucid.training.run import Run
from pellucid.training.settings import Callbacks, ClassWeight, Settings, Validation


def train(
    net: Network,
    x: ArrayLike,
    t: ArrayLike,
    *,
    recipe: Recipe | None = None,
    loss: str | Loss | None = None,
    optimizer: str | Optimizer | None = None,
    schedule: str | Schedule | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    validation: Validation = None,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    metrics: str | Metric | Sequence[str | Metric] | None = None,
    augment: Augmentation | None = None,
    callbacks: Callbacks = (),
    seed: int = 0,
    engine: str = "auto",
    threads: int | None = None,
    shards: int | None = None,
    progress: bool | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    every: str = USUAL_INTERVAL,
    resume: bool | str = "auto",
) -> History:
    """Train a network on rows x and targets t, in place; return the history.

    Parameters
    ----------
    net
        The network; training continues from its current weights.
    x, t
        Inputs, (N, D) or of any shape that the network takes, and targets: class indices (N,) or
        values (N, K).
    recipe
        Settings that belong together, such as pl.recipes.general(net, len(x)): optimizer,
        schedule, epochs, batch_size and augment, as far as they are not passed themselves.
    loss
        A name from `LOSSES`, or an object with `value` and `gradient`. None chooses by the last
        layer: softmax cross_entropy, sigmoid binary_cross_entropy, Affine cross_entropy for class
        indices and mean_squared_error for values.
    optimizer, schedule
        Objects such as pl.SGD(0.1) and pl.Cosine(), or their names. Defaults: Adam(0.001),
        constant.
    epochs, batch_size
        How many times all rows are passed, and how many at a time; the last batch may be smaller.
        Defaults: 10 and 32.
    validation
        Data (x, t) or (x, t, sample_weight) to evaluate after each epoch, or a share of the rows to
        hold out for that (for classes, the same share of each).
    sample_weight, class_weight
        A weight for each row, (N,), and for each class: "balanced", a sequence, or a dict whose
        keys are indices or names of classes, 1 for those that it lacks. Class weights act on the
        training rows only, so that the validation loss stays comparable.
    metrics
        Names from `METRICS` or functions (y, t) -> number. Default: accuracy for classes. Training
        metrics are computed from the outputs of each batch before its step, without another pass.
    augment
        A function (x, draws) -> x that changes each batch's inputs: pl.Distortion(shift=1),
        pl.Brightness(), or both by pl.Compose(pl.Brightness(), pl.Distortion(shift=1)). One whose
        attribute `each_batch` is False may be called with several batches at once, which is faster
        (see `pellucid.training.augmentation`).
    callbacks
        `Callback` objects, such as pl.EarlyStopping(), or functions called after each epoch; one,
        or a list of them.
    seed
        Fixes the order of rows, dropout, augmentation and split: the same seed draws the same on
        every platform.
    engine
        "auto" for the fastest that supports the network, "native" or "reference".
    threads
        Threads of the engine: the argument, else PELLUCID_THREADS, else OMP_NUM_THREADS, else all
        cores. (The reference engine leaves them to NumPy.)
    shards
        Into how many shards each batch is cut, each with a gradient of its own; None for none. With
        shards, several processes and machines train the same bits as this one
        (`pellucid.distributed.train`), and the results are those without, to rounding; but
        BatchNorm then normalizes each shard by itself.
    progress
        Show progress on standard error: True, False, or None for terminals and notebooks only.
    checkpoint, every
        A folder to keep checkpoints in, and how often to write one: "60 s" (default), "1000
        batches", "1 epoch". The same call again goes on where the newest checkpoint is, and ends
        with the same bits as if it had never been stopped, with any number of threads. The last two
        checkpoints and the best are kept. One process at a time holds the folder. Callbacks need
        `state` and `load_state`.
    resume
        "auto" goes on if the folder has a run, else starts; True raises InputError without a run;
        False starts anew and moves the old checkpoints into a folder of their own. A run that
        differs in data, network, settings or build is refused, difference by difference; "force"
        goes on all the same, without the promise of the same bits. More epochs are always allowed;
        a `CheckpointWarning` says if a longer run would have had other learning rates so far.

    Ctrl-C stops after the batch and leaves a usable network (`history.stopped` is "interrupted").

    Raises InputError for data or settings that do not fit, before anything is changed; with 50 rows
    or more for each output also where the last outputs have no class in t and the network has no
    `classes`. Raises DivergenceError, naming epoch, batch and layer, when values stop being finite:
    the weights are then those of the last good epoch.

    >>> import pellucid as pl
    >>> x, t = pl.xor(n=200, seed=0)
    >>> net = pl.mlp([2, 8, 2], activation="tanh", output="softmax")
    >>> history = pl.train(net, x, t, epochs=30, optimizer=pl.Adam(0.02))
    >>> history["accuracy"][-1] > 0.9
    True
    """
    settings = Settings(
        loss=loss, optimizer=optimizer, schedule=schedule, epochs=epochs, batch_size=batch_size,
        validation=validation, class_weight=class_weight, metrics=metrics, augment=augment,
        callbacks=callbacks, seed=seed, engine=engine, threads=threads, shards=shards,
        progress=progress, checkpoint=checkpointing(checkpoint, every, resume),
    )  # fmt: skip
    return train_rows(net, x, t, settings.completed(recipe), sample_weight)


def train_rows(
    net: Network,
    x: ArrayLike,
    t: ArrayLike,
    settings: Settings,
    sample_weight: ArrayLike | None = None,
    trained: Network | None = None,
) -> History:
    """Train a network as `train` does, by settings that are made already; `trained` as in `Run`."""
    check_network(net)
    rows = sample_checks.check_rows(net.layers, x, t, sample_weight)
    with opened(settings.checkpoint) as checkpoints:
        return complete(Run(net, rows, settings, trained, checkpoints))


def complete(run: Run, data: str | None = None, rows: int | None = None) -> History:
    """Do a whole run and write its record into the network; return the history.

    `data` and `rows` are the fingerprint and the number of all rows where `run.rows` are not all.
    """
    if run.held_out is not None:
        with sample_checks.naming_validation():
            sample_checks.check_targets(run.trained, run.loss_function, run.metrics, run.held_out)
    sample_checks.check_batch(run.net, run.batch_size, len(run.rows.x))
    history = run.go()
    data = data or run.rows.data or run.promise.get("data") or fingerprint(run.rows.x, run.rows.t)
    run.net.record = _record(run, data, rows or len(run.rows.x))
    run.net.uncertainty = after_training(run)
    return history


def _record(run: Run, data: str, rows: int) -> Options:
    # Of early stopping the best epoch's weights are left, and its metrics are those of the network.
    stops = (each for each in run.callbacks if isinstance(each, EarlyStopping))
    epoch = next((stop.best_epoch for stop in stops if stop.restore_best), 0) or len(run.history)
    metrics = run.history.records[epoch - 1] if epoch else {}
    return {
        "data": data,
        "rows": rows,
        "seed": run.seed,
        "epochs": len(run.history),
        "epoch": epoch,
        "batch_size": run.batch_size,
        **({} if run.shards is None else {"shards": run.shards}),
        "loss": described(run.loss_function),
        "optimizer": repr(run.optimizer),
        "schedule": repr(run.schedule),
        "augment": None if run.augment is None else described(run.augment),
        "engine": run.engine.name,
        "stopped": run.history.stopped,
        "versions": {"pellucid": __version__, "numpy": np.__version__},
        "metrics": {
            name: value if math.isfinite(value) else None  # JSON has no NaN
            for name, value in metrics.items()
            if name not in ("epoch", "seconds", "learning_rate")
        },
    }
