"""Training on more rows than memory holds: each epoch passes all blocks of a store, one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pellucid.core import splitmix
from pellucid.core.types import Array
from pellucid.data.tables.store import Store
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.checkpoints import Checkpoints, opened
from pellucid.training.choices import check_network
from pellucid.training.epoch import Epoch
from pellucid.training.history import History
from pellucid.training.loop import complete
from pellucid.training.promise import promise_of
from pellucid.training.run import Run
from pellucid.training.sample_checks import Samples, check_rows, no_share
from pellucid.training.settings import Settings, Validation

# Rows that are held out for validation at most: they stay in memory.
MOST_HELD_OUT = 50_000

_BLOCKS = 1 << 44  # the order of blocks is drawn from a stream of random numbers of its own


class BlockRun(Run):
    """A training whose rows are in a store; `rows` is the block at hand.

    A share for validation is taken from the first block, which is a sample of the whole.
    """

    def __init__(
        self,
        net: Network,
        store: Store,
        size: int,
        classes: bool,
        settings: Settings,
        trained: Network | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self.store, self.blocks, self.are_classes = store, store.blocks(size), classes
        share = settings.validation
        self.kept = _how_many_kept(share, store.rows, self.blocks[0].rows)
        x, t = store.read(self.blocks[0])
        first = self._as_samples(x, t, self.kept)
        rows = check_rows(net.layers, first.x, first.t)
        without = replace(settings, validation=None) if self.kept else settings
        super().__init__(net, rows, without, trained, checkpoints)
        if self.kept:  # copies, so that the block itself can be freed
            self.held_out = self._as_samples(x[: self.kept].copy(), t[: self.kept].copy())
        self.sizes = [block.rows for block in self.blocks]
        self.sizes[0] -= self.kept
        self.batches = sum(-(-rows // self.batch_size) for rows in self.sizes)
        if checkpoints is not None:
            blocks = ", ".join(map(str, self.sizes))
            self.promise = {**promise_of(self, store.fingerprint), "blocks": blocks}

    def _train_rows(self, part: Epoch) -> dict[str, float] | None:
        order = splitmix.permutation(splitmix.key(self.seed, self.epoch, _BLOCKS), len(self.blocks))
        for index in order[part.block :].tolist():
            x, t = self.store.read(self.blocks[index])
            self.rows = self._as_samples(x, t, 0 if index else self.kept)
            scores = super()._train_rows(part)
            if scores is None:
                return None
            part.end_block(scores, self.sizes[index] / sum(self.sizes), self.batch)
        self.loss = part.scores["loss"]
        return part.scores

    def _as_samples(self, x: Array, t: Array, start: int = 0) -> Samples:
        t = t[:, 0].astype(np.int64) if self.are_classes else t
        return Samples(x[start:], t[start:], None)


def train_blocks(
    net: Network,
    store: Store,
    size: int,
    classes: bool,
    settings: Settings,
    trained: Network | None = None,
) -> History:
    """Train a network as `train` does, on a store's rows in blocks of about `size` bytes.

    `classes` says whether targets are class indices, `trained` is as in `Run`. Metrics are means
    over the blocks' rows. Raises InputError as `train` does, and for class weights, which would
    need all rows at once.
    """
    check_network(net)
    if settings.class_weight is not None:
        raise InputError("class_weight needs all rows in memory: pass a larger memory=...")
    with opened(settings.checkpoint) as checkpoints:
        run = BlockRun(net, store, size, classes, settings, trained, checkpoints)
        return complete(run, store.fingerprint, sum(run.sizes))


def _how_many_kept(validation: Validation, N: int, most: int) -> int:
    if validation is None or isinstance(validation, tuple):
        return 0
    if not 0 < validation < 1:
        raise no_share(validation)
    return min(max(round(N * validation), 1), MOST_HELD_OUT, most // 2)
