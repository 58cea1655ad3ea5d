"""A layer's weights as images, and the predictions of a network with two inputs as a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from pellucid.core.activations import LogSoftmax
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.ranges import whole
from pellucid.core.types import Array, Options
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.input_columns import RowsLike, input_names, input_offsets
from pellucid.lens.neurons import as_rows, input_count
from pellucid.lens.plots import figure_style as style
from pellucid.lens.plots.fonts import drawing, shown
from pellucid.lens.response import InputWeights, input_weights
from pellucid.network import Network

GRID = 201  # points of a decision surface along each side
_STEP = 1.1  # from one image to the next, in widths of an image

Range: TypeAlias = tuple[float, float]
"""(lowest, highest)."""


@drawing
def weights(
    net: Network | InputWeights,
    layer: int = 1,
    *,
    method: str = "product",
    x: RowsLike | None = None,
    shape: Sequence[int] | None = None,
    columns: int = 8,
    end: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the weights of each neuron of a layer on the inputs: an image for each, on one scale.

    Where the inputs are no images, one table of colours is drawn, inputs downward, neurons to the
    right. `layer`, `method`, `x` and `shape` are passed to `pl.input_weights`; its result may be
    given instead. The number below an image is the neuron's, with its bias. The scale goes to `end`
    either way; None covers 99 % of the weights.
    """
    found = net
    if not isinstance(found, InputWeights):
        found = input_weights(found, layer, method=method, x=x, shape=shape)
    end = style.largest_of(found.values) if end is None else end
    if found.images is None:
        ax, image = _weight_table(found, end, ax)
    else:
        ax, image = _weight_tiles(found, found.images, end, whole("columns", columns), ax)
    label = say("weight") if found.exact else say("approximate weight")
    beyond = bool((np.abs(found.values) > end).any())
    style.scale_bar(ax, image, label, beyond=beyond, fraction=0.04, shrink=0.9)
    ax.set_title(_weights_title(found))
    return style.finished(ax)


def _weights_title(found: InputWeights) -> str:
    # Named anew: the result may have been made in another language.
    name = say("hidden layer {number}", number=found.layer)
    name = shown(found.name) if found.name == say("output") or found.layer == 0 else name
    if found.exact:
        return say("{layer}: weights on the inputs", layer=name)
    if found.method == "product":
        return say("{layer}: product of the weights\n(ignoring activation functions)", layer=name)
    return say("{layer}: gradient at the mean input\n(valid near it only)", layer=name)


