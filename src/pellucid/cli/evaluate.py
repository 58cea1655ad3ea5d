"""`pellucid evaluate`: how well a network answers rows that it did not learn from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import evaluate_text
from pellucid.cli.help import Command, Whole, argument, json_option, lang_option, option
from pellucid.cli.output import tell, write_json
from pellucid.cli.plotting import check_plot, plot_option, write_plot
from pellucid.cli.rows import Rows, rows_with_targets
from pellucid.cli.threads import use_threads
from pellucid.errors import InputError
from pellucid.language import mark, say

if TYPE_CHECKING:
    from pellucid.cli.evaluate_text import Found
    from pellucid.network import Network

# Written here once more than in lens, so that help needs no NumPy; a test holds both together.
CHANGES = ("brightness", "noise", "shift", "rotation")


@click.command(
    cls=Command,
    short_help=mark("how well a network answers, what it takes for what"),
    help=mark(
        "Show how well a network answers. Classes: accuracy with its 95 % interval, loss, which "
        "class is taken for "
        "which, how confidence and accuracy agree, the most confident mistakes; for two classes "
        "also the areas under "
        "the ROC and precision-recall curves. Values: R2, mean absolute error, and how far "
        "answers are off."
    ),
    examples=[
        ("pellucid evaluate digits.safetensors", mark("on the 10,000 test digits of MNIST")),
        ("pellucid evaluate letters.safetensors --data letters/", mark("on own pictures")),
        (
            "pellucid evaluate model.safetensors new.csv --importance",
            mark("a table, and which columns matter"),
        ),
        (
            "pellucid evaluate digits.safetensors --robustness all",
            mark("darker, noisy, moved and turned pictures"),
        ),
    ],
)
@argument(
    "model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it.")
)
@argument("file", required=False, metavar=mark("[DATA]"), about=mark("The same as --data."))
@option(
    "--data",
    metavar=mark("DATA"),
    help=mark("As for train; its test rows, where there are some. Default: mnist."),
)
@option(
    "--target",
    metavar=mark("COLUMN"),
    help=mark(
        "The column that holds the right answers, where the table calls it otherwise than in "
        "training."
    ),
)
@option(
    "--robustness",
    type=click.Choice((*CHANGES, "all")),
    multiple=True,
    metavar=mark("CHANGE"),
    help=mark(
        "How accuracy falls as pictures change (tables have none): brightness, noise, shift, "
        "rotation, or all; may be "
        "given again."
    ),
)
@option(
    "--importance",
    is_flag=True,
    help=mark("By how much answers get worse when a column is shuffled (5 times)."),
)
@option(
    "--dependence",
    multiple=True,
    metavar=mark("COLUMN"),
    help=mark(
        "The mean answer as this column is set to one value after the other; may be given again."
    ),
)
@option(
    "--misread",
    type=Whole(0),
    default=10,
    metavar=mark("N"),
    help=mark("How many misread rows to show, the most confident first. Default: 10."),
)
@option(
    "--curves", is_flag=True, help=mark("With --json: the ROC and precision-recall curves, too.")
)
@plot_option
@json_option
@lang_option
def evaluate(model: str, file: str | None, plot: str | None, as_json: bool, **options: Any) -> None:
    """Show how well a network answers."""
    if file is not None and options["data"] is not None:
        raise click.UsageError(
            say("name the data once: as DATA or by --data"), click.get_current_context()
        )
    check_plot(plot)
    use_threads(None, 0)
    from pellucid.network import load

    net = load(model)
    _check_robustness(net, options["robustness"])
    rows = rows_with_targets(net, options["data"] or file, options["target"])
    found = look(net, rows, options)
    if as_json:
        write_json(evaluate_text.to_dict(found, options["curves"]))
    else:
        evaluate_text.show(found, options["misread"])
        if (
            (options["data"] or file) is None
            and options["misread"]
            and found.whole.misread is not None
        ):
            _say_what_next(model, found.whole.misread.tolist())
    if plot is not None:
        _plot(plot, net, rows, found)


def _check_robustness(net: Network, changes: tuple[str, ...]) -> None:
    from pellucid.lens.neurons import picture_shape

    if changes and picture_shape(net) is None:
        raise InputError(
            "--robustness changes pictures, and this network takes rows of other numbers: leave "
            "it out"
        )


def _say_what_next(model: str, misread: list[int]) -> None:
    if misread:
        click.echo()
        tell(say("why: pellucid explain {model} --digit {row}", model=model, row=misread[0]))


def look(net: Network, rows: Rows, options: dict[str, Any]) -> Found:
    """Ask lens for everything that the options name."""
    from pellucid.lens import evaluation
    from pellucid.lens.importance import partial_dependence, permutation_importance
    from pellucid.lens.robustness import robustness

    whole = evaluation.evaluate(net, rows.x, rows.t)
    changes = CHANGES if "all" in options["robustness"] else dict.fromkeys(options["robustness"])
    curves = {change: robustness(net, rows.x, rows.t, change) for change in changes}
    shuffled = permutation_importance(net, rows.x, rows.t) if options["importance"] else None
    depends = [partial_dependence(net, rows.x, column) for column in options["dependence"]]
    return evaluate_text.Found(whole, curves, shuffled, depends, rows.first)


def _plot(path: str, net: Network, rows: Rows, found: Found) -> None:
    from pellucid.lens import plots
    from pellucid.lens.neurons import picture_shape

    whole = found.whole
    panels: list[Any] = []
    if whole.confusion is None:
        panels.append(partial(plots.residuals, whole))
    else:
        panels += [partial(plots.confusion_matrix, whole), partial(plots.reliability, whole)]
        if whole.roc is not None:
            panels += [partial(plots.roc, whole), partial(plots.precision_recall, whole)]
        if (shape := picture_shape(net)) is not None:
            panels.append(partial(plots.misread, whole, rows.x, shape=shape))
    panels += [partial(plots.robustness, curve) for curve in found.curves.values()]
    if found.importance is not None:
        panels.append(partial(plots.permutation_importance, found.importance))
    panels += [
        partial(plots.partial_dependence, each, names=net.classes) for each in found.dependence
    ]
    write_plot(path, panels)
