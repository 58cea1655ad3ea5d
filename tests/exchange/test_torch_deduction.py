"""A state_dict's architecture is deduced, and an ambiguous one is an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

import pellucid as pl
from pellucid.exchange import from_state_dict, to_torch
from pellucid.exchange.pytorch.deduction import deduced
from tests.narrowing import present


def from_module(module: nn.Module, *given: Any, **named: Any) -> pl.Network:
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    found = deduced(state, *given, **named)
    return from_state_dict(state, found.network, names=found.modules)


def lines() -> dict[str, nn.Sequential]:
    relu, drop = nn.ReLU(), nn.Dropout(0.5)
    return {
        "activation, norm": nn.Sequential(
            nn.Linear(6, 16), relu, nn.BatchNorm1d(16), nn.Linear(16, 3)
        ),
        "norm, activation": nn.Sequential(
            nn.Linear(6, 16), nn.BatchNorm1d(16), relu, nn.Linear(16, 3)
        ),
        "dropout": nn.Sequential(nn.Linear(6, 16), nn.LayerNorm(16), relu, drop, nn.Linear(16, 3)),
        "two in a row": nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4), relu, nn.Linear(4, 2)),
        "norm in front": nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 5), relu, nn.Linear(5, 2)),
        "norm at the end": nn.Sequential(nn.Linear(6, 5), relu, nn.Linear(5, 2), nn.LayerNorm(2)),
        "both norms": nn.Sequential(
            nn.Linear(6, 6),
            nn.BatchNorm1d(6),
            relu,
            nn.Linear(6, 6),
            relu,
            nn.LayerNorm(6),
            nn.Linear(6, 6),
        ),
        "nested": nn.Sequential(
            nn.Sequential(nn.Linear(6, 5), relu),
            nn.Sequential(nn.Linear(5, 4, bias=False), relu),
            nn.Linear(4, 2),
        ),
        "ten and more": nn.Sequential(
            *[m for _ in range(7) for m in (nn.Linear(6, 6), relu)], nn.Linear(6, 6)
        ),
    }


@pytest.mark.parametrize("name", lines())
@pytest.mark.parametrize("before", ["", "net."])
def test_gaps_in_the_numbers_determine_where_activations_are(name: str, before: str) -> None:
    module = lines()[name]
    same = nn.ModuleDict({"net": module}) if before else module
    for each in module.modules():
        if isinstance(each, nn.BatchNorm1d):
            present(each.running_mean).uniform_(-1, 1)
    net = from_module(same, "relu")
    x = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    np.testing.assert_allclose(
        net(x), module.eval()(torch.from_numpy(x)).detach().numpy(), rtol=1e-5, atol=1e-6
    )


def test_modules_without_gaps_have_their_activations_elsewhere() -> None:
    module = nn.ModuleList([nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, 2)])
    kinds = [type(layer).__name__ for layer in from_module(module, "silu", "softmax").layers]
    assert kinds == ["Affine", "SiLU", "Affine", "SiLU", "Affine", "Softmax"]


def unclear() -> dict[str, nn.Module]:
    relu, drop = nn.ReLU(), nn.Dropout(0.5)
    named = {"fc1": nn.Linear(6, 5), "norm1": nn.BatchNorm1d(5), "fc2": nn.Linear(5, 2)}
    inner = nn.Sequential(nn.Linear(16, 8), nn.LayerNorm(8), nn.GELU())
    return {
        "activation or dropout": nn.Sequential(
            nn.Linear(6, 5), relu, nn.BatchNorm1d(5), drop, nn.Linear(5, 2)
        ),
        "names": nn.ModuleDict(named),
        "a list": nn.ModuleList(named.values()),
        "before or after the last norm": nn.Sequential(nn.Linear(6, 5), relu, nn.LayerNorm(5)),
        "nested": nn.Sequential(
            nn.Linear(6, 16), relu, nn.BatchNorm1d(16), drop, inner, nn.Linear(8, 3)
        ),
    }


@pytest.mark.parametrize("name", unclear())
def test_what_leaves_a_choice_is_refused(name: str) -> None:
    with pytest.raises(
        pl.InputError, match=r"where the activations of .* are.*--names .*,relu,.*--like MODEL"
    ):
        from_module(unclear()[name], "relu")


def test_names_may_hold_the_activations(tmp_path: Path) -> None:
    module = pl.mlp([6, 7, 5, 2], "silu", normalization="batch", seed=3)
    theirs = to_torch(module, ["fc1", "bn1", "a1", "fc2", "bn2", "a2", "out"])
    names = ["fc1", "bn1", "silu", "fc2", "bn2", "silu", "out"]
    assert from_module(theirs, None, names=names) == module
    with pytest.raises(pl.InputError, match="already include activations"):
        from_module(theirs, "silu", names=names)
    with pytest.raises(pl.InputError, match="where the activations"):
        from_module(theirs, "silu", names=[name for name in names if name != "silu"])
    with pytest.raises(pl.InputError, match="expected 5 names"):
        from_module(theirs, None, names=[*names, "swish"])
    with pytest.raises(pl.InputError, match="expected 5 names"):
        from_module(theirs, None, names=names[:-1])


@pytest.mark.parametrize(
    ("state", "tensor"),
    [
        (
            {"0.weight": (4, 1, 3, 3), "0.bias": (4,), "2.weight": (2, 4)},
            r"'0.weight' of shape \(4, 1, 3, 3\)",
        ),
        ({"0.weight": (4, 6), "1.weight": (1,), "2.weight": (2, 4)}, r"'1.weight' of shape \(1,\)"),
        ({"0.weight": (4, 6), "2.weight": (2, 5)}, r"'2.weight' of shape \(2, 5\)"),
        ({"0.weight": (4, 6), "0.other": (4,)}, r"'0.weight' of shape \(4, 6\)"),
    ],
)
def test_what_is_no_line_is_named(state: dict[str, Any], tensor: str) -> None:
    with pytest.raises(pl.InputError, match=f"tensor {tensor} belongs to no Linear"):
        deduced({name: np.ones(shape) for name, shape in state.items()}, "relu")


def test_messages_are_the_same_in_every_process(tmp_path: Path) -> None:
    """Readers give tensors in the order of a hash that changes from process to process."""
    path = tmp_path / "theirs.safetensors"
    safetensors.torch.save_file(unclear()["nested"].state_dict(), path)
    pl.mlp([6, 16, 3], normalization="batch").save(tmp_path / "like.safetensors")
    code = (
        "import json, sys, pellucid as pl; from pellucid.exchange import from_state_dict\n"
        "try: from_state_dict(sys.argv[1], pl.load(sys.argv[2]))\n"
        "except pl.FileError as error: print(json.dumps(str(error)))"
    )
    words = [sys.executable, "-c", code, str(path), str(tmp_path / "like.safetensors")]
    found = {
        subprocess.run(
            words, env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, check=True
        ).stdout
        for seed in range(4)
    }
    assert len(found) == 1
    message = json.loads(found.pop())
    assert (
        message.index("0 (") < message.index("2 (") < message.index("4.0 (") < message.index("5 (")
    )
