"""Networks of every kind to look into, and the same in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

import pellucid as pl
from pellucid.core.types import Array

D = 6


class Scaled(nn.Module):
    def __init__(self, mean: Array, deviation: Array) -> None:
        super().__init__()
        self.mean, self.deviation = (
            torch.from_numpy(mean.copy()),
            torch.from_numpy(deviation.copy()),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.mean) / self.deviation


class Skip(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class Clipped(nn.Module):
    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / torch.sqrt(1 + (x / self.limit) ** 2)


class Embedded(nn.Module):
    def __init__(self, layer: pl.PeriodicEmbedding) -> None:
        super().__init__()
        self.columns = np.flatnonzero(layer.embedded)
        self.arrays = [torch.from_numpy(p.copy()) for p in layer.params]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        frequency, phase, W, b = self.arrays
        waves = [
            torch.cos(2 * torch.pi * (x[:, [i]] @ frequency[e] + phase[e])) @ W[e] + b[e]
            for e, i in enumerate(self.columns)
        ]
        return torch.cat([x, *waves], dim=1)


class Looked(nn.Module):
    def __init__(self, layer: pl.CategoryEmbedding) -> None:
        super().__init__()
        self.sizes, self.W = (layer.sizes.astype(int).tolist(), torch.from_numpy(layer.W.copy()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = x[:, [d for d, size in enumerate(self.sizes) if not size]]
        tables = zip(x.T, self.W.split(self.sizes), strict=True)
        numbers = [table[index.long()] for index, table in tables if len(table)]
        return torch.cat([kept, *numbers], dim=1)


def twin(layers: Sequence[pl.Layer]) -> nn.Sequential:
    """Give PyTorch's modules with the same numbers, as they answer."""
    dtype = torch.float64 if pl.Network(layers).dtype == np.float64 else torch.float32
    plain = {
        "Sigmoid": nn.Sigmoid,
        "ReLU": nn.ReLU,
        "Tanh": nn.Tanh,
        "GELU": nn.GELU,
        "SiLU": nn.SiLU,
    }
    prepared: dict[str, Callable[[Any], nn.Module]] = {
        "Standardize": lambda layer: Scaled(layer.mean, layer.std),
        "SmoothClip": lambda layer: Clipped(layer.limit),
        "CategoryEmbedding": Looked,
        "PeriodicEmbedding": Embedded,
    }
    modules: list[nn.Module] = []
    for layer in layers:
        kind = type(layer).__name__
        if isinstance(layer, pl.Affine):
            inputs, outputs = layer.W.shape
            linear = nn.Linear(inputs, outputs, bias=layer.b is not None, dtype=dtype)
            linear.weight.data = torch.from_numpy(layer.W.T.copy())
            if layer.b is not None:
                linear.bias.data = torch.from_numpy(layer.b.copy())
            modules.append(linear)
        elif isinstance(layer, pl.BatchNorm):
            norm = nn.BatchNorm1d(layer.gamma.size, layer.epsilon, dtype=dtype)
            norm.weight.data, norm.bias.data = map(
                torch.from_numpy, (layer.gamma.copy(), layer.beta.copy())
            )
            norm.running_mean = torch.from_numpy(layer.running_mean.copy())
            norm.running_var = torch.from_numpy(layer.running_variance.copy())
            modules.append(norm)
        elif isinstance(layer, pl.Residual):
            modules.append(Skip(twin(list(layer.inner))))
        elif kind in prepared:
            modules.append(prepared[kind](layer))
        elif isinstance(layer, pl.Scale):
            modules.append(Scaled(np.zeros(1), np.array([1 / layer.factor], np.float64)))
        elif isinstance(layer, pl.Softmax):
            modules.append(nn.Softmax(dim=1))
        elif isinstance(layer, pl.Flatten):
            modules.append(nn.Flatten())
        elif not layer.passes_through:
            modules.append(plain[kind]())
    return nn.Sequential(*modules).eval()


def affine(D: int, H: int, seed: int, dtype: type = np.float64) -> pl.Affine:
    generator = np.random.default_rng(seed)
    return pl.Affine(
        (generator.normal(size=(D, H)) / np.sqrt(D) * 1.5).astype(dtype),
        generator.normal(size=H).astype(dtype),
    )


