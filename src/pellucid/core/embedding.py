"""PeriodicEmbedding, which gives a network the numbers of a table on several scales."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pellucid.core import functions
from pellucid.core.arrays import Buffer, Parameter, own_array
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.ranges import above_zero, whole
from pellucid.core.types import Array, ArrayLike, Batch, DTypeLike, Gradients, Vector
from pellucid.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator


class PeriodicEmbedding(Layer):
    """x, followed by K numbers for each of E chosen columns: cos(2 pi (x_e f + phase)) W + b.

    Each chosen column has waves of its own with trained frequencies, which spread out what changes
    fast along the column (steps, peaks) for the Affine layer above. Gorishniy, Rubachev and Babenko
    2022 (arXiv 2203.05556), in the form "PBLD" of RealMLP (arXiv 2407.04491, section 3).

    With z = x_e f + phase, c = cos(2 pi z) and de the part of dy that belongs to column e:
    dW = c^T de, db = the sum of de over the rows, dz = -2 pi sin(2 pi z) (de W^T), dphase = the sum
    of dz, df = the sum of dz x_e, and dz f^T is added to column e of dx.

    Parameters
    ----------
    frequency, phase
        Frequency and phase of each column's F waves, (E, 1, F), in turns.
    W, b
        Weights (E, F, K) and biases (E, 1, K) from a column's waves to its K numbers.
    embedded
        (D,), 1 for each of the E columns that are chosen, 0 for the others.
        `PeriodicEmbedding.draw` starts from this.

    Raises InputError if the shapes do not fit each other.
    """

    frequency = Parameter[Array]()
    phase = Parameter[Array]()
    W = Parameter[Array]()
    b = Parameter[Array]()
    embedded = Buffer[Array]()

    def __init__(
        self,
        frequency: ArrayLike,
        phase: ArrayLike,
        W: ArrayLike,
        b: ArrayLike,
        embedded: ArrayLike,
    ) -> None:
        self.W = W
        dtype = self.W.dtype
        self.frequency, self.phase = own_array(frequency, dtype), own_array(phase, dtype)
        self.b, self.embedded = own_array(b, dtype), own_array(embedded, dtype)
        E, F, K = self.W.shape if self.W.ndim == 3 else (0, 0, 0)
        waves, numbers = (E, 1, F), (E, 1, K)
        chosen = (
            self.embedded.ndim == 1
            and np.isin(self.embedded, (0, 1)).all()
            and self.embedded.sum() == E
        )
        shapes = (self.frequency.shape, self.phase.shape, self.b.shape)
        if not (E and F and K and chosen and shapes == (waves, waves, numbers)):
            raise InputError(
                "PeriodicEmbedding expects frequency and phase (E, 1, F), W (E, F, K), "
                "b (E, 1, K) and embedded (D,) with E ones among zeros; "
                "got {frequency}, {phase}, {W}, {b} and {embedded}",
                frequency=self.frequency.shape,
                phase=self.phase.shape,
                W=self.W.shape,
                b=self.b.shape,
                embedded=self.embedded.shape,
            )

    @classmethod
    def draw(
        cls,
        embedded: ArrayLike,
        generator: Generator,
        *,
        waves: int = 16,
        size: int = 3,
        std: float = 0.1,
        dtype: DTypeLike = np.float32,
    ) -> PeriodicEmbedding:
        """Draw initial values as RealMLP does, for (D,) `embedded` columns.

        Frequencies have the standard deviation `std` (0.1 is a wave of some ten units of x), phases
        are anywhere, W and b are as in PyTorch's Linear. `waves` is F and `size` is K.
        """
        embedded = own_array(embedded, dtype)
        E, F, K = int(embedded.sum()), whole("waves", waves), whole("size", size)
        bound = 1 / math.sqrt(F)
        return cls(
            (above_zero(std=std) * generator.standard_normal((E, 1, F))).astype(dtype),
            generator.uniform(-0.5, 0.5, (E, 1, F)).astype(dtype),
            generator.uniform(-bound, bound, (E, F, K)).astype(dtype),
            generator.uniform(-bound, bound, (E, 1, K)).astype(dtype),
            embedded,
        )

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        numbers = functions.cosine(self._turns(x)) @ self.W + self.b
        return np.concatenate([x, numbers.transpose(1, 0, 2).reshape(len(x), self.b.size)], axis=1)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        x, D, (E, _, K) = p.x, p.x.shape[1], self.W.shape
        # (E, N, K): all that follows has E in front, one product for each column.
        de = dy[:, D:].reshape(len(x), E, K).transpose(1, 0, 2)
        z = self._turns(x)
        dW = functions.cosine(z).transpose(0, 2, 1) @ de
        sine = functions.cosine(z - x.dtype.type(0.25))
        dz = x.dtype.type(-2 * math.pi) * sine * (de @ self.W.transpose(0, 2, 1))
        df = self._columns(x).transpose(0, 2, 1) @ dz
        grads = [df, dz.sum(axis=1, keepdims=True), dW, de.sum(axis=1, keepdims=True)]
        if not p.needs_dx:
            return None, grads
        dx = dy[:, :D].copy()
        dx[:, self.embedded == 1] += (dz @ self.frequency.transpose(0, 2, 1))[:, :, 0].T
        return dx, grads

    def input_width(self) -> int:
        return int(self.embedded.size)

    def output_width(self, D: int) -> int:
        return super().output_width(D) + int(self.b.size)

    @property
    def source(self) -> Vector:
        """The column of x that each added number comes from, (E K,) int64."""
        return np.repeat(np.flatnonzero(self.embedded), self.b.shape[2])

    def _columns(self, x: Array) -> Array:
        return np.ascontiguousarray(x[:, self.embedded == 1].T)[:, :, None]  # (E, N, 1)

    def _turns(self, x: Array) -> Array:
        turns: Array = self._columns(x) * self.frequency + self.phase
        return turns
