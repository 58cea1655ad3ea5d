"""Plots that explain a prediction: contributions, and the columns that matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from pellucid.core.arrays import as_array
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.attribution import Contributions, IntegratedGradients
from pellucid.lens.importance import PartialDependence, PermutationImportance
from pellucid.lens.plots import figure_style as style
from pellucid.lens.plots.fonts import drawing, shown

Explanation: TypeAlias = Contributions | IntegratedGradients


@drawing
def contributions(
    found: Explanation,
    *,
    row: int = 0,
    shape: tuple[int, int] | None = None,
    image: ArrayLike | None = None,
    count: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw each input's contribution to a neuron: on the image for pixels, else as bars.

    Parameters
    ----------
    found
        The result of `pl.contributions` or `pl.integrated_gradients`; of the latter's rows the one
        with index `row`.
    shape
        (height, width) of an image; None for 28 x 28 with 784 inputs, else bars.
    image
        The image itself, whose outline is drawn; a Contributions knows it.
    count
        The number of bars, the strongest first; the others are one bar together, then the bias.

    Raises InputError for a shape that does not fit and rows that do not exist.
    """
    values, inputs, title = _values(found, row, image)
    shape = _shape(found, values, shape)
    if shape is None:
        return _bars(found, values, title, whole("count", count), ax)
    outline = None if inputs is None else inputs.reshape(shape)
    return _on_image(values.reshape(shape), outline, title, ax)


def _on_image(values: Array, image: Array | None, title: str, ax: Axes | None) -> Axes:
    ax = style.own_axes(ax, 4.8, 4.2)
    # Black pixels contribute nothing and would make the scale too short.
    end = style.largest_of(values[values != 0])
    drawn = style.signed_image(ax, values, end)
    if image is not None and image.max() > image.min():
        levels = [(float(image.min()) + float(image.max())) / 2]
        ax.contour(image, levels=levels, colors=[style.ink_of(ax)], linewidths=0.8)
    style.scale_bar(ax, drawn, say("contribution"), beyond=bool((np.abs(values) > end).any()))
    ax.set_title(title)
    style.hide_frame(ax)
    (height, width), faint = values.shape, style.palette(ax).faint
    frame = Rectangle((-0.5, -0.5), width, height, fill=False, edgecolor=faint, clip_on=False)
    ax.add_patch(frame)
    return style.finished(ax)


def _bars(found: Explanation, values: Array, title: str, count: int, ax: Axes | None) -> Axes:
    order = np.argsort(-np.abs(values), kind="stable")[:count]
    order = order[values[order] != 0] if values.any() else order  # an empty bar says nothing
    bars = [(shown(found.names[i], i), float(values[i])) for i in order.tolist()]
    rest = math.fsum(values) - math.fsum(values[order])
    if rest:
        bars.append((say("{count:,} others", count=len(values) - len(order)), rest))
    if isinstance(found, Contributions):
        bars.append((say("bias"), found.bias))
    ax = style.own_axes(ax, 6, 0.32 * len(bars) + 1.3)
    colours, ink = style.palette(ax), style.ink_of(ax)
    lengths = np.array([value for _, value in bars])
    signs = [colours.negative if value < 0 else colours.positive for value in lengths]
    style.horizontal_bars(ax, [name for name, _ in bars], lengths, signs)
    for place, value in enumerate(lengths.tolist()):
        # The number stands beyond its bar's end, three points away.
        side, gap = ("right", -3) if value < 0 else ("left", 3)
        number = f"{value:+.3g}".replace("-", style.MINUS)
        text = ax.annotate(number, (value, place), (gap, 0), textcoords="offset points")
        text.set(ha=side, va="center", color=ink, fontsize="small")
    ax.margins(x=min(0.16 + 20 / style.points_for(ax, 1, 1e-9), 0.5))  # room for the numbers
    before = found.layer - 1 if isinstance(found, Contributions) else 0
    name = say("neuron of hidden layer {number}", number=before) if before else say("inputs")
    ax.set(xlabel=say("contribution"), ylabel=name, title=title)
    return style.finished(ax)


@drawing
def permutation_importance(
    found: PermutationImportance, *, count: int = 20, ax: Axes | None = None
) -> Axes:
    """Draw how much the metric worsens when a column is shuffled, the most important first.

    The thin lines are one standard deviation over the repeats, either way.
    """
    order = found.ranked()[: whole("count", count)]
    ax = style.own_axes(ax, 6, 0.32 * len(order) + 1.3)
    names = [shown(found.names[c], c) for c in order.tolist()]
    lines = {"ecolor": style.ink_of(ax), "elinewidth": 1, "capsize": 2}
    means, stds, blue = found.means[order], found.stds[order], style.palette(ax).series[0]
    style.horizontal_bars(ax, names, means, blue, xerr=stds, error_kw=lines)
    metric = {"accuracy": say("accuracy"), "r2": "R2"}.get(found.metric, shown(found.metric))
    ax.set_xlabel(say("how much {metric} worsens when the column is shuffled", metric=metric))
    score = found.score
    ax.set_title(say("permutation importance ({metric} {score:.3f})", metric=metric, score=score))
    return style.finished(ax)


