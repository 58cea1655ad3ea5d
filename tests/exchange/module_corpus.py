"""Two hundred PyTorch modules, ordinary, odd and nasty, whose files `from_onnx` is given.

Many are no dense networks; none may come in as another function than it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn


class Entry(NamedTuple):
    """A module, the shape of a row, and how far its results may be off, as a part of them."""

    make: Callable[[], nn.Module]
    row: tuple[int, ...] = (8,)
    digits: float = 1e-4


class Of(nn.Module):
    """A module from a function of x and two layers, `a` (8 to 8) and `b` (8 to 4)."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.function = function
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 4)
        self.p = nn.Parameter(torch.linspace(0.5, 2.0, 8))
        self.table = nn.Embedding(5, 8)

    def forward(self, x: Any) -> Any:
        return self.function(x, self)


def of(function: Callable[[Any, Any], Any], *row: int) -> Entry:
    return Entry(lambda: Of(function), row or (8,))


def line(*layers: Callable[[], nn.Module], row: tuple[int, ...] = (8,)) -> Entry:
    return Entry(lambda: nn.Sequential(*(make() for make in layers)), row)


def between(layer: Callable[[], nn.Module]) -> Entry:
    """Put a module between two Linear layers."""
    return line(lambda: nn.Linear(8, 8), layer, lambda: nn.Linear(8, 4))


def softmax(x: Any, dim: Any, keepdim: bool = True) -> Any:
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=keepdim)


def norm(x: Any, dim: Any, epsilon: float = 1e-5) -> Any:
    centred = x - x.mean(dim, keepdim=True)
    return centred / torch.sqrt((centred * centred).mean(dim, keepdim=True) + epsilon)


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "ReLU": nn.ReLU,
    "Sigmoid": nn.Sigmoid,
    "Tanh": nn.Tanh,
    "LeakyReLU": nn.LeakyReLU,
    "LeakyReLU -0.3": lambda: nn.LeakyReLU(-0.3),
    "LeakyReLU 1.5": lambda: nn.LeakyReLU(1.5),
    "ELU": nn.ELU,
    "ELU 0.3": lambda: nn.ELU(0.3),
    "SELU": nn.SELU,
    "CELU": nn.CELU,
    "CELU 2": lambda: nn.CELU(2.0),
    "GELU": nn.GELU,
    "GELU tanh": lambda: nn.GELU("tanh"),
    "SiLU": nn.SiLU,
    "Mish": nn.Mish,
    "Softplus": nn.Softplus,
    "Softplus beta 2": lambda: nn.Softplus(2.0),
    "Softplus threshold 1": lambda: nn.Softplus(1.0, 1.0),
    "Softsign": nn.Softsign,
    "Softshrink": nn.Softshrink,
    "Hardshrink": nn.Hardshrink,
    "Tanhshrink": nn.Tanhshrink,
    "Hardtanh": nn.Hardtanh,
    "Hardtanh 0 to 6": lambda: nn.Hardtanh(0.0, 6.0),
    "Hardsigmoid": nn.Hardsigmoid,
    "Hardswish": nn.Hardswish,
    "ReLU6": nn.ReLU6,
    "LogSigmoid": nn.LogSigmoid,
    "Threshold": lambda: nn.Threshold(0.1, 0.0),
    "Threshold 0": lambda: nn.Threshold(0.0, 0.0),
    "PReLU": nn.PReLU,
    "PReLU 8": lambda: nn.PReLU(8),
    "Softmin": lambda: nn.Softmin(1),
    "Softmax": lambda: nn.Softmax(1),
    "Softmax of columns": lambda: nn.Softmax(0),
    "LogSoftmax": lambda: nn.LogSoftmax(1),
    "Dropout": lambda: nn.Dropout(0.4),
    "AlphaDropout": lambda: nn.AlphaDropout(0.4),
    "Identity": nn.Identity,
    "LayerNorm": lambda: nn.LayerNorm(8),
    "LayerNorm plain": lambda: nn.LayerNorm(8, eps=1e-2, elementwise_affine=False),
    "BatchNorm": lambda: nn.BatchNorm1d(8),
    "BatchNorm plain": lambda: nn.BatchNorm1d(8, affine=False),
    "BatchNorm without statistics": lambda: nn.BatchNorm1d(8, track_running_stats=False),
    "GroupNorm 1": lambda: nn.GroupNorm(1, 8),
    "GroupNorm 2": lambda: nn.GroupNorm(2, 8),
    "RMSNorm": lambda: nn.RMSNorm(8),
    "Unflatten": lambda: nn.Sequential(nn.Unflatten(1, (2, 4)), nn.Flatten()),
}

