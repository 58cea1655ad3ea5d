"""Training on a table: its columns are prepared as the network knows them.

Rows are prepared in memory, or beyond it in a temporary file from which blocks are read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from pellucid.core.losses import Loss
from pellucid.core.metrics import Metric
from pellucid.core.optimizers import Optimizer
from pellucid.core.preparation import Standardize
from pellucid.core.schedules import Schedule
from pellucid.core.types import Array, Vector
from pellucid.data.tables import Columns, Table, read_table
from pellucid.data.tables.store import Store, gather
from pellucid.engines import fingerprint
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training import recipes
from pellucid.training.block_loop import train_blocks
from pellucid.training.callbacks import EarlyStopping
from pellucid.training.checkpointing import USUAL_INTERVAL, checkpointing
from pellucid.training.choices import choose_callbacks
from pellucid.training.history import History
from pellucid.training.loop import train_rows
from pellucid.training.sample_checks import Samples, by_index, pick, split, with_class_weight
from pellucid.training.settings import Callbacks, ClassWeight, Settings, Validation
from pellucid.training.table_roles import (
    Roles,
    checked_share,
    held_out_rows,
    hold_out_groups,
    row_weights,
)

TableSource: TypeAlias = Any  # a Table, a path, a dict of columns, a dataframe of any library
Scale: TypeAlias = tuple[Vector, Vector]  # mean and standard deviation of the targets

# Bytes of prepared rows that are trained on in memory; more are trained on block by block.
MEMORY = 128 << 20

# Rows from which on a share of them is held out by default, and that share.
ENOUGH, SHARE = 1_000, 0.1

# More than any run has: training never stops early, and the best weights come back.
_NEVER = 1 << 30  # epochs without improvement after which to stop


def train_table(
    net: Network,
    table: TableSource,
    *,
    validation: float | TableSource | None = "auto",
    sample_weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
    memory: int = MEMORY,
    loss: str | Loss | None = None,
    optimizer: str | Optimizer | None = None,
    schedule: str | Schedule | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    class_weight: ClassWeight | None = None,
    metrics: str | Metric | Sequence[str | Metric] | None = None,
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
    """Train a network of `table_mlp` on a table, in place; return the history.

    Parameters
    ----------
    net
        A network that knows its columns; training continues from its current weights.
    table
        Anything that `read_table` takes, with the target among its columns.
    validation
        A share of the rows to hold out, or another table, evaluated after each epoch: the network
        gets the weights of the epoch with the lowest loss on them, unless an `EarlyStopping` among
        the callbacks decides it. "auto" (default) is 0.1 from 1,000 rows on and None below. With
        None all rows are trained on, and the last epoch's weights are kept.
    sample_weight
        A column of numbers of 0 or more: the weight of each row, in training and in the loss on
        held-out rows. It must be none of the network's inputs.
    group, time
        A column that decides which rows are held out instead of chance: whole groups (patients,
        shops, ...), so that no group is on both sides, or the latest rows by numbers or dates.
        "auto" is then 0.1 of any number of rows. Leave the column of groups out of the network's
        columns, since a new group tells it nothing.
    memory
        How many bytes of prepared rows may be held at once. Larger tables are shuffled into a
        temporary file (in the folder that TMPDIR names) and trained on block by block: each epoch
        takes the blocks in another order, and the rows of a block in another order. At most 50,000
        rows are then held out, and `class_weight`, `sample_weight`, `group` and `time` are refused.
    loss, optimizer, schedule, epochs, batch_size, class_weight, metrics, callbacks, seed, engine,
    threads, shards, progress, checkpoint, every, resume
        As for `train`; optimizer, schedule, epochs and batch_size come from `recipes.tables` where
        they are None, and the metric is then accuracy for classes and r2 for values. Class weights
        also act on the loss on held-out rows, by which the best epoch is chosen.

    `pellucid train`, `pellucid.sklearn.TableClassifier` and `TableRegressor` are the same code:
    with the same settings and seed they train the same weights. The network's `record` holds, as
    "epoch", which epoch's weights it has.

    Where a network predicts values and ends in Standardize, as those of `table_mlp` do, its other
    layers are trained on standardized targets, and the history's loss is in their units. The
    network itself (for callbacks, copies, files and metrics) predicts in the target's own units at
    every moment. Other networks are trained on targets as they are. Raises InputError as
    `columns.read` and `train` do.

    >>> import pellucid as pl
    >>> table = {"age": [20, 30, 40, 50] * 9, "city": ["Seoul", "Busan"] * 18}
    >>> table["rent"] = [5, 3, 7, 4] * 9
    >>> net = pl.table_mlp(pl.Columns.of(table, target="rent", task="regress"))
    >>> history = pl.train_table(net, table)
    >>> net.predict({"city": ["Seoul"], "age": [40]}).round().tolist()
    [[7.0]]
    """
    settings = Settings(
        loss=loss, optimizer=optimizer, schedule=schedule, epochs=epochs, batch_size=batch_size,
        class_weight=class_weight, metrics=metrics, callbacks=callbacks, seed=seed, engine=engine,
        threads=threads, shards=shards, progress=progress,
        checkpoint=checkpointing(checkpoint, every, resume),
    )  # fmt: skip
    roles = Roles(sample_weight, group, time)
    return train_on_table(net, table, settings, validation, memory, roles)


def train_on_table(
    net: Network,
    table: TableSource,
    settings: Settings,
    validation: float | TableSource | None = "auto",
    memory: int = MEMORY,
    roles: Roles | None = None,
) -> History:
    """Train a network as `train_table` does, by settings that are made already."""
    roles = Roles() if roles is None else roles
    columns = net.columns
    if columns.target is None:
        raise InputError("these columns have no target")
    table = read_table(table)
    if any(roles):
        roles.check(columns, table)
    trained, scale = trained_part(net)
    usual = isinstance(validation, str) and validation == "auto"
    # Errors in what is held out come before the rows, which may be many, are read.
    if roles.split and not usual:
        checked_share(validation)
    given = None if usual else _held_out(columns, validation, scale, roles)
    with ExitStack() as stack:
        rows = gather(columns.read(table, targets=True, scale=scale), memory, settings.seed)
        # A store is a temporary file, which must be closed however training ends.
        count = stack.enter_context(rows).rows if isinstance(rows, Store) else len(rows[0])
        if not count:
            raise InputError("{table}: there are no rows to train on", table=table.name)
        held_out = (SHARE if roles.split else usual_share(count)) if usual else given
        settings = settings.completed(recipes.tables(net, count))
        classes = columns.classes is not None
        if isinstance(rows, Store):
            roles.refuse()
            settings = _keeping_best(replace(settings, validation=held_out), classes)
            return train_blocks(net, rows, memory // 4, classes, settings, trained)
        samples, held_out = _divided(table, rows, held_out, roles, settings.seed)
        if classes and held_out is not None and settings.class_weight is not None:
            samples, held_out = _weighed_alike(samples, held_out, settings, columns)
        settings = _keeping_best(replace(settings, validation=held_out), classes)
        history = train_rows(net, samples.x, samples.t, settings, samples.sample_weight, trained)
        net.record["table"] = fingerprint(rows[0])  # of all rows, those held out too
        return history


def prepared_rows(net: Network, table: TableSource) -> tuple[Array, Array]:
    """Return the rows of a table and the targets that the network's layers are trained on."""
    _, scale = trained_part(net)
    rows = gather(net.columns.read(table, targets=True, scale=scale), memory=1 << 62)
    assert isinstance(rows, tuple)  # no table is larger than such a memory
    return rows


