"""Optional libraries, imported when they are first used."""

from __future__ import annotations

import importlib
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from pellucid.errors import MissingLibraryError

# uvicorn's fast event loop, which Windows does not have.
_UVLOOP = () if sys.platform == "win32" else ("uvloop",)

# The packages that each extra installs.
EXTRAS: dict[str, tuple[str, ...]] = {
    "tables": ("narwhals", "pyarrow"),
    "plot": ("matplotlib",),
    "sklearn": ("scikit-learn",),
    "torch": ("torch",),
    "onnx": ("onnx", "onnxruntime"),
    "web": ("starlette", "uvicorn", "httptools", *_UVLOOP, "segno"),
    "serve": ("uvicorn", "httptools", *_UVLOOP, "orjson", "prometheus-client"),
    "ray": ("ray",),
    "remote": ("fsspec",),
    "notebook": ("anywidget",),
    "tensorboard": ("tensorboardX",),
    "mlflow": ("mlflow-skinny",),
}


def library(name: str, extra: str) -> Any:
    """Return an optional library, or one of its modules.

    Raises MissingLibraryError, which names the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(name.split(".")[0], install_command(extra)) from error


def not_installed(package: str) -> MissingLibraryError:
    """Return the error of a library that is in no extra, which names the command that installs it.

    >>> str(not_installed("s3fs")).startswith("this needs s3fs, which is not installed: ")
    True
    """
    return _missing(package, f"{_pip()} install {package}")


def _missing(name: str, command: str) -> MissingLibraryError:
    template = "this needs {name}, which is not installed: {command}"
    return MissingLibraryError(template, name=name, command=command)


def install_command(extra: str) -> str:
    """Return the command, as it is typed here, that installs the libraries of an extra.

    The libraries by their own names: unlike `pellucid[extra]`, that works however pellucid itself
    was installed.

    >>> install_command("onnx").endswith(" install onnx onnxruntime")
    True
    """
    return f"{_pip()} install {' '.join(EXTRAS[extra])}"


def _pip() -> str:
    """Return how pip of this Python is started."""
    python = Path(sys.executable)
    # Another Python's pip may come first in PATH, or none
    if shutil.which("pip") == str(python.with_name("pip")):
        return "pip"
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return f"{shlex.quote(str(python))} -m pip"
