"""Looking inside a network: attribution, weights as images, evaluation, comparison, plots.

Nothing here changes how a network computes.
"""

from __future__ import annotations

import importlib
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    # `pl.plots` needs matplotlib; nothing else here does.
    if name != "plots":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("pellucid.lens.plots")
