"""Training on a table: its columns are prepared as the network knows them.

Rows are prepared in memory, or beyond it in a temporary file from which blocks are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

from pellucid.building import answers_values, rescale
from pellucid.core.losses import Loss
from pellucid.core.metrics import Metric
from pellucid.core.optimizers import Optimizer
from pellucid.core.schedules import Schedule
from pellucid.data.tables import Columns, read_table
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

    Values are divided by their standard deviation for the training, after their mean is taken off,
    and the history's loss is in those units; before and after, the network predicts in the
    target's own. Raises InputError as `columns.read` and `train` do.

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
    with _standard_scale(net, columns) as scale, ExitStack() as stack:
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
            return train_blocks(net, rows, memory // 4, columns.classes is not None, settings)
        history = train_rows(net, *rows, settings)
        net.record["table"] = fingerprint(rows[0])  # of all rows, those held out too
        return history


@contextmanager
def _standard_scale(net: Network, columns: Columns) -> Iterator[tuple[float, float]]:
    """Scale a network's outputs to standardized targets within, where it predicts values.

    Gradients then have the size for which the recipes' learning rates were chosen. Yields mean and
    standard deviation of the targets, (0, 1) for outputs as they are.
    """
    if not answers_values(net):
        yield 0.0, 1.0
        return
    assert columns.target is not None
    mean, std = columns.target.mean, columns.target.std
    rescale(net, 1 / std, -mean / std)
    try:
        yield mean, std
    finally:
        rescale(net, std, mean)
