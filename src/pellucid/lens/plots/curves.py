"""Lines: activation functions, learning, robustness, and the curves of two classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pellucid.core import ACTIVATIONS
from pellucid.core.layers import Activation
from pellucid.core.metrics import METRICS
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.curves import ROC, PrecisionRecall
from pellucid.lens.evaluation import Evaluation
from pellucid.lens.plots.figures import (
    DASHES,
    MARKERS,
    Panels,
    add_axes,
    add_legend,
    finished,
    new_figure,
    own_axes,
    palette,
)
from pellucid.lens.plots.fonts import drawing, shown
from pellucid.lens.robustness import CHANGES, RobustnessCurve
from pellucid.training.history import History

POINTS = 801


@drawing
def activation(
    function: str | Activation = "sigmoid",
    span: tuple[float, float] = (-8.0, 8.0),
    *,
    derivative: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw an activation function and, dashed, its derivative, over the weighted sums of `span`.

    `function` is a name ("sigmoid", "relu", ...) or a layer such as `pl.LeakyReLU(0.1)`. Raises
    InputError for what treats no neuron by itself (softmax), and for a span that is empty.
    """
    layer = _activation(function)
    low, high = span
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InputError("span is (lowest, highest), such as (-8, 8); got {got}", got=repr(span))
    ax = own_axes(ax)
    colours = palette(ax)
    z = np.linspace(low, high, POINTS)
    y = layer.forward(z[None])[0]
    for place in (ax.axhline, ax.axvline):
        place(0, color=colours.faint, linewidth=0.8, zorder=0)
    name = say("activation y = f(z)")
    ax.plot(z, y, color=colours.series[0], linewidth=2, label=name)
    if derivative:
        slope = layer.derivative(z[None], y[None])[0]
        ax.plot(
            z,
            slope,
            color=colours.series[1],
            linewidth=2,
            linestyle=DASHES[1],
            label=say("derivative f'(z)"),
        )
        add_legend(ax, "best")
    ax.set_xlim(low, high)
    ax.set(title=type(layer).__name__, xlabel=say("weighted sum z"))
    if not derivative:
        ax.set_ylabel(name)
    return finished(ax)


@drawing
def learning_curves(
    history: History,
    names: Sequence[str] | None = None,
    *,
    axes: Axes | Sequence[Axes] | None = None,
) -> Panels:
    """Draw a history by epoch, one Axes for each column of `names`: the rows that were learned
    from, and validation.

    `names` are columns such as "loss" and "accuracy"; None for the loss and the metrics that it
    has. Raises InputError for an empty history, columns it has not, and another number of `axes`
    than names.
    """
    if not len(history):
        raise InputError("the history is empty: no epoch was finished")
    known = history.records[0]
    chosen = (
        list(names) if names is not None else [name for name in ("loss", *METRICS) if name in known]
    )
    columns = {name: history[name] for name in chosen}
    panels = _panels(len(chosen), axes)
    for ax, (name, values) in zip(panels, columns.items(), strict=True):
        _learning_curve(ax, history["epoch"], name, values, history)
    return panels


def _learning_curve(
    ax: Axes, epochs: list[float], name: str, values: list[float], history: History
) -> None:
    colours = palette(ax)
    lines = [(say("training"), values, 0)]
    if f"validation_{name}" in history.records[0]:
        lines.append((say("validation"), history[f"validation_{name}"], 1))
    for label, column, k in lines:
        marker = MARKERS[k] if len(column) <= 30 else ""
        ax.plot(
            epochs,
            column,
            color=colours.series[k],
            linestyle=DASHES[k],
            marker=marker,
            markersize=4,
            label=label,
        )
    ax.set(title=_column_name(name), xlabel=say("epoch"))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(alpha=0.3)
    if name == "accuracy":
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    if len(lines) > 1:
        add_legend(ax, "best")
    finished(ax)


