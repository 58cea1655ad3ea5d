"""`pellucid train`: build a network, let it learn, write it, and say how well it answers rows that it never saw."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli.help import Command, Layers, Number, Whole, json_option, lang_option, option
from pellucid.cli.output import check_writable, note, write_json
from pellucid.cli.threads import use_threads
from pellucid.errors import InputError
from pellucid.language import mark, say

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.core.losses import Loss
    from pellucid.lens.evaluation import Evaluation
    from pellucid.network import Network
    from pellucid.training import History, Recipe

# Written here once more than in core, so that help and wrong names need no NumPy; a test holds both together.
ACTIVATIONS = (
    *("identity", "sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu"),
    *("softplus", "exponential", "softmax"),
)
LOSSES = (
    *("cross_entropy", "binary_cross_entropy", "mean_squared_error", "mean_absolute_error"),
    *("huber", "poisson", "quantile"),
)
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad")
SCHEDULES = ("constant", "step", "exponential", "cosine", "one_cycle", "warm_up", "reduce_on_plateau")
ENGINES = ("auto", "native", "reference")

HIDDEN = (16, 16)
ROOM = 64 << 10  # bytes: what a model file holds beside its weights

NETWORK, LEARNING, RUNNING = mark("Network"), mark("Learning"), mark("Running and result")


@click.command(
    cls=Command,
    short_help=mark("train a network and write it to a file"),
    help=mark(
        "Train a network and write it to a file.\n\n"
        "Without options: the network 784-16-16-10, sigmoid everywhere, learns the handwritten digits of MNIST, "
        "which lie inside this package, by a recipe that was measured to work well. Each option changes one part "
        "of it. Ctrl-C ends learning after the batch; the network is written all the same."
    ),
    examples=[
        ("pellucid train --quick", mark("few epochs, a few seconds")),
        ("pellucid train --layers 784,32,10 --epochs 20", mark("another network")),
        ("pellucid train --data letters/ -o letters.safetensors", mark("own pictures, a sub-folder for each class")),
        ("pellucid train --activation relu --output softmax", mark("another activation and output")),
    ],
)
@option(
    "--data",
    default="mnist",
    metavar=mark("DATA"),
    group=NETWORK,
    help=mark(
        "mnist (default), a toy problem (xor, moons, circles, spirals), a folder with a sub-folder of pictures for "
        "each class, a folder of IDX files, or an .npz file with arrays x and t (and x_test, t_test)."
    ),
)
@option(
    "--layers",
    type=Layers(),
    metavar=mark("N,N,..."),
    group=NETWORK,
    help=mark("Neurons in each layer, inputs first. Default: 784,16,16,10 for MNIST; else two hidden layers of 16."),
)
@option(
    "--activation",
    type=click.Choice(ACTIVATIONS),
    metavar=mark("NAME"),
    group=NETWORK,
    help=mark("Hidden layers' activation: sigmoid (default), relu, tanh, leaky_relu, gelu, silu, softplus, ..."),
)
@option(
    "--output",
    type=click.Choice(ACTIVATIONS),
    metavar=mark("NAME"),
    group=NETWORK,
    help=mark("The last layer's activation: sigmoid (default for classes), softmax, identity (for values), ..."),
)
@option(
    "--dropout",
    type=Number(0, 1),
    default=0.0,
    metavar=mark("SHARE"),
    group=NETWORK,
    help=mark("Share of hidden neurons switched off while learning. Default: 0."),
)
@option(
    "--loss",
    type=click.Choice(LOSSES),
    metavar=mark("NAME"),
    group=LEARNING,
    help=mark("cross_entropy, binary_cross_entropy, mean_squared_error, ... Default: what suits the output."),
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
    help=mark("Size of a step. Default: the recipe's; for another optimizer its own."),
)
@option(
    "--schedule",
    type=click.Choice(SCHEDULES),
    metavar=mark("NAME"),
    group=LEARNING,
    help=mark(
        "How the learning rate changes: one_cycle, constant, cosine, step, exponential, ... Default: the recipe's."
    ),
)
@option(
    "--weight-decay",
    type=Number(),
    metavar=mark("RATE"),
    group=LEARNING,
    help=mark("How much weights shrink at each step, times the learning rate. Default: the recipe's."),
)
@option(
    "--label-smoothing",
    type=Number(0, 1),
    metavar=mark("SHARE"),
    group=LEARNING,
    help=mark("Share of each target spread over all classes, for cross-entropies. Default: 0."),
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
    metavar=mark("SHARE|DATA"),
    group=LEARNING,
    help=mark("Share of the rows (0.1), or other data, that is only looked at while learning. Default: none."),
)
@option(
    "--quick",
    is_flag=True,
    group=LEARNING,
    help=mark("The quick recipe: fewer epochs, a little less accurate."),
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
    help=mark("Who does the arithmetic: auto (default: the fastest there is), native, reference (NumPy)."),
)
@option(
    "--threads",
    type=Whole(1),
    metavar=mark("N"),
    group=RUNNING,
    help=mark("Threads. Default: 1 for small networks, where that is the quickest; else all cores."),
)
@option(
    "-o",
    "--output-file",
    "path",
    metavar=mark("FILE"),
    group=RUNNING,
    help=mark("Where the network is written. Default: digits.safetensors; model.safetensors for toys and tables."),
)
@json_option
@lang_option
def train(**options: Any) -> None:
    """Train a network and write it to a file."""
    widths = options["layers"] or (784, *HIDDEN, 10)
    use_threads(options["threads"], sum(D * H for D, H in pairwise(widths)))
    if options["path"] is not None:
        check_writable(options["path"])
    from pellucid.cli.datasets import check_classes, load_dataset

    dataset = load_dataset(options["data"])
    check_classes(dataset)
    net = build(dataset, options)
    path = options["path"] or ("digits.safetensors" if dataset.picture_shape else "model.safetensors")
    check_writable(path, sum(array.nbytes for array in net.params) + ROOM)
    note(_opening(dataset, net))
    history = learn(net, dataset, options)
    net.save(path)
    if history.stopped == "interrupted":
        note(say("interrupted: learning ended after {epochs} whole epochs; the network is kept", epochs=len(history)))
    report = None if dataset.test is None else test(net, dataset)
    if options["as_json"]:
        write_json(to_dict(path, net, history, report))
        return
    if report is not None:
        click.echo(say("on rows that it never saw: {report}", report=report))
    click.echo(say("written: {path}, {seconds:.1f} s of learning", path=path, seconds=history.seconds))


def build(dataset: Dataset, options: dict[str, Any]) -> Network:
    """Build the network that the options ask for, for these data."""
    import numpy as np

    from pellucid.core.preparation import Flatten
    from pellucid.network import Network, mlp

    values = dataset.classes is None
    net = mlp(
        options["layers"] or (dataset.inputs, *HIDDEN, dataset.outputs),
        activation=options["activation"] or "sigmoid",
        output=options["output"] or ("identity" if values else "sigmoid"),
        dropout=options["dropout"],
        pixels=dataset.x.dtype == np.uint8,
        seed=options["seed"],
    )
    if dataset.x.ndim > 2 and not isinstance(net.layers[0], Flatten):
        net = Network([Flatten(), *net.layers])
    if dataset.classes is not None:
        outputs = net.summary().rows[-1].outputs or 1
        extra = [str(k) for k in range(len(dataset.classes), outputs)]
        net = Network(net.layers, classes=[*dataset.classes, *extra])
    if dataset.picture_shape:
        net.inputs = {"kind": "pictures", "shape": dataset.picture_shape}
    return net


def learn(net: Network, dataset: Dataset, options: dict[str, Any]) -> History:
    """Let the network learn by the recipe, with the options in place of its parts."""
    from pellucid.core.schedules import SCHEDULES as schedules
    from pellucid.training import recipes
    from pellucid.training import train as train_network

    recipe = recipes.QUICK if options["quick"] else recipes.DIGITS
    pictures = dataset.picture_shape is not None
    return train_network(
        net,
        dataset.x,
        dataset.t,
        loss=_loss(net, dataset, options),
        optimizer=_optimizer(recipe, options),
        schedule=schedules[options["schedule"]]() if options["schedule"] else recipe.schedule,
        epochs=options["epochs"] or recipe.epochs,
        batch_size=options["batch_size"] or recipe.batch_size,
        validation=_validation(net, options["validation"]),
        augment=recipe.augment if pictures else None,
        seed=options["seed"],
        engine=options["engine"],
        threads=options["threads"],
        progress=True,
    )


def test(net: Network, dataset: Dataset) -> Evaluation:
    """Hold the network against the data's test rows."""
    from pellucid.lens.evaluation import evaluate

    assert dataset.test is not None
    return evaluate(net, *dataset.test)


