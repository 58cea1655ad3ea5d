"""What the tests of the native engine share: instruction sets, inputs, networks, bits."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from numpy.random import Generator

import pellucid as pl
from pellucid.core import checks
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.engines import instructions, make_engine

baseline = importlib.import_module(
    "pellucid.engines._native_baseline"
)  # missing is a failure, never a skip
SETS = [name for name in instructions.INSTRUCTION_SETS if baseline.supported(name)]

every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def use(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PELLUCID_INSTRUCTIONS", name)
    choose_anew()


def choose_anew() -> None:
    """Choose the native module again when it is next needed."""
    instructions._usual_module.cache_clear()


def inputs(generator: Generator, kind: str, N: int, D: int) -> Array:
    if kind == "bytes":
        return generator.integers(0, 256, (N, D), np.uint8) * (generator.uniform(size=(N, D)) < 0.2)
    x = generator.normal(size=(N, D)).astype(np.float32).astype(np.float64)
    if kind == "sparse":  # numbers, rows and columns that are 0, and zeros with a sign
        x *= generator.uniform(size=(N, D)) < 0.2
        x[:: max(2, N // 4)] = 0
        x[:, 5:15] = -0.0
    if kind == "columns":
        x[:, generator.uniform(size=D) < 0.5] = 0
    return x


def affine(generator: Generator, D: int, H: int, bias: bool = True) -> Layer:
    return pl.Affine(
        generator.normal(size=(D, H)) / math.sqrt(D), generator.normal(size=H) / 3 if bias else None
    )


def arrays(net: pl.Network) -> Array:
    return np.concatenate(
        [a.ravel() for layer in net.layers for a in layer.arrays().values()]
    ).astype(np.float64)


def apart(a: Array, b: Array) -> float:
    """Return the distance in units of b's norm."""
    return float(np.linalg.norm(a - b)) / max(float(np.linalg.norm(b)), 1e-300)


def bits(*found: Array) -> bytes:
    return b"".join(array.tobytes() for array in found)


def dense(D: int, H: int, K: int, dtype: type = np.float32, seed: int = 0) -> pl.Network:
    return pl.mlp([D, H, K], "gelu", "softmax", dropout=0.1, seed=seed, dtype=dtype)


def learn_some(net: pl.Network, N: int, threads: int, steps: int, width: int) -> bytes:
    generator = np.random.default_rng(3)
    D = checks.input_width(net.layers)
    assert D is not None
    x = inputs(generator, "sparse", N, D).astype(net.dtype)
    t = generator.integers(0, width, N)
    worker = make_engine(
        net.layers, pl.CrossEntropy(), pl.AdamW(0.001, clip_norm=1.0), 5, "native", threads
    )
    y = [worker.train_step(x, t)[1] for _ in range(steps)]
    return bits(*y, *net.params)
