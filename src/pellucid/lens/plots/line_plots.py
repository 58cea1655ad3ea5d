"""Lines: activation functions, learning curves, robustness, and the curves of two classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from pellucid.core import ACTIVATIONS
from pellucid.core.layers import Activation
from pellucid.core.metrics import METRICS
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.evaluation import Evaluation
from pellucid.lens.plots import figure_style as style
from pellucid.lens.plots.fonts import drawing, shown
from pellucid.lens.robustness import CHANGES, RobustnessCurve
from pellucid.lens.score_curves import ROC, PrecisionRecall
from pellucid.training.history import History
from pellucid.training.rate_range import LearningRateRange

POINTS = 801  # an odd number: one point is at the middle, where ReLU has its corner

Curve = TypeVar("Curve", ROC, PrecisionRecall)


@drawing
def activation(
    function: str | Activation = "sigmoid",
    span: tuple[float, float] = (-8.0, 8.0),
    *,
    derivative: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw an activation function over `span` and, dashed, its derivative.

    `function` is a name ("sigmoid", "relu", ...) or a layer such as `pl.LeakyReLU(0.1)`. Raises
    InputError for softmax, which is no function of one pre-activation, and for an empty span.
    """
    layer = _activation(function)
    low, high = span
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InputError("span is (lowest, highest), such as (-8, 8); got {got}", got=repr(span))
    ax = style.own_axes(ax)
    colours = style.palette(ax)
    z = np.linspace(low, high, POINTS)
    y = layer.forward(z[None])[0]
    # Axes through the origin: a reader looks for f(0).
    for axis in (ax.axhline, ax.axvline):
        axis(0, color=colours.faint, linewidth=0.8, zorder=0)
    name, slope_name = say("activation y = f(z)"), say("derivative f'(z)")
    ax.plot(z, y, color=colours.series[0], linewidth=2, label=name)
    if derivative:
        slope = layer.derivative(z[None], y[None])[0]
        (line,) = ax.plot(z, slope, color=colours.series[1], linewidth=2, label=slope_name)
        line.set_linestyle(style.DASHES[1])
        style.add_legend(ax)
    ax.set_xlim(low, high)
    ax.set(title=type(layer).__name__, xlabel=say("weighted sum z"))
    # With two lines, the legend names them.
    ax.set_ylabel("" if derivative else name)
    return style.finished(ax)


@drawing
def learning_curves(
    history: History,
    names: Sequence[str] | None = None,
    *,
    axes: Axes | Sequence[Axes] | None = None,
) -> style.Panels:
    """Draw a history by epoch, training and validation, in one Axes for each column of `names`.

    `names` are columns such as "loss" and "accuracy"; None for the loss and all metrics in the
    history. Raises InputError for an empty history, unknown columns, and another number of `axes`
    than names.
    """
    if not len(history):
        raise InputError("the history is empty: no epoch was finished")
    known = history.records[0]
    metrics = [name for name in ("loss", *METRICS) if name in known]
    columns = {name: history[name] for name in (metrics if names is None else names)}
    panels = _panels(len(columns), axes)
    for ax, (name, values) in zip(panels, columns.items(), strict=True):
        lines = {say("training"): values}
        if f"validation_{name}" in known:
            lines[say("validation")] = history[f"validation_{name}"]
        _learning_curve(ax, history["epoch"], name, lines)
    return panels


def _learning_curve(
    ax: Axes, epochs: Sequence[float], name: str, lines: Mapping[str, Sequence[float]]
) -> None:
    for k, (label, column) in enumerate(lines.items()):
        # Marks run into each other on a long line.
        marker = style.MARKERS[k] if len(column) <= 30 else ""
        colour, dashes = style.palette(ax).series[k], style.DASHES[k]
        (line,) = ax.plot(epochs, column, color=colour, linestyle=dashes, label=label)
        line.set(marker=marker, markersize=4)
    ax.set(title=_column_name(name), xlabel=say("epoch"))
    # There is no epoch 1.5.
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(alpha=0.3)
    if name == "accuracy":
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    if len(lines) > 1:
        style.add_legend(ax)
    style.finished(ax)


@drawing
def learning_rate_range(found: LearningRateRange, *, ax: Axes | None = None) -> Axes:
    """Draw the loss at each learning rate of `pl.learning_rate_range`, and the suggested rate."""
    ax = style.own_axes(ax)
    colours = style.palette(ax)
    batches, smooth = say("loss of a batch"), say("smoothed")
    ax.plot(found.rates, found.losses, color=colours.faint, linewidth=0.9, label=batches)
    ax.plot(found.rates, found.smoothed, color=colours.series[0], linewidth=2, label=smooth)
    if found.suggestion is not None:
        label = say("suggestion: {rate:.2g}", rate=found.suggestion)
        line = ax.axvline(found.suggestion, color=colours.series[1], linewidth=1.5, label=label)
        line.set_linestyle(style.DASHES[1])
    # Single batches, and the rise at the end, would press the fall into a line.
    low, high = (
        float(found.smoothed.min()),
        float(found.smoothed[: found.smoothed.argmin() + 1].max()),
    )
    ax.set_ylim(low - 0.15 * (high - low), high + 0.35 * (high - low) or None)
    ax.set(xscale="log", xlabel=say("learning rate"), ylabel=say("loss"))
    # 0.001 instead of ten to a power, whose minus Korean fonts lack
    ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_title(say("learning-rate range test"))
    ax.grid(alpha=0.3)
    style.add_legend(ax, "lower left")
    return style.finished(ax)


