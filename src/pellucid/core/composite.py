"""Dropout, which switches neurons off in training, and skips, which go around layers."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.chain import Trace
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.nested import Nested
from pellucid.core.ranges import number
from pellucid.core.types import Batch, Gradients, Options
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
        # Draws are in [0, 1): at rate 0 every number is kept.
        kept = draws.uniform(*x.shape) >= self.rate
        return kept.astype(x.dtype) * x.dtype.type(1 / (1 - self.rate))


class Skip(Nested):
    """Two ways from x that meet again: layers, and a projection, which is x itself without any.

    A subclass joins the ways. `inner` holds the layers, then those of the projection, and names of
    arrays count through both ("0.W", "1.W"). A trace holds one output a layer, so `backward`
    computes the inner outputs again.

    Parameters
    ----------
    layers
        At least one layer.
    projection
        The layers of the other way; none by default.

    Raises InputError for no layers or layers that do not fit.
    """

    def __init__(self, layers: Iterable[Layer], projection: Iterable[Layer] = ()) -> None:
        # A single layer is refused as well: as a list of one it would be a guess.
        own, side = (tuple(w) if isinstance(w, Iterable) else None for w in (layers, projection))
        self.inner, self._own = (*(own or ()), *(side or ())), len(own or ())
        kind = type(self).__name__
        if not own or side is None or not all(isinstance(each, Layer) for each in self.inner):
            raise InputError("{layer} expects a list of at least one layer", layer=kind)
        if _depth(self) > MOST_NESTED:
            template = "{layer} layers may be nested {most} deep"
            raise InputError(template, layer=kind, most=MOST_NESTED)
        # Called for its errors: layers that do not fit are found now if they fix a width.
        D = self.input_width()
        if D is not None:
            self.output_width(D)

    @classmethod
    def around(cls, inner: Sequence[Layer], options: Options) -> Self:
        """Make a layer from what `inner` and `options()` returned; raises InputError otherwise."""
        count = options.get("projection", 0)
        # Options come from files, and by isinstance True would be an int.
        if type(count) is not int or not 0 <= count < max(1, len(inner)):
            raise InputError("a layer's options are malformed")
        own = len(inner) - count
        return cls(inner[:own], inner[own:])

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers without those of the projection."""
        return self.inner[: self._own]

    @property
    def projection(self) -> tuple[Layer, ...]:
        """The layers of the projection; () where x goes past the layers as it is."""
        return self.inner[self._own :]

    def ways(self, x: Batch, draws: Draws | None = None) -> tuple[Trace, Trace]:
        """Return the traces of the projection and of the layers."""
        # The projection draws at a place of its own, behind the layers.
        place = None if draws is None else draws.at(self._own)
        side = chain.forward(self.projection, x, place)
        return side, chain.forward(self.layers, x, draws)

    def parts(self, dy: Batch, H: int) -> tuple[Batch, Batch]:
        """Return what of dy belongs to the projection, of H outputs, and to the layers."""
        raise NotImplementedError

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        side, own = self.ways(p.x, p.draws)
        side_dy, own_dy = self.parts(dy, side.y.shape[1])
        dx, grads = chain.backward(self.layers, own, own_dy, p.needs_dx)
        side_dx, side_grads = chain.backward(self.projection, side, side_dy, p.needs_dx)
        both = None if dx is None or side_dx is None else side_dx + dx
        return both, [*grads, *side_grads]

    def observe(self, x: Batch, draws: Draws) -> None:
        # Only where there are statistics to update: both ways are computed once more for it.
        if self.buffers:
            side, own = self.ways(x, draws)
            chain.observe(self.layers, own)
            chain.observe(self.projection, side)

    def project(self) -> None:
        chain.project(self.inner)

    def input_width(self) -> int | None:
        D = checks.input_width(self.layers)
        return checks.input_width(self.projection) if D is None else D

    def widths(self, D: int) -> tuple[int, int]:
        """Return the number of outputs of the projection and of the layers for D inputs."""
        side = checks.widths(self.projection, D)[-1] if self.projection else D
        return side, checks.widths(self.layers, D)[-1]

    def options(self) -> Options:
        return {"projection": len(self.projection)} if self.projection else {}

    def __repr__(self) -> str:
        own, side = (", ".join(map(repr, way)) for way in (self.layers, self.projection))
        return f"{type(self).__name__}([{own}]{f', projection=[{side}]' if side else ''})"


class Residual(Skip):
    """A skip around layers (He et al. 2015): y = x + layers(x); dx = dy + the layers' own dx.

    With a projection, y = projection(x) + layers(x), for layers that change the width (He et al.
    2015, section 3.2, equation 2); dx is the sum of both ways'.

    Parameters
    ----------
    layers
        At least one layer; as many outputs as inputs, or as the projection has outputs.
    projection
        Layers, usually one Affine; none by default.

    Raises InputError for no layers or layers that do not fit.

    >>> from pellucid.core.layers import Affine
    >>> layer = Residual([Affine([[1.0], [1.0]])], projection=[Affine([[10.0], [0.0]])])
    >>> layer.forward(np.array([[2.0, 3.0]]))  # 10 * 2 + (2 + 3)
    array([[25.]])
    """

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        side, own = self.ways(x, draws)
        return side.y + own.y

    def parts(self, dy: Batch, H: int) -> tuple[Batch, Batch]:
        return dy, dy

    def output_width(self, D: int) -> int:
        side, own = self.widths(D)
        if own != side and not self.projection:
            template = "Residual: its layers must have as many outputs as inputs: {D} in, {H} out"
            raise InputError(template, D=D, H=own)
        if own != side:
            template = "Residual: its layers have {H} outputs, but its projection has {got}"
            raise InputError(template, H=own, got=side)
        return own


class Concatenate(Skip):
    """A skip by concatenation (Huang et al. 2017, DenseNet): y = [x, layers(x)], side by side.

    With a projection, y = [projection(x), layers(x)]. dx is the sum of both ways'.

    Parameters
    ----------
    layers
        At least one layer.
    projection
        The layers of the first columns; none by default.

    Raises InputError for no layers or layers that do not fit.

    >>> from pellucid.core.layers import Affine
    >>> Concatenate([Affine([[1.0], [1.0]])]).forward(np.array([[2.0, 3.0]]))
    array([[2., 3., 5.]])
    """

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        side, own = self.ways(x, draws)
        return np.concatenate([side.y, own.y], axis=1)

    def parts(self, dy: Batch, H: int) -> tuple[Batch, Batch]:
        # Contiguous, since a product with a strided batch sums in another order: other bits.
        return np.ascontiguousarray(dy[:, :H]), np.ascontiguousarray(dy[:, H:])

    def output_width(self, D: int) -> int:
        return sum(self.widths(D))


def _depth(layer: Layer) -> int:
    """Return how deep layers are nested; each level was checked when it was made."""
    return 1 + max(map(_depth, layer.inner), default=0)
