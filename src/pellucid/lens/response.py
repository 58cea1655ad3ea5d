"""What a neuron responds to.

Its weights on the input, the rows that light it most, and an input made to light it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.core import chain, splitmix
from pellucid.core.composite import Residual
from pellucid.core.layer import Layer
from pellucid.core.layers import Activation, Affine
from pellucid.core.normalization import BatchNorm
from pellucid.core.ranges import above_zero, at_least, whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.attribution import gradients, zero_input
from pellucid.lens.limits import input_limits, input_scale
from pellucid.lens.neurons import (
    SHOWN,
    NeuronLayer,
    as_rows,
    check_neuron,
    neuron_label,
    neuron_labels,
    neuron_layer,
    one_row,
    picture_shape,
    plain,
)
from pellucid.network import Network
from pellucid.training.choices import check_network

_START = 1 << 44  # its stream of random numbers is nobody else's


class InputWeights:
    """How much each input neuron counts for the neurons of a layer.

    Attributes
    ----------
    layer, name
        Which neuron layer: its number, and what people call it.
    values
        (D, H): a column for each of its neurons.
    inputs
        What each of the D input neurons is called.
    biases
        (H,): the layer's own biases (zeros where it has none).
    pictures
        (H, height, width) where the inputs are a picture, else None.
    method, exact
        "weights" for the first layer, whose values are its very weights (`exact`); "product" or
        "gradient" for deeper ones, whose values are an approximation.
    """

    def __init__(
        self,
        place: NeuronLayer,
        values: Array,
        method: str,
        shape: tuple[int, int] | None,
        labels: list[str],
        inputs: list[str],
    ) -> None:
        self.layer, self.name, self.method, self.inputs = place.number, place.name, method, inputs
        self.values, self.labels = values, labels
        self.exact = method == "weights"
        b = None if place.affine is None else place.affine.b
        self.biases = np.zeros(place.size, values.dtype) if b is None else b.copy()
        one_each = shape is not None and len(values) == math.prod(
            shape
        )  # an embedding has more neurons than pixels
        self.pictures = values.T.reshape(-1, *shape) if shape is not None and one_each else None

    @property
    def note(self) -> str:
        """What the values are, in a sentence: for captions."""
        if self.method == "weights":
            return say("weights on the inputs")
        if self.method == "product":
            return say(
                "approximation: product of the weights up to here, as if there were no activation "
                "functions"
            )
        return say("approximation: gradient at the mean input, right near it only")

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return {
            "layer": self.layer,
            "name": self.name,
            "method": self.method,
            "exact": self.exact,
            "values": self.values.tolist(),
            "biases": self.biases.tolist(),
            "labels": self.labels,
            "inputs": self.inputs,
        }

    def __str__(self) -> str:
        heads = [say("neuron"), say("bias"), say("least"), say("greatest"), say("norm")]
        lines = [
            [
                self.labels[j],
                f"{self.biases[j]:.4f}",
                *(f"{f(self.values[:, j]):.4f}" for f in (np.min, np.max, np.linalg.norm)),
            ]
            for j in range(min(len(self.labels), SHOWN))
        ]
        return f"{self.name}, {self.note}\n{table([heads, *lines], total=False)}"

    __repr__ = __str__


def input_weights(
    net: Network, layer: int = 1, *, method: str = "product", x: Any = None, shape: Any = None
) -> InputWeights:
    """Show what the neurons of a layer look for in the input: weights for the first layer, an
    approximation for others.

    Parameters
    ----------
    layer
        The number of the neuron layer; 1, the first hidden one, is the default.
    method
        For deeper layers: "product" (default) multiplies the weights up to there, W1 W2 ..., as if
        there were no activation functions (with BatchNorm's factors, and 1 + the product inside a
        Residual). "gradient" is the gradient of the neuron's weighted sum (a Residual's activation)
        by the input neurons at the mean of rows x: the best straight line near that one input
        (Simonyan, Vedaldi and Zisserman 2014, section 3, at the mean).
    x
        Rows whose mean is taken, for "gradient".
    shape
        (height, width) of a picture, where the network does not say so itself.

    Raises InputError for a layer that does not exist, rows missing, and LayerNorm, which has no
    fixed factor, in a product.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, 2.0]]), pl.ReLU(), pl.Affine([[3.0], [4.0]])])
    >>> input_weights(net, 2).values, input_weights(net, 2).exact
    (array([[11.]]), False)
    """
    check_network(net)
    if method not in ("product", "gradient"):
        raise InputError('method is "product" or "gradient", not {got}', got=repr(method))
    start, place = neuron_layer(net, 0), neuron_layer(net, layer, least=1)
    labels = neuron_labels(net, place)
    if place.number == 1 and place.affine is not None:
        values, method = place.affine.W.astype(np.float64), "weights"
    elif method == "product":
        values = _product(net.layers[start.stop : place.first + 1], np.eye(start.size))
    else:
        values = _gradient_at_mean(net, start, place, x)
    return InputWeights(
        place, values, method, picture_shape(net, shape), labels, neuron_labels(net, start)
    )


def _product(layers: list[Layer], values: Array) -> Array:
    for layer in layers:
        if isinstance(layer, Affine):
            values = values @ layer.W.astype(np.float64)
        elif isinstance(layer, Residual):
            values = values + _product(list(layer.inner), values)
        elif isinstance(layer, BatchNorm):
            variance = layer.running_variance.astype(np.float64)
            values = values * (layer.gamma / np.sqrt(variance + layer.epsilon))
        elif not (isinstance(layer, Activation) or layer.passes_through):
            raise InputError(
                '{layer} has no fixed factor to multiply by: choose method="gradient" and give '
                "rows x",
                layer=type(layer).__name__,
            )
    return values


def _gradient_at_mean(net: Network, start: NeuronLayer, place: NeuronLayer, x: Any) -> Array:
    if x is None:
        raise InputError('method="gradient" is taken at the mean of rows: give x')
    rows = as_rows(net, x)
    mean = rows.mean(axis=0, dtype=np.float64)[None].astype(net.dtype)
    first = chain.predict(net.layers[: start.stop], mean).reshape(1, -1)
    rest = Network(net.layers[start.stop :])
    depth = (place.stop if place.affine is None else place.first + 1) - start.stop
    return gradients(
        rest, np.repeat(first, place.size, axis=0), depth, np.arange(place.size)
    ).T.astype(np.float64)


class TopInputs:
    """The rows that light neurons most.

    Attributes
    ----------
    layer, neurons, labels
        The number of the neuron layer, the neurons that were looked at (H,), and what they are
        called.
    rows, activations
        (H, count): the numbers of the rows for each neuron, the brightest first, and the neuron's
        activation there.
    """

    def __init__(
        self, place: NeuronLayer, neurons: Array, labels: list[str], rows: Array, activations: Array
    ) -> None:
        self.layer, self.name = place.number, place.name
        self.neurons, self.labels, self.rows, self.activations = neurons, labels, rows, activations

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return plain(vars(self))

    def __str__(self) -> str:
        lines = [
            [
                label,
                "  ".join(
                    f"{row} ({value:.3f})" for row, value in zip(rows[:5], values[:5], strict=True)
                ),
            ]
            for label, rows, values in zip(
                self.labels, self.rows.tolist(), self.activations.tolist(), strict=True
            )
        ]
        heads = [say("neuron"), say("brightest rows (activation)")]
        return f"{self.name}\n{table([heads, *lines], total=False)}"

    __repr__ = __str__


def top_inputs(
    net: Network, x: Any, layer: int, neuron: int | None = None, count: int = 10
) -> TopInputs:
    """Find the `count` rows of x, (N, ...), that light a neuron of a layer most; for None, each of
    its neurons.

    Rows pass through the network once, in blocks, up to that layer. Of rows with equal activations
    the earlier comes first. Raises InputError for neurons that do not exist and rows that do not
    fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, -1.0]])])
    >>> top_inputs(net, [[3.0], [5.0], [4.0]], layer=1, count=2).rows
    array([[1, 2],
           [0, 2]])
    """
    rows = as_rows(net, x)
    place = neuron_layer(net, layer, least=1)
    neurons = np.arange(place.size) if neuron is None else np.array([check_neuron(place, neuron)])
    count = min(whole("count", count), len(rows))
    y = make_engine(net.layers[: place.stop]).predict(rows)[:, neurons].T
    order = np.argsort(-y, axis=1, kind="stable")[:, :count]
    named = neuron_labels(net, place)
    return TopInputs(
        place,
        neurons,
        [named[j] for j in neurons.tolist()],
        order,
        np.take_along_axis(y, order, axis=1),
    )


class Maximized:
    """An input made to light a neuron.

    Attributes
    ----------
    layer, neuron, label
        Which neuron.
    x
        The input, (D,), in the network's floating type and within the limits.
    value, activation
        What was climbed (the neuron's weighted sum, or a Residual's activation), and its
        activation, at x.
    values
        What was climbed, from the start on, step by step.
    """

    def __init__(
        self,
        place: NeuronLayer,
        neuron: int,
        label: str,
        x: Array,
        ends: tuple[float, float],
        values: Array,
    ) -> None:
        self.layer, self.name, self.neuron, self.label = place.number, place.name, neuron, label
        self.x, self.values = x, values
        self.value, self.activation = ends

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return plain(vars(self))

    def __str__(self) -> str:
        return say(
            "{layer}, neuron {neuron}: from {start:.4f} to {value:.4f} in {steps} steps; "
            "activation {activation:.4f}",
            layer=self.name,
            neuron=self.label,
            start=self.values[0],
            value=self.value,
            steps=len(self.values) - 1,
            activation=self.activation,
        )

    __repr__ = __str__


def maximize_activation(
    net: Network,
    layer: int,
    neuron: int,
    *,
    limits: Any = None,
    start: Any = None,
    decay: float = 0.0,
    steps: int = 200,
    rate: float = 0.1,
    seed: int = 0,
) -> Maximized:
    """Make an input that lights a neuron, by gradient ascent on its weighted sum z(x) (Erhan et al.
    2009, section 3).

    Each step moves x along the gradient of z - decay |u|^2 / 2, where u are the input neurons and
    the decay is Simonyan, Vedaldi and Zisserman's (2014, section 2); its size is `rate` of the
    inputs' range at the root of the gradient's mean square, and falls evenly to 0. After each step
    x is put back within its limits. The best x is kept.

    Parameters
    ----------
    layer, neuron
        Numbers of the neuron layer and of the neuron; a Residual's neurons are climbed by their
        activation.
    limits
        (lowest, highest) of each input, numbers or one for each input; None for 0 to 255 where the
        network scales bytes, and 0 to 1 where its inputs are said to be pictures.
    start
        The row to begin at; None for black (the means, where the network standardises) and numbers
        on it that are drawn evenly by `seed`, up to a tenth of the range.
    decay
        Default 0: nothing but the limits holds x back. Above, inputs that hardly matter stay dark.
    steps, rate
        Defaults 200 and 0.1.

    Raises InputError for neurons that do not exist, limits missing or impossible, and settings out
    of range.
    """
    check_network(net)
    place = neuron_layer(net, layer, least=1)
    chosen, steps = check_neuron(place, neuron), whole("steps", steps)
    rate, decay = above_zero(rate=rate), at_least(0, decay=decay)
    low, high = input_limits(net, limits)
    x, scale = _start(net, start, low, high, whole("seed", seed, 0)), input_scale(net)
    depth = place.stop if place.affine is None else place.first + 1
    best, best_x, values = -np.inf, x, []
    for step in range(steps + 1):
        z, u, slope = _look(net, x, depth, chosen)
        values.append(z)
        score = z - decay * float(u @ u) / 2
        if score >= best:
            best, best_x = score, x
        slope = slope * scale - decay * u
        size = float(np.sqrt(np.mean(slope * slope)))
        if size == 0 or step == steps:
            break
        x = np.clip(x + rate * (1 - step / steps) * (high - low) * slope / size, low, high).astype(
            net.dtype
        )
    value = float(chain.predict(net.layers[:depth], best_x[None])[0, chosen])
    activation = float(chain.predict(net.layers[: place.stop], best_x[None])[0, chosen])
    return Maximized(
        place,
        chosen,
        neuron_label(net, place, chosen),
        best_x,
        (value, activation),
        np.array(values),
    )


def _look(net: Network, x: Array, depth: int, neuron: int) -> tuple[float, Array, Array]:
    """Give what is climbed, the input neurons, and the gradient by x, (D,) both, in float64."""
    row = x[None]
    z = chain.predict(net.layers[:depth], row)[0, neuron]
    u = chain.predict(net.layers[: neuron_layer(net, 0).stop], row)[
        0, : len(x)
    ]  # without what an embedding adds
    slope = gradients(net, row, depth, np.array([neuron]))[0]
    return float(z), u.astype(np.float64), slope.astype(np.float64)


def _start(net: Network, start: Any, low: Array, high: Array, seed: int) -> Array:
    """Give the row at which to begin, (D,), within the limits."""
    if start is not None:
        x = one_row(net, start).reshape(-1)
    else:
        drawn = splitmix.uniform(splitmix.key(seed, _START), np.arange(len(low), dtype=np.uint64))
        x = zero_input(net, low.shape) + 0.1 * (high - low) * drawn
    return np.clip(x, low, high).astype(net.dtype)
