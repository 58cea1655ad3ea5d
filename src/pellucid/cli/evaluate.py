"""`pellucid evaluate`: how good the predictions of a network are on data that it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pellucid.cli import evaluate_text, values
from pellucid.cli.evaluate_text import Found
from pellucid.cli.help import (
    argument,
    command,
    example,
    json_option,
    model_argument,
    option,
    threshold_option,
)
from pellucid.cli.models import read_model
from pellucid.cli.network_rows import Rows, rows_with_targets
from pellucid.cli.output import echo, emit, program, write_json
from pellucid.cli.plot_file import Panel, check_plot, plot_option, write_plot
from pellucid.cli.values import wrong_use
from pellucid.errors import InputError
from pellucid.lens import evaluation, plots
from pellucid.lens.importance import partial_dependence, permutation_importance
from pellucid.lens.neurons import image_shape
from pellucid.lens.robustness import CHANGES, robustness
from pellucid.network import Network


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """The options of `pellucid evaluate`."""

    model: str = model_argument()
    file: str | None = argument("[DATA]", "The same as --data.")
    data: str | None = option(
        "--data DATA", "As for train; its test rows where there are some. Default: mnist."
    )
    target: str | None = option(
        "--target COLUMN",
        "The column of the targets, where the table has another name for it than the "
        "training data.",
    )
    threshold: float | None = threshold_option()
    interval: float | None = option(
        "--interval LEVEL",
        "The share of the rows for which intervals, or sets of classes, are to hold the target; "
        "shown is how often they do. Default: 0.9.",
        type=values.probability(),
    )
    robustness: tuple[str, ...] = option(
        "--robustness CHANGE",
        "How accuracy falls as images change (tables have none): brightness, noise, shift, "
        "rotation, or all; may be repeated.",
        choices=(*CHANGES, "all"),
        multiple=True,
    )
    importance: bool = option(
        "--importance", "How much worse predictions get when a column is shuffled (5 times)."
    )
    dependence: tuple[str, ...] = option(
        "--dependence COLUMN",
        "The mean prediction as this column is set to one value after another; may be repeated.",
        multiple=True,
    )
    misclassified: int = option(
        "--misclassified N",
        "How many misclassified rows to show, the most confident first. Default: 10.",
        default=10,
    )
    curves: bool = option("--curves", "With --json: the ROC and precision-recall curves, too.")
    plot: str | None = plot_option()
    as_json: bool = json_option()


@command(
    "evaluate",
    EvaluateOptions,
    "Measure how good the predictions of a network are. Classes: accuracy with its 95 % interval, "
    "loss, confusion matrix, how well confidence agrees with accuracy (calibration), the most "
    "confident mistakes; for two classes also the areas under the ROC and precision-recall curves. "
    "Values: R2, mean absolute error, and residuals. Where rows were held out of the training: how "
    "often intervals of the values, or sets of classes, hold the target. Of an ensemble also how "
    "good its members are by themselves.",
    example("digits.safetensors", "on the 10,000 test digits of MNIST"),
    example("letters.safetensors --data letters/", "on own images"),
    example("model.safetensors new.csv --importance", "a table, and which columns matter"),
    example("model.safetensors new.csv --threshold 0.2", "yes already from 20 % up"),
    example("digits.safetensors --robustness all", "darker, noisy, shifted and rotated images"),
)
def evaluate(options: EvaluateOptions) -> None:
    """Measure how good the predictions of a network are."""
    if options.file is not None and options.data is not None:
        raise wrong_use("name the data once: as DATA or by --data")
    if options.threshold is not None and (options.importance or options.robustness):
        raise wrong_use(
            "--threshold changes the scores alone: leave out --importance, --robustness"
        )
    data = options.data or options.file
    check_plot(options.plot)
    net = read_model(options.model)
    # Before the rows are read and predicted
    if options.robustness and image_shape(net) is None:
        raise InputError(
            "--robustness changes images, and the network takes rows of other values: leave it out"
        )
    rows = rows_with_targets(net, data, options.target)
    found = look(net, rows, options)
    if options.as_json:
        report = {} if rows.report is None else {"report": rows.report.to_dict()}
        write_json(evaluate_text.to_dict(found, options.curves) | report)
    else:
        evaluate_text.show(found, options.misclassified)
        mistakes = found.whole.misclassified
        # Row numbers are those of --digit only where the data are MNIST's
        if data is None and options.misclassified and mistakes is not None and len(mistakes):
            echo()
            words = f"explain {options.model} --digit {mistakes[0]}"
            emit("why: {command}", command=f"{program()} {words}")
    if options.plot is not None:
        _plot(options.plot, net, rows, found)


def look(net: Network, rows: Rows, options: EvaluateOptions) -> Found:
    """Compute everything that the options ask for."""
    x, t = rows.x, rows.t
    assert t is not None
    # A change that was asked for twice is computed once
    changes = CHANGES if "all" in options.robustness else dict.fromkeys(options.robustness)
    return Found(
        whole=evaluation.evaluate(net, x, t, threshold=options.threshold, level=options.interval),
        curves={change: robustness(net, x, t, change) for change in changes},
        importance=permutation_importance(net, x, t) if options.importance else None,
        dependence=[partial_dependence(net, x, column) for column in options.dependence],
        first=rows.first,
        alone=[
            evaluation.evaluate(each, x, t, threshold=options.threshold) for each in net.members
        ],
    )


def _plot(path: str, net: Network, rows: Rows, found: Found) -> None:
    whole = found.whole
    panels: list[Panel] = []
    if whole.confusion is None:
        panels.append(partial(plots.residuals, whole))
    else:
        panels += [partial(plots.confusion_matrix, whole), partial(plots.reliability, whole)]
        if whole.roc is not None:
            panels += [partial(plots.roc, whole), partial(plots.precision_recall, whole)]
        if (shape := image_shape(net)) is not None:
            panels.append(partial(plots.misclassified, whole, rows.x, shape=shape))
    panels += [partial(plots.robustness, curve) for curve in found.curves.values()]
    if found.importance is not None:
        panels.append(partial(plots.permutation_importance, found.importance))
    panels += [
        partial(plots.partial_dependence, each, names=net.classes) for each in found.dependence
    ]
    write_plot(path, panels)
