"""What a neuron responds to: its weights on the input, its top rows, and a maximizing input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import chain, splitmix
from pellucid.core.composite import Concatenate, Skip
from pellucid.core.layer import Layer
from pellucid.core.layers import Activation, Affine
from pellucid.core.members import Members
from pellucid.core.normalization import BatchNorm
from pellucid.core.ranges import above_zero, at_least, whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens import neurons
from pellucid.lens.attribution import gradients, zero_input
from pellucid.lens.input_columns import RowsLike
from pellucid.lens.input_limits import LimitsLike, input_limits, input_scale
from pellucid.lens.neurons import NeuronLayer, check_overflow, neuron_layer, reports_overflow
from pellucid.lens.report import Report
from pellucid.network import Network
from pellucid.training.choices import check_network

_START = 1 << 44  # the stream of random numbers of starting points; every use has its own


@dataclass(eq=False, repr=False)
class InputWeights(Report):
    """How much each input neuron counts for the neurons of a layer.

    Attributes
    ----------
    layer, name
        The number of the neuron layer, and its name.
    method, exact
        "weights" for the first layer, whose values are its own weights (`exact`); "product" or
        "gradient" for deeper ones, whose values are an approximation.
    values, biases
        (D, H): a column for each neuron; (H,): the layer's own biases (zeros where it has none).
    labels, inputs
        The labels of the H neurons and of the D input neurons.
    images
        (H, height, width) where the inputs are an image, else None.
    """

    LEFT_OUT = ("images",)  # the values in another shape

    layer: int
    name: str
    method: str
    exact: bool = field(init=False)
    values: Array
    biases: Array
    labels: list[str]
    inputs: list[str]
    shape: InitVar[tuple[int, int] | None]
    images: Array | None = field(init=False)

    def __post_init__(self, shape: tuple[int, int] | None) -> None:
        self.exact = self.method == "weights"
        # An embedding has more neurons than pixels: then the values are no image.
        pixels = shape is not None and len(self.values) == math.prod(shape)
        self.images = self.values.T.reshape(-1, *shape) if shape is not None and pixels else None

    @property
    def note(self) -> str:
        """What the values are, in a sentence for captions."""
        if self.method == "weights":
            return say("weights on the inputs")
        if self.method == "product":
            return say("approximation: product of the weights, ignoring activation functions")
        return say("approximation: gradient at the mean input, valid near it only")

    def __str__(self) -> str:
        lines = [[say("neuron"), say("bias"), say("least"), say("greatest"), say("norm")]]
        columns = zip(self.labels, self.biases, self.values.T, strict=True)
        for label, bias, values in islice(columns, neurons.SHOWN):
            numbers = (bias, values.min(), values.max(), np.linalg.norm(values))
            lines.append([label, *(f"{number:.4f}" for number in numbers)])
        return f"{self.name}, {self.note}\n{table(lines, total=False)}"


@reports_overflow
def input_weights(
    net: Network,
    layer: int = 1,
    *,
    method: str = "product",
    x: RowsLike | None = None,
    shape: Sequence[int] | None = None,
) -> InputWeights:
    """Return the weights of a layer's neurons on the input: exact for the first layer only.

    Parameters
    ----------
    layer
        The number of the neuron layer; 1, the first hidden one, is the default.
    method
        For deeper layers: "product" (default) multiplies the weights up to there, W1 W2 ..., as if
        there were no activation functions (with BatchNorm's factors, 1 + the product inside a
        Residual, and the mean over members). "gradient" is the gradient of the neuron's
        pre-activation (of the activation of a Residual or Members) with respect to the input
        neurons at the mean of rows x: the best linear approximation near that one input (Simonyan,
        Vedaldi and Zisserman 2014, section 3, at the mean).
    x
        The rows to average, for "gradient".
    shape
        (height, width) of an image, where `net.inputs` does not hold it.

    Raises InputError for a layer that does not exist, missing rows, values that overflow, and
    LayerNorm, which has no fixed factor, in a product.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, 2.0]]), pl.ReLU(), pl.Affine([[3.0], [4.0]])])
    >>> input_weights(net, 2).values, input_weights(net, 2).exact
    (array([[11.]]), False)
    """
    check_network(net)
    if method not in ("product", "gradient"):
        raise InputError('method is "product" or "gradient", not {got}', got=repr(method))
    start, place = neuron_layer(net, 0), neuron_layer(net, layer, least=1)
    exact = place.number == 1 and place.affine is not None
    if exact and place.affine is not None:
        values = place.affine.W.astype(np.float64)
    elif method == "product":
        values = _product(net.layers[start.stop : place.first + 1], np.eye(start.size))
    else:
        values = _gradient_at_mean(net, start, place, x)
    check_overflow(net, values)
    method, own = "weights" if exact else method, neurons.layer_biases(place)
    biases = np.zeros(place.size, values.dtype) if own is None else own
    labels, inputs = (neurons.neuron_labels(net, ends) for ends in (place, start))
    size = neurons.image_shape(net, shape)
    return InputWeights(place.number, place.name, method, values, biases, labels, inputs, size)


def _product(layers: Sequence[Layer], values: Array) -> Array:
    for layer in layers:
        if isinstance(layer, Affine):
            values = values @ layer.W.astype(np.float64)
        elif isinstance(layer, Skip):
            side, own = (_product(way, values) for way in (layer.projection, layer.layers))
            joins = isinstance(layer, Concatenate)
            values = np.concatenate([side, own], axis=1) if joins else side + own
        elif isinstance(layer, Members):
            values = np.mean([_product(member, values) for member in layer.members], axis=0)
        elif isinstance(layer, BatchNorm):
            # In prediction, BatchNorm multiplies each neuron by a fixed factor.
            variance = layer.running_variance.astype(np.float64)
            values = values * (layer.gamma / np.sqrt(variance + layer.epsilon))
        elif not (isinstance(layer, Activation) or layer.passes_through):
            template = (
                '{layer} has no fixed factor to multiply by: use method="gradient" with rows x'
            )
            raise InputError(template, layer=type(layer).__name__)
    return values


def _gradient_at_mean(
    net: Network, start: NeuronLayer, place: NeuronLayer, x: RowsLike | None
) -> Array:
    if x is None:
        raise InputError('method="gradient" is taken at the mean of rows: pass x')
    rows = neurons.as_rows(net, x)
    mean = rows.mean(axis=0, dtype=np.float64)[None].astype(net.dtype)
    first = chain.predict(net.layers[: start.stop], mean).reshape(1, -1)
    stop = place.stop if place.affine is None else place.first + 1
    # The mean once per neuron: one backward pass gives the gradients of all.
    means = np.repeat(first, place.size, axis=0)
    slopes = gradients(net.layers[start.stop : stop], means, np.arange(place.size))
    return slopes.T.astype(np.float64)


@dataclass(eq=False, repr=False)
class TopInputs(Report):
    """The rows that activate neurons most.

    Attributes
    ----------
    layer, name, neurons, labels
        The number and the name of the neuron layer, the indices of the neurons (H,), and their
        labels.
    rows, activations
        (H, count): the indices of the top rows of each neuron, the strongest first, and the
        neuron's activation for each.
    """

    layer: int
    name: str
    neurons: Array
    labels: list[str]
    rows: Array
    activations: Array

    def __str__(self) -> str:
        lines = [[say("neuron"), say("brightest rows (activation)")]]
        for label, rows, values in zip(self.labels, self.rows, self.activations, strict=True):
            # Five fit a line of a terminal.
            five = [f"{row} ({y:.3f})" for row, y in zip(rows[:5], values[:5], strict=True)]
            lines.append([label, "  ".join(five)])
        return f"{self.name}\n{table(lines, total=False)}"


@reports_overflow
def top_inputs(
    net: Network, x: RowsLike, layer: int, neuron: int | None = None, count: int = 10
) -> TopInputs:
    """Find the `count` rows of x, (N, ...), that activate a neuron most; for None, each neuron.

    Rows pass once through the network up to that layer, in blocks. Of rows with equal activations
    the earlier comes first. Raises InputError for neurons that do not exist, values that overflow,
    and rows that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, -1.0]])])
    >>> top_inputs(net, [[3.0], [5.0], [4.0]], layer=1, count=2).rows
    array([[1, 2],
           [0, 2]])
    """
    rows = neurons.as_rows(net, x)
    place = neuron_layer(net, layer, least=1)
    every = range(place.size)
    chosen = np.array(every if neuron is None else [neurons.check_neuron(place, neuron)])
    count = min(whole("count", count), len(rows))
    y = make_engine(net.layers[: place.stop]).predict(rows)[:, chosen].T
    check_overflow(net, y)
    # A stable sort of -y: equal activations stay in the order of the rows.
    order = np.argsort(-y, axis=1, kind="stable")[:, :count]
    names = neurons.neuron_labels(net, place)
    labels = [names[j] for j in chosen.tolist()]
    top = np.take_along_axis(y, order, axis=1)
    return TopInputs(place.number, place.name, chosen, labels, order, top)


@dataclass(eq=False, repr=False)
class Maximized(Report):
    """An input that maximizes a neuron's activation.

    Attributes
    ----------
    layer, name, neuron, label
        The number and the name of the neuron layer, the neuron's index and its label.
    x
        The input, (D,), in the network's dtype and within the limits.
    values
        The maximized value, step by step from the start.
    value, activation
        The maximized value (the neuron's pre-activation, or a Residual's activation) and the
        neuron's activation, at x.
    """

    layer: int
    name: str
    neuron: int
    label: str
    x: Array
    values: Array
    value: float
    activation: float

    def __str__(self) -> str:
        template = (
            "{layer}, neuron {neuron}: from {start:.4f} to {value:.4f} in {steps} steps; "
            "activation {activation:.4f}"
        )
        path = {"start": self.values[0], "value": self.value, "steps": len(self.values) - 1}
        place = {"layer": self.name, "neuron": self.label, "activation": self.activation}
        return say(template, **place, **path)


@reports_overflow
def maximize_activation(
    net: Network,
    layer: int,
    neuron: int,
    *,
    limits: LimitsLike | None = None,
    start: ArrayLike | None = None,
    decay: float = 0.0,
    steps: int = 200,
    rate: float = 0.1,
    seed: int = 0,
) -> Maximized:
    """Find an input that maximizes a neuron's pre-activation z(x) by gradient ascent.

    Erhan et al., "Visualizing higher-layer features of a deep network", 2009, section 3. Each step
    moves x along the gradient of z - decay |u|^2 / 2, where u are the input neurons and the decay
    is Simonyan, Vedaldi and Zisserman's (2014, section 2). The step's root mean square is `rate`
    of the inputs' range and falls linearly to 0. After each step x is clipped to its limits. The
    best x is kept.

    Parameters
    ----------
    layer, neuron
        Numbers of the neuron layer and of the neuron; for a Residual's neurons the activation is
        maximized.
    limits
        (lowest, highest) of each input, numbers or one for each input; None for 0 to 255 where the
        network scales bytes, and 0 to 1 where `net.inputs` is images.
    start
        The row to start from; None for black (the means, where the network standardizes) plus
        uniform noise drawn with `seed`, up to a tenth of the range.
    decay
        Default 0: only the limits restrict x. Above 0, inputs that hardly matter stay dark.
    steps, rate
        Defaults 200 and 0.1.

    Raises InputError for neurons that do not exist, missing or impossible limits, values that
    overflow, and settings out of range.
    """
    check_network(net)
    place = neuron_layer(net, layer, least=1)
    chosen, steps = neurons.check_neuron(place, neuron), whole("steps", steps)
    rate, decay = above_zero(rate=rate), at_least(0, decay=decay)
    low, high = input_limits(net, limits)
    x, scale = _start(net, start, low, high, whole("seed", seed, 0)), input_scale(net)
    depth = place.stop if place.affine is None else place.first + 1
    best, best_x, values = -np.inf, x, []
    for step in range(steps + 1):
        z, u, slope = _ascent(net, x, depth, chosen)
        values.append(z)
        score = z - decay * float(u @ u) / 2
        # Not below: on a flat stretch the latest x is kept.
        if score >= best:
            best, best_x = score, x
        slope = slope * scale - decay * u
        size = float(np.sqrt(np.mean(slope * slope)))
        if size == 0 or step == steps:
            break
        # Division by the root mean square: the step's length does not depend on the weights' size.
        move = rate * (1 - step / steps) * (high - low) * slope / size
        x = np.clip(x + move, low, high).astype(net.dtype)
    layers = (net.layers[:depth], net.layers[: place.stop])
    value, activation = (float(chain.predict(part, best_x[None])[0, chosen]) for part in layers)
    check_overflow(net, np.array([*values, value, activation]))
    label, found = neurons.neuron_label(net, place, chosen), (best_x, np.array(values))
    return Maximized(place.number, place.name, chosen, label, *found, value, activation)


def _ascent(net: Network, x: Array, depth: int, neuron: int) -> tuple[float, Array, Array]:
    """Return the maximized value, the input neurons, and its gradient by x, (D,) both, float64."""
    row = x[None]
    z = chain.predict(net.layers[:depth], row)[0, neuron]
    # Without the neurons that an embedding appends
    u = chain.predict(net.layers[: neuron_layer(net, 0).stop], row)[0, : len(x)]
    slope = gradients(net.layers[:depth], row, np.array([neuron]))[0]
    check_overflow(net, z, slope)
    return float(z), u.astype(np.float64), slope.astype(np.float64)


def _start(net: Network, start: ArrayLike | None, low: Array, high: Array, seed: int) -> Array:
    """Return the row to start from, (D,), within the limits."""
    if start is not None:
        x = neurons.one_row(net, start).reshape(-1)
    else:
        # Noise, as a black image has no gradient where the first layer is symmetric.
        drawn = splitmix.uniform(splitmix.key(seed, _START), np.arange(len(low), dtype=np.uint64))
        x = zero_input(net, low.shape) + 0.1 * (high - low) * drawn
    return np.clip(x, low, high).astype(net.dtype)
