"""Dropout, which switches neurons off in training, and Residual, which goes around layers."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable

from pellucid.core import chain, checks
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass, flat
from pellucid.core.ranges import number
from pellucid.core.types import Array, Batch, Gradients, Options
from pellucid.errors import InputError

# Every level of nesting takes several calls of Python's stack, which has room for about 1,000.
MOST_NESTED = 64


class Dropout(Layer):
    """In training, zero each number with probability `rate` and scale the rest by 1 / (1 - rate).

    Prediction returns x (Srivastava et al. 2014, in the inverted form). The mask is a function of
    seed, step, layer, row and column (`Draws.uniform`), so `backward` sees that of `forward`.
    Raises InputError unless 0 <= rate < 1.
    """

    passes_through = True

    def __init__(self, rate: float = 0.5) -> None:
        self.rate = number(rate)
        if not 0 <= self.rate < 1:
            raise InputError("Dropout: rate must be in [0, 1), got {got}", got=reprlib.repr(rate))

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return x if draws is None else x * self._mask(x, draws)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        return (dy if p.draws is None else dy * self._mask(p.x, p.draws)), []

    def options(self) -> Options:
        return {"rate": self.rate}

    def _mask(self, x: Batch, draws: Draws) -> Batch:
        kept = draws.uniform(*x.shape) >= self.rate
        return kept.astype(x.dtype) * x.dtype.type(1 / (1 - self.rate))


class Residual(Layer):
    """A skip around layers (He et al. 2015): y = x + layers(x); dx = dy + the layers' own dx.

    The layers must have as many outputs as inputs. A trace holds one output a layer, so `backward`
    computes the inner outputs again. Raises InputError for no layers or layers that do not fit.
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.inner = tuple(layers) if isinstance(layers, Iterable) else ()
        if not self.inner or not all(isinstance(layer, Layer) for layer in self.inner):
            raise InputError("Residual expects a list of at least one layer")
        if _depth(self) > MOST_NESTED:
            raise InputError("Residual layers may be nested {most} deep", most=MOST_NESTED)
        D = self.input_width()
        if D is not None:
            self.output_width(D)

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return x + chain.forward(self.inner, x, draws).y

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        trace = chain.forward(self.inner, p.x, p.draws)
        dx, grads = chain.backward(self.inner, trace, dy, p.needs_dx)
        return (None if dx is None else dy + dx), grads

    def observe(self, x: Batch, draws: Draws) -> None:
        if self.buffers:
            chain.observe(self.inner, chain.forward(self.inner, x, draws))

    def input_width(self) -> int | None:
        return checks.input_width(self.inner)

    def output_width(self, D: int) -> int:
        H = checks.widths(self.inner, D)[-1]
        if H != D:
            template = "Residual: its layers must have as many outputs as inputs: {D} in, {H} out"
            raise InputError(template, D=D, H=H)
        return D

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


def _depth(layer: Layer) -> int:
    """Return how deep layers are nested; each level was checked when it was made."""
    return 1 + max(map(_depth, layer.inner), default=0)
