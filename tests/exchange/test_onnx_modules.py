"""PyTorch's modules by way of ONNX: each network predicts as ONNX Runtime does, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import pellucid as pl
from pellucid.exchange.onnx import from_onnx
from tests.exchange.exporters import export_legacy, export_new, quietly
from tests.exchange.module_corpus import CORPUS, Entry
from tests.exchange.onnx_tools import run


class Outcome(NamedTuple):
    """What became of a module: "equal", "wrong", "refused", "unclear" or "not exported"."""

    kind: str
    reason: str


def outcome(entry: Entry, export: Callable[..., None], opset: int, folder: Path) -> Outcome:
    torch.manual_seed(3)
    with quietly():
        module = entry.make()
    with torch.no_grad():  # as after some training
        for norm in module.modules():
            if isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d)) and norm.running_var is not None:
                norm.running_var.uniform_(0.5, 2)
    path = folder / "module.onnx"
    try:
        with quietly():
            export(module.eval(), torch.randn(2, *entry.row), path, opset)
    except Exception as error:  # the exporter refuses it, in one of many ways
        return Outcome("not exported", repr(error)[:80])
    try:
        net = from_onnx(path)
    except pl.FileError as error:
        reason = str(error).partition("read from it: ")[2]
        named = "malformed" not in reason and reason.startswith(("node ", "its ", "it has the out"))
        return Outcome("refused" if named else "unclear", reason)
    return Outcome(
        "equal" if same(net, path, entry.row, entry.digits) else "wrong", repr(net.layers)
    )


def same(net: pl.Network, path: Path, row: tuple[int, ...], digits: float = 1e-4) -> bool:
    """Compare the network with ONNX Runtime for several numbers of rows of several sizes."""
    model = onnx.load(path)
    generator = np.random.default_rng(0)
    for N, scale in ((2, 1.0), (2, 30.0), (1, 1.0), (8, 1.0), (5, 0.1)):
        x: Any = (generator.normal(size=(N, *row)) * scale).astype(np.float32)
        try:
            y = run(model, x)[0]
        except Exception:  # a file for two rows only
            if N == 2:
                raise
            continue
        made = net.predict(x)
        if made.size != y.size:
            return False
        limit = digits * max(1.0, float(np.abs(y).max(initial=0)))
        if not np.allclose(made.reshape(y.shape), y, rtol=digits, atol=limit):
            return False
    return True


@pytest.mark.parametrize("name", CORPUS)
def test_modules_of_the_older_exporter(name: str, tmp_path: Path) -> None:
    opset = (13, 15, 17, 20)[sorted(CORPUS).index(name) % 4]
    found = outcome(CORPUS[name], export_legacy, opset, tmp_path)
    assert found.kind in ("equal", "refused", "not exported"), found.reason


@pytest.mark.soak
@pytest.mark.parametrize("name", CORPUS)
def test_modules_of_the_newer_exporter(name: str, tmp_path: Path) -> None:
    found = outcome(CORPUS[name], export_new, 18, tmp_path)
    assert found.kind in ("equal", "refused", "not exported"), found.reason
