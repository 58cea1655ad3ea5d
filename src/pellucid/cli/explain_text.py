"""What `pellucid explain` writes: images, tables and sentences, or one document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pellucid.cli import drawing, member_text
from pellucid.cli.explain_input import Asked
from pellucid.cli.member_text import Directions
from pellucid.cli.network_rows import levels
from pellucid.cli.output import columns, echo, echo_lines, emit, paragraph
from pellucid.cli.prediction_text import Wanted, describe_confidence, file_entries, values_text
from pellucid.cli.table_rows import Predicted
from pellucid.core.types import Array
from pellucid.display.text_table import number_text
from pellucid.errors import Message
from pellucid.language import say
from pellucid.lens.attribution import Contributions, IntegratedGradients
from pellucid.lens.certainty import certainty_of
from pellucid.lens.counterfactual import Counterfactual
from pellucid.lens.directions import column_directions, order_texts
from pellucid.lens.input_columns import InputColumn, input_columns, knows_columns
from pellucid.lens.neurons import TraceTable, image_shape, neuron_label, neuron_layer
from pellucid.network import Network

SHOWN = 12  # columns of a table shown as bars
NAMED = 3  # neurons named in a sentence
LEVEL = 0.9  # of the interval or set of classes that is shown


class Explanation(NamedTuple):
    """An explanation: prediction (1, K), integrated gradients, contributions, counterfactual.

    `against` is the class that the counterfactual was asked for, `classes` whether the network
    predicts classes. Of an ensemble's output also the direction of each column in its members.
    """

    y: Array
    why: IntegratedGradients
    sums: Contributions | None
    other: Counterfactual | None
    against: str | None
    classes: bool
    directions: Directions | None = None


class Part(NamedTuple):
    """What one column of a table contributes: the sum over its inputs."""

    name: str
    value: str
    contribution: float


def to_dict(net: Network, asked: Asked, found: Explanation) -> dict[str, object]:
    """Return everything for JSON."""
    level = None if net.uncertainty is None else LEVEL
    [entry] = file_entries(net, asked.name, Predicted(None, asked.x, found.y), Wanted(level=level))
    parts = None
    if knows_columns(net):
        parts = [part._asdict() for part in parts_of(net, asked.x, found.why.values[0])]
        if found.directions is not None:
            for index, part in enumerate(parts):
                part["members"] = found.directions.entry(index)
    return {
        "input": asked.name,
        "row": asked.row,
        "truth": asked.truth,
        **{name: value for name, value in entry.items() if name != "file"},
        "runner_up": _runner_up(net, found),
        "columns": parts,
        "directions": column_directions(net),
        "integrated_gradients": found.why.to_dict(),
        "contributions": None if found.sums is None else found.sums.to_dict(),
        "counterfactual": None if found.other is None else found.other.to_dict(),
    }


def parts_of(net: Network, x: Array, values: Array) -> list[Part]:
    """Return the contributions by column; x is (1, D), and values (D,) are those of the inputs."""
    return [
        Part(column.name, _cell(column, x[0]), float(values[column.inputs].sum()))
        for column in input_columns(net)
    ]


def show(net: Network, asked: Asked, found: Explanation, trace: TraceTable | None) -> None:
    """Write everything as text."""
    shape = image_shape(net)
    _show_prediction(net, asked, found)
    echo()
    if shape is not None:
        _show_images(net, asked, found, shape)
    else:
        _show_columns(net, asked, found)
    if found.sums is not None and (shape is not None or trace is not None) and found.sums.layer > 1:
        _show_neurons(found.sums)
    if found.other is not None:
        echo()
        _show_counterfactual(net, found.other, found.against, shape)
    if trace is not None:
        echo("\n" + say("the value of every neuron:"))
        drawing.show(str(trace))


def _runner_up(net: Network, found: Explanation) -> dict[str, object] | None:
    if not found.classes:
        return None
    y = found.y[0]
    if len(y) == 1:
        # One output for two classes: the other class has the rest
        k, output = 1 - int(net.choose(found.y)[0]), 1 - float(net.confidence(found.y)[0])
    else:
        k = int((-y).argsort(kind="stable")[1])
        output = float(y[k])
    return {"class": k, "label": net.label(k), "output": output}


def _show_prediction(net: Network, asked: Asked, found: Explanation) -> None:
    second = _runner_up(net, found)
    if second is None:
        emit("{name}: {label}", name=asked.name, label=values_text(net, found.y[0]))
    else:
        label = net.label(int(net.choose(found.y)[0]))
        head = say("{name} -> prediction {label}", name=asked.name, label=label)
        emit(f"{head}, {describe_confidence(net, found.y)}")
        emit("second: {label} ({output:.3f})", label=second["label"], output=second["output"])
    _show_certainty(net, asked, found)
    if asked.truth is not None:
        if found.classes:
            emit("the label is {truth}", truth=asked.truth)
        else:
            emit("the target is {truth}", truth=asked.truth)


def _show_certainty(net: Network, asked: Asked, found: Explanation) -> None:
    """Write how sure the prediction is, as far as that is known."""
    level = None if net.uncertainty is None else LEVEL
    sure = certainty_of(net, asked.x, found.y, level)
    for line in sure.lines(net, 0):
        echo(paragraph(line))
    if sure.members is not None:
        member_text.show_others(net, sure.members)


def _explained(net: Network, found: Explanation) -> str:
    """Return the name of the neuron that is explained."""
    place = neuron_layer(net, found.why.layer)
    neuron = int(found.why.neurons[0])
    if place.number != place.last:
        name = neuron_label(net, place, neuron)
        return say("{layer}, neuron {neuron}", layer=place.name, neuron=name)
    if place.size == 1 and net.classes is None:
        return say("the output")
    if place.size == 1 or found.classes:
        return say("class {label}", label=net.label(1 if place.size == 1 else neuron))
    return say("output {k}", k=neuron_label(net, place, neuron))


def _sum_text(net: Network, found: Explanation, values: Sequence[float], of_image: bool) -> str:
    text = say(
        "{who}: {low} for {start}, {high} here; {parts} add {more} and take away {less} "
        "(integrated gradients)",
        who=_explained(net, found),
        start=Message("a black image") if of_image else Message("the middle of every column"),
        parts=Message("pixels") if of_image else Message("columns"),
        low=number_text(found.why.at_baseline[0]),
        high=number_text(found.why.at_input[0]),
        more=number_text(sum(value for value in values if value > 0), sign="+"),
        less=number_text(sum(value for value in values if value < 0), sign="+"),
    )
    # The integral is a sum of steps: below 1 % its error is too small to mention
    gap = float(found.why.relative_gap[0])
    if gap < 0.01:
        return text
    return text + "; " + say("{gap:.1%} of the change is missing in these sums", gap=gap)


def _show_images(net: Network, asked: Asked, found: Explanation, shape: tuple[int, int]) -> None:
    values = found.why.values[0].reshape(shape)
    end = drawing.scale_end(values)
    # Side by side, so that a pixel is found at the same place in both
    digit = drawing.grey_image(levels(net, asked.x[0]).reshape(shape))
    blocks = [digit, drawing.signed_image(values, end)]
    heads = [say("the input"), say("contributions of pixels")]
    echo_lines(drawing.sheet(blocks, heads, drawing.image_width(shape), columns()))
    who = _explained(net, found)
    drawing.show_legend(end, say("raises {who}", who=who), say("lowers it"))
    emit(_sum_text(net, found, values.ravel().tolist(), True))


def _show_columns(net: Network, asked: Asked, found: Explanation) -> None:
    parts = parts_of(net, asked.x.reshape(1, -1), found.why.values[0].ravel())
    order = sorted(parts, key=lambda part: -abs(part.contribution))
    names = [f"{part.name} = {part.value}" for part in order[:SHOWN]]
    sums = [part.contribution for part in order[:SHOWN]]
    if len(order) > SHOWN:
        names.append(say("{count:,} others", count=len(order) - SHOWN))
        sums.append(sum(part.contribution for part in order[SHOWN:]))
    emit("contribution of each column to {who}:", who=_explained(net, found))
    echo_lines(drawing.signed_bars(names, sums, columns()))
    echo()
    emit(_sum_text(net, found, [part.contribution for part in parts], False))
    if found.directions is not None:
        found.directions.show([part.name for part in order[:SHOWN]])
    for text in order_texts(net):
        echo(text)


def _show_neurons(sums: Contributions) -> None:
    echo()
    drawing.show(str(sums))
    order = sums.strongest(len(sums.values)).tolist()
    best = [i for i in order if sums.values[i] > 0][:NAMED]
    worst = [i for i in order if sums.values[i] < 0][:NAMED]
    if best:
        emit("neurons of the layer before that raise it most: {names}", names=_named(sums, best))
    if worst:
        emit("those that lower it most: {names}", names=_named(sums, worst))


def _named(sums: Contributions, neurons: Sequence[int]) -> str:
    return ", ".join(f"{sums.names[i]} ({sums.values[i]:+.2f})" for i in neurons)


def _show_counterfactual(
    net: Network, other: Counterfactual, against: str | None, shape: tuple[int, int] | None
) -> None:
    if not other.found or other.x is None or other.change is None:
        template = (
            "no change was found that changes the prediction from {before} to {after} (one may "
            "exist)"
        )
        emit(template, before=other.label_before, after=against or say("another class"))
        return
    if shape is None:
        template = (
            "smallest change found that changes the prediction from {before} to {after} "
            "({distance:.3g} standard deviations):"
        )
        emit(template, before=other.label_before, after=other.label_after, distance=other.distance)
        for name, before, after in other.moves_as_text(SHOWN):
            emit(f"- {name}: {before} -> {after}")
        return
    emit(
        "smallest change found that changes the prediction from {before} to {after}: length "
        "{distance:.3f}, {changed:,} pixels, none by more than {largest:.1%} of the range",
        before=other.label_before,
        after=other.label_after,
        distance=other.distance,
        changed=other.changed,
        largest=other.largest,
    )
    end = drawing.scale_end(other.change)
    digit = drawing.grey_image(levels(net, other.x).reshape(shape))
    heads = [say("predicted {label}", label=other.label_after), say("the change")]
    blocks = [digit, drawing.signed_image(other.change.reshape(shape), end)]
    echo_lines(drawing.sheet(blocks, heads, drawing.image_width(shape), columns()))
    drawing.show_legend(end, say("made brighter"), say("made darker"))


def _cell(column: InputColumn, x: Array) -> str:
    """Return what a cell holds, from the inputs that it became."""
    inputs = x[column.inputs]
    if column.categories is not None and column.indexed:
        return column.categories[int(inputs[0])]
    if column.categories is not None:
        known = bool(inputs.any())
        return str(column.categories[int(inputs.argmax())]) if known else say("an unknown category")
    if column.flagged and inputs[1]:
        return say("missing")
    return column.text(float(inputs[0]) + column.offset)
