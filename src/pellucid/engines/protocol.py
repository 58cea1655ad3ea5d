"""What every engine is: who does the arithmetic for a list of layers.

An engine takes layers, not networks, and changes their arrays in place: there is one copy of the weights. It may keep
scratch memory, and never anything that could disagree with the layers. An engine belongs to one thread at a time;
several engines may work in several threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from pellucid.core.optimizers import State
from pellucid.core.types import Array


class Engine(Protocol):
    """The arithmetic of answering and learning.

    Inputs `x` are what `chain.as_input` takes: rows of numbers, pictures of bytes included. `rows` (whole numbers)
    picks and orders rows of x, t and weights, so that a batch is gathered by the engine itself; None takes all.
    """

    name: ClassVar[str]
    learning_rate: float
    state: State

    def answer(self, x: Any) -> Array:
        """Give the answers for x, (N, K), as the layers act when nothing is learned; no trace is kept."""
        ...

    def predictor(self) -> Callable[[Array], Array]:
        """Give a function that answers C-contiguous rows of the layers' floating type, (N, D), as fast as can be.

        It is safe from several threads.
        """
        ...

    def gradients(
        self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None
    ) -> tuple[float, list[Array], Array]:
        """Give (loss, grads, y) of one batch in a learning pass, and bring the layers' buffers up to date.

        grads is flat, layer by layer, as `params`; y, (n, K), are the answers before any update, valid until the
        next call.
        """
        ...

    def update(self, grads: list[Array]) -> None:
        """Move the parameters by one step of the optimizer, in place; frozen layers stay."""
        ...

    def learn(self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None) -> tuple[float, Array]:
        """Do `gradients`, then `update`, with the same bits; give (loss, y).

        A loss that is not finite changes nothing.
        """
        ...
