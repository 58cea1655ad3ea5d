"""A team of actors of Ray: sums travel between them as objects, slice by slice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pellucid import __version__
from pellucid.core.types import Array
from pellucid.distributed.ray_tasks import RayTasks
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
from pellucid.engines import instruction_set, runnable_sets, using_instructions
from pellucid.engines.instructions import native_module
from pellucid.engines.sharded import Part, Position, Replica, Samples, ShardedBatch, Span, added
from pellucid.errors import InputError, Message, PellucidError

PATIENCE = 300.0
"""Seconds in which a worker must answer, or the least number of workers be there."""

GRACE = 10.0
"""Seconds for which more workers than the least are waited for; later they join."""

LOOK = 5.0
"""Seconds between two looks whether workers have arrived."""


class Build(NamedTuple):
    """What decides the bits of a worker: equal builds compute equal gradients."""

    node: str
    versions: str
    modules: dict[str, str]  # the SHA-256 of the compiled module of each instruction set

    @classmethod
    def here(cls, node: str = "") -> Build:
        """Return this process's own."""
        modules = {}
        for name in runnable_sets():
            with using_instructions(name):
                module = native_module()
            assert module is not None
            assert module.__file__ is not None
            modules[name] = hashlib.sha256(Path(module.__file__).read_bytes()).hexdigest()
        return cls(node, f"pellucid {__version__}, NumPy {np.__version__}", modules)


class _Actor:
    """A worker on some machine: its methods are called in the order of the calls."""

    def build(self) -> Build:
        import ray

        return Build.here(ray.util.get_node_ip_address())

    def make(self, made: Made) -> None:
        self._replica = made.replica()

    def sit(self, own: Span, places: Sequence[slice], nodes: Sequence[Span]) -> None:
        self._own, self._places, self._nodes = self._replica.all.nodes_within(own), places, nodes

    def hold(self, x: Array, t: Array, weights: Array | None) -> None:
        self._replica.samples = Samples(x, t, weights)

    def go_to(self, position: Position) -> None:
        self._replica.go_to(position)

    def compute(self, batch: ShardedBatch, before: Moved | None, *total: Array) -> tuple[Any, ...]:
        """Return losses and outputs, then for each worker its slice of the own sums."""
        if before is not None:
            loss, rate = before
            self._replica.move(loss, np.concatenate(total), rate)
        parts = [self._replica.part(batch, node) for node in self._own]
        found = in_order([part[:2] for part in parts])
        vectors = np.stack([part.vector for part in parts])
        for part in parts:
            self._replica.forget(part)
        return found, *(np.ascontiguousarray(vectors[:, place]) for place in self._places)

    def add(self, *blocks: Array) -> Array:
        """Return the own slice of the sum over all shards."""
        rows = dict(zip(self._nodes, (row for block in blocks for row in block), strict=True))
        return added(self._replica.all, rows.get)


