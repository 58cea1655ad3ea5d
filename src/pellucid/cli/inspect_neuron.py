"""One neuron for `pellucid inspect`: its weights, how active it is, and what activates it most."""

from __future__ import annotations

import copy
from typing import NamedTuple

from pellucid.cli import drawing
from pellucid.cli.network_rows import Rows, levels
from pellucid.cli.output import columns, echo, echo_lines, emit, emit_more, paragraph
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens import response
from pellucid.lens.activity import LayerActivity, NeuronActivity
from pellucid.lens.neurons import NeuronLayer, neuron_layer
from pellucid.network import Network

STRONGEST = 10  # rows that activate the neuron most
SHOWN = 20  # inputs shown as bars
ROOM = 26  # columns that text needs beside an image


class Neuron(NamedTuple):
    """What is known of one neuron.

    None without rows, without an activation function, or without limits for gradient ascent.
    """

    number: int
    rows: Rows | None
    activity: LayerActivity | None
    top: response.TopInputs | None
    made: response.Maximized | None


def look(
    net: Network,
    found: response.InputWeights,
    neuron: int,
    rows: Rows | None,
    activity: NeuronActivity | None,
) -> Neuron:
    """Compute what activates a neuron."""
    place = neuron_layer(net, found.layer)
    top = None if rows is None else response.top_inputs(net, rows.x, found.layer, neuron, STRONGEST)
    try:
        made = response.maximize_activation(net, found.layer, neuron)
    except InputError:  # nothing says within what limits the inputs may change
        made = None
    return Neuron(neuron, rows, activity_of(place, activity), top, made)


def activity_of(place: NeuronLayer, activity: NeuronActivity | None) -> LayerActivity | None:
    """Return how active a neuron layer is, by its last activation function."""
    if activity is None:
        return None
    own = [
        layer
        for layer in activity.layers
        if place.first < int(layer.layer.partition(".")[0]) < place.stop
    ]
    return own[-1] if own and len(own[-1].flat) == place.size else None


def state(activity: LayerActivity, neuron: int) -> str:
    """Return "dead", "saturated" or nothing."""
    if activity.dead[neuron]:
        return say("dead")
    return say("saturated") if activity.saturated[neuron] else ""


def alone(found: response.InputWeights, neuron: int) -> response.InputWeights:
    """Return the weights of one neuron in the form of a layer's."""
    # Shallow: the arrays of the whole layer are shared, not changed
    one = copy.copy(found)
    one.values, one.biases = found.values[:, [neuron]], found.biases[[neuron]]
    one.labels = [found.labels[neuron]]
    one.images = None if found.images is None else found.images[[neuron]]
    return one


def to_dict(one: Neuron, found: response.InputWeights) -> dict[str, object]:
    """Return everything for JSON."""
    j, active = one.number, one.activity
    states = ("flat", "dead", "saturated")
    rows = None if one.top is None else _strongest(one)
    return {
        **alone(found, j).to_dict(),
        "neuron": j,
        **{name: None if active is None else getattr(active, name)[j].item() for name in states},
        "strongest": rows and [{"row": row, "activation": y} for row, y in rows],
        "made": None if one.made is None else one.made.to_dict(),
    }


def show(net: Network, one: Neuron, found: response.InputWeights) -> None:
    """Write everything as text."""
    template = "{layer}, neuron {neuron}: {note}"
    emit(template, layer=found.name, neuron=found.labels[one.number], note=found.note)
    echo()
    if found.images is not None:
        _show_image(one, found)
        _show_strongest(net, one, found)
        return
    values = found.values[:, one.number]
    order = abs(values).argsort(kind="stable")[::-1][:SHOWN].tolist()
    names = [found.inputs[i] for i in order]
    echo_lines(drawing.signed_bars(names, values[order].tolist(), columns()))
    emit_more(len(values) - SHOWN)
    echo()
    facts = "; ".join(_facts(one, found))
    emit(facts)
    if one.top is not None:
        rows = ", ".join(f"{row} ({y:.3f})" for row, y in _strongest(one))
        emit("rows that activate it most (activation): {rows}", rows=rows)


def _show_image(one: Neuron, found: response.InputWeights) -> None:
    assert found.images is not None
    image, end = found.images[one.number], drawing.scale_end(found.values[:, one.number])
    left, width = drawing.signed_image(image, end), drawing.image_width(image.shape)
    room = columns() - width - 2
    facts = [paragraph(fact, room=max(room, ROOM)) for fact in _facts(one, found)]
    lines = "\n".join(facts).splitlines()
    echo_lines(drawing.beside(left, lines, width) if room >= ROOM else [*left, *lines])
    drawing.show_legend(end, say("activates it"), say("inhibits it"))


def _facts(one: Neuron, found: response.InputWeights) -> list[str]:
    j, values = one.number, found.values[:, one.number]
    facts = [
        say("bias {bias:+.4f}", bias=found.biases[j]),
        say("weights from {low:+.3f} to {high:+.3f}", low=values.min(), high=values.max()),
    ]
    if one.activity is not None:
        low, high = one.activity.low[j], one.activity.high[j]
        facts.append(say("activation from {low:.3f} to {high:.3f}", low=low, high=high))
        share = one.activity.flat[j]
        facts.append(say("flat in {share:.1%} of the rows (almost no gradient)", share=share))
        if found_state := state(one.activity, j):
            facts.append(say("so it is {state}", state=found_state))
    return facts


def _strongest(one: Neuron) -> list[tuple[int, float]]:
    """Return the rows that activate the neuron most, numbered as predict does, and how much."""
    assert one.top is not None and one.rows is not None
    rows, activations = one.top.rows[0].tolist(), one.top.activations[0].tolist()
    return [(one.rows.first + row, y) for row, y in zip(rows, activations, strict=True)]


def _show_strongest(net: Network, one: Neuron, found: response.InputWeights) -> None:
    """Show the rows that activate a neuron most, and an image made to activate it."""
    assert found.images is not None
    shape = found.images.shape[1:]
    shown, heads = [], []
    if one.made is not None:
        shown.append(levels(net, one.made.x).reshape(shape))
        heads.append(say("made: {value:.3f}", value=one.made.activation))
    width = drawing.image_width(shape)
    across = max(1, (drawing.sheet_width() + 2) // (width + 2))
    if one.rows is not None:
        # One line of images, or four on a narrow terminal
        for row, y in _strongest(one)[: max(across, 4) - len(shown)]:
            shown.append(levels(net, one.rows.x[row - one.rows.first]).reshape(shape))
            heads.append(say("row {row}: {value:.3f}", row=row, value=y))
    if not shown:
        return
    echo()
    if one.made is not None:
        emit(
            "what activates it: an image made by gradient ascent, and the rows that activate "
            "it most (activation)"
        )
    blocks = [drawing.grey_image(image) for image in shown]
    echo_lines(drawing.sheet(blocks, heads, width, drawing.sheet_width()))
