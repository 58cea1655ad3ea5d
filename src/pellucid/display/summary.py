"""Counts of a network: parameters, multiplications and bytes of each layer, as text and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pellucid.core import checks
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.display import blocks, diagram
from pellucid.display.text_table import table
from pellucid.language import say

_MOST_COLUMNS = 24  # of neurons: the width of a diagram in a notebook
_MOST_CLASSES = 12


class LayerCounts(NamedTuple):
    """One layer's counts; `inputs` and `outputs` are None where any number fits."""

    name: str
    inputs: int | None
    outputs: int | None
    parameters: int
    multiply_adds: int
    bytes: int
    frozen: bool


class Summary:
    """The counts of a network, layer by layer; print it, or use `rows`, the totals or `to_dict()`.

    Attributes
    ----------
    rows
        `LayerCounts` of each layer.
    has_neurons
        For each layer whether it makes neurons: it has a matrix of weights, or inner layers.
    parameters, multiply_adds, bytes
        Totals; multiply-adds are those of matrix products for one row.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.rows = _rows(layers)
        self.has_neurons = [
            bool(layer.inner) or any(array.ndim == 2 for array in layer.params) for layer in layers
        ]
        self.parameters = sum(row.parameters for row in self.rows)
        self.multiply_adds = sum(row.multiply_adds for row in self.rows)
        self.bytes = sum(row.bytes for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all counts as plain lists and numbers."""
        totals = {name: getattr(self, name) for name in ("parameters", "multiply_adds", "bytes")}
        return {**totals, "layers": [row._asdict() for row in self.rows]}

    def lines(self) -> list[list[str]]:
        """Return the table as cells: the heads, a line for each layer, the totals."""
        heads = [say("layer"), say("inputs"), say("outputs"), say("parameters")]
        heads += [say("multiply-adds"), say("bytes")]
        lines = [[_name(n, row), *map(_cell, row[1:6])] for n, row in enumerate(self.rows)]
        totals = [_cell(n) for n in (self.parameters, self.multiply_adds, self.bytes)]
        return [heads, *lines, [say("total"), "", "", *totals]]

    def __str__(self) -> str:
        return table(self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return blocks.frame(blocks.table(self.lines(), total=True))


def network_html(summary: Summary, classes: Sequence[str] | None) -> str:
    """Return a network as HTML: its neurons layer by layer, its classes, its counts to unfold."""
    head = say("{count:,} parameters", count=summary.parameters)
    parts = [blocks.paragraph(f"Network: {head}")]
    if columns := _neuron_columns(summary):
        parts.append(diagram.network(columns, head))
    if classes is not None:
        names = [name if len(name) <= 40 else f"{name[:39]}…" for name in classes[:_MOST_CLASSES]]
        more = "" if len(classes) <= _MOST_CLASSES else " …"
        parts.append(blocks.paragraph(say("classes: {names}", names=", ".join(names) + more)))
    counts = blocks.table(summary.lines(), total=True)
    return blocks.frame(*parts, blocks.details(say("layer by layer"), counts))


def code_line(layer: Layer, row: LayerCounts) -> str:
    """Return a layer's line in the repr of a network: its code, and its shapes in a comment."""
    code = f"{layer!r},"
    notes = []
    if row.parameters:
        weights = layer.__dict__.get("W")
        shape = "" if weights is None else f", W {weights.shape}"
        notes.append(f"{row.inputs} -> {row.outputs}: {row.parameters:,}{shape}")
    if row.frozen:
        notes.append(say("frozen"))
    return f"    {code:<24}  # {', '.join(notes)}" if notes else f"    {code}"


def _rows(layers: Sequence[Layer]) -> list[LayerCounts]:
    D = checks.input_width(layers)
    rows = []
    for layer in layers:
        name, H = type(layer).__name__, None if D is None else layer.output_width(D)
        parameters = sum(array.size for array in layer.params)
        products = 0 if D is None else _multiply_adds(layer)
        size = sum(array.nbytes for array in layer.arrays().values())
        rows.append(LayerCounts(name, D, H, parameters, products, size, layer.frozen))
        D = H
    return rows


def _multiply_adds(layer: Layer) -> int:
    """Return how many multiplications with addition one row costs in matrix products."""
    if layer.inner:
        return sum(map(_multiply_adds, layer.inner))
    if isinstance(layer, CategoryEmbedding):  # looked up, not multiplied
        return 0
    if isinstance(layer, PeriodicEmbedding):  # a product of E small matrices, W (E, F, K)
        return int(layer.frequency.size + layer.W.size)
    return sum(array.size for array in layer.params if array.ndim == 2)


def _name(index: int, row: LayerCounts) -> str:
    return f"{index} {row.name} ({say('frozen')})" if row.frozen else f"{index} {row.name}"


def _cell(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _neuron_columns(summary: Summary) -> list[diagram.Column]:
    """Return a column for the input, and one for each layer that makes neurons, with its layers."""
    if not summary.rows or summary.rows[0].inputs is None:
        return []
    found: list[tuple[int, list[str]]] = [(summary.rows[0].inputs, [])]
    for row, has_neurons in zip(summary.rows, summary.has_neurons, strict=True):
        if has_neurons:
            found.append((row.outputs or 0, []))
        found[-1] = (row.outputs or found[-1][0], [*found[-1][1], row.name])
    hidden = [say("hidden layer {number}", number=n) for n in range(1, len(found) - 1)]
    names = [say("input"), *hidden, say("output")]
    pairs = zip(names, found, strict=False)
    columns = [diagram.Column(name, size, layers) for name, (size, layers) in pairs]
    # Of a very deep network the last column stays: it has the outputs.
    if len(columns) > _MOST_COLUMNS:
        last = columns[-1]
        columns = [*columns[: _MOST_COLUMNS - 1], diagram.Column("…", last.size, last.layers)]
    return columns
