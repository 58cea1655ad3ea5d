"""Pictures of a whole layer's weights, and of what a network with two inputs answers everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import Rectangle

from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.columns import input_names, input_offsets
from pellucid.lens.neurons import as_rows, input_count
from pellucid.lens.plots.figures import (
    MARKERS,
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
from pellucid.lens.response import InputWeights, input_weights
from pellucid.network import Network

GRID = 201  # points of a decision surface along each side


@drawing
def weights(
    net: Network | InputWeights,
    layer: int = 1,
    *,
    method: str = "product",
    x: Any = None,
    shape: Any = None,
    columns: int = 8,
    end: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how much each input counts for each neuron of a layer: a picture for each neuron, all on
    one scale.

    Where the inputs are no pictures, one table of colours is drawn, inputs downward, neurons to the
    right. `layer`, `method`, `x` and `shape` are those of `pl.input_weights`, which is asked; what
    it gave may be given instead. The number under a picture is the neuron's, with its bias. The
    scale goes to `end` either way; None takes 99 % of the weights in.
    """
    found = (
        net
        if isinstance(net, InputWeights)
        else input_weights(net, layer, method=method, x=x, shape=shape)
    )
    end = largest_of(found.values) if end is None else end
    if found.pictures is None:
        ax, image = _weight_table(found, end, ax)
    else:
        ax, image = _weight_tiles(found, found.pictures, end, whole("columns", columns), ax)
    label = say("weight") if found.exact else say("approximate weight")
    scale_bar(
        ax, image, label, beyond=bool((np.abs(found.values) > end).any()), fraction=0.04, shrink=0.9
    )
    ax.set_title(_weights_title(found))
    return finished(ax)


def _weights_title(found: InputWeights) -> str:
    name = say("hidden layer {number}", number=found.layer)
    name = shown(found.name) if found.name == say("output") or found.layer == 0 else name
    if found.exact:
        return say("{layer}: weights on the inputs", layer=name)
    if found.method == "product":
        return say(
            "{layer}: weights multiplied through\n(as if there were no activation functions)",
            layer=name,
        )
    return say("{layer}: gradient at the mean input\n(right near it only)", layer=name)


