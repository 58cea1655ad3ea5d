"""Plots with matplotlib: what networks hold and what lens finds, as Axes.

>>> import pellucid as pl
>>> ax = pl.plots.activation("sigmoid")
>>> ax.get_title()
'Sigmoid'

Every function takes data or networks and optionally the Axes to draw into (`ax=`), and returns the
Axes. Without `ax` a new figure is made, outside pyplot's state: it shows itself in a notebook, and
`pl.plots.save(ax, "plot.svg")` writes it to a file. Colours follow matplotlib's settings, light or
dark; `with pl.plots.style("dark"):` selects a theme. Labels are in pellucid's language.

The functions compute nothing: they show the results of networks and lens. matplotlib is imported
when a plot is first used; the extra `plot` installs it.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from pellucid.extras import library


def _read_modules() -> dict[str, str]:
    """Return the module of each public name, from the imports of `__init__.pyi`."""
    stub = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    imports = [line.split() for line in stub.splitlines() if line.startswith("from ")]
    return {name: module for _, module, _, _, _, name in imports}


_MODULE_OF = _read_modules()
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # One error that names the extra, instead of an ImportError from within a plot.
    library("matplotlib", "plot")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value  # the next use does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
