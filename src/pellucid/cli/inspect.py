"""`pellucid inspect`: what the neurons of a network respond to, and which of them are dead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pellucid.cli import drawing, inspect_neuron, member_text, values
from pellucid.cli.datasets import as_inputs
from pellucid.cli.help import (
    argument,
    command,
    example,
    json_option,
    member_option,
    model_argument,
    option,
)
from pellucid.cli.models import read_model
from pellucid.cli.network_rows import Rows, rows_alone
from pellucid.cli.output import columns, echo, echo_lines, emit, emit_more, write_json
from pellucid.cli.plot_file import check_plot, note_plot, plot_option
from pellucid.core.types import Array
from pellucid.data import mnist
from pellucid.display.text_table import table
from pellucid.errors import InputError
from pellucid.language import cell_width, say
from pellucid.lens import neurons, plots
from pellucid.lens.activity import NeuronActivity, neuron_activity
from pellucid.lens.directions import column_directions, order_texts
from pellucid.lens.member_spread import MemberSpread, member_spread
from pellucid.lens.response import InputWeights, input_weights
from pellucid.network import Network

IMAGES = 32  # neurons of a layer whose images are shown
NEURONS = 32
INPUTS = 15


@dataclass(frozen=True, kw_only=True)
class InspectOptions:
    """The options of `pellucid inspect`."""

    model: str = model_argument()
    data: str | None = argument("[DATA]", "Rows that show how active the neurons are.")
    layer: int = option(
        "--layer N",
        "Neuron layer: 1 is the first hidden one (default), -1 the output.",
        type=values.layer_number(),
        default=1,
    )
    neuron: int | None = option("--neuron N", "One neuron of the layer, counted from 0.")
    member: int | None = member_option()
    method: str = option(
        "--method NAME",
        "For deeper layers: product of the weights up to there (default), or gradient at the mean "
        "of the rows of DATA.",
        choices=("product", "gradient"),
        default="product",
    )
    plot: str | None = plot_option()
    as_json: bool = json_option()


@command(
    "inspect",
    InspectOptions,
    "Show what the neurons of a layer respond to: their weights as images, or as bars where the "
    "inputs are columns. Weights of deeper layers are multiplied through the layers before, which "
    "is an approximation and named as one. With data (for digits: the test digits of MNIST) also "
    "which neurons are dead or saturated, and with --neuron which rows activate it most.",
    example("digits.safetensors", "an image for each neuron of hidden layer 1"),
    example("digits.safetensors --neuron 3", "one neuron, and what activates it"),
    example("digits.safetensors --layer -1", "the output, projected to pixels"),
    example("model.safetensors new.csv --plot weights.png", "a network trained on a table"),
)
def inspect(options: InspectOptions) -> None:
    """Show what neurons respond to."""
    check_plot(options.plot)
    whole = read_model(options.model)
    # The neurons of an ensemble are those of its members: one of them is shown
    member = 0 if options.member is None and whole.members else options.member
    net = member_text.one_member(whole, member)
    place = neurons.neuron_layer(net, options.layer, least=1)
    neuron = None if options.neuron is None else neurons.check_neuron(place, options.neuron)
    rows = _rows(net, options.data)
    x = None if rows is None else rows.x
    # The gradient of a deeper layer depends on where it is taken
    if x is None and options.method == "gradient" and place.number > 1:
        raise InputError("--method gradient needs rows, for their mean: name DATA")
    found = input_weights(net, options.layer, method=options.method, x=x)
    activity = _activity(net, x)
    one = None if neuron is None else inspect_neuron.look(net, found, neuron, rows, activity)
    spread = member_spread(whole, x) if x is not None and whole.members else None
    if options.as_json:
        members = None if spread is None else member_text.overall_entry(spread)
        about = {} if member is None else {"member": member, "members": members}
        write_json({**_to_dict(net, found, activity, one), **about})
    else:
        if member is not None:
            _show_member(whole, member, spread)
        if one is not None:
            inspect_neuron.show(net, one, found)
        else:
            _show(net, place, found, activity)
    if options.plot is not None:
        _plot(options.plot, found if neuron is None else inspect_neuron.alone(found, neuron))


def _rows(net: Network, data: str | None) -> Rows | None:
    if data is not None:
        return rows_alone(net, data)
    # Digit networks need no DATA: MNIST comes with the package
    return Rows(as_inputs(net, mnist().test.images), None) if neurons.reads_digits(net) else None


def _activity(net: Network, x: Array | None) -> NeuronActivity | None:
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
) -> dict[str, object]:
    shown = found.to_dict() if one is None else inspect_neuron.to_dict(one, found)
    layers = [
        {"number": p.number, "name": p.name, "neurons": p.size} for p in neurons.neuron_layers(net)
    ]
    active = None if activity is None else activity.to_dict()
    return {"layers": layers, **shown, "activity": active, "directions": column_directions(net)}


def _show_member(whole: Network, member: int, spread: MemberSpread | None) -> None:
    template = "member {member} of an ensemble, whose members go from 0 to {last} (--member)"
    emit(template, member=member, last=len(whole.members) - 1)
    if spread is not None:
        emit(member_text.overall(whole, spread))
    echo()


def _show(
    net: Network, place: neurons.NeuronLayer, found: InputWeights, activity: NeuronActivity | None
) -> None:
    template = "{layer}, {neurons} neurons: {note}"
    emit(template, layer=found.name, neurons=len(found.labels), note=found.note)
    echo()
    if found.images is not None:
        end = drawing.scale_end(found.values)
        echo_lines(_images(found, end))
        drawing.show_legend(end, say("activates it"), say("inhibits it"))
    else:
        echo_lines(_inputs(found))
    echo("\n" + _table(place, found, activity))
    emit_more(len(found.labels) - NEURONS)
    if activity is not None:
        echo()
        template = (
            "over {rows:,} rows, of all neurons {dead} are dead (no gradient in any row: they "
            "cannot be trained) and {saturated} saturated (almost no gradient in 95 % of the "
            "rows)"
        )
        emit(template, rows=activity.rows, dead=activity.dead, saturated=activity.saturated)
        for line in _flat_neurons(net, activity):
            emit(line)
    elif not neurons.reads_digits(net):
        echo()
        emit("name DATA to see which neurons are dead or saturated")
    for text in order_texts(net):
        echo(text)


def _flat_neurons(net: Network, activity: NeuronActivity) -> Iterator[str]:
    """Return a line for the dead and one for the saturated neurons of each layer."""
    for place in neurons.neuron_layers(net)[1:]:
        active = inspect_neuron.activity_of(place, activity)
        if active is None:
            continue
        for state, which in ((say("dead"), active.dead), (say("saturated"), active.saturated)):
            numbers = np.flatnonzero(which).tolist()
            if numbers:
                shown = ", ".join(map(str, numbers[:NEURONS]))
                shown += ", ..." if len(numbers) > NEURONS else ""
                layer = place.name
                yield say("{state} in {layer}: {numbers}", state=state, layer=layer, numbers=shown)


def _images(found: InputWeights, end: float) -> list[str]:
    assert found.images is not None
    shown = found.images[:IMAGES]
    blocks = [drawing.signed_image(image, end) for image in shown]
    heads = [
        say("neuron {neuron}, bias {bias:+.2f}", neuron=label, bias=bias)
        for label, bias in zip(found.labels, found.biases[:IMAGES], strict=False)
    ]
    width = drawing.image_width(shown.shape[1:])
    return drawing.sheet(blocks, heads, width, drawing.sheet_width())


def _inputs(found: InputWeights) -> list[str]:
    """Return how much each input counts for the layer: the root mean square of its weights."""
    if len(found.labels) == 1:
        order = np.argsort(-np.abs(found.values[:, 0]), kind="stable")[:INPUTS].tolist()
        names = [found.inputs[i] for i in order]
        return drawing.signed_bars(names, found.values[order, 0].tolist(), columns())
    # The mean would cancel weights of both signs
    sizes = np.sqrt((found.values**2).mean(axis=1))
    order = np.argsort(-sizes, kind="stable")[:INPUTS].tolist()
    lines = drawing.bars([found.inputs[i] for i in order], sizes[order].tolist(), columns())
    more = [say("and {count:,} more", count=len(sizes) - INPUTS)] if len(sizes) > INPUTS else []
    return [say("weights of each input, root mean square over the neurons:"), *lines, *more]


def _table(place: neurons.NeuronLayer, found: InputWeights, activity: NeuronActivity | None) -> str:
    """Return bias and norm of each neuron; for columns, as many strongest inputs as fit."""
    active = inspect_neuron.activity_of(place, activity)
    of_columns = found.images is None and len(found.inputs) > 1
    # As many of the strongest inputs as the terminal has room for
    for strongest in (2, 1, 0) if of_columns else (None,):
        heads = [say("least"), say("greatest")] if strongest is None else []
        heads += [say("strongest weights")] if strongest else []
        heads += [] if active is None else [say("flat"), ""]
        lines = [[say("neuron"), say("bias"), say("norm"), *heads]]
        for j, weights in enumerate(found.values.T[:NEURONS]):
            cells = [f"{weights.min():.3f}", f"{weights.max():.3f}"] if strongest is None else []
            cells += [_strongest(found.inputs, weights, strongest)] if strongest else []
            if active is not None:
                cells += [f"{active.flat[j]:.0%}", inspect_neuron.state(active, j)]
            numbers = [f"{found.biases[j]:.3f}", f"{np.linalg.norm(weights):.3f}"]
            lines.append([drawing.cut(found.labels[j], 16), *numbers, *cells])
        text = "\n".join(line.rstrip() for line in table(lines, total=False).splitlines())
        if max(map(cell_width, text.splitlines())) <= columns():
            break
    return text


def _strongest(names: list[str], weights: Array, count: int) -> str:
    order = abs(weights).argsort(kind="stable")[::-1][:count].tolist()
    return ", ".join(f"{drawing.cut(names[i], 14)} {weights[i]:+.2f}" for i in order)


def _plot(path: str, found: InputWeights) -> None:
    plots.save(plots.weights(found), path)
    note_plot(path)