WRITTEN: dict[str, Entry] = {
    # Softmax and layer normalisation, of rows, of groups, of columns.
    "softmax": of(lambda x, m: m.b(softmax(m.a(x), 1))),
    "softmax, last": of(lambda x, m: m.b(softmax(m.a(x), -1))),
    "softmax over rows": of(lambda x, m: m.b(softmax(m.a(x), 0))),
    "softmax, maximum of all": of(
        lambda x, m: (lambda z: torch.exp(z - z.max()) / torch.exp(z - z.max()).sum(1, True))(
            m.a(x)
        )
    ),
    "softmax of groups": of(lambda x, m: m.b(softmax(m.a(x).view(-1, 2, 4), -1).flatten(1))),
    "softmax across groups": of(lambda x, m: m.b(softmax(m.a(x).view(-1, 2, 4), 1).flatten(1))),
    "softmax of groups together": of(
        lambda x, m: m.b(softmax(m.a(x).view(-1, 2, 4), (1, 2)).flatten(1))
    ),
    "softmax of one group": of(lambda x, m: m.b(softmax(m.a(x).view(-1, 1, 8), 2).flatten(1))),
    "softmax of eight groups": of(lambda x, m: m.b(softmax(m.a(x).view(-1, 8, 1), 2).flatten(1))),
    "softmax down eight groups": of(lambda x, m: m.b(softmax(m.a(x).view(-1, 8, 1), 1).flatten(1))),
    "softmax of columns": of(lambda x, m: softmax(m.a(x).T, 0).T),
    "softmax over rows as columns": of(lambda x, m: softmax(m.a(x).T, 1).T),
    "F.softmax of groups": of(lambda x, m: F.softmax(m.a(x).view(-1, 2, 4), -1).flatten(1)),
    "F.softmax of one group": of(lambda x, m: F.softmax(m.a(x).view(-1, 1, 8), -1).flatten(1)),
    "F.softmax of columns": of(lambda x, m: F.softmax(m.a(x).T, 0).T),
    "softmax with a temperature": of(lambda x, m: F.softmax(m.a(x) / 0.7, 1)),
    "softmax without a maximum": of(
        lambda x, m: torch.exp(m.a(x)) / torch.exp(m.a(x)).sum(1, keepdim=True)
    ),
    "sums without keepdim": of(lambda x, m: (lambda e: e / e.sum(1)[:, None])(torch.exp(m.a(x)))),
    "shares of squares": of(lambda x, m: (lambda e: e / e.sum(1, keepdim=True))(m.a(x) ** 2)),
    "shares of relu": of(
        lambda x, m: (lambda e: e / (e.sum(1, keepdim=True) + 1))(torch.relu(m.a(x)))
    ),
    "softmax minus a constant": of(lambda x, m: softmax(m.a(x), 1) - 0.125),
    "log of softmax": of(lambda x, m: torch.log(F.softmax(m.a(x), 1))),
    "logsumexp": of(lambda x, m: m.a(x) - torch.logsumexp(m.a(x), 1, keepdim=True)),
    "norm": of(lambda x, m: m.b(norm(m.a(x), -1))),
    "norm of groups": of(lambda x, m: m.b(norm(m.a(x).view(-1, 2, 4), -1).flatten(1))),
    "norm of groups together": of(lambda x, m: m.b(norm(m.a(x).view(-1, 2, 4), (1, 2)).flatten(1))),
    "norm over rows": of(lambda x, m: m.b(norm(m.a(x), 0))),
    "norm of all": of(lambda x, m: m.b(norm(m.a(x), (0, 1)))),
    "norm with gamma": of(lambda x, m: m.b(norm(m.a(x), -1) * m.p + 1)),
    "norm by std": of(lambda x, m: (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + 1e-5)),
    "norm by var": of(
        lambda x, m: (
            (x - x.mean(1, keepdim=True))
            / torch.sqrt(x.var(1, keepdim=True, unbiased=False) + 1e-5)
        )
    ),
    "F.layer_norm of groups": of(
        lambda x, m: m.b(F.layer_norm(m.a(x).view(-1, 2, 4), (4,)).flatten(1))
    ),
    "F.layer_norm of groups together": of(
        lambda x, m: m.b(F.layer_norm(m.a(x).view(-1, 2, 4), (2, 4)).flatten(1))
    ),
    "root mean square": of(
        lambda x, m: m.b(m.a(x) / torch.sqrt((m.a(x) ** 2).mean(1, keepdim=True) + 1e-6))
    ),
    "F.normalize": of(lambda x, m: m.b(F.normalize(m.a(x), dim=1))),
    "centred": of(lambda x, m: m.b(m.a(x) - m.a(x).mean(1, keepdim=True))),
    "centred by the batch": of(lambda x, m: m.b(x - x.mean(0, keepdim=True))),
    "whitened by the batch": of(lambda x, m: m.b((x - x.mean(0)) / (x.std(0) + 1))),
    "instance norm": of(lambda x, m: F.instance_norm(x.view(-1, 2, 4)).flatten(1)),
    # Rows mixed.
    "mean over rows": of(lambda x, m: m.a(x) + x.mean(0)),
    "sum over rows": of(lambda x, m: m.b(x * x.sum(0, keepdim=True))),
    "maximum of the batch": of(lambda x, m: m.a(x) / (1 + x.abs().max())),
    "rows turned": of(lambda x, m: m.b(x.flip(0))),
    "rows rolled": of(lambda x, m: m.b(x.roll(1, 0))),
    "first row taken": of(lambda x, m: m.b(x - x[:1])),
    "sums down the batch": of(lambda x, m: m.b(x.cumsum(0))),
    "rows sorted": of(lambda x, m: m.b(x.sort(0)[0])),
    "similarity of rows": of(lambda x, m: x @ x.T @ m.a(x)),
    "attention over the batch": of(lambda x, m: F.softmax(m.a(x) @ x.T, 1) @ x),
    "two rows as one": of(lambda x, m: F.linear(x.reshape(-1, 16), torch.ones(3, 16))),
    "one row as two": of(lambda x, m: F.linear(x.reshape(-1, 4), torch.ones(4, 4)).reshape(-1, 8)),
    "columns as rows": of(lambda x, m: x.T.reshape(-1, 8)),
    "batch norm of the batch": of(lambda x, m: F.batch_norm(m.a(x), None, None, training=True)),
    # Random numbers.
    "dropout always": of(lambda x, m: m.b(F.dropout(m.a(x), 0.5, training=True))),
    "dropout never": of(lambda x, m: m.b(F.dropout(m.a(x), 0.5, training=False))),
    "dropout of rate 0": of(lambda x, m: m.b(F.dropout(m.a(x), 0.0, training=True))),
    "alpha dropout always": of(lambda x, m: F.alpha_dropout(m.a(x), 0.5, training=True)),
    "noise": of(lambda x, m: m.b(x + torch.randn_like(x))),
    "bernoulli": of(lambda x, m: m.b(x * torch.bernoulli(torch.full_like(x, 0.5)))),
    # Gates and products of what depends on x.
    "glu": of(lambda x, m: F.glu(m.a(x), 1)),
    "glu written out": of(lambda x, m: (lambda z: z[:, :4] * torch.sigmoid(z[:, 4:]))(m.a(x))),
    "glu by chunk": of(lambda x, m: (lambda a, b: a * torch.sigmoid(b))(*m.a(x).chunk(2, 1))),
    "gate": of(lambda x, m: torch.sigmoid(m.a(x)) * x),
    "gate of two": of(lambda x, m: torch.sigmoid(m.a(x)) * torch.tanh(m.a(x))),
    "highway": of(
        lambda x, m: (lambda g: g * torch.relu(m.a(x)) + (1 - g) * x)(torch.sigmoid(m.a(x)))
    ),
    "squeeze and excite": of(lambda x, m: x * torch.sigmoid(m.a(x.mean(1, keepdim=True) * m.p))),
    "square": of(lambda x, m: m.b(m.a(x) ** 2)),
    "cube": of(lambda x, m: m.b(m.a(x) ** 3)),
    "square root": of(lambda x, m: m.b(torch.sqrt(m.a(x).abs() + 1))),
    "product with itself": of(lambda x, m: m.a(x) * x),
    "outer product": of(lambda x, m: (x[:, :, None] * x[:, None, :]).flatten(1)),
    "bilinear": of(lambda x, m: F.bilinear(x, x, torch.ones(4, 8, 8) / 9)),
    "mixture of experts": of(
        lambda x, m: F.softmax(m.b(x), 1)[:, :1] * m.a(x) + F.softmax(m.b(x), 1)[:, 1:2] * x
    ),
    "self attention of groups": of(
        lambda x, m: (lambda z: (F.softmax(z @ z.transpose(1, 2), -1) @ z).flatten(1))(
            m.a(x).view(-1, 2, 4)
        )
    ),
    # Skips.
    "skip": of(lambda x, m: x + torch.relu(m.a(x))),
    "skip from the other side": of(lambda x, m: torch.relu(m.a(x)) + x),
    "skip within a skip": of(lambda x, m: (lambda z: x + torch.tanh(z + m.a(z)))(m.a(x))),
    "skip subtracted": of(lambda x, m: x - torch.relu(m.a(x))),
    "skip with a factor": of(lambda x, m: x + 0.5 * m.a(x)),
    "skip of half": of(lambda x, m: 0.5 * x + m.a(x)),
    "skip twice": of(lambda x, m: x + x + m.a(x)),
    "skip projected": of(lambda x, m: m.b(x) + m.b(torch.relu(m.a(x)))),
    "skip concatenated": of(lambda x, m: torch.cat([x, torch.relu(m.a(x))], 1)),
    "skip to one column": of(lambda x, m: x + m.a(x)[:, :1]),
    "skip of the mean": of(lambda x, m: m.a(x) + x.mean(1, keepdim=True)),
    "skip through groups": of(lambda x, m: x + m.a(x).view(-1, 2, 4).transpose(1, 2).flatten(1)),
    "two branches": of(lambda x, m: torch.relu(m.a(x)) + torch.tanh(m.a(x))),
    "the layer twice": of(lambda x, m: m.a(torch.relu(m.a(x)))),
    # Shapes of rows.
    "view": of(lambda x, m: m.b(m.a(x).view(-1, 2, 4).view(-1, 8))),
    "view by size": of(lambda x, m: m.b(m.a(x).view(x.size(0), 2, -1).reshape(x.shape[0], -1))),
    "view by inner size": of(
        lambda x, m: (lambda z: m.b(z.view(z.shape[0], 2, z.shape[1] // 2).flatten(1)))(m.a(x))
    ),
    "transpose of groups": of(
        lambda x, m: m.b(m.a(x).view(-1, 2, 4).transpose(1, 2).reshape(-1, 8))
    ),
    "transpose of groups, relu": of(
        lambda x, m: m.b(torch.relu(x.view(-1, 2, 4).transpose(1, 2)).flatten(1))
    ),
    "transpose of groups, layer norm": of(
        lambda x, m: m.b(norm(x.view(-1, 2, 4).transpose(1, 2), (1, 2)).flatten(1))
    ),
    "transpose to columns and back": of(lambda x, m: m.a(x).T.T),
    "weights before the batch": of(lambda x, m: (m.a.weight @ x.T).T + m.a.bias),
    "weights before the batch, as columns": of(lambda x, m: torch.relu(m.a.weight @ x.T).T),
    "squeeze": of(lambda x, m: m.a(x)[:, :1].squeeze(1)),
    "one output": of(lambda x, m: m.a(x) @ m.p),
    "unsqueeze": of(lambda x, m: m.b(torch.relu(m.a(x).unsqueeze(1)).squeeze(1))),
    "linear on groups": of(lambda x, m: F.linear(x.view(-1, 2, 4), torch.ones(4, 4)).flatten(1)),
    "linear across groups": of(lambda x, m: (torch.ones(3, 2) @ x.view(-1, 2, 4)).flatten(1)),
    "bias of groups": of(lambda x, m: m.b((x.view(-1, 2, 4) + m.p[:4]).flatten(1))),
    "bias across groups": of(lambda x, m: m.b((x.view(-1, 2, 4) + m.p[:2, None]).flatten(1))),
    "factor with an axis more": of(lambda x, m: (x * m.p.view(1, 1, 8))[0]),
    "column swap": of(lambda x, m: m.b(x[:, [1, 0, 2, 3, 4, 5, 7, 6]])),
    "columns chosen": of(lambda x, m: torch.relu(x[:, 2:6])),
    "every other column": of(lambda x, m: torch.tanh(x[:, ::2])),
    "columns backwards": of(lambda x, m: m.b(x.flip(1))),
    "columns rolled": of(lambda x, m: m.b(x.roll(1, 1))),
    "a column": of(lambda x, m: torch.sigmoid(x[:, 3])),
    "index_select": of(lambda x, m: m.b(x.index_select(1, torch.tensor([7, 6, 5, 4, 3, 2, 1, 0])))),
    "gather by itself": of(lambda x, m: x.gather(1, x.argsort(1))),
    "padded": of(lambda x, m: F.pad(m.b(x), (2, 2))),
    "padded with ones": of(lambda x, m: F.pad(m.b(x), (0, 4), value=1.0)),
    "repeated": of(lambda x, m: m.b(x).repeat(1, 2)),
    "expanded": of(lambda x, m: m.b(x)[:, :, None].expand(-1, -1, 2).flatten(1)),
    "concatenated with itself": of(lambda x, m: torch.cat([m.b(x), m.b(x)], 1)),
    "stacked": of(lambda x, m: torch.stack([m.b(x), m.b(x)], 1).flatten(1)),
    "mean of the row": of(lambda x, m: m.a(x).mean(1, keepdim=True)),
    "mean of the row, flat": of(lambda x, m: m.a(x).mean(1)),
    "sum of the row": of(lambda x, m: torch.tanh(m.a(x).sum(1, keepdim=True))),
    "mean of groups": of(lambda x, m: m.a(x).view(-1, 2, 4).mean(2)),
    "mean over groups": of(lambda x, m: torch.relu(m.a(x).view(-1, 2, 4).mean(1))),
    "maximum of the row": of(lambda x, m: m.a(x).max(1, keepdim=True)[0]),
    "maximum of groups": of(lambda x, m: m.a(x).view(-1, 4, 2).max(2)[0]),
    "maxout": of(lambda x, m: torch.maximum(m.b(x), m.b(-x))),
    "norm of the row": of(lambda x, m: m.a(x).norm(dim=1, keepdim=True)),
    "product of the row": of(lambda x, m: m.a(x).prod(1, keepdim=True)),
    "running sums": of(lambda x, m: m.b(m.a(x).cumsum(1))),
    "running products": of(lambda x, m: m.b(m.a(x).cumprod(1))),
    "sorted": of(lambda x, m: m.b(m.a(x).sort(1)[0])),
    "the three largest": of(lambda x, m: m.a(x).topk(3, 1)[0]),
    "triangle": of(lambda x, m: torch.triu(x.view(-1, 2, 4)).flatten(1)),
    "triangle of the batch": of(lambda x, m: torch.triu(m.a(x))),
    "einsum": of(lambda x, m: torch.einsum("nd,hd->nh", x, m.b.weight)),
    "einsum of rows": of(lambda x, m: torch.einsum("nd,md->nm", x, x) @ x),
    "baddbmm": of(lambda x, m: torch.matmul(x[:, None, :], m.b.weight.T)[:, 0]),
    # Numbers and constants.
    "affine": of(lambda x, m: m.b(x * 2 - 1)),
    "reverse affine": of(lambda x, m: m.b(1 - x / 3)),
    "one by x": of(lambda x, m: m.b(1 / (m.a(x).abs() + 1))),
    "by columns": of(lambda x, m: m.b((x - m.p) / m.p)),
    "columns by x": of(lambda x, m: m.b(m.p / (1 + x.abs()))),
    "absolute": of(lambda x, m: m.b(m.a(x).abs())),
    "sign": of(lambda x, m: m.b(torch.sign(m.a(x)))),
    "rounded": of(lambda x, m: m.b(torch.round(m.a(x)))),
    "floor": of(lambda x, m: m.b(torch.floor(x))),
    "cut to whole numbers": of(lambda x, m: m.b(x.int().float())),
    "float16 between": of(lambda x, m: m.b(x.half().float()))._replace(
        digits=2.0**-9  # half precision is widened, so the network does not round
    ),
    "float64 between": of(lambda x, m: m.b(x.double().float())),
    "sine": of(lambda x, m: m.b(torch.sin(m.a(x)))),
    "waves": of(lambda x, m: torch.cat([torch.sin(x), torch.cos(x)], 1)),
    "exponential": of(lambda x, m: torch.exp(m.b(x) / 4)),
    "logarithm": of(lambda x, m: m.b(torch.log(m.a(x).abs() + 1))),
    "log1p": of(lambda x, m: m.b(torch.log1p(x.abs()))),
    "symmetric logarithm": of(lambda x, m: m.b(torch.sign(x) * torch.log1p(x.abs()))),
    "clamped": of(lambda x, m: m.b(m.a(x).clamp(-1, 1))),
    "clamped at 0": of(lambda x, m: m.b(m.a(x).clamp(min=0))),
    "clamped far out": of(lambda x, m: m.b(m.a(x).clamp(0, 200))),
    "clamped beyond the probe": of(lambda x, m: m.b(m.a(x).clamp(0, 1000))),
    "relu of the maximum": of(lambda x, m: m.b(torch.maximum(m.a(x), torch.zeros(8)))),
    "relu at 0.5": of(lambda x, m: m.b(torch.maximum(m.a(x), torch.full((8,), 0.5)))),
    "relu with a tiny slope": of(lambda x, m: m.b(torch.where(x > 0, x, x * 1e-7))),
    "slopes by column": of(lambda x, m: m.b(torch.where(x > 0, x, x * m.p))),
    "where of another": of(lambda x, m: torch.where(m.a(x) > 0, x, m.a(x))),
    "where of the sum": of(lambda x, m: torch.where(x.sum(1, keepdim=True) > 0, m.a(x), x)),
    "masked": of(lambda x, m: m.b(x * (x > 0.5))),
    "masked as float": of(lambda x, m: m.b(x * (x > 0).float())),
    "masks added": of(lambda x, m: m.b((x > 0).float() + (x > -1).float())),
    "filled": of(lambda x, m: m.b(torch.nan_to_num(x))),
    "masked fill": of(lambda x, m: m.b(x.masked_fill(x < 0, 0.0))),
    "swish with a slope": of(lambda x, m: m.b(m.a(x) * torch.sigmoid(1.702 * m.a(x)))),
    "almost gelu": of(lambda x, m: m.b(x * (1 + torch.erf(x / 1.4)) / 2)),
    "gelu of a scaled row": of(lambda x, m: m.b(F.gelu(x * m.p))),
    "mish written out": of(lambda x, m: m.b(x * torch.tanh(F.softplus(x)))),
    "softplus written out": of(lambda x, m: m.b(torch.log(1 + torch.exp(x)))),
    "stable softplus": of(lambda x, m: m.b(torch.relu(x) + torch.log1p(torch.exp(-torch.abs(x))))),
    "sigmoid written out": of(lambda x, m: m.b(1 / (1 + torch.exp(-x)))),
    "sigmoid by tanh": of(lambda x, m: m.b(0.5 * (torch.tanh(x / 2) + 1))),
    "tanh by exp": of(lambda x, m: m.b((torch.exp(2 * x) - 1) / (torch.exp(2 * x) + 1))),
    "smooth clip": of(lambda x, m: m.b(x / torch.sqrt(1 + (x / 3) ** 2))),
    "embedding": of(lambda x, m: m.table(x.argmax(1) % 5)),
    "one-hot": of(lambda x, m: F.one_hot(x.argmax(1), 8).float()),
    "argmax": of(lambda x, m: m.a(x).argmax(1)),
    "two outputs": of(lambda x, m: (m.a(x), m.b(x))),
    "constant": of(lambda x, m: x * 0 + 1),
    "nothing": of(lambda x, m: x),
    "loop of three": of(lambda x, m: (lambda f: f(f(f(x))))(lambda z: torch.tanh(m.a(z)))),
}

OTHERS: dict[str, Entry] = {
    "weight norm": between(lambda: nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))),
    "spectral norm": between(lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8))),
    "old weight norm": between(lambda: nn.utils.weight_norm(nn.Linear(8, 8))),
    "no bias": line(lambda: nn.Linear(8, 8, bias=False), nn.ReLU, lambda: nn.Linear(8, 2)),
    "deep": Entry(
        lambda: nn.Sequential(
            *(each() for _ in range(20) for each in (lambda: nn.Linear(8, 8), nn.Tanh))
        )
    ),
    "batch norm first": line(lambda: nn.BatchNorm1d(8), lambda: nn.Linear(8, 4)),
    "batch norm, relu, dropout": line(
        *[lambda: nn.Linear(8, 8), lambda: nn.BatchNorm1d(8), nn.ReLU, lambda: nn.Dropout(0.2)] * 2
    ),
    "images": line(nn.Flatten, lambda: nn.Linear(48, 4), row=(3, 4, 4)),
    "images normalised": line(
        lambda: nn.LayerNorm((3, 4, 4)), nn.Flatten, lambda: nn.Linear(48, 4), row=(3, 4, 4)
    ),
    "images normalised by lines": line(
        lambda: nn.LayerNorm(4), nn.Flatten, lambda: nn.Linear(48, 4), row=(3, 4, 4)
    ),
    "batch norm of channels": line(
        lambda: nn.BatchNorm2d(3), nn.Flatten, lambda: nn.Linear(48, 4), row=(3, 4, 4)
    ),
    "batch norm of sequences": line(
        lambda: nn.BatchNorm1d(3), nn.Flatten, lambda: nn.Linear(12, 4), row=(3, 4)
    ),
    "convolution": line(lambda: nn.Conv2d(3, 2, 3), nn.Flatten, row=(3, 4, 4)),
    "convolution 1 by 1": line(lambda: nn.Conv1d(3, 2, 1), nn.Flatten, row=(3, 4)),
    "mean pooling": line(lambda: nn.AdaptiveAvgPool2d(1), nn.Flatten, row=(3, 4, 4)),
    "max pooling": line(lambda: nn.MaxPool2d(2), nn.Flatten, row=(3, 4, 4)),
    "average pooling": line(lambda: nn.AvgPool2d(2), nn.Flatten, row=(3, 4, 4)),
    "pixel shuffle": line(lambda: nn.PixelShuffle(2), nn.Flatten, row=(4, 2, 2)),
    "pixel unshuffle": line(lambda: nn.PixelUnshuffle(2), nn.Flatten, row=(1, 4, 4)),
    "upsampled": line(lambda: nn.Upsample(scale_factor=2), nn.Flatten, row=(1, 2, 2)),
    "dropout of channels": line(lambda: nn.Dropout2d(), nn.Flatten, row=(3, 4, 4)),
    "linear on sequences": line(lambda: nn.Linear(4, 3), nn.Flatten, row=(3, 4)),
    "softmax of sequences": line(lambda: nn.Softmax(-1), nn.Flatten, row=(3, 4)),
    "softmax of flat sequences": line(nn.Flatten, lambda: nn.Softmax(-1), row=(3, 4)),
    "channels last": of(lambda x, m: x.permute(0, 2, 3, 1).flatten(1), 3, 4, 4),
    "mean of images": of(lambda x, m: x.mean((2, 3)), 3, 4, 4),
    "mean over channels": of(lambda x, m: x.mean(1).flatten(1), 3, 4, 4),
    "standardised channels": of(
        lambda x, m: ((x - torch.ones(3, 1, 1) / 2) / torch.full((3, 1, 1), 0.3)).flatten(1),
        3,
        4,
        4,
    ),
    "transformer layer": line(
        lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), nn.Flatten, row=(3, 4)
    ),
    "narrow": line(lambda: nn.Linear(1, 1), nn.Sigmoid, row=(1,)),
    "narrow softmax": line(lambda: nn.Linear(1, 1), lambda: nn.Softmax(1), row=(1,)),
    "wide": line(lambda: nn.Linear(8, 300), nn.GELU, lambda: nn.Linear(300, 2)),
    "wide softmax written out": Entry(
        lambda: nn.Sequential(nn.Linear(8, 600), Of(lambda x, m: softmax(x, 1)))
    ),
}

CORPUS: dict[str, Entry] = {
    **{f"between: {name}": between(make) for name, make in ACTIVATIONS.items()},
    **WRITTEN,
    **OTHERS,
}