@drawing
def robustness(
    curves: RobustnessCurve | Mapping[str, RobustnessCurve], *, ax: Axes | None = None
) -> Axes:
    """Draw how accuracy falls as pictures are changed more strongly, with 95 % intervals.

    `curves` is what `pl.robustness` gave, or several of the same change by the names of their
    networks. Raises InputError for curves of different changes.
    """
    named = {"": curves} if isinstance(curves, RobustnessCurve) else dict(curves)
    changes = {curve.change for curve in named.values()}
    if len(changes) != 1:
        raise InputError(
            "curves of one change go together; got {got}", got=", ".join(sorted(changes)) or "-"
        )
    ax = own_axes(ax)
    colours = palette(ax)
    for k, (name, curve) in enumerate(named.items()):
        colour = colours.series[k % len(colours.series)]
        low, high = curve.intervals.T
        ax.fill_between(curve.levels, low, high, color=colour, alpha=0.22, linewidth=0)
        line: dict[str, Any] = {
            "color": colour,
            "linestyle": DASHES[k % len(DASHES)],
            "marker": MARKERS[k % len(MARKERS)],
        }
        ax.plot(
            curve.levels,
            curve.accuracy,
            markersize=4.5,
            label=shown(name) if name else None,
            **line,
        )
    change = changes.pop()
    if change == "brightness":
        ax.invert_xaxis()  # as everywhere else, what is changed more stands further right
    ax.set(xlabel=say(CHANGES[change][0]), ylabel=say("accuracy"), ylim=(0, 1.02))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    rows = next(iter(named.values())).rows
    ax.set_title(say("accuracy and 95 % interval, {rows:,} rows", rows=rows))
    ax.grid(alpha=0.3)
    if len(named) > 1:
        add_legend(ax, "lower left")
    return finished(ax)


@drawing
def roc(found: Evaluation | ROC, *, ax: Axes | None = None) -> Axes:
    """Draw hits against false alarms as the threshold falls, for two classes.

    Guessing is the dashed line.
    """
    curve = _of_two(found, "roc", ROC)
    ax = own_axes(ax, 5, 4.4)
    colours = palette(ax)
    label = say("area {area:.3f}", area=curve.area)
    ax.plot(
        [0, 1], [0, 1], color=colours.faint, linestyle=DASHES[1], linewidth=1, label=say("guessing")
    )
    x, y = curve.false_positive_rate, curve.true_positive_rate
    ax.plot(x, y, color=colours.series[0], linewidth=2, label=label)
    ax.set(xlabel=say("false positive rate"), ylabel=say("true positive rate"))
    ax.set_title(say("ROC curve"))
    return _unit_square(ax, "lower right")


@drawing
def precision_recall(found: Evaluation | PrecisionRecall, *, ax: Axes | None = None) -> Axes:
    """Draw precision against recall as the threshold falls, for two classes."""
    curve = _of_two(found, "precision_recall", PrecisionRecall)
    ax = own_axes(ax, 5, 4.4)
    label = say("average precision {value:.3f}", value=curve.average_precision)
    style: dict[str, Any] = {
        "color": palette(ax).series[0],
        "linewidth": 2,
        "drawstyle": "steps-pre",
    }
    ax.plot([0, *curve.recall], [curve.precision[0], *curve.precision], label=label, **style)
    ax.set(xlabel=say("recall"), ylabel=say("precision"))
    ax.set_title(say("precision and recall"))
    return _unit_square(ax, "lower left")


def _unit_square(ax: Axes, legend: str) -> Axes:
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.grid(alpha=0.3)
    add_legend(ax, legend)
    return finished(ax)


def _of_two(found: Any, name: str, kind: type[Any]) -> Any:
    curve = getattr(found, name) if isinstance(found, Evaluation) else found
    if not isinstance(curve, kind):
        raise InputError(
            "this curve needs an evaluation of two classes that both occur; got {got}", got=found
        )
    return curve


def _activation(function: Any) -> Activation:
    known = {name: kind for name, kind in ACTIVATIONS.items() if issubclass(kind, Activation)}
    layer = known[function]() if isinstance(function, str) and function in known else function
    if not isinstance(layer, Activation):
        raise InputError(
            "function is one of {known}, or such a layer; got {got}",
            known=", ".join(known),
            got=repr(function),
        )
    return layer


def _panels(count: int, axes: Axes | Sequence[Axes] | None) -> Panels:
    if axes is None:
        return add_axes(new_figure(max(4.2 * count, 5), 3.4), 1, count)
    given = Panels(
        [axes] if isinstance(axes, Axes) else np.ravel(np.asarray(axes, object)).tolist()
    )
    if len(given) != count or not all(isinstance(ax, Axes) for ax in given):
        raise InputError(
            "expected {count} Axes, one for each column; got {got}", count=count, got=len(given)
        )
    return given


def _column_name(name: str) -> str:
    known = {
        "loss": say("loss"),
        "accuracy": say("accuracy"),
        "learning_rate": say("learning rate"),
    }
    return known.get(name, shown(name))
