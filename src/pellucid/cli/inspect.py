"""`pellucid inspect`: what the neurons of a network look for, and how lively they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import drawing, inspect_neuron
from pellucid.cli.help import (
    Command,
    LayerNumber,
    Whole,
    argument,
    json_option,
    lang_option,
    option,
)
from pellucid.cli.output import columns, tell, write_json
from pellucid.cli.plotting import check_plot, plot_option, tell_plot
from pellucid.cli.rows import Rows, rows_alone
from pellucid.cli.threads import use_threads
from pellucid.errors import InputError
from pellucid.language import cell_width, mark, say

if TYPE_CHECKING:
    from pellucid.core.types import Array
    from pellucid.lens.activity import NeuronActivity
    from pellucid.lens.neurons import NeuronLayer
    from pellucid.lens.response import InputWeights
    from pellucid.network import Network

PICTURES = 32
"""Neurons whose pictures are shown of one layer."""

NEURONS = 32
INPUTS = 15


@click.command(
    cls=Command,
    short_help=mark("what the neurons look for, which of them are dead"),
    help=mark(
        "Show what the neurons of a layer look for in the input: their weights as pictures, or as "
        "bars where the "
        "inputs are columns. Deeper layers are multiplied through the layers before, which is an "
        "approximation, and "
        "said to be one. With data (for networks of digits: the test digits of MNIST) also which "
        "neurons are dead or "
        "saturated, and with --neuron which rows light it most."
    ),
    examples=[
        (
            "pellucid inspect digits.safetensors",
            mark("the first hidden layer, a picture for each neuron"),
        ),
        ("pellucid inspect digits.safetensors --neuron 3", mark("one neuron, and what lights it")),
        ("pellucid inspect digits.safetensors --layer -1", mark("the output, projected to pixels")),
        (
            "pellucid inspect model.safetensors new.csv --plot weights.png",
            mark("a network that learned from a table"),
        ),
    ],
)
@argument(
    "model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it.")
)
@argument(
    "data",
    required=False,
    metavar=mark("[DATA]"),
    about=mark("Rows that show how lively the neurons are."),
)
@option(
    "--layer",
    type=LayerNumber(),
    default=1,
    metavar=mark("N"),
    help=mark("Neuron layer: 1 is the first hidden one (default), -1 the output."),
)
@option(
    "--neuron",
    type=Whole(0),
    metavar=mark("N"),
    help=mark("One neuron of the layer, counted from 0."),
)
@option(
    "--method",
    type=click.Choice(("product", "gradient")),
    default="product",
    metavar=mark("NAME"),
    help=mark(
        "For deeper layers: product of the weights up to there (default), or gradient at the mean "
        "of the rows of DATA."
    ),
)
@plot_option
@json_option
@lang_option
def inspect(
    model: str,
    data: str | None,
    layer: int,
    neuron: int | None,
    method: str,
    plot: str | None,
    as_json: bool,
) -> None:
    """Show what neurons look for."""
    check_plot(plot)
    use_threads(None, 0)
    from pellucid.lens.neurons import check_neuron, neuron_layer
    from pellucid.lens.response import input_weights
    from pellucid.network import load

    net = load(model)
    place = neuron_layer(net, layer, least=1)
    chosen = None if neuron is None else check_neuron(place, neuron)
    rows = _rows(net, data)
    x = None if rows is None else rows.x
    if x is None and method == "gradient" and place.number > 1:
        raise InputError("--method gradient is taken at the mean of rows: name DATA")
    found = input_weights(net, layer, method=method, x=x)
    activity = _activity(net, x)
    one = None if chosen is None else inspect_neuron.look(net, found, chosen, rows, activity)
    if as_json:
        write_json(_to_dict(net, found, activity, one))
    elif one is not None:
        inspect_neuron.show(net, one, found)
    else:
        _show(net, place, found, activity)
    if plot is not None:
        _plot(plot, found, chosen)


def _rows(net: Network, data: str | None) -> Rows | None:
    if data is not None:
        return rows_alone(net, data)
    from pellucid.cli.datasets import as_inputs
    from pellucid.data import mnist
    from pellucid.lens.neurons import reads_digits

    if not reads_digits(net):
        return None
    return Rows(as_inputs(net, mnist().test.images), None)


def _activity(net: Network, x: Array | None) -> NeuronActivity | None:
    from pellucid.lens.activity import neuron_activity

    if x is None:
        return None
    try:
        return neuron_activity(net, x)
    except InputError:  # a network without activation functions has no dead neurons
        return None


def _to_dict(
    net: Network,
    found: InputWeights,
    activity: NeuronActivity | None,
    one: inspect_neuron.Neuron | None,
) -> dict[str, Any]:
    from pellucid.lens.neurons import neuron_layers

    shown = found.to_dict() if one is None else inspect_neuron.to_dict(one, found)
    return {
        "layers": [
            {"number": p.number, "name": p.name, "neurons": p.size} for p in neuron_layers(net)
        ],
        **shown,
        "activity": None if activity is None else activity.to_dict(),
    }


def _show(
    net: Network, place: NeuronLayer, found: InputWeights, activity: NeuronActivity | None
) -> None:
    from pellucid.lens.neurons import reads_digits

    end = drawing.scale_end(found.values)
    tell(
        say(
            "{layer}, {neurons} neurons: {note}",
            layer=found.name,
            neurons=len(found.labels),
            note=found.note,
        )
    )
    click.echo()
    if found.pictures is not None:
        for line in _pictures(found, end):
            click.echo(line)
        click.echo()
        tell(drawing.legend(end, say("lights it"), say("holds it down")))
    else:
        for line in _inputs(found):
            click.echo(line)
    click.echo("\n" + _table(place, found, activity))
    if len(found.labels) > NEURONS:
        tell(say("and {count:,} more", count=len(found.labels) - NEURONS))
    if activity is not None:
        told = say(
            "over {rows:,} rows, of all neurons {dead} are dead (flat in every row, they cannot "
            "learn) and "
            "{saturated} saturated (flat in 95 % of the rows)",
            rows=activity.rows,
            dead=activity.dead,
            saturated=activity.saturated,
        )
        click.echo()
        tell(told)
        for line in _flat_neurons(net, activity):
            tell(line)
    elif not reads_digits(net):
        click.echo()
        tell(say("name DATA as well to see which neurons are dead or saturated"))


def _flat_neurons(net: Network, activity: NeuronActivity) -> list[str]:
    """Name the dead and the saturated neurons, layer by layer."""
    import numpy as np

    from pellucid.lens.neurons import neuron_layers

    lines = []
    for place in neuron_layers(net)[1:]:
        lively = inspect_neuron.activity_of(place, activity)
        for what, which in (
            ()
            if lively is None
            else ((say("dead"), lively.dead), (say("saturated"), lively.saturated))
        ):
            numbers = np.flatnonzero(which).tolist()
            if numbers:
                shown = ", ".join(map(str, numbers[:NEURONS])) + (
                    ", ..." if len(numbers) > NEURONS else ""
                )
                lines.append(
                    say(
                        "{state} in {layer}: {numbers}", state=what, layer=place.name, numbers=shown
                    )
                )
    return lines


def _pictures(found: InputWeights, end: float) -> list[str]:
    assert found.pictures is not None
    shown = found.pictures[:PICTURES]
    blocks = [drawing.signed_picture(picture, end) for picture in shown]
    heads = [
        say("neuron {neuron}, bias {bias:+.2f}", neuron=label, bias=bias)
        for label, bias in zip(found.labels, found.biases[:PICTURES], strict=False)
    ]
    return drawing.sheet(
        blocks, heads, drawing.picture_width(shown.shape[1:]), drawing.sheet_width()
    )


def _inputs(found: InputWeights) -> list[str]:
    """Say how much each input counts for the layer as a whole.

    The root mean square of its weights.
    """
    import numpy as np

    if len(found.labels) == 1:
        order = np.argsort(-np.abs(found.values[:, 0]), kind="stable")[:INPUTS].tolist()
        return drawing.signed_bars(
            [found.inputs[i] for i in order], found.values[order, 0].tolist(), columns()
        )
    sizes = np.sqrt((found.values**2).mean(axis=1))
    order = np.argsort(-sizes, kind="stable")[:INPUTS].tolist()
    lines = drawing.bars([found.inputs[i] for i in order], sizes[order].tolist(), columns())
    more = [say("and {count:,} more", count=len(sizes) - INPUTS)] if len(sizes) > INPUTS else []
    return [say("weights of each input, root mean square over the neurons:"), *lines, *more]


def _table(place: NeuronLayer, found: InputWeights, activity: NeuronActivity | None) -> str:
    """Set out bias and size of each neuron.

    Of columns also its strongest inputs, as many as there is room for.
    """
    import numpy as np

    from pellucid.core.table import table

    lively = inspect_neuron.activity_of(place, activity)
    of_columns = found.pictures is None and len(found.inputs) > 1

    def lines(strongest: int) -> Iterator[list[str]]:
        ends = (
            [say("strongest weights")]
            if strongest
            else []
            if of_columns
            else [say("least"), say("greatest")]
        )
        yield [
            say("neuron"),
            say("bias"),
            say("norm"),
            *ends,
            *([] if lively is None else [say("flat"), ""]),
        ]
        for j, weights in enumerate(found.values.T[:NEURONS]):
            ends = [_strongest(found.inputs, weights, strongest)] if strongest else []
            ends = ends if of_columns else [f"{weights.min():.3f}", f"{weights.max():.3f}"]
            state = (
                [] if lively is None else [f"{lively.flat[j]:.0%}", inspect_neuron.state(lively, j)]
            )
            name = drawing.cut(found.labels[j], 16)
            yield [name, f"{found.biases[j]:.3f}", f"{np.linalg.norm(weights):.3f}", *ends, *state]

    for strongest in (2, 1, 0) if of_columns else (0,):
        text = "\n".join(
            line.rstrip() for line in table(list(lines(strongest)), total=False).splitlines()
        )
        if max(map(cell_width, text.splitlines())) <= columns():
            break
    return text


def _strongest(names: list[str], weights: Array, count: int) -> str:
    order = abs(weights).argsort(kind="stable")[::-1][:count].tolist()
    return ", ".join(f"{drawing.cut(names[i], 14)} {weights[i]:+.2f}" for i in order)


def _plot(path: str, found: InputWeights, neuron: int | None) -> None:
    from pellucid.lens import plots

    if neuron is not None:
        found = inspect_neuron.alone(found, neuron)
    plots.save(plots.weights(found), path)

    tell_plot(path)
