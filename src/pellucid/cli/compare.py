"""`pellucid compare`: two networks side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pellucid.cli import drawing
from pellucid.cli.help import argument, command, example, json_option
from pellucid.cli.models import read_model
from pellucid.cli.network_rows import Rows, levels, rows_alone, rows_with_targets
from pellucid.cli.output import columns, echo, echo_lines, emit, emit_more, write_json
from pellucid.cli.plot_file import Panel, check_plot, plot_option, write_plot
from pellucid.core.checks import input_width
from pellucid.core.metrics import target_classes
from pellucid.display.text_table import table
from pellucid.errors import InputError, Message
from pellucid.language import cell_width, say, translate
from pellucid.lens import comparison, plots
from pellucid.lens.comparison import Comparison
from pellucid.lens.neurons import image_shape, reads_digits
from pellucid.lens.response import InputWeights, input_weights
from pellucid.network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 10  # rows with different predictions that are listed
IMAGES = 6  # of them, at most, shown as images
ARRAYS = 32
NAME = 16  # columns of a class's name


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """The options of `pellucid compare`."""

    first: str = argument("MODEL_A", "The first network's file.")
    second: str = argument("MODEL_B", "The second network's file.")
    data: str | None = argument("[DATA]", "Rows for both, as for evaluate.")
    plot: str | None = plot_option()
    as_json: bool = json_option()


@command(
    "compare",
    CompareOptions,
    "Compare two networks: how their weights differ, how often their predictions agree, in which "
    "rows they do not, and, where targets are known, whether one is right more often than chance "
    "explains (McNemar's exact test). Without data, networks for digits are compared on the test "
    "digits of MNIST; others by their weights alone.",
    example("old.safetensors new.safetensors", "two networks for digits"),
    example("a.safetensors b.safetensors new.csv", "on the rows of a table"),
)
def compare(options: CompareOptions) -> None:
    """Compare two networks."""
    check_plot(options.plot)
    a, b = read_model(options.first), read_model(options.second)
    rows = _rows(a, b, options.data)
    found = comparison.compare(a, b) if rows is None else comparison.compare(a, b, rows.x, rows.t)
    if options.as_json:
        write_json({"a": options.first, "b": options.second, **found.to_dict()})
    else:
        _show(options, a, b, rows, found)
    if options.plot is not None:
        _plot(options.plot, (options.first, a), (options.second, b))


def _rows(a: Network, b: Network, data: str | None) -> Rows | None:
    if data is not None:
        if (unlike := _unlike_inputs(a, b)) is not None:
            template = "{reason}: no data fit both; without data their weights are compared"
            raise InputError(template, reason=unlike)
        return rows_alone(a, data)
    return rows_with_targets(a, None) if reads_digits(a) and reads_digits(b) else None


def _unlike_inputs(a: Network, b: Network) -> Message | None:
    """Return that two networks take different numbers of inputs, where they do."""
    D_a, D_b = input_width(a.layers), input_width(b.layers)
    if None in (D_a, D_b) or D_a == D_b:
        return None
    return Message("A takes {a} inputs and B takes {b}", a=D_a, b=D_b)


def _show(
    options: CompareOptions, a: Network, b: Network, rows: Rows | None, found: Comparison
) -> None:
    emit("A: {path}, {count:,} parameters", path=options.first, count=a.parameter_count)
    emit("B: {path}, {count:,} parameters", path=options.second, count=b.parameter_count)
    echo()
    _show_weights(found)
    text = str(found)
    drawing.show(text.partition("\n\n")[2] if found.weights or found.unmatched else text)
    if rows is None:
        unlike = _unlike_inputs(a, b)
        echo()
        more = unlike or Message("name DATA to compare their predictions, too")
        emit(translate(more))
        return
    if found.differing is None or not len(found.differing):
        return
    echo()
    emit("rows with different predictions ({count:,} in all):", count=len(found.differing))
    _show_rows(a, b, rows, found)


def _show_weights(found: Comparison) -> None:
    """Write how each array differs; its shape where there is room for it."""
    heads = [say("array"), say("shape"), say("largest gap"), say("relative"), say("cosine")]
    lines = found.weight_lines(ARRAYS)
    if lines:
        text = table([heads, *lines], total=False)
        # Shapes are in `summary`, too: the first column to give up
        if cell_width(text.splitlines()[0]) > columns():
            text = table([[head, *rest] for head, _, *rest in [heads, *lines]], total=False)
        echo(text)
    emit_more(len(found.weights) - ARRAYS)
    if found.unmatched:
        emit("only in one of them: {names}", names=", ".join(found.unmatched))
    if lines and any(line.largest for line in found.weights):
        emit(
            "gaps are between neurons of the same number: networks trained separately have no "
            "common order"
        )
    if found.rows:
        echo()


def _show_rows(a: Network, b: Network, rows: Rows, found: Comparison) -> None:
    assert found.differing is not None
    assert found.predictions_a is not None and found.predictions_b is not None
    lines = [[say("row"), "A", "B", *([] if rows.t is None else [say("is")])]]
    for row in found.differing[:SHOWN].tolist():
        labels = [a.label(int(found.predictions_a[row])), b.label(int(found.predictions_b[row]))]
        if rows.t is not None:
            labels.append(a.label(int(target_classes(rows.t[row : row + 1])[0])))
        lines.append([str(rows.first + row), *(drawing.cut(label, NAME) for label in labels)])
    if (shape := image_shape(a)) is not None:
        width = drawing.image_width(shape)
        # Two at least, below each other where the terminal is narrow
        count = max(2, min(IMAGES, (drawing.sheet_width() + 2) // (width + 2)))
        shown = found.differing[:count].tolist()
        blocks = [drawing.grey_image(levels(a, rows.x[row]).reshape(shape)) for row in shown]
        heads = [f"{line[0]}: A {line[1]}, B {line[2]}" for line in lines[1 : len(shown) + 1]]
        echo_lines(drawing.sheet(blocks, heads, width, drawing.sheet_width()))
        echo()
    echo(table(lines, total=False))


def _plot(path: str, *nets: tuple[str, Network]) -> None:
    """Draw the weights of the first hidden layers below each other, on one scale."""
    from pellucid.lens.plots.figure_style import largest_of

    found = [(name, input_weights(net)) for name, net in nets]
    # One scale for both, or a weak network would look as strong
    end = max(largest_of(weights.values) for _, weights in found)

    def panel(name: str, weights: InputWeights) -> Panel:
        def draw(*, ax: Axes) -> Axes:
            plots.weights(weights, end=end, ax=ax)
            ax.set_title(f"{name}\n{ax.get_title()}")
            return ax

        return draw

    lines = max(-(-len(weights.labels) // 8) for _, weights in found)
    height = 5.0 if found[0][1].images is None else 1.35 * lines + 0.9
    write_plot(path, [panel(*one) for one in found], (9.5, height), across=1)
