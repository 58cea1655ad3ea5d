"""Networks for the tests of exchange.

One for every layer that core knows, and random architectures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pellucid as pl
from pellucid.core import checks
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from tests.core.witnesses import LAYERS

CASES = [
    (name, index)
    for name, witness in sorted(LAYERS.items())
    for index in range(len(witness.examples))
]
"""Name and number of every example of a layer.

A layer of core without one fails in core's own tests.
"""


def network_of(name: str, index: int = 0, dtype: Any = np.float64) -> pl.Network:
    """Return a network with the layer's example between two Affine layers where it fits, else
    by itself.
    """
    generator = np.random.default_rng(index)
    witness = LAYERS[name]
    layer = witness.examples[index](generator)
    if len(witness.row) > 1:  # it takes images
        return pl.Network([layer, affine(generator, 6, 4)]).astype(dtype)
    if name == "Members":  # at the end, but for the activation that belongs to it
        ends: dict[str, list[Layer]]
        ends = {"probabilities": [pl.Softmax()], "sigmoids": [pl.Sigmoid()]}
        return pl.Network(
            [affine(generator, 3, 5), layer, *ends.get(layer.options()["join"], [])]
        ).astype(dtype)
    if name in ("Scale", "Standardize"):
        return pl.Network([layer, affine(generator, 5, 4)]).astype(dtype)
    return pl.Network(
        [affine(generator, 3, 5), layer, affine(generator, layer.output_width(5), 4)]
    ).astype(dtype)


def affine(generator: np.random.Generator, D: int, H: int, biased: bool = True) -> pl.Affine:
    W = generator.normal(size=(D, H)) / np.sqrt(D)
    return pl.Affine(W, generator.normal(size=H) if biased else None)


@st.composite
def networks(
    draw: st.DrawFn,
    dtype: Any = np.float64,
    deepest: int = 4,
    raw: bool = True,
    tables: bool = True,
) -> pl.Network:
    """Draw a network: preparation (of raw input with `raw`, of tables with `tables`), up to
    `deepest` blocks, some end.

    Its outputs can be compared in float32: nothing in it blows up rounding. BatchNorm stands
    behind Affine layers without bias, as in `mlp`: a bias there has no gradient but rounding, which
    Adam would blow up.
    """
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    width = draw(st.integers(1, 9))
    layers = _preparation(draw, generator, width, tables) if raw else []
    width = checks.widths(layers, width)[-1] if layers else width
    if isinstance(
        layers[-1] if layers else None, (pl.CategoryEmbedding, pl.PeriodicEmbedding)
    ):  # it ends in biases, as those of Affine layers
        H = draw(st.integers(1, 9))
        layers, width = [*layers, affine(generator, width, H), pl.Tanh()], H
    for _ in range(draw(st.integers(0, deepest))):
        if draw(st.integers(0, 3)) == 0:
            inner = draw(st.integers(1, 7))
            block = [*_block(draw, generator, width, inner), affine(generator, inner, width)]
            layers.append(pl.Residual(block))
        else:
            H = draw(st.integers(1, 9))
            layers += _block(draw, generator, width, H)
            width = H
    K = draw(st.integers(1, 5))
    layers.append(affine(generator, width, K, draw(st.booleans())))
    ends = [None, pl.Sigmoid, pl.Exponential, pl.Identity, *([pl.Softmax] if K > 1 else [])]
    end = draw(st.sampled_from(ends))
    return pl.Network(layers if end is None else [*layers, end()]).astype(dtype)


def drawn(strategy: st.SearchStrategy[pl.Network], count: int) -> list[pl.Network]:
    """Return so many networks, the same every time, to be compiled all at once."""
    found: list[pl.Network] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(net: pl.Network) -> None:
        found.append(net)

    collect()
    return found


def rows_for(net: pl.Network, N: int = 8, seed: int = 0) -> Array:
    """Return rows that fit.

    Bytes where the network scales them, images (2 high) where it flattens an even number.
    """
    generator = np.random.default_rng(seed)
    D = checks.input_width(net.layers)
    assert D is not None
    flattens = isinstance(net.layers[0], pl.Flatten)
    shape = (N, 2, D // 2) if flattens and D % 2 == 0 else (N, D)
    if checks.byte_factor(net.layers) is not None:
        return generator.integers(0, 256, shape, dtype=np.uint8)
    x = generator.normal(size=shape).astype(net.dtype)
    if isinstance(front := net.layers[0], pl.CategoryEmbedding):
        embedded = np.flatnonzero(front.sizes)
        x[:, embedded] = np.floor(generator.uniform(0, front.sizes[embedded], (N, len(embedded))))
    return x


def _preparation(
    draw: st.DrawFn, generator: np.random.Generator, D: int, tables: bool
) -> list[Layer]:
    kind = draw(
        st.sampled_from(
            [
                *("none", "flatten", "bytes", "scale", "standardize"),
                *(["table", "categories"] if tables else []),
            ]
        )
    )
    if kind == "standardize":
        return [pl.Standardize(generator.normal(size=D), generator.uniform(0.5, 2, D))]
    if kind == "categories":
        sizes = generator.integers(1, 5, D) * (generator.permutation(D) <= draw(st.integers(0, D)))
        own = draw(st.integers(1, 3))
        return [pl.CategoryEmbedding.draw(sizes, generator, size=own, std=1.0, dtype=np.float64)]
    if kind == "table":
        embedded = generator.permutation(D) <= draw(st.integers(0, D - 1))
        waves, size = draw(st.integers(1, 5)), draw(st.integers(1, 3))
        embedding = pl.PeriodicEmbedding.draw(
            embedded, generator, waves=waves, size=size, dtype=np.float64
        )
        standardize = pl.Standardize(generator.normal(size=D), generator.uniform(0.5, 2, D))
        return [standardize, pl.SmoothClip(draw(st.sampled_from([3.0, 0.7, 10.0]))), embedding]
    if kind == "scale":
        return [pl.Scale(draw(st.sampled_from([2.0, 0.3, -1.5])))]
    fronts: dict[str, list[pl.Layer]] = {
        "none": [],
        "flatten": [pl.Flatten()],
        "bytes": [pl.Flatten(), pl.Scale(1 / 255)],
    }
    return fronts[kind]


def _block(draw: st.DrawFn, generator: np.random.Generator, D: int, H: int) -> list[Layer]:
    """Draw Affine, perhaps a normalisation, an activation, perhaps Dropout."""
    kind = draw(st.sampled_from(["none", "none", "batch", "layer"]))
    layers: list[Layer] = [affine(generator, D, H, kind != "batch" and draw(st.booleans()))]
    gamma, beta = generator.uniform(0.5, 2, H), generator.normal(size=H)
    if kind == "batch":
        running = generator.normal(size=H), generator.uniform(0.5, 2, H)
        layers.append(
            pl.BatchNorm(
                gamma, beta, *running, momentum=0.2, epsilon=draw(st.sampled_from([1e-5, 1e-3]))
            )
        )
    elif kind == "layer":
        layers.append(pl.LayerNorm(gamma, beta, epsilon=draw(st.sampled_from([1e-5, 1e-2]))))
    activation: Any = draw(
        st.sampled_from(
            [
                *(
                    pl.Sigmoid,
                    pl.Tanh,
                    pl.ReLU,
                    pl.GELU,
                    pl.SiLU,
                    pl.Softplus,
                    pl.Softmax,
                    pl.Identity,
                ),
                *(pl.LeakyReLU, lambda: pl.LeakyReLU(0.3), lambda: pl.GELU("tanh")),
            ]
        )
    )
    layers.append(activation())
    return layers + ([pl.Dropout(0.25)] if draw(st.booleans()) else [])
