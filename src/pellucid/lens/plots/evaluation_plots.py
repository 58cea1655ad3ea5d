"""How good predictions are: confusion matrix, misclassified images, calibration, residuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from pellucid.core.arrays import as_array
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.display.text_table import number_text
from pellucid.errors import InputError
from pellucid.language import cell_width, say
from pellucid.lens.evaluation import Evaluation, confusion_strengths
from pellucid.lens.plots import figure_style as style
from pellucid.lens.plots.fonts import drawing, shown
from pellucid.lens.score_curves import Calibration

_MOST_COUNTS = 25  # classes whose counts are legible in their cells
_STEP = 1.1  # from one image to the next, in widths of an image


@drawing
def confusion_matrix(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw true classes (downward) against predicted classes, each cell with its count.

    Correct predictions are blue by their share of the row, mistakes orange by twice the root of
    theirs, so that few are visible as well. Raises InputError where the network predicts values.
    """
    counts = evaluation.confusion
    if counts is None:
        raise InputError("a confusion matrix needs classes; this network predicts values")
    K = len(counts)
    side = min(max(0.5 * K, 3.2), 9)
    ax = style.own_axes(ax, side + 1.4, side + 1)
    colours = style.palette(ax)
    # 0.8: at full strength the numbers would not be legible.
    pixels = colours.diverging((0.8 * confusion_strengths(counts) + 1) / 2)
    ax.imshow(pixels, interpolation="nearest")
    for i, j in np.argwhere(counts > 0).tolist() if K <= _MOST_COUNTS else []:
        colour, size = style.readable_on(pixels[i, j, :3]), 9 if K <= 12 else 6
        ax.text(j, i, f"{counts[i, j]}", ha="center", va="center", color=colour, fontsize=size)
    names = [shown(evaluation.class_name(k), k) for k in range(K)]
    ax.set_xticks(range(K), names, rotation=0 if max(map(len, names)) <= 4 else 90)
    ax.set_yticks(range(K), names)
    ax.tick_params(length=0)
    # Minor ticks lie between the cells, and their grid separates these.
    ax.set_xticks(np.arange(K - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(K - 1) + 0.5, minor=True)
    ax.grid(which="minor", color=colours.ground, linewidth=1)
    ax.tick_params(which="minor", length=0)
    percent = 100 * (evaluation.accuracy or 0)
    title = say("accuracy {accuracy:.1f} %, {rows:,} rows", accuracy=percent, rows=evaluation.rows)
    ax.set(xlabel=say("predicted class"), ylabel=say("true class"), title=title)
    return style.finished(ax)


@drawing
def misclassified(
    evaluation: Evaluation,
    x: ArrayLike,
    *,
    count: int = 24,
    columns: int = 8,
    shape: tuple[int, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the misclassified images, the most confident first: true class, prediction, confidence.

    `x` are the evaluated images, (N, height, width), or (N, D) with their `shape` (28 x 28 for
    784). Raises InputError where the network predicts values, and for images that are not the
    evaluated ones.
    """
    if evaluation.misclassified is None:
        raise InputError("misclassified rows need classes; this network predicts values")
    images = _images(x, shape, evaluation.rows)
    rows = evaluation.misclassified[: whole("count", count)].tolist()
    columns = min(whole("columns", columns), max(len(rows), 1))
    lines = max(-(-len(rows) // columns), 1)
    captions = [_verdict(evaluation, row) for row in rows]
    # An image is 1 high; each line of its caption takes 0.16.
    step = 1.06 + 0.16 * max((caption.count("\n") + 1 for caption in captions), default=2)
    ax = style.own_axes(ax, 1.05 * max(columns, 4), 0.95 * step * lines + 0.5)
    size = min(8.0, 0.115 * style.points_for(ax, _STEP * columns, step * lines))
    _tiles(ax, images, rows, captions, (columns, step, size))
    ax.set(xlim=(-0.05, _STEP * columns - 0.05), ylim=(step * lines, -0.05), aspect="equal")
    wrong, N = len(evaluation.misclassified), evaluation.rows
    template = "misclassified: {wrong:,} of {rows:,} (true class, prediction, confidence)"
    title = say(template, wrong=wrong, rows=N)
    ax.set_title(title if rows else say("none of {rows:,} rows misclassified", rows=N))
    style.hide_frame(ax)
    return style.finished(ax)


def _tiles(
    ax: Axes,
    images: Array,
    rows: Sequence[int],
    captions: Sequence[str],
    layout: tuple[int, float, float],
) -> None:
    columns, step, size = layout
    highest = 255 if images.dtype.kind != "f" or images.max(initial=0) > 1 else 1
    ink, faint = style.ink_of(ax), style.palette(ax).faint
    for place, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        left, top = _STEP * (place % columns), step * (place // columns)
        extent = (left, left + 1, top + 1, top)
        # As the network sees them: bright ink on black, on light pages, too.
        image = ax.imshow(images[row], cmap="gray", vmin=0, vmax=highest, extent=extent)
        image.set_gid(f"row {row}")
        ax.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=faint, linewidth=0.6))
        text = ax.text(left + 0.5, top + 1.04, caption, ha="center", va="top", fontsize=size)
        text.set(color=ink, linespacing=1.25)


@drawing
def reliability(found: Evaluation | Calibration, *, ax: Axes | None = None) -> Axes:
    """Draw a reliability diagram: accuracy against confidence, in bins (Guo et al. 2017).

    On the diagonal both agree. Each dot is as large as its bin is full. Raises InputError where the
    network predicts values.
    """
    calibration = found.calibration if isinstance(found, Evaluation) else found
    if not isinstance(calibration, Calibration):
        raise InputError("confidence needs classes; this network predicts values")
    ax = style.own_axes(ax, 5, 4.4)
    first, second = style.palette(ax).series[:2]
    held = calibration.counts > 0
    x, y = calibration.confidence[held], calibration.accuracy[held]
    style.diagonal(ax, say("confidence = accuracy"))
    ax.vlines(x, x, y, color=second, linewidth=1.5, label=say("gap"))
    # The area of a dot grows with the root of its rows: full bins are hundreds of times fuller.
    sizes = 20 + 180 * np.sqrt(calibration.counts[held] / calibration.counts.max(initial=1))
    ax.scatter(x, y, s=sizes, color=first, zorder=3, label=say("rows of a bin"))
    style.unit_square(ax, 0.03)
    label = say("mean confidence")
    if not calibration.probabilities:
        label = say("mean confidence (degree of match, not a probability)")
    ax.set(xlabel=label, ylabel=say("accuracy"))
    ax.set_title(say("expected calibration error {error:.3f}", error=calibration.error))
    for handle in style.add_legend(ax).legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([50])
    return style.finished(ax)


@drawing
def residuals(
    evaluation: Evaluation,
    outputs: ArrayLike | None = None,
    *,
    output: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw residuals, target minus prediction: a histogram, or, with `outputs`, against these.

    `outputs` are the network's predictions (N, K), `output` the index of the one to draw. Raises
    InputError where the network predicts classes, and for arguments that do not fit.
    """
    if evaluation.residuals is None:
        raise InputError("residuals need values; this network predicts classes")
    K = evaluation.residuals.shape[1]
    if not isinstance(output, (int, np.integer)) or not 0 <= output < K:
        template = "outputs go from 0 to {last}; there is no {got}"
        raise InputError(template, last=K - 1, got=repr(output))
    values = evaluation.residuals[:, output]
    ax = style.own_axes(ax)
    colours, name = style.palette(ax), say("target minus prediction")
    if outputs is None:
        # "auto" makes thousands of bins where many rows have a few outliers.
        bins = "auto" if len(values) < 5000 else 60
        ax.hist(values, bins=bins, color=colours.series[0], alpha=0.85)
        ax.axvline(0, color=colours.ink, linewidth=1)
        ax.set(xlabel=name, ylabel=say("rows"))
    else:
        y = as_array(outputs).reshape(len(values), -1)[:, output]
        # Many dots cover each other: the more there are, the paler each is.
        alpha = min(1, max(0.15, 200 / len(y)))
        ax.scatter(y, values, s=12, color=colours.series[0], alpha=alpha, linewidths=0)
        ax.axhline(0, color=colours.ink, linewidth=1)
        ax.set(xlabel=say("prediction"), ylabel=name)
    r2, error = evaluation.r2, evaluation.mean_absolute_error
    if evaluation.by_target:
        own = list(evaluation.by_target.values())[output]
        r2, error = own["r2"], own["mean_absolute_error"]
    assert error is not None
    template = "residuals: R2 {r2:.3f}, mean absolute error {error}"
    ax.set_title(say(template, r2=r2, error=number_text(error)))
    ax.grid(alpha=0.3)
    return style.finished(ax)


def _verdict(evaluation: Evaluation, row: int) -> str:
    truth, predicted, confidence = evaluation.verdict(row)
    names = [shown(evaluation.class_name(k), k, 12) for k in (truth, predicted)]
    # Long names would run into the next image's: they take a line each.
    between = " " if max(map(cell_width, names)) <= 4 else "\n"
    return f"{names[0]}{between}\N{RIGHTWARDS ARROW} {names[1]}\n{confidence:.0%}"


def _images(x: ArrayLike, shape: tuple[int, int] | None, rows: int) -> Array:
    images = as_array(x)
    if images.ndim == 2:
        D = images.shape[1]
        shape = shape or ((28, 28) if D == 784 else None)
        if shape is None or shape[0] * shape[1] != D:
            raise InputError("rows of {D} values: pass shape=(height, width)", D=D)
        images = images.reshape(-1, *shape)
    if images.ndim != 3 or len(images) != rows:
        template = "expected the {rows:,} evaluated images, got shape {got}"
        raise InputError(template, rows=rows, got=images.shape)
    return images
