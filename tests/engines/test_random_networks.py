"""Random networks trained by both engines: no further apart than rounding alone takes them.

Training is chaotic, so no fixed tolerance holds: a kink, Adam on a gradient of rounding, or a large
rate can turn one bit into a percent. What native and reference may differ by is measured instead,
by training again from weights of which each is one bit away.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.layer import Layer
from pellucid.core.losses import Loss
from pellucid.core.optimizers import Optimizer
from pellucid.core.types import Array, DTypeLike
from pellucid.engines import NativeEngine, ReferenceEngine

STEPS = 20
ACTIVATIONS: list[Callable[[], Layer]] = [
    *(pl.ReLU, pl.LeakyReLU, pl.ELU, pl.SELU, pl.Sigmoid, pl.Tanh),
    *(pl.GELU, pl.SiLU, pl.Softplus, pl.Mish, pl.Hardswish),
]
OPTIMIZERS: list[Callable[[], Optimizer]] = [
    lambda: pl.SGD(0.05),
    lambda: pl.SGD(0.05, momentum=0.9),
    lambda: pl.Adam(0.01),
    lambda: pl.AdamW(0.01),
]
TYPES = [("float32", 3e-5), ("float64", 1e-13)]


class Case(NamedTuple):
    layers: list[Layer]
    loss: Loss
    optimizer: Callable[[], Optimizer]
    x: Array
    t: Array


def affine(generator: np.random.Generator, D: int, H: int) -> pl.Affine:
    bias = generator.normal(0, 0.1, H) if generator.random() < 0.8 else None
    return pl.Affine(generator.normal(0, D**-0.5, (D, H)), bias)


def block(generator: np.random.Generator, D: int, H: int) -> list[Layer]:
    layers: list[Layer] = [affine(generator, D, H)]
    kind = int(generator.integers(0, 5))
    if kind == 0:
        layers.append(pl.BatchNorm(np.ones(H), np.zeros(H)))
    if kind == 1 and H > 1:
        layers.append(pl.LayerNorm(np.ones(H), np.zeros(H)))
    layers.append(ACTIVATIONS[generator.integers(len(ACTIVATIONS))]())
    return [*layers, pl.Dropout(0.3)] if generator.random() < 0.2 else layers


def case(seed: int, dtype: DTypeLike) -> Case:
    """Draw layers, a loss, an optimizer and a batch."""
    generator = np.random.default_rng(seed)
    D = width = int(generator.integers(1, 30))
    layers: list[Layer] = []
    for _ in range(generator.integers(0, 4)):
        H = int(generator.integers(1, 40))
        if generator.random() < 0.25:
            layers.append(pl.Residual([*block(generator, width, H), affine(generator, H, width)]))
        else:
            layers, width = [*layers, *block(generator, width, H)], H
    N, K = int(generator.integers(1, 70)), int(generator.integers(2, 8))
    x = generator.normal(size=(N, D)).astype(dtype)
    layers.append(affine(generator, width, K))
    ends: list[tuple[Layer, Loss, Array]] = [
        (pl.Softmax(), pl.CrossEntropy(), generator.integers(0, K, N)),
        (pl.Sigmoid(), pl.BinaryCrossEntropy(), generator.integers(0, 2, (N, K)).astype(dtype)),
        (pl.Identity(), pl.MeanSquaredError(), generator.normal(size=(N, K)).astype(dtype)),
    ]
    end, loss, t = ends[generator.integers(3)]
    net = pl.Network([*layers, end]).astype(dtype)
    return Case(list(net.layers), loss, OPTIMIZERS[generator.integers(4)], x, t)


def trained(
    engine: type[NativeEngine | ReferenceEngine], drawn: Case, nudge: int | None = None
) -> Array:
    """Return all arrays after training; with a nudge, from weights one bit up or down."""
    layers = copy.deepcopy(drawn.layers)
    if nudge is not None:
        generator = np.random.default_rng(nudge)
        for array in (array for layer in layers for array in layer.params):
            up = generator.random(array.shape) < 0.5
            array[...] = np.nextafter(array, np.where(up, np.inf, -np.inf).astype(array.dtype))
    made = engine(layers, loss=drawn.loss, optimizer=drawn.optimizer(), seed=1)
    for _ in range(STEPS):
        made.train_step(drawn.x, drawn.t)
    arrays = [array for layer in layers for array in layer.arrays().values()]
    return np.concatenate([array.ravel() for array in arrays]).astype(np.float64)


def apart(a: Array, b: Array) -> float:
    return float((np.abs(a - b) / np.maximum(1, np.abs(b))).max())


@pytest.mark.parametrize(("dtype", "rounding"), TYPES)
@pytest.mark.parametrize(
    "seeds", [range(10), pytest.param(range(10, 2000), marks=pytest.mark.soak)], ids=["10", "2,000"]
)
def test_engines_differ_as_rounding_does(seeds: range, dtype: str, rounding: float) -> None:
    for seed in seeds:
        drawn = case(seed, dtype)
        reference = trained(ReferenceEngine, drawn)
        difference = apart(trained(NativeEngine, drawn), reference)
        if difference > rounding:
            nudged = max(apart(trained(ReferenceEngine, drawn, k), reference) for k in range(10))
            # Sums round more than once. Of all 2,000 seeds the largest share was 1.8 in float32,
            # where 217 are compared, and 2.1 in float64, where 216 are.
            assert difference < 4 * nudged, f"seed {seed}: {difference:.2g}, nudged {nudged:.2g}"
