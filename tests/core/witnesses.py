"""THE table: for every layer, loss, optimizer, schedule, function and initializer of core its
examples and its witness.

The witness is PyTorch's own function where there is one; where there is none, a composition of
PyTorch's operations, and `what` says so. `test_table` finds by introspection whatever this table
lacks. Other tests (of engines, of files, of exchange) may walk the same table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor, optim

import pellucid as pl
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from tests.core.tools import uniform_by_hand

# Layers


class LayerWitness(NamedTuple):
    """Examples of a layer, made from a generator in float64, and the same arithmetic in PyTorch."""

    what: str
    twin: Callable[[Any, Tensor, list[Tensor], Draws | None], Tensor]
    examples: list[Callable[[Generator], Layer]]
    row: tuple[int, ...] = (5,)
    alone: bool = True  # while draws, too, a row's output does not depend on the other rows


def forward_twin(
    layers: Sequence[Layer], x: Tensor, params: Sequence[Tensor], draws: Draws | None
) -> Tensor:
    """Pass x through the twins of the layers; `params` is flat, layer by layer."""
    waiting = list(params)
    for index, layer in enumerate(layers):
        own, waiting = waiting[: len(layer.params)], waiting[len(layer.params) :]
        x = LAYERS[type(layer).__name__].twin(layer, x, own, draws and draws.at(index))
    return x


def _affine(layer: Any, x: Tensor, params: list[Tensor], draws: Draws | None) -> Tensor:
    return F.linear(x, params[0].T, *params[1:])  # PyTorch keeps W transposed, (out, in)


def _normalization(kind: Any, generator: np.random.Generator, vectors: int, **options: Any) -> Any:
    return kind(*_vectors(generator, vectors), **options)


def _batch_norm(layer: Any, x: Tensor, params: list[Tensor], draws: Draws | None) -> Tensor:
    if draws is not None and len(x) == 1:  # PyTorch refuses one row: the definition, written out
        return (
            params[0] * (x - x.mean(0)) / (x.var(0, unbiased=False) + layer.epsilon).sqrt()
            + params[1]
        )
    mean, variance = torch.tensor(layer.running_mean), torch.tensor(layer.running_variance)
    gamma, beta = params
    return F.batch_norm(
        x, mean, variance, gamma, beta, draws is not None, layer.momentum, layer.epsilon
    )


def _dropout(layer: Any, x: Tensor, params: list[Tensor], draws: Draws | None) -> Tensor:
    if draws is None:
        return x
    on = uniform_by_hand(draws, *x.shape) >= layer.rate
    return x * torch.from_numpy(on) / (1 - layer.rate)


def _embedding(layer: Any, x: Tensor, params: list[Tensor], draws: Draws | None) -> Tensor:
    frequency, phase, W, b = params
    chosen = x[:, torch.tensor(layer.embedded) == 1]  # (N, E)
    waves = torch.cos(2 * math.pi * (chosen[:, :, None] * frequency[:, 0] + phase[:, 0]))
    return torch.cat([x, (torch.einsum("nef,efk->nek", waves, W) + b[:, 0]).flatten(1)], dim=1)


def _two_ways(layer: Any, x: Tensor, params: list[Tensor], draws: Draws | None) -> list[Tensor]:
    count = sum(len(inner.params) for inner in layer.layers)
    place = draws and draws.at(len(layer.layers))
    return [
        forward_twin(layer.projection, x, params[count:], place),
        forward_twin(layer.layers, x, params[:count], draws),
    ]


def _joined(layer: Any, x: Tensor, params: list[Tensor], draws: Draws | None) -> Tensor:
    size = len(params) // layer.count
    z = torch.stack(
        [
            forward_twin(member, x, params[m * size : (m + 1) * size], draws and draws.at(m))
            for m, member in enumerate(layer.members)
        ]
    )
    if layer.join == "probabilities":
        return torch.log(torch.softmax(z, dim=-1).mean(0))
    return torch.logit(torch.sigmoid(z).mean(0)) if layer.join == "sigmoids" else z.mean(0)


def _categories(layer: Any, x: Tensor, params: list[Tensor], draws: Draws | None) -> Tensor:
    begin, numbers = 0, []
    for d, size in enumerate(layer.sizes.astype(int).tolist()):
        if size:
            # Its own table for each column, as PyTorch's users have it.
            inside = (x[:, d] >= 0) & (x[:, d] < size)
            index = torch.where(inside, x[:, d].detach(), torch.zeros(())).long()
            numbers.append(F.embedding(index, params[0][begin : begin + size]))
            begin += size
    return torch.cat([x[:, torch.tensor(layer.sizes) == 0], *numbers], dim=1)


def _elementwise(
    what: str, function: Callable[[Tensor], Tensor], make: Callable[[], Layer]
) -> LayerWitness:
    return LayerWitness(
        what, lambda layer, x, params, draws: function(x), [lambda generator: make()]
    )


def _vectors(generator: Generator, count: int, H: int = 5) -> list[Array]:
    return [generator.uniform(0.5, 2.0, H) for _ in range(count)]


def _small_affine(generator: Generator, D: int, H: int) -> Layer:
    return pl.Affine(generator.normal(size=(D, H)), generator.normal(size=H))


LAYERS: dict[str, LayerWitness] = {
    "Affine": LayerWitness(
        "torch.nn.functional.linear",
        _affine,
        [
            lambda generator: _small_affine(generator, 5, 3),
            lambda generator: pl.Affine(generator.normal(size=(5, 4))),
        ],
    ),
    "Identity": _elementwise("x itself", lambda x: x, pl.Identity),
    "Sigmoid": _elementwise("torch.sigmoid", torch.sigmoid, pl.Sigmoid),
    "Tanh": _elementwise("torch.tanh", torch.tanh, pl.Tanh),
    "ReLU": _elementwise("torch.relu", torch.relu, pl.ReLU),
    "LeakyReLU": LayerWitness(
        "torch.nn.functional.leaky_relu",
        lambda layer, x, params, draws: F.leaky_relu(x, layer.negative_slope),
        [lambda generator: pl.LeakyReLU(), lambda generator: pl.LeakyReLU(0.3)],
    ),
    "GELU": LayerWitness(
        "torch.nn.functional.gelu",
        lambda layer, x, params, draws: F.gelu(x, approximate=layer.approximate),
        [lambda generator: pl.GELU(), lambda generator: pl.GELU("tanh")],
    ),
    "SiLU": _elementwise("torch.nn.functional.silu", F.silu, pl.SiLU),
    # Above its threshold PyTorch's softplus is x itself, which is off by 2e-9 at the default of 20.
    "Softplus": _elementwise("torch softplus", lambda x: F.softplus(x, threshold=700), pl.Softplus),
    "Exponential": _elementwise("torch.exp", torch.exp, pl.Exponential),
    "ELU": LayerWitness(
        "torch.nn.functional.elu",
        lambda layer, x, params, draws: F.elu(x, layer.alpha),
        [lambda generator: pl.ELU(), lambda generator: pl.ELU(0.4)],
    ),
    "SELU": _elementwise("torch.nn.functional.selu", F.selu, pl.SELU),
    "PReLU": LayerWitness(
        "torch.nn.functional.prelu",
        lambda layer, x, params, draws: F.prelu(x, *params),
        [
            lambda generator: pl.PReLU(np.array([0.3])),
            lambda generator: pl.PReLU(generator.normal(size=5)),
        ],
    ),
    "Mish": _elementwise("torch.nn.functional.mish", F.mish, pl.Mish),
    "Hardswish": _elementwise("torch.nn.functional.hardswish", F.hardswish, pl.Hardswish),
    "Softmax": _elementwise("torch.softmax", lambda x: F.softmax(x, dim=-1), pl.Softmax),
    "LogSoftmax": _elementwise(
        "torch.log_softmax", lambda x: F.log_softmax(x, dim=-1), pl.LogSoftmax
    ),
    "Flatten": LayerWitness(
        "torch.flatten",
        lambda layer, x, params, draws: torch.flatten(x, 1),
        [lambda generator: pl.Flatten()],
        row=(2, 3),
    ),
    "Scale": LayerWitness(
        "composition: x times the float32 nearest to the factor",
        lambda layer, x, params, draws: x * float(np.float32(layer.factor)),
        [lambda generator: pl.Scale(1 / 255), lambda generator: pl.Scale(-3.0)],
    ),
    "Standardize": LayerWitness(
        "composition: (x - mean) / deviation",
        lambda layer, x, params, draws: (x - torch.tensor(layer.mean)) / torch.tensor(layer.std),
        [
            lambda generator: pl.Standardize(*_vectors(generator, 2)),
            lambda generator: pl.Standardize(generator.normal(size=5), [0.0, 2.0, 0.0, 0.5, 1.0]),
        ],
    ),
    "SmoothClip": LayerWitness(
        "composition: x / sqrt(1 + (x / limit)^2)",
        lambda layer, x, params, draws: x / torch.sqrt(1 + (x / layer.limit) ** 2),
        [lambda generator: pl.SmoothClip(), lambda generator: pl.SmoothClip(0.7)],
    ),
    "CategoryEmbedding": LayerWitness(
        "torch.nn.functional.embedding of each column's part of W",
        _categories,
        [
            lambda generator: pl.CategoryEmbedding.draw(
                [0, 0, 0, 3, 4], generator, size=2, dtype=np.float64
            ),
            lambda generator: pl.CategoryEmbedding(generator.normal(size=(5, 1)), [0, 0, 0, 5, 0]),
        ],
    ),
    "PeriodicEmbedding": LayerWitness(
        "composition: x, and beside it linear layers of cos(2 pi (x f + phase))",
        _embedding,
        [
            lambda generator: pl.PeriodicEmbedding.draw(
                [1, 0, 1, 1, 0], generator, waves=4, size=2, std=0.5, dtype=np.float64
            ),
            lambda generator: pl.PeriodicEmbedding.draw(np.ones(5), generator, dtype=np.float64),
        ],
    ),
    "BatchNorm": LayerWitness(
        "torch.nn.functional.batch_norm",
        _batch_norm,
        [
            lambda generator: _normalization(pl.BatchNorm, generator, 4),
            lambda generator: _normalization(
                pl.BatchNorm, generator, 4, momentum=0.3, epsilon=1e-2
            ),
        ],
        alone=False,
    ),
    "LayerNorm": LayerWitness(
        "torch.nn.functional.layer_norm",
        lambda layer, x, params, draws: F.layer_norm(
            x, x.shape[1:], params[0], params[1], layer.epsilon
        ),
        [
            lambda generator: _normalization(pl.LayerNorm, generator, 2),
            lambda generator: _normalization(pl.LayerNorm, generator, 2, epsilon=1e-2),
        ],
    ),
    "Dropout": LayerWitness(
        "injected mask: SplitMix64 written out in Python's whole numbers",
        _dropout,
        [
            lambda generator: pl.Dropout(),
            lambda generator: pl.Dropout(0.2),
            lambda generator: pl.Dropout(0.0),
        ],
    ),
    "Residual": LayerWitness(
        "composition: x, or its projection, + the twins of its layers",
        lambda layer, x, params, draws: torch.stack(_two_ways(layer, x, params, draws)).sum(0),
        [
            lambda generator: pl.Residual(
                [_small_affine(generator, 5, 3), pl.Tanh(), _small_affine(generator, 3, 5)]
            ),
            lambda generator: pl.Residual(
                [
                    pl.Sigmoid(),
                    pl.Dropout(0.3),
                    pl.Residual([pl.Affine(generator.normal(size=(5, 5))), pl.Dropout(0.5)]),
                    _small_affine(generator, 5, 5),
                ]
            ),
            lambda generator: pl.Residual(
                [_small_affine(generator, 5, 3), pl.Tanh(), pl.Dropout(0.4)],
                projection=[pl.Dropout(0.4), _small_affine(generator, 5, 3)],
            ),
        ],
    ),
    "Concatenate": LayerWitness(
        "composition: torch.cat of x, or its projection, and the twins of its layers",
        lambda layer, x, params, draws: torch.cat(_two_ways(layer, x, params, draws), dim=1),
        [
            lambda generator: pl.Concatenate([_small_affine(generator, 5, 3), pl.Tanh()]),
            lambda generator: pl.Concatenate(
                [_small_affine(generator, 5, 2), pl.Dropout(0.3)],
                projection=[pl.Sigmoid(), _small_affine(generator, 5, 4), pl.Dropout(0.3)],
            ),
        ],
    ),
    "Members": LayerWitness(
        "composition: the mean of the twins' outputs, softmax or sigmoid of them",
        _joined,
        [
            lambda generator: pl.Members(
                [
                    [
                        _small_affine(generator, 5, 3),
                        pl.Dropout(0.3),
                        _small_affine(generator, 3, 4),
                    ]
                    for _ in range(3)
                ]
            ),
            lambda generator: pl.Members(
                [[_small_affine(generator, 5, 4)] for _ in range(2)], "probabilities"
            ),
            lambda generator: pl.Members(
                [[pl.Affine(generator.normal(size=(5, 3))), pl.Tanh()] for _ in range(2)],
                "sigmoids",
            ),
        ],
    ),
}

# Losses


class LossWitness(NamedTuple):
    """A loss in several settings, targets that it takes, and PyTorch's function of (loss, y, t,
    reduction).
    """

    what: str
    twin: Callable[[Any, Tensor, Tensor, str], Tensor]
    examples: list[Any]
    targets: list[Callable[[Generator, int, int], Array]]


def classes_of(generator: Generator, N: int, K: int) -> Array:
    return generator.integers(0, K, N)


def values_of(generator: Generator, N: int, K: int) -> Array:
    return generator.normal(size=(N, K))


def shares_of(generator: Generator, N: int, K: int) -> Array:
    return generator.uniform(size=(N, K))


def probabilities_of(generator: Generator, N: int, K: int) -> Array:
    return generator.dirichlet(np.ones(K), N)


def counts_of(generator: Generator, N: int, K: int) -> Array:
    return generator.poisson(2.0, (N, K))


def _like(y: Tensor, t: Tensor) -> Tensor:
    """Give class indices as one-hot rows, and values as they are."""
    return (F.one_hot(t, y.shape[1]) if t.ndim == 1 else t).to(y.dtype)


def _binary(loss: Any, y: Tensor, t: Tensor, reduction: str) -> Tensor:
    t = (
        _like(y, t) * (1 - loss.label_smoothing) + loss.label_smoothing / 2
    )  # PyTorch has no smoothing here
    return F.binary_cross_entropy_with_logits(y, t, reduction=reduction)


def _quantile(loss: Any, y: Tensor, t: Tensor, reduction: str) -> Tensor:
    each = torch.where(t > y, loss.q * (t - y), (1 - loss.q) * (y - t))
    return each.mean() if reduction == "mean" else each


LOSSES: dict[str, LossWitness] = {
    "CrossEntropy": LossWitness(
        "torch cross_entropy",
        lambda loss, y, t, reduction: F.cross_entropy(
            y, t, label_smoothing=loss.label_smoothing, reduction=reduction
        ),
        [pl.CrossEntropy(), pl.CrossEntropy(label_smoothing=0.1)],
        [classes_of, probabilities_of],
    ),
    "BinaryCrossEntropy": LossWitness(
        "torch binary_cross_entropy_with_logits; label smoothing is a composition",
        _binary,
        [pl.BinaryCrossEntropy(), pl.BinaryCrossEntropy(label_smoothing=0.2)],
        [classes_of, shares_of],
    ),
    "MeanSquaredError": LossWitness(
        "torch mse_loss",
        lambda loss, y, t, reduction: F.mse_loss(y, _like(y, t), reduction=reduction),
        [pl.MeanSquaredError()],
        [values_of, classes_of],
    ),
    "MeanAbsoluteError": LossWitness(
        "torch l1_loss",
        lambda loss, y, t, reduction: F.l1_loss(y, _like(y, t), reduction=reduction),
        [pl.MeanAbsoluteError()],
        [values_of, classes_of],
    ),
    "Huber": LossWitness(
        "torch huber_loss",
        lambda loss, y, t, reduction: F.huber_loss(y, t, delta=loss.delta, reduction=reduction),
        [pl.Huber(), pl.Huber(0.3), pl.Huber(2.5)],
        [values_of],
    ),
    "Poisson": LossWitness(
        "torch poisson_nll_loss",
        lambda loss, y, t, reduction: F.poisson_nll_loss(
            y, t, log_input=True, full=False, reduction=reduction
        ),
        [pl.Poisson()],
        [counts_of],
    ),
    "Quantile": LossWitness(
        "composition: q e above, (1 - q) e below",
        _quantile,
        [pl.Quantile(), pl.Quantile(0.9)],
        [values_of],
    ),
}

# Optimizers


class OptimizerWitness(NamedTuple):
    """PyTorch's optimizer, our settings with those of PyTorch that mean the same, and which decay
    is PyTorch's own.
    """

    twin: type[optim.Optimizer]
    examples: list[tuple[dict[str, Any], dict[str, Any]]]
    native_decay: str = "l2"


_ADAM = [
    ({}, {}),
    (
        {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3},
    ),
]

OPTIMIZERS: dict[str, OptimizerWitness] = {
    "SGD": OptimizerWitness(
        optim.SGD,
        [
            ({}, {"lr": 0.1}),
            ({"learning_rate": 0.05, "momentum": 0.9}, {"lr": 0.05, "momentum": 0.9}),
            (
                {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
                {"lr": 0.05, "momentum": 0.8, "nesterov": True},
            ),
        ],
    ),
    "Adam": OptimizerWitness(optim.Adam, _ADAM),
    "AdamW": OptimizerWitness(optim.AdamW, _ADAM, native_decay="weight_decay"),
    "RMSprop": OptimizerWitness(
        optim.RMSprop,
        [
            ({}, {}),
            (
                {"learning_rate": 0.02, "decay": 0.9, "epsilon": 1e-3},
                {"lr": 0.02, "alpha": 0.9, "eps": 1e-3},
            ),
        ],
    ),
    "Adagrad": OptimizerWitness(
        optim.Adagrad,
        [({}, {}), ({"learning_rate": 0.1, "epsilon": 1e-3}, {"lr": 0.1, "eps": 1e-3})],
    ),
}

COMMON: list[dict[str, Any]] = [
    {},
    {"weight_decay": 0.1},
    {"l1": 0.05},
    {"l2": 0.05},
    {"clip_norm": 2.0},
    {"clip_value": 0.3},
    {"max_norm": 0.9},
    {"ema": 0.9},
    {
        "weight_decay": 0.1,
        "l1": 0.02,
        "l2": 0.03,
        "clip_norm": 1.0,
        "clip_value": 0.4,
        "max_norm": 1.1,
        "ema": 0.8,
    },
]
"""Settings that every optimizer has; all of them are tried with every example above."""

# Functions: PyTorch's twin for each setting.

FUNCTIONS: dict[str, list[tuple[dict[str, Any], Callable[[Tensor], Tensor]]]] = {
    "identity": [({}, lambda x: x)],
    "sigmoid": [({}, torch.sigmoid)],
    "tanh": [({}, torch.tanh)],
    "relu": [({}, torch.relu)],
    "leaky_relu": [({}, F.leaky_relu), ({"slope": 0.3}, lambda x: F.leaky_relu(x, 0.3))],
    "gelu": [({}, F.gelu), ({"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh"))],
    "gelu_tanh_argument": [({}, lambda x: math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))],
    "gelu_tanh_slope": [({}, lambda x: math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2))],
    "normal_cumulative": [({}, torch.special.ndtr)],
    "normal_density": [({}, lambda x: torch.distributions.Normal(0.0, 1.0).log_prob(x).exp())],
    "silu": [({}, F.silu)],
    "softplus": [({}, lambda x: F.softplus(x, threshold=700))],
    "exponential": [({}, torch.exp)],
    "cosine": [({}, lambda x: torch.cos(2 * math.pi * x))],
    "softmax": [({}, lambda x: F.softmax(x, dim=-1))],
    "log_softmax": [({}, lambda x: F.log_softmax(x, dim=-1))],
    "erfc": [({}, torch.special.erfc)],
}

# Initializers: how PyTorch fills a weight (H, D), the deviation that the papers give, and whether
# biases are drawn too.


class InitializerWitness(NamedTuple):
    """`uniform` says that the draw has hard bounds, sqrt(3) deviations from 0."""

    fill: Callable[[Tensor], Any]
    deviation: Callable[[int, int], float]
    uniform: bool
    draws_biases: bool = False


INITIALIZERS: dict[str, InitializerWitness] = {
    "glorot_uniform": InitializerWitness(
        torch.nn.init.xavier_uniform_, lambda D, H: math.sqrt(2 / (D + H)), True
    ),
    "glorot_normal": InitializerWitness(
        torch.nn.init.xavier_normal_, lambda D, H: math.sqrt(2 / (D + H)), False
    ),
    "he_uniform": InitializerWitness(
        lambda W: torch.nn.init.kaiming_uniform_(W, nonlinearity="relu"),
        lambda D, H: math.sqrt(2 / D),
        True,
    ),
    "he_normal": InitializerWitness(
        lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="relu"),
        lambda D, H: math.sqrt(2 / D),
        False,
    ),
    "lecun_uniform": InitializerWitness(
        lambda W: torch.nn.init.kaiming_uniform_(W, nonlinearity="linear"),
        lambda D, H: math.sqrt(1 / D),
        True,
    ),
    "lecun_normal": InitializerWitness(
        lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="linear"),
        lambda D, H: math.sqrt(1 / D),
        False,
    ),
    "pytorch": InitializerWitness(
        lambda W: torch.nn.init.kaiming_uniform_(W, a=math.sqrt(5)),
        lambda D, H: math.sqrt(1 / (3 * D)),
        True,
        True,
    ),
    "orthogonal": InitializerWitness(
        torch.nn.init.orthogonal_, lambda D, H: math.sqrt(1 / max(D, H)), False
    ),
    "standard_normal": InitializerWitness(torch.nn.init.normal_, lambda D, H: 1.0, False, True),
}
