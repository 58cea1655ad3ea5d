"""Neuron layers: which of a network's layers make up one layer of neurons, and their values.

For people, a network is *neuron layers*: 0 is the input, then hidden layers 1, 2, ..., then the
output. In code, a neuron layer begins at an Affine (its pre-activations z) and ends before the
next one (its activations): Affine, BatchNorm, ReLU, Dropout make one neuron layer. A Residual
and Members begin one as well; its neurons have activations and no pre-activation of their own (and
the neurons within members are those of `net.members`). The layers before the first of these
(Flatten, Scale, Standardize, ...) prepare the input, and neuron layer 0 is their output. A
PeriodicEmbedding there appends its own neurons to the inputs.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, SupportsIndex

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.chain import Trace
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.types import Array
from pellucid.data.inputs import Images
from pellucid.display.text_table import table
from pellucid.errors import InputError, Message
from pellucid.language import say
from pellucid.lens.input_columns import RowsLike, as_numbers, input_names
from pellucid.lens.report import Report
from pellucid.network import Network
from pellucid.training.choices import check_network

BLOCK = 4096
"""Rows per forward pass where a trace is needed: a trace keeps every layer's output in memory."""

SHOWN = 32
"""Neurons of a layer, or rows of a list, that a text shows."""


class NeuronLayer(NamedTuple):
    """One neuron layer: its number, its size, and its place in `net.layers`.

    `layers[first]` is its Affine, Residual or Members, `layers[:stop]` end with its activations,
    and `last` is the number of the output. For the input, `first` is 0 and `layers[:stop]` prepare
    it.
    """

    number: int
    size: int
    first: int
    stop: int
    affine: Affine | None
    last: int

    @property
    def name(self) -> str:
        """The name for people: input, hidden layer 1, ..., output."""
        if self.number == 0:
            return say("input")
        if self.number == self.last:
            return say("output")
        return say("hidden layer {number}", number=self.number)

    def activations(self, trace: Trace) -> Array:
        """Return this layer's activations (N, H) from a trace."""
        y = trace.input_of(self.stop)
        return y.reshape(len(y), -1)

    def weighted_sums(self, trace: Trace) -> Array | None:
        """Return this layer's pre-activations z (N, H); None without an Affine."""
        return None if self.affine is None else trace[self.first]


def neuron_layers(net: Network, inputs: int | None = None) -> list[NeuronLayer]:
    """Return the neuron layers of a network, input first.

    `inputs` is the number of inputs, for networks without weights, which take any number.

    >>> import pellucid as pl
    >>> net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True)
    >>> [(layer.number, layer.name, layer.size) for layer in neuron_layers(net)]
    [(0, 'input', 784), (1, 'hidden layer 1', 16), (2, 'hidden layer 2', 16), (3, 'output', 10)]
    """
    layers = net.layers
    # A network without weights has no width of its own; its rows have one.
    D = checks.input_width(layers) or inputs or input_count(net)
    widths = [D, *checks.widths(layers, D)]
    starts = [
        index for index, layer in enumerate(layers) if isinstance(layer, Affine) or layer.inner
    ]
    # Each neuron layer ends where the next begins; the input ends where the first begins.
    stops, last = [*starts, len(layers)], len(starts)
    found = [NeuronLayer(0, widths[stops[0]], 0, stops[0], None, last)]
    for number, (first, stop) in enumerate(pairwise(stops), 1):
        layer = layers[first]
        affine = layer if isinstance(layer, Affine) else None
        found.append(NeuronLayer(number, widths[stop], first, stop, affine, last))
    return found


def input_count(net: Network) -> int:
    """Return D, the number of inputs; raise InputError where a network takes any number."""
    D = checks.input_width(net.layers)
    if D is None:
        raise InputError("a network without weights takes any number of inputs: pass rows")
    return D


def neuron_layer(net: Network, number: SupportsIndex, least: int = 0) -> NeuronLayer:
    """Return the neuron layer of that number; -1 is the last.

    Raises InputError for numbers outside `least` to the last.
    """
    found = neuron_layers(net)
    index = _index(number, len(found))
    # The input has no weights: some questions begin at layer 1.
    if index is None or index < least:
        template = "neuron layers go from {least} to {last} (the output); there is no {got}"
        raise InputError(template, least=least, last=len(found) - 1, got=repr(number))
    return found[index]


