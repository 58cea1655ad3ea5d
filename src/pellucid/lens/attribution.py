"""Why a neuron has its value: the contribution of each input to its pre-activation or output."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cache, partial

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.layer import Layer
from pellucid.core.members import alone
from pellucid.core.preparation import Flatten, Standardize
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens import neurons
from pellucid.lens.input_columns import RowsLike, input_names
from pellucid.lens.learned_numbers import LearnedNumbers
from pellucid.lens.neurons import NeuronLayer, check_overflow, neuron_layer, reports_overflow
from pellucid.lens.report import Report
from pellucid.network import Network

# Points on the path from the baseline to the input: 50 is captum's default, and 3,200 takes about
# a second for a row of MNIST.
STEPS, MOST_STEPS = 50, 3200

# Relative gap at which more points are no longer worth their time: plots show two digits.
CLOSED = 0.005


@dataclass(eq=False, repr=False)
class Contributions(Report):
    """The contribution of each input to one neuron's pre-activation; with the bias they add up.

    Attributes
    ----------
    layer, neuron, label, name
        The neuron: the number of its neuron layer, its index, its label, and its layer's name.
    names, inputs, weights, values
        (D,) each: the labels of the neurons in the layer before, their activations, the weights on
        them, and the products (float64).
    bias
        The neuron's bias; 0 where it has none.
    weighted_sum, activation
        The pre-activation z and the activation as the network computed them, in its own dtype.
    """

    layer: int
    neuron: int
    label: str
    name: str
    names: list[str]
    inputs: Array
    weights: Array
    values: Array = field(init=False)
    bias: float
    weighted_sum: float
    activation: float

    def __post_init__(self) -> None:
        self.values = self.inputs * self.weights

    def strongest(self, count: int = 10) -> Array:
        """Return the indices of the `count` largest contributions by size, the largest first."""
        return np.argsort(-np.abs(self.values), kind="stable")[:count]

    def __str__(self) -> str:
        shown = self.strongest()
        lines = [[say("input neuron"), say("value"), say("weight"), say("contribution")]]
        columns = (self.inputs, self.weights, self.values)
        lines += [[self.names[i], *(f"{column[i]:.4f}" for column in columns)] for i in shown]
        # fsum: the three parts of the table add up to the last digit that is shown.
        rest, others = math.fsum(self.values) - math.fsum(self.values[shown]), len(self.values)
        sums = [(say("bias"), self.bias), (say("weighted sum"), self.weighted_sum)]
        if len(shown) < others:
            sums.insert(0, (say("{count:,} others", count=others - len(shown)), rest))
        lines += [[name, "", "", f"{value:.4f}"] for name, value in sums]
        template = "{layer}, neuron {neuron}: activation {activation:.4f}"
        head = say(template, layer=self.name, neuron=self.label, activation=self.activation)
        return f"{head}\n{table(lines)}"


@reports_overflow
def contributions(
    net: Network, x: RowsLike, layer: int = -1, neuron: int | None = None
) -> Contributions:
    """Split a neuron's pre-activation for one row x into contributions: z = sum_i x_i W_i + b.

    The inputs are the neurons of the layer before. Products are float64: for a float64 network they
    and the bias add up to z within 1e-12 of the sum of their magnitudes, for float32 to its own
    rounding.

    Parameters
    ----------
    x
        One row, (D,) or (1, D), or one image.
    layer
        The number of the neuron layer: 1 is the first hidden layer, -1 the output (default).
    neuron
        The index of the neuron; None (default) for the predicted class in the output.

    Raises InputError for neurons that do not exist or have no pre-activation (the input, a
    Residual), and for values that overflow.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [2.0]], [-10.0]), pl.ReLU()])
    >>> why = contributions(net, [4.0, 4.0])
    >>> why.values, why.bias, why.weighted_sum
    (array([4., 8.]), -10.0, 2.0)
    """
    row = neurons.one_row(net, x)
    place = neuron_layer(net, layer, least=1)
    if place.affine is None:
        template = (
            "the neurons of {layer} have no weighted sum of their own (they join what the layers "
            "within make of the input): use integrated_gradients"
        )
        raise InputError(template, layer=place.name)
    trace = chain.forward(net.layers, row)
    chosen = int(chosen_neurons(net, place, neuron, row)[0])
    inputs, z = trace.input_of(place.first)[0], trace[place.first][0, chosen]
    y, b = place.activations(trace)[0, chosen], place.affine.b
    check_overflow(net, inputs, z, y)
    label, bias = neurons.neuron_label(net, place, chosen), 0.0 if b is None else float(b[chosen])
    names = neurons.neuron_labels(net, neuron_layer(net, place.number - 1))
    factors = (inputs.astype(np.float64), place.affine.W[:, chosen].astype(np.float64))
    sums = (bias, float(z), float(y))
    return Contributions(place.number, chosen, label, place.name, names, *factors, *sums)


@dataclass(eq=False, repr=False)
class IntegratedGradients(Report):
    """What each input adds to a neuron from a baseline to x: `values` add up to the change.

    Attributes
    ----------
    layer, neurons, of
        The number of the neuron layer, the neuron explained in each row (N,), and what of it:
        "activation" or "weighted_sum" (its pre-activation).
    labels, name
        The label of each row's neuron (its class in the output, else its index), and the name of
        the layer.
    values, names
        In the shape of x: what each input adds; and the labels of the D inputs.
    baseline
        The start of the path, in the shape of one row.
    at_input, at_baseline
        (N,): the neuron's value at x and at the baseline.
    gap, relative_gap
        (N,): the sum of `values` minus the change (completeness gap), and its size relative to the
        change (0 where nothing changes).
    steps
        (N,): the number of points on the path.
    """

    layer: int
    neurons: Array
    of: str
    steps: Array
    name: str
    names: list[str]
    labels: list[str]
    values: Array
    baseline: Array
    ends: InitVar[Array]
    at_input: Array = field(init=False)
    at_baseline: Array = field(init=False)
    gap: Array = field(init=False)
    relative_gap: Array = field(init=False)

    def __post_init__(self, ends: Array) -> None:
        self.at_input, self.at_baseline = ends
        self.gap, self.relative_gap = _gaps(self.values, ends)

    def __str__(self) -> str:
        heads = [say("row"), say("neuron"), say("at the baseline"), say("at the input")]
        lines = [[*heads, say("completeness gap"), say("steps")]]
        for row in range(min(len(self.gap), neurons.SHOWN)):
            ends = [f"{end[row]:.4f}" for end in (self.at_baseline, self.at_input)]
            gap, steps = f"{self.relative_gap[row]:.2%}", str(self.steps[row])
            lines.append([str(row), str(self.neurons[row]), *ends, gap, steps])
        head = say("integrated gradients of {layer}", layer=self.name)
        return f"{head}\n{table(lines, total=False)}"


@reports_overflow
def integrated_gradients(
    net: Network,
    x: RowsLike,
    layer: int = -1,
    neuron: int | None = None,
    *,
    of: str = "activation",
    baseline: ArrayLike | None = None,
    steps: int | None = None,
) -> IntegratedGradients:
    """Compute what each input adds to a neuron from a baseline to x.

    Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017, section 3:
    (x_i - x'_i) times the mean over a in [0, 1] of dF/dx_i at x' + a (x - x'), the mean by
    Gauss-Legendre quadrature, captum's default. The values add up to F(x) - F(x') except for the
    quadrature error, which is reported as the completeness gap; more steps make it smaller. Smooth
    activations need few; the corners of ReLU need more.

    An index of a category has no values between, so where the network, or each of its members,
    begins with a CategoryEmbedding, the path leads from the baseline's learned numbers to those of
    x. The value of an index is the sum over its learned numbers.

    Parameters
    ----------
    x
        Rows (N, ...) as the network takes them, or a single one.
    layer, neuron
        The number of the neuron layer (-1, the output, is the default) and the index of the
        neuron; None for the predicted class of each row.
    of
        "activation" (default), or "weighted_sum" for the pre-activation.
    baseline
        One row where the path starts. None: the input whose neurons are 0, which is a black image,
        or the mean of each column where the network standardizes, and index 0, a category that was
        not seen, where it embeds categories.
    steps
        Points on the path. None (default): 50 as in captum, then four times as many for the rows
        whose gap is above 0.5 % of the change, repeatedly, up to 3,200.

    Raises InputError for arguments that do not fit, neurons that do not exist, and values that
    overflow.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [2.0]], [-10.0]), pl.ReLU()])
    >>> why = integrated_gradients(net, [4.0, 4.0], of="weighted_sum")
    >>> why.values.round(12), why.at_baseline, why.at_input
    (array([[4., 8.]]), array([-10.]), array([2.]))
    """
    rows = checks.as_input(net.layers, neurons.as_rows(net, x))
    place = neuron_layer(net, layer)
    depth = depth_of(place, of)
    chosen = chosen_neurons(net, place, neuron, rows)
    start = _baseline(net, rows, baseline)
    ends = np.array([_values_at(net, points, depth, chosen) for points in (rows, start[None])])
    check_overflow(net, ends)
    learned = LearnedNumbers.of(net.layers[:depth])
    points, origin = learned.numbers(rows), learned.numbers(start[None])
    slopes = partial(gradients, learned.layers)
    values, taken = np.empty(points.shape, np.float64), np.zeros(len(rows), np.int64)
    count, left = STEPS if steps is None else whole("steps", steps), np.arange(len(rows))
    while len(left):
        values[left] = _integrate(slopes, points[left], origin[0], chosen[left], count)
        taken[left] = count
        if steps is not None or count >= MOST_STEPS:
            break
        # Only rows with a gap take the next round: ReLU networks differ widely from row to row.
        count *= 4
        left = left[_gaps(values[left], ends[:, left])[1] > CLOSED]
    check_overflow(net, values)
    values = learned.by_input(values)
    known, names = neurons.neuron_labels(net, place), input_names(net)
    labels, found = [known[j] for j in chosen.tolist()], (values, start, ends)
    return IntegratedGradients(place.number, chosen, of, taken, place.name, names, labels, *found)


def _integrate(
    slopes_at: Callable[..., Array], rows: Array, start: Array, chosen: Array, steps: int
) -> Array:
    """Return (x - x') times the mean gradient on the path, in the shape of rows.

    `slopes_at(x, chosen)` returns the gradient at each row of x of the row's chosen neuron.
    """
    nodes, weights = _gauss_legendre(steps)
    values, block = np.empty(rows.shape, np.float64), max(1, neurons.BLOCK // steps)
    for first in range(0, len(rows), block):
        these = slice(first, first + block)
        part, js = rows[these], np.tile(chosen[these], steps)
        way = (part - start).astype(np.float64)
        # (steps, rows, ...): all points of a block in one pass
        points = start + nodes.reshape(-1, *[1] * part.ndim) * way
        slopes = slopes_at(points.reshape(-1, *part.shape[1:]), js)
        values[these] = way * np.tensordot(weights, slopes.reshape(points.shape), axes=1)
    return values


@cache
def _gauss_legendre(steps: int) -> tuple[Array, Array]:
    """Return nodes in [0, 1] and weights; 3,200 of them take seconds."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (1 + nodes) / 2, weights / 2  # from [-1, 1] to [0, 1]


def _values_at(net: Network, rows: Array, depth: int, chosen: Array) -> Array:
    """Return each row's neuron after `depth` layers, (N,) float64; one row may stand for all."""
    layers, block = net.layers[:depth], neurons.BLOCK
    parts = [chain.predict(layers, rows[i : i + block]) for i in range(0, len(rows), block)]
    y = np.concatenate(parts).reshape(len(rows), -1)
    return y[np.arange(len(chosen)) if len(rows) > 1 else 0, chosen].astype(np.float64)


def _gaps(values: Array, ends: Array) -> tuple[Array, Array]:
    """Return the gap of each row, (N,), and its size relative to the change."""
    change = ends[0] - ends[1]
    gap = values.reshape(len(values), -1).sum(axis=1) - change
    return gap, np.abs(gap) / np.where(change == 0, 1, np.abs(change))


def gradients(layers: Sequence[Layer], x: Array, chosen: Array) -> Array:
    """Return for each row of x the gradient of one neuron at the end of layers, in x's shape."""
    trace = chain.forward(layers, np.ascontiguousarray(x, checks.dtype_of(layers)))
    # dy is 1 at the row's neuron: rows do not mix, so one backward pass gives every gradient.
    dy = np.zeros_like(trace.y).reshape(len(x), -1)
    dy[np.arange(len(x)), chosen] = 1
    dx, _ = chain.backward(layers, trace, dy.reshape(trace.y.shape))
    assert dx is not None
    return dx


def depth_of(place: NeuronLayer, of: str) -> int:
    """Return how many layers lead to a neuron layer's activations, or to its pre-activations."""
    if of not in ("activation", "weighted_sum"):
        raise InputError('of is "activation" or "weighted_sum", not {got}', got=repr(of))
    if of == "activation":
        return place.stop
    if place.affine is None:
        template = 'the neurons of {layer} have no weighted sum: use of="activation"'
        raise InputError(template, layer=place.name)
    return place.first + 1


def chosen_neurons(net: Network, place: NeuronLayer, neuron: int | None, rows: Array) -> Array:
    """Return the neuron to explain in each row: the given one, or for None the predicted class."""
    if neuron is not None:
        return np.full(len(rows), neurons.check_neuron(place, neuron))
    if place.number != place.last:
        template = "{layer} has {size} neurons: select one with neuron="
        raise InputError(template, layer=place.name, size=place.size)
    # One output is class 1 or a value: its only neuron is explained.
    y = chain.predict(net.layers, rows)
    check_overflow(net, y)
    return np.zeros(len(y), np.int64) if y.shape[1] == 1 else net.choose(y)


def zero_input(net: Network, shape: tuple[int, ...]) -> Array:
    """Return the row of that shape whose input neurons are 0: black, or the columns' means and
    categories that were not seen.
    """
    # Flatten moves no values, so a Standardize behind it still sees the input.
    front = [layer for layer in alone(net.layers) if not isinstance(layer, Flatten)][:2]
    if front and isinstance(first := front[0], CategoryEmbedding):
        row, kept = np.zeros(first.sizes.size, net.dtype), first.sizes == 0
        if isinstance(second := front[-1], Standardize):
            row[kept] = second.mean[: kept.sum()]
        return row.reshape(shape)
    if front and isinstance(first := front[0], Standardize):
        return first.mean.reshape(shape).copy()
    return np.zeros(shape, net.dtype)


def _baseline(net: Network, rows: Array, baseline: ArrayLike | None) -> Array:
    shape = rows.shape[1:]
    if baseline is None:
        return zero_input(net, shape)
    given = np.asarray(as_array(baseline), net.dtype)
    if given.size != math.prod(shape):
        template = "expected a baseline like one row, of shape {shape}; got {got}"
        raise InputError(template, shape=shape, got=given.shape)
    given = given.reshape(shape)
    checks.check_indices(net.layers, given[None])
    return given
