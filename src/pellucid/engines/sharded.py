"""Training on a batch in shards: their gradients are added by a fixed tree, so that the sum has the
same bits whoever computes them, one process or many.

Every worker has a `Replica`: the layers, and an engine that computes the gradients of a shard and
moves the weights by the sum over all shards. A `Team` brings the shards together; here is the one
of this process alone, and `pellucid.distributed` has those of several processes and machines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import compress
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.draws import Draws, augmented
from pellucid.core.layer import Layer, flat, walk
from pellucid.core.losses import Loss
from pellucid.core.optimizers import Optimizer, State
from pellucid.core.ranges import whole
from pellucid.core.types import Array, ArrayLike, Batch, Vector
from pellucid.engines.protocol import Engine, Predict, Ridge, train_one_by_one

Augment: TypeAlias = Callable[[Array, Draws], Array]


class Span(NamedTuple):
    """Shards from `start` to before `end`: a node of the tree by which shards are added."""

    start: int
    end: int

    def halves(self) -> tuple[Span, Span]:
        """Return the two nodes below: the first has a power of two of shards, as many as fit."""
        middle = self.start + (1 << ((self.end - self.start - 1).bit_length() - 1))
        return Span(self.start, middle), Span(middle, self.end)

    def nodes_within(self, own: Span) -> list[Span]:
        """Return the largest nodes of the tree below this one that consist of `own` shards."""
        if own.start <= self.start and self.end <= own.end:
            return [self]
        if self.end <= own.start or own.end <= self.start:
            return []
        return [node for half in self.halves() for node in half.nodes_within(own)]


def added(
    node: Span, known: Callable[[Span], Vector | None], spare: list[Vector] | None = None
) -> Vector:
    """Return the sum over a node's shards; `known` returns what is summed already, or None.

    Shards are visited in order. Each number is added in the order of the tree, so slices of vectors
    have the bits of whole ones. Vectors that were added to others are appended to `spare`.
    """
    vector = known(node)
    if vector is not None:
        return vector
    left, right = (added(half, known, spare) for half in node.halves())
    if spare is not None:
        spare.append(right)
    return np.add(left, right, out=left if left.flags.writeable else None)


class ShardedBatch(NamedTuple):
    """A batch that is trained on: its rows among those held, and whether outputs are needed."""

    rows: Vector
    rate: float
    outputs: bool


class Part(NamedTuple):
    """What some shards of a batch gave.

    Attributes
    ----------
    losses
        Of each shard, in order; their sum over all shards is the loss of the batch.
    outputs
        Of each shard, (n, K), without rows where they are not needed.
    vector
        The sum over the shards: how buffers move, and the gradients of what is trained.
    """

    losses: list[float]
    outputs: list[Batch]
    vector: Vector

    @property
    def loss(self) -> float:
        """The sum of the losses."""
        return sum(self.losses)


class Samples(NamedTuple):
    """The rows that batches are taken from."""

    x: Array
    t: Array
    sample_weight: Vector | None


class Plan(NamedTuple):
    """What is trained and how: with the name of an engine it makes a replica, wherever that is."""

    layers: Sequence[Layer]
    loss: Loss
    optimizer: Optimizer
    shards: int
    seed: int = 0
    augment: Augment | None = None


class Position(NamedTuple):
    """Where a replica is: weights and buffers, and what the optimizer remembers."""

    arrays: list[Array]
    state: State


class Replica:
    """One copy of the layers: gradients of shards, and steps by the sum over all shards."""

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self.engine, self.plan, self.all = engine, plan, Span(0, whole("shards", plan.shards))
        layers = plan.layers
        self.params = flat(layer.params for layer in layers)
        self.dtype = checks.dtype_of(layers)
        self.buffers = flat(each.buffers for each in walk(layers) if _observes(each))
        self._trained = chain.trainable(layers)
        self.moved = [*self.buffers, *compress(self.params, self._trained)]
        self.samples: Samples | None = None
        self._spare: list[Vector] = []

    @property
    def size(self) -> int:
        """The length of a part's vector."""
        return sum(array.size for array in self.moved)

    @property
    def position(self) -> Position:
        """The replica's own arrays and state, not copies."""
        return Position([*self.params, *self.buffers], self.engine.state)

    def go_to(self, position: Position) -> None:
        """Take the numbers of another replica's position."""
        for own, given in zip(self.position.arrays, position.arrays, strict=True):
            own[...] = given
        for name, value in position.state.items():
            if isinstance(value, list):
                for own, given in zip(self.engine.state[name], value, strict=True):
                    own[...] = given
            else:
                self.engine.state[name] = value

    def part(self, batch: ShardedBatch, node: Span) -> Part:
        """Return what a node's shards of a batch give; `forget` it when it was used."""
        losses: list[float] = []
        outputs: list[Batch] = []

        def known(node: Span) -> Vector | None:
            if node.end - node.start > 1:
                return None
            loss, y, vector = self._shard(batch, node.start)
            losses.append(loss)
            outputs.append(y)
            return vector

        vector = added(node, known, self._spare)
        return Part(losses, outputs, vector)

    def forget(self, part: Part) -> None:
        """Use the memory of a part's vector for later ones: new memory costs page by page."""
        self._spare.append(part.vector)

    def move(self, loss: float, vector: Vector, rate: float) -> None:
        """Move buffers and parameters by the sum over all shards, unless the loss is not finite."""
        if not math.isfinite(loss):
            return
        parts = self._parts(vector)
        for buffer, step in zip(self.buffers, parts, strict=False):
            buffer += step
        trained = iter(parts[len(self.buffers) :])
        self.engine.learning_rate = rate
        self.engine.update(
            [
                next(trained) if is_trained else np.zeros_like(p)
                for p, is_trained in zip(self.params, self._trained, strict=True)
            ]
        )

    def _shard(self, batch: ShardedBatch, index: int) -> tuple[float, Batch, Vector]:
        """Return loss, outputs and vector of one shard, as its share of the batch."""
        assert self.samples is not None, "rows must be held first"
        (x, t, weights), N = self.samples, len(batch.rows)
        first = N * index // self.all.end
        rows = batch.rows[first : N * (index + 1) // self.all.end]
        vector = self._spare.pop() if self._spare else np.empty(self.size, self.dtype)
        if not len(rows):
            vector[...] = 0
            return 0.0, np.empty((0, 0), self.dtype), vector
        share = len(rows) / N
        if weights is not None:
            whole = float(weights[batch.rows].sum(dtype=np.float64))
            share = float(weights[rows].sum(dtype=np.float64)) / whole if whole else 0.0
        before = [buffer.copy() for buffer in self.buffers]
        loss, grads, y = self._gradients(x, t, weights, rows, first)
        # Buffers move by the mean of what each shard alone would move them by
        steps = [now - then for now, then in zip(self.buffers, before, strict=True)]
        for buffer, then in zip(self.buffers, before, strict=True):
            buffer[...] = then
        own = [*steps, *compress(grads, self._trained)]
        for part, given in zip(self._parts(vector), own, strict=True):
            np.multiply(given, self.dtype.type(share), out=part)
        return loss * share, np.array(y) if batch.outputs else y[:0], vector

    def _gradients(
        self, x: Array, t: Array, weights: Vector | None, rows: Vector, first: int
    ) -> tuple[float, list[Array], Batch]:
        augment = self.plan.augment
        if augment is None:
            return self.engine.gradients(x, t, weights, rows, first)
        draws = Draws(self.plan.seed, self.engine.state["step"], row=first)
        changed = augmented(augment, x, rows, draws)
        own = None if weights is None else weights[rows]
        return self.engine.gradients(changed, t[rows], own, None, first)

    def _parts(self, vector: Vector) -> list[Array]:
        """Return a vector as arrays of the shapes that move."""
        ends = np.cumsum([array.size for array in self.moved]).tolist()
        parts = np.split(vector, ends[:-1]) if ends else []
        return [part.reshape(p.shape) for part, p in zip(parts, self.moved, strict=True)]


def _observes(layer: Layer) -> bool:
    """Return whether training passes update the layer's own buffers, as those of BatchNorm."""
    return not layer.inner and type(layer).observe is not Layer.observe


class Team(Protocol):
    """Who computes the shards of a batch."""

    def hold(self, replica: Replica) -> None:
        """Bring everybody to the state of `replica`, its rows included."""
        ...

    def train(self, replica: Replica, batch: ShardedBatch) -> Part:
        """Return the part of all shards, by which `replica` and everybody else has moved."""
        ...


class Alone:
    """A team of one: all shards are computed here, one after the other."""

    def hold(self, replica: Replica) -> None:
        """Do nothing: the replica is all there is."""

    def train(self, replica: Replica, batch: ShardedBatch) -> Part:
        """Return the part of all shards, by which the replica has moved."""
        part = replica.part(batch, replica.all)
        replica.move(part.loss, part.vector, batch.rate)
        replica.forget(part)
        return part


_team: ContextVar[Team | None] = ContextVar("team", default=None)


@contextmanager
def working_with(team: Team) -> Iterator[None]:
    """Let a team compute the shards for the engines that are made meanwhile in this thread."""
    token = _team.set(team)
    try:
        yield
    finally:
        _team.reset(token)


class ShardedEngine:
    """Train with another engine, each batch in shards; see `Engine` for the contract.

    The sum of the shards' gradients is that of the whole batch to rounding, and has the same bits
    for every team. Dropout and augmentation draw for each row what they draw in the whole batch;
    BatchNorm normalizes each shard by its own mean and variance. A loss of your own must be a
    weighted mean over the rows, as all losses of pellucid are.

    Parameters
    ----------
    engine
        The engine that computes.
    plan
        What the engine was made of; into how many shards a batch is cut, which belongs to the
        recipe, as the batch size does; and what changes the inputs of each shard.

    Who computes the shards is decided by `working_with`, else this process does alone.

    Raises InputError unless shards is a whole number of 1 or more.
    """

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self.replica = Replica(engine, plan)
        self.state, self.learning_rate = engine.state, engine.learning_rate
        self._engine, self._team = engine, _team.get() or Alone()

    @property
    def name(self) -> str:
        """The name of the engine that computes."""
        return self._engine.name

    def predict(self, x: ArrayLike) -> Batch:
        """Return the outputs for x, (N, K)."""
        return self._engine.predict(x)

    def predict_finite(self, x: ArrayLike) -> Batch:
        """Return the outputs for x, (N, K), all finite; see `Engine.predict_finite`."""
        return self._engine.predict_finite(x)

    def predictor(self, otherwise: Predict | None = None) -> Predict:
        """Return a function that predicts rows; see `Engine.predictor`."""
        return self._engine.predictor(otherwise)

    def gradients(
        self,
        x: Array,
        t: Array,
        sample_weight: Vector | None = None,
        rows: Vector | None = None,
        row: int = 0,
    ) -> tuple[float, list[Array], Batch]:
        """Return (loss, grads, y) of one batch that is not cut; see `Engine.gradients`."""
        return self._engine.gradients(x, t, sample_weight, rows, row)

    def update(self, grads: list[Array]) -> None:
        """Move the parameters by one step; see `Engine.update`."""
        self._engine.learning_rate = self.learning_rate
        self._engine.update(grads)

    def train_step(
        self, x: Array, t: Array, sample_weight: Vector | None = None, rows: Vector | None = None
    ) -> tuple[float, Batch]:
        """Train on one batch, in shards; see `Engine.train_step`."""
        N = len(x if rows is None else rows)
        losses, y = self.train_steps(x, t, sample_weight, rows, max(1, N), [self.learning_rate])
        return losses[0], y

    def train_steps(
        self,
        x: Array,
        t: Array,
        sample_weight: Vector | None,
        rows: Vector | None,
        batch_size: int,
        rates: Sequence[float],
        ridge: Ridge | None = None,
        outputs: bool = True,
    ) -> tuple[list[float], Batch]:
        """Train on batch after batch, each in shards; see `Engine.train_steps`."""
        assert ridge is None, "no estimator trains in shards"
        samples = self.replica.samples
        given = Samples(x, t, sample_weight)
        if samples is None or any(a is not b for a, b in zip(samples, given, strict=True)):
            self.replica.samples = given
        self._team.hold(self.replica)

        def step(
            x: Array, t: Array, weights: Vector | None, rows: Vector | None, l2: float
        ) -> tuple[float, Batch]:
            assert rows is not None
            batch = ShardedBatch(as_array(rows), self.learning_rate, outputs)
            part = self._team.train(self.replica, batch)
            found = [y for y in part.outputs if len(y)] or part.outputs[:1]
            return part.loss, np.concatenate(found)

        data = x, t, sample_weight, rows, batch_size
        return train_one_by_one(self, step, [], *data, rates, None, outputs)
