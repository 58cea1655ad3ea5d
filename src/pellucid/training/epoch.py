"""An epoch under way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pellucid.core.types import Array, Options


@dataclass
class Epoch:
    """What an epoch that is not whole yet has gathered.

    Rows are trained on block by block (a run in memory has one block). `before` are the weights
    that the last epoch's record describes; `total` and `shares` sum the losses of this block's
    batches and their weights, `outputs` are its predictions, if metrics need them; `first` is how
    many batches earlier blocks had, `scores` are the sums over these blocks.
    """

    before: list[Array]
    started: float = field(default_factory=time.perf_counter)
    total: float = 0.0
    shares: float = 0.0
    outputs: list[Array] = field(default_factory=list)
    block: int = 0
    first: int = 0
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Seconds since the epoch began, those of an earlier process included."""
        return time.perf_counter() - self.started

    @property
    def loss(self) -> float:
        """The mean loss of this block so far."""
        return self.total / self.shares if self.shares else 0.0

    def add(self, losses: Sequence[float], shares: Sequence[float]) -> None:
        """Add the losses of batches with these weights, one by one."""
        total, weight = self.total, self.shares
        for loss, share in zip(losses, shares, strict=True):
            total += loss * share
            weight += share
        self.total, self.shares = total, weight

    def end_block(self, scores: dict[str, float], share: float, batch: int) -> None:
        """Add a whole block's scores, weighted by its share of the rows, and begin the next."""
        for name, score in scores.items():
            self.scores[name] = self.scores.get(name, 0.0) + score * share
        self.block, self.first = self.block + 1, batch
        self.total, self.shares, self.outputs = 0.0, 0.0, []

    def state(self) -> Options:
        """Return everything as plain values and arrays, for a checkpoint."""
        outputs = [np.concatenate(self.outputs)] if self.outputs else []
        return {
            "before": self.before,
            "seconds": self.seconds,
            "total": self.total,
            "shares": self.shares,
            "outputs": outputs,
            "block": self.block,
            "first": self.first,
            "scores": self.scores,
        }

    @classmethod
    def of(cls, state: Options) -> Epoch:
        """Return the epoch that `state` returned."""
        values = {**state, "started": time.perf_counter() - state["seconds"]}
        del values["seconds"]
        return cls(**values)
