"""One neuron for `pellucid inspect`.

Its weights, how lively it is, what lights it, what would light it most.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pellucid.cli import drawing
from pellucid.cli.output import columns, paragraph, tell
from pellucid.cli.rows import Rows, levels
from pellucid.errors import InputError
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.lens.activity import LayerActivity, NeuronActivity
    from pellucid.lens.neurons import NeuronLayer
    from pellucid.lens.response import InputWeights, Maximized, TopInputs
    from pellucid.network import Network

BRIGHTEST = 10
SHOWN = 20  # inputs shown as bars
ROOM = 26  # columns that words need beside a picture


class Neuron(NamedTuple):
    """What is known of one neuron.

    None where there are no rows, no activation, or no limits to climb within.
    """

    number: int
    rows: Rows | None
    activity: LayerActivity | None
    top: TopInputs | None
    made: Maximized | None


def look(
    net: Network,
    found: InputWeights,
    neuron: int,
    rows: Rows | None,
    activity: NeuronActivity | None,
) -> Neuron:
    """Ask lens about a neuron."""
    from pellucid.lens.neurons import neuron_layer
    from pellucid.lens.response import maximize_activation, top_inputs

    place = neuron_layer(net, found.layer)
    top = None if rows is None else top_inputs(net, rows.x, found.layer, neuron, BRIGHTEST)
    try:
        made = maximize_activation(net, found.layer, neuron)
    except InputError:  # nobody knows within what limits the inputs may move
        made = None
    return Neuron(neuron, rows, activity_of(place, activity), top, made)


def activity_of(place: NeuronLayer, activity: NeuronActivity | None) -> LayerActivity | None:
    """Give how lively a neuron layer is, by the last activation in it."""
    if activity is None:
        return None
    own = [
        layer
        for layer in activity.layers
        if place.first < int(layer.layer.partition(".")[0]) < place.stop
    ]
    return own[-1] if own and len(own[-1].flat) == place.size else None


def state(activity: LayerActivity, neuron: int) -> str:
    """Say whether a neuron is dead or saturated."""
    return (
        say("dead")
        if activity.dead[neuron]
        else say("saturated")
        if activity.saturated[neuron]
        else ""
    )


def alone(found: InputWeights, neuron: int) -> InputWeights:
    """Give the weights of one neuron as those of a layer are given."""
    one = copy.copy(found)
    one.values, one.biases = found.values[:, [neuron]], found.biases[[neuron]]
    one.labels = [found.labels[neuron]]
    one.pictures = None if found.pictures is None else found.pictures[[neuron]]
    return one


def to_dict(one: Neuron, found: InputWeights) -> dict[str, Any]:
    """Give everything as JSON can hold it."""
    j, lively = one.number, one.activity
    return {
        **alone(found, j).to_dict(),
        "neuron": j,
        "flat": None if lively is None else float(lively.flat[j]),
        "dead": None if lively is None else bool(lively.dead[j]),
        "saturated": None if lively is None else bool(lively.saturated[j]),
        "brightest": None
        if one.top is None
        else [{"row": row, "activation": y} for row, y in _brightest(one)],
        "made": None if one.made is None else one.made.to_dict(),
    }


def show(net: Network, one: Neuron, found: InputWeights) -> None:
    """Write everything for people."""
    j = one.number
    values, end = found.values[:, j], drawing.scale_end(found.values[:, j])
    tell(
        say(
            "{layer}, neuron {neuron}: {note}",
            layer=found.name,
            neuron=found.labels[j],
            note=found.note,
        )
    )
    click.echo()
    if found.pictures is not None:
        left, width = (
            drawing.signed_picture(found.pictures[j], end),
            drawing.picture_width(found.pictures[j].shape),
        )
        room = columns() - width - 2
        lines = "\n".join(
            paragraph(line, room=max(room, ROOM)) for line in _facts(one, found)
        ).splitlines()
        for line in drawing.beside(left, lines, width) if room >= ROOM else [*left, *lines]:
            click.echo(line)
        click.echo()
        tell(drawing.legend(end, say("lights it"), say("holds it down")))
        _show_brightest(net, one, found)
        return
    order = abs(values).argsort(kind="stable")[::-1][:SHOWN].tolist()
    for line in drawing.signed_bars(
        [found.inputs[i] for i in order], values[order].tolist(), columns()
    ):
        click.echo(line)
    if len(values) > SHOWN:
        tell(say("and {count:,} more", count=len(values) - SHOWN))
    click.echo()
    tell("; ".join(_facts(one, found)))
    if one.top is not None:
        rows = ", ".join(f"{row} ({y:.3f})" for row, y in _brightest(one))
        tell(say("brightest rows (activation): {rows}", rows=rows))


def _facts(one: Neuron, found: InputWeights) -> list[str]:
    j, values = one.number, found.values[:, one.number]
    facts = [
        say("bias {bias:+.4f}", bias=found.biases[j]),
        say("weights from {low:+.3f} to {high:+.3f}", low=values.min(), high=values.max()),
    ]
    if one.activity is not None:
        low, high = one.activity.low[j], one.activity.high[j]
        facts.append(say("activation from {low:.3f} to {high:.3f}", low=low, high=high))
        facts.append(say("flat in {share:.1%} of the rows", share=one.activity.flat[j]))
        facts += (
            [say("so it is {state}", state=state(one.activity, j))]
            if state(one.activity, j)
            else []
        )
    return facts


def _brightest(one: Neuron) -> list[tuple[int, float]]:
    """Give the rows that light the neuron most, numbered as predict does, and its activation there."""
    assert one.top is not None
    assert one.rows is not None
    return [
        (one.rows.first + row, y)
        for row, y in zip(one.top.rows[0].tolist(), one.top.activations[0].tolist(), strict=True)
    ]


def _show_brightest(net: Network, one: Neuron, found: InputWeights) -> None:
    """Set the rows that light a neuron most side by side, and what gradient ascent made to light
    it.
    """
    assert found.pictures is not None
    shape = found.pictures.shape[1:]
    shown, heads = [], []
    if one.made is not None:
        shown.append(levels(net, one.made.x).reshape(shape))
        heads.append(say("made: {value:.3f}", value=one.made.activation))
    width = drawing.picture_width(shape)
    across = max(1, (drawing.sheet_width() + 2) // (width + 2))
    if one.rows is not None:
        for row, y in _brightest(one)[: max(across, 4) - len(shown)]:
            shown.append(levels(net, one.rows.x[row - one.rows.first]).reshape(shape))
            heads.append(say("row {row}: {value:.3f}", row=row, value=y))
    if not shown:
        return
    click.echo()
    if one.made is not None:
        tell(
            say(
                "what lights it: a picture made by gradient ascent, and the brightest rows "
                "(activation)"
            )
        )
    blocks = [drawing.grey_picture(picture) for picture in shown]
    for line in drawing.sheet(blocks, heads, width, drawing.sheet_width()):
        click.echo(line)
