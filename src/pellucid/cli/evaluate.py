"""`pellucid evaluate`: how well a network answers rows that it did not learn from."""

from __future__ import annotations

import click

from pellucid.cli.help import Command, argument, json_option, lang_option, option
from pellucid.cli.output import write_json
from pellucid.cli.threads import use_threads
from pellucid.language import mark

WIDEST_MATRIX = 12
"""Classes up to which a confusion matrix fits into 80 columns."""


@click.command(
    cls=Command,
    short_help=mark("how well a network answers, what it takes for what"),
    help=mark(
        "Show how well a network answers: accuracy with its 95 % interval, loss, and which class is taken for which."
    ),
    examples=[
        ("pellucid evaluate digits.safetensors", mark("on the 10,000 test digits of MNIST")),
        ("pellucid evaluate letters.safetensors --data letters/", mark("on own pictures")),
    ],
)
@argument("model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it."))
@option(
    "--data",
    default="mnist",
    metavar=mark("DATA"),
    help=mark("As for train; its test rows, where there are some. Default: mnist."),
)
@json_option
@lang_option
def evaluate(model: str, data: str, as_json: bool) -> None:
    """Show how well a network answers."""
    use_threads(None, 0)
    from pellucid.cli.datasets import as_classes, as_levels, load_dataset
    from pellucid.lens import evaluation
    from pellucid.network import load

    net = load(model)
    dataset = load_dataset(data)
    x, t = dataset.test or (dataset.x, dataset.t)
    found = evaluation.evaluate(net, as_levels(net, x), as_classes(dataset, t, net.classes))
    if as_json:
        write_json(found.to_dict())
        return
    click.echo(found)
    if found.confusion is not None and len(found.confusion) <= WIDEST_MATRIX:
        click.echo("\n" + found.confusion_table())