class RayTeam(Team):
    """Actors of Ray, one CPU each; this process computes no shard, and has the same weights.

    Parameters
    ----------
    address
        As of `RayTasks`.
    least, most
        How many workers there must be, and how many may join, also while training goes on.
    tell
        Gets messages about workers.
    """

    def __init__(
        self, address: str, least: int, most: int, tell: Callable[[Message], None] = warn
    ) -> None:
        super().__init__(tell)
        self._ray = RayTasks(address).ray
        self._least, self._most = least, most
        self._here = Build.here()
        self._actors: dict[Any, Any] = {}  # by the reference of its build, while that is awaited
        self._ready: list[Any] = []
        self._made: set[Any] = set()
        self._total: list[Any] = []
        self._looked = time.monotonic()

    def agree(self) -> str | None:
        """Wait for workers; return the best instruction set that all have in the same build."""
        self._gather()
        modules = self._here.modules
        common = [
            name
            for name, digest in modules.items()
            if all(build.modules.get(name) == digest for _, build in self._ready)
        ]
        if modules and not common:
            raise self._other_build(self._ready[0][1])
        usual = instruction_set()
        return usual if usual in common else next(iter(common), None)

    def start(self, replica: Replica) -> int:
        """Give every worker that is there a replica and its shards."""
        self._gather()
        made = Made.like(replica, threads=1)
        new = [actor for actor, build in self._ready if actor not in self._made]
        wanted = made.instructions or ""
        for _, build in self._ready:
            if build.modules.get(wanted) != self._here.modules.get(wanted):
                raise self._other_build(build)
        self._get([actor.make.remote(made) for actor in new])
        self._made.update(new)
        owns = cut(replica.all, len(self._ready))
        nodes = [node for own in owns for node in replica.all.nodes_within(own)]
        places = slices(replica.size, len(owns))
        self._seated = [actor for actor, _ in self._ready[: len(owns)]]
        self._get(
            [
                actor.sit.remote(own, places, nodes)
                for actor, own in zip(self._seated, owns, strict=True)
            ]
        )
        return len(owns)

    def share(self, rows: Samples) -> None:
        """Put rows into the object store, from which each machine gets them once."""
        kept = [None if array is None else self._ray.put(array) for array in rows]
        self._get([actor.hold.remote(*kept) for actor in self._seated])

    def bring(self, replica: Replica) -> None:
        """Send a replica's position to all workers."""
        position = self._ray.put(replica.position)
        self._get([actor.go_to.remote(position) for actor in self._seated])
        self._total = []

    def sum(self, batch: ShardedBatch, before: Moved | None) -> Part:
        """Return the part of all shards: only the whole sum comes here, all else goes from worker
        to worker.
        """
        count = len(self._seated)
        kept = self._ray.put(batch)
        computed = [
            actor.compute.options(num_returns=1 + count).remote(kept, before, *self._total)
            for actor in self._seated
        ]
        self._total = [
            actor.add.remote(*(refs[1 + index] for refs in computed))
            for index, actor in enumerate(self._seated)
        ]
        found = self._get([refs[0] for refs in computed])
        return Part(*in_order(found), np.concatenate(self._get(self._total)))

    def stop(self) -> None:
        """End all workers."""
        for actor in [*self._actors.values(), *(actor for actor, _ in self._ready)]:
            self._ray.kill(actor)
        self._actors.clear()
        self._ready, self._total = [], []
        self._made.clear()

    def has_changed(self) -> bool:
        """Return whether a worker has arrived."""
        if not self._actors or time.monotonic() - self._looked < LOOK:
            return False
        self._looked = time.monotonic()
        before = len(self._ready)
        self._take(0)
        if len(self._ready) == before:
            return False
        template = "a worker has joined: there are {count}"
        self.tell(Message(template, count=len(self._ready)))
        return True

    def _gather(self) -> None:
        """Ask Ray for all workers, and wait for the least number."""
        if not self._ready:
            kind = self._ray.remote(num_cpus=1, max_restarts=0)(_Actor)
            actors = [kind.remote() for _ in range(self._most)]
            self._actors = {actor.build.remote(): actor for actor in actors}
            self._take(PATIENCE, self._least)
            self._take(GRACE, len(self._actors))
        if len(self._ready) < self._least:
            raise InputError(
                "the Ray cluster gave {got} of {least} workers in {seconds:.0f} s: are there as "
                "many free CPUs?",
                got=len(self._ready),
                least=self._least,
                seconds=PATIENCE,
            )

    def _take(self, seconds: float, count: int = 1) -> None:
        """Wait for that many more workers, and take those of the same versions."""
        if not self._actors:
            return
        waiting = list(self._actors)
        ended, _ = self._ray.wait(
            waiting, num_returns=min(max(1, count), len(waiting)), timeout=seconds
        )
        for reference in ended:
            actor = self._actors.pop(reference)
            [build] = self._get([reference])
            if build.versions != self._here.versions:
                raise self._other_build(build)
            self._ready.append((actor, build))

    def _other_build(self, build: Build) -> InputError:
        return InputError(
            "the worker on {node} has another build ({there}; here {here}): install the same "
            "wheels on all machines",
            node=build.node,
            there=build.versions,
            here=self._here.versions,
        )

    def _get(self, references: Sequence[Any]) -> list[Any]:
        """Return results; raise what a worker raised, or WorkerLostError."""
        try:
            found: list[Any] = self._ray.get(list(references), timeout=PATIENCE)
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, Exception) and not isinstance(
                cause, self._ray.exceptions.RayError
            ):
                raise cause from (None if isinstance(cause, PellucidError) else error)
            raise WorkerLostError from error
        return found
