"""How good the answers are: confusion matrix, misread digits, confidence, residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

from pellucid.core.arrays import as_array
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import cell_width, say
from pellucid.lens.curves import Calibration
from pellucid.lens.evaluation import Evaluation
from pellucid.lens.plots.figures import (
    DASHES,
    add_legend,
    finished,
    hide_frame,
    own_axes,
    palette,
    points_for,
    readable_on,
)
from pellucid.lens.plots.fonts import drawing, shown

_MOST_COUNTS = 25  # classes whose counts can be read in their cells


@drawing
def confusion_matrix(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw what the rows are (downward) against what they were read as: each cell with its count.

    Right answers have the positive colour by their share of the row, wrong ones the negative colour
    by twice the root of theirs, so that few are seen as well. Raises InputError where answers are
    values.
    """
    counts = evaluation.confusion
    if counts is None:
        raise InputError("a confusion matrix needs classes; these answers are values")
    K = len(counts)
    side = min(max(0.5 * K, 3.2), 9)
    ax = own_axes(ax, side + 1.4, side + 1)
    colours = palette(ax)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    strengths = np.where(np.eye(K, dtype=bool), shares, -np.minimum(2 * np.sqrt(shares), 1))
    pixels = colours.diverging((0.8 * strengths + 1) / 2)
    ax.imshow(pixels, interpolation="nearest")
    for i, j in np.argwhere(counts > 0).tolist() if K <= _MOST_COUNTS else []:
        style: dict[str, Any] = {
            "color": readable_on(pixels[i, j, :3]),
            "fontsize": 9 if K <= 12 else 6,
        }
        ax.text(j, i, f"{counts[i, j]}", ha="center", va="center", **style)
    names = [shown(_class_name(evaluation, k), k) for k in range(K)]
    turned = 0 if max(map(len, names)) <= 4 else 90
    ax.set_xticks(range(K), names, rotation=turned)
    ax.set_yticks(range(K), names)
    ax.tick_params(length=0)
    ax.set_xticks(np.arange(K - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(K - 1) + 0.5, minor=True)
    ax.grid(which="minor", color=colours.ground, linewidth=1)
    ax.tick_params(which="minor", length=0)
    ax.set(xlabel=say("read as"), ylabel=say("true class"))
    ax.set_title(
        say(
            "accuracy {accuracy:.1f} %, {rows:,} rows",
            accuracy=100 * (evaluation.accuracy or 0),
            rows=evaluation.rows,
        )
    )
    return finished(ax)


@drawing
def misread(
    evaluation: Evaluation,
    x: Any,
    *,
    count: int = 24,
    columns: int = 8,
    shape: tuple[int, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the pictures that were misread, the most confident first: what they are, what was
    answered, how surely.

    `x` are the pictures that were evaluated, (N, height, width), or (N, D) with their `shape` (28 x
    28 for 784). Raises InputError where answers are values, and for pictures that are not those
    rows.
    """
    if evaluation.misread is None or evaluation.targets is None or evaluation.chosen is None:
        raise InputError("misread rows need classes; these answers are values")
    pictures = _pictures(x, shape, evaluation.rows)
    rows = evaluation.misread[: whole("count", count)].tolist()
    columns = min(whole("columns", columns), max(len(rows), 1))
    lines = -(-len(rows) // columns)
    captions = [_verdict(evaluation, row) for row in rows]
    step = 1.06 + 0.16 * max((caption.count("\n") + 1 for caption in captions), default=2)
    ax = own_axes(ax, 1.05 * max(columns, 4), 0.95 * step * max(lines, 1) + 0.5)
    highest = 255 if pictures.dtype.kind != "f" or pictures.max(initial=0) > 1 else 1
    ink = ax.xaxis.label.get_color()
    size = min(8.0, 0.115 * points_for(ax, 1.1 * columns, step * max(lines, 1)))
    for place, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        left, top = 1.1 * (place % columns), step * (place // columns)
        # As the network sees them: bright ink on black, on light pages, too.
        image = ax.imshow(
            pictures[row], cmap="gray", vmin=0, vmax=highest, extent=(left, left + 1, top + 1, top)
        )
        image.set_gid(f"row {row}")
        ax.add_patch(
            Rectangle((left, top), 1, 1, fill=False, edgecolor=palette(ax).faint, linewidth=0.6)
        )
        ax.text(
            left + 0.5,
            top + 1.04,
            caption,
            ha="center",
            va="top",
            fontsize=size,
            linespacing=1.25,
            color=ink,
        )
    ax.set(xlim=(-0.05, 1.1 * columns - 0.05), ylim=(step * max(lines, 1), -0.05), aspect="equal")
    wrong = len(evaluation.misread)
    ax.set_title(
        say(
            "misread: {wrong:,} of {rows:,} (true class, answer, confidence)",
            wrong=wrong,
            rows=evaluation.rows,
        )
        if rows
        else say("none of {rows:,} rows was misread", rows=evaluation.rows)
    )
    hide_frame(ax)
    return finished(ax)


@drawing
def reliability(found: Evaluation | Calibration, *, ax: Axes | None = None) -> Axes:
    """Draw how often answers are right against how confident they are, in bins; on the diagonal
    they agree.

    Each dot is as large as its bin is full. Raises InputError where answers are values.
    """
    calibration = found.calibration if isinstance(found, Evaluation) else found
    if not isinstance(calibration, Calibration):
        raise InputError("confidence needs classes; these answers are values")
    ax = own_axes(ax, 5, 4.4)
    colours = palette(ax)
    held = calibration.counts > 0
    confidence, accuracy = calibration.confidence[held], calibration.accuracy[held]
    ax.plot(
        [0, 1],
        [0, 1],
        color=colours.faint,
        linestyle=DASHES[1],
        linewidth=1,
        label=say("confidence = accuracy"),
    )
    ax.vlines(
        confidence, confidence, accuracy, color=colours.series[1], linewidth=1.5, label=say("gap")
    )
    sizes = 20 + 180 * np.sqrt(calibration.counts[held] / calibration.counts.max(initial=1))
    ax.scatter(
        confidence, accuracy, s=sizes, color=colours.series[0], zorder=3, label=say("rows of a bin")
    )
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), ylabel=say("accuracy"))
    ax.set_xlabel(
        say("mean confidence")
        if calibration.probabilities
        else say("mean confidence (degree of match, no probability)")
    )
    ax.set_title(say("expected calibration error {error:.3f}", error=calibration.error))
    ax.grid(alpha=0.3)
    legend = add_legend(ax)
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([50])
    return finished(ax)


@drawing
def residuals(
    evaluation: Evaluation, answers: Any = None, *, output: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw targets less answers: how often each size occurs, or, with the `answers` (N, K), against
    these.

    `output` is the number of the output. Raises InputError where answers are classes, and for what
    does not fit.
    """
    if evaluation.residuals is None:
        raise InputError("residuals need values; these answers are classes")
    K = evaluation.residuals.shape[1]
    if not isinstance(output, (int, np.integer)) or not 0 <= output < K:
        raise InputError(
            "outputs go from 0 to {last}; there is no {got}", last=K - 1, got=repr(output)
        )
    values = evaluation.residuals[:, output]
    ax = own_axes(ax)
    colours = palette(ax)
    if answers is None:
        ax.hist(
            values, bins="auto" if len(values) < 5000 else 60, color=colours.series[0], alpha=0.85
        )
        ax.axvline(0, color=colours.ink, linewidth=1)
        ax.set(xlabel=say("target less answer"), ylabel=say("rows"))
    else:
        y = as_array(answers).reshape(len(values), -1)[:, output]
        ax.scatter(
            y,
            values,
            s=12,
            color=colours.series[0],
            alpha=min(1, max(0.15, 200 / len(y))),
            linewidths=0,
        )
        ax.axhline(0, color=colours.ink, linewidth=1)
        ax.set(xlabel=say("answer"), ylabel=say("target less answer"))
    error = evaluation.mean_absolute_error
    ax.set_title(
        say(
            "residuals: R2 {r2:.3f}, mean absolute error {error:.4g}", r2=evaluation.r2, error=error
        )
    )
    ax.grid(alpha=0.3)
    return finished(ax)


def _class_name(evaluation: Evaluation, k: int) -> str:
    named = (
        evaluation.names
        and evaluation.confusion is not None
        and len(evaluation.names) == len(evaluation.confusion)
    )
    return evaluation.names[k] if named and evaluation.names else str(k)


def _verdict(evaluation: Evaluation, row: int) -> str:
    assert (
        evaluation.targets is not None
        and evaluation.chosen is not None
        and evaluation.confidence is not None
    )
    truth, answer = int(evaluation.targets[row]), int(evaluation.chosen[row])
    names = [shown(_class_name(evaluation, k), k, 12) for k in (truth, answer)]
    between = " " if max(map(cell_width, names)) <= 4 else "\n"
    arrow = f"{names[0]}{between}\N{RIGHTWARDS ARROW} {names[1]}"
    return f"{arrow}\n{evaluation.confidence[row]:.0%}"


def _pictures(x: Any, shape: tuple[int, int] | None, rows: int) -> Array:
    pictures = as_array(x)
    if pictures.ndim == 2:
        shape = shape or ((28, 28) if pictures.shape[1] == 784 else None)
        if shape is None or shape[0] * shape[1] != pictures.shape[1]:
            raise InputError("rows of {D} numbers: say shape=(height, width)", D=pictures.shape[1])
        pictures = pictures.reshape(-1, *shape)
    if pictures.ndim != 3 or len(pictures) != rows:
        raise InputError(
            "expected the {rows:,} pictures that were evaluated, got shape {got}",
            rows=rows,
            got=pictures.shape,
        )
    return pictures
