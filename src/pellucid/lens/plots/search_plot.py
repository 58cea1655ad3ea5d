"""The trials of a search, by the loss that each had in the last stage that it reached."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pellucid.language import say
from pellucid.lens.plots import figure_style as style
from pellucid.lens.plots.fonts import drawing
from pellucid.training.search_result import SearchResult
from pellucid.training.trial import PRESET


@drawing
def trials(found: SearchResult, *, ax: Axes | None = None) -> Axes:
    """Draw the loss of each trial by its number: how far it came, the preset, and the best.

    Losses after a quarter of the steps are higher than those after all; few of them are far off,
    and the axis does not reach to these.
    """
    ax = style.own_axes(ax, 7.5, 4.5)
    colours = style.palette(ax)
    stages = [
        (0, say("a quarter of the steps"), colours.faint, 14),
        (1, say("all steps, first fold"), colours.series[0], 22),
        (found.folds, say("all folds"), colours.series[1], 40),
    ]
    for k, (fits, label, colour, size) in enumerate(stages):
        chosen = [each for each in found.trials if len(each.fits) == fits]
        numbers, losses = [each.number for each in chosen], [each.loss for each in chosen]
        marker = style.MARKERS[k]
        ax.scatter(numbers, losses, s=size, color=colour, marker=marker, label=label, zorder=2 + k)
    preset = next((each for each in found.trials if each.number == PRESET), None)
    if preset is not None:
        line = ax.axhline(preset.loss, color=colours.faint, linewidth=1, label=say("preset"))
        line.set_linestyle(style.DASHES[1])
    ax.annotate(
        str(found.best.number),
        (found.best.number, found.best.loss),
        xytext=(0, -13),
        textcoords="offset points",
        ha="center",
    )
    ordered = sorted(each.loss for each in found.trials)
    usual = ordered[int(0.9 * (len(ordered) - 1))]
    space = max(usual - ordered[0], 1e-3 * abs(ordered[0]), 1e-12)
    ax.set_ylim(ordered[0] - 0.15 * space, usual + 0.15 * space)
    ax.set(xlabel=say("trial"), ylabel=say("loss"), title=say("trials of the search"))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(alpha=0.3)
    style.add_legend(ax, "upper right")
    return style.finished(ax)
