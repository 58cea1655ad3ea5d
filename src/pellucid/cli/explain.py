"""`pellucid explain`: why a network predicts what it does for one input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pellucid.cli import explain_text, values
from pellucid.cli.explain_input import Asked, read_asked
from pellucid.cli.explain_text import Explanation
from pellucid.cli.help import (
    argument,
    command,
    example,
    json_option,
    member_option,
    model_argument,
    option,
)
from pellucid.cli.member_text import Directions, one_member
from pellucid.cli.models import read_model
from pellucid.cli.output import write_json
from pellucid.cli.plot_file import Panel, check_plot, plot_option, write_plot
from pellucid.cli.values import wrong_use
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.lens import plots
from pellucid.lens.attribution import contributions, integrated_gradients
from pellucid.lens.counterfactual import counterfactual
from pellucid.lens.entries import predicts_classes
from pellucid.lens.input_limits import input_limits
from pellucid.lens.neurons import image_shape, neuron_layer, trace_table
from pellucid.network import Network


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """The options of `pellucid explain`."""

    model: str = model_argument()
    file: str | None = argument("[INPUT]", "An image, a table, or a file of rows.")
    row: int | None = option(
        "--row N", "Which row, numbered as predict does: from 1 in tables, from 0 in arrays."
    )
    digit: int | None = option("--digit N", "A test digit of MNIST instead, from 0 to 9999.")
    against: str | None = option(
        "--against CLASS", "The class to change the prediction to. Default: the nearest."
    )
    member: int | None = member_option()
    layer: int | None = option(
        "--layer N",
        "Explain a neuron of this layer instead; -1 is the output.",
        type=values.layer_number(),
    )
    neuron: int | None = option("--neuron N", "Which neuron, from 0. Default: the predicted one.")
    trace: bool = option("--trace", "Show the value of every neuron, too.")
    plot: str | None = plot_option()
    as_json: bool = json_option()


@command(
    "explain",
    ExplainOptions,
    "Explain a prediction for one input: what each pixel or column contributes (integrated "
    "gradients), what the last hidden neurons contribute, which class comes second, and the "
    "smallest change found that changes the prediction. Of an ensemble (train --members) also how "
    "far its members agree. The input is an image, a row of a table or "
    "of an array, or a test digit of MNIST.",
    example("digits.safetensors my.png", "why this image is classified so"),
    example(
        "digits.safetensors --digit 0 --against 2",
        "a test digit of MNIST, and what would make it a 2",
    ),
    example("model.safetensors new.csv --row 3", "the third row of a table, column by column"),
    example("digits.safetensors my.png --trace", "the value of every neuron, too"),
)
def explain(options: ExplainOptions) -> None:
    """Explain a prediction."""
    if (options.file is None) == (options.digit is None):
        raise wrong_use("name one input: a file, or --digit")
    check_plot(options.plot)
    net = one_member(read_model(options.model), options.member)
    asked = read_asked(net, options.file, options.row, options.digit)
    found = look(net, asked, options)
    trace = trace_table(net, asked.x) if options.trace else None
    if options.as_json:
        document = explain_text.to_dict(net, asked, found)
        write_json(document if trace is None else {**document, "trace": trace.to_dict()})
    else:
        explain_text.show(net, asked, found, trace)
    if options.plot is not None:
        _plot(options.plot, net, asked, found)


def look(net: Network, asked: Asked, options: ExplainOptions) -> Explanation:
    """Compute the explanation; raise InputError for neurons and classes that do not exist."""
    layer = -1 if options.layer is None else options.layer
    place, neuron = neuron_layer(net, layer, least=1), options.neuron
    classes, is_output = predicts_classes(net), place.number == place.last
    if is_output and neuron is None and not classes:
        neuron = 0  # values: nothing chooses one of them
    if not is_output and neuron is None:
        template = "{layer} has {size} neurons: say which by --neuron"
        raise InputError(template, layer=place.name, size=place.size)
    y = net.predict(asked.x)
    against = _class(net, options.against, y)
    why = integrated_gradients(net, asked.x, layer, neuron)
    sums = None if place.affine is None else contributions(net, asked.x, layer, neuron)
    other = None
    # Without limits of the inputs, the nearest change may be an impossible input
    if against is not None or (classes and is_output and _has_limits(net)):
        other = counterfactual(net, asked.x, against)
    found = Explanation(y, why, sums, other, options.against, classes)
    if not (is_output and net.members) or image_shape(net) is not None:
        return found
    return found._replace(directions=Directions.of(net, asked.x, int(why.neurons[0])))


def _class(net: Network, name: str | None, y: Array) -> int | str | None:
    """Return a class as lens takes it: by name where there are names, else by number."""
    if name is None:
        return None
    predicted, names = net.label(int(net.choose(y)[0])), net.classes
    # One output tells two classes apart
    known = names if names is not None else [str(k) for k in range(max(y.shape[1], 2))]
    if predicts_classes(net) and (name == predicted or name not in known):
        template = "--against takes a class other than the prediction ({label}): one of {known}"
        raise InputError(
            template, label=predicted, known=", ".join(each for each in known if each != predicted)
        )
    return int(name) if name.isdecimal() and names is None else name


def _has_limits(net: Network) -> bool:
    try:
        input_limits(net)
    except InputError:
        return False
    return True


def _plot(path: str, net: Network, asked: Asked, found: Explanation) -> None:
    shape = image_shape(net)
    image = None if shape is None else asked.x.reshape(shape)
    panels: list[Panel] = [partial(plots.contributions, found.why, shape=shape, image=image)]
    if found.sums is not None and found.sums.layer > 1:
        panels.append(partial(plots.contributions, found.sums))
    write_plot(path, panels)
