"""`--plot`: plots by matplotlib in a file, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pellucid.cli.help import option
from pellucid.cli.output import note
from pellucid.errors import InputError
from pellucid.files.atomic import check_writable
from pellucid.lens import plots
from pellucid.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Panel: TypeAlias = "Callable[..., Axes]"
"""A function that draws one plot into the Axes that it is given as `ax`."""

EXTENSIONS = (".png", ".svg", ".pdf")


def plot_option() -> Any:
    """Return --plot for commands that draw what they show."""
    return option("--plot FILE", "Also draw a plot into a PNG, SVG or PDF file; needs matplotlib.")


def check_plot(path: str | None) -> None:
    """Check before any work that the plot can be drawn and written."""
    if path is None:
        return
    if Path(path).suffix.lower() not in EXTENSIONS:
        raise InputError("{path}: a plot's file ends in .png, .svg or .pdf", path=path)
    check_writable(path)
    _ = plots.save  # loads matplotlib, or raises the error that it is not installed


def write_plot(
    path: str, draw: Sequence[Panel], size: tuple[float, float] = (6, 4.5), across: int = 2
) -> None:
    """Draw panels of a size in inches, so many side by side, and write them to a file."""
    from pellucid.lens.plots.figure_style import add_axes, new_figure

    across = min(across, len(draw))
    lines = -(-len(draw) // across)
    axes = add_axes(new_figure(size[0] * across, size[1] * lines), lines, across)
    for ax, paint in zip(axes, draw, strict=False):
        paint(ax=ax)
    for ax in axes[len(draw) :]:
        ax.remove()
    plots.save(axes, path)
    note_plot(path)


def plot_history(path: str | None, history: History) -> None:
    """Draw the learning curves, where a plot is asked for and an epoch was completed."""
    if path is None or not len(history):
        return
    plots.save(plots.learning_curves(history), path)
    note_plot(path)


def note_plot(path: str) -> None:
    """Note that a plot was written."""
    note("plot written: {path}", path=path)
