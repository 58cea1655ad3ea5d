"""Layers about other layers.

Dropout, which switches neurons off, and Residual, which goes around layers.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence

from pellucid.core import chain
from pellucid.core.layer import Layer, Learning, flat
from pellucid.core.settings import number
from pellucid.core.types import Array, Options
from pellucid.errors import InputError


class Dropout(Layer):
    """While learning, switch each neuron off with probability `rate`, and scale the others by 1 /
    (1 - rate).

    Answering passes x on unchanged (Srivastava et al. 2014, in the inverted form). Which neurons
    are off is a function of seed, step, layer, row and column (`Learning.uniform`), so `backward`
    sees the same ones. Raises InputError unless 0 <= rate < 1.
    """

    passes_on = True

    def __init__(self, rate: float = 0.5) -> None:
        self.rate = number(rate)
        if not 0 <= self.rate < 1:
            raise InputError(
                "Dropout expects a rate from 0 up to, but not, 1; got {got}", got=reprlib.repr(rate)
            )

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return x if learning is None else x * self._mask(x, learning)

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return (dy if learning is None else dy * self._mask(x, learning)), []

    def options(self) -> Options:
        return {"rate": self.rate}

    def _mask(self, x: Array, learning: Learning) -> Array:
        kept = learning.uniform(*x.shape) >= self.rate
        return kept.astype(x.dtype) * x.dtype.type(1 / (1 - self.rate))


class Residual(Layer):
    """A skip around layers (He et al. 2015): y = x + layers(x); dx = dy + the layers' own dx.

    The layers must give out as many numbers as they take in. Their inner outputs are not kept:
    `backward` computes them again, as the trace holds one output a layer.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.inner = list(layers) if isinstance(layers, Iterable) else []
        if not self.inner or not all(isinstance(layer, Layer) for layer in self.inner):
            raise InputError("Residual expects a list of at least one layer")
        D = chain.input_width(self.inner)
        if D is not None:
            self.width(D)

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return x + chain.forward(self.inner, x, learning).y

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        trace = chain.forward(self.inner, x, learning)
        dx, grads = chain.backward(self.inner, trace, dy, needs_dx)
        return (None if dx is None else dy + dx), grads

    def observe(self, x: Array, learning: Learning) -> None:
        if self.buffers:
            chain.observe(self.inner, chain.forward(self.inner, x, learning))

    def inputs(self) -> int | None:
        return chain.input_width(self.inner)

    def width(self, D: int) -> int:
        H = chain.widths(self.inner, D)[-1]
        if H != D:
            raise InputError(
                "Residual: its layers must give out as many numbers as they take in: {D} in, {H} "
                "out",
                D=D,
                H=H,
            )
        return D

    def multiply_adds(self, D: int) -> int:
        inputs = [D, *chain.widths(self.inner, D)]
        return sum(layer.multiply_adds(d) for layer, d in zip(self.inner, inputs, strict=False))

    @property
    def params(self) -> list[Array]:
        return flat(layer.params for layer in self.inner)

    @property
    def buffers(self) -> list[Array]:
        return flat(layer.buffers for layer in self.inner)

    def arrays(self) -> dict[str, Array]:
        return {
            f"{index}.{name}": array
            for index, layer in enumerate(self.inner)
            for name, array in layer.arrays().items()
        }

    def __repr__(self) -> str:
        return f"Residual([{', '.join(map(repr, self.inner))}])"
