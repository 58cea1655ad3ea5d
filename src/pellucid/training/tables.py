"""Learning from a table.

Rows are prepared by what the network knows of its columns, in memory or block by block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from pellucid.building import answers_values, rescale
from pellucid.core.types import Array
from pellucid.data.tables import Columns, read_table
from pellucid.data.tables.store import Store, gather
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training import recipes
from pellucid.training.blocks import train_blocks
from pellucid.training.data import fingerprint
from pellucid.training.history import History
from pellucid.training.loop import train

MEMORY = 128 << 20
"""Bytes of prepared rows that are learned from in memory; more are learned block by block."""


def train_table(
    net: Network, table: Any, *, validation: Any = None, memory: int = MEMORY, **settings: Any
) -> History:
    """Let a network of `table_mlp` learn from a table, in place; give the history.

    Parameters
    ----------
    net
        A network that knows its columns; learning goes on from the weights that it has.
    table
        Whatever `read_table` takes, with the target among its columns.
    validation
        A share of the rows to keep for looking only, or another table. None takes none.
    memory
        How many bytes of prepared rows may be held at once. Larger tables are shuffled into a
        temporary file (where TMPDIR says) and learned block by block: each epoch takes the blocks
        in another order, and the rows of a block in another order. The validation rows are then at
        most 50,000.
    settings
        As for `train`: loss, optimizer, schedule, epochs, batch_size, metrics, callbacks, seed,
        engine, threads, progress; in memory also class_weights. What is left out comes from
        `recipes.tables`.

    Values are learned in deviations from their mean, so the history's loss is in those; the network
    answers in the target's own units before and after. Raises InputError as `columns.read` and
    `train` do.

    >>> import pellucid as pl
    >>> table = {"age": [20, 30, 40, 50] * 9, "city": ["Seoul", "Busan"] * 18, "rent": [5, 3, 7, 4] * 9}
    >>> net = pl.table_mlp(pl.Columns.of(table, target="rent", task="regress"))
    >>> history = pl.train_table(net, table)
    >>> net.predict({"city": ["Seoul"], "age": [40]}).round().tolist()
    [[7.0]]
    """
    columns = net.columns
    if columns.target is None:
        raise InputError("these columns have no target")
    table = read_table(table)
    with _standard_scale(net, columns) as scaled, ExitStack() as stack:
        if validation is not None and not isinstance(validation, (int, float)):
            validation = gather(_Targets(columns, read_table(validation), scaled), memory=1 << 62)
        rows = gather(_Targets(columns, table, scaled), memory, settings.get("seed", 0))
        count = stack.enter_context(rows).rows if isinstance(rows, Store) else len(rows[0])
        if not count:
            raise InputError("{table}: there are no rows to learn from", table=table.name)
        chosen = {**recipes.tables(net, count).settings(), **settings}
        if not isinstance(rows, Store):
            history = train(net, *rows, validation=validation, **chosen)
            net.record["table"] = fingerprint(rows[0])  # of all rows, those for validation too
            return history
        del chosen["augment"]
        classes = columns.classes is not None
        return train_blocks(
            net, rows, memory // 4, validation=validation, classes=classes, **chosen
        )


class _Targets:
    """A reading whose values are in deviations from their mean."""

    def __init__(self, columns: Columns, table: Any, scaled: bool) -> None:
        self.columns, self.scaled = columns, scaled
        self.reading = columns.read(table, targets=True)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        target = self.columns.target
        assert target is not None
        for x, t in self.reading:
            assert t is not None
            if target.kind == "values":
                t = ((t - target.mean) / target.deviation if self.scaled else t).astype(np.float32)
            yield x, t


@contextmanager
def _standard_scale(net: Network, columns: Columns) -> Iterator[bool]:
    """Let the network answer in deviations from the target's mean for a while, where it can.

    Give whether it does.
    """
    if not answers_values(net):
        yield False
        return
    assert columns.target is not None
    mean, deviation = columns.target.mean, columns.target.deviation
    rescale(net, 1 / deviation, -mean / deviation)
    try:
        yield True
    finally:
        rescale(net, deviation, mean)
