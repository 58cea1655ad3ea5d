"""PyTorch's two exporters to ONNX, called as people call them."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn


def export_legacy(module: nn.Module, x: Any, path: Path, opset: int) -> None:
    torch.onnx.export(
        module,
        (x,),
        path,
        dynamo=False,
        input_names=["x"],
        dynamic_axes={"x": {0: "N"}},
        opset_version=opset,
    )


def export_new(module: nn.Module, x: Any, path: Path, opset: int) -> None:
    rows = torch.export.Dim("N")
    torch.onnx.export(
        module,
        (x,),
        path,
        dynamo=True,
        external_data=False,
        dynamic_shapes=((({0: rows}),)),
        opset_version=opset,
    )


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Silence the exporters, which print, log and warn of themselves."""
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
