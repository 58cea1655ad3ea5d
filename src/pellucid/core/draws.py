"""Random numbers by place: what a pass draws depends on seed, step, layer and row, nothing else.

So `backward` sees the mask that `forward` saw, and every engine, every shard of a batch and every
resumed run draws the same numbers. The generator is in `splitmix`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pellucid.core import splitmix
from pellucid.core.types import Array, Vector
from pellucid.errors import InputError

_EPOCHS = 1 << 40  # a stream for the order of epochs, which no layer's number reaches
_SPLITS = 1 << 41  # and one for splitting off validation rows
_MEMBERS = 1 << 43  # and one for the seeds of an ensemble's members


class Draws(NamedTuple):
    """The place of a training pass, from which its layers draw; prediction passes have none.

    Layers that act differently in training (Dropout, BatchNorm) look whether they are given one.

    Attributes
    ----------
    seed, step, layer
        The run's seed, the number of the training step, the number of the layer.
    row
        Number of the first row in its batch: a batch cut into shards draws the same numbers.
    batch_size
        If not 0, rows of several batches of that size: each batch draws as its own step does.
    """

    seed: int = 0
    step: int = 0
    layer: int = 0
    row: int = 0
    batch_size: int = 0

    def at(self, index: int) -> Draws:
        """Return the place of the layer with that index; within a Residual, of an inner layer."""
        # A layer's number is written in base 4096, one digit for each level of nesting: unique as
        # long as no list of layers is longer than that. C++ (random.h) counts in the same way.
        return self._replace(layer=self.layer * 4096 + index + 1)

    def uniform(self, N: int, H: int) -> Array:
        """Draw an (N, H) array of float64 in [0, 1), each number by its row and column."""
        size = self.batch_size or max(N, 1)
        steps = range(self.step, self.step - (-N // size))  # one for each batch, rounded up
        streams = [splitmix.key(self.seed, step, self.layer) for step in steps]
        places = np.arange(self.row * H, (self.row + size) * H, dtype=np.uint64)
        drawn = splitmix.uniform(
            np.array(streams, np.uint64)[:, None], np.broadcast_to(places, (len(steps), size * H))
        )
        return drawn.reshape(-1)[: N * H].reshape(N, H)


def epoch_order(seed: int, epoch: int, N: int) -> Array:
    """Return the order in which an epoch (counted from 1) visits N rows, (N,) int64."""
    return splitmix.permutation(epoch_stream(seed, epoch), N)


def epoch_stream(seed: int, epoch: int) -> int:
    """Return the key of the stream of random numbers by which an epoch orders its rows."""
    return splitmix.key(seed, epoch, _EPOCHS)


def member_seed(seed: int, member: int) -> int:
    """Return the seed of a member of an ensemble: the first has that of a network alone."""
    return splitmix.key(seed, member, _MEMBERS) if member else seed


def split_order(seed: int, N: int) -> Array:
    """Return the order in which N rows are chosen for validation, (N,) int64."""
    return splitmix.permutation(splitmix.key(seed, _SPLITS), N)


def augmented(
    augment: Callable[[Array, Draws], Array], x: Array, rows: Vector, draws: Draws
) -> Array:
    """Return these rows of x as `augment` changes them; raise InputError for another number."""
    changed = np.asarray(augment(x.take(rows, axis=0), draws))
    if changed.ndim == 0 or len(changed) != len(rows):
        template = "augment must return {N} rows, got shape {got}"
        raise InputError(template, N=len(rows), got=changed.shape)
    return changed