def kinds() -> dict[str, pl.Network]:
    """A network of every kind that lens looks into, of D inputs, float64 unless its name says
    otherwise.
    """
    generator = np.random.default_rng(5)
    norm = pl.BatchNorm(
        generator.normal(size=5),
        generator.normal(size=5),
        generator.normal(size=5),
        generator.random(5) + 0.5,
    )
    residual = pl.Residual([affine(5, 7, 2), pl.Tanh(), affine(7, 5, 3)])
    return {
        "sigmoids": pl.Network(
            [
                affine(D, 5, 0),
                pl.Sigmoid(),
                affine(5, 4, 1),
                pl.Sigmoid(),
                affine(4, 3, 2),
                pl.Sigmoid(),
            ]
        ),
        "pixels": pl.Network(
            [
                pl.Flatten(),
                pl.Scale(1 / 255),
                affine(D, 5, 0),
                pl.Tanh(),
                affine(5, 3, 1),
                pl.Softmax(),
            ]
        ),
        "standardized": pl.Network(
            [
                pl.Standardize(np.arange(D) - 1.0, np.arange(D) + 0.5),
                affine(D, 5, 0),
                pl.GELU(),
                affine(5, 1, 1),
                pl.Sigmoid(),
            ]
        ),
        "embedded": pl.Network(
            [
                pl.Standardize(np.arange(D) - 1.0, np.arange(D) + 0.5),
                pl.SmoothClip(),
                pl.PeriodicEmbedding.draw(
                    [1, 0, 1, 1, 0, 0], generator, waves=4, size=2, dtype=np.float64
                ),
                affine(D + 6, 5, 0),
                pl.Tanh(),
                affine(5, 3, 1),
                pl.Softmax(),
            ]
        ),
        "batch norm": pl.Network(
            [affine(D, 5, 0), norm, pl.SiLU(), pl.Dropout(0.5), affine(5, 3, 1), pl.Softmax()]
        ),
        "residual": pl.Network(
            [affine(D, 5, 0), pl.Tanh(), residual, pl.Sigmoid(), affine(5, 3, 1), pl.Softmax()]
        ),
        "values": pl.Network([affine(D, 5, 0), pl.Tanh(), affine(5, 2, 1)]),
        "float32": pl.Network(
            [affine(D, 5, 0, np.float32), pl.Sigmoid(), affine(5, 3, 1, np.float32), pl.Softmax()]
        ),
    }


def rows_for(net: pl.Network, N: int, seed: int = 0) -> Array:
    """Rows that fit a network of `kinds`: bytes where it scales them."""
    generator = np.random.default_rng(seed)
    if any(isinstance(layer, pl.Scale) for layer in net.layers):
        return generator.integers(0, 256, (N, 2, 3), dtype=np.uint8)
    return generator.normal(size=(N, D)).astype(net.dtype)


def with_categories(dtype: type = np.float64) -> pl.Network:
    """Two columns of numbers around two of categories, in a network with bends and waves."""
    generator = np.random.default_rng(3)
    embedding = pl.CategoryEmbedding.draw([0, 4, 0, 6], generator, size=3, std=1, dtype=np.float64)
    mean, std = np.arange(8) / 4, np.arange(8) / 8 + 0.5
    waves = pl.PeriodicEmbedding.draw(
        [0, 1, *[0] * 6], generator, waves=3, size=2, dtype=np.float64
    )
    layers = [embedding, pl.Standardize(mean, std), pl.SmoothClip(), waves, affine(10, 6, 0)]
    rest = [pl.Tanh(), affine(6, 3, 1), pl.Softmax()]
    return pl.Network([*layers, *rest]).astype(dtype)


def some_rows(N: int) -> Array:
    """Rows for `with_categories`."""
    generator = np.random.default_rng(4)
    rows = generator.normal(size=(N, 4))
    rows[:, 1], rows[:, 3] = generator.integers(4, size=N), generator.integers(6, size=N)
    return rows
