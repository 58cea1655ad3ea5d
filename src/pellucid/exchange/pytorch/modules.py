"""The modules that PyTorch does not have: what turns raw input into neurons, exp, and a skip around
layers.

Their source goes into the Python file that `pellucid export --to torch` writes, so they need
nothing but PyTorch.
"""

from __future__ import annotations

import torch
from torch import nn


class Exponential(nn.Module):
    """y = exp(x)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give exp(x)."""
        return torch.exp(x)


class Scale(nn.Module):
    """y = x times a factor; bytes become numbers of the module's floating type."""

    factor: torch.Tensor

    def __init__(self, factor: float) -> None:
        super().__init__()
        # A setting, not a state: the buffer is there to follow .to(...), and no entry of the
        # state_dict.
        self.register_buffer("factor", torch.tensor(factor), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give x times the factor."""
        return x * self.factor

    def extra_repr(self) -> str:
        """Say what the factor is."""
        return f"factor={self.factor.item()!r}"


class Standardize(nn.Module):
    """y = (x - mean) / std, column by column.

    Both are kept in the state_dict and not learned.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the columns of x with mean 0 and deviation 1."""
        return (x - self.mean) / self.std

    def extra_repr(self) -> str:
        """Say how many columns there are."""
        return f"width={self.mean.numel()}"


class SmoothClip(nn.Module):
    """y = x / sqrt(1 + (x / limit)^2).

    Small numbers stay nearly as they are, and none passes the limit.
    """

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the numbers of x within the limit."""
        u = torch.clamp(
            x / self.limit, -1e8, 1e8
        )  # far out y is the limit, and u * u must not overflow
        return u / torch.sqrt(1 + u * u) * self.limit

    def extra_repr(self) -> str:
        """Say what the limit is."""
        return f"limit={self.limit!r}"


class PeriodicEmbedding(nn.Module):
    """All of x, and behind it some numbers for each of the embedded columns: cos(2 pi (x_e f +
    phase)) weight + bias.

    `embedded` is 1 for these columns, 0 for the others. Each has `waves` frequencies and phases,
    (columns, 1, waves), and gives `size` numbers: weight is (columns, waves, size), bias (columns,
    1, size).
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
        """Give x and the numbers of its embedded columns, (N, width + columns * size)."""
        turns = x[:, self.embedded == 1].T[:, :, None] * self.frequency + self.phase
        waves = torch.cos(
            2 * torch.pi * (turns - turns.round())
        )  # whole turns are taken away, which costs no digit
        numbers = waves @ self.weight + self.bias
        return torch.cat([x, numbers.transpose(0, 1).flatten(1)], 1)

    def extra_repr(self) -> str:
        """Say how many columns there are, how many of them are embedded, and in how many waves and
        numbers each.
        """
        columns, waves, size = self.weight.shape
        return f"width={self.embedded.numel()}, columns={columns}, waves={waves}, size={size}"


class Residual(nn.Module):
    """y = x + layers(x)."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give x with what the layers make of it added."""
        y: torch.Tensor = x + self.layers(x)
        return y