def check_neuron(layer: NeuronLayer, neuron: SupportsIndex) -> int:
    """Return a neuron's index in its layer; -1 is the last. Raises InputError outside it."""
    index = _index(neuron, layer.size)
    if index is None:
        template = "{layer} has neurons 0 to {last}; there is no {got}"
        raise InputError(template, layer=layer.name, last=layer.size - 1, got=repr(neuron))
    return index


def as_rows(net: Network, x: RowsLike) -> Array:
    """Return rows for a network as an array (N, ...) of their own type; one row may come alone.

    A network that was trained on a table takes tables. Raises InputError for a network with
    numbers that are not finite, and for rows that do not fit it or hold NaN.
    """
    check_network(net)
    array, D = as_array(as_numbers(net, x)), checks.input_width(net.layers)
    # (28, 28) for 784 inputs is one image; (5, 784) is five rows.
    image = array.ndim == 2 and D is not None and array.size == D != array.shape[1]
    array = array[None] if array.ndim == 1 or image else array
    if array.ndim == 0 or len(array) == 0:
        raise InputError("expected at least one row, got none")
    checks.check_input(net.layers, array)
    checks.check_scaled(net.layers, array)
    checks.check_finite(array, Message("inputs"), net.dtype)
    return array


def one_row(net: Network, x: RowsLike) -> Array:
    """Return one row, (1, ...), in the network's dtype; raise InputError for more than one."""
    rows = as_rows(net, x)
    # Explaining the first of many rows would go unnoticed.
    if len(rows) != 1:
        raise InputError("expected one row, got {N}: select one with x[i]", N=len(rows))
    return checks.as_input(net.layers, rows)


reports_overflow = np.errstate(over="ignore", invalid="ignore")
"""Decorator: silences NumPy in a function that raises InputError through `check_overflow`."""


def check_overflow(net: Network, *arrays: Array | None) -> None:
    """Raise InputError where values computed inside a network are infinite or NaN.

    Weights near the largest float32, 3.4e38, are finite themselves and overflow in the first
    product; an explanation of infinities would be meaningless.
    """
    if all(array is None or np.isfinite(array).all() for array in arrays):
        return
    largest = max((float(np.abs(p).max(initial=0)) for p in net.params), default=0.0)
    template = (
        "values inside this network overflow {dtype}, so they cannot be explained; its largest "
        "weight is {largest:.3g}: train it again with a smaller learning rate"
    )
    raise InputError(template, dtype=net.dtype, largest=largest)


def traces(
    layers: Sequence[Layer], x: Array, block: int | None = None
) -> Iterator[tuple[int, Trace]]:
    """Run rows through layers in blocks; yield each block's first row index and its trace."""
    block, dtype = BLOCK if block is None else block, checks.dtype_of(layers)
    for start in range(0, len(x), block):
        yield start, chain.forward(layers, np.ascontiguousarray(x[start : start + block], dtype))


def image_shape(net: Network, shape: Sequence[int] | None = None) -> tuple[int, int] | None:
    """Return height and width of the network's images, or None where inputs are not images.

    `shape` comes first, then `net.inputs`, then 28 x 28 for 784 inputs. Raises InputError for a
    shape of another number of pixels.
    """
    D = input_count(net)
    known = net.inputs.shape if isinstance(net.inputs, Images) else None
    # The caller's shape wins: a file may describe its images wrongly.
    chosen = known if shape is None else shape
    if chosen is None:
        return (28, 28) if D == 784 else None
    try:
        height, width = map(operator.index, chosen)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or height * width != D:
        raise InputError("expected (height, width) of {D} pixels, got {got}", D=D, got=repr(chosen))
    return height, width


def reads_digits(net: Network) -> bool:
    """Return whether a network classifies MNIST's images: 28 x 28 pixels into digits 0 to 9."""
    if checks.input_width(net.layers) is None or neuron_layers(net)[-1].size != 10:
        return False
    digits = [str(digit) for digit in range(10)]
    return image_shape(net) == (28, 28) and net.classes in (None, digits)


def neuron_label(net: Network, layer: NeuronLayer, neuron: int) -> str:
    """Return a neuron's label: its class or column in the output or input, else its index."""
    return neuron_labels(net, layer)[neuron]


