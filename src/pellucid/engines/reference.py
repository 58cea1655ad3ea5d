"""The reference engine: core's passes in NumPy.

It is the definition of what every other engine must give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, ClassVar

import numpy as np

from pellucid.core import chain, checks, descent
from pellucid.core.arrays import as_array
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, flat
from pellucid.core.losses import Loss
from pellucid.core.optimizers import Optimizer, State
from pellucid.core.types import Array
from pellucid.engines.protocol import Ridge, learn_one_by_one, trainable_weights

# Rows answered at a time: their outputs stay in cache, and memory stays small for any number of
# rows
_BLOCK = 4096


class ReferenceEngine:
    """Answers and learns with NumPy; see `Engine` for the contract.

    Parameters
    ----------
    layers
        The layers whose arrays are used and changed in place.
    loss, optimizer
        Needed for learning only.
    seed
        From which the random numbers of learning passes (dropout) are drawn.
    """

    name: ClassVar[str] = "reference"

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Loss | None = None,
        optimizer: Optimizer | None = None,
        seed: int = 0,
    ) -> None:
        self.layers = tuple(layers)
        self._trained = chain.trainable(layers)
        self.seed = seed
        self.state: State = {"step": 0}
        self.learning_rate = 0.0
        if loss is not None:
            self.loss = loss
            chain.loss_depth(layers, loss)  # raises InputError for a loss that does not fit
        if optimizer is not None:
            self.optimizer = optimizer
            self.learning_rate = optimizer.learning_rate
            self.state = optimizer.start(list(compress(self._params(), self._trained)))

    def answer(self, x: Any) -> Array:
        """Give the answers for x, (N, K), block by block."""
        x = as_array(x)
        if x.ndim == 0 or len(x) <= _BLOCK:
            return chain.predict(self.layers, checks.as_input(self.layers, x))
        return np.concatenate(
            [self.answer(x[start : start + _BLOCK]) for start in range(0, len(x), _BLOCK)]
        )

    def predictor(self, otherwise: Callable[[Any], Array] | None = None) -> Callable[[Any], Array]:
        """Give a function that answers rows; see `Engine.predictor`."""
        return otherwise or self.answer

    def gradients(
        self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None
    ) -> tuple[float, list[Array], Array]:
        """Give (loss, grads, y) of one batch; see `Engine.gradients`."""
        if rows is not None:
            x, t = x[rows], t[rows]
            weights = None if weights is None else weights[rows]
        x = checks.as_input(self.layers, x)
        draws = Draws(self.seed, self.state["step"])
        return descent.gradients(self.layers, self.loss, x, t, weights, draws)

    def update(self, grads: list[Array], l2: float = 0.0) -> None:
        """Move the parameters by one step; see `Engine.update`.

        `l2` is added to the optimizer's own (see `Ridge`).
        """
        params, grads = (
            list(compress(self._params(), self._trained)),
            list(compress(grads, self._trained)),
        )
        if l2:
            grads = [g + l2 * p if p.ndim == 2 else g for p, g in zip(params, grads, strict=True)]
        self.optimizer.update(params, grads, self.state, self.learning_rate)

    def learn(
        self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None
    ) -> tuple[float, Array]:
        """Do `gradients`, then `update`; see `Engine.learn`."""
        return self._learn(x, t, weights, rows)

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
        """Learn batch after batch; see `Engine.learn_batches`."""
        learned = trainable_weights(self.layers)
        return learn_one_by_one(
            self, self._learn, learned, x, t, weights, rows, batch_size, rates, ridge, answers
        )

    def _learn(
        self, x: Array, t: Array, weights: Array | None, rows: Array | None, l2: float = 0.0
    ) -> tuple[float, Array]:
        loss, grads, y = self.gradients(x, t, weights, rows)
        if math.isfinite(loss):
            self.update(grads, l2)
        return loss, y

    def _params(self) -> list[Array]:
        return flat(layer.params for layer in self.layers)
