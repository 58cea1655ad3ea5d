"""CategoryEmbedding, which gives each category of a column a few trained numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.arrays import Buffer, Parameter, own_array
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.ranges import at_least, whole
from pellucid.core.types import Array, ArrayLike, Batch, DTypeLike, Gradients
from pellucid.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator

MOST_ROWS = 1 << 20  # of a table: float32 holds every index below 2^24


class CategoryEmbedding(Layer):
    """The columns of x that hold numbers, then K numbers for each column that holds an index.

    An index is a category's place in its column, a whole number from 0 on; its K numbers are a row
    of one table W, in which the rows of the columns follow each other: y = [x_kept, W[begin_e +
    index_e] for each column e]. Index 0 is for a category that training did not have. What is
    no index (below 0, NaN, or as large as the column's size or larger) counts as 0, and a
    fraction is cut off, so W is never read outside; `checks.check_input` refuses both in the input
    of a network. Guo and Berkhahn 2016, "Entity embeddings of categorical variables" (arXiv
    1604.06737).

    dW is the sum of dy's K numbers over the rows with an index, in ascending order of the rows; the
    index columns of dx are 0.

    Parameters
    ----------
    W
        The table, (V, K). Weight decay acts on it: the numbers of categories of few rows, which
        have fewer gradients, stay nearer to 0.
    sizes
        (D,), for each column of x how many rows of W it has, 0 where it is kept; their sum is V.

    Raises InputError if the shapes do not fit each other.
    """

    W = Parameter[Array]()
    sizes = Buffer[Array]()

    def __init__(self, W: ArrayLike, sizes: ArrayLike) -> None:
        self.W = W
        self.sizes = own_array(sizes, self.W.dtype)
        V, K = self.W.shape if self.W.ndim == 2 else (0, 0)
        counts = self.sizes
        fits = (
            counts.ndim == 1
            and V <= MOST_ROWS
            and ((counts >= 0) & (counts <= V) & (counts == np.floor(counts))).all()
            # In float64: a sum in float32 is rounded from 2^24 on.
            and counts.sum(dtype=np.float64) == V
        )
        if not (V and K and fits):
            raise InputError(
                "CategoryEmbedding expects W (V, K) and sizes (D,), whole numbers of 0 or more "
                "whose sum is V, at most {most:,}; got {W} and {sizes}, which sum to {sum}",
                most=MOST_ROWS,
                W=self.W.shape,
                sizes=counts.shape,
                sum=float(counts.sum(dtype=np.float64)),
            )

    @classmethod
    def draw(
        cls,
        sizes: ArrayLike,
        generator: Generator,
        *,
        size: int = 4,
        std: float = 0.1,
        dtype: DTypeLike = np.float32,
    ) -> CategoryEmbedding:
        """Draw initial values for (D,) `sizes`, K = `size`: normal ones of standard deviation
        `std`, and 0 for index 0 of each column, so that a category never seen is neutral.
        """
        sizes = own_array(sizes, np.float64)
        shape = (int(sizes.sum()), whole("size", size))
        W = at_least(0, std=std) * generator.standard_normal(shape)
        begins = np.cumsum(sizes, dtype=np.int64) - sizes.astype(np.int64)
        W[begins[sizes > 0]] = 0
        return cls(W.astype(dtype), sizes.astype(dtype))

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        kept = x[:, self.sizes == 0]
        numbers = self.W[self._rows(x)].reshape(len(x), self._numbers)
        return np.concatenate([kept, numbers], axis=1)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        # The rows are found again: a trace keeps outputs, no indices.
        kept, rows = self.sizes == 0, self._rows(p.x)
        first, dW = dy.shape[1] - self._numbers, np.zeros_like(self.W)
        # Not dW[rows] += ..., which keeps only the last of the rows with the same index.
        np.add.at(dW, rows, dy[:, first:].reshape(*rows.shape, self.W.shape[1]))
        if not p.needs_dx:
            return None, [dW]
        dx = np.zeros_like(p.x)
        dx[:, kept] = dy[:, :first]
        return dx, [dW]

    def input_width(self) -> int:
        return int(self.sizes.size)

    def output_width(self, D: int) -> int:
        return super().output_width(D) - int(np.count_nonzero(self.sizes)) + self._numbers

    @property
    def _numbers(self) -> int:
        """How many numbers a row's indices become, E K."""
        return int(np.count_nonzero(self.sizes)) * self.W.shape[1]

    def _rows(self, x: Batch) -> Array:
        """Return the row of W of each index, (N, E) int64."""
        embedded, ends = np.flatnonzero(self.sizes), np.cumsum(self.sizes, dtype=np.int64)
        sizes, index = self.sizes[embedded], x[:, embedded]
        inside = (index >= 0) & (index < sizes)
        # Replaced before the cast, since NaN as an integer is undefined and differs by processor.
        rows: Array = np.where(inside, index, 0).astype(np.int64)
        return rows + (ends[embedded] - sizes.astype(np.int64))
