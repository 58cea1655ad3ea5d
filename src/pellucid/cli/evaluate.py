"""`pellucid evaluate`: how well a network answers rows that it did not learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pellucid.cli import tables
from pellucid.cli.help import Command, argument, json_option, lang_option, option
from pellucid.cli.output import columns, tell, write_json
from pellucid.cli.threads import use_threads
from pellucid.errors import InputError
from pellucid.language import cell_width, mark, say

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.network import Network


@click.command(
    cls=Command,
    short_help=mark("how well a network answers, what it takes for what"),
    help=mark(
        "Show how well a network answers: accuracy with its 95 % interval, loss, and which class is taken for which."
    ),
    examples=[
        ("pellucid evaluate digits.safetensors", mark("on the 10,000 test digits of MNIST")),
        ("pellucid evaluate letters.safetensors --data letters/", mark("on own pictures")),
        ("pellucid evaluate model.safetensors new.csv", mark("on the rows of a table")),
    ],
)
@argument("model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it."))
@argument("file", required=False, metavar=mark("[DATA]"), about=mark("The same as --data."))
@option(
    "--data",
    metavar=mark("DATA"),
    help=mark("As for train; its test rows, where there are some. Default: mnist."),
)
@option(
    "--target",
    metavar=mark("COLUMN"),
    help=mark("The column that holds the right answers, where the table calls it otherwise than in training."),
)
@json_option
@lang_option
def evaluate(model: str, file: str | None, data: str | None, target: str | None, as_json: bool) -> None:
    """Show how well a network answers."""
    if file is not None and data is not None:
        raise click.UsageError(say("name the data once: as DATA or by --data"), click.get_current_context())
    data = data or file
    use_threads(None, 0)
    from pellucid.cli.datasets import as_classes, as_inputs, check_inputs, load_dataset
    from pellucid.lens import evaluation
    from pellucid.network import load

    net = load(model)
    if data is not None and tables.knows(net, data):
        found = evaluation.evaluate(net, *tables.rows_of(net, data, target))
    else:
        dataset = load_dataset(data or "mnist")
        if data is None:
            _check_digits(net, dataset)
        check_inputs(dataset, net)
        x, t = dataset.test or (dataset.x, dataset.t)
        found = evaluation.evaluate(net, as_inputs(net, x), as_classes(dataset, t, net.classes))
    if as_json:
        write_json(found.to_dict())
        return
    tell(str(found))
    if found.confusion is None:
        return
    table = found.confusion_table()
    click.echo()
    if max(map(cell_width, table.splitlines())) <= columns():
        click.echo(table)
    else:
        tell(say("which class is taken for which does not fit into {columns} columns: see --json", columns=columns()))


def _check_digits(net: Network, digits: Dataset) -> None:
    """Raise InputError where a network did not learn MNIST's digits, and no other data were named."""
    from pellucid.core import chain

    D = chain.input_width(net.layers)
    if D not in (None, digits.inputs):
        raise InputError(say("this network takes {D} inputs, and MNIST's digits are 784 pixels: give --data", D=D))
    if net.classes is not None and net.classes != digits.classes:
        names = ", ".join(net.classes[:4]) + (", ..." if len(net.classes) > 4 else "")
        raise InputError(say("this network's classes ({names}) are not MNIST's digits: give --data", names=names))
    K = net.summary().rows[-1].outputs if net.layers else None
    if K not in (None, len(digits.classes or ())):
        raise InputError(say("this network has {K} outputs, and MNIST has ten digits: give --data", K=K))
