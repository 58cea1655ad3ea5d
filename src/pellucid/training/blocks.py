"""Learning from rows beyond memory.

Every epoch goes through all blocks, one of them in memory at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.core import counter
from pellucid.core.types import Array
from pellucid.data.tables.store import Block, Store
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.choices import check_network
from pellucid.training.data import Rows, check_rows, naming_validation
from pellucid.training.history import History
from pellucid.training.loop import learn, run_settings
from pellucid.training.run import Run

MOST_HELD = 50_000
"""Rows that are kept for validation at most: they stay in memory."""

_BLOCKS = 1 << 44  # the stream of random numbers that orders blocks is nobody else's


class BlockRun(Run):
    """A training whose rows lie in a store; `rows` is the block at hand."""

    def __init__(
        self,
        *args: Any,
        store: Store,
        blocks: list[Block],
        classes: bool,
        kept: int,
        **settings: Any,
    ) -> None:
        self.store, self.blocks, self.kept, self.takes_classes = store, blocks, kept, classes
        super().__init__(*args, **settings)
        self.batches = sum(-(-rows // self.batch_size) for rows in self.rows_of_blocks())

    def rows_of_blocks(self) -> list[int]:
        """Give how many rows each block has to learn from; the first gives some for validation."""
        return [block.rows - (0 if index else self.kept) for index, block in enumerate(self.blocks)]

    def _learn_rows(self, before: list[Array]) -> dict[str, float] | None:
        order = counter.permutation(counter.key(self.seed, self.epoch, _BLOCKS), len(self.blocks))
        sizes, totals = self.rows_of_blocks(), dict[str, float]()
        for index in order.tolist():
            self.rows = _as_rows(
                self.store.read(self.blocks[index]), self.takes_classes, 0 if index else self.kept
            )
            figures = super()._learn_rows(before)
            if figures is None:
                return None
            for name, figure in figures.items():
                totals[name] = totals.get(name, 0.0) + figure * sizes[index] / sum(sizes)
        self.loss = totals["loss"]
        return totals


def train_blocks(
    net: Network,
    store: Store,
    size: int,
    *,
    classes: bool,
    validation: float | tuple[Any, Any] | None,
    loss: Any = None,
    optimizer: Any = None,
    schedule: Any = None,
    epochs: int = 10,
    batch_size: int = 32,
    metrics: Any = None,
    callbacks: Any = (),
    seed: int = 0,
    engine: str = "auto",
    threads: int | None = None,
    progress: bool | None = None,
) -> History:
    """Let a network learn from a store's rows, in blocks of about `size` bytes; else as `train`
    does.

    Metrics are means over the blocks' rows. Raises InputError as `train` does.
    """
    check_network(net)
    blocks = store.blocks(size)
    kept = _how_many_held(validation, store.rows, blocks[0].rows)
    first = store.read(blocks[0])
    rows = _as_rows(first, classes, kept)
    rows = check_rows(net.layers, rows.x, rows.t)
    held = _as_rows((first[0][:kept].copy(), first[1][:kept].copy()), classes) if kept else None
    if isinstance(validation, tuple):
        with naming_validation():
            held = check_rows(net.layers, *validation)
    chosen = run_settings(
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
    run = BlockRun(
        net,
        rows,
        held=held,
        augment=None,
        store=store,
        blocks=blocks,
        classes=classes,
        kept=kept,
        **chosen,
    )
    del first, rows
    return learn(run, store.fingerprint, sum(run.rows_of_blocks()))


def _how_many_held(validation: float | tuple[Any, Any] | None, N: int, most: int) -> int:
    if validation is None or isinstance(validation, tuple):
        return 0
    if not 0 < validation < 1:
        raise InputError(
            "validation is a share between 0 and 1, or data (x, t); got {got}", got=validation
        )
    return min(max(round(N * validation), 1), MOST_HELD, most // 2)


def _as_rows(block: tuple[Array, Array], classes: bool, start: int = 0) -> Rows:
    x, t = block[0][start:], block[1][start:]
    return Rows(x, t.astype(np.int64) if classes else t[:, None], None)
