"""The same network elsewhere: PyTorch, ONNX, C and JSON, and the check that it is the same.

>>> import pellucid as pl
>>> from pellucid.exchange import from_torch, to_torch
>>> net = pl.mlp([2, 4, 3], activation="sigmoid", seed=0)
>>> from_torch(to_torch(net)) == net
True

Each name is loaded when it is first used. PyTorch comes with `pip install "pellucid[torch]"`, ONNX
with `pip install "pellucid[onnx]"`; writing PyTorch's files, C and JSON needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pellucid.exchange.c import to_c as to_c
    from pellucid.exchange.json_file import from_json as from_json
    from pellucid.exchange.json_file import to_json as to_json
    from pellucid.exchange.onnx import from_onnx as from_onnx
    from pellucid.exchange.onnx import onnx_model as onnx_model
    from pellucid.exchange.onnx import to_onnx as to_onnx
    from pellucid.exchange.pytorch.from_module import from_torch as from_torch
    from pellucid.exchange.pytorch.state_dicts import from_state_dict as from_state_dict
    from pellucid.exchange.pytorch.state_dicts import read_state_dict as read_state_dict
    from pellucid.exchange.pytorch.state_dicts import state_dict as state_dict
    from pellucid.exchange.pytorch.state_dicts import write_torch as write_torch
    from pellucid.exchange.pytorch.to_module import to_torch as to_torch
    from pellucid.exchange.verification import verify as verify

_MODULE_OF = {
    "from_json": "json_file",
    "from_onnx": "onnx",
    "from_state_dict": "pytorch.state_dicts",
    "from_torch": "pytorch.from_module",
    "onnx_model": "onnx",
    "read_state_dict": "pytorch.state_dicts",
    "state_dict": "pytorch.state_dicts",
    "to_c": "c",
    "to_json": "json_file",
    "to_onnx": "onnx",
    "to_torch": "pytorch.to_module",
    "verify": "verification",
    "write_torch": "pytorch.state_dicts",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value  # the next use does not come here again
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
