"""Networks that begin by embedding categories, taken from the learned numbers on.

An index of a category has no values between, so paths and gradients lead between learned numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pellucid.core.categories import CategoryEmbedding
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.members import Members
from pellucid.core.types import Array, Batch


class LearnedNumbers(NamedTuple):
    """The embeddings with which layers begin, and the layers behind them.

    `embeddings` is empty where the layers embed no categories; where members have embeddings of
    their own there is one for each. `layers` take the outputs of all of them side by side.
    """

    embeddings: list[CategoryEmbedding]
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, layers: Sequence[Layer]) -> LearnedNumbers:
        """Find the embeddings with which layers begin."""
        first, rest = (layers[0], layers[1:]) if layers else (None, ())
        if isinstance(first, CategoryEmbedding):
            return cls([first], tuple(rest))
        if not isinstance(first, Members):
            return cls([], tuple(layers))
        found = [e for own in first.members if isinstance(e := own[0], CategoryEmbedding)]
        if not found:
            return cls([], tuple(layers))
        # Each member chooses its own numbers among all.
        width = found[0].output_width(found[0].sizes.size)
        columns = np.split(np.eye(width * len(found), dtype=found[0].W.dtype), len(found), axis=1)
        pairs = zip(columns, first.members, strict=True)
        return cls(found, (Members([[Affine(W), *m[1:]] for W, m in pairs], first.join), *rest))

    def numbers(self, x: Batch) -> Batch:
        """Return what the embeddings make of x, side by side; x itself without embeddings."""
        return np.concatenate([e.forward(x) for e in self.embeddings] or [x], axis=1)

    def by_input(self, values: Array) -> Array:
        """Return for each input, (N, D), the sum of the values of all numbers that it became."""
        if not self.embeddings:
            return values
        kept = self.embeddings[0].sizes == 0
        total = np.zeros((len(values), kept.size))
        for embedding, part in zip(
            self.embeddings, np.split(values, len(self.embeddings), axis=1), strict=True
        ):
            own, learned = np.split(part, [np.count_nonzero(kept)], axis=1)
            total[:, kept] += own
            K = embedding.W.shape[1]
            total[:, ~kept] += learned.reshape(len(part), -1, K).sum(axis=2)
        return total
