"""`pellucid summary`: what a network is made of, counted layer by layer."""

from __future__ import annotations

import click

from pellucid.cli.help import Command, Layers, argument, json_option, lang_option, option
from pellucid.cli.output import tell, write_json
from pellucid.cli.train import ACTIVATIONS
from pellucid.language import mark, say


@click.command(
    cls=Command,
    short_help=mark("parameters, multiplications and bytes, layer by layer"),
    help=mark(
        "Count parameters, multiplications and bytes, layer by layer, of a network's file or of a "
        "network that "
        "--layers describes."
    ),
    examples=[
        ("pellucid summary digits.safetensors", mark("a network that was trained")),
        ("pellucid summary --layers 784,16,16,10", mark("13,002 parameters")),
    ],
)
@argument(
    "model",
    required=False,
    metavar=mark("[MODEL]"),
    about=mark("The network's file, as `pellucid train` wrote it."),
)
@option(
    "--layers",
    type=Layers(),
    metavar=mark("N,N,..."),
    help=mark("Neurons in each layer, inputs first."),
)
@option(
    "--activation",
    type=click.Choice(ACTIVATIONS),
    default="sigmoid",
    metavar=mark("NAME"),
    help=mark("Hidden layers' activation with --layers. Default: sigmoid."),
)
@option(
    "--output",
    type=click.Choice(ACTIVATIONS),
    default="sigmoid",
    metavar=mark("NAME"),
    help=mark("The last layer's activation with --layers. Default: sigmoid."),
)
@json_option
@lang_option
def summary(
    model: str | None, layers: tuple[int, ...] | None, activation: str, output: str, as_json: bool
) -> None:
    """Count what a network is made of."""
    if (model is None) == (layers is None):
        raise click.UsageError(
            say("name either a MODEL file or --layers"), click.get_current_context()
        )
    from pellucid.building import mlp
    from pellucid.network import load

    net = (
        load(model)
        if model is not None
        else mlp(layers or (), activation=activation, output=output)
    )
    counts = net.summary()
    if as_json:
        write_json(counts.to_dict())
        return
    click.echo(counts)
    if epochs := net.record.get("epochs"):
        rows = net.record.get("rows")
        told = say(
            "learned {epochs} epochs from {rows} rows",
            epochs=epochs,
            rows=f"{rows:,}" if isinstance(rows, int) else rows,
        )
        click.echo()
        tell(f"{told}: {net.record.get('optimizer')}")
    if net.classes:
        tell(say("classes: {names}", names=", ".join(net.classes)))