def _weight_tiles(
    found: InputWeights, pictures: Array, end: float, columns: int, ax: Axes | None
) -> tuple[Axes, Any]:
    H, (height, width) = len(pictures), pictures.shape[1:]
    columns = min(columns, H)
    lines = -(-H // columns)
    tall = height / width
    step = tall + 0.3
    ax = own_axes(
        ax,
        1.05 * max(columns, 4) + 1.1,
        max(0.97 * step * lines + (0.5 if found.exact else 0.75), 2.2),
    )
    ink, faint = ax.xaxis.label.get_color(), palette(ax).faint
    size = min(7.5, 0.115 * points_for(ax, 1.1 * columns + 1, step * lines))
    image: Any = None
    for j in range(H):
        left, top = 1.1 * (j % columns), step * (j // columns)
        image = signed_image(ax, pictures[j], end, extent=(left, left + 1, top + tall, top))
        ax.add_patch(Rectangle((left, top), 1, tall, fill=False, edgecolor=faint, linewidth=0.6))
        bias = f"{found.biases[j]:+.2f}".replace("-", "\N{MINUS SIGN}")
        label = (
            f"{shown(found.labels[j], j, 9)}  b {bias}"
            if size > 4.5
            else shown(found.labels[j], j, 6)
        )
        ax.text(
            left + 0.5,
            top + tall + 0.03,
            label,
            ha="center",
            va="top",
            fontsize=max(size, 5),
            color=ink,
        )
    ax.set(xlim=(-0.05, 1.1 * columns - 0.05), ylim=(step * lines, -0.05), aspect="equal")
    hide_frame(ax)
    return ax, image


def _weight_table(found: InputWeights, end: float, ax: Axes | None) -> tuple[Axes, Any]:
    D, H = found.values.shape
    ax = own_axes(ax, min(max(0.42 * H + 2.6, 4.5), 12), min(max(0.3 * D + 1.2, 3), 12))
    image = signed_image(ax, found.values, end, aspect="auto")
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
    net: Network, x: Any = None, t: Any = None, *, span: Any = None, ax: Axes | None = None
) -> Axes:
    """Draw what a network with two inputs answers everywhere: classes as colours, paler where less
    sure, or values.

    Parameters
    ----------
    x, t
        Points (N, 2) to draw on it, each with its class's colour and mark, if their targets (N,)
        are given.
    span
        ((lowest, highest), (lowest, highest)) of both inputs; None for a little more than the
        points cover.

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
    ax = own_axes(ax, 5.4, 4.4)
    offsets = input_offsets(net)  # a table's numbers are fed less these
    extent = (left + offsets[0], right + offsets[0], low + offsets[1], high + offsets[1])
    points = None if points is None else points + offsets
    if _chooses(net):
        _class_map(ax, net, y, extent)
        _draw_points(ax, net, points, t, max(y.shape[1], 2))
    else:
        surface = y[:, 0].reshape(GRID, GRID)
        options: dict[str, Any] = {
            "extent": extent,
            "origin": "lower",
            "aspect": "auto",
            "interpolation": "nearest",
        }
        image = ax.imshow(
            surface, cmap="cividis", norm=Normalize(surface.min(), surface.max()), **options
        )
        scale_bar(ax, image, say("answer"))
        if points is not None:
            ax.scatter(
                points[:, 0],
                points[:, 1],
                s=14,
                facecolors="none",
                edgecolors="#ffffff",
                linewidths=0.8,
            )
    names = [shown(name, i) for i, name in enumerate(input_names(net))]
    names = [say("input {number}", number=name) if name.isdigit() else name for name in names]
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel=names[0], ylabel=names[1])
    ax.set_title(say("what the network answers"))
    return finished(ax)


def _class_map(ax: Axes, net: Network, y: Array, extent: tuple[float, float, float, float]) -> None:
    colours = palette(ax)
    K = max(y.shape[1], 2)
    chosen, confidence = net.choose(y), np.asarray(net.confidence(y), np.float64)
    ends = np.array([to_rgb(colours.series[k % len(colours.series)]) for k in range(K)])
    strength = 0.12 + 0.5 * np.clip((confidence - 1 / K) / (1 - 1 / K), 0, 1)
    ground = np.array(to_rgb(colours.ground))
    pixels = ground + (ends[chosen] - ground) * strength[:, None]
    ax.imshow(
        pixels.reshape(GRID, GRID, 3),
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    for k in np.unique(chosen).tolist() if len(np.unique(chosen)) > 1 else []:
        ax.contour(
            _lead(net, y, k).reshape(GRID, GRID),
            [0],
            extent=extent,
            colors=[colours.ink],
            linewidths=0.8,
        )


def _lead(net: Network, y: Array, k: int) -> Array:
    """Give by how much class k leads before all others, which is 0 at its border."""
    if y.shape[1] == 1:
        lead = y[:, 0] - (0.5 if isinstance(net.layers[-1], Sigmoid) else 0.0)
        return lead if k else -lead
    return y[:, k] - np.delete(y, k, axis=1).max(axis=1)


def _draw_points(ax: Axes, net: Network, points: Array | None, t: Any, K: int) -> None:
    if points is None:
        return
    colours = palette(ax)
    if t is None:
        ax.scatter(points[:, 0], points[:, 1], s=16, color=colours.ink)
        return
    classes = np.array(
        [net.classes.index(name) if net.classes and name in net.classes else name for name in t],
        int,
    )
    if len(classes) != len(points):
        raise InputError("{got} targets for {N} points", got=len(classes), N=len(points))
    for k in range(K):
        style: dict[str, Any] = {
            "color": colours.series[k % len(colours.series)],
            "marker": MARKERS[k % len(MARKERS)],
        }
        name = shown(net.label(k), k)
        label = say("class {name}", name=name) if name.isdigit() else name
        ax.scatter(
            points[classes == k, 0],
            points[classes == k, 1],
            s=22,
            edgecolors=colours.ground,
            linewidths=0.5,
            label=label,
            **style,
        )
    legend = ax.legend(
        loc="best", framealpha=0.85, facecolor=colours.ground, edgecolor=colours.faint
    )
    for text in legend.get_texts():
        text.set_color(colours.ink)


def _chooses(net: Network) -> bool:
    """Tell whether the network answers with classes.

    It ends in probabilities, or its outputs have names.
    """
    return net.classes is not None or isinstance(net.layers[-1], (Sigmoid, Softmax))


def _span(points: Array | None, span: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    if span is not None:
        try:
            (left, right), (low, high) = [tuple(map(float, pair)) for pair in span]
        except (TypeError, ValueError):
            left = right = low = high = 0.0
        if np.isfinite([left, right, low, high]).all() and left < right and low < high:
            return (left, right), (low, high)
        raise InputError(
            "span is ((lowest, highest), (lowest, highest)); got {got}", got=repr(span)
        )
    if points is None or not len(points):
        raise InputError(
            "where to look? give points x, or span=((lowest, highest), (lowest, highest))"
        )
    least, most = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    room = 0.1 * np.where(most > least, most - least, 1.0)
    (left, low), (right, high) = (least - room).tolist(), (most + room).tolist()
    return (left, right), (low, high)
