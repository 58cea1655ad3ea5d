"""Counting: how many parameters, multiplications and bytes each layer has.

Nothing is run, nothing is changed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from pellucid.core import chain
from pellucid.core.layer import Layer
from pellucid.core.table import table
from pellucid.language import say


class Row(NamedTuple):
    """One layer's counts; `inputs` and `outputs` are None where any number fits."""

    name: str
    inputs: int | None
    outputs: int | None
    parameters: int
    multiply_adds: int
    bytes: int
    frozen: bool


class Summary:
    """The counts of a network, layer by layer. `print` it, or take `rows`, the totals, or
    `to_dict()`.

    `weighs` tells of each layer whether neurons begin there: it has a matrix of weights, or holds
    layers of its own.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.rows = _rows(layers)
        self.weighs = [
            bool(layer.inner) or any(array.ndim == 2 for array in layer.params) for layer in layers
        ]
        self.parameters = sum(row.parameters for row in self.rows)
        self.multiply_adds = sum(row.multiply_adds for row in self.rows)
        self.bytes = sum(row.bytes for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Give all counts as plain lists and numbers."""
        return {
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "bytes": self.bytes,
            "layers": [row._asdict() for row in self.rows],
        }

    def lines(self) -> list[list[str]]:
        """Give the table as cells: the head, a line for each layer, the totals."""
        heads = [
            say("layer"),
            say("inputs"),
            say("outputs"),
            say("parameters"),
            say("multiply-adds"),
            say("bytes"),
        ]
        lines = [
            [_name(index, row), *(_cell(value) for value in row[1:6])]
            for index, row in enumerate(self.rows)
        ]
        total = [
            say("total"),
            "",
            "",
            *(_cell(n) for n in (self.parameters, self.multiply_adds, self.bytes)),
        ]
        return [heads, *lines, total]

    def __str__(self) -> str:
        return table(self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from pellucid.core import notebook

        return notebook.of_summary(self)


def _rows(layers: Sequence[Layer]) -> list[Row]:
    D = chain.input_width(layers)
    rows = []
    for layer in layers:
        H = None if D is None else layer.width(D)
        rows.append(
            Row(
                name=type(layer).__name__,
                inputs=D,
                outputs=H,
                parameters=sum(math.prod(array.shape) for array in layer.params),
                multiply_adds=0 if D is None else layer.multiply_adds(D),
                bytes=sum(array.nbytes for array in layer.arrays().values()),
                frozen=layer.frozen,
            )
        )
        D = H
    return rows


def _name(index: int, row: Row) -> str:
    return f"{index} {row.name} ({say('frozen')})" if row.frozen else f"{index} {row.name}"


def _cell(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def code_line(layer: Layer, row: Row) -> str:
    """Write a layer's line of the network's code, with what there is to know of it in a comment."""
    code = f"{layer!r},"
    notes = []
    if row.parameters:
        weights = layer.__dict__.get("W")
        shape = "" if weights is None else f", W {weights.shape}"
        notes.append(f"{row.inputs} -> {row.outputs}: {row.parameters:,}{shape}")
    if row.frozen:
        notes.append(say("frozen"))
    return f"    {code:<24}  # {', '.join(notes)}" if notes else f"    {code}"
