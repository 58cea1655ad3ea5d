"""`pellucid summary`: the parameters of a network, counted layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.building import mlp
from pellucid.cli.help import command, example, json_option, model_argument, option
from pellucid.cli.models import read_model
from pellucid.cli.output import echo, emit, write_json
from pellucid.cli.values import wrong_use
from pellucid.core import ACTIVATIONS
from pellucid.language import say


@dataclass(frozen=True, kw_only=True)
class SummaryOptions:
    """The options of `pellucid summary`."""

    model: str | None = model_argument(required=False)
    layers: tuple[int, ...] | None = option(
        "--layers N,N,...", "Neurons in each layer, inputs first."
    )
    activation: str = option(
        "--activation NAME",
        "Activation of the hidden layers, for --layers. Default: sigmoid.",
        choices=ACTIVATIONS,
        default="sigmoid",
    )
    output: str = option(
        "--output NAME",
        "Activation of the last layer, for --layers. Default: sigmoid.",
        choices=ACTIVATIONS,
        default="sigmoid",
    )
    as_json: bool = json_option()


@command(
    "summary",
    SummaryOptions,
    "Count parameters, multiplications and bytes layer by layer, of a network's file or of a "
    "network that --layers describes.",
    example("digits.safetensors", "a trained network"),
    example("--layers 784,16,16,10", "13,002 parameters"),
)
def summary(options: SummaryOptions) -> None:
    """Count the parameters of a network."""
    if (options.model is None) == (options.layers is None):
        raise wrong_use("name either a MODEL file or --layers")
    if options.model is None:
        net = mlp(options.layers or (), options.activation, options.output)
    else:
        net = read_model(options.model)
    counts = net.summary()
    if options.as_json:
        write_json(counts.to_dict())
        return
    echo(str(counts))
    # An imported network has no record
    if epochs := net.record.get("epochs"):
        rows = net.record.get("rows")
        template = "trained for {epochs} epochs on {rows} rows"
        text = say(template, epochs=epochs, rows=f"{rows:,}" if isinstance(rows, int) else rows)
        echo()
        emit(f"{text}: {net.record.get('optimizer')}")
    if net.classes:
        emit("classes: {names}", names=", ".join(net.classes))
