"""The same network elsewhere: PyTorch, ONNX, C, JSON, and the proof that it is the same.

>>> import pellucid as pl
>>> from pellucid.exchange import from_torch, to_torch
>>> net = pl.mlp([2, 4, 3], activation="sigmoid", seed=0)
>>> from_torch(to_torch(net)) == net
True

Every name is loaded when it is first used. PyTorch comes with `pip install "pellucid[torch]"`, ONNX
with `pip install "pellucid[onnx]"`; writing PyTorch's files, C and JSON needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pellucid.exchange.c import to_c
    from pellucid.exchange.json_file import from_json, to_json
    from pellucid.exchange.onnx import from_onnx, onnx_model, to_onnx
    from pellucid.exchange.pytorch.conversion import from_torch, to_torch
    from pellucid.exchange.pytorch.files import (
        from_state_dict,
        read_state_dict,
        state_dict,
        write_torch,
    )
    from pellucid.exchange.verification import verify

_MODULE_OF = {
    "from_json": "json_file",
    "from_onnx": "onnx",
    "from_state_dict": "pytorch.files",
    "from_torch": "pytorch.conversion",
    "onnx_model": "onnx",
    "read_state_dict": "pytorch.files",
    "state_dict": "pytorch.files",
    "to_c": "c",
    "to_json": "json_file",
    "to_onnx": "onnx",
    "to_torch": "pytorch.conversion",
    "verify": "verification",
    "write_torch": "pytorch.files",
}

__all__ = [
    "from_json",
    "from_onnx",
    "from_state_dict",
    "from_torch",
    "onnx_model",
    "read_state_dict",
    "state_dict",
    "to_c",
    "to_json",
    "to_onnx",
    "to_torch",
    "verify",
    "write_torch",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
