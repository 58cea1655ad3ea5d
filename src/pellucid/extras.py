"""Libraries that only some of pellucid needs: imported when they are first used, and not before."""

from __future__ import annotations

import importlib
from typing import Any

from pellucid.errors import MissingLibraryError

EXTRAS: dict[str, tuple[str, ...]] = {
    "tables": ("narwhals", "pyarrow"),
    "plot": ("matplotlib",),
    "sklearn": ("scikit-learn",),
    "torch": ("torch",),
    "onnx": ("onnx", "onnxruntime"),
    "web": ("starlette", "uvicorn"),
    "notebook": ("anywidget",),
}
"""The packages that each extra of pellucid brings, by the names with which they are installed."""


def library(name: str, extra: str) -> Any:
    """Import a library, or one of its modules.

    Raises MissingLibraryError that names the `pip install` for it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        root = name.split(".")[0]
        raise MissingLibraryError(
            'this needs {name}, which is not installed: pip install "pellucid[{extra}]"',
            name=root,
            extra=extra,
        ) from error
