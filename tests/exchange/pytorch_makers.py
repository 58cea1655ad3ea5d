"""Modules of PyTorch that become ONNX files, and the files of its newer exporter.

The newer exporter takes two seconds a file, so its files lie in `tests/exchange/made_by_pytorch`
with rows and what the modules predict for them. `make fixtures` writes them again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

from pellucid.core.types import Array
from tests.exchange.exporters import export_new, quietly
from tests.narrowing import present

FOLDER = Path(__file__).parent / "made_by_pytorch"
NEW_OPSETS = (18, 20)


class Skip(nn.Module):
    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Any) -> Any:
        return x + self.inner(x)


class Ways(nn.Module):
    def __init__(self, projection: nn.Module, inner: nn.Module) -> None:
        super().__init__()
        self.projection, self.inner = projection, inner

    def forward(self, x: Any) -> Any:
        return self.projection(x) + self.inner(x)


class Dense(Skip):
    def forward(self, x: Any) -> Any:
        return torch.cat([x, self.inner(x)], 1)


class Written(nn.Module):
    """Arithmetic as people write it."""

    def __init__(self, function: Callable[[Any, Any, Any], Any], D: int = 4, H: int = 4) -> None:
        super().__init__()
        self.W, self.b = nn.Parameter(torch.randn(D, H)), nn.Parameter(torch.randn(H))
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x, self.W, self.b)


def written_out(x: Any) -> Any:
    """ELU with alpha 1 and 0.3, SELU (a scaled ELU), Mish, Hardswish and LogSoftmax by formulas."""
    x = torch.where(x > 0, x, torch.exp(x) - 1)
    x = torch.relu(x) + 0.3 * (torch.exp(-torch.relu(-x)) - 1)
    x = 1.0507009873554805 * (torch.relu(x) + 1.6732632423543772 * (torch.exp(-torch.relu(-x)) - 1))
    x = x * torch.tanh(F.softplus(x))
    x = x * torch.clamp(x + 3, 0, 6) / 6
    shifted = x - x.max(-1, keepdim=True)[0]
    return shifted - torch.log(torch.exp(shifted).sum(-1, keepdim=True))


class Case(NamedTuple):
    """A module, the shape of a row, and the layers that its file becomes, as the first letters of
    their names.
    """

    make: Callable[[], nn.Module]
    kinds: str
    row: tuple[int, ...] = (4,)
    double: bool = False


def line(*modules: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*modules)


MODULES = {
    "plain": Case(
        lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), "Affine ReLU Affine"
    ),
    "double": Case(
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2), nn.Sigmoid()),
        "Affine Tanh Affine Sigmoid",
        double=True,
    ),
    "without biases": Case(
        lambda: nn.Sequential(
            nn.Linear(4, 6, bias=False), nn.SiLU(), nn.Linear(6, 3, bias=False), nn.Softmax(1)
        ),
        "Affine SiLU Affine Softmax",
    ),
    "activations": Case(
        lambda: nn.Sequential(
            *(
                nn.Linear(4, 5),
                nn.GELU(),
                nn.Linear(5, 5),
                nn.GELU("tanh"),
                nn.Linear(5, 5),
                nn.Softplus(),
            ),
            *(nn.Linear(5, 5), nn.LeakyReLU(0.2), nn.Linear(5, 5), nn.PReLU(), nn.Linear(5, 2)),
        ),
        "Affine GELU Affine GELU Affine Softplus Affine LeakyReLU Affine PReLU Affine",
    ),
    "more activations": Case(
        lambda: nn.Sequential(
            *(nn.Linear(4, 5), nn.ELU(), nn.Linear(5, 5), nn.ELU(0.5), nn.SELU(), nn.Linear(5, 5)),
            *(nn.Mish(), nn.Linear(5, 5), nn.Hardswish(), nn.PReLU(5), nn.Linear(5, 3)),
            nn.LogSoftmax(1),
        ),
        "Affine ELU Affine ELU SELU Affine Mish Affine Hardswish PReLU Affine LogSoftmax",
    ),
    "more activations written out": Case(
        lambda: Written(lambda x, W, b: written_out(x @ W) @ W + b),
        "Affine ELU ELU ELU Scale Mish Hardswish LogSoftmax Affine",
    ),
    "layer norm": Case(
        lambda: nn.Sequential(
            nn.Linear(4, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 2), nn.LayerNorm(2, eps=1e-3)
        ),
        "Affine LayerNorm ReLU Affine LayerNorm",
    ),
    "layer norm without numbers of its own": Case(
        lambda: nn.Sequential(
            nn.LayerNorm(4, elementwise_affine=False), nn.Linear(4, 3), nn.LayerNorm(3, bias=False)
        ),
        "LayerNorm Affine LayerNorm",
    ),
    "batch norm first": Case(
        lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3), nn.Dropout(0.4), nn.Sigmoid()),
        "BatchNorm Affine Sigmoid",
    ),
    "batch norm without numbers of its own": Case(
        lambda: nn.Sequential(
            nn.BatchNorm1d(4, affine=False, momentum=0.2), nn.Tanh(), nn.Linear(4, 2)
        ),
        "BatchNorm Tanh Affine",
    ),
    "images": Case(
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.ReLU(), nn.Linear(5, 2)),
        "Flatten Affine ReLU Affine",
        row=(1, 4, 4),
    ),
    "images by reshape": Case(
        lambda: Written(lambda x, W, b: x.view(x.size(0), -1) @ W + b, 12, 2),
        "Flatten Affine",
        row=(3, 4),
    ),
    "images scaled": Case(
        lambda: Written(lambda x, W, b: ((x / 255.0 - 0.13) / 0.3).flatten(1) @ W + b, 12, 2),
        "Flatten Scale Standardize Affine",
        row=(3, 4),
    ),
    "skips": Case(
        lambda: nn.Sequential(
            nn.Linear(4, 5),
            Skip(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 5)),
            Skip(nn.LayerNorm(5), Skip(nn.Linear(5, 5), nn.GELU()), nn.Linear(5, 5)),
            nn.Linear(5, 2),
        ),
        "Affine Residual Residual Affine",
    ),
    "skips with a projection": Case(
        lambda: nn.Sequential(
            Ways(nn.Linear(4, 6), nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 6))),
            Ways(nn.Sequential(nn.Linear(6, 3), nn.Tanh()), nn.Linear(6, 3, bias=False)),
        ),
        "Residual Residual",
    ),
    "dense skips": Case(
        lambda: nn.Sequential(
            Dense(nn.Linear(4, 2), nn.ReLU()),
            Dense(nn.LayerNorm(6), nn.Linear(6, 3), nn.GELU()),
            nn.Linear(9, 2),
        ),
        "Concatenate Concatenate Affine",
    ),
    "bias before": Case(
        lambda: Written(lambda x, W, b: torch.softmax(b + torch.tanh(x) @ W, dim=-1)),
        "Tanh Affine Softmax",
    ),
    "columns": Case(lambda: Written(lambda x, W, b: (W.T @ x.T).T + b), "Affine"),
    "standardized": Case(
        lambda: Written(lambda x, W, b: (x - b) / torch.exp(b) @ W), "Standardize Affine"
    ),
    "sigmoid and softplus written out": Case(
        lambda: Written(
            lambda x, W, b: torch.log(1 + torch.exp((1 / (1 + torch.exp(-(x @ W)))) @ W + b))
        ),
        "Affine Sigmoid Affine Softplus",
    ),
    "softmax written out": Case(
        lambda: Written(
            lambda x, W, b: torch.exp(x @ W + b) / torch.exp(x @ W + b).sum(1, keepdim=True)
        ),
        "Affine Softmax",
    ),
    "one number a row": Case(
        lambda: Written(lambda x, W, b: (torch.exp(x @ W[:, :1] / 4)).squeeze(-1)),
        "Affine Scale Exponential",
    ),
}


def example(name: str) -> tuple[nn.Module, Any]:
    """Return a module, as after some training, and 40 rows for it: the same each time."""
    torch.manual_seed(3)
    case = MODULES[name]
    module = case.make().double() if case.double else case.make()
    with torch.no_grad():
        for norm in module.modules():
            if isinstance(norm, nn.BatchNorm1d):
                present(norm.running_mean).normal_()
                present(norm.running_var).uniform_(0.5, 2)
    module.eval()
    return module, torch.randn(40, *case.row, dtype=torch.float64 if case.double else torch.float32)


def file_of(name: str, folder: Path = FOLDER) -> Path:
    return folder / f"{name.replace(' ', '-').replace(',', '')}.onnx"


def write(name: str, folder: Path) -> None:
    """Export a module by the newer exporter, with its rows and its predictions beside it."""
    module, x = example(name)
    path = file_of(name, folder)
    with quietly():
        export_new(module, x[:2], path, NEW_OPSETS[list(MODULES).index(name) % 2])
    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]  # it tells in which folders the exporter ran
    for part in (model, model.graph, *model.graph.node):
        part.doc_string = ""
    onnx.save(model, path)
    np.savez(path.with_suffix(".npz"), x=x.numpy(), y=module(x).detach().numpy())


def rows_of(path: Path) -> tuple[Array, Array]:
    """Return the rows beside a file, and what its module predicts for them."""
    with np.load(path.with_suffix(".npz")) as arrays:
        return arrays["x"], arrays["y"]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in MODULES:
        write(name, FOLDER)
