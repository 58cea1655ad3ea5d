"""The network as neurons and lines, with the values that they hold for a row."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle

from pellucid.core import checks
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.language import say
from pellucid.lens.neurons import (
    LayerValues,
    NeuronLayer,
    neuron_labels,
    neuron_layers,
    picture_shape,
    trace_table,
)
from pellucid.lens.plots.figures import (
    Palette,
    add_legend,
    finished,
    hide_frame,
    largest_of,
    own_axes,
    palette,
    points_for,
    readable_on,
)
from pellucid.lens.plots.fonts import drawing, shown
from pellucid.network import Network

_RADIUS = 0.38  # of a neuron, in distances from one neuron to the next


class _Column(NamedTuple):
    """One neuron layer in the picture.

    Which of its neurons are drawn (-1 for a gap), where, and what they hold.
    """

    layer: NeuronLayer
    neurons: list[int]
    x: float
    y: Array
    labels: list[str]
    values: LayerValues | None
    picture: tuple[int, int] | None

    @property
    def drawn(self) -> list[tuple[int, float]]:
        return [
            (neuron, y)
            for neuron, y in zip(self.neurons, self.y.tolist(), strict=True)
            if neuron >= 0
        ]


@drawing
def network(net: Network, x: Any = None, *, most: int = 16, ax: Axes | None = None) -> Axes:
    """Draw a network: its neurons, layer by layer, and its weights as lines; with a row x, what
    each neuron holds.

    Lines have the colour of the weight's sign, and the wider the larger it is. Neurons show their
    activation as a number and as a colour; the answer's has a ring. Of layers with more than `most`
    neurons the first and last are drawn; inputs that are a picture are drawn as one. Raises
    InputError for more than one row, and one that does not fit.
    """
    most = max(whole("most", most), 3)
    table = None if x is None else trace_table(net, x)
    layers = neuron_layers(net, None if table is None else len(table.layers[0].activations))
    shape = None if checks.input_width(net.layers) is None else picture_shape(net)
    if shape is not None and layers[0].size != math.prod(
        shape
    ):  # an embedding has more neurons than pixels
        shape = None
    tallest = max(min(layer.size, most) for layer in layers[shape is not None :] or layers)
    step = max(2.6, 0.36 * tallest)
    columns = [
        _column(
            net,
            layer,
            most,
            (step, None if layer.number else shape),
            None if table is None else table.layers[layer.number],
        )
        for layer in layers
    ]
    wide, high = columns[-1].x + step, tallest + 2.2
    inches = min(0.4, 9 / high, 12 / wide)
    ax = own_axes(ax, max(wide * inches + 0.8, 5), max(high * inches + 0.5, 2.6))
    colours, size = palette(ax), min(points_for(ax, wide, high), 72 * inches)
    _lines(ax, columns, colours, min(size / 28, 1))
    y = None if table is None or layers[-1].size == 1 else table.layers[-1].activations
    answer = None if y is None else int(net.choose(y[None])[0])
    for column in columns:
        if column.picture is not None:
            _draw_picture(ax, column, colours, _half(step, tallest))
        else:
            _neurons(ax, column, colours, size)
        _captions(ax, column, answer, tallest, size)
    ax.set(
        xlim=(-0.55 * step, columns[-1].x + 0.6 * step),
        ylim=(tallest / 2 + 0.3, -tallest / 2 - 1.6),
        aspect="equal",
    )
    _legend(ax, colours)
    hide_frame(ax)
    return finished(ax)


def _half(step: float, tallest: int) -> float:
    """Give half the side of an input picture."""
    return min(0.4 * step, tallest / 2)


def _column(
    net: Network,
    layer: NeuronLayer,
    most: int,
    place: tuple[float, tuple[int, int] | None],
    values: LayerValues | None,
) -> _Column:
    step, shape = place
    if layer.size <= most:
        neurons = list(range(layer.size))
    else:
        head = (most - 1) // 2
        neurons = [*range(most - 1 - head), -1, *range(layer.size - head, layer.size)]
    y = np.arange(len(neurons)) - (len(neurons) - 1) / 2
    return _Column(layer, neurons, step * layer.number, y, neuron_labels(net, layer), values, shape)


def _lines(ax: Axes, columns: list[_Column], colours: Palette, thick: float) -> None:
    """Draw the weights between what is drawn of neighbouring layers, the small ones below the
    large.
    """
    pieces, strengths = [], []
    for before, after in pairwise(columns):
        W = None if after.layer.affine is None else after.layer.affine.W
        if W is None or before.picture is not None:
            step = after.x - before.x
            start = before.x + (0 if before.picture is None else _half(step, len(after.neurons)))
            plain = [[(start, 0), (after.x, y)] for _, y in after.drawn]
            ax.add_collection(
                LineCollection(plain, colors=colours.faint, linewidths=0.5, alpha=0.5, zorder=1)
            )
            continue
        scale = largest_of(W)
        for i, y_before in before.drawn:
            for j, y_after in after.drawn:
                pieces.append([(before.x, y_before), (after.x, y_after)])
                strengths.append(float(W[i, j]) / scale)
    if not pieces:
        return
    shares = np.clip(np.array(strengths), -1, 1)
    order = np.argsort(np.abs(shares))
    ends = [colours.negative if shares[k] < 0 else colours.positive for k in order]
    widths, faint = thick * (0.3 + 2.2 * np.abs(shares[order])), 0.15 + 0.75 * np.abs(shares[order])
    lines = LineCollection(
        [pieces[k] for k in order], colors=ends, linewidths=widths, alpha=faint, zorder=1
    )
    lines.set_gid("weights")
    ax.add_collection(lines)


def _draw_picture(ax: Axes, column: _Column, colours: Palette, half: float) -> None:
    assert column.picture is not None
    height, width = column.picture
    across, up = half * min(1, width / height), half * min(1, height / width)
    pixels = np.zeros(column.picture)
    if column.values is not None:
        pixels = column.values.activations.reshape(column.picture)
    extent = (column.x - across, column.x + across, up, -up)
    ax.imshow(pixels, cmap="gray", extent=extent, interpolation="nearest", zorder=2)
    frame = Rectangle(
        (column.x - across, -up), 2 * across, 2 * up, fill=False, edgecolor=colours.faint, zorder=3
    )
    ax.add_patch(frame)


def _neurons(ax: Axes, column: _Column, colours: Palette, size: float) -> None:
    values = None if column.values is None else column.values.activations
    end = 1.0 if values is None else max(1.0, float(np.abs(values).max()))
    for neuron, y in column.drawn:
        fill = (
            to_rgba(colours.ground)
            if values is None
            else colours.diverging((values[neuron] / end + 1) / 2)
        )
        circle = Circle(
            (column.x, y), _RADIUS, facecolor=fill, edgecolor=colours.faint, linewidth=0.8, zorder=3
        )
        circle.set_gid(f"neuron {column.layer.number} {neuron}")
        ax.add_patch(circle)
        if values is not None and size > 12:  # below, numbers would be too small to read
            text: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "zorder": 4,
                "color": readable_on(fill[:3]),
            }
            number = _short(float(values[neuron]))
            ax.text(
                column.x, y, number, fontsize=(0.27 if len(number) < 5 else 0.22) * size, **text
            )
    for y in [y for neuron, y in zip(column.neurons, column.y.tolist(), strict=True) if neuron < 0]:
        ax.plot(
            [column.x] * 3,
            [y - 0.22, y, y + 0.22],
            "o",
            color=colours.faint,
            markersize=2,
            zorder=3,
        )


def _captions(ax: Axes, column: _Column, answer: int | None, tallest: int, size: float) -> None:
    layer = column.layer
    ink = ax.xaxis.label.get_color()
    title = f"{layer.name}\n{layer.size:,}"
    title_size = min(9, max(5, 0.4 * size))
    ax.text(
        column.x,
        -tallest / 2 - 0.35,
        title,
        ha="center",
        va="bottom",
        fontsize=title_size,
        linespacing=1.4,
        color=ink,
    )
    named = layer.number == layer.last or (layer.number == 0 and column.picture is None)
    if not named or (layer.size == 1 and column.labels == ["0"]):
        return
    side, align = (-0.55, "right") if layer.number == 0 else (0.6, "left")
    for neuron, y in column.drawn:
        chosen = layer.number == layer.last and neuron == answer
        text: dict[str, Any] = {
            "ha": align,
            "va": "center",
            "fontsize": min(9, 0.4 * size),
            "color": ink,
        }
        ax.text(column.x + side, y, shown(column.labels[neuron], neuron), **text)
        if chosen:
            ax.add_patch(
                Circle((column.x, y), 0.46, fill=False, edgecolor=ink, linewidth=1.6, zorder=5)
            )


def _legend(ax: Axes, colours: Palette) -> None:
    ends = (
        (colours.positive, say("positive weight or activation")),
        (colours.negative, say("negative weight or activation")),
    )
    handles = [Line2D([], [], color=colour, linewidth=2, label=label) for colour, label in ends]
    add_legend(
        ax, "upper center", handles=handles, bbox_to_anchor=(0.5, 0.0), ncols=2, fontsize="small"
    )


def _short(value: float) -> str:
    text = (
        f"{value:.2f}"
        if abs(value) < 9.995
        else f"{value:.0f}"
        if abs(value) < 9999.5
        else f"{value:.0e}"
    )
    return text.replace("-", "\N{MINUS SIGN}")
