"""The same network elsewhere: PyTorch, ONNX, C, SQL and JSON, and the check that it is the same.

>>> import pellucid as pl
>>> from pellucid.exchange import from_torch, to_torch
>>> net = pl.mlp([2, 4, 3], activation="sigmoid", seed=0)
>>> from_torch(to_torch(net)) == net
True

Each name is loaded when it is first used. The extra `torch` installs PyTorch, the extra `onnx` ONNX
and ONNX Runtime; writing the others needs neither.
"""

from __future__ import annotations

import importlib
from pathlib import Path


def _read_modules() -> dict[str, str]:
    """Return the module of each public name, from the imports of `__init__.pyi`."""
    stub = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    imports = [line.split() for line in stub.splitlines()]
    return {name: module for _, module, _, _, _, name in imports}


_MODULE_OF = _read_modules()
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value  # the next use does not come here again
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
