"""Neuron layers: where the neurons of a network stand in its list of layers, and what each of them
holds for a row.

For people, neurons stand in *neuron layers*: 0 is the input, then hidden layers 1, 2, ..., then the
output. A neuron layer begins with an Affine layer (its weighted sums) and goes on to the next one
(its activations): Affine, BatchNorm, ReLU, Dropout make one. A Residual begins one, too, whose
neurons have activations and no weighted sum of their own. What stands before the first of them
(Flatten, Scale, Standardize, ...) prepares the input: neuron layer 0 is what comes out. A
PeriodicEmbedding there puts more neurons behind those of the inputs.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.chain import Trace
from pellucid.core.composite import Residual
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.errors import InputError, Message
from pellucid.language import say
from pellucid.lens.columns import as_numbers, input_names
from pellucid.network import Network
from pellucid.training.choices import check_network
from pellucid.training.samples import check_finite

BLOCK = 4096
"""Rows that pass through a network at a time, where a trace is needed."""

SHOWN = 32
"""Neurons of a layer, or rows of a list, that a text shows."""


class NeuronLayer(NamedTuple):
    """One neuron layer: its number, how many neurons it has, and where it stands in `net.layers`.

    `layers[first]` is its Affine or Residual, and `layers[:stop]` end with its activations; `last`
    is the number of the last neuron layer. For the input, `first` is 0 and `layers[:stop]` are what
    prepares it.
    """

    number: int
    size: int
    first: int
    stop: int
    affine: Affine | None
    last: int

    @property
    def name(self) -> str:
        """What people call it: input, hidden layer 1, ..., output."""
        if self.number == 0:
            return say("input")
        return (
            say("output")
            if self.number == self.last
            else say("hidden layer {number}", number=self.number)
        )

    def activations(self, trace: Trace) -> Array:
        """Give this layer's activations (N, H) from a trace."""
        y = trace.input_of(self.stop)
        return y.reshape(len(y), -1)

    def weighted_sums(self, trace: Trace) -> Array | None:
        """Give this layer's weighted sums (N, H) from a trace.

        None for the input and for a Residual.
        """
        return None if self.affine is None else trace[self.first]


def neuron_layers(net: Network, inputs: int | None = None) -> list[NeuronLayer]:
    """Give the neuron layers of a network, input first.

    `inputs` is the number of inputs where the layers take any number (a network without weights).

    >>> import pellucid as pl
    >>> net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True)
    >>> [(layer.number, layer.name, layer.size) for layer in neuron_layers(net)]
    [(0, 'input', 784), (1, 'hidden layer 1', 16), (2, 'hidden layer 2', 16), (3, 'output', 10)]
    """
    layers = net.layers
    D = checks.input_width(layers) or inputs or input_count(net)
    widths = [D, *checks.widths(layers, D)]
    starts = [index for index, layer in enumerate(layers) if isinstance(layer, (Affine, Residual))]
    stops = [
        *starts,
        len(layers),
    ]  # each neuron layer ends where the next begins; the input ends at the first
    found = [NeuronLayer(0, widths[stops[0]], 0, stops[0], None, 0)]
    for number, (first, stop) in enumerate(pairwise(stops), 1):
        layer = layers[first]
        found.append(
            NeuronLayer(
                number, widths[stop], first, stop, layer if isinstance(layer, Affine) else None, 0
            )
        )
    return [layer._replace(last=len(found) - 1) for layer in found]


def input_count(net: Network) -> int:
    """Give D, how many inputs a network has; raises InputError where it takes any number."""
    D = checks.input_width(net.layers)
    if D is None:
        raise InputError(
            "this network has no weights, so it takes any number of inputs: give it rows"
        )
    return D


def neuron_layer(net: Network, number: Any, least: int = 0) -> NeuronLayer:
    """Give the neuron layer of that number; -1 is the last.

    Raises InputError where there is none from `least` on.
    """
    found = neuron_layers(net)
    index = _index(number, len(found))
    if index is None or index < least:
        raise InputError(
            "neuron layers go from {least} to {last} (the output); there is no {got} here",
            least=least,
            last=len(found) - 1,
            got=repr(number),
        )
    return found[index]


