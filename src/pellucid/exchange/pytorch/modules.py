"""The modules that PyTorch does not have: what turns raw input into neurons, exp, and a skip around layers.

Their source goes into the Python file that `pellucid export --to torch` writes, so they need nothing but PyTorch.
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
        # A setting, not a state: the buffer is there to follow .to(...), and no entry of the state_dict.
        self.register_buffer("factor", torch.tensor(factor), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give x times the factor."""
        return x * self.factor

    def extra_repr(self) -> str:
        """Say what the factor is."""
        return f"factor={self.factor.item()!r}"


class Standardize(nn.Module):
    """y = (x - mean) / deviation, column by column; both are kept in the state_dict and not learned."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the columns of x with mean 0 and deviation 1."""
        return (x - self.mean) / self.deviation

    def extra_repr(self) -> str:
        """Say how many columns there are."""
        return f"width={self.mean.numel()}"


class Residual(nn.Module):
    """y = x + layers(x)."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give x with what the layers make of it added."""
        y: torch.Tensor = x + self.layers(x)
        return y