def train_prepared(
    net: Network, x: Array, t: Array, settings: Settings, groups: Array | None = None
) -> History:
    """Train a network on `prepared_rows` as `train_table` does with its usual validation.

    `groups` are the numbers of the rows' groups, (N,), where whole groups are to be held out.
    """
    trained, _ = trained_part(net)
    settings = settings.completed(recipes.tables(net, len(x)))
    held_out: Validation = usual_share(len(x))
    if groups is not None:
        _, places = np.unique(groups, return_inverse=True)
        late = hold_out_groups(places, SHARE, settings.seed)
        x, t, held_out = x[~late], t[~late], (x[late], t[late])
    settings = _keeping_best(replace(settings, validation=held_out), net.classes is not None)
    return train_rows(net, x, t, settings, None, trained)


def usual_share(rows: int) -> float | None:
    """Return the share of a table's rows that is held out by default: none of few rows."""
    return SHARE if rows >= ENOUGH else None


def _divided(
    table: Table, rows: tuple[Array, Array], validation: Validation, roles: Roles, seed: int
) -> tuple[Samples, Validation]:
    """Return the rows to train on, and those to hold out: a share, or rows that roles chose."""
    weights = None if roles.sample_weight is None else row_weights(table, roles.sample_weight)
    samples = Samples(*rows, weights)
    if not roles.split:
        return samples, validation
    late = held_out_rows(table, roles, validation, seed)
    x, t, own, _ = pick(samples, late)
    return pick(samples, ~late), (x, t) if own is None else (x, t, own)


