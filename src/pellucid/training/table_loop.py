"""Training on a table: its columns are prepared as the network knows them.

Rows are prepared in memory, or beyond it in a temporary file from which blocks are read.
"""

from __future__ import annotations

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
from pellucid.data.tables import Columns, read_table
from pellucid.data.tables.store import Store, gather
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training import recipes
from pellucid.training.block_loop import train_blocks
from pellucid.training.callbacks import EarlyStopping
from pellucid.training.choices import choose_callbacks
from pellucid.training.history import History
from pellucid.training.loop import train_rows
from pellucid.training.sample_checks import fingerprint
from pellucid.training.settings import Callbacks, ClassWeight, Settings, Validation

TableSource: TypeAlias = Any  # a Table, a path, a dict of columns, a dataframe of any library

# Bytes of prepared rows that are trained on in memory; more are trained on block by block.
MEMORY = 128 << 20

# Rows from which on a share of them is held out by default, and that share.
ENOUGH, SHARE = 1_000, 0.1

_NEVER = 1 << 30  # epochs without improvement after which to stop


def train_table(
    net: Network,
    table: TableSource,
    *,
    validation: float | TableSource | None = "auto",
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
    progress: bool | None = None,
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
    memory
        How many bytes of prepared rows may be held at once. Larger tables are shuffled into a
        temporary file (in the folder that TMPDIR names) and trained on block by block: each epoch
        takes the blocks in another order, and the rows of a block in another order. At most 50,000
        rows are then held out, and `class_weight` is refused.
    loss, optimizer, schedule, epochs, batch_size, class_weight, metrics, callbacks, seed, engine,
    threads, progress
        As for `train`; optimizer, schedule, epochs and batch_size come from `recipes.tables` where
        they are None, and the metric is then accuracy for classes and r2 for values.

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
        threads=threads, progress=progress,
    )  # fmt: skip
    return train_on_table(net, table, settings, validation, memory)


def train_on_table(
    net: Network,
    table: TableSource,
    settings: Settings,
    validation: float | TableSource | None = "auto",
    memory: int = MEMORY,
) -> History:
    """Train a network as `train_table` does, by settings that are made already."""
    columns = net.columns
    if columns.target is None:
        raise InputError("these columns have no target")
    table = read_table(table)
    trained, scale = _inner(net)
    with ExitStack() as stack:
        rows = gather(columns.read(table, targets=True, scale=scale), memory, settings.seed)
        count = stack.enter_context(rows).rows if isinstance(rows, Store) else len(rows[0])
        if not count:
            raise InputError("{table}: there are no rows to train on", table=table.name)
        usual = isinstance(validation, str) and validation == "auto"
        held_out = _held_out(columns, usual_share(count) if usual else validation, scale)
        settings = replace(settings, validation=held_out).completed(recipes.tables(net, count))
        settings = _keeping_best(settings, columns.classes is not None)
        if isinstance(rows, Store):
            classes = columns.classes is not None
            return train_blocks(net, rows, memory // 4, classes, settings, trained)
        history = train_rows(net, *rows, settings, trained=trained)
        net.record["table"] = fingerprint(rows[0])  # of all rows, those held out too
        return history


def usual_share(rows: int) -> float | None:
    """Return the share of a table's rows that is held out by default: none of few rows."""
    return SHARE if rows >= ENOUGH else None


def _held_out(
    columns: Columns, validation: float | TableSource | None, scale: tuple[float, float] | None
) -> Validation:
    """Return a share as it is, and another table as rows and targets."""
    if validation is None or isinstance(validation, (int, float)):
        return validation
    held_out = gather(columns.read(validation, targets=True, scale=scale), memory=1 << 62)
    assert isinstance(held_out, tuple)  # no table is larger than such a memory
    return held_out


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


def _inner(net: Network) -> tuple[Network, tuple[float, float] | None]:
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
    return Network(net.layers[:-1]), (float(-last.mean[0] * std[0]), float(std[0]))
