"""Every engine that this installation has, and an example network with data for its tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.engines import ENGINES, Engine, make_engine


def installed(name: str) -> bool:
    try:
        make_engine([pl.Affine(np.ones((1, 1)))], engine=name)
    except pl.InputError:
        return False
    return True


AVAILABLE = [name for name in ENGINES if name != "auto" and installed(name)]
every_engine = pytest.mark.parametrize("engine", AVAILABLE)


def close(ours: Array, reference: Array) -> None:
    """Another engine may sum in another order: some hundred roundings of the type, and no more."""
    tolerance = 200 * np.finfo(reference.dtype).eps
    assert ours.dtype == reference.dtype
    np.testing.assert_allclose(ours, reference, rtol=tolerance, atol=tolerance)


def network(dtype: type = np.float32, seed: int = 0) -> pl.Network:
    """A network with all that learning treats in a way of its own.

    Dropout, buffers, a frozen layer, layers within.
    """
    generator = np.random.default_rng(seed)

    def affine(D: int, H: int) -> pl.Affine:
        return pl.Affine(
            generator.normal(size=(D, H)).astype(dtype) / 2, generator.normal(size=H).astype(dtype)
        )

    inner = pl.Residual([affine(6, 4), pl.Tanh(), affine(4, 6)])
    net = pl.Network(
        [
            pl.Affine(
                affine(3, 6).W
            ),  # a bias below BatchNorm has no gradient but rounding, which Adam would blow up
            pl.BatchNorm(np.ones(6, dtype)),
            pl.ReLU(),
            pl.Dropout(0.25),
            inner,
            affine(6, 6),
            pl.LayerNorm(np.ones(6, dtype)),
            pl.Sigmoid(),
            affine(6, 4),
            pl.Softmax(),
        ]
    )
    net.freeze(5)
    return net


def data(N: int = 50, dtype: type = np.float32) -> tuple[Array, Array, Array]:
    generator = np.random.default_rng(9)
    return (
        generator.normal(size=(N, 3)).astype(dtype),
        generator.integers(0, 4, N),
        generator.uniform(0.1, 2, N),
    )


def worker(net: pl.Network, engine: str, **options: Any) -> Engine:
    settings = {
        "loss": pl.CrossEntropy(),
        "optimizer": pl.AdamW(0.05, ema=0.9),
        "seed": 3,
        **options,
    }
    return make_engine(
        net.layers, settings["loss"], settings["optimizer"], settings["seed"], engine
    )


def bits(net: pl.Network) -> bytes:
    return b"".join(array.tobytes() for layer in net.layers for array in layer.arrays().values())
