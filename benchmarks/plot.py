"""Draw one epoch and one prediction as bars, readable on light and dark pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import claims
import matplotlib as mpl
import matplotlib.pyplot as plt

INK = "#7d7d7d"  # as readable on white as on black
COLORS = {
    "pellucid": "#e0701a",
    "numpy": "#8a8f98",
    "torch": "#7b6fd0",
    "sklearn": "#2f8fc4",
    "onnxruntime": "#3a9d6e",
    "jax": "#b5658f",
}
PANELS = (
    ("predictions", "one row, digits", "one row of 784-16-16-10, 1 thread", 1e6, "microseconds"),
    ("epochs", "784-16-16-10, sgd", "one epoch of 784-16-16-10, 1 thread", 1, "seconds"),
    ("epochs", "784-128-64-10, sgd", "one epoch of 784-128-64-10, 1 thread", 1, "seconds"),
    ("epochs", "784-800-10, sgd", "one epoch of 784-800-10, all threads", 1, "seconds"),
)


def draw(document: dict[str, Any], titles: dict[str, str], path: Path) -> None:
    """Save the plot as SVG; the same numbers give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings: Any = {
        "svg.hashsalt": "pellucid",
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with mpl.rc_context(settings):
        figure, axes = plt.subplots(2, 2, figsize=(9, 5.4))
        for panel, ax in zip(PANELS, axes.flat, strict=True):
            _panel(document, titles, panel, ax)
        figure.tight_layout()
        figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _panel(
    document: dict[str, Any], titles: dict[str, str], panel: tuple[Any, ...], ax: Any
) -> None:
    section, case, title, scale, unit = panel
    threads = document["surroundings"]["cores"] if "all" in title else 1
    medians = {name: claims.fastest(document[section], case, threads, name) for name in titles}
    bars = sorted(
        ((value * scale, name) for name, value in medians.items() if value is not None),
        reverse=True,
    )
    ax.barh(
        [titles[name] for _, name in bars],
        [value for value, _ in bars],
        color=[COLORS[name] for _, name in bars],
    )
    for index, (value, _) in enumerate(bars):
        ax.text(value, index, f" {value:.3g}", va="center")
    ax.set_title(title, fontsize=10)
    ax.set_xlabel(unit)
    ax.set_xlim(0, 1.15 * bars[0][0])
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(left=False)
