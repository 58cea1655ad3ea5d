"""`--plot`: pictures by matplotlib in a file, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.cli.help import option
from pellucid.cli.output import check_writable, note
from pellucid.errors import InputError
from pellucid.language import mark, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.training import History

ENDINGS = (".png", ".svg", ".pdf")

plot_option = option(
    "--plot",
    metavar=mark("FILE"),
    help=mark('Draw it to a PNG, SVG or PDF file as well; needs pip install "pellucid[plot]".'),
)


def check_plot(path: str | None) -> None:
    """Find out before any work whether the picture can be drawn and written."""
    if path is None:
        return
    if Path(path).suffix.lower() not in ENDINGS:
        raise InputError("{path}: a picture's file ends in .png, .svg or .pdf", path=path)
    check_writable(path)
    from pellucid.lens import plots

    _ = plots.save  # loads matplotlib, or says that it is not there


def write_plot(
    path: str,
    draw: Sequence[Callable[..., Axes]],
    size: tuple[float, float] = (6, 4.5),
    across: int = 2,
) -> None:
    """Draw panels, so many side by side, each by a function that takes the Axes as `ax`.

    Write them.
    """
    from pellucid.lens import plots
    from pellucid.lens.plots.figures import add_axes, new_figure

    across = min(across, len(draw))
    lines = -(-len(draw) // across)
    axes = add_axes(new_figure(size[0] * across, size[1] * lines), lines, across)
    for ax, paint in zip(axes, draw, strict=False):
        paint(ax=ax)
    for ax in axes[len(draw) :]:
        ax.remove()
    plots.save(axes, path)
    tell_plot(path)


def plot_history(path: str | None, history: History) -> None:
    """Draw the learning curves, where a picture is asked for and an epoch was completed."""
    if path is None or not len(history):
        return
    from pellucid.lens import plots

    plots.save(plots.learning_curves(history), path)
    tell_plot(path)


def tell_plot(path: str) -> None:
    """Say that a picture was written, beside the result."""
    note(say("picture written: {path}", path=path))