@drawing
def robustness(
    curves: RobustnessCurve | Mapping[str, RobustnessCurve], *, ax: Axes | None = None
) -> Axes:
    """Draw how accuracy falls as images are changed more strongly, with 95 % intervals.

    `curves` is the result of `pl.robustness`, or several of the same change by the names of their
    networks. Raises InputError for curves of different changes.
    """
    named = {"": curves} if isinstance(curves, RobustnessCurve) else dict(curves)
    changes = {curve.change for curve in named.values()}
    if len(changes) != 1:
        got = ", ".join(sorted(changes)) or "-"
        raise InputError("curves must be of one change; got {got}", got=got)
    ax = style.own_axes(ax)
    for k, (name, curve) in enumerate(named.items()):
        colour, label = style.nth(style.palette(ax).series, k), shown(name) if name else None
        low, high = curve.intervals.T
        ax.fill_between(curve.levels, low, high, color=colour, alpha=0.22, linewidth=0)
        (line,) = ax.plot(curve.levels, curve.accuracy, color=colour, label=label)
        line.set_linestyle(style.nth(style.DASHES, k))
        line.set(marker=style.nth(style.MARKERS, k), markersize=4.5)
    change = changes.pop()
    if change == "brightness":
        ax.invert_xaxis()  # as for every other change, stronger is further right
    ax.set(xlabel=say(CHANGES[change][0]), ylabel=say("accuracy"), ylim=(0, 1.02))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    rows = next(iter(named.values())).rows
    ax.set_title(say("accuracy and 95 % interval, {rows:,} rows", rows=rows))
    ax.grid(alpha=0.3)
    if len(named) > 1:
        style.add_legend(ax, "lower left")
    return style.finished(ax)


@drawing
def roc(found: Evaluation | ROC, *, ax: Axes | None = None) -> Axes:
    """Draw hits against false alarms as the threshold falls; guessing is the dashed line.

    Raises InputError for anything but two classes.
    """
    curve = _of_two(found.roc if isinstance(found, Evaluation) else found, ROC)
    ax = style.own_axes(ax, 5, 4.4)
    style.diagonal(ax, say("guessing"))
    x, y, blue = curve.false_positive_rate, curve.true_positive_rate, style.palette(ax).series[0]
    ax.plot(x, y, color=blue, linewidth=2, label=say("area {area:.3f}", area=curve.area))
    ax.set(xlabel=say("false positive rate"), ylabel=say("true positive rate"))
    ax.set_title(say("ROC curve"))
    style.unit_square(ax)
    style.add_legend(ax, "lower right")
    return style.finished(ax)


@drawing
def precision_recall(found: Evaluation | PrecisionRecall, *, ax: Axes | None = None) -> Axes:
    """Draw precision against recall as the threshold falls.

    Raises InputError for anything but two classes.
    """
    given = found.precision_recall if isinstance(found, Evaluation) else found
    curve = _of_two(given, PrecisionRecall)
    ax = style.own_axes(ax, 5, 4.4)
    label = say("average precision {value:.3f}", value=curve.average_precision)
    # From recall 0 at the first precision, in steps: average precision is the area below them.
    x, y = [0, *curve.recall], [curve.precision[0], *curve.precision]
    (line,) = ax.plot(x, y, color=style.palette(ax).series[0], linewidth=2, label=label)
    line.set_drawstyle("steps-pre")
    ax.set(xlabel=say("recall"), ylabel=say("precision"))
    ax.set_title(say("precision and recall"))
    style.unit_square(ax)
    style.add_legend(ax, "lower left")
    return style.finished(ax)


def _of_two(curve: Curve | None, kind: type[Curve]) -> Curve:
    if not isinstance(curve, kind):
        raise InputError("this curve needs an evaluation of two classes that both occur")
    return curve


def _activation(function: str | Activation) -> Activation:
    known = {name: kind for name, kind in ACTIVATIONS.items() if issubclass(kind, Activation)}
    layer = known[function]() if isinstance(function, str) and function in known else function
    # A PReLU with a slope for each column has many curves.
    if not isinstance(layer, Activation) or layer.input_width() is not None:
        template = "function is one of {known}, or such a layer; got {got}"
        raise InputError(template, known=", ".join(known), got=repr(function))
    return layer


def _panels(count: int, axes: Axes | Sequence[Axes] | None) -> style.Panels:
    if axes is None:
        return style.add_axes(style.new_figure(max(4.2 * count, 5), 3.4), 1, count)
    # plt.subplots(2, 2) gives an array of Axes.
    given = [axes] if isinstance(axes, Axes) else np.ravel(np.asarray(axes, object)).tolist()
    if len(given) != count or not all(isinstance(ax, Axes) for ax in given):
        template = "expected {count} Axes, one for each column; got {got}"
        raise InputError(template, count=count, got=len(given))
    return style.Panels(given)


def _column_name(name: str) -> str:
    known = {"loss": say("loss"), "accuracy": say("accuracy")}
    return {**known, "learning_rate": say("learning rate")}.get(name, shown(name))
