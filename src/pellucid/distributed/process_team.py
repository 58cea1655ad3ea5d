"""A team of processes of this machine: sums travel through memory that all share."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from pellucid.core.types import Array, Batch
from pellucid.distributed.shared import Handle, SharedArrays
from pellucid.distributed.teams import (
    Made,
    Moved,
    Team,
    WorkerLostError,
    cut,
    in_order,
    slices,
    warn,
)
from pellucid.distributed.workers import follow_parent
from pellucid.engines import core_count
from pellucid.engines.sharded import Part, Position, Replica, Samples, ShardedBatch, Span, added
from pellucid.errors import Message

PATIENCE = 300.0
"""Seconds in which a worker must answer; that it has died is noticed at once."""


class Desk:
    """What one process does for a batch: its own shards, and its slice of the sum over all."""

    def __init__(
        self, replica: Replica, own: Span, place: slice, sums: Array, nodes: Sequence[Span]
    ) -> None:
        self._replica, self._own = replica, replica.all.nodes_within(own)
        self._place, self._sums = place, sums
        self._row = {node: index for index, node in enumerate(nodes)}

    @property
    def total(self) -> Array:
        """The sum over all shards, when everybody has added."""
        return self._sums[-1]

    def compute(self, batch: ShardedBatch) -> tuple[list[float], list[Batch]]:
        """Compute the own shards, leave their sums for all, and return losses and outputs."""
        found = []
        for node in self._own:
            part = self._replica.part(batch, node)
            self._sums[self._row[node]] = part.vector
            self._replica.forget(part)
            found.append(part[:2])
        return in_order(found)

    def add(self) -> None:
        """Add the own slice of everybody's sums."""

        def known(node: Span) -> Array | None:
            row = self._row.get(node)
            return None if row is None else self._sums[row, self._place]

        self.total[self._place] = added(self._replica.all, known)


class _Worker:
    """The other end: what a process does when its team asks."""

    def __init__(self, made: Made) -> None:
        self._replica = made.replica()
        self._rows, self._sums = SharedArrays(), SharedArrays()

    def sit(self, own: Span, place: slice, sums: Handle, nodes: Sequence[Span]) -> None:
        self._desk = Desk(self._replica, own, place, self._sums.find(sums), nodes)

    def hold(self, handles: Sequence[Handle | None]) -> None:
        self._replica.samples = None
        self._rows.close()
        found: list[Any] = [None if each is None else self._rows.find(each) for each in handles]
        self._replica.samples = Samples(*found)

    def go_to(self, position: Position) -> None:
        self._replica.go_to(position)

    def compute(self, batch: ShardedBatch, before: Moved | None) -> tuple[list[float], list[Batch]]:
        if before is not None:
            loss, rate = before
            self._replica.move(loss, self._desk.total, rate)
        return self._desk.compute(batch)

    def add(self) -> None:
        self._desk.add()


def _serve(connection: Connection[Any, Any], made: Made) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that began this one
    follow_parent()
    worker = _Worker(made)
    while True:
        name, arguments = connection.recv()
        try:
            connection.send((getattr(worker, name)(*arguments), None))
        except Exception as error:  # the team raises it again
            connection.send((None, error))


class ProcessTeam(Team):
    """Processes that compute the shards of each batch together with this one.

    A batch is two messages to each: compute your shards, and add your slice of all sums. A process
    that dies is started again.
    """

    def __init__(self, count: int, tell: Callable[[Message], None] = warn) -> None:
        super().__init__(tell)
        self._count = count
        self._others: list[tuple[BaseProcess, Connection[Any, Any]]] = []
        self._rows_shared, self._sums = SharedArrays(), SharedArrays()

    def start(self, replica: Replica) -> int:
        """Start the other processes; this one is the first worker."""
        owns = cut(replica.all, self._count)
        nodes = [node for own in owns for node in replica.all.nodes_within(own)]
        places = slices(replica.size, len(owns))
        sums, handle = self._sums.make((len(nodes) + 1, replica.size), replica.dtype)
        made = Made.like(replica, max(1, core_count() // len(owns)))
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        for _ in owns[1:]:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, made), daemon=True)
            process.start()
            theirs.close()
            self._others.append((process, ours))
        self._desk = Desk(replica, owns[0], places[0], sums, nodes)
        for other, own, place in zip(self._others, owns[1:], places[1:], strict=True):
            self._send(other[1], "sit", own, place, handle, nodes)
        self._answers()
        return len(owns)

    def share(self, rows: Samples) -> None:
        """Copy rows into shared memory, where all find them."""
        self._rows_shared.close()
        handles = [None if array is None else self._rows_shared.copy(array) for array in rows]
        self._ask("hold", handles)

    def bring(self, replica: Replica) -> None:
        """Send a replica's position to all others."""
        self._ask("go_to", replica.position)

    def sum(self, batch: ShardedBatch, before: Moved | None) -> Part:
        """Return the part of all shards."""
        self._tell_all("compute", batch, before)
        found = [self._desk.compute(batch), *self._answers()]
        self._tell_all("add")
        self._desk.add()
        self._answers()
        return Part(*in_order(found), self._desk.total)

    def stop(self) -> None:
        """End the other processes."""
        for process, connection in self._others:
            process.terminate()
            connection.close()
        for process, _ in self._others:
            process.join()
        self._others.clear()
        if hasattr(self, "_desk"):
            del self._desk
        self._sums.close()
        self._rows_shared.close()

    def _ask(self, name: str, *arguments: Any) -> list[Any]:
        self._tell_all(name, *arguments)
        return self._answers()

    def _tell_all(self, name: str, *arguments: Any) -> None:
        for _, connection in self._others:
            self._send(connection, name, *arguments)

    def _send(self, connection: Connection[Any, Any], name: str, *arguments: Any) -> None:
        try:
            connection.send((name, arguments))
        except OSError as error:
            raise WorkerLostError from error

    def _answers(self) -> list[Any]:
        """Return everybody's answer; raise what a worker raised, or WorkerLostError."""
        found = []
        for process, connection in self._others:
            if connection not in wait([connection, process.sentinel], PATIENCE):
                raise WorkerLostError
            try:
                answer, error = connection.recv()
            except (EOFError, OSError) as lost:
                raise WorkerLostError from lost
            if error is not None:
                raise error
            found.append(answer)
        return found
