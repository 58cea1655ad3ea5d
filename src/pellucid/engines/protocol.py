"""What every engine is: who does the arithmetic for a list of layers.

An engine takes layers, not networks, and changes their arrays in place: there is one copy of the
weights. It may keep scratch memory, and never anything that could disagree with the layers. An
engine belongs to one thread at a time; several engines may work in several threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from pellucid.core import chain
from pellucid.core.layer import Layer, flat
from pellucid.core.optimizers import State
from pellucid.core.types import Array, ArrayLike, Batch, Matrix, Vector

# Multiply-adds of the forward passes in one call: some milliseconds of work.
_WORK_A_CALL = 1 << 27

Predict: TypeAlias = Callable[[ArrayLike], Batch]


class Ridge(NamedTuple):
    """An L2 penalty that differs from batch to batch: the one thing that only scikit-learn needs.

    scikit-learn divides `alpha` by the number of rows in each batch and reports the penalty in its
    loss. Here is all of it: `train_steps(..., ridge=Ridge(l2, squares))`.

    Attributes
    ----------
    l2
        For each batch, float64: what is added to the optimizer's own l2.
    squares
        For each batch, float64: filled with the sum of the squared weights before the batch.
    """

    l2: Vector
    squares: Vector


class Trainer(Protocol):
    """What a run trains by: an engine, or the engines of several members."""

    learning_rate: float
    state: State

    @property
    def name(self) -> str:
        """The name of what computes: "native" or "reference"."""
        ...

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
        """Train on batch after batch of `batch_size` rows, each with its own learning rate.

        The last batch may be smaller. Returns the losses of the batches that were done (without
        any penalty) and the outputs, (n, K), of all rows, or of none if `outputs` is False. A loss
        that is not finite is the last one: its batch changed nothing, and no other was begun.
        """
        ...


class Engine(Trainer, Protocol):
    """The arithmetic of prediction and training.

    Inputs `x` are what `checks.as_input` takes: rows of numbers, images of bytes included. `rows`
    (whole numbers) picks and orders rows of x, t and sample_weight, so that the engine itself
    gathers a batch; None takes all. `train_steps` does `train_step` for each batch.
    """

    def predict(self, x: ArrayLike) -> Batch:
        """Return the outputs for x, (N, K), of a prediction pass; no trace is kept.

        NaN and infinity are computed with as NumPy does: for rows that are checked already, and for
        outputs that may overflow.
        """
        ...

    def predict_finite(self, x: ArrayLike) -> Batch:
        """Return what `predict` returns, all of it finite, for what a user passed.

        Rows that overflow within the layers are computed again in a wider type. Raises InputError
        that names the first row with NaN or infinity in x, in the layers' own type, or with outputs
        that do not fit that type.
        """
        ...

    def predictor(self, otherwise: Predict | None = None) -> Predict:
        """Return a function that predicts C-contiguous rows, as the layers take them, with the
        least overhead.

        Anything else is left to `otherwise`, by default `predict`. The function is safe from
        several threads, and keeps what it needs.
        """
        ...

    def gradients(
        self,
        x: Array,
        t: Array,
        sample_weight: Vector | None = None,
        rows: Vector | None = None,
        row: int = 0,
    ) -> tuple[float, list[Array], Batch]:
        """Return (loss, grads, y) of one batch in a training pass, and update the layers' buffers.

        grads is flat, layer by layer, as `params`; y, (n, K), are the outputs before any update,
        valid until the next call. Of a shard, `row` is the number of its first row in the batch:
        the rows then draw what they draw in the whole batch.
        """
        ...

    def update(self, grads: list[Array]) -> None:
        """Move the parameters by one step of the optimizer, in place; frozen layers stay."""
        ...

    def train_step(
        self, x: Array, t: Array, sample_weight: Vector | None = None, rows: Vector | None = None
    ) -> tuple[float, Batch]:
        """Do `gradients`, then `update`, with the same bits; return (loss, y).

        A loss that is not finite changes nothing.
        """
        ...


def trainable_weights(layers: Sequence[Layer]) -> list[Matrix]:
    """Return the weight matrices that are trained: those that L2 acts on."""
    params = flat(layer.params for layer in layers)
    trained = zip(params, chain.trainable(layers), strict=True)
    return [p for p, is_trained in trained if is_trained and p.ndim == 2]


def batches_a_call(batch_size: int, parameter_count: int) -> int:
    """Return how many batches to hand to an engine at once: few enough that Ctrl-C is quick."""
    return max(1, _WORK_A_CALL // (batch_size * max(1, parameter_count)))


def train_one_by_one(
    engine: Engine,
    step: Callable[[Array, Array, Vector | None, Vector | None, float], tuple[float, Batch]],
    matrices: Sequence[Matrix],
    x: Array,
    t: Array,
    sample_weight: Vector | None,
    rows: Vector | None,
    batch_size: int,
    rates: Sequence[float],
    ridge: Ridge | None = None,
    outputs: bool = True,
) -> tuple[list[float], Batch]:
    """Train as `Engine.train_steps` does, with an engine that takes one batch at a time.

    `step` takes an l2 after the arguments of `Engine.train_step`; `matrices` are the
    `trainable_weights`, whose squares `ridge` asks for.
    """
    losses: list[float] = []
    found: list[Batch] = []
    places = np.arange(len(x)) if rows is None else rows
    for index, rate in enumerate(rates):
        engine.learning_rate = rate
        if ridge is not None:  # the penalty belongs to the weights before the step
            ridge.squares[index] = sum(float(np.vdot(W, W)) for W in matrices)
        l2 = 0.0 if ridge is None else float(ridge.l2[index])
        batch = places[index * batch_size : (index + 1) * batch_size]
        loss, y = step(x, t, sample_weight, batch, l2)
        losses.append(loss)
        # Copied, since an engine may use the memory of y for the next batch.
        found.append(np.array(y) if outputs else y[:0])
        if not math.isfinite(loss):
            break
    return losses, np.concatenate(found)