@drawing
def partial_dependence(
    found: PartialDependence,
    outputs: Sequence[int] | None = None,
    *,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean output by the value of a column: lines, or bars for a categorical column.

    `outputs` are the indices of the outputs to draw, None for the first eight; `names` the names of
    all outputs. Raises InputError for outputs that do not exist.
    """
    K = found.outputs.shape[1]
    chosen = list(range(min(K, 8))) if outputs is None else list(outputs)
    if not chosen or not all(isinstance(k, (int, np.integer)) and 0 <= k < K for k in chosen):
        template = "outputs go from 0 to {last}; there is no {got}"
        raise InputError(template, last=K - 1, got=repr(outputs))
    ax = style.own_axes(ax)
    named = names if names and len(names) == K else None
    labels = [shown(named[k], k) if named else say("output {k}", k=k) for k in chosen]
    # Several inputs have no order on one axis: their points are bars, too.
    as_bars = found.categories or found.grid.ndim > 1
    places = np.arange(len(found.labels)) if as_bars else found.grid
    for n, (k, label) in enumerate(zip(chosen, labels, strict=True)):
        colour, y = style.nth(style.palette(ax).series, n), found.outputs[:, k]
        if as_bars:
            width = 0.8 / len(chosen)
            left = places + (n - (len(chosen) - 1) / 2) * width
            ax.bar(left, y, width * 0.92, color=colour, label=label)
        else:
            (line,) = ax.plot(places, y, color=colour, label=label)
            line.set_linestyle(style.nth(style.DASHES, n))
            line.set(marker=style.nth(style.MARKERS, n), markersize=4)
    if as_bars:
        categories = [shown(name, n) for n, name in enumerate(found.labels)]
        ax.set_xticks(places, categories, rotation=45 if sum(map(len, categories)) > 50 else 0)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.set(xlabel=shown(found.column), ylabel=say("mean output"), title=say("partial dependence"))
    ax.grid(axis="y" if as_bars else "both", alpha=0.3)
    ax.set_axisbelow(True)
    if len(chosen) > 1:
        # Beside the Axes: bars may fill all of them.
        style.add_legend(ax, "upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small")
    return style.finished(ax)


def _values(
    found: Explanation, row: int, image: ArrayLike | None
) -> tuple[Array, Array | None, str]:
    """Return the values to draw, the inputs behind them where they are known, and a title."""
    given = None if image is None else as_array(image).ravel()
    if isinstance(found, Contributions):
        name = _neuron_name(found, found.label, found.neuron)
        total = say("weighted sum {value:.3f}", value=found.weighted_sum)
        return found.values, found.inputs if given is None else given, f"{name}: {total}"
    template = "expected a result of contributions or integrated_gradients, got {got}"
    if not isinstance(found, IntegratedGradients):
        raise InputError(template, got=type(found))
    N = len(found.values)
    if not isinstance(row, (int, np.integer)) or not 0 <= row < N:
        raise InputError("rows go from 0 to {last}; there is no {got}", last=N - 1, got=repr(row))
    low, high = found.at_baseline[row], found.at_input[row]
    name = _neuron_name(found, found.labels[row], int(found.neurons[row]))
    ends = say("{low:.3f} at the baseline, {high:.3f} here", low=low, high=high)
    return found.values[row].ravel(), given, f"{name}\n{ends}"


def _neuron_name(found: Explanation, label: str, neuron: int) -> str:
    name = shown(label, neuron)
    in_output = found.name == say("output")
    return say("output {k}", k=name) if in_output else say("neuron {neuron}", neuron=name)


def _shape(
    found: Explanation, values: Array, shape: tuple[int, int] | None
) -> tuple[int, int] | None:
    if shape is None:
        # 784 inputs with names are columns of a table, not pixels.
        numbered = found.names == [str(i) for i in range(values.size)]
        return (28, 28) if values.size == 784 and numbered else None
    if len(shape) != 2 or shape[0] * shape[1] != values.size:
        template = "expected (height, width) of {D} pixels, got {got}"
        raise InputError(template, D=values.size, got=repr(shape))
    return shape
