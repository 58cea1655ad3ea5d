"""PyTorch modules as people write them: ordinary, odd and nasty, for the tests of `from_torch`.

`DENSE` are modules that compute each row by itself with layers that pellucid has; `REFUSED` are
others, each with words that the error must contain. Weights are random and the same every time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

Forward = Callable[[Any, torch.Tensor], Any]
Maker = Callable[[], nn.Module]


class Own(nn.Module):
    """A class of the user's own: parts as attributes, and a function as its forward method."""

    def __init__(self, function: Forward, **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


def own(function: Forward, **parts: Callable[[], Any]) -> Maker:
    """Return what makes the module; parts are made anew each time."""
    return lambda: Own(function, **{name: make() for name, make in parts.items()})


def linear(D: int, H: int, bias: bool = True) -> Callable[[], nn.Linear]:
    return lambda: nn.Linear(D, H, bias)


def weights(*shape: int) -> Callable[[], nn.Parameter]:
    return lambda: nn.Parameter(torch.randn(*shape) / 2)


def constant(*shape: int) -> Callable[[], torch.Tensor]:
    return lambda: torch.randn(*shape).abs() + 0.5


class Buffered(nn.Module):
    """Standardizes by buffers, as many do with data."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, D: int = 4) -> None:
        super().__init__()
        self.register_buffer("mean", torch.randn(D))
        self.register_buffer("std", torch.rand(D) + 0.5)
        self.fc = nn.Linear(D, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.fc((x - self.mean) / self.std)
        return y


class Seed(nn.Module):
    """The network of the second seed."""

    def __init__(self, input_size: int = 2, hidden_size: int = 4, output_size: int = 3) -> None:
        super().__init__()
        self.layer1 = nn.Linear(in_features=input_size, out_features=hidden_size)
        self.sigmoid = nn.Sigmoid()
        self.layer2 = nn.Linear(in_features=hidden_size, out_features=output_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer1(x)
        x = self.sigmoid(x)
        x = self.layer2(x)
        return x  # noqa: RET504


class Mnist(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 32)
        self.fc2 = nn.Linear(32, 16)
        self.fc3 = nn.Linear(16, 10)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.view(-1, 28 * 28)
        x = self.dropout(F.relu(self.fc1(x)))
        x = self.dropout(F.relu(self.fc2(x)))
        y: torch.Tensor = self.fc3(x)
        return y


class Block(nn.Module):
    def __init__(self, D: int, H: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(D)
        self.up = nn.Linear(D, H)
        self.down = nn.Linear(H, D)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.down(F.gelu(self.up(self.norm(x))))
        return y


class Residuals(nn.Module):
    def __init__(self, depth: int = 3) -> None:
        super().__init__()
        self.first = nn.Linear(5, 8)
        self.blocks = nn.ModuleList(Block(8, 16) for _ in range(depth))
        self.last = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        y: torch.Tensor = self.last(x)
        return y


class Configured(nn.Module):
    """Builds itself from a list of widths, with options."""

    def __init__(self, widths: list[int], batch_norm: bool = True, dropout: float = 0.1) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths[:-1]))
        self.norms = nn.ModuleList(nn.BatchNorm1d(b) for b in widths[1:-1]) if batch_norm else None
        self.dropout = dropout
        self.head = nn.Linear(widths[-2], widths[-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for index, layer in enumerate(self.hidden):
            x = layer(x)
            if self.norms is not None:
                x = self.norms[index](x)
            x = F.dropout(F.leaky_relu(x, 0.2), self.dropout, training=self.training)
        y: torch.Tensor = self.head(x)
        return y


class Swish(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(x)


class Tied(nn.Module):
    """An autoencoder whose decoder is the encoder transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(6, 3)
        self.bias = nn.Parameter(torch.randn(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(torch.tanh(self.encoder(x)), self.encoder.weight.t(), self.bias)


def trained_batch_norm(D: int) -> nn.BatchNorm1d:
    module = nn.BatchNorm1d(D)
    module.train()(torch.randn(50, D) * 2 + 1)
    return module


def compiled() -> nn.Module:
    module: nn.Module = torch.compile(Seed(), backend="eager")  # type: ignore[assignment]
    return module


def half() -> nn.Module:
    return Seed().half()


def weight_normed() -> nn.Module:
    return Own(
        lambda s, x: s.b(F.relu(s.a(x))),
        a=parametrizations.weight_norm(nn.Linear(4, 6)),
        b=nn.Linear(6, 2),
    )


def spectral() -> nn.Module:
    return Own(
        lambda s, x: s.b(F.relu(s.a(x))),
        a=parametrizations.spectral_norm(nn.Linear(4, 6)),
        b=nn.Linear(6, 2),
    )


def pruned() -> nn.Module:
    module = Seed(4, 6, 2)
    prune.l1_unstructured(module.layer1, "weight", amount=0.3)
    return module


def hooked() -> nn.Module:
    module = Seed(4, 6, 2)
    module.layer1.register_forward_hook(lambda module, x, y: y * 2)
    return module


def frozen_first() -> nn.Module:
    module = Seed(4, 6, 2)
    module.layer1.requires_grad_(False)
    return module


def shallow_list(s: Any, x: torch.Tensor) -> torch.Tensor:
    for layer in s.layers[:-1]:
        x = torch.relu(layer(x))
    y: torch.Tensor = s.layers[-1](x)
    return y


def checks_shape(s: Any, x: torch.Tensor) -> torch.Tensor:
    if x.dim() > 2:
        x = x.flatten(1)
    if x.shape[1] != s.a.in_features:
        raise ValueError(f"expected {s.a.in_features} features, got {x.shape[1]}")
    assert x.size(-1) == 4, "width"
    y: torch.Tensor = s.b(s.a(x).relu())
    return y


def by_name(s: Any, x: torch.Tensor) -> torch.Tensor:
    for name in ("in", "mid", "out"):
        x = s.layers[name](x)
        if name != "out":
            x = s.acts["tanh"](x)
    return x


def in_place_sum(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    h += s.bias
    h *= 0.5
    y: torch.Tensor = s.b(h.relu_())
    return y


def with_statistics(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    s.log = h.std(0)  # nothing uses it
    y: torch.Tensor = s.b(h.relu())
    return y


def with_no_grad(s: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        h = s.a(x)
    y: torch.Tensor = s.b(h.tanh())
    return y


def layer_norm_by_hand(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    mean = h.mean(-1, keepdim=True)
    variance = h.var(-1, keepdim=True, unbiased=False)
    y: torch.Tensor = s.b((h - mean) / torch.sqrt(variance + 1e-5))
    return y


def softmax_by_hand(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    e = torch.exp(h - h.max(dim=1, keepdim=True)[0])
    return e / e.sum(dim=1, keepdim=True)


def unpacked_grey(s: Any, x: torch.Tensor) -> torch.Tensor:
    n, h, w = x.shape
    y: torch.Tensor = s.a(x.reshape(n, h * w))
    return y


def unpacked_colour(s: Any, x: torch.Tensor) -> torch.Tensor:
    n, c, h, w = x.shape
    y: torch.Tensor = s.a(x.reshape(n, c * h * w))
    return y


ACTIVATIONS = ("relu", "sigmoid", "tanh", "gelu", "silu", "softplus", "leaky_relu")

DENSE: dict[str, Maker] = {
    "the seed's NN_torch": Seed,
    "compiled": compiled,
    "MNIST class": Mnist,
    "residual blocks": Residuals,
    "widths and batch norm": lambda: Configured([5, 8, 6, 3]),
    "widths without norm": lambda: Configured([5, 8, 3], batch_norm=False, dropout=0.0),
    "buffers": Buffered,
    "half precision": half,
    "double": lambda: Seed().double(),
    "tied autoencoder": Tied,
    "weight norm": weight_normed,
    "spectral norm": spectral,
    "pruned": pruned,
    "a hook that doubles": hooked,
    "a frozen layer": frozen_first,
    **{
        f"F.{name}": own(
            lambda s, x, name=name: s.b(getattr(F, name)(s.a(x))),  # type: ignore[misc]
            a=linear(4, 6),
            b=linear(6, 2),
        )
        for name in ACTIVATIONS
    },
    **{
        f"nn.{kind.__name__} reused": own(
            lambda s, x: s.c(s.act(s.b(s.act(s.a(x))))),
            a=linear(4, 6),
            b=linear(6, 6),
            c=linear(6, 2),
            act=kind,
        )
        for kind in (nn.ReLU, nn.Sigmoid, nn.Tanh, nn.GELU, nn.SiLU, nn.Softplus, nn.LeakyReLU)
    },
    **{
        f"F.{name} later": own(
            lambda s, x, name=name: s.b(getattr(F, name)(s.a(x))),  # type: ignore[misc]
            a=linear(4, 6),
            b=linear(6, 2),
        )
        for name in ("elu", "selu", "mish", "hardswish")
    },
    "F.elu with alpha": own(lambda s, x: s.b(F.elu(s.a(x), 0.5)), a=linear(4, 6), b=linear(6, 2)),
    "PReLU": own(lambda s, x: s.b(s.p(s.a(x))), a=linear(4, 6), b=linear(6, 2), p=nn.PReLU),
    "PReLU for each column": own(
        lambda s, x: s.b(s.p(s.a(x))), a=linear(4, 6), b=linear(6, 2), p=lambda: nn.PReLU(6)
    ),
    "F.prelu": own(
        lambda s, x: s.b(F.prelu(s.a(x), s.w)), a=linear(4, 6), b=linear(6, 2), w=weights(6)
    ),
    "F.log_softmax": own(lambda s, x: F.log_softmax(s.a(x), dim=1), a=linear(4, 3)),
    "nn.LogSoftmax": own(
        lambda s, x: s.ls(s.a(x)), a=linear(4, 3), ls=lambda: nn.LogSoftmax(dim=-1)
    ),
    "x.log_softmax": own(lambda s, x: s.a(x).log_softmax(-1), a=linear(4, 3)),
    "torch.relu": own(lambda s, x: s.b(torch.relu(s.a(x))), a=linear(4, 6), b=linear(6, 2)),
    "x.relu()": own(lambda s, x: s.b(s.a(x).relu()), a=linear(4, 6), b=linear(6, 2)),
    "x.sigmoid()": own(lambda s, x: s.b(s.a(x).sigmoid()), a=linear(4, 6), b=linear(6, 2)),
    "x.tanh()": own(lambda s, x: s.b(s.a(x).tanh()), a=linear(4, 6), b=linear(6, 2)),
    "F.tanh, F.sigmoid": own(
        lambda s, x: F.sigmoid(s.b(F.tanh(s.a(x)))), a=linear(4, 6), b=linear(6, 2)
    ),
    "F.softmax": own(lambda s, x: F.softmax(s.a(x), dim=1), a=linear(4, 3)),
    "F.softmax -1": own(lambda s, x: F.softmax(s.a(x), -1), a=linear(4, 3)),
    "x.softmax(1)": own(lambda s, x: s.a(x).softmax(1), a=linear(4, 3)),
    "torch.softmax": own(lambda s, x: torch.softmax(s.a(x), dim=-1), a=linear(4, 3)),
    "nn.Softmax": own(lambda s, x: s.sm(s.a(x)), a=linear(4, 3), sm=lambda: nn.Softmax(dim=1)),
    "GELU tanh": own(lambda s, x: F.gelu(s.a(x), approximate="tanh"), a=linear(4, 3)),
    "LeakyReLU 0.3": own(lambda s, x: F.leaky_relu(s.a(x), 0.3), a=linear(4, 3)),
    "leaky by name": own(lambda s, x: F.leaky_relu(s.a(x), negative_slope=0.05), a=linear(4, 3)),
    "ReLU in place": own(
        lambda s, x: s.b(s.r(s.a(x))), a=linear(4, 6), b=linear(6, 2), r=lambda: nn.ReLU(True)
    ),
    "F.relu in place": own(
        lambda s, x: s.b(F.relu(s.a(x), inplace=True)), a=linear(4, 6), b=linear(6, 2)
    ),
    "torch.relu_": own(lambda s, x: s.b(torch.relu_(s.a(x))), a=linear(4, 6), b=linear(6, 2)),
    "tanh_ and sigmoid_": own(
        lambda s, x: s.b(s.a(x).tanh_()).sigmoid_(), a=linear(4, 6), b=linear(6, 2)
    ),
    "+= and *=": own(in_place_sum, a=linear(4, 6), b=linear(6, 2), bias=weights(6)),
    "view(-1, 784)": own(lambda s, x: s.a(x.view(-1, 784)), a=linear(784, 10)),
    "view(size(0), -1)": own(lambda s, x: s.a(x.view(x.size(0), -1)), a=linear(49, 10)),
    "view(shape[0], -1)": own(lambda s, x: s.a(x.view(x.shape[0], -1)), a=linear(49, 10)),
    "view(len(x), -1)": own(lambda s, x: s.a(x.view(len(x), -1)), a=linear(9, 4)),
    "reshape": own(lambda s, x: s.a(x.reshape(-1, 784)), a=linear(784, 10)),
    "flatten(1)": own(lambda s, x: s.a(torch.flatten(x, 1)), a=linear(784, 10)),
    "flatten start_dim": own(lambda s, x: s.a(x.flatten(start_dim=1)), a=linear(784, 10)),
    "nn.Flatten": own(lambda s, x: s.a(s.f(x)), a=linear(784, 10), f=nn.Flatten),
    "unpacks an image": own(
        lambda s, x: s.a(x.view(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3])),
        a=linear(784, 10),
    ),
    "unpacks three axes": own(unpacked_grey, a=linear(64, 10)),
    "colour images": own(unpacked_colour, a=linear(48, 10)),
    "output as an image": own(
        lambda s, x: s.b(torch.relu(s.a(x.flatten(1)))).view(-1, 1, 4, 4),
        a=linear(16, 6),
        b=linear(6, 16),
    ),
    "reshaped between": own(
        lambda s, x: s.b(torch.relu(s.a(x).view(-1, 2, 3)).view(-1, 6)),
        a=linear(4, 6),
        b=linear(6, 2),
    ),
    "unsqueeze and squeeze": own(
        lambda s, x: s.b(s.a(x).unsqueeze(1).relu().squeeze(1)), a=linear(4, 6), b=linear(6, 2)
    ),
    "x[:, None]": own(
        lambda s, x: s.b(s.a(x)[:, None].relu()[:, 0]), a=linear(4, 6), b=linear(6, 2)
    ),
    "view_as": own(lambda s, x: s.b(s.a(x)).view_as(x), a=linear(4, 6), b=linear(6, 4)),
    "squeeze(-1)": own(
        lambda s, x: s.b(torch.relu(s.a(x))).squeeze(-1), a=linear(4, 6), b=linear(6, 1)
    ),
    "squeeze()": own(
        lambda s, x: s.b(torch.relu(s.a(x))).squeeze(), a=linear(4, 6), b=linear(6, 1)
    ),
    "flatten()": own(
        lambda s, x: s.b(torch.relu(s.a(x))).flatten(), a=linear(4, 6), b=linear(6, 1)
    ),
    "view(-1)": own(lambda s, x: s.b(torch.relu(s.a(x))).view(-1), a=linear(4, 6), b=linear(6, 1)),
    "[:, 0]": own(lambda s, x: s.b(torch.relu(s.a(x)))[:, 0], a=linear(4, 6), b=linear(6, 1)),
    "sigmoid of squeeze": own(
        lambda s, x: torch.sigmoid(s.b(torch.relu(s.a(x))).squeeze(1)),
        a=linear(4, 6),
        b=linear(6, 1),
    ),
    "checks shapes": own(checks_shape, a=linear(4, 6), b=linear(6, 2)),
    "ModuleList": own(
        shallow_list,
        layers=lambda: nn.ModuleList([nn.Linear(4, 6), nn.Linear(6, 5), nn.Linear(5, 2)]),
    ),
    "ModuleDict": own(
        by_name,
        layers=lambda: nn.ModuleDict(
            {"in": nn.Linear(4, 6), "mid": nn.Linear(6, 6), "out": nn.Linear(6, 2)}
        ),
        acts=lambda: nn.ModuleDict({"tanh": nn.Tanh()}),
    ),
    "Sequential inside": own(
        lambda s, x: s.head(s.body(x)),
        body=lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.2)),
        head=linear(6, 2),
    ),
    "a class inside a Sequential": lambda: nn.Sequential(
        nn.Linear(4, 6), Swish(), Block(6, 8), nn.Linear(6, 2)
    ),
    "Sequentials nested": lambda: nn.Sequential(
        nn.Sequential(nn.Linear(4, 6), Swish()), nn.Sequential(Block(6, 8), nn.Linear(6, 2))
    ),
    "an attribute that is a function": own(
        lambda s, x: s.b(s.act(s.a(x))), a=linear(4, 6), b=linear(6, 2), act=lambda: torch.tanh
    ),
    "a lambda": own(
        lambda s, x: s.b(s.act(s.a(x))),
        a=linear(4, 6),
        b=linear(6, 2),
        act=lambda: lambda z: z.relu(),
    ),
    "residual": own(lambda s, x: s.b(x + torch.relu(s.a(x))), a=linear(4, 4), b=linear(4, 2)),
    "residual the other way": own(
        lambda s, x: s.b(torch.relu(s.a(x)) + x), a=linear(4, 4), b=linear(4, 2)
    ),
    "residual, torch.add": own(
        lambda s, x: s.b(torch.add(x, torch.relu(s.a(x)))), a=linear(4, 4), b=linear(4, 2)
    ),
    "residual minus": own(lambda s, x: s.b(x - torch.relu(s.a(x))), a=linear(4, 4), b=linear(4, 2)),
    "residual scaled": own(
        lambda s, x: s.b(x + 0.1 * torch.relu(s.a(x))), a=linear(4, 4), b=linear(4, 2)
    ),
    "residual alpha": own(
        lambda s, x: s.b(torch.add(x, torch.relu(s.a(x)), alpha=0.5)),
        a=linear(4, 4),
        b=linear(4, 2),
    ),
    "residual with a scale of each column": own(
        lambda s, x: s.b(x + s.gamma * torch.relu(s.a(x))),
        a=linear(4, 4),
        b=linear(4, 2),
        gamma=weights(4),
    ),
    "residual in place": own(
        lambda s, x: s.b((lambda h: h.add_(s.a(h).relu()))(s.c(x))),
        a=linear(4, 4),
        b=linear(4, 2),
        c=linear(4, 4),
    ),
    "residuals within residuals": own(
        lambda s, x: (
            x + s.a(x + torch.tanh(s.b(x)))
            if False
            else (lambda h: h + s.b(h + torch.tanh(s.a(h))))(x)
        ),
        a=linear(4, 4),
        b=linear(4, 4),
    ),
    "x + x": own(lambda s, x: s.a(x + x), a=linear(4, 2)),
    "2 x": own(lambda s, x: s.a(2 * x), a=linear(4, 2)),
    "x / 255": own(lambda s, x: s.a(x / 255), a=linear(4, 2)),
    "x.float() / 255": own(lambda s, x: s.a(x.float().flatten(1) / 255.0), a=linear(49, 10)),
    "x * 2 - 1": own(lambda s, x: s.a(x * 2 - 1), a=linear(4, 2)),
    "1 - x": own(lambda s, x: s.a(1 - x), a=linear(4, 2)),
    "-x": own(lambda s, x: s.a(-x), a=linear(4, 2)),
    "(x - 0.1307) / 0.3081": own(lambda s, x: s.a((x - 0.1307) / 0.3081), a=linear(4, 2)),
    "a temperature": own(lambda s, x: torch.softmax(s.a(x) / 1.7, 1), a=linear(4, 3)),
    "a plain tensor as an attribute": own(lambda s, x: s.a(x * s.c), a=linear(4, 2), c=constant(4)),
    "mean and std as attributes": own(
        lambda s, x: s.a((x - s.m) / s.s), a=linear(4, 2), m=constant(4), s=constant(4)
    ),
    "a tensor made in forward": own(
        lambda s, x: s.a(x * torch.tensor([1.0, 2.0, 3.0, 4.0])), a=linear(4, 2)
    ),
    "zeros_like": own(lambda s, x: s.a(torch.maximum(x, torch.zeros_like(x))), a=linear(4, 2)),
    "ones_like": own(lambda s, x: s.a(x) + torch.ones_like(x), a=linear(4, 4)),
    "x @ W": own(lambda s, x: x @ s.W, W=weights(4, 3)),
    "x @ W + b": own(lambda s, x: x @ s.W + s.b, W=weights(4, 3), b=weights(3)),
    "torch.matmul": own(
        lambda s, x: torch.sigmoid(torch.matmul(x, s.W) + s.b), W=weights(4, 3), b=weights(3)
    ),
    "torch.mm": own(lambda s, x: torch.mm(x, s.W), W=weights(4, 3)),
    "x.mm": own(lambda s, x: x.mm(s.W).add(s.b), W=weights(4, 3), b=weights(3)),
    "x @ W.T": own(lambda s, x: x @ s.W.T + s.b, W=weights(3, 4), b=weights(3)),
    "addmm": own(lambda s, x: torch.addmm(s.b, x, s.W), W=weights(4, 3), b=weights(3)),
    "addmm alpha beta": own(
        lambda s, x: torch.addmm(s.b, x, s.W, beta=0.5, alpha=2), W=weights(4, 3), b=weights(3)
    ),
    "(W @ x.T).T": own(lambda s, x: (s.W @ x.T).T, W=weights(3, 4)),
    "W transposed": own(
        lambda s, x: torch.relu((s.W @ x.t()).t()) @ s.V, W=weights(3, 4), V=weights(3, 2)
    ),
    "x @ w": own(lambda s, x: torch.relu(s.a(x)) @ s.w, a=linear(4, 3), w=weights(3)),
    "einsum": own(lambda s, x: torch.einsum("nd,hd->nh", x, s.W), W=weights(3, 4)),
    "einsum turned": own(lambda s, x: torch.einsum("dh,nd->nh", s.W, x).relu(), W=weights(4, 3)),
    "F.linear": own(lambda s, x: F.linear(x, s.W, s.b), W=weights(3, 4), b=weights(3)),
    "F.linear without bias": own(lambda s, x: F.linear(x, s.W), W=weights(3, 4)),
    "masked weights": own(
        lambda s, x: F.linear(x, s.W * (s.W.abs() > 0.3), s.b), W=weights(3, 4), b=weights(3)
    ),
    "positive weights": own(
        lambda s, x: F.linear(x, F.softplus(s.W), s.b), W=weights(3, 4), b=weights(3)
    ),
    "low rank": own(lambda s, x: F.linear(x, s.U @ s.V), U=weights(5, 2), V=weights(2, 4)),
    "ParameterList": own(
        lambda s, x: torch.relu(x @ s.p[0] + s.p[1]) @ s.p[2],
        p=lambda: nn.ParameterList([torch.randn(4, 5), torch.randn(5), torch.randn(5, 2)]),
    ),
    "bias of its own": own(lambda s, x: s.a(x) + s.bias, a=linear(4, 3, False), bias=weights(3)),
    "bias of shape (1, H)": own(lambda s, x: s.a(x) + s.bias, a=linear(4, 3), bias=weights(1, 3)),
    "scale and shift": own(
        lambda s, x: s.a(x) * s.g + s.h, a=linear(4, 3), g=weights(3), h=weights(3)
    ),
    "a learned temperature": own(lambda s, x: s.a(x) * s.t.exp(), a=linear(4, 3), t=weights(1)),
    "BatchNorm": own(
        lambda s, x: s.b(F.relu(s.bn(s.a(x)))),
        a=linear(4, 6),
        bn=lambda: trained_batch_norm(6),
        b=linear(6, 2),
    ),
    "BatchNorm first": own(
        lambda s, x: s.a(s.bn(x)), a=linear(4, 6), bn=lambda: trained_batch_norm(4)
    ),
    "F.batch_norm": own(
        lambda s, x: F.batch_norm(s.a(x), s.m, s.v, s.w, s.h, training=s.training),
        a=linear(4, 6),
        m=constant(6),
        v=constant(6),
        w=weights(6),
        h=weights(6),
    ),
    "LayerNorm": own(
        lambda s, x: s.b(F.relu(s.n(s.a(x)))),
        a=linear(4, 6),
        n=lambda: nn.LayerNorm(6),
        b=linear(6, 2),
    ),
    "F.layer_norm": own(
        lambda s, x: F.layer_norm(s.a(x), (6,), s.w, s.h, 1e-3),
        a=linear(4, 6),
        w=weights(6),
        h=weights(6),
    ),
    "F.layer_norm plain": own(lambda s, x: F.layer_norm(s.a(x), [6]), a=linear(4, 6)),
    "LayerNorm by hand": own(layer_norm_by_hand, a=linear(4, 6), b=linear(6, 2)),
    "softmax by hand": own(softmax_by_hand, a=linear(4, 6)),
    "sigmoid by hand": own(lambda s, x: 1 / (1 + torch.exp(-s.a(x))), a=linear(4, 6)),
    "swish by hand": own(
        lambda s, x: s.b((lambda h: h * torch.sigmoid(h))(s.a(x))), a=linear(4, 6), b=linear(6, 2)
    ),
    "GELU by hand": own(
        lambda s, x: (lambda h: 0.5 * h * (1 + torch.erf(h / 2**0.5)))(s.a(x)), a=linear(4, 6)
    ),
    "GELU tanh by hand": own(
        lambda s, x: (
            lambda h: 0.5 * h * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (h + 0.044715 * h**3)))
        )(s.a(x)),
        a=linear(4, 6),
    ),
    "softplus by hand": own(lambda s, x: torch.log(1 + torch.exp(s.a(x) * 0.01)), a=linear(4, 6)),
    "clamp(min=0)": own(lambda s, x: s.b(s.a(x).clamp(min=0)), a=linear(4, 6), b=linear(6, 2)),
    "torch.clamp": own(lambda s, x: s.b(torch.clamp(s.a(x), 0)), a=linear(4, 6), b=linear(6, 2)),
    "clamp_min": own(lambda s, x: s.b(s.a(x).clamp_min(0)), a=linear(4, 6), b=linear(6, 2)),
    "where": own(lambda s, x: (lambda h: torch.where(h > 0, h, 0.1 * h))(s.a(x)), a=linear(4, 6)),
    "max with zero": own(lambda s, x: torch.max(s.a(x), torch.zeros(1)), a=linear(4, 6)),
    "exp at the end": own(lambda s, x: torch.exp(s.a(x)), a=linear(4, 2)),
    "x.exp()": own(lambda s, x: s.a(x).exp(), a=linear(4, 2)),
    "dropout by function": own(
        lambda s, x: s.b(F.dropout(torch.relu(s.a(x)), p=0.3, training=s.training)),
        a=linear(4, 6),
        b=linear(6, 2),
    ),
    "dropout by place": own(
        lambda s, x: s.b(F.dropout(s.a(x), 0.3, s.training)), a=linear(4, 6), b=linear(6, 2)
    ),
    "training branch": own(
        lambda s, x: s.b(s.a(x) + torch.randn(6) if s.training else s.a(x)),
        a=linear(4, 6),
        b=linear(6, 2),
    ),
    "AlphaDropout": own(
        lambda s, x: s.b(s.d(s.a(x))), a=linear(4, 6), b=linear(6, 2), d=nn.AlphaDropout
    ),
    "detach and clone": own(
        lambda s, x: s.b(s.a(x.clone()).detach().contiguous().relu()),
        a=linear(4, 6),
        b=linear(6, 2),
    ),
    "no_grad": own(with_no_grad, a=linear(4, 6), b=linear(6, 2)),
    "to(device)": own(lambda s, x: s.a(x.to(s.a.weight.device)), a=linear(4, 2)),
    "to(dtype)": own(lambda s, x: s.a(x.to(torch.float32)), a=linear(4, 2)),
    "type_as": own(lambda s, x: s.a(x.type_as(s.a.weight)), a=linear(4, 2)),
    "first columns": own(lambda s, x: s.a(s.c(x)[:, :3]), c=linear(4, 6), a=linear(3, 2)),
    "permuted columns": own(lambda s, x: s.a(s.c(x)[:, [2, 0, 1]]), c=linear(4, 3), a=linear(3, 2)),
    "flipped": own(lambda s, x: s.a(s.c(x).flip(1)), c=linear(4, 3), a=linear(3, 2)),
    "rolled": own(lambda s, x: s.a(torch.roll(s.c(x), 1, dims=1)), c=linear(4, 3), a=linear(3, 2)),
    "one of two chunks": own(
        lambda s, x: s.a(s.c(x).chunk(2, dim=1)[1]), c=linear(4, 6), a=linear(3, 2)
    ),
    "mean of a VAE": own(
        lambda s, x: s.d(torch.split(s.e(x), 3, dim=1)[0]), e=linear(4, 6), d=linear(3, 2)
    ),
    "channels last": own(
        lambda s, x: s.a(s.c(x).view(-1, 2, 3).permute(0, 2, 1).reshape(-1, 6)),
        c=linear(4, 6),
        a=linear(6, 2),
    ),
    "doubled columns": own(
        lambda s, x: s.a(torch.cat([s.c(x)] * 1, 1).repeat(1, 2)), c=linear(4, 3), a=linear(6, 2)
    ),
    "index_select": own(
        lambda s, x: s.a(torch.index_select(s.c(x), 1, torch.tensor([0, 2]))),
        c=linear(4, 3),
        a=linear(2, 2),
    ),
    "same layer twice": own(lambda s, x: s.b(s.a(s.a(x).relu())), a=linear(4, 4), b=linear(4, 2)),
    "Identity": own(lambda s, x: s.i(s.a(x)), a=linear(4, 2), i=nn.Identity),
    "no weights": own(lambda s, x: torch.tanh(x)),
    "returns its input": own(lambda s, x: x),
    "default arguments": own(lambda s, x, scale=0.5: s.a(x) * scale, a=linear(4, 2)),  # type: ignore[misc]
    "try and except": own(lambda s, x: s.a(x) if hasattr(s, "a") else x, a=linear(4, 2)),
    "one layer": own(lambda s, x: s.a(x), a=linear(4, 2)),
    "wide": own(lambda s, x: s.b(F.relu(s.a(x))), a=linear(300, 200), b=linear(200, 3)),
    "deep": own(
        lambda s, x: s.layers(x),
        layers=lambda: nn.Sequential(*[m for _ in range(12) for m in (nn.Linear(5, 5), Swish())]),
    ),
    "widths registered the other way round": own(
        lambda s, x: s.z(torch.relu(s.y(torch.relu(s.a(x))))),
        z=linear(3, 2),
        y=linear(7, 3),
        a=linear(11, 7),
    ),
    "two widths that run, one that keeps rows": own(
        lambda s, x: s.b(x.view(-1, 8)), unused=linear(16, 4), b=linear(8, 3)
    ),
    "a mask of its own": own(
        lambda s, x: s.b((lambda h: h * (h > 0))(s.a(x))), a=linear(4, 6), b=linear(6, 2)
    ),
    "an operator of ATen in place": own(
        lambda s, x: s.b((lambda h: torch.ops.aten.relu_(h))(s.a(x))),
        a=linear(4, 6),
        b=linear(6, 2),
    ),
    "checkpoint": own(
        lambda s, x: s.b(checkpoint(lambda z: s.a(z).relu(), x, use_reentrant=False)),
        a=linear(4, 6),
        b=linear(6, 2),
    ),
    "statistics for a log": own(with_statistics, a=linear(4, 6), b=linear(6, 2)),
    "autograd.Function": own(
        lambda s, x: s.b(Clamp.apply(s.a(x))),  # type: ignore[no-untyped-call]
        a=linear(4, 6),
        b=linear(6, 2),
    ),
    "one input": own(lambda s, x: s.b(torch.tanh(s.a(x))), a=linear(1, 6), b=linear(6, 1)),
}
"""Modules that come in, with the same outputs."""


class Clamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, dy: torch.Tensor) -> torch.Tensor:
        return dy


class Counting(nn.Module):
    """Counts its calls in a buffer."""

    count: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.register_buffer("count", torch.zeros(1))
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        y: torch.Tensor = self.fc(x)
        return y


class Warmup(Counting):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        y: torch.Tensor = self.fc(x) * min(1.0, self.calls / 1000)
        return y


class Stateful(Counting):
    """Adds its last output, as recurrent networks do."""

    last: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.fc(x)
        y = y if self.last is None or self.last.shape != y.shape else y + self.last
        self.last = y.detach()
        return y


def branch(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    if h.sum() > 0:
        h = -h
    y: torch.Tensor = s.b(h)
    return y


def swallowed(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    try:
        scale = float(h.abs().max())
    except Exception:
        scale = 1.0
    y: torch.Tensor = s.b(h * scale)
    return y


def by_rows(s: Any, x: torch.Tensor) -> torch.Tensor:
    return torch.stack([s.a(row) for row in x])


def writes(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    h[:, 0] = 0
    y: torch.Tensor = s.b(h)
    return y


def aliased(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    flat = h.view(-1, 2, 3)
    flat.relu_()
    y: torch.Tensor = s.b(h)
    return y


def changed_constant(s: Any, x: torch.Tensor) -> torch.Tensor:
    bias = torch.ones(6)
    h = s.a(x) + bias
    bias.add_(1)
    y: torch.Tensor = s.b(h + bias)
    return y


def numpy_inside(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x).detach().numpy()
    y: torch.Tensor = s.b(torch.from_numpy(h))
    return y


def nan_weights() -> nn.Module:
    module = Seed()
    with torch.no_grad():
        module.layer2.bias.fill_(torch.nan)
    return module


def infinite_sequential() -> nn.Module:
    module = nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        module.get_parameter("0.weight")[0, 0] = torch.inf
    return module


def still_training() -> nn.Module:
    class Never(nn.Dropout):
        def train(self, mode: bool = True) -> Never:
            return super().train(True)

    return Own(lambda s, x: s.b(s.d(s.a(x))), a=nn.Linear(4, 6), b=nn.Linear(6, 2), d=Never())


def monte_carlo(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.d.train()
    y: torch.Tensor = s.b(s.d(s.a(x)))
    return y


def written_groups(s: Any, x: torch.Tensor) -> torch.Tensor:
    y = s.a(x).view(-1, 2, 4)
    e = torch.exp(y - y.max(-1, keepdim=True)[0])
    z: torch.Tensor = s.b((e / e.sum(-1, keepdim=True)).flatten(1))
    return z


def normed_groups(s: Any, x: torch.Tensor) -> torch.Tensor:
    y = s.a(x).view(-1, 2, 4)
    y = (y - y.mean(-1, keepdim=True)) / torch.sqrt(y.var(-1, keepdim=True, unbiased=False) + 1e-5)
    z: torch.Tensor = s.b(y.flatten(1))
    return z


def two(D: int = 4, H: int = 6, K: int = 2) -> dict[str, Any]:
    return {"a": linear(D, H), "b": linear(H, K)}


REFUSED: dict[str, tuple[Maker, str]] = {
    "branch on numbers": (own(branch, **two()), "if h.sum.*what happens may depend"),
    "item": (own(lambda s, x: s.a(x) * x.max().item(), **two()), "reads numbers|mixes the rows"),
    "float() in try": (own(swallowed, **two()), "float.*may depend"),
    "tolist": (own(lambda s, x: s.a(torch.tensor(x.tolist())), **two()), "tolist.*may depend"),
    "numpy": (own(numpy_inside, **two()), "numpy.*may depend"),
    "each row in a loop": (own(by_rows, **two()), "line"),
    "mean over rows": (own(lambda s, x: s.a(x - x.mean(0)), **two()), "mean.*mixes the rows"),
    "mean of all": (own(lambda s, x: s.a(x - x.mean()), **two()), "mean.*mixes the rows"),
    "max over rows": (own(lambda s, x: s.a(x / x.abs().max()), **two()), "max.*mixes the rows"),
    "norm of the batch": (own(lambda s, x: s.a(x / x.norm()), **two()), "norm.*not supported"),
    "softmax over rows": (
        own(lambda s, x: F.softmax(s.a(x), dim=0), **two()),
        "softmax.*mixes the rows",
    ),
    "flip rows": (own(lambda s, x: s.a(x.flip(0)), **two()), "flip.*mixes the rows"),
    "roll rows": (own(lambda s, x: s.a(torch.roll(x, 1, 0)), **two()), "roll.*mixes the rows"),
    "first row": (own(lambda s, x: s.a(x[:1]).expand(len(x), -1), **two()), "mixes the rows"),
    "all but the first row": (own(lambda s, x: s.a(x - x[0]), **two()), "mixes the rows"),
    "cumsum": (own(lambda s, x: s.a(x.cumsum(1)), **two()), "cumsum.*not supported"),
    "sort": (own(lambda s, x: s.a(x.sort(1)[0]), **two()), "sort.*not supported"),
    "batch statistics": (
        own(
            lambda s, x: s.n(s.a(x)),
            a=linear(4, 3),
            n=lambda: nn.BatchNorm1d(3, track_running_stats=False),
        ),
        "other rows|mixes the rows",
    ),
    "F.batch_norm in training": (
        own(
            lambda s, x: F.batch_norm(s.a(x), s.m, s.v, training=True),
            a=linear(4, 3),
            m=constant(3),
            v=constant(3),
        ),
        "batch_norm.*mixes|changes",
    ),
    "dropout left on": (
        own(lambda s, x: s.b(F.dropout(s.a(x), 0.5)), **two()),
        "dropout.*in evaluation|random",
    ),
    "dropout True": (
        own(lambda s, x: F.dropout(s.a(x), 0.5, True), **two()),
        "dropout.*evaluation|random",
    ),
    "Dropout that never ends": (still_training, "training mode|random|record"),
    "Monte Carlo dropout": (own(monte_carlo, **two(), d=nn.Dropout), "d.training|random"),
    "noise": (own(lambda s, x: s.a(x + torch.randn_like(x)), **two()), "random"),
    "noise of a constant": (
        own(lambda s, x: s.a(x) + torch.rand(6), **two()),
        "differs from call|random",
    ),
    "bernoulli": (
        own(lambda s, x: torch.bernoulli(torch.sigmoid(s.a(x))), **two()),
        "random|not supported",
    ),
    "Python's random": (
        own(lambda s, x: s.a(x) * random.random(), **two()),
        "differs from call|random",
    ),
    "layer drop": (own(lambda s, x: s.a(x) if random.random() < 2 else x, **two()), "random"),
    "own generator": (
        own(lambda s, x: s.a(x) + torch.rand(6, generator=s.g), **two(), g=torch.Generator),
        "differs from call|copied",
    ),
    "counts its calls": (Counting, "changes its attribute count"),
    "warms up": (Warmup, "differs from call|changes its attribute calls"),
    "remembers": (Stateful, "path|differs|line"),
    "writes a column": (own(writes, **two()), "in place"),
    "in place through a view": (
        own(aliased, a=linear(4, 6), b=linear(6, 2)),
        "in place through another",
    ),
    "a constant that changes": (own(changed_constant, **two()), "changed in place later"),
    "NaN": (nan_weights, "NaN"),
    "infinity": (infinite_sequential, "NaN or infinity"),
    "TorchScript": (
        lambda: torch.jit.script(Seed()),
        "Recursive|come from|not supported|path|line|copied",
    ),
    "two inputs": (lambda: nn.Bilinear(3, 4, 5), "Bilinear"),
    "tuple": (own(lambda s, x: (s.a(x), s.a(x)), **two()), "returns tuple"),
    "dict": (own(lambda s, x: {"y": s.a(x)}, **two()), "returns dict"),
    "nothing": (own(lambda s, x: None, **two()), "returns NoneType"),
    "conv": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(2704, 10)),
        "Conv2d",
    ),
    "conv class": (
        own(
            lambda s, x: s.a(s.c(x).flatten(1)),
            c=lambda: nn.Conv2d(1, 2, 3),
            a=linear(2 * 26 * 26, 10),
        ),
        "Conv2d|conv2d",
    ),
    "LSTM": (
        own(lambda s, x: s.a(s.r(x)[0]), r=lambda: nn.LSTM(4, 6), a=linear(6, 2)),
        "LSTM|lstm|not supported|line",
    ),
    "attention": (
        own(lambda s, x: s.m(x, x, x)[0], m=lambda: nn.MultiheadAttention(4, 2)),
        "line|Multihead",
    ),
    "transformer": (lambda: nn.TransformerEncoderLayer(8, 2, 16), "line|Transformer"),
    "attention by hand": (
        own(lambda s, x: torch.softmax(s.a(x) @ s.b(x).T, 1) @ x, a=linear(4, 4), b=linear(4, 4)),
        "line",
    ),
    "embedding": (
        own(lambda s, x: s.e(x.long()).flatten(1), e=lambda: nn.Embedding(5, 3)),
        "line|Embedding|rows",
    ),
    "GroupNorm": (
        own(lambda s, x: s.n(s.a(x)), a=linear(4, 6), n=lambda: nn.GroupNorm(2, 6)),
        "group_norm|GroupNorm",
    ),
    "softmax of groups": (
        own(lambda s, x: F.softmax(s.a(x).view(-1, 2, 3), -1).flatten(1), a=linear(4, 6)),
        "parts of a row",
    ),
    "softmax of groups by hand": (
        own(written_groups, a=linear(4, 8), b=linear(8, 2)),
        "line|off by",
    ),
    "LayerNorm of groups": (own(normed_groups, a=linear(4, 8), b=linear(8, 2)), "line|off by"),
    "Linear of groups": (
        own(lambda s, x: s.b(s.a(x).view(-1, 2, 3)).flatten(1), a=linear(4, 6), b=linear(3, 2)),
        "line",
    ),
    "GLU": (own(lambda s, x: F.glu(s.a(x), 1), **two()), "glu.*not supported"),
    "gating": (
        own(lambda s, x: torch.sigmoid(s.a(x)) * s.b(x), a=linear(4, 3), b=linear(4, 3)),
        "line",
    ),
    "highway": (
        own(
            lambda s, x: (lambda t: t * s.b(x) + (1 - t) * x)(torch.sigmoid(s.a(x))),
            a=linear(4, 4),
            b=linear(4, 4),
        ),
        "line",
    ),
    "normalize": (
        own(lambda s, x: F.normalize(s.a(x), dim=1), **two()),
        "normalize.*not supported",
    ),
    "cosine": (
        own(lambda s, x: F.cosine_similarity(s.a(x), s.w, 1), a=linear(4, 3), w=weights(1, 3)),
        "not supported",
    ),
    "x**2": (own(lambda s, x: s.a(x**2), **two()), "pow.*form no layer|not supported"),
    "sin": (own(lambda s, x: s.a(torch.sin(x)), **two()), "sin.*not supported"),
    "product": (own(lambda s, x: s.a(x) * s.a(x), **two()), "line"),
    "sum of columns": (own(lambda s, x: s.a(x).sum(1, keepdim=True) * s.a(x), **two()), "line"),
    "clamp to 6": (own(lambda s, x: s.a(x).clamp(0, 6), **two()), "line"),
    "step": (own(lambda s, x: (s.a(x) > 0).float(), **two()), "line"),
    "rounded": (own(lambda s, x: s.a(x).round(), **two()), "round.*not supported"),
    "argmax": (own(lambda s, x: s.a(x).argmax(1), **two()), "argmax.*not supported"),
    "to half and back": (own(lambda s, x: s.a(x.half().float()), **two()), "half.*float16"),
    "autocast": (own(lambda s, x: autocast_forward(s, x), **two()), "bfloat16|type"),
    "to double": (own(lambda s, x: s.a(x.double().float()), **two()), "double.*float64"),
    "to integers": (own(lambda s, x: s.a(x.int().float()), **two()), "int.*not supported"),
    "to integers by type": (own(lambda s, x: s.a(x.to(torch.int32).float()), **two()), "int32"),
    "number of rows": (own(lambda s, x: s.a(x) / x.shape[0], **two()), "off by|differs"),
    "longer for more rows": (
        own(lambda s, x: s.a(x) if len(x) < 14 else -s.a(x), **two()),
        "off by",
    ),
    "row numbers": (
        own(lambda s, x: s.a(x) + torch.arange(len(x))[:, None], **two()),
        "does not fit|shape|line",
    ),
    "threshold": (
        own(lambda s, x: F.threshold(s.a(x), 0.1, 20), **two()),
        "threshold.*not supported",
    ),
    "softplus threshold": (
        own(lambda s, x: F.softplus(s.a(x), threshold=1), **two()),
        "softplus.*beta=1",
    ),
    "softplus beta": (own(lambda s, x: F.softplus(s.a(x), beta=3), **two()), "softplus.*beta=1"),
    "GELU by another formula": (
        own(lambda s, x: (lambda h: h * torch.sigmoid(1.702 * h))(s.a(x)), **two()),
        "line",
    ),
    "LayerNorm with n - 1": (
        own(
            lambda s, x: (lambda h: (h - h.mean(1, keepdim=True)) / h.std(1, keepdim=True))(s.a(x)),
            **two(),
        ),
        "line",
    ),
    "var along rows": (own(lambda s, x: s.a(x) / s.a(x).std(0), **two()), "std.*mixes the rows"),
    "einsum of pairs": (
        own(lambda s, x: torch.einsum("nd,md->nm", x, x), **two()),
        "einsum.*not supported",
    ),
    "x @ x.T": (own(lambda s, x: x @ x.T, **two()), "line"),
    "transposed output": (own(lambda s, x: s.a(x).T, **two()), r"\(K, N\)"),
    "joined rows": (own(lambda s, x: torch.cat([s.a(x), s.a(x)], 0), **two()), "mixes the rows"),
    "a sum of all outputs": (own(lambda s, x: s.a(x).sum(), **two()), "mixes the rows"),
    "lazy": (lambda: Own(lambda s, x: s.a(x), a=nn.LazyLinear(3)), "LazyLinear.*have no shape yet"),
    "mixed types": (
        own(lambda s, x: s.a(x), a=lambda: nn.Linear(2, 2), b=lambda: nn.Linear(2, 2).double()),
        "mixes float32",
    ),
    "complex": (
        lambda: Own(lambda s, x: s.a(x), a=nn.Linear(2, 2, dtype=torch.complex64)),
        "complex|rows",
    ),
    "never runs": (own(lambda s, x: s.missing(x), **two()), "missing"),
    "forward missing": (nn.Module, "not supported"),
    "raises": (own(lambda s, x: s.b(x.view(3, 5, 7)), **two()), "takes no rows"),
    "conjugate of data": (
        own(lambda s, x: s.a(x.data.abs().data.cos()), **two()),
        "cos.*not supported",
    ),
    "sorted by row": (own(lambda s, x: s.a(x[x[:, 0].argsort()]), **two()), "line"),
    "masked rows": (own(lambda s, x: s.a(x)[x[:, 0] > 0], **two()), "line|rows"),
    "masked_fill": (
        own(lambda s, x: s.a(x).masked_fill(x[:, :1] > 0, 0.0), **two()),
        "masked_fill.*not supported",
    ),
    "a list of tensors by data": (
        own(lambda s, x: s.a(x[:, int(x[0, 0] > 0) :][:, :4]), **two()),
        "line|rows",
    ),
    "memory of NumPy": (own(lambda s, x: memory(s, x), **two()), "__array__.*may depend"),
    "text of numbers": (
        own(lambda s, x: s.a(x) * (2 if "-" in f"{x}" else 1), **two()),
        "off by|differs",
    ),
    "contains": (
        own(lambda s, x: s.a(x) * (1 if 0.5 in x else 2), **two()),
        "__contains__.*depend",
    ),
    "any": (
        own(lambda s, x: s.a(x) if any(x[0] > 0) else -s.a(x), **two()),
        "__bool__.*may depend",
    ),
    "vmap": (own(lambda s, x: torch.vmap(lambda r: s.a(r).relu())(x), **two()), "come from"),
    "foreach": (own(lambda s, x: foreach(s, x), **two()), "in place"),
    "dlpack": (own(lambda s, x: dlpack(s, x), **two()), "dlpack.*may depend"),
    "set data": (own(lambda s, x: set_data(s, x), **two()), "line|in place|reads"),
    "a weight that changes": (
        own(lambda s, x: decayed(s, x), **two()),
        "changes its attribute|in place",
    ),
}
"""Modules that must be refused, with words that the error has."""


def autocast_forward(s: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        y: torch.Tensor = s.a(x)
    return y.float()


def set_data(s: Any, x: torch.Tensor) -> torch.Tensor:
    h: torch.Tensor = s.a(x)
    h.data = h.data * 2
    return h


def decayed(s: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        s.a.weight.data.mul_(0.9)
    y: torch.Tensor = s.a(x)
    return y


def memory(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x).detach()
    np.asarray(h)[:] = 0
    y: torch.Tensor = s.b(h)
    return y


def foreach(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x)
    torch._foreach_abs_([h])
    y: torch.Tensor = s.b(h)
    return y


def dlpack(s: Any, x: torch.Tensor) -> torch.Tensor:
    h = s.a(x).detach()
    torch.utils.dlpack.from_dlpack(h).zero_()
    y: torch.Tensor = s.b(h)
    return y