def check_neuron(layer: NeuronLayer, neuron: Any) -> int:
    """Give a neuron's number within its layer; -1 is the last.

    Raises InputError where there is none.
    """
    index = _index(neuron, layer.size)
    if index is None:
        raise InputError(
            "{layer} has neurons 0 to {last}; there is no {got}",
            layer=layer.name,
            last=layer.size - 1,
            got=repr(neuron),
        )
    return index


def as_rows(net: Any, x: Any) -> Array:
    """Give rows for a network as an array (N, ...) of their own type; a single row or picture may
    come alone.

    A network that learned from a table takes tables. Raises InputError for anything but a network
    with finite numbers, and for rows that do not fit it or hold NaN.
    """
    check_network(net)
    array, D = as_array(as_numbers(net, x)), checks.input_width(net.layers)
    alone = array.ndim == 1 or (
        array.ndim == 2 and D is not None and array.size == D and array.shape[1] != D
    )
    array = array[None] if alone else array
    if array.ndim == 0 or len(array) == 0:
        raise InputError("expected at least one row, got none")
    checks.check_input(net.layers, array)
    checks.check_scaled(net.layers, array)
    check_finite(array, Message("inputs"))
    return array


def one_row(net: Any, x: Any) -> Array:
    """Give one row, (1, ...), in the network's floating type.

    Raises InputError for more than one.
    """
    rows = as_rows(net, x)
    if len(rows) != 1:
        raise InputError("expected one row, got {N}: choose one by x[i]", N=len(rows))
    return checks.as_input(net.layers, rows)


def traces(
    layers: Sequence[Layer], x: Array, block: int | None = None
) -> Iterator[tuple[int, Trace]]:
    """Pass rows through layers block by block.

    Give the number of the first row of each block, and its trace.
    """
    block = BLOCK if block is None else block
    for start in range(0, len(x), block):
        yield (
            start,
            chain.forward(
                layers, np.ascontiguousarray(x[start : start + block], checks.dtype_of(layers))
            ),
        )


def picture_shape(net: Network, shape: Any = None) -> tuple[int, int] | None:
    """Give height and width of the network's pictures: as said, else as `net.inputs` says, else 28
    x 28 for 784.

    None where its inputs are no pictures. Raises InputError for a shape of another number of
    pixels.
    """
    D = input_count(net)
    known = (net.inputs or {}).get("shape")
    chosen = (
        shape if shape is not None else known if known is not None and len(known) == 2 else None
    )
    if chosen is None:
        return (28, 28) if D == 784 and not known else None
    try:
        height, width = map(operator.index, chosen)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or height * width != D:
        raise InputError("expected (height, width) of {D} pixels, got {got}", D=D, got=repr(chosen))
    return height, width


def reads_digits(net: Network) -> bool:
    """Tell whether a network takes MNIST's pictures and answers with ten digits."""
    if checks.input_width(net.layers) is None or neuron_layers(net)[-1].size != 10:
        return False
    return picture_shape(net) == (28, 28) and net.classes in (
        None,
        [str(digit) for digit in range(10)],
    )


def neuron_label(net: Network, layer: NeuronLayer, neuron: int) -> str:
    """Give what to call a neuron.

    Its class or column in the output, its column in a table's input, else its number.
    """
    return neuron_labels(net, layer)[neuron]


def neuron_labels(net: Network, layer: NeuronLayer) -> list[str]:
    """Give what to call each neuron of a layer (see `neuron_label`)."""
    if layer.number == 0:
        names = input_names(net)
        for embedding in (
            each for each in net.layers[: layer.stop] if isinstance(each, PeriodicEmbedding)
        ):
            waves = [range(1, embedding.b.shape[2] + 1)] * len(embedding.b)
            columns = np.flatnonzero(embedding.embedded)
            names += [
                f"{names[i]}: cos {k}" for i, own in zip(columns, waves, strict=True) for k in own
            ]
        return names if len(names) == layer.size else [str(j) for j in range(layer.size)]
    target = (net.inputs or {}).get("target") or {}
    if layer.number == layer.last and layer.size == 1 and target.get("kind") == "values":
        return [str(target["name"])]
    named = layer.number == layer.last and layer.size > 1
    return [net.label(j) if named else str(j) for j in range(layer.size)]


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give named values with arrays as lists, as JSON can hold them."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }


