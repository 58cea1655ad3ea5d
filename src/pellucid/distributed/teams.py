"""What teams of several processes share, be they of one machine or of a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pellucid.core.types import Array, Batch
from pellucid.distributed.workers import ATTEMPTS
from pellucid.engines import instruction_set, make_engine, using_instructions
from pellucid.engines.sharded import Part, Plan, Replica, Samples, ShardedBatch, Span
from pellucid.errors import FileError, Message

WORTH = 0.02
"""Seconds of arithmetic of a worker in each step from which on several workers pay."""

RATE = 50e9
"""Multiplications and additions a second of one worker: about what a core does with AVX2."""

Moved: TypeAlias = tuple[float, float]
"""The loss and the learning rate of a step."""


class WorkerLostError(Exception):
    """A worker died, or did not answer in time."""


@dataclass(frozen=True)
class Made:
    """How a worker makes its replica: as the first one was made, with the same instructions."""

    plan: Plan
    engine: str
    instructions: str | None
    threads: int

    @classmethod
    def like(cls, replica: Replica, threads: int) -> Made:
        """Return how to make a replica like this one."""
        return cls(replica.plan, replica.engine.name, instruction_set(), threads)

    def replica(self) -> Replica:
        """Return a new replica."""
        plan = self.plan
        with ExitStack() as stack:
            if self.instructions is not None:
                stack.enter_context(using_instructions(self.instructions))
            given = plan.layers, plan.loss, plan.optimizer, plan.seed, self.engine
            return Replica(make_engine(*given, threads=self.threads), plan)


def cut(everything: Span, count: int) -> list[Span]:
    """Return the shards of each of so many workers; no worker is without one."""
    shards = everything.end
    count = min(count, shards)
    return [Span(shards * k // count, shards * (k + 1) // count) for k in range(count)]


def slices(size: int, count: int) -> list[slice]:
    """Return the slice of a vector that each of so many workers adds."""
    return [slice(size * k // count, size * (k + 1) // count) for k in range(count)]


def warn(message: Message) -> None:
    """Warn of something in the way Python does."""
    warnings.warn(str(message), stacklevel=2)


class Team:
    """A team whose workers have replicas of their own, and find each other by messages.

    A subclass starts workers and brings the shards together. When a worker is lost in the middle of
    a batch, nobody else has moved: a new team goes on from the same weights, with the same bits.
    """

    def __init__(self, tell: Callable[[Message], None] = warn) -> None:
        self.tell = tell
        self.workers = 0
        self._rows: Samples | None = None  # that the workers hold
        self._arrays: list[Array] = []  # where the workers are, or will be when they have moved
        self._before: Moved | None = None  # moves that they have not made yet
        self._failures = 0  # in a row
        self._advised = False

    def hold(self, replica: Replica) -> None:
        """Bring every worker to the state of `replica`, its rows included."""
        try:
            self._hold(replica)
        except WorkerLostError as error:
            self._again(replica, error)

    def train(self, replica: Replica, batch: ShardedBatch) -> Part:
        """Return the part of all shards, by which everybody has moved."""
        if not self._advised:
            self._advise(replica, batch)
        while True:
            try:
                part = self.sum(batch, self._before)
            except WorkerLostError as error:
                self._again(replica, error)
                continue
            self._failures = 0
            self._before = part.loss, batch.rate
            replica.move(part.loss, part.vector, batch.rate)
            self._note(replica)
            return part

    def close(self) -> None:
        """End all workers."""
        self.stop()
        self._rows, self.workers = None, 0

    def start(self, replica: Replica) -> int:
        """Start workers that have no rows yet; return how many there are."""
        raise NotImplementedError

    def share(self, rows: Samples) -> None:
        """Give rows to all workers."""
        raise NotImplementedError

    def bring(self, replica: Replica) -> None:
        """Bring all workers to a replica's position."""
        raise NotImplementedError

    def sum(self, batch: ShardedBatch, before: Moved | None) -> Part:
        """Return the part of all shards; workers move by the last one first."""
        raise NotImplementedError

    def stop(self) -> None:
        """End all workers."""
        raise NotImplementedError

    def has_changed(self) -> bool:
        """Return whether workers have arrived that have no shards yet."""
        return False

    def _hold(self, replica: Replica) -> None:
        if self.workers == 0 or self.has_changed():
            self.workers, self._rows, self._arrays = self.start(replica), None, []
        assert replica.samples is not None
        if self._rows is not replica.samples:
            self.share(replica.samples)
            self._rows = replica.samples
        arrays = replica.position.arrays
        same = len(arrays) == len(self._arrays) and all(map(np.array_equal, arrays, self._arrays))
        if not same:  # at the start, and where a callback has changed weights
            self.bring(replica)
            self._before = None
            self._note(replica)

    def _note(self, replica: Replica) -> None:
        arrays = replica.position.arrays
        if len(self._arrays) != len(arrays):
            self._arrays = [array.copy() for array in arrays]
        for own, now in zip(self._arrays, arrays, strict=True):
            own[...] = now

    def _again(self, replica: Replica, error: WorkerLostError) -> None:
        """Begin with new workers where the replica is."""
        while True:
            self._failures += 1
            if self._failures >= ATTEMPTS:
                raise FileError(
                    "workers were lost {count} times in one step: is there enough memory for "
                    "{workers} workers? With checkpoint (--checkpoint) the same call goes on from "
                    "the last one",
                    count=self._failures,
                    workers=self.workers,
                ) from error
            self.tell(Message("a worker was lost; training goes on with new workers"))
            self.stop()
            self.workers = 0
            try:
                self._hold(replica)
            except WorkerLostError:
                continue
            return

    def _advise(self, replica: Replica, batch: ShardedBatch) -> None:
        """Say where several workers cannot pay, and what BatchNorm does."""
        self._advised = True
        parameters = sum(p.size for p in replica.params)
        seconds = 6 * len(batch.rows) * parameters / RATE / max(1, self.workers)
        if self.workers > 1 and seconds < WORTH:
            template = (
                "several workers do not pay here: a step is about {ms:.1f} ms of arithmetic for "
                "each of {workers} workers, and pays from about {worth:.0f} ms on; one process is "
                "faster, or larger batches"
            )
            values = {"ms": 1e3 * seconds, "workers": self.workers, "worth": 1e3 * WORTH}
            self.tell(Message(template, **values))
        if replica.buffers:
            self.tell(Message("BatchNorm normalizes each shard of a batch by itself"))


def in_order(found: Sequence[tuple[list[float], list[Batch]]]) -> tuple[list[float], list[Batch]]:
    """Return the losses and outputs of all workers' shards, in the order of the workers."""
    return (
        [loss for losses, _ in found for loss in losses],
        [y for _, outputs in found for y in outputs],
    )
