"""Why a neuron holds what it holds.

What each of its inputs gives to its weighted sum, and what each pixel does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.preparation import Flatten, Standardize
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.columns import input_names
from pellucid.lens.neurons import (
    BLOCK,
    SHOWN,
    NeuronLayer,
    as_rows,
    check_neuron,
    neuron_label,
    neuron_labels,
    neuron_layer,
    one_row,
    plain,
)
from pellucid.network import Network

STEPS, MOST_STEPS = 50, 3200
"""Points on the way from the baseline to the input.

Captum's default, and the most that are taken to close the gap.
"""

CLOSED = 0.005
"""Relative gap up to which no more points are taken."""


class Contributions:
    """What each input gives to one neuron's weighted sum: `values` and `bias` add up to it.

    Attributes
    ----------
    layer, neuron, label
        Which neuron: the number of its neuron layer, its own, and what it is called.
    names, inputs, weights, values
        (D,) each: what the neurons of the layer before are called, what they hold, the weights on
        them, and the products (float64).
    bias
        The neuron's bias; 0 where it has none.
    weighted_sum, activation
        What the network itself computed, in its own floating type.
    """

    def __init__(
        self,
        layer: NeuronLayer,
        neuron: int,
        label: str,
        names: list[str],
        inputs: Array,
        sums: tuple[float, float],
    ) -> None:
        assert layer.affine is not None
        self.layer, self.neuron, self.label = layer.number, neuron, label
        self.name, self.names = layer.name, names
        self.inputs = inputs.astype(np.float64)
        self.weights = layer.affine.W[:, neuron].astype(np.float64)
        self.values = self.inputs * self.weights
        self.bias = 0.0 if layer.affine.b is None else float(layer.affine.b[neuron])
        self.weighted_sum, self.activation = sums

    def strongest(self, count: int = 10) -> Array:
        """Give the numbers of the `count` inputs that give most, by size, the strongest first."""
        return np.argsort(-np.abs(self.values), kind="stable")[:count]

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return plain(vars(self))

    def __str__(self) -> str:
        shown = self.strongest()
        heads = [say("input neuron"), say("value"), say("weight"), say("contribution")]
        lines = [
            [
                self.names[i],
                *(f"{number[i]:.4f}" for number in (self.inputs, self.weights, self.values)),
            ]
            for i in shown.tolist()
        ]
        if len(shown) < len(self.values):
            rest = math.fsum(self.values) - math.fsum(self.values[shown])
            lines.append(
                [
                    say("{count:,} others", count=len(self.values) - len(shown)),
                    "",
                    "",
                    f"{rest:.4f}",
                ]
            )
        lines.append([say("bias"), "", "", f"{self.bias:.4f}"])
        total = [say("weighted sum"), "", "", f"{self.weighted_sum:.4f}"]
        head = say(
            "{layer}, neuron {neuron}: activation {activation:.4f}",
            layer=self.name,
            neuron=self.label,
            activation=self.activation,
        )
        return f"{head}\n{table([heads, *lines, total])}"

    __repr__ = __str__


def contributions(
    net: Network, x: Any, layer: int = -1, neuron: int | None = None
) -> Contributions:
    """Split a neuron's weighted sum for one row x into what each input gives: z = sum_i x_i W_i +
    b.

    The inputs are the neurons of the layer before. Products are float64: for a float64 network they
    and the bias add up to its weighted sum within 1e-12 of the sum of their magnitudes, for float32
    to what its own rounding leaves.

    Parameters
    ----------
    x
        One row, (D,) or (1, D), or one picture.
    layer
        The number of the neuron layer: 1 is the first hidden layer, -1 the output (default).
    neuron
        The neuron's number; None (default) for the answer's neuron in the output.

    Raises InputError for neurons that do not exist or have no weighted sum (the input, a Residual).

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [2.0]], [-10.0]), pl.ReLU()])
    >>> why = contributions(net, [4.0, 4.0])
    >>> why.values, why.bias, why.weighted_sum
    (array([4., 8.]), -10.0, 2.0)
    """
    row = one_row(net, x)
    place = neuron_layer(net, layer, least=1)
    if place.affine is None:
        raise InputError(
            "the neurons of {layer} have no weighted sum of their own (a Residual adds its input "
            "to what its "
            "layers give): see integrated_gradients",
            layer=place.name,
        )
    trace = chain.forward(net.layers, row)
    chosen = int(chosen_neurons(net, place, neuron, row)[0])
    sums = trace[place.first][0, chosen], place.activations(trace)[0, chosen]
    return Contributions(
        place,
        chosen,
        neuron_label(net, place, chosen),
        neuron_labels(net, neuron_layer(net, place.number - 1)),
        trace.input_of(place.first)[0],
        (float(sums[0]), float(sums[1])),
    )


class IntegratedGradients:
    """What each input adds to a neuron on the way from a baseline: `values` add up to the change,
    but for the `gap`.

    Attributes
    ----------
    layer, neurons, of
        The number of the neuron layer, the neuron explained in each row (N,), and of which of its
        numbers: "activation" or "weighted_sum".
    labels
        What each row's neuron is called: its class in the output, else its number.
    values, names
        In the shape of x: what each input adds; and what the D inputs are called.
    baseline
        Where the way begins, of one row's shape.
    at_input, at_baseline
        (N,): the neuron's number at x and at the baseline.
    gap, relative_gap
        (N,): the sum of `values` less the change (completeness gap), and its size as a share of the
        change's size (0 where nothing changes).
    steps
        (N,): how many points on the way were looked at.
    """

    def __init__(
        self,
        place: NeuronLayer,
        neurons: Array,
        labels: list[str],
        of: str,
        steps: Array,
        names: list[str],
        baseline: Array,
        values: Array,
        ends: Array,
    ) -> None:
        self.layer, self.neurons, self.of, self.steps = place.number, neurons, of, steps
        self.name, self.names, self.labels = place.name, names, labels
        self.values, self.baseline = values, baseline
        self.at_input, self.at_baseline = ends
        self.gap, self.relative_gap = _gaps(values, ends)

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return plain(vars(self))

    def __str__(self) -> str:
        heads = [
            say("row"),
            say("neuron"),
            say("at the baseline"),
            say("at the input"),
            say("completeness gap"),
            say("steps"),
        ]
        lines = [
            [
                str(row),
                str(self.neurons[row]),
                f"{self.at_baseline[row]:.4f}",
                f"{self.at_input[row]:.4f}",
                f"{self.relative_gap[row]:.2%}",
                str(self.steps[row]),
            ]
            for row in range(min(len(self.gap), SHOWN))
        ]
        head = say("integrated gradients of {layer}", layer=self.name)
        return f"{head}\n{table([heads, *lines], total=False)}"

    __repr__ = __str__


def integrated_gradients(
    net: Network,
    x: Any,
    layer: int = -1,
    neuron: int | None = None,
    *,
    of: str = "activation",
    baseline: Any = None,
    steps: int | None = None,
) -> IntegratedGradients:
    """Tell what each input adds to a neuron between a baseline and x (Sundararajan, Taly and Yan
    2017, section 3).

    (x_i - x'_i) times the mean over a from 0 to 1 of dF/dx_i at x' + a (x - x'), the mean by Gauss
    and Legendre's rule, as captum does by default. The values add up to F(x) - F(x') but for the
    rule's error, which is given as the completeness gap; more steps make it smaller. Smooth
    activations need few; ReLU's corners need more.

    Parameters
    ----------
    x
        Rows (N, ...) as the network takes them, or one alone.
    layer, neuron
        The number of the neuron layer (-1, the output, is the default) and of the neuron; None for
        the neuron that is each row's answer.
    of
        "activation" (default) or "weighted_sum".
    baseline
        One row that the way begins at. None: the input whose neurons are 0, which is a black
        picture, or the middle of each column where the network standardises.
    steps
        Points on the way. None (default): 50, as captum has, then four times as many for the rows
        whose gap is above 0.5 % of the change, again and again up to 3,200.

    Raises InputError for what does not fit, and for neurons that do not exist.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [2.0]], [-10.0]), pl.ReLU()])
    >>> why = integrated_gradients(net, [4.0, 4.0], of="weighted_sum")
    >>> why.values.round(12), why.at_baseline, why.at_input
    (array([[4., 8.]]), array([-10.]), array([2.]))
    """
    rows = checks.as_input(net.layers, as_rows(net, x))
    place = neuron_layer(net, layer)
    depth = depth_of(place, of)
    neurons = chosen_neurons(net, place, neuron, rows)
    start = _baseline(net, rows, baseline)
    ends = np.array([_values_at(net, points, depth, neurons) for points in (rows, start[None])])
    values, taken = np.empty(rows.shape, np.float64), np.zeros(len(rows), np.int64)
    count, open_rows = STEPS if steps is None else whole("steps", steps), np.arange(len(rows))
    while len(open_rows):
        values[open_rows] = _integrate(
            net, rows[open_rows], start, depth, neurons[open_rows], count
        )
        taken[open_rows] = count
        if steps is not None or count >= MOST_STEPS:
            break
        count *= 4
        open_rows = open_rows[_gaps(values[open_rows], ends[:, open_rows])[1] > CLOSED]
    labels = neuron_labels(net, place)
    told = [labels[j] for j in neurons.tolist()]
    return IntegratedGradients(
        place, neurons, told, of, taken, input_names(net), start, values, ends
    )


def _integrate(
    net: Network, rows: Array, start: Array, depth: int, neurons: Array, steps: int
) -> Array:
    """Give (x - x') times the mean gradient on the way, of the shape of rows, block by block."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    nodes, weights = (1 + nodes) / 2, weights / 2
    values, block = np.empty(rows.shape, np.float64), max(1, BLOCK // steps)
    for first in range(0, len(rows), block):
        part, chosen = rows[first : first + block], neurons[first : first + block]
        way = (part - start).astype(np.float64)
        points = start + nodes.reshape(-1, *[1] * part.ndim) * way
        slopes = gradients(net, points.reshape(-1, *part.shape[1:]), depth, np.tile(chosen, steps))
        values[first : first + block] = way * np.tensordot(
            weights, slopes.reshape(points.shape), axes=1
        )
    return values


def _values_at(net: Network, rows: Array, depth: int, neurons: Array) -> Array:
    """Give each row's neuron at a depth, (N,) float64; one row may stand for all."""
    parts = [
        chain.predict(net.layers[:depth], rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)
    ]
    y = np.concatenate(parts).reshape(len(rows), -1)
    return y[np.arange(len(neurons)) if len(rows) > 1 else 0, neurons].astype(np.float64)


def _gaps(values: Array, ends: Array) -> tuple[Array, Array]:
    """Give the gap of each row, (N,), and its size as a share of the change."""
    change = ends[0] - ends[1]
    gap = values.reshape(len(values), -1).sum(axis=1) - change
    return gap, np.abs(gap) / np.where(change == 0, 1, np.abs(change))


def gradients(net: Network, x: Array, depth: int, neurons: Array) -> Array:
    """Give the gradient by x, of its shape, of one neuron for each row.

    What `layers[:depth]` give out at `neurons`.
    """
    layers = net.layers[:depth]
    trace = chain.forward(layers, np.ascontiguousarray(x, net.dtype))
    dy = np.zeros_like(trace.y).reshape(len(x), -1)
    dy[np.arange(len(x)), neurons] = 1
    dx, _ = chain.backward(layers, trace, dy.reshape(trace.y.shape))
    assert dx is not None
    return dx


def depth_of(place: NeuronLayer, of: str) -> int:
    """Give how many layers lead to a neuron layer's activations, or to its weighted sums."""
    if of not in ("activation", "weighted_sum"):
        raise InputError('of is "activation" or "weighted_sum", not {got}', got=repr(of))
    if of == "activation":
        return place.stop
    if place.affine is None:
        raise InputError(
            'the neurons of {layer} have no weighted sum: say of="activation"', layer=place.name
        )
    return place.first + 1


def chosen_neurons(net: Network, place: NeuronLayer, neuron: int | None, rows: Array) -> Array:
    """Give the neuron to explain for each of the rows.

    The one that is asked for, or for None the answer's.
    """
    if neuron is not None:
        return np.full(len(rows), check_neuron(place, neuron))
    if place.number != place.last:
        raise InputError(
            "{layer} has {size} neurons: say which by neuron=", layer=place.name, size=place.size
        )
    y = chain.predict(net.layers, rows)
    return np.zeros(len(y), np.int64) if y.shape[1] == 1 else net.choose(y)


def zero_input(net: Network, shape: tuple[int, ...]) -> Array:
    """Give the row of that shape whose input neurons are 0.

    Black, or the columns' means where they are taken away.
    """
    first = next((layer for layer in net.layers if not isinstance(layer, Flatten)), None)
    return (
        first.mean.reshape(shape).copy()
        if isinstance(first, Standardize)
        else np.zeros(shape, net.dtype)
    )


def _baseline(net: Network, rows: Array, baseline: Any) -> Array:
    if baseline is None:
        return zero_input(net, rows.shape[1:])
    given = np.asarray(as_array(baseline), net.dtype)
    if given.size != math.prod(rows.shape[1:]):
        raise InputError(
            "expected a baseline like one row, of shape {shape}; got {got}",
            shape=rows.shape[1:],
            got=given.shape,
        )
    return given.reshape(rows.shape[1:])
