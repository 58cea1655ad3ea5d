"""The trainer of a network: one engine, or for an ensemble an engine for each member.

Members share nothing that is trained, so each has an engine, a loss and an order of rows of its
own, and several train at the same time, each in one thread. A member gets the bits that its
network alone would get.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from pellucid.core import chain
from pellucid.core.draws import Draws, augmented, member_seed
from pellucid.core.layer import Layer
from pellucid.core.losses import LOSSES, Loss
from pellucid.core.members import Members, alone, members_of
from pellucid.core.optimizers import Optimizer, State
from pellucid.core.types import Array, Batch, Vector
from pellucid.engines import (
    Engine,
    Plan,
    Ridge,
    ShardedEngine,
    Trainer,
    epoch_order,
    make_engine,
    thread_count,
)
from pellucid.errors import InputError
from pellucid.training.augmentation import Augmentation
from pellucid.training.settings import Settings

_LEAST = np.finfo(np.float64).tiny  # in place of a sum of weights that are all 0


class Found(NamedTuple):
    """A member's batches: their losses, and the outputs, (n, K)."""

    losses: list[float]
    y: Batch


class MembersTrainer:
    """Train the members of an ensemble side by side; see `Trainer` for the contract.

    `rows` has a column for each member, (n, M), and outputs are (n, M, K). Losses are the members'
    mean, weighted as their rows are; one that is not finite ends the call. `threads` are shared by
    the members; the bits do not depend on their number.

    Parameters
    ----------
    layers
        The layers of a network with `Members`. Those in front are shared, so they have nothing to
        train.
    loss, optimizer, engine, threads
        As for `make_engine`.
    seed
        Of the run; each member has its own (`member_seed`), the first has this one.
    augment
        Changes the inputs of every batch of each member.

    Raises InputError for layers in front that would be trained, and for frozen members.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Loss,
        optimizer: Optimizer,
        seed: int,
        engine: str = "auto",
        threads: int | None = None,
        augment: Augmentation | None = None,
    ) -> None:
        inside = members_of(layers)
        assert inside is not None, "only for a network with members"
        _check(layers, inside)
        self._seeds = [member_seed(seed, m) for m in range(inside.count)]
        own = max(1, thread_count(threads) // inside.count)
        self._engines: list[Engine] = [
            make_engine(alone(layers, m), loss, optimizer, each, engine, own)
            for m, each in enumerate(self._seeds)
        ]
        self._augment = augment
        self.learning_rate = optimizer.learning_rate
        states = [each.state for each in self._engines]
        lists = [name for name, value in states[0].items() if isinstance(value, list)]
        # The engines' own arrays, member after member, as the parameters of `Members` are.
        self.state: State = {"step": 0}
        self.state |= {name: [array for each in states for array in each[name]] for name in lists}
        # Only C++ lets other threads of Python work.
        at_once = self.name == "native" and type(loss) in LOSSES.values()
        count = min(inside.count, thread_count(threads))
        self._pool = ThreadPoolExecutor(count) if at_once and count > 1 else None

    @property
    def name(self) -> str:
        """The name of the engines that compute."""
        return self._engines[0].name

    def train_steps(
        self,
        x: Array,
        t: Array,
        sample_weight: Vector | None,
        rows: Array | None,
        batch_size: int,
        rates: Sequence[float],
        ridge: Ridge | None = None,
        outputs: bool = True,
    ) -> tuple[list[float], Array]:
        """Train every member on batch after batch of its own rows; see `Trainer.train_steps`."""
        assert rows is not None and ridge is None, "no estimator trains members"

        def one(member: int) -> Found:
            engine = self._engines[member]
            engine.state["step"] = self.state["step"]
            own = np.ascontiguousarray(rows[:, member])
            if self._augment is not None:
                return self._augmented(member, (x, t, sample_weight), own, batch_size, rates)
            return Found(
                *engine.train_steps(x, t, sample_weight, own, batch_size, rates, outputs=outputs)
            )

        found = self._each(one)
        done = min(len(each.losses) for each in found)
        self.learning_rate = rates[done - 1]
        self.state["step"] = max(each.state["step"] for each in self._engines)
        losses = np.array([each.losses[:done] for each in found])  # (M, batches)
        if sample_weight is None:
            mean = losses.mean(axis=0)
        else:
            parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
            weights = np.array([sample_weight[part].sum(axis=0) for part in parts[:done]]).T
            mean = (losses * weights).sum(axis=0) / np.maximum(weights.sum(axis=0), _LEAST)
        # A member that has diverged has fewer rows: then the run ends here.
        size = min(len(each.y) for each in found) if outputs else 0
        y = np.stack([each.y[:size] for each in found], axis=1)
        return mean.tolist(), y

    def _each(self, one: Callable[[int], Found]) -> list[Found]:
        members = range(len(self._engines))
        return list(map(one, members) if self._pool is None else self._pool.map(one, members))

    def _augmented(
        self,
        member: int,
        samples: tuple[Array, Array, Vector | None],
        rows: Vector,
        batch_size: int,
        rates: Sequence[float],
    ) -> Found:
        assert self._augment is not None
        (x, t, weights), engine = samples, self._engines[member]
        losses: list[float] = []
        found: list[Batch] = []
        for index, rate in enumerate(rates):
            own = rows[index * batch_size : (index + 1) * batch_size]
            draws = Draws(self._seeds[member], engine.state["step"])
            changed = augmented(self._augment, x, own, draws)
            weight = None if weights is None else weights[own]
            loss, y = engine.train_steps(changed, t[own], weight, None, len(own), [rate])
            losses += loss
            found.append(np.array(y))
            if not np.isfinite(losses[-1]):
                break
        return Found(losses, np.concatenate(found))


def choose_trainer(
    layers: Sequence[Layer], loss: Loss, optimizer: Optimizer, seed: int, settings: Settings
) -> Trainer:
    """Return what trains these layers: an engine, a sharded one, or the engines of members.

    Raises InputError for shards of an ensemble, and as `make_engine` does.
    """
    given = layers, loss, optimizer, seed, settings.engine, settings.threads
    if members_of(layers) is None:
        if settings.shards is None:
            return make_engine(*given)
        plan = Plan(layers, loss, optimizer, settings.shards, seed, settings.augment)
        return ShardedEngine(make_engine(*given), plan)
    if settings.shards is not None:
        raise InputError(
            "the members of an ensemble are trained in the threads of this process: leave out "
            "shards (--shards, --workers, --ray)"
        )
    return MembersTrainer(*given, settings.augment)


def member_orders(seed: int, members: int, epoch: int, N: int) -> Array:
    """Return the order in which each member visits N rows in an epoch, (N, M)."""
    return np.stack([epoch_order(member_seed(seed, m), epoch, N) for m in range(members)], axis=1)


def _check(layers: Sequence[Layer], inside: Members) -> None:
    if inside.frozen:
        raise InputError("the members are frozen: net.unfreeze() trains them")
    front = layers[: list(layers).index(inside)]
    if any(chain.trainable(front)):
        raise InputError(
            "layers in front of Members are shared and not trained: freeze them "
            "(net.freeze(0, ...)), or put a copy of them into each member"
        )
