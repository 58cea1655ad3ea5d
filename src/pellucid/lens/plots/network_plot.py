"""The network as neurons and lines, with the values of its neurons for a row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

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
from pellucid.lens import neurons
from pellucid.lens.input_columns import RowsLike
from pellucid.lens.neurons import LayerValues, NeuronLayer
from pellucid.lens.plots import figure_style as style
from pellucid.lens.plots.fonts import drawing, shown
from pellucid.network import Network

# Lengths are in distances from one neuron to the next.
_RADIUS = 0.38  # of a neuron
_RING = 0.46  # radius of the ring around the predicted class
_GAP = -1  # stands for the neurons that are left out


@dataclass(frozen=True)
class _Column:
    """One neuron layer in the plot: which neurons are drawn, where, and their values."""

    layer: NeuronLayer
    neurons: list[int]
    x: float
    y: Array
    labels: list[str]
    values: LayerValues | None
    image: tuple[int, int] | None  # height and width, where the inputs are drawn as an image
    half: float  # half the side of that image

    @property
    def drawn(self) -> list[tuple[int, float]]:
        pairs = zip(self.neurons, self.y.tolist(), strict=True)
        return [(neuron, y) for neuron, y in pairs if neuron != _GAP]


@drawing
def network(
    net: Network, x: RowsLike | None = None, *, most: int = 16, ax: Axes | None = None
) -> Axes:
    """Draw a network: its neurons, layer by layer, and its weights as lines.

    Lines have the colour of the weight's sign and are the wider the larger it is; negative ones are
    dashed. With a row x, neurons show their activation as a number and as a colour, and the
    predicted class has a ring. Of layers with more than `most` neurons the first and last are
    drawn; inputs that are an image are drawn as one. Raises InputError for more than one row, and
    one that does not fit.
    """
    most = max(whole("most", most), 3)
    table = None if x is None else neurons.trace_table(net, x)
    layers = neurons.neuron_layers(net, None if table is None else len(table.layers[0].activations))
    shape = None if checks.input_width(net.layers) is None else neurons.image_shape(net)
    # An embedding has more neurons than pixels: those are no image.
    shape = shape if shape is not None and layers[0].size == math.prod(shape) else None
    tallest = max(min(layer.size, most) for layer in layers[shape is not None :] or layers)
    step = max(2.6, 0.36 * tallest)
    half = min(0.4 * step, tallest / 2)
    columns = []
    for layer in layers:
        values = None if table is None else table.layers[layer.number]
        drawn, labels = _drawn(layer.size, most), neurons.neuron_labels(net, layer)
        y = np.arange(len(drawn)) - (len(drawn) - 1) / 2
        image, place = None if layer.number else shape, step * layer.number
        columns.append(_Column(layer, drawn, place, y, labels, values, image, half))
    wide, high = columns[-1].x + step, tallest + 2.2
    # At most 9 inches high and 12 wide, and at least large enough for the legend.
    inches = min(0.4, 9 / high, 12 / wide)
    ax = style.own_axes(ax, max(wide * inches + 0.8, 5), max(high * inches + 0.5, 2.6))
    colours, size = style.palette(ax), min(style.points_for(ax, wide, high), 72 * inches)
    _lines(ax, columns, colours, min(size / 28, 1))
    predicted = None  # one output has no rival, and values have none, so no ring
    if table is not None and layers[-1].size > 1 and not net.predicts_values:
        predicted = int(net.choose(table.layers[-1].activations[None])[0])
    for column in columns:
        if column.image is not None:
            _image(ax, column, colours)
        else:
            _neurons(ax, column, colours, size)
        _captions(ax, column, predicted, tallest, size)
    sides = (-0.55 * step, columns[-1].x + 0.6 * step)
    ax.set(xlim=sides, ylim=(tallest / 2 + 0.3, -tallest / 2 - 1.6), aspect="equal")
    _legend(ax, colours)
    style.hide_frame(ax)
    return style.finished(ax)


def _drawn(size: int, most: int) -> list[int]:
    """Return the neurons to draw: all, or the first and the last with a gap between."""
    if size <= most:
        return list(range(size))
    head = (most - 1) // 2
    return [*range(most - 1 - head), _GAP, *range(size - head, size)]


def _lines(ax: Axes, columns: list[_Column], colours: style.Palette, thick: float) -> None:
    """Draw the weights between neighbouring layers, the small ones below the large."""
    pieces, strengths = [], []
    for before, after in pairwise(columns):
        W = None if after.layer.affine is None else after.layer.affine.W
        if W is None or before.image is not None:
            _plain_lines(ax, before, after, colours)
            continue
        scale = style.largest_of(W)
        for i, y_before in before.drawn:
            for j, y_after in after.drawn:
                pieces.append([(before.x, y_before), (after.x, y_after)])
                strengths.append(float(W[i, j]) / scale)
    if not pieces:
        return
    shares = np.clip(np.array(strengths), -1, 1)
    order = np.argsort(np.abs(shares))
    signs = [colours.negative if shares[k] < 0 else colours.positive for k in order]
    dashes = [style.DASHES[int(shares[k] < 0)] for k in order]
    # Small weights are thin and pale: hundreds of lines leave the strong ones visible.
    sizes = np.abs(shares[order])
    pieces = [pieces[k] for k in order]
    lines = LineCollection(pieces, colors=signs, linestyles=dashes, zorder=1)
    lines.set(linewidths=thick * (0.3 + 2.2 * sizes), alpha=0.15 + 0.75 * sizes, gid="weights")
    ax.add_collection(lines)


def _plain_lines(ax: Axes, before: _Column, after: _Column, colours: style.Palette) -> None:
    """Draw lines without weights: from an image, or into a Residual."""
    start = before.x + (before.half if before.image is not None else 0)
    plain = [[(start, 0), (after.x, y)] for _, y in after.drawn]
    lines = LineCollection(plain, colors=colours.faint, linewidths=0.5, alpha=0.5, zorder=1)
    ax.add_collection(lines)


def _image(ax: Axes, column: _Column, colours: style.Palette) -> None:
    assert column.image is not None
    height, width = column.image
    # The longer side has the column's width.
    across, up = column.half * min(1, width / height), column.half * min(1, height / width)
    pixels = np.zeros(column.image)
    if column.values is not None:
        pixels = column.values.activations.reshape(column.image)
    extent = (column.x - across, column.x + across, up, -up)
    ax.imshow(pixels, cmap="gray", extent=extent, interpolation="nearest", zorder=2)
    frame = Rectangle((column.x - across, -up), 2 * across, 2 * up, fill=False, zorder=3)
    frame.set_edgecolor(colours.faint)
    ax.add_patch(frame)


def _neurons(ax: Axes, column: _Column, colours: style.Palette, size: float) -> None:
    values = None if column.values is None else column.values.activations
    # Activations up to 1 share one scale; larger ones have their layer's.
    end = 1.0 if values is None else max(1.0, float(np.abs(values).max()))
    for neuron, y in column.drawn:
        fill = to_rgba(colours.ground)
        if values is not None:
            fill = colours.diverging((values[neuron] / end + 1) / 2)
        circle = Circle((column.x, y), _RADIUS, facecolor=fill, linewidth=0.8, zorder=3)
        circle.set_edgecolor(colours.faint)
        circle.set_gid(f"neuron {column.layer.number} {neuron}")
        ax.add_patch(circle)
        if values is not None and size > 12:  # below, numbers would not be legible
            number = _short(float(values[neuron]))
            points = (0.27 if len(number) < 5 else 0.22) * size
            text = ax.text(column.x, y, number, ha="center", va="center", fontsize=points)
            text.set(color=style.readable_on(fill[:3]), zorder=4)
    for neuron, y in zip(column.neurons, column.y.tolist(), strict=True):
        if neuron == _GAP:
            dots = [y - 0.22, y, y + 0.22]
            ax.plot([column.x] * 3, dots, "o", color=colours.faint, markersize=2, zorder=3)


def _captions(ax: Axes, column: _Column, predicted: int | None, tallest: int, size: float) -> None:
    layer, ink = column.layer, style.ink_of(ax)
    title = f"{layer.name}\n{layer.size:,}"
    text = ax.text(column.x, -tallest / 2 - 0.35, title, ha="center", va="bottom", color=ink)
    text.set(fontsize=min(9, max(5, 0.4 * size)), linespacing=1.4)
    named = layer.number == layer.last or (layer.number == 0 and column.image is None)
    if not named or (layer.size == 1 and column.labels == ["0"]):
        return
    # Inputs have their names on the left, outputs on the right.
    side, align = (-0.55, "right") if layer.number == 0 else (0.6, "left")
    for neuron, y in column.drawn:
        label = shown(column.labels[neuron], neuron)
        text = ax.text(column.x + side, y, label, ha=align, va="center", color=ink)
        text.set_fontsize(min(9, 0.4 * size))
        if layer.number == layer.last and neuron == predicted:
            ring = Circle((column.x, y), _RING, fill=False, edgecolor=ink, linewidth=1.6, zorder=5)
            ax.add_patch(ring)


def _legend(ax: Axes, colours: style.Palette) -> None:
    labels = (say("positive weight or activation"), say("negative weight or activation"))
    ends = zip((colours.positive, colours.negative), style.DASHES, labels, strict=False)
    handles = [
        Line2D([], [], color=colour, linestyle=dashes, linewidth=2, label=label)
        for colour, dashes, label in ends
    ]
    below = {"bbox_to_anchor": (0.5, 0.0), "ncols": 2, "fontsize": "small"}
    style.add_legend(ax, "upper center", handles=handles, **below)


def _short(value: float) -> str:
    """Return a number in at most five characters, as wide as a neuron."""
    form = ".2f" if abs(value) < 9.995 else ".0f" if abs(value) < 9999.5 else ".0e"
    return f"{value:{form}}".replace("-", style.MINUS)
