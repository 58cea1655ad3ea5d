"""Why an answer is what it is.

Contributions on the digit or as bars, and the columns that matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from pellucid.core.arrays import as_array
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.attribution import Contributions, IntegratedGradients
from pellucid.lens.importance import PartialDependence, PermutationImportance
from pellucid.lens.plots.figures import (
    DASHES,
    MARKERS,
    add_legend,
    finished,
    hide_frame,
    largest_of,
    own_axes,
    palette,
    points_for,
    scale_bar,
    signed_image,
)
from pellucid.lens.plots.fonts import drawing, shown


@drawing
def contributions(
    found: Contributions | IntegratedGradients,
    *,
    row: int = 0,
    shape: tuple[int, int] | None = None,
    picture: Any = None,
    count: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each input gives to a neuron: on the picture where the inputs are pixels, else as
    bars.

    Parameters
    ----------
    found
        What `pl.contributions` or `pl.integrated_gradients` gave; of the latter's rows the one
        numbered `row`.
    shape
        (height, width) of a picture; None for 28 x 28 where there are 784 inputs, and bars
        elsewhere.
    picture
        The picture itself, whose outline is drawn; a Contributions knows it.
    count
        How many bars, the strongest first; the others are one bar together, then comes the bias.

    Raises InputError for a shape that does not fit and rows that do not exist.
    """
    values, inputs, title = _values(found, row, picture)
    shape = _shape(found, values, shape)
    if shape is not None:
        return _on_picture(
            values.reshape(shape), None if inputs is None else inputs.reshape(shape), title, ax
        )
    return _bars(found, values, title, whole("count", count), ax)


def _on_picture(values: Array, picture: Array | None, title: str, ax: Axes | None) -> Axes:
    ax = own_axes(ax, 4.8, 4.2)
    end = largest_of(values[values != 0])
    image = signed_image(ax, values, end)
    if picture is not None and picture.max() > picture.min():
        levels = [(float(picture.min()) + float(picture.max())) / 2]
        ax.contour(picture, levels=levels, colors=[ax.xaxis.label.get_color()], linewidths=0.8)
    scale_bar(ax, image, say("contribution"), beyond=bool((np.abs(values) > end).any()))
    ax.set_title(title)
    hide_frame(ax)
    height, width = values.shape
    ax.add_patch(
        Rectangle(
            (-0.5, -0.5), width, height, fill=False, edgecolor=palette(ax).faint, clip_on=False
        )
    )
    return finished(ax)


def _inputs_name(found: Any) -> str:
    before = found.layer - 1 if isinstance(found, Contributions) else 0
    return say("neuron of hidden layer {number}", number=before) if before else say("inputs")


def _bars(found: Any, values: Array, title: str, count: int, ax: Axes | None) -> Axes:
    order = np.argsort(-np.abs(values), kind="stable")[:count]
    order = order[values[order] != 0] if values.any() else order  # a bar of nothing says nothing
    bars = [(shown(found.names[i], i), float(values[i])) for i in order.tolist()]
    rest = math.fsum(values) - math.fsum(values[order])
    if rest:
        bars.append((say("{count:,} others", count=len(values) - len(order)), rest))
    if isinstance(found, Contributions):
        bars.append((say("bias"), found.bias))
    ax = own_axes(ax, 6, 0.32 * len(bars) + 1.3)
    colours = palette(ax)
    lengths = np.array([value for _, value in bars])
    ends = [colours.negative if value < 0 else colours.positive for value in lengths]
    places = np.arange(len(bars))
    ax.barh(places, lengths, color=ends, height=0.7)
    ax.axvline(0, color=ax.xaxis.label.get_color(), linewidth=0.8)
    for place, value in zip(places.tolist(), lengths.tolist(), strict=True):
        side, gap = ("right", -3) if value < 0 else ("left", 3)
        offset: dict[str, Any] = {
            "xytext": (gap, 0),
            "textcoords": "offset points",
            "fontsize": "small",
        }
        ax.annotate(
            f"{value:+.3g}".replace("-", "\N{MINUS SIGN}"),
            (value, place),
            ha=side,
            va="center",
            color=ax.xaxis.label.get_color(),
            **offset,
        )
    ax.set_yticks(places, [name for name, _ in bars])
    ax.invert_yaxis()
    ax.margins(x=min(0.16 + 20 / points_for(ax, 1, 1e-9), 0.5))  # room for the numbers
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel=say("contribution"), ylabel=_inputs_name(found), title=title)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return finished(ax)


