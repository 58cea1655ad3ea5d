"""What the header's comment says of a network: its layers, what goes in and what comes out.

English, as C itself is.
"""

from __future__ import annotations

import textwrap
from typing import Any

from pellucid.core import checks
from pellucid.core.layers import Affine, Exponential, Sigmoid, Softmax
from pellucid.data.tables.kinds import Column, NumberColumn
from pellucid.exchange.c.literals import comment
from pellucid.language import speaking
from pellucid.network import Network

_ENDS = {
    Softmax: "probabilities that sum to 1",
    Sigmoid: "each from 0 to 1 by itself",
    Exponential: "rates above 0",
    Affine: "weighted sums",
}


def about(net: Network, D: int, K: int, in_int8: list[str], takes_bytes: bool) -> list[str]:
    """Describe a network of D inputs and K outputs.

    `in_int8` are the places of layers whose weights are int8.
    """
    lines = [
        f"{net.parameter_count:,} parameters, {D} inputs, {K} outputs; it computes in float32.",
        "",
    ]
    rows = net.summary().rows
    width = max(len(row.name) for row in rows)
    for index, (layer, row) in enumerate(zip(net.layers, rows, strict=True)):
        sizes = f"{row.inputs} -> {row.outputs}" if row.parameters else ""
        lines.append(
            comment(
                f"{index:>4}  {row.name:<{width}}  {sizes:<14}{_settings(layer.options())}"
            ).rstrip()
        )
    if net.dtype != "float32":
        lines += [
            "",
            *wrapped(
                "The network itself computes in float64: the numbers were rounded to float32."
            ),
        ]
    if in_int8:
        lines += [
            "",
            *wrapped(_INT8.format(layers=", ".join(place.replace("_", ".") for place in in_int8))),
        ]
    return [*lines, "", *_inputs(net, D, takes_bytes), "", *_outputs(net, K), ""]


def wrapped(text: str) -> list[str]:
    """Break a text into lines."""
    return textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)


_INT8 = (
    "int8: the weights of layer {layers} are whole numbers of 8 bits, with a step for each "
    "output. What goes into such "
    "a layer is rounded to 256 levels, whose range calibration rows chose (beyond it, and for "
    "NaN, its end is taken); "
    "sums are exact in 32 bits. Biases, activations and all other layers are float32."
)


def _settings(options: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value}" for name, value in options.items() if not isinstance(value, (list, dict))
    )


def _inputs(net: Network, D: int, takes_bytes: bool) -> list[str]:
    inputs = net.inputs or {}
    if inputs.get("kind") == "table":
        with speaking("en"):
            columns = net.columns
            lines = [line for column in columns.columns for line in _column(column)]
        numbered = (comment(f"    x[{index}]  {line}") for index, line in enumerate(lines))
        return [
            *wrapped(
                f"x: the {D} numbers of a row of the table, in their own units (1 is yes, 0 is no):"
            ),
            *numbered,
        ]
    shape = inputs.get("shape")
    what = f"a picture of {' x '.join(map(str, shape))}, line by line" if shape else f"{D} numbers"
    factor = checks.byte_factor(net.layers)
    scale = "" if factor is None else f", from 0 to {round(1 / factor)} (the network scales them)"
    both = "; as float, or as bytes" if takes_bytes else ""
    return wrapped(comment(f"x: {what}{scale}{both}."))


def _column(column: Column) -> list[str]:
    """Say of each number that a column becomes what it is."""
    if isinstance(column, NumberColumn):
        less = f" less {column.offset:g}" if column.offset else ""
        filled = f"{column.mean - column.offset:.9g} where it is missing"
        return [
            f"{column.name}{less}; {filled}",
            *([f"whether {column.name} is missing"] if column.missing else []),
        ]
    own = [f"whether {column.name} is {category}" for category in column.categories]
    return [*own, *([f"whether {column.name} is missing"] if column.missing else [])]


def _outputs(net: Network, K: int) -> list[str]:
    last = next((layer for layer in reversed(net.layers) if not layer.passes_through), None)
    kind = next((f", {words}" for end, words in _ENDS.items() if isinstance(last, end)), "")
    target = (net.inputs or {}).get("target") or {}
    if target.get("kind") == "values":
        return wrapped(comment(f"y: {target['name']}, in its own units."))
    of = f" of {target['name']}" if target else ""
    classes = f"; the classes{of} are {', '.join(net.classes)}" if net.classes else ""
    return wrapped(comment(f"y: {K} numbers{kind}{classes}."))
