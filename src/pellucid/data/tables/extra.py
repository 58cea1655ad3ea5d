"""The libraries that tables need, imported when a table is read and not before."""

from __future__ import annotations

import importlib
from typing import Any

from pellucid.errors import InputError
from pellucid.language import say


def library(name: str) -> Any:
    """Import pyarrow, one of its modules, or narwhals; raises InputError that says how to install them."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            say('tables need {name}, which is not installed: pip install "pellucid[tables]"', name=name.split(".")[0])
        ) from error