def neuron_labels(net: Network, layer: NeuronLayer) -> list[str]:
    """Return the label of each neuron of a layer (see `neuron_label`)."""
    if layer.number == 0:
        return _input_labels(net, layer)
    # A single output has no class of its own: it is a value, or the chance of class 1.
    if layer.number == layer.last and net.predicts_values:
        names = [target.name for target in net.columns.targets]
        if len(names) == layer.size:
            return names
    named = layer.number == layer.last and layer.size > 1
    return [net.label(j) if named else str(j) for j in range(layer.size)]


def _input_labels(net: Network, layer: NeuronLayer) -> list[str]:
    # An embedding of categories puts their numbers behind the other columns, one of numbers appends
    # cosines in the order of its frequencies.
    names = input_names(net)
    for embedding in net.layers[: layer.stop]:
        if isinstance(embedding, CategoryEmbedding):
            kept, columns = np.flatnonzero(embedding.sizes == 0), np.flatnonzero(embedding.sizes)
            numbers = range(1, embedding.W.shape[1] + 1)
            own = [f"{names[i]}: {k}" for i in columns for k in numbers]
            names = [*(names[i] for i in kept), *own]
        elif isinstance(embedding, PeriodicEmbedding):
            waves = range(1, embedding.b.shape[2] + 1)
            columns = np.flatnonzero(embedding.embedded)
            names += [f"{names[i]}: cos {k}" for i in columns for k in waves]
    return names if len(names) == layer.size else [str(j) for j in range(layer.size)]


class LayerValues(NamedTuple):
    """The values of one layer's neurons for a row.

    `weighted_sums` (pre-activations) and `activations` are (H,); `biases` (H,) are zeros for an
    Affine without. Weighted sums and biases are None for the input and for a Residual. `labels`
    name the neurons.
    """

    number: int
    name: str
    weighted_sums: Array | None
    biases: Array | None
    activations: Array
    labels: list[str]


@dataclass(eq=False, repr=False)
class TraceTable(Report):
    """The values of every neuron for one row: `layers`, a list of `LayerValues`, input first.

    Print it to read it.
    """

    layers: list[LayerValues]

    def table(self, number: int, most: int | None = None) -> str:
        """Return one neuron layer as text: its first `most` neurons, or all for None."""
        layer = self.layers[number]
        heads = [say("neuron"), say("weighted sum"), say("of it bias"), say("activation")]
        columns = (layer.weighted_sums, layer.biases, layer.activations)
        lines = [
            [label, *("-" if values is None else f"{values[j]:.4f}" for values in columns)]
            for j, label in enumerate(layer.labels[:most])
        ]
        text = table([heads, *lines], total=False)
        left = len(layer.labels) - len(lines)
        return text if not left else f"{text}\n" + say("and {count:,} more", count=left)

    def __str__(self) -> str:
        first, *rest = self.layers
        # An image has hundreds of inputs: their count says more than their list.
        active, size = int(np.count_nonzero(first.activations)), len(first.activations)
        counts = say("{active:,} of {size:,} neurons are not 0", active=active, size=size)
        parts = [f"{one.number} {one.name}\n{self.table(one.number, SHOWN)}" for one in rest]
        return "\n\n".join([f"0 {first.name}: {counts}", *parts])


@reports_overflow
def trace_table(net: Network, x: RowsLike) -> TraceTable:
    """Return pre-activation, bias and activation of every neuron for one row x.

    x is (D,), (1, D) or one image. The pre-activation includes the bias: z = x W + b; any
    normalization comes between it and the activation. Raises InputError for more than one row, a
    row that does not fit, and values that overflow.

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
        z, y, biases = layer.weighted_sums(trace), layer.activations(trace), layer_biases(layer)
        check_overflow(net, z, y)
        labels, sums = neuron_labels(net, layer), None if z is None else z[0]
        found.append(LayerValues(layer.number, layer.name, sums, biases, y[0], labels))
    return TraceTable(found)


def layer_biases(layer: NeuronLayer) -> Array | None:
    """Return a copy of a layer's biases, (H,): zeros without any, None without an Affine."""
    if layer.affine is None:
        return None
    W, b = layer.affine.W, layer.affine.b
    return np.zeros(layer.size, W.dtype) if b is None else b.copy()


def _index(number: SupportsIndex, size: int) -> int | None:
    try:
        index = operator.index(number)
    except TypeError:
        return None
    # True and False are indices for Python; as the number of a neuron they are a mistake.
    return index % size if -size <= index < size and not isinstance(number, bool) else None
