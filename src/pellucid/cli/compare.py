"""`pellucid compare`: two networks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import drawing
from pellucid.cli.help import Command, argument, json_option, lang_option
from pellucid.cli.output import columns, tell, write_json
from pellucid.cli.plotting import check_plot, plot_option, write_plot
from pellucid.cli.rows import Rows, levels, rows_alone
from pellucid.cli.threads import use_threads
from pellucid.errors import InputError
from pellucid.language import cell_width, mark, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.lens.comparison import Comparison
    from pellucid.lens.response import InputWeights
    from pellucid.network import Network

SHOWN = 10
"""Rows with different answers that are shown."""

PICTURES = 6
ARRAYS = 32
NAME = 16  # columns of a class's name


@click.command(
    cls=Command,
    short_help=mark("two networks: their weights, answers, accuracy"),
    help=mark(
        "Compare two networks: how their weights differ, how often they answer alike, in which "
        "rows they do not, and, "
        "where the right answers are known, whether one is right more often than chance explains "
        "(McNemar's exact "
        "test). Without data, networks of digits answer the test digits of MNIST; others are "
        "compared by weights alone."
    ),
    examples=[
        ("pellucid compare old.safetensors new.safetensors", mark("two networks of digits")),
        ("pellucid compare a.safetensors b.safetensors new.csv", mark("on the rows of a table")),
    ],
)
@argument("first", metavar=mark("MODEL_A"), about=mark("The first network's file."))
@argument("second", metavar=mark("MODEL_B"), about=mark("The second network's file."))
@argument(
    "data", required=False, metavar=mark("[DATA]"), about=mark("Rows for both, as for evaluate.")
)
@plot_option
@json_option
@lang_option
def compare(first: str, second: str, data: str | None, plot: str | None, as_json: bool) -> None:
    """Compare two networks."""
    check_plot(plot)
    use_threads(None, 0)
    from pellucid.lens import comparison
    from pellucid.network import load

    a, b = load(first), load(second)
    rows = _rows(a, b, data)
    found = comparison.compare(a, b) if rows is None else comparison.compare(a, b, rows.x, rows.t)
    if as_json:
        write_json({"a": first, "b": second, **found.to_dict()})
    else:
        _show(first, second, a, b, rows, found)
    if plot is not None:
        _plot(plot, (first, a), (second, b))


def _rows(a: Network, b: Network, data: str | None) -> Rows | None:
    if data is not None:
        if (unlike := _unlike_inputs(a, b)) is not None:
            raise InputError(
                "{reason}: no data fit both; without data their weights are compared", reason=unlike
            )
        return rows_alone(a, data)
    from pellucid.cli.rows import rows_with_targets
    from pellucid.lens.neurons import reads_digits

    if not (reads_digits(a) and reads_digits(b)):
        return None
    return rows_with_targets(a, None)


def _unlike_inputs(a: Network, b: Network) -> str | None:
    """Say that two networks take different numbers of inputs, where they do."""
    from pellucid.core import chain

    D_a, D_b = chain.input_width(a.layers), chain.input_width(b.layers)
    return (
        None
        if None in (D_a, D_b) or D_a == D_b
        else say("A takes {a} inputs and B takes {b}", a=D_a, b=D_b)
    )


def _show(
    first: str, second: str, a: Network, b: Network, rows: Rows | None, found: Comparison
) -> None:
    tell(say("A: {path}, {count:,} parameters", path=first, count=a.parameter_count))
    tell(say("B: {path}, {count:,} parameters", path=second, count=b.parameter_count))
    click.echo()
    _show_weights(found)
    text = str(found)
    drawing.show(text.partition("\n\n")[2] if found.weights or found.unmatched else text)
    if rows is None:
        click.echo()
        unlike = _unlike_inputs(a, b)
        tell(say("name DATA as well to compare their answers") if unlike is None else unlike)
        return
    if found.differing is None or not len(found.differing):
        return
    click.echo()
    tell(say("rows that they answer differently ({count:,} in all):", count=len(found.differing)))
    _show_rows(a, b, rows, found)


def _show_weights(found: Comparison) -> None:
    """Write how each array differs; its shape where there is room for it."""
    from pellucid.core.table import table

    heads = [say("array"), say("shape"), say("largest gap"), say("relative"), say("cosine")]
    lines = found.weight_lines(ARRAYS)
    if lines:
        text = table([heads, *lines], total=False)
        if cell_width(text.splitlines()[0]) > columns():
            text = table([[head, *rest] for head, _, *rest in [heads, *lines]], total=False)
        click.echo(text)
    if len(found.weights) > ARRAYS:
        tell(say("and {count:,} more", count=len(found.weights) - ARRAYS))
    if found.unmatched:
        tell(say("only in one of them: {names}", names=", ".join(found.unmatched)))
    if lines and any(line.largest for line in found.weights):
        tell(
            say(
                "gaps are between neurons of the same number: networks that learned apart have no "
                "common order"
            )
        )
    if found.rows:
        click.echo()


def _show_rows(a: Network, b: Network, rows: Rows, found: Comparison) -> None:
    from pellucid.core.table import table
    from pellucid.lens.neurons import picture_shape

    assert found.differing is not None
    assert found.answers_a is not None
    assert found.answers_b is not None
    shape = picture_shape(a)
    lines = [[say("row"), "A", "B", *([] if rows.t is None else [say("is")])]]
    for row in found.differing[:SHOWN].tolist():
        answers = [a.label(int(found.answers_a[row])), b.label(int(found.answers_b[row]))]
        answers = [drawing.cut(answer, NAME) for answer in answers]
        lines.append([str(rows.first + row), *answers, *_truth(a, rows, row)])
    if shape is not None:
        width = drawing.picture_width(shape)
        shown = found.differing[
            : max(2, min(PICTURES, (drawing.sheet_width() + 2) // (width + 2)))
        ].tolist()
        blocks = [drawing.grey_picture(levels(a, rows.x[row]).reshape(shape)) for row in shown]
        heads = [
            " ".join([f"{rows.first + row}:", f"A {line[1]},", f"B {line[2]}"])
            for row, line in zip(shown, lines[1:], strict=False)
        ]
        for line in drawing.sheet(blocks, heads, width, drawing.sheet_width()):
            click.echo(line)
        click.echo()
    click.echo(table(lines, total=False))


def _truth(net: Network, rows: Rows, row: int) -> list[str]:
    from pellucid.core.metrics import target_classes

    return (
        []
        if rows.t is None
        else [drawing.cut(net.label(int(target_classes(rows.t[row : row + 1])[0])), NAME)]
    )


def _plot(path: str, first: tuple[str, Network], second: tuple[str, Network]) -> None:
    """Draw the weights of both first hidden layers below each other, on one scale."""
    from pellucid.lens import plots
    from pellucid.lens.plots.figures import largest_of
    from pellucid.lens.response import input_weights

    found = [(name, input_weights(net)) for name, net in (first, second)]
    end = max(largest_of(weights.values) for _, weights in found)

    def panel(name: str, weights: InputWeights) -> Any:
        def draw(*, ax: Axes) -> Axes:
            plots.weights(weights, end=end, ax=ax)
            ax.set_title(f"{name}\n{ax.get_title()}")
            return ax

        return draw

    lines = max(-(-len(weights.labels) // 8) for _, weights in found)
    height = 5.0 if found[0][1].pictures is None else 1.35 * lines + 0.9
    write_plot(path, [panel(*one) for one in found], (9.5, height), across=1)
