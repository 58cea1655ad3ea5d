"""Forward and backward through a list of layers: every pass in NumPy.

The reference engine, `descent` and the lens use these; the native engine has the same in C++ and is
tested against them. `forward` returns a trace, the list of every layer's output; `backward` goes
through it from the last layer to the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.core.activations import LogSoftmax
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.layers import Activation, Exponential, Sigmoid, Softmax
from pellucid.core.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, Poisson
from pellucid.core.types import Array, Batch, Gradients
from pellucid.errors import InputError


class Trace(list[Batch]):
    """The result of a forward pass: the output of every layer, in order.

    Attributes
    ----------
    x
        The input.
    draws
        The pass's random numbers; None in a prediction pass.
    names
        The kinds of the layers, such as "Affine".
    """

    def __init__(self, x: Batch, draws: Draws | None = None) -> None:
        super().__init__()
        self.x = x
        self.draws = draws
        self.names: list[str] = []

    @property
    def y(self) -> Batch:
        """The output of the last layer (the input, if there are no layers)."""
        return self[-1] if self else self.x

    def input_of(self, index: int) -> Batch:
        """Return the input of the layer with that index."""
        return self[index - 1] if index else self.x


def forward(layers: Sequence[Layer], x: Batch, draws: Draws | None = None) -> Trace:
    """Pass x, (N, D), through the layers and keep every output.

    With `draws` it is a training pass: Dropout drops, BatchNorm normalizes by the batch.
    """
    trace = Trace(x, draws)
    for index, layer in enumerate(layers):
        x = layer.forward(x, None if draws is None else draws.at(index))
        trace.append(x)
        trace.names.append(type(layer).__name__)
    return trace


def predict(layers: Sequence[Layer], x: Batch) -> Batch:
    """Pass x, (N, D), through the layers and keep only the last output."""
    for layer in layers:
        x = layer.forward(x)
    return x


def backward(layers: Sequence[Layer], trace: Trace, dy: Batch, needs_dx: bool = True) -> Gradients:
    """Walk a trace from its end; return (dx, grads).

    Parameters
    ----------
    layers
        The layers that made the trace, or all but the last if the loss takes logits.
    trace
        The result of `forward`.
    dy
        Gradient of the loss with respect to the output of the last of `layers`, of its shape.
    needs_dx
        With False the walk ends at the first layer with parameters, and dx is None.

    dx has the input's shape, grads is flat, layer by layer, in the order of `params`.
    """
    first = 0
    if not needs_dx:
        first = next((i for i, layer in enumerate(layers) if layer.params), len(layers))
    grads: list[Array] = []
    dx: Batch | None = dy
    for index in range(len(layers) - 1, first - 1, -1):
        assert dx is not None
        draws = None if trace.draws is None else trace.draws.at(index)
        p = Pass(trace.input_of(index), trace[index], draws, needs_dx or index > first)
        dx, layer_grads = layers[index].backward(p, dx)
        grads = [*layer_grads, *grads]
    return (dx if needs_dx else None), grads


def project(layers: Sequence[Layer]) -> None:
    """Return all parameters to what they may be, after a step."""
    for layer in layers:
        layer.project()


def observe(layers: Sequence[Layer], trace: Trace) -> None:
    """Update the buffers of layers that are not frozen after a training pass."""
    assert trace.draws is not None
    for index, layer in enumerate(layers):
        if layer.buffers and not layer.frozen:
            layer.observe(trace.input_of(index), trace.draws.at(index))


def trainable(layers: Sequence[Layer]) -> list[bool]:
    """Return for each of `params`, flat, whether it is trained: no layer around it is frozen."""
    found: list[bool] = []
    for layer in layers:
        own = trainable(layer.inner) if layer.inner else [True] * len(layer.params)
        found += [False] * len(own) if layer.frozen else own
    return found


# The loss that an error suggests for a last activation; for any other, MeanSquaredError.
LOSS_OF: dict[type[Layer], type[Loss]]
LOSS_OF = {Softmax: CrossEntropy, Sigmoid: BinaryCrossEntropy, Exponential: Poisson}
LOSS_OF |= {LogSoftmax: CrossEntropy}


def loss_depth(layers: Sequence[Layer], loss: Loss) -> int:
    """Return how many of the layers come before the loss: all, or all but the last activation.

    A loss that is stable only from logits names its `activation`, and a network that ends in that
    activation hands over the logits below it. A network that ends in no activation hands over its
    outputs as logits. Raises InputError for another activation or a layer after the right one.
    """
    activation = getattr(loss, "activation", None)
    if activation is None:
        return len(layers)
    ends = (Softmax, LogSoftmax) if activation is Softmax else activation
    if layers and isinstance(layers[-1], ends):
        return len(layers) - 1
    last = next((layer for layer in reversed(layers) if not layer.passes_through), None)
    if not isinstance(last, (Activation, Softmax, LogSoftmax)):
        return len(layers)
    if isinstance(last, ends):
        raise InputError(
            "{loss} replaces {activation}, which must be the last layer: remove {after} after it",
            loss=type(loss).__name__,
            activation=type(last).__name__,
            after=type(layers[-1]).__name__,
        )
    raise InputError(
        "{loss} needs a network that ends in {activation} (or in logits); this one ends in {last}: "
        "change the output, or choose {other}",
        loss=type(loss).__name__,
        activation=activation.__name__,
        last=type(last).__name__,
        other=LOSS_OF.get(type(last), MeanSquaredError).__name__,
    )
