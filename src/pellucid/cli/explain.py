"""`pellucid explain`: why a network answers one input as it does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import explain_text
from pellucid.cli.explain_input import Asked, read_asked
from pellucid.cli.help import (
    Command,
    LayerNumber,
    Whole,
    argument,
    json_option,
    lang_option,
    option,
)
from pellucid.cli.output import write_json
from pellucid.cli.plotting import check_plot, plot_option, write_plot
from pellucid.cli.threads import use_threads
from pellucid.errors import InputError
from pellucid.language import mark, say

if TYPE_CHECKING:
    from pellucid.cli.explain_text import Explanation
    from pellucid.network import Network


@click.command(
    cls=Command,
    short_help=mark("why a network answers an input as it does"),
    help=mark(
        "Show why a network answers one input as it does: what each pixel or column adds to the "
        "answer (integrated "
        "gradients), what the last hidden neurons give to it, which answer comes next, and the "
        "smallest change found "
        "that turns the answer. The input is a picture, a row of a table or of an array, or a "
        "test digit of MNIST."
    ),
    examples=[
        ("pellucid explain digits.safetensors my.png", mark("why this picture is read so")),
        (
            "pellucid explain digits.safetensors --digit 0 --against 2",
            mark("a test digit of MNIST, and what would make it a 2"),
        ),
        (
            "pellucid explain model.safetensors new.csv --row 3",
            mark("the third row of a table, column by column"),
        ),
        (
            "pellucid explain digits.safetensors my.png --trace",
            mark("what every neuron holds, too"),
        ),
    ],
)
@argument(
    "model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it.")
)
@argument(
    "file",
    required=False,
    metavar=mark("[INPUT]"),
    about=mark("A picture, a table, or a file of rows."),
)
@option(
    "--row",
    type=Whole(0),
    metavar=mark("N"),
    help=mark("Which row, numbered as predict does: from 1 in tables, from 0 in arrays."),
)
@option(
    "--digit",
    type=Whole(0),
    metavar=mark("N"),
    help=mark("A test digit of MNIST instead, from 0 to 9999."),
)
@option(
    "--against",
    metavar=mark("CLASS"),
    help=mark("The class to turn the answer to. Default: the nearest."),
)
@option(
    "--layer",
    type=LayerNumber(),
    metavar=mark("N"),
    help=mark("Explain a neuron of this layer instead; -1 is the output."),
)
@option(
    "--neuron",
    type=Whole(0),
    metavar=mark("N"),
    help=mark("Which neuron, from 0. Default: the answer's."),
)
@option("--trace", is_flag=True, help=mark("Show what every neuron holds as well."))
@plot_option
@json_option
@lang_option
def explain(model: str, file: str | None, plot: str | None, as_json: bool, **options: Any) -> None:
    """Show why."""
    if (file is None) == (options["digit"] is None):
        raise click.UsageError(
            say("name one input: a file, or --digit"), click.get_current_context()
        )
    check_plot(plot)
    use_threads(None, 0)
    from pellucid.lens.neurons import trace_table
    from pellucid.network import load

    net = load(model)
    asked = read_asked(net, file, options["row"], options["digit"])
    found = look(net, asked, options)
    trace = trace_table(net, asked.x) if options["trace"] else None
    if as_json:
        told = explain_text.to_dict(net, asked, found)
        write_json(told if trace is None else {**told, "trace": trace.to_dict()})
    else:
        explain_text.show(net, asked, found, trace)
    if plot is not None:
        _plot(plot, net, asked, found)


def look(net: Network, asked: Asked, options: dict[str, Any]) -> Explanation:
    """Ask lens why; raises InputError for neurons and classes that do not exist."""
    from pellucid.cli.answers import tells_classes
    from pellucid.lens.attribution import contributions, integrated_gradients
    from pellucid.lens.counterfactual import counterfactual
    from pellucid.lens.neurons import neuron_layer

    layer = -1 if options["layer"] is None else options["layer"]
    place, neuron, classes = (
        neuron_layer(net, layer, least=1),
        options["neuron"],
        tells_classes(net),
    )
    if place.number == place.last and neuron is None and not classes:
        neuron = 0  # values: nothing chooses one of them
    if place.number != place.last and neuron is None:
        raise InputError(
            "{layer} has {size} neurons: say which by --neuron", layer=place.name, size=place.size
        )
    why = integrated_gradients(net, asked.x, layer, neuron)
    sums = None if place.affine is None else contributions(net, asked.x, layer, neuron)
    other = None
    if options["against"] is not None or (
        classes and place.number == place.last and _has_limits(net)
    ):
        other = counterfactual(net, asked.x, _class(net, options["against"]))
    return explain_text.Explanation(
        net.predict(asked.x), why, sums, other, options["against"], classes
    )


def _class(net: Network, name: str | None) -> int | str | None:
    """Give a class as lens takes it: by name where there are names, else by number."""
    if name is None or name in (net.classes or []):
        return name
    return int(name) if name.isdecimal() and net.classes is None else name


def _has_limits(net: Network) -> bool:
    from pellucid.lens.limits import input_limits

    try:
        input_limits(net)
    except InputError:
        return False
    return True


def _plot(path: str, net: Network, asked: Asked, found: Explanation) -> None:
    from pellucid.lens import plots
    from pellucid.lens.neurons import picture_shape

    shape = picture_shape(net)
    picture = None if shape is None else asked.x.reshape(shape)
    panels = [partial(plots.contributions, found.why, shape=shape, picture=picture)]
    if found.sums is not None and found.sums.layer > 1:
        panels.append(partial(plots.contributions, found.sums))
    write_plot(path, panels)
