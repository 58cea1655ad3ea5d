"""Looking inside: what networks hold, why they answer as they do, and how well.

Never changes how they compute.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name != "plots":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return importlib.import_module("pellucid.lens.plots")