def to_dict(path: str, net: Network, history: History, report: Evaluation | None) -> dict[str, Any]:
    """Give the result as JSON can hold it."""
    last = history.records[-1] if history.records else {}
    validation = {"loss": last.get("validation_loss"), "accuracy": last.get("validation_accuracy")}
    found = None if report is None else report.to_dict()
    if found is not None and "accuracy" in found:
        found = {name: found[name] for name in ("accuracy", "interval")}
    return {
        "model": path,
        "parameters": net.parameter_count,
        "epochs": len(history),
        "seconds": history.seconds,
        "train": {"loss": last.get("loss"), "accuracy": last.get("accuracy")},
        "validation": None if validation["loss"] is None else validation,
        "test": found,
    }


def _opening(dataset: Dataset, net: Network) -> str:
    from pellucid.core.layers import Affine

    affine = [layer for layer in net.layers if isinstance(layer, Affine)]
    widths = "-".join(str(width) for width in (affine[0].W.shape[0], *(layer.W.shape[1] for layer in affine)))
    return say(
        "learning from {rows:,} rows of {data}; network {widths}, {parameters:,} parameters",
        rows=len(dataset.x),
        data=dataset.name,
        widths=widths,
        parameters=net.parameter_count,
    )


def _optimizer(recipe: Recipe, options: dict[str, Any]) -> Any:
    from pellucid.core.optimizers import OPTIMIZERS as optimizers

    usual = recipe.optimizer
    kind = optimizers[options["optimizer"]] if options["optimizer"] else type(usual)
    settings = usual.options() if kind is type(usual) else {}
    given = {name: options[name] for name in ("learning_rate", "weight_decay") if options[name] is not None}
    return kind(**{**settings, **given})


def _loss(net: Network, dataset: Dataset, options: dict[str, Any]) -> Loss:
    from pellucid.core.losses import BinaryCrossEntropy, CrossEntropy
    from pellucid.training.choices import choose_loss

    loss = choose_loss(options["loss"], net, dataset.t)
    if options["label_smoothing"] is None:
        return loss
    if not isinstance(loss, (CrossEntropy, BinaryCrossEntropy)):
        raise InputError(
            say(
                "label smoothing goes with cross_entropy and binary_cross_entropy; the loss is {loss}",
                loss=type(loss).__name__,
            )
        )
    return type(loss)(options["label_smoothing"])


def _validation(net: Network, wanted: str | None) -> Any:
    from pellucid.cli.datasets import as_classes, load_dataset

    if wanted is None:
        return None
    try:
        return float(wanted)
    except ValueError:
        other = load_dataset(wanted)
        return other.x, as_classes(other, other.t, net.classes)
