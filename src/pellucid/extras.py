"""Libraries that only some of pellucid needs: imported when they are first used, and not before."""

from __future__ import annotations

import importlib
from typing import Any

from pellucid.errors import InputError
from pellucid.language import say


def library(name: str, extra: str) -> Any:
    """Import a library, or one of its modules; raises InputError that names the `pip install` which brings it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        root = name.split(".")[0]
        raise InputError(
            say('this needs {name}, which is not installed: pip install "pellucid[{extra}]"', name=root, extra=extra)
        ) from error
