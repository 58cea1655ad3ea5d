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
when a plot is first used; `pip install "pellucid[plot]"` installs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pellucid.extras import library

if TYPE_CHECKING:
    from pellucid.lens.plots.evaluation_plots import (
        confusion_matrix,
        misclassified,
        reliability,
        residuals,
    )
    from pellucid.lens.plots.explanation_plots import (
        contributions,
        partial_dependence,
        permutation_importance,
    )
    from pellucid.lens.plots.figure_style import save, style
    from pellucid.lens.plots.line_plots import (
        activation,
        learning_curves,
        precision_recall,
        robustness,
        roc,
    )
    from pellucid.lens.plots.network_plot import network
    from pellucid.lens.plots.surface_plots import decision_surface, weights

# The names of each module, which is imported when one of them is first used.
_MODULES = {
    "evaluation_plots": ("confusion_matrix", "misclassified", "reliability", "residuals"),
    "explanation_plots": ("contributions", "partial_dependence", "permutation_importance"),
    "figure_style": ("save", "style"),
    "line_plots": ("activation", "learning_curves", "precision_recall", "robustness", "roc"),
    "network_plot": ("network",),
    "surface_plots": ("decision_surface", "weights"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "activation",
    "confusion_matrix",
    "contributions",
    "decision_surface",
    "learning_curves",
    "misclassified",
    "network",
    "partial_dependence",
    "permutation_importance",
    "precision_recall",
    "reliability",
    "residuals",
    "robustness",
    "roc",
    "save",
    "style",
    "weights",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    library("matplotlib", "plot")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value  # the next use does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
