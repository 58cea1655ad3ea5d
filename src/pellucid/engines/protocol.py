"""What every engine is: who does the arithmetic for a list of layers.

An engine takes layers, not networks, and changes their arrays in place: there is one copy of the
weights. It may keep scratch memory, and never anything that could disagree with the layers. An
engine belongs to one thread at a time; several engines may work in several threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from pellucid.core import chain
from pellucid.core.layer import Layer, flat
from pellucid.core.optimizers import State
from pellucid.core.types import Array

_WORK_A_CALL = 1 << 27  # multiply-adds of going forward


class Ridge(NamedTuple):
    """L2 of weights whose strength differs from batch to batch, as a strength by the sum over all
    rows has it.
    """

    l2: Array  # for each batch, float64: what is added to the optimizer's own l2
    squares: Array  # for each batch, float64: filled with the sum of the weights' squares before it


class Engine(Protocol):
    """The arithmetic of answering and learning.

    Inputs `x` are what `checks.as_input` takes: rows of numbers, pictures of bytes included. `rows`
    (whole numbers) picks and orders rows of x, t and weights, so that a batch is gathered by the
    engine itself; None takes all.
    """

    name: ClassVar[str]
    learning_rate: float
    state: State

    def answer(self, x: Any) -> Array:
        """Give the answers for x, (N, K), as the layers act when nothing is learned.

        No trace is kept.
        """
        ...

    def predictor(self, otherwise: Callable[[Any], Array] | None = None) -> Callable[[Any], Array]:
        """Give a function that answers as fast as can be what is ordinary: C-contiguous rows as the
        layers take them.

        Anything else `otherwise` answers, or refuses; left out, `answer`. It is safe from several
        threads.
        """
        ...

    def gradients(
        self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None
    ) -> tuple[float, list[Array], Array]:
        """Give (loss, grads, y) of one batch in a learning pass, and bring the layers' buffers up
        to date.

        grads is flat, layer by layer, as `params`; y, (n, K), are the answers before any update,
        valid until the next call.
        """
        ...

    def update(self, grads: list[Array]) -> None:
        """Move the parameters by one step of the optimizer, in place; frozen layers stay."""
        ...

    def learn(
        self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None
    ) -> tuple[float, Array]:
        """Do `gradients`, then `update`, with the same bits; give (loss, y).

        A loss that is not finite changes nothing.
        """
        ...

    def learn_batches(
        self,
        x: Array,
        t: Array,
        weights: Array | None,
        rows: Array | None,
        batch_size: int,
        rates: Sequence[float],
        ridge: Ridge | None = None,
        answers: bool = True,
    ) -> tuple[list[float], Array]:
        """Do `learn` for each batch of `batch_size` rows, the last may be smaller, with each its
        own learning rate.

        With `ridge`, each has its own l2, too. Gives the losses of the batches that were done (the
        data's alone) and the answers, (n, K), of all rows, or of none where they are not wanted. A
        loss that is not finite is the last: that batch changed nothing, and those after it were not
        begun.
        """
        ...


def trainable_weights(layers: Sequence[Layer]) -> list[Array]:
    """Return the weight matrices that are trained: those that L2 acts on."""
    params = flat(layer.params for layer in layers)
    trained = zip(params, chain.trainable(layers), strict=True)
    return [p for p, is_trained in trained if is_trained and p.ndim == 2]


def batches_a_call(batch_size: int, parameter_count: int) -> int:
    """Give how many batches an engine is handed at once.

    Milliseconds of them, so that Ctrl-C is answered soon.
    """
    return max(1, _WORK_A_CALL // (batch_size * max(1, parameter_count)))


def learn_one_by_one(
    engine: Engine,
    learn: Callable[[Array, Array, Array | None, Array | None, float], tuple[float, Array]],
    weights_learned: Sequence[Array],
    x: Array,
    t: Array,
    weights: Array | None,
    rows: Array | None,
    batch_size: int,
    rates: Sequence[float],
    ridge: Ridge | None = None,
    answers: bool = True,
) -> tuple[list[float], Array]:
    """Learn batches by an engine that learns them one by one: what `Engine.learn_batches` promises.

    `learn` takes an l2 behind what `Engine.learn` takes; `weights_learned` are the matrices whose
    squares are told.
    """
    losses: list[float] = []
    given: list[Array] = []
    places = np.arange(len(x)) if rows is None else rows
    for index, rate in enumerate(rates):
        engine.learning_rate = rate
        if ridge is not None:
            ridge.squares[index] = sum(float(np.vdot(W, W)) for W in weights_learned)
        l2 = 0.0 if ridge is None else float(ridge.l2[index])
        loss, y = learn(x, t, weights, places[index * batch_size : (index + 1) * batch_size], l2)
        losses.append(loss)
        given.append(np.array(y) if answers else y[:0])
        if not math.isfinite(loss):
            break
    return losses, np.concatenate(given)