def _weighed_alike(
    samples: Samples, held_out: Validation, settings: Settings, columns: Columns
) -> tuple[Samples, Validation]:
    """Return the rows to train on, and held-out rows whose classes weigh as much as theirs.

    The best epoch is then the best for the loss that is minimised: without weights, an epoch in
    which the weights have hardly acted would be.
    """
    if isinstance(held_out, (int, float)):
        samples, held = split(samples, held_out, settings.seed, stratified=True)
    else:
        assert held_out is not None
        x, t, *own = map(np.asarray, held_out)
        held = Samples(x, t, own[0] if own else None)
    assert settings.class_weight is not None
    weights = by_index(settings.class_weight, columns.classes)
    if isinstance(weights, str) and weights == "balanced":  # by the rows that are trained on
        found, counts = np.unique(samples.t, return_counts=True)
        balanced = len(samples.t) / (len(found) * counts)
        weights = dict(zip(found.tolist(), balanced.tolist(), strict=True))
    x, t, weight, _ = with_class_weight(held, weights, True, columns.outputs)
    assert weight is not None
    return samples, (x, t, weight)


def _held_out(
    columns: Columns, validation: float | TableSource | None, scale: Scale | None, roles: Roles
) -> Validation:
    """Return a share as it is, and another table as rows, targets and weights if there are any."""
    if validation is None or isinstance(validation, (int, float)):
        return validation
    table = read_table(validation)
    held_out = gather(columns.read(table, targets=True, scale=scale), memory=1 << 62)
    assert isinstance(held_out, tuple)  # no table is larger than such a memory
    column = roles.sample_weight
    return held_out if column is None else (*held_out, row_weights(table, column))


def _keeping_best(settings: Settings, classes: bool) -> Settings:
    """Return settings that restore the best epoch's weights where rows are held out.

    The last epochs of one cycle are nearly always the best; where they are not, it matters much.
    """
    if settings.metrics is None:
        settings = replace(settings, metrics=["accuracy" if classes else "r2"])
    callbacks = choose_callbacks(settings.callbacks)
    decided = any(isinstance(each, EarlyStopping) for each in callbacks)
    if settings.validation is None or decided:
        return settings
    # First, so that others find the weights restored at the end.
    return replace(settings, callbacks=[EarlyStopping(patience=_NEVER), *callbacks])


def trained_part(net: Network) -> tuple[Network, Scale | None]:
    """Return the network to train, which shares the layers, and mean and std of its targets.

    It is the network itself, on targets as they are (None), unless that returns from standardized
    values to the target's units at its end. Gradients of standardized targets have the size for
    which the recipes' learning rates were chosen.
    """
    last = net.layers[-1] if net.layers else None
    if not (net.predicts_values and isinstance(last, Standardize)):
        return net, None
    # In float64 from the layer's own numbers: exactly what it undoes.
    std = 1 / last.std.astype(np.float64)
    return Network(net.layers[:-1]), (-last.mean * std, std)
