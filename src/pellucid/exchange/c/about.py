"""The description of a network in the header's comment: layers, inputs and outputs.

It is English, as C itself is.
"""

from __future__ import annotations

import textwrap

from pellucid.core import checks
from pellucid.core.activations import LogSoftmax
from pellucid.core.layers import Affine, Exponential, Sigmoid, Softmax
from pellucid.core.types import Options
from pellucid.data.inputs import Images
from pellucid.data.tables import Columns
from pellucid.data.tables.kinds import CategoryColumn, Column, DateColumn, EmbeddedColumn
from pellucid.data.tables.moments import PERIODS
from pellucid.exchange.c.literals import comment
from pellucid.language import speaking
from pellucid.network import Network

_ENDS = {
    Softmax: "probabilities that sum to 1",
    LogSoftmax: "logarithms of probabilities that sum to 1",
    Sigmoid: "each from 0 to 1 by itself",
    Exponential: "rates above 0",
    Affine: "logits",
}

_INT8 = (
    "int8: the weights of layer {layers} are whole numbers of 8 bits, with a step for each output. "
    "The input of such a layer is rounded to 256 levels, whose range comes from calibration rows "
    "(numbers beyond it, and NaN, take its end); sums are exact in 32 bits. Biases, activations "
    "and all other layers are float32."
)


def about(net: Network, D: int, K: int, in_int8: list[str], takes_bytes: bool) -> list[str]:
    """Describe a network of D inputs and K outputs, with int8 weights in the layers `in_int8`."""
    sizes = f"{net.parameter_count:,} parameters, {D} inputs, {K} outputs"
    lines = [f"{sizes}; it computes in float32.", ""]
    rows = net.summary().rows
    width = max(len(row.name) for row in rows)
    for index, (layer, row) in enumerate(zip(net.layers, rows, strict=True)):
        sizes = f"{row.inputs} -> {row.outputs}" if row.parameters else ""
        line = f"{index:>4}  {row.name:<{width}}  {sizes:<14}{_settings(layer.options())}"
        lines.append(comment(line).rstrip())
    if net.dtype != "float32":
        lines += ["", "The network itself is float64: its numbers were rounded to float32."]
    if in_int8:
        places = ", ".join(place.replace("_", ".") for place in in_int8)
        lines += ["", *wrapped(_INT8.format(layers=places))]
    return [*lines, "", *_inputs(net, D, takes_bytes), "", *_outputs(net, K), ""]


def wrapped(text: str) -> list[str]:
    """Break a text into lines."""
    return textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)


def _settings(options: Options) -> str:
    plain = {name: v for name, v in options.items() if not isinstance(v, (list, dict))}
    return ", ".join(f"{name} {value}" for name, value in plain.items())


def _inputs(net: Network, D: int, takes_bytes: bool) -> list[str]:
    if isinstance(net.inputs, Columns):
        with speaking("en"):  # names of categories such as "missing" are translated elsewhere
            lines = [line for column in net.inputs.columns for line in _column(column)]
        head = f"x: the {D} values of a row of the table, in their own units (1 is yes, 0 is no):"
        return [head, *(comment(f"    x[{index}]  {line}") for index, line in enumerate(lines))]
    what = f"{D} numbers"
    if isinstance(net.inputs, Images):
        what = f"an image of {' x '.join(map(str, net.inputs.shape))}, line by line"
    factor = checks.byte_factor(net.layers)
    scale = "" if factor is None else f", from 0 to {round(1 / factor)} (the network scales them)"
    both = "; as float, or as bytes" if takes_bytes else ""
    return wrapped(comment(f"x: {what}{scale}{both}."))


def _column(column: Column) -> list[str]:
    """Describe each number that a column becomes."""
    if isinstance(column, EmbeddedColumn):
        names = [*column.categories, *(["where it is missing"] if column.missing else [])]
        index = ", ".join(f"{place} {name}" for place, name in enumerate(names, 1))
        return [f"the index of {column.name}: 0 any other, {index}"]
    missing = [f"whether {column.name} is missing"] if column.missing else []
    if isinstance(column, CategoryColumn):
        own = [f"whether {column.name} is {category}" for category in column.categories]
        return [*own, *missing]
    days = ", in days since 1970" if isinstance(column, DateColumn) else ""
    less = f" less {column.offset:g}" if column.offset else ""
    value = f"{column.name}{days}{less}; {column.mean - column.offset:.9g} where it is missing"
    cycles = column.cycles if isinstance(column, DateColumn) else ()
    waves = [
        f"{wave}(2 pi t / {PERIODS[cycle]:g}), t = {column.name} in days; 0 where it is missing"
        for cycle in cycles
        for wave in ("sin", "cos")
    ]
    return [value, *missing, *waves]


def _outputs(net: Network, K: int) -> list[str]:
    last = next((layer for layer in reversed(net.layers) if not layer.passes_through), None)
    kind = next((f", {words}" for end, words in _ENDS.items() if isinstance(last, end)), "")
    target = net.inputs.target if isinstance(net.inputs, Columns) else None
    if target is not None and net.predicts_values:
        names = [each.name for each in net.columns.targets]
        units = "in its own units" if len(names) == 1 else "each in its own units"
        return wrapped(comment(f"y: {', '.join(names)}, {units}."))
    of = f" of {target.name}" if target else ""
    classes = f"; the classes{of} are {', '.join(net.classes)}" if net.classes else ""
    return wrapped(comment(f"y: {K} numbers{kind}{classes}."))
