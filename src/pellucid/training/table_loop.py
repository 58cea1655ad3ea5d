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
from pellucid.data.tables import read_table
from pellucid.data.tables.store import Store, gather
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training import recipes
from pellucid.training.block_loop import train_blocks
from pellucid.training.history import History
from pellucid.training.loop import train_rows
from pellucid.training.sample_checks import fingerprint
from pellucid.training.settings import Callbacks, ClassWeight, Settings

TableSource: TypeAlias = Any  # a Table, a path, a dict of columns, a dataframe of any library

# Bytes of prepared rows that are trained on in memory; more are trained on block by block.
MEMORY = 128 << 20


def train_table(
    net: Network,
    table: TableSource,
    *,
    validation: float | TableSource | None = None,
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
        A share of the rows to hold out, or another table, evaluated after each epoch.
    memory
        How many bytes of prepared rows may be held at once. Larger tables are shuffled into a
        temporary file (in the folder that TMPDIR names) and trained on block by block: each epoch
        takes the blocks in another order, and the rows of a block in another order. At most 50,000
        rows are then held out, and `class_weight` is refused.
    loss, optimizer, schedule, epochs, batch_size, class_weight, metrics, callbacks, seed, engine,
    threads, progress
        As for `train`; optimizer, schedule, epochs and batch_size come from `recipes.tables` where
        they are None.

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
    validation: float | TableSource | None = None,
    memory: int = MEMORY,
) -> History:
    """Train a network as `train_table` does, by settings that are made already."""
    columns = net.columns
    if columns.target is None:
        raise InputError("these columns have no target")
    table = read_table(table)
    trained, scale = _inner(net)
    with ExitStack() as stack:
        if validation is None or isinstance(validation, (int, float)):
            settings = replace(settings, validation=validation)
        else:
            held_out = gather(columns.read(validation, targets=True, scale=scale), memory=1 << 62)
            assert isinstance(held_out, tuple)  # no table is larger than such a memory
            settings = replace(settings, validation=held_out)
        rows = gather(columns.read(table, targets=True, scale=scale), memory, settings.seed)
        count = stack.enter_context(rows).rows if isinstance(rows, Store) else len(rows[0])
        if not count:
            raise InputError("{table}: there are no rows to train on", table=table.name)
        settings = settings.completed(recipes.tables(net, count))
        if isinstance(rows, Store):
            classes = columns.classes is not None
            return train_blocks(net, rows, memory // 4, classes, settings, trained)
        history = train_rows(net, *rows, settings, trained=trained)
        net.record["table"] = fingerprint(rows[0])  # of all rows, those held out too
        return history


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
