"""Plots with matplotlib: what networks hold and what lens finds, as Axes.

>>> import pellucid as pl
>>> ax = pl.plots.activation("sigmoid")
>>> ax.get_title()
'Sigmoid'

Every function takes data or networks and, if one likes, the Axes to draw into (`ax=`), and gives
the Axes back. Without `ax` a figure of its own is made, which is no part of pyplot's state: it
shows itself in a notebook, and `pl.plots.save(ax, "picture.svg")` writes it to a file. Colours
follow matplotlib's settings, light or dark; `with pl.plots.style("dark"):` chooses. Labels are in
pellucid's language.

The functions compute nothing: they show what networks and lens give. matplotlib is loaded when one
of them is first used; it comes with `pip install "pellucid[plot]"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pellucid.extras import library

if TYPE_CHECKING:
    from pellucid.lens.plots.answers import confusion_matrix, misread, reliability, residuals
    from pellucid.lens.plots.curves import (
        activation,
        learning_curves,
        precision_recall,
        robustness,
        roc,
    )
    from pellucid.lens.plots.diagram import network
    from pellucid.lens.plots.figures import save, style
    from pellucid.lens.plots.reasons import (
        contributions,
        partial_dependence,
        permutation_importance,
    )
    from pellucid.lens.plots.surfaces import decision_surface, weights

_MODULE_OF = {
    "activation": "curves",
    "confusion_matrix": "answers",
    "contributions": "reasons",
    "decision_surface": "surfaces",
    "learning_curves": "curves",
    "misread": "answers",
    "network": "diagram",
    "partial_dependence": "reasons",
    "permutation_importance": "reasons",
    "precision_recall": "curves",
    "reliability": "answers",
    "residuals": "answers",
    "robustness": "curves",
    "roc": "curves",
    "save": "figures",
    "style": "figures",
    "weights": "surfaces",
}

__all__ = [
    "activation",
    "confusion_matrix",
    "contributions",
    "decision_surface",
    "learning_curves",
    "misread",
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
    import importlib

    library("matplotlib", "plot")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
