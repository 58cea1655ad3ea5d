"""The reference engine: core's passes in NumPy.

It is the definition of what every other engine computes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress
from typing import ClassVar

import numpy as np

from pellucid.core import chain, checks, descent
from pellucid.core.arrays import as_array
from pellucid.core.draws import Draws
from pellucid.core.finite import finite_outputs
from pellucid.core.layer import Layer, flat
from pellucid.core.losses import Loss
from pellucid.core.optimizers import Optimizer, State
from pellucid.core.types import Array, ArrayLike, Batch, Vector
from pellucid.engines.protocol import Predict, Ridge, train_one_by_one, trainable_weights
from pellucid.errors import InputError

# Rows predicted at a time: their outputs stay in cache, and memory stays small for any N.
_BLOCK = 4096


class ReferenceEngine:
    """Predict and train with NumPy; see `Engine` for the contract.

    Parameters
    ----------
    layers
        The layers whose arrays are used and changed in place.
    loss, optimizer
        Needed for training only.
    seed
        Of the random numbers of training passes (dropout).
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

    def predict(self, x: ArrayLike) -> Batch:
        """Return the outputs for x, (N, K), block by block."""
        x = as_array(x)
        if x.ndim == 0 or len(x) <= _BLOCK:
            return chain.predict(self.layers, checks.as_input(self.layers, x))
        starts = range(0, len(x), _BLOCK)
        return np.concatenate([self.predict(x[start : start + _BLOCK]) for start in starts])

    def predict_finite(self, x: ArrayLike) -> Batch:
        """Return the outputs for x, (N, K), all finite; see `Engine.predict_finite`."""
        return finite_outputs(self.layers, x, self.predict)

    def predictor(self, otherwise: Predict | None = None) -> Predict:
        """Return a function that predicts rows; see `Engine.predictor`."""
        return otherwise or self.predict

    def gradients(
        self,
        x: Array,
        t: Array,
        sample_weight: Vector | None = None,
        rows: Vector | None = None,
        row: int = 0,
    ) -> tuple[float, list[Array], Batch]:
        """Return (loss, grads, y) of one batch; see `Engine.gradients`."""
        if rows is not None:
            x, t = x[rows], t[rows]
            sample_weight = None if sample_weight is None else sample_weight[rows]
        x = checks.as_input(self.layers, x)
        draws = Draws(self.seed, self.state["step"], row=row)
        return descent.gradients(self.layers, self.loss, x, t, sample_weight, draws)

    def update(self, grads: list[Array], l2: float = 0.0) -> None:
        """Move the parameters by one step; see `Engine.update`.

        `l2` is added to the optimizer's own (see `Ridge`).
        """
        if chain.trainable(self.layers) != self._trained:
            raise InputError(
                "the optimizer's state does not fit the trainable parameters: it was made for "
                "other layers, or before a layer was frozen"
            )
        params = list(compress(self._params(), self._trained))
        grads = list(compress(grads, self._trained))
        # Here and not in Optimizer.update: only scikit-learn's alpha differs from batch to batch.
        if l2:
            grads = [g + l2 * p if p.ndim == 2 else g for p, g in zip(params, grads, strict=True)]
        self.optimizer.update(params, grads, self.state, self.learning_rate)
        chain.project(self.layers)

    def train_step(
        self, x: Array, t: Array, sample_weight: Vector | None = None, rows: Vector | None = None
    ) -> tuple[float, Batch]:
        """Do `gradients`, then `update`; see `Engine.train_step`."""
        return self._step(x, t, sample_weight, rows)

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
        """Train on batch after batch; see `Engine.train_steps`."""
        matrices = trainable_weights(self.layers)
        data = x, t, sample_weight, rows, batch_size
        return train_one_by_one(self, self._step, matrices, *data, rates, ridge, outputs)

    def _step(
        self, x: Array, t: Array, sample_weight: Vector | None, rows: Vector | None, l2: float = 0.0
    ) -> tuple[float, Batch]:
        loss, grads, y = self.gradients(x, t, sample_weight, rows)
        if math.isfinite(
            loss
        ):  # a diverged batch changes nothing: the run restores the epoch before
            self.update(grads, l2)
        return loss, y

    def _params(self) -> list[Array]:
        return flat(layer.params for layer in self.layers)
