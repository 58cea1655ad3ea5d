"""What `pellucid explain` says.

Pictures, tables and words for people, one document for programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pellucid.cli import drawing
from pellucid.cli.output import columns, tell
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.cli.explain_input import Asked
    from pellucid.core.types import Array
    from pellucid.lens.attribution import Contributions, IntegratedGradients
    from pellucid.lens.counterfactual import Counterfactual
    from pellucid.lens.neurons import TraceTable
    from pellucid.network import Network

SHOWN = 12  # columns of a table shown as bars
NAMED = 3  # neurons, or moves, named in a sentence


class Explanation(NamedTuple):
    """What lens found: answer (1, K), integrated gradients, contributions, counterfactual (and the
    class that it was asked for), and whether the network chooses classes.
    """

    y: Array
    why: IntegratedGradients
    sums: Contributions | None
    other: Counterfactual | None
    against: str | None
    classes: bool


class Part(NamedTuple):
    """What one column of a table adds.

    Its name, what the cell holds, and the sum over its inputs.
    """

    name: str
    value: str
    contribution: float


def to_dict(net: Network, asked: Asked, found: Explanation) -> dict[str, Any]:
    """Give everything as JSON can hold it."""
    from pellucid.cli.answers import entries_of
    from pellucid.lens.columns import knows_columns

    entry = entries_of(net, asked.name, found.y, None)[0]
    answer = {name: value for name, value in entry.items() if name != "file"}
    parts = (
        [part._asdict() for part in parts_of(net, asked.x, found.why.values[0])]
        if knows_columns(net)
        else None
    )
    return {
        "input": asked.name,
        "row": asked.row,
        "truth": asked.truth,
        **answer,
        "runner_up": _runner_up(net, found),
        "columns": parts,
        "integrated_gradients": found.why.to_dict(),
        "contributions": None if found.sums is None else found.sums.to_dict(),
        "counterfactual": None if found.other is None else found.other.to_dict(),
    }


def parts_of(net: Network, x: Array, values: Array) -> list[Part]:
    """Add up by column what each input adds; x is (1, D), values (D,)."""
    from pellucid.lens.columns import input_columns

    return [
        Part(column.name, _cell(column, x[0]), float(values[column.inputs].sum()))
        for column in input_columns(net)
    ]


def show(net: Network, asked: Asked, found: Explanation, trace: TraceTable | None) -> None:
    """Write everything for people."""
    from pellucid.lens.neurons import picture_shape

    shape = picture_shape(net)
    _show_answer(net, asked, found)
    click.echo()
    if shape is not None:
        _show_pictures(net, asked, found, shape)
    else:
        _show_columns(net, asked, found)
    if found.sums is not None and (shape is not None or trace is not None) and found.sums.layer > 1:
        _show_neurons(found.sums)
    if found.other is not None:
        click.echo()
        _show_other(net, found.other, found.against, shape)
    if trace is not None:
        click.echo("\n" + say("what every neuron holds:"))
        drawing.show(str(trace))


def _runner_up(net: Network, found: Explanation) -> dict[str, Any] | None:
    if not found.classes:
        return None
    y = found.y[0]
    if len(y) == 1:
        k = 1 - int(net.choose(found.y)[0])
        return {"class": k, "label": net.label(k), "output": 1 - float(net.confidence(found.y)[0])}
    k = int((-y).argsort(kind="stable")[1])
    return {"class": k, "label": net.label(k), "output": float(y[k])}


def _show_answer(net: Network, asked: Asked, found: Explanation) -> None:
    from pellucid.cli.answers import describe_confidence

    if not found.classes:
        values = "  ".join(f"{value:.6g}" for value in found.y[0])
        tell(say("{name}: {label}", name=asked.name, label=values))
    else:
        label = net.label(int(net.choose(found.y)[0]))
        tell(
            f"{say('{name}: {label}', name=asked.name, label=label)}, "
            f"{describe_confidence(net, found.y)}"
        )
        following = _runner_up(net, found)
        assert following is not None
        tell(
            say(
                "next comes {label} with {value:.3f}",
                label=following["label"],
                value=following["output"],
            )
        )
    if asked.truth is not None:
        tell(say("the right answer is {truth}", truth=asked.truth))


def _who(net: Network, found: Explanation) -> str:
    """Name the neuron that is explained."""
    from pellucid.lens.neurons import neuron_label, neuron_layer

    place = neuron_layer(net, found.why.layer)
    neuron = int(found.why.neurons[0])
    if place.number == place.last:
        if place.size == 1:
            return (
                say("the output")
                if net.classes is None
                else say("class {label}", label=net.label(1))
            )
        return (
            say("class {label}", label=net.label(neuron))
            if found.classes
            else say("output {k}", k=neuron)
        )
    return say(
        "{layer}, neuron {neuron}", layer=place.name, neuron=neuron_label(net, place, neuron)
    )


def _sum_text(net: Network, found: Explanation, values: Sequence[float], from_black: bool) -> str:
    ends = {"low": found.why.at_baseline[0], "high": found.why.at_input[0]}
    given = {
        "who": _who(net, found),
        "more": sum(v for v in values if v > 0),
        "less": sum(v for v in values if v < 0),
    }
    if from_black:
        text = say(
            "{who}: {low:.4g} for a black picture, {high:.4g} here; what pixels add: {more:+.4g}, "
            "and take away: "
            "{less:+.4g} (integrated gradients)",
            **given,
            **ends,
        )
    else:
        text = say(
            "{who}: {low:.4g} for the middle of every column, {high:.4g} here; what columns add: "
            "{more:+.4g}, and take "
            "away: {less:+.4g} (integrated gradients)",
            **given,
            **ends,
        )
    gap = float(found.why.relative_gap[0])
    return (
        text
        if gap < 0.01
        else text + "; " + say("{gap:.1%} of the change is missing in these sums", gap=gap)
    )


def _show_pictures(net: Network, asked: Asked, found: Explanation, shape: tuple[int, int]) -> None:
    from pellucid.cli.rows import levels

    values = found.why.values[0].reshape(shape)
    end = drawing.scale_end(values)
    digit = drawing.grey_picture(levels(net, asked.x[0]).reshape(shape))
    blocks = [digit, drawing.signed_picture(values, end)]
    heads = [say("what it sees"), say("what adds to the answer")]
    for line in drawing.sheet(blocks, heads, drawing.picture_width(shape), columns()):
        click.echo(line)
    click.echo()
    tell(drawing.legend(end, say("for {who}", who=_who(net, found)), say("against")))
    tell(_sum_text(net, found, values.ravel().tolist(), True))


def _show_columns(net: Network, asked: Asked, found: Explanation) -> None:
    parts = parts_of(net, asked.x.reshape(1, -1), found.why.values[0].ravel())
    order = sorted(range(len(parts)), key=lambda i: -abs(parts[i].contribution))
    shown = [parts[i] for i in order[:SHOWN]]
    names = [f"{part.name} = {part.value}" for part in shown]
    sums = [part.contribution for part in shown]
    if len(order) > SHOWN:
        names.append(say("{count:,} others", count=len(order) - SHOWN))
        sums.append(sum(parts[i].contribution for i in order[SHOWN:]))
    tell(say("what each column adds to {who}:", who=_who(net, found)))
    for line in drawing.signed_bars(names, sums, columns()):
        click.echo(line)
    click.echo()
    tell(_sum_text(net, found, [part.contribution for part in parts], False))


def _show_neurons(sums: Contributions) -> None:
    click.echo()
    drawing.show(str(sums))
    order = sums.strongest(len(sums.values)).tolist()
    best = [i for i in order if sums.values[i] > 0][:NAMED]
    worst = [i for i in order if sums.values[i] < 0][:NAMED]
    if best:
        tell(
            say(
                "neurons of the layer before that speak most for it: {names}",
                names=_named(sums, best),
            )
        )
    if worst:
        tell(say("most against it: {names}", names=_named(sums, worst)))


def _named(sums: Contributions, neurons: Sequence[int]) -> str:
    return ", ".join(f"{sums.names[i]} ({sums.values[i]:+.2f})" for i in neurons)


def _show_other(
    net: Network, other: Counterfactual, against: str | None, shape: tuple[int, int] | None
) -> None:
    if not other.found or other.x is None or other.change is None:
        tell(
            say(
                "no change was found that turns {before} into {after} (this is no proof that "
                "there is none)",
                before=other.label_before,
                after=against or say("another answer"),
            )
        )
        return
    if shape is None:
        given = {
            "before": other.label_before,
            "after": other.label_after,
            "distance": other.distance,
        }
        tell(
            say(
                "smallest change found that turns {before} into {after} ({distance:.3g} "
                "deviations):",
                **given,
            )
        )
        for name, before, after in other.moves(SHOWN):
            tell(f"- {name}: {before:.6g} -> {after:.6g}")
        return
    from pellucid.cli.rows import levels

    tell(
        say(
            "smallest change found that turns {before} into {after}: length {distance:.3f}, "
            "{changed:,} pixels, none "
            "by more than {largest:.1%} of the range",
            before=other.label_before,
            after=other.label_after,
            distance=other.distance,
            changed=other.changed,
            largest=other.largest,
        )
    )
    end = drawing.scale_end(other.change)
    digit = drawing.grey_picture(levels(net, other.x).reshape(shape))
    heads = [say("read as {answer}", answer=other.label_after), say("what was changed")]
    blocks = [digit, drawing.signed_picture(other.change.reshape(shape), end)]
    for line in drawing.sheet(blocks, heads, drawing.picture_width(shape), columns()):
        click.echo(line)
    click.echo()
    tell(drawing.legend(end, say("made brighter"), say("made darker")))


def _cell(column: Any, x: Array) -> str:
    """Say what a cell holds, from the inputs that it became."""
    inputs = x[column.inputs]
    if column.categories is not None:
        return (
            str(column.categories[int(inputs.argmax())])
            if inputs.any()
            else say("none of the known ones")
        )
    if column.flagged and inputs[1]:
        return say("missing")
    return f"{float(inputs[0]) + column.offset:.6g}"