@drawing
def permutation_importance(
    found: PermutationImportance, *, count: int = 20, ax: Axes | None = None
) -> Axes:
    """Draw by how much the metric worsens when a column is shuffled, the most important first.

    The thin lines are one standard deviation over the repeats, either way.
    """
    order = found.ranked()[: whole("count", count)]
    ax = own_axes(ax, 6, 0.32 * len(order) + 1.3)
    colours = palette(ax)
    means, deviations = found.means[order], found.deviations[order]
    places = np.arange(len(order))
    lines: dict[str, Any] = {"ecolor": ax.xaxis.label.get_color(), "elinewidth": 1, "capsize": 2}
    ax.barh(places, means, xerr=deviations, color=colours.series[0], height=0.7, error_kw=lines)
    ax.axvline(0, color=ax.xaxis.label.get_color(), linewidth=0.8)
    ax.set_yticks(places, [shown(found.names[c], c) for c in order.tolist()])
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    metric = {"accuracy": say("accuracy"), "r2": "R2"}.get(found.metric, shown(found.metric))
    ax.set_xlabel(say("how much worse {metric} gets when the column is shuffled", metric=metric))
    ax.set_title(
        say("permutation importance ({metric} {score:.3f})", metric=metric, score=found.score)
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return finished(ax)


@drawing
def partial_dependence(
    found: PartialDependence,
    outputs: Sequence[int] | None = None,
    *,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean answer by the numbers of a column: lines, or bars for a column of categories.

    `outputs` are the numbers of the outputs to draw, None for the first eight; `names` what all
    outputs are called. Raises InputError for outputs that do not exist.
    """
    K = found.answers.shape[1]
    chosen = list(range(min(K, 8))) if outputs is None else list(outputs)
    if not chosen or not all(isinstance(k, (int, np.integer)) and 0 <= k < K for k in chosen):
        raise InputError(
            "outputs go from 0 to {last}; there is no {got}", last=K - 1, got=repr(outputs)
        )
    ax = own_axes(ax)
    colours = palette(ax)
    labels = [
        shown(names[k], k) if names and len(names) == K else say("output {k}", k=k) for k in chosen
    ]
    as_names = found.categories or found.grid.ndim > 1
    places = np.arange(len(found.labels)) if as_names else found.grid
    for n, (k, label) in enumerate(zip(chosen, labels, strict=True)):
        colour, y = colours.series[n % len(colours.series)], found.answers[:, k]
        if as_names:
            width = 0.8 / len(chosen)
            ax.bar(
                places + (n - (len(chosen) - 1) / 2) * width,
                y,
                width * 0.92,
                color=colour,
                label=label,
            )
        else:
            line: dict[str, Any] = {
                "color": colour,
                "linestyle": DASHES[n % len(DASHES)],
                "marker": MARKERS[n % len(MARKERS)],
            }
            ax.plot(places, y, markersize=4, label=label, **line)
    if as_names:
        categories = [shown(name, n) for n, name in enumerate(found.labels)]
        ax.set_xticks(places, categories, rotation=45 if sum(map(len, categories)) > 50 else 0)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.set(xlabel=shown(found.column), ylabel=say("mean answer"), title=say("partial dependence"))
    ax.grid(axis="y" if as_names else "both", alpha=0.3)
    ax.set_axisbelow(True)
    if len(chosen) > 1:
        add_legend(
            ax, "upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small"
        )  # beside: bars may fill it all
    return finished(ax)


def _values(found: Any, row: int, picture: Any) -> tuple[Array, Array | None, str]:
    """Give what to draw, the inputs behind it where they are known, and a title."""
    given = None if picture is None else as_array(picture).ravel()
    if isinstance(found, Contributions):
        title = f"{_neuron_name(found, found.label, found.neuron)}: " + say(
            "weighted sum {value:.3f}", value=found.weighted_sum
        )
        return found.values, found.inputs if given is None else given, title
    if not isinstance(found, IntegratedGradients):
        raise InputError(
            "expected what contributions or integrated_gradients give, got {got}", got=type(found)
        )
    N = len(found.values)
    if not isinstance(row, (int, np.integer)) or not 0 <= row < N:
        raise InputError("rows go from 0 to {last}; there is no {got}", last=N - 1, got=repr(row))
    ends = {"low": found.at_baseline[row], "high": found.at_input[row]}
    name = _neuron_name(found, found.labels[row], int(found.neurons[row]))
    return (
        found.values[row].ravel(),
        given,
        f"{name}\n" + say("{low:.3f} at the baseline, {high:.3f} here", **ends),
    )


def _neuron_name(found: Any, label: str, neuron: int) -> str:
    name = shown(label, neuron)
    return (
        say("output {k}", k=name)
        if found.name == say("output")
        else say("neuron {neuron}", neuron=name)
    )


def _shape(found: Any, values: Array, shape: tuple[int, int] | None) -> tuple[int, int] | None:
    if shape is None:
        numbered = found.names == [str(i) for i in range(values.size)]
        return (28, 28) if values.size == 784 and numbered else None
    if len(shape) != 2 or shape[0] * shape[1] != values.size:
        raise InputError(
            "expected (height, width) of {D} pixels, got {got}", D=values.size, got=repr(shape)
        )
    return shape
