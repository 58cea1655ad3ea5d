"""`pellucid train`.

Build a network, let it learn, write it, and say how well it answers rows that it never saw.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import learning, outcome, tables
from pellucid.cli.augment import Augment
from pellucid.cli.help import (
    Command,
    Layers,
    Number,
    OutputActivation,
    Share,
    ShareOrData,
    Whole,
    json_option,
    lang_option,
    option,
)
from pellucid.cli.output import check_not_read, check_writable, note, tell, time_text, write_json
from pellucid.cli.plotting import check_plot, plot_history
from pellucid.cli.threads import use_threads
from pellucid.language import mark, say

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.lens.evaluation import Evaluation
    from pellucid.network import Network
    from pellucid.training import History

# Written here once more than in core, so that help and wrong names need no NumPy; a test holds both
# together.
ACTIVATIONS = (
    *("identity", "sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu"),
    *("softplus", "exponential", "softmax"),
)
LOSSES = (
    *("cross_entropy", "binary_cross_entropy", "mean_squared_error", "mean_absolute_error"),
    *("huber", "poisson", "quantile"),
)
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad")
SCHEDULES = (
    "constant",
    "step",
    "exponential",
    "cosine",
    "cos_log",
    "one_cycle",
    "warm_up",
    "reduce_on_plateau",
)
ENGINES = ("auto", "native", "reference")
PRESETS = ("tabular", "plain")

ROOM = 64 << 10  # bytes: what a model file holds beside its weights

NETWORK, LEARNING, RUNNING = mark("Network"), mark("Learning"), mark("Running and result")
TABLES = mark("Tables")


@click.command(
    cls=Command,
    short_help=mark("train a network and write it to a file"),
    help=mark(
        "Train a network and write it to a file.\n\n"
        "Without options: the network 784-16-16-10, sigmoid everywhere, learns the handwritten "
        "digits of MNIST, "
        "which lie inside this package, by a recipe that was measured to work well. Each option "
        "changes one part "
        "of it; other networks and data have a recipe of their own. Ctrl-C ends learning after "
        "the batch, and the "
        "network is written all the same; until then, a second Ctrl-C stops at once and writes "
        "nothing."
    ),
    examples=[
        ("pellucid train --quick", mark("few epochs, a few seconds")),
        ("pellucid train --layers 784,32,10 --epochs 20", mark("another network")),
        (
            "pellucid train --data letters/ -o letters.safetensors",
            mark("own pictures, a sub-folder for each class"),
        ),
        (
            "pellucid train --data houses.csv --target price --ignore id",
            mark("a table: predict one of its columns"),
        ),
        (
            "pellucid train --activation relu --output softmax",
            mark("another activation and output"),
        ),
        (
            "pellucid train --from digits.safetensors --data own/ -o mine.safetensors",
            mark("go on learning, from own data"),
        ),
        (
            "pellucid train --augment shift=1,rotation=10,elastic=34",
            mark("pictures moved, turned and bent a little"),
        ),
    ],
)
@option(
    "--data",
    default="mnist",
    metavar=mark("DATA"),
    group=NETWORK,
    help=mark(
        "mnist (default), a toy problem (xor, moons, circles, spirals), a folder with a "
        "sub-folder of pictures for "
        "each class, a folder of IDX files, an .npz file with arrays x and t (and x_test, "
        "t_test), or with --target a "
        "table: CSV, Parquet, .npy, .npz."
    ),
)
@option(
    "--from",
    "begun",
    metavar=mark("MODEL"),
    group=NETWORK,
    help=mark(
        "Go on from this network's weights instead of new ones; imported ones, too. Layers and "
        "class names are its own."
    ),
)
@option(
    "--layers",
    type=Layers(),
    metavar=mark("N,N,..."),
    group=NETWORK,
    help=mark(
        "Neurons in each layer, inputs first. Default: 784,16,16,10 for MNIST; two hidden layers "
        "of 128 for tables, "
        "else of 16."
    ),
)
@option(
    "--hidden",
    type=Layers(1),
    metavar=mark("N,N,..."),
    group=NETWORK,
    help=mark(
        "Neurons in the hidden layers alone, instead of --layers; inputs and outputs follow from "
        "the data."
    ),
)
@option(
    "--activation",
    type=click.Choice(ACTIVATIONS),
    metavar=mark("NAME"),
    group=NETWORK,
    help=mark(
        "Hidden layers' activation: sigmoid (default), relu (default for tables), tanh, "
        "leaky_relu, gelu, silu, "
        "softplus, ..."
    ),
)
@option(
    "--output",
    type=OutputActivation(ACTIVATIONS),
    metavar=mark("NAME"),
    group=NETWORK,
    help=mark(
        "The last layer's activation: sigmoid (default for classes), softmax (for classes of "
        "tables), identity (for "
        "values), ..."
    ),
)
@option(
    "--dropout",
    type=Share(),
    metavar=mark("SHARE"),
    group=NETWORK,
    help=mark("Share of hidden neurons switched off while learning. Default: 0; for tables 0.1."),
)
@option(
    "--target",
    metavar=mark("COLUMN"),
    group=TABLES,
    help=mark("The column of the table to predict."),
)
@option(
    "--task",
    type=click.Choice(("classify", "regress")),
    metavar=mark("TASK"),
    group=TABLES,
    help=mark(
        "classify: the target's cells are classes; regress: they are numbers. Default: as they "
        "look."
    ),
)
@option(
    "--preset",
    type=click.Choice(PRESETS),
    metavar=mark("NAME"),
    group=TABLES,
    help=mark(
        "tabular (default): columns are measured robustly, clipped smoothly and, from 1,000 rows "
        "on, embedded in "
        "waves; plain: brought to mean 0 and deviation 1."
    ),
)
@option(
    "--ignore",
    multiple=True,
    metavar=mark("COLUMN"),
    group=TABLES,
    help=mark("A column to leave out, such as an identifier; may be given again."),
)
@option(
    "--category",
    multiple=True,
    metavar=mark("COLUMN"),
    group=TABLES,
    help=mark("A column whose numbers are names of categories; may be given again."),
)
@option(
    "--number",
    multiple=True,
    metavar=mark("COLUMN"),
    group=TABLES,
    help=mark("A column of numbers, whatever it looks like; may be given again."),
)
@option(
    "--loss",
    type=click.Choice(LOSSES),
    metavar=mark("NAME"),
    group=LEARNING,
    help=mark(
        "cross_entropy, binary_cross_entropy, mean_squared_error, ... Default: what suits the "
        "output."
    ),
)
@option(
    "--optimizer",
    type=click.Choice(OPTIMIZERS),
    metavar=mark("NAME"),
    group=LEARNING,
    help=mark("adamw, adam, sgd, rmsprop, adagrad. Default: the recipe's."),
)
@option(
    "--learning-rate",
    type=Number(),
    metavar=mark("RATE"),
    group=LEARNING,
    help=mark("Size of a step. Default: the recipe's; for another optimizer one that suits it."),
)
@option(
    "--schedule",
    type=click.Choice(SCHEDULES),
    metavar=mark("NAME"),
    group=LEARNING,
    help=mark(
        "How the learning rate changes: one_cycle, constant, cosine, step, exponential, ... "
        "Default: the recipe's."
    ),
)
@option(
    "--weight-decay",
    type=Number(),
    metavar=mark("RATE"),
    group=LEARNING,
    help=mark(
        "How much weights shrink at each step, times the learning rate. Default: the recipe's."
    ),
)
@option(
    "--label-smoothing",
    type=Share(),
    metavar=mark("SHARE"),
    group=LEARNING,
    help=mark("Share of each target spread over all classes, for cross-entropies. Default: 0."),
)
@option(
    "--augment",
    type=Augment(),
    metavar=mark("NAME=N,..."),
    group=LEARNING,
    help=mark(
        "Change pictures while learning, each by at most: shift=PIXELS, rotation=DEGREES, "
        "scale=SHARE; "
        "elastic=STRENGTH (34, with smoothness=4), noise=DEVIATION, brightness=DARKEST (0.5); or "
        "none. "
        "Default: the recipe's."
    ),
)
@option(
    "--epochs",
    type=Whole(1),
    metavar=mark("N"),
    group=LEARNING,
    help=mark("How often all rows are seen. Default: the recipe's."),
)
@option(
    "--batch-size",
    type=Whole(1),
    metavar=mark("N"),
    group=LEARNING,
    help=mark("Rows in a step. Default: the recipe's."),
)
@option(
    "--validation",
    type=ShareOrData(),
    metavar=mark("SHARE|DATA"),
    group=LEARNING,
    help=mark(
        "Share of the rows (0.1), or other data, that is only looked at while learning, or none. "
        "Default: none; for "
        "tables of 1,000 rows or more 0.1."
    ),
)
@option(
    "--quick",
    is_flag=True,
    group=LEARNING,
    help=mark(
        "A quick recipe, a little less accurate: about a second (a few with the reference engine)."
    ),
)
@option(
    "--seed",
    type=Whole(0),
    default=0,
    metavar=mark("N"),
    group=RUNNING,
    help=mark("The same seed gives the same network. Default: 0."),
)
@option(
    "--engine",
    type=click.Choice(ENGINES),
    default="auto",
    metavar=mark("NAME"),
    group=RUNNING,
    help=mark(
        "Who does the arithmetic: auto (default: the fastest there is), native, reference (NumPy)."
    ),
)
@option(
    "--threads",
    type=Whole(1),
    metavar=mark("N"),
    group=RUNNING,
    help=mark(
        "Threads. Default: 1 for small networks, where that is the quickest; else all cores."
    ),
)
@option(
    "-o",
    "--output-file",
    "path",
    metavar=mark("FILE"),
    group=RUNNING,
    help=mark(
        "Where the network is written. Default: digits.safetensors; model.safetensors for toys "
        "and tables."
    ),
)
@option(
    "--plot",
    metavar=mark("FILE"),
    group=RUNNING,
    help=mark(
        'Draw the learning curves to a PNG, SVG or PDF file; needs pip install "pellucid[plot]".'
    ),
)
@json_option
@lang_option
def train(**options: Any) -> None:
    """Train a network and write it to a file."""
    if options["layers"] and options["hidden"]:
        raise click.UsageError(
            say("name the layers once: by --layers or by --hidden"), click.get_current_context()
        )
    widths = options["layers"] or (784, *(options["hidden"] or learning.HIDDEN), 10)
    begun = learning.begun(options)
    use_threads(
        options["threads"],
        sum(D * H for D, H in pairwise(widths)) if begun is None else begun.parameter_count,
    )
    if options["path"] is not None:
        check_not_read(
            options["path"], [options["data"], str(options["validation"]), options["begun"]]
        )
        check_writable(options["path"])
    check_plot(options["plot"])
    from pellucid.engines import instruction_set, thread_count

    instruction_set()  # wrong variables of the environment are told before anything is learned
    thread_count(options["threads"])
    if tables.is_meant(options, begun):
        tables.train(options, begun)
        return
    from pellucid.cli.datasets import check_classes, load_dataset
    from pellucid.training import train as train_network

    dataset = load_dataset(options["data"])
    check_classes(dataset)
    path = options["path"] or (
        "digits.safetensors" if dataset.picture_shape else "model.safetensors"
    )
    check_not_read(path, [options["begun"]])
    learning.check_layers(dataset, options["layers"])
    net, dataset = (
        (learning.build(dataset, options), dataset)
        if begun is None
        else learning.go_on(begun, dataset)
    )
    settings = learning.settings_of(net, dataset, options)
    check_writable(path, sum(array.nbytes for array in net.params) + ROOM)
    announce(dataset.name, len(dataset.x), settings["validation"], net, path)
    history = train_network(net, dataset.x, dataset.t, **settings)
    net.save(path)
    if history.stopped == "interrupted":
        note(
            say(
                "interrupted: learning ended after {epochs} whole epochs; the network is kept",
                epochs=len(history),
            )
        )
    plot_history(options["plot"], history)
    _conclude(path, net, dataset, history, settings, options["as_json"])


def _conclude(
    path: str,
    net: Network,
    dataset: Dataset,
    history: History,
    settings: dict[str, Any],
    as_json: bool,
) -> None:
    """Say what came of it."""
    report = None if dataset.test is None else test(net, dataset)
    warnings = outcome.warnings_of(dataset, history, report)
    if as_json:
        write_json(outcome.to_dict(path, net, history, report, warnings))
    else:
        if report is not None:
            tell(say("on rows that it never saw: {report}", report=report))
        tell(say("written: {path}, {time} of learning", path=path, time=time_text(history.seconds)))
    for text in warnings:
        note(say("warning: {text}", text=text))
    if warnings:
        note(outcome.advice(settings["optimizer"].learning_rate))


def test(net: Network, dataset: Dataset) -> Evaluation:
    """Hold the network against the data's test rows."""
    from pellucid.lens.evaluation import evaluate

    assert dataset.test is not None
    return evaluate(net, *dataset.test)


def announce(data: str, rows: int, validation: Any, net: Network, path: str) -> None:
    """Say what learns from what, how many rows are kept, and what becomes of a file that is there
    already.
    """
    from pellucid.core import chain
    from pellucid.core.layers import Affine

    sizes = [layer.W.shape[1] for layer in net.layers if isinstance(layer, Affine)]
    widths = "-".join(str(width) for width in (chain.input_width(net.layers), *sizes))
    kept = round(rows * validation) if isinstance(validation, float) else 0
    note(
        say(
            "learning from {rows:,} rows of {data}; network {widths}, {parameters:,} parameters",
            rows=rows - kept,
            data=data,
            widths=widths,
            parameters=net.parameter_count,
        )
    )
    if kept:
        note(say("{rows:,} other rows are kept for validation", rows=kept))
    if (earlier := outcome.replaced(path)) is not None:
        note(earlier)
    outcome.note_ending(path)
    if sys.stderr.isatty():
        note(
            say(
                "Ctrl-C ends learning and keeps the network; until then, a second one stops at "
                "once, nothing written"
            )
        )
