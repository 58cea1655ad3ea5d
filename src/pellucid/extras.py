"""Optional libraries, imported when they are first used."""

from __future__ import annotations

import importlib
from typing import Any

from pellucid.errors import MissingLibraryError

# The packages that each extra installs.
EXTRAS: dict[str, tuple[str, ...]] = {
    "tables": ("narwhals", "pyarrow"),
    "plot": ("matplotlib",),
    "sklearn": ("scikit-learn",),
    "torch": ("torch",),
    "onnx": ("onnx", "onnxruntime"),
    "web": ("starlette", "uvicorn"),
    "notebook": ("anywidget",),
}


def library(name: str, extra: str) -> Any:
    """Return an optional library, or one of its modules.

    Raises MissingLibraryError, which names the `pip install` for it.
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