def _weight_tiles(
    found: InputWeights, images: Array, end: float, columns: int, ax: Axes | None
) -> tuple[Axes, AxesImage]:
    H, (height, width) = len(images), images.shape[1:]
    columns = min(columns, H)
    lines, tall = -(-H // columns), height / width
    step = tall + 0.3  # an image and its caption
    # An approximation has a title of two lines.
    inches = 0.97 * step * lines + (0.5 if found.exact else 0.75)
    ax = style.own_axes(ax, 1.05 * max(columns, 4) + 1.1, max(inches, 2.2))
    ink, faint = style.ink_of(ax), style.palette(ax).faint
    size = min(7.5, 0.115 * style.points_for(ax, _STEP * columns + 1, step * lines))
    drawn = []
    for j, (image, name) in enumerate(zip(images, found.labels, strict=True)):
        left, top = _STEP * (j % columns), step * (j // columns)
        extent = (left, left + 1, top + tall, top)
        drawn.append(style.signed_image(ax, image, end, extent=extent))
        ax.add_patch(Rectangle((left, top), 1, tall, fill=False, edgecolor=faint, linewidth=0.6))
        bias = f"{found.biases[j]:+.2f}".replace("-", style.MINUS)
        # In small Axes there is no room for the bias.
        label = f"{shown(name, j, 9)}  b {bias}" if size > 4.5 else shown(name, j, 6)
        text = ax.text(left + 0.5, top + tall + 0.03, label, ha="center", va="top", color=ink)
        text.set_fontsize(max(size, 5))
    ax.set(xlim=(-0.05, _STEP * columns - 0.05), ylim=(step * lines, -0.05), aspect="equal")
    style.hide_frame(ax)
    return ax, drawn[-1]


def _weight_table(found: InputWeights, end: float, ax: Axes | None) -> tuple[Axes, AxesImage]:
    D, H = found.values.shape
    ax = style.own_axes(ax, min(max(0.42 * H + 2.6, 4.5), 12), min(max(0.3 * D + 1.2, 3), 12))
    image = style.signed_image(ax, found.values, end, aspect="auto")
    # Beyond 40 names, letters overlap even at the largest size.
    if D <= 40:
        ax.set_yticks(range(D), [shown(name, i) for i, name in enumerate(found.inputs)])
    if H <= 40:
        labels = [shown(name, j) for j, name in enumerate(found.labels)]
        ax.set_xticks(range(H), labels, rotation=0 if max(map(len, labels)) <= 3 else 90)
    ax.tick_params(length=0)
    ax.set(xlabel=say("neuron"), ylabel=say("inputs"))
    return ax, image


@drawing
def decision_surface(
    net: Network,
    x: RowsLike | None = None,
    t: ArrayLike | None = None,
    *,
    span: tuple[Range, Range] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the predictions of a network with two inputs: classes as colours, or values.

    Colours are paler where the confidence is lower.

    Parameters
    ----------
    x, t
        Points (N, 2) to draw on the map; with targets (N,), in the colour and mark of their class.
    span
        ((lowest, highest), (lowest, highest)) of both inputs; None for a little more than the
        range of the points.

    Raises InputError for a network with another number of inputs, and where neither points nor span
    are given.
    """
    D = input_count(net)
    if D != 2:
        raise InputError("a decision surface needs a network with 2 inputs; this one has {D}", D=D)
    points = None if x is None else as_rows(net, x).astype(np.float64)
    (left, right), (low, high) = _span(points, span)
    across, up = np.linspace(left, right, GRID), np.linspace(low, high, GRID)
    places = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    y = net.predict(places.astype(net.dtype))
    ax = style.own_axes(ax, 5.4, 4.4)
    # A table's numbers are fed minus these; axes show the columns' own units.
    offsets = input_offsets(net)
    extent = (left + offsets[0], right + offsets[0], low + offsets[1], high + offsets[1])
    points = None if points is None else points + offsets
    if net.classes is not None or isinstance(net.layers[-1], (Sigmoid, Softmax, LogSoftmax)):
        _class_map(ax, net, y, extent)
        _draw_points(ax, net, points, t, max(y.shape[1], 2))
    else:
        _value_map(ax, y[:, 0].reshape(GRID, GRID), extent, points)
    names = [shown(name, i) for i, name in enumerate(input_names(net))]
    names = [say("input {number}", number=name) if name.isdigit() else name for name in names]
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel=names[0], ylabel=names[1])
    ax.set_title(say("predictions"))
    return style.finished(ax)


_Extent: TypeAlias = tuple[float, float, float, float]


# The first row of a map is its lowest; cividis has the same order of brightness for colour-blind
# people.
_MAP: Options = {"cmap": "cividis", "origin": "lower", "aspect": "auto", "interpolation": "nearest"}


def _value_map(ax: Axes, surface: Array, extent: _Extent, points: Array | None) -> None:
    norm = Normalize(surface.min(), surface.max())
    image = ax.imshow(surface, extent=extent, norm=norm, **_MAP)
    style.scale_bar(ax, image, say("prediction"))
    if points is not None:
        dots = ax.scatter(points[:, 0], points[:, 1], s=14, facecolors="none", linewidths=0.8)
        dots.set_edgecolor("#ffffff")


def _class_map(ax: Axes, net: Network, y: Array, extent: _Extent) -> None:
    colours, K = style.palette(ax), max(y.shape[1], 2)
    chosen, confidence = net.choose(y), np.asarray(net.confidence(y), np.float64)
    ends = np.array([to_rgb(style.nth(colours.series, k)) for k in range(K)])
    # A confidence of 1 / K is a guess: there the ground nearly shows.
    strength = 0.12 + 0.5 * np.clip((confidence - 1 / K) / (1 - 1 / K), 0, 1)
    ground = np.array(to_rgb(colours.ground))
    pixels = ground + (ends[chosen] - ground) * strength[:, None]
    ax.imshow(pixels.reshape(GRID, GRID, 3), extent=extent, **_MAP)
    classes = np.unique(chosen).tolist()
    for k in classes if len(classes) > 1 else []:
        lead, ink = _lead(net, y, k).reshape(GRID, GRID), [colours.ink]
        ax.contour(lead, [0], extent=extent, colors=ink, linewidths=0.8)


def _lead(net: Network, y: Array, k: int) -> Array:
    """Return class k's output minus the highest other one: 0 at the border of class k."""
    if y.shape[1] == 1:
        lead = y[:, 0] - (0.5 if isinstance(net.layers[-1], Sigmoid) else 0.0)
        return lead if k else -lead
    return y[:, k] - np.delete(y, k, axis=1).max(axis=1)


def _draw_points(ax: Axes, net: Network, points: Array | None, t: ArrayLike | None, K: int) -> None:
    if points is None:
        return
    colours = style.palette(ax)
    if t is None:
        ax.scatter(points[:, 0], points[:, 1], s=16, color=colours.ink)
        return
    names = net.classes or []
    targets = [names.index(name) if name in names else name for name in np.asarray(t).tolist()]
    classes = np.array(targets, int)
    if len(classes) != len(points):
        raise InputError("{got} targets for {N} points", got=len(classes), N=len(points))
    for k in range(K):
        colour, mark = style.nth(colours.series, k), style.nth(style.MARKERS, k)
        name = shown(net.label(k), k)
        label = say("class {name}", name=name) if name.isdigit() else name
        x, y = points[classes == k].T
        dots = ax.scatter(x, y, s=22, color=colour, marker=mark, label=label)
        # A rim in the ground's colour separates dots from a map of their own colour.
        dots.set(edgecolors=colours.ground, linewidths=0.5)
    rim = {"facecolor": colours.ground, "edgecolor": colours.faint, "framealpha": 0.85}
    for text in ax.legend(loc="best", **rim).get_texts():
        text.set_color(colours.ink)


def _span(points: Array | None, span: tuple[Range, Range] | None) -> tuple[Range, Range]:
    if span is not None:
        try:
            (left, right), (low, high) = [tuple(map(float, pair)) for pair in span]
        except (TypeError, ValueError):
            left = right = low = high = 0.0
        if np.isfinite([left, right, low, high]).all() and left < right and low < high:
            return (left, right), (low, high)
        template = "span is ((lowest, highest), (lowest, highest)); got {got}"
        raise InputError(template, got=repr(span))
    if points is None or not len(points):
        raise InputError("pass points x, or span=((lowest, highest), (lowest, highest))")
    least, most = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    # A tenth more on each side; a range of 0 becomes 0.2 wide.
    room = 0.1 * np.where(most > least, most - least, 1.0)
    (left, low), (right, high) = (least - room).tolist(), (most + room).tolist()
    return (left, right), (low, high)
