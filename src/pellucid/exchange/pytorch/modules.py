"""The modules that PyTorch does not have: preparation of inputs, exp, skips and members.

Their source is copied to the Python file that `pellucid export --to torch` writes, so they need
nothing but PyTorch.
"""

from __future__ import annotations

import math

import torch
from torch import nn


class Exponential(nn.Module):
    """y = exp(x)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return exp(x)."""
        return torch.exp(x)


class Scale(nn.Module):
    """y = x factor; bytes become numbers of the module's floating type."""

    factor: torch.Tensor

    def __init__(self, factor: float) -> None:
        super().__init__()
        # A setting, not a state: as a buffer it follows .to(...), and it stays out of the
        # state_dict.
        self.register_buffer("factor", torch.tensor(factor), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x times the factor."""
        return x * self.factor

    def extra_repr(self) -> str:
        """Return the factor as text."""
        return f"factor={self.factor.item()!r}"


class Standardize(nn.Module):
    """y = (x - mean) / std, column by column.

    Both are in the state_dict and are not trained.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the columns of x with mean 0 and standard deviation 1."""
        return (x - self.mean) / self.std

    def extra_repr(self) -> str:
        """Return the number of columns as text."""
        return f"width={self.mean.numel()}"


class SmoothClip(nn.Module):
    """y = x / sqrt(1 + (x / limit)^2).

    Small numbers hardly change, and none exceeds the limit.
    """

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the numbers of x within the limit."""
        # Beyond 1e8 y is the limit in float32 and float64, and u * u cannot overflow.
        u = torch.clamp(x / self.limit, -1e8, 1e8)
        return u / torch.sqrt(1 + u * u) * self.limit

    def extra_repr(self) -> str:
        """Return the limit as text."""
        return f"limit={self.limit!r}"


class CategoryEmbedding(nn.Module):
    """The columns of x that hold numbers, then `size` numbers for each that holds an index.

    These numbers are a column of `weight`, (size, rows), as those of a Linear module that takes
    categories one-hot. `sizes` (width,) tells how many columns of it belong to each column of x, in
    turns, and is 0 for numbers. What is no index counts as 0.
    """

    sizes: torch.Tensor

    def __init__(self, width: int, rows: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size, rows))
        sizes = torch.zeros(width)
        sizes[0] = rows
        self.register_buffer("sizes", sizes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the numbers of x and those of its indices, (N, kept + embedded * size)."""
        embedded = self.sizes > 0
        index, sizes = x[:, embedded], self.sizes[embedded]
        inside = (index >= 0) & (index < sizes)
        index = torch.where(inside, index, torch.zeros_like(index)).long()
        begins = (self.sizes.long().cumsum(0) - self.sizes.long())[embedded]
        numbers = nn.functional.embedding(index + begins, self.weight.T)
        return torch.cat([x[:, ~embedded], numbers.flatten(1)], 1)

    def extra_repr(self) -> str:
        """Return the sizes as text."""
        size, rows = self.weight.shape
        return f"width={self.sizes.numel()}, rows={rows}, size={size}"


class PeriodicEmbedding(nn.Module):
    """x, followed by features of its embedded columns: cos(2 pi (x_e f + phase)) weight + bias.

    `embedded` is 1 for these columns, 0 for the others. Each has `waves` frequencies and phases,
    (columns, 1, waves), and `size` features: weight is (columns, waves, size), bias (columns, 1,
    size).
    """

    embedded: torch.Tensor

    def __init__(self, width: int, columns: int, waves: int, size: int) -> None:
        super().__init__()
        self.frequency = nn.Parameter(torch.zeros(columns, 1, waves))
        self.phase = nn.Parameter(torch.zeros(columns, 1, waves))
        self.weight = nn.Parameter(torch.zeros(columns, waves, size))
        self.bias = nn.Parameter(torch.zeros(columns, 1, size))
        self.register_buffer("embedded", (torch.arange(width) < columns).float())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x and the features of its embedded columns, (N, width + columns * size)."""
        turns = x[:, self.embedded == 1].T[:, :, None] * self.frequency + self.phase
        # Subtracting whole turns is exact, and cos of a small argument keeps its digits.
        waves = torch.cos(2 * torch.pi * (turns - turns.round()))
        features = waves @ self.weight + self.bias
        return torch.cat([x, features.transpose(0, 1).flatten(1)], 1)

    def extra_repr(self) -> str:
        """Return the sizes as text."""
        columns, waves, size = self.weight.shape
        return f"width={self.embedded.numel()}, columns={columns}, waves={waves}, size={size}"


class Residual(nn.Module):
    """y = x + layers(x). The last `projection` layers are beside the others: y = p(x) + f(x)."""

    def __init__(self, *layers: nn.Module, projection: int = 0) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.projection = projection

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, or its projection, plus the output of the layers."""
        own = len(self.layers) - self.projection
        y: torch.Tensor = self.layers[own:](x) + self.layers[:own](x)
        return y

    def extra_repr(self) -> str:
        """Return the number of layers in the projection as text."""
        return f"projection={self.projection}" if self.projection else ""


class Concatenate(nn.Module):
    """y = [x, layers(x)]. The last `projection` layers are beside the others: y = [p(x), f(x)]."""

    def __init__(self, *layers: nn.Module, projection: int = 0) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.projection = projection

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, or its projection, and the output of the layers side by side."""
        own = len(self.layers) - self.projection
        return torch.cat([self.layers[own:](x), self.layers[:own](x)], 1)

    def extra_repr(self) -> str:
        """Return the number of layers in the projection as text."""
        return f"projection={self.projection}" if self.projection else ""


class Members(nn.Module):
    """The mean of what `count` members predict; they are chains of equally many of the layers.

    With join "values" of their outputs z, with "probabilities" of softmax(z) and with "sigmoids" of
    sigmoid(z), as logarithms and logits of the mean: y is what a Softmax or Sigmoid behind takes.
    """

    def __init__(self, *layers: nn.Module, count: int, join: str = "values") -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.count = count
        self.join = join

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the joined outputs of the members, (N, outputs)."""
        size = len(self.layers) // self.count
        starts = range(0, len(self.layers), size)
        z = torch.stack([self.layers[start : start + size](x) for start in starts])
        if self.join == "values":
            return z.mean(0)
        if self.join == "probabilities":
            return torch.log_softmax(z, 2).logsumexp(0) - math.log(self.count)
        yes, no = nn.functional.logsigmoid(z), nn.functional.logsigmoid(-z)
        return yes.logsumexp(0) - no.logsumexp(0)

    def extra_repr(self) -> str:
        """Return the number of members and how they are joined as text."""
        return f"count={self.count}, join={self.join!r}"