class LayerValues(NamedTuple):
    """What the neurons of one layer hold for a row.

    `weighted_sums` and `activations` are (H,); `biases` (H,) are zeros for an Affine layer without;
    weighted sums and biases are None for the input and for a Residual. `labels` are what the
    neurons are called.
    """

    number: int
    name: str
    weighted_sums: Array | None
    biases: Array | None
    activations: Array
    labels: list[str]


class TraceTable:
    """What every neuron holds for one row: `layers` is a list of `LayerValues`, input first.

    `print` it, too.
    """

    def __init__(self, layers: list[LayerValues]) -> None:
        self.layers = layers

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return {"layers": [plain(layer._asdict()) for layer in self.layers]}

    def table(self, number: int, most: int | None = None) -> str:
        """Set one neuron layer as text, its first `most` neurons (all for None)."""
        layer = self.layers[number]
        heads = [say("neuron"), say("weighted sum"), say("of it bias"), say("activation")]
        count = len(layer.labels) if most is None else min(most, len(layer.labels))
        lines = [
            [
                layer.labels[j],
                *(
                    _cell(values, j)
                    for values in (layer.weighted_sums, layer.biases, layer.activations)
                ),
            ]
            for j in range(count)
        ]
        text = table([heads, *lines], total=False)
        if count < len(layer.labels):
            text += "\n" + say("and {count:,} more", count=len(layer.labels) - count)
        return text

    def __str__(self) -> str:
        first = self.layers[0]
        active = say(
            "{active:,} of {size:,} neurons are not 0",
            active=int(np.count_nonzero(first.activations)),
            size=len(first.activations),
        )
        parts = [
            f"{layer.number} {layer.name}\n{self.table(layer.number, SHOWN)}"
            for layer in self.layers[1:]
        ]
        return "\n\n".join([f"0 {first.name}: {active}", *parts])

    __repr__ = __str__


def trace_table(net: Network, x: Any) -> TraceTable:
    """Give weighted sum, bias and activation of every neuron for one row x, (D,), (1, D) or one
    picture.

    The weighted sum holds the bias: z = x W + b. Normalisation, where there is some, stands between
    it and the activation. Raises InputError for more than one row and for a row that does not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [2.0]], [-10.0]), pl.ReLU()])
    >>> print(trace_table(net, [4.0, 4.0]))
    0 input: 2 of 2 neurons are not 0
    <BLANKLINE>
    1 output
    neuron  weighted sum  of it bias  activation
    --------------------------------------------
    0             2.0000    -10.0000      2.0000
    """
    row = one_row(net, x)
    trace = chain.forward(net.layers, row)
    found = []
    for layer in neuron_layers(net, math.prod(row.shape[1:])):
        z = layer.weighted_sums(trace)
        b = None if layer.affine is None else layer.affine.b
        found.append(
            LayerValues(
                number=layer.number,
                name=layer.name,
                weighted_sums=None if z is None else z[0],
                biases=None
                if layer.affine is None
                else np.zeros(layer.size, row.dtype)
                if b is None
                else b.copy(),
                activations=layer.activations(trace)[0],
                labels=neuron_labels(net, layer),
            )
        )
    return TraceTable(found)


def _index(number: Any, size: int) -> int | None:
    try:
        index = operator.index(number)
    except TypeError:
        return None
    return index % size if -size <= index < size and not isinstance(number, bool) else None


def _cell(values: Array | None, j: int) -> str:
    return "-" if values is None else f"{values[j]:.4f}"
