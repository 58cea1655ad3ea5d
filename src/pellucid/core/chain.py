"""Forward and backward through a list of layers: the only passes in the whole code base.

Learning, answering, looking inside and exporting all read these. `forward` gives a trace, the list of every layer's
output; `backward` walks it from the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core.layer import Layer, Learning
from pellucid.core.layers import Activation, Identity, Softmax
from pellucid.core.losses import Loss
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say


class Trace(list[Array]):
    """What a forward pass leaves: the output of every layer, in order, and the input `x` that they came from."""

    def __init__(self, x: Array, learning: Learning | None = None) -> None:
        super().__init__()
        self.x = x
        self.learning = learning

    @property
    def y(self) -> Array:
        """The output of the last layer (the input, if there are no layers)."""
        return self[-1] if self else self.x

    def input_of(self, index: int) -> Array:
        """Give what went into the layer with that index."""
        return self[index - 1] if index else self.x


def forward(layers: Sequence[Layer], x: Array, learning: Learning | None = None) -> Trace:
    """Pass x, (N, D), through the layers and keep every output.

    With `learning`, layers act as they do while learning: Dropout drops, BatchNorm normalises by the batch.
    """
    trace = Trace(x, learning)
    for index, layer in enumerate(layers):
        x = layer.forward(x, learning and learning.at(index))
        trace.append(x)
    return trace


def answer(layers: Sequence[Layer], x: Array) -> Array:
    """Pass x, (N, D), through the layers and keep only the last output."""
    for layer in layers:
        x = layer.forward(x)
    return x


def backward(
    layers: Sequence[Layer], trace: Trace, dy: Array, needs_dx: bool = True
) -> tuple[Array | None, list[Array]]:
    """Walk the trace from its end; give (dx, grads).

    Parameters
    ----------
    layers
        The layers that made the trace, or the first of them, where the loss takes weighted sums (see `loss_depth`).
    trace
        What `forward` gave.
    dy
        Gradient of the loss by the output of the last of `layers`, of its shape.
    needs_dx
        With False the walk ends at the first layer that learns, and dx is None.

    Returns
    -------
    dx
        Gradient by the input, of its shape.
    grads
        Gradients of all parameters, flat, layer by layer, in the order of `params`.
    """
    first = 0 if needs_dx else _first_learning(layers)
    grads: list[list[Array]] = []
    dx: Array | None = dy
    for index in range(len(layers) - 1, first - 1, -1):
        assert dx is not None
        learning = trace.learning and trace.learning.at(index)
        wanted = needs_dx or index > first
        dx, layer_grads = layers[index].backward(trace.input_of(index), trace[index], dx, learning, wanted)
        grads.append(layer_grads)
    return (dx if needs_dx else None), [grad for layer_grads in reversed(grads) for grad in layer_grads]


def observe(layers: Sequence[Layer], trace: Trace) -> None:
    """Bring the buffers of layers that are not frozen up to date with a learning pass (its trace has `learning`)."""
    assert trace.learning is not None
    for index, layer in enumerate(layers):
        if layer.buffers and not layer.frozen:
            layer.observe(trace.input_of(index), trace.learning.at(index))


def learns(layers: Sequence[Layer]) -> list[bool]:
    """Tell of each of the layers' `params`, flat, whether it learns: neither its layer nor one around it is frozen."""
    found: list[bool] = []
    for layer in layers:
        own = learns(layer.inner) if layer.inner else [True] * len(layer.params)
        found += [False] * len(own) if layer.frozen else own
    return found


def loss_depth(layers: Sequence[Layer], loss: Loss) -> int:
    """Give how many of the layers come before the loss: all, or all but the activation that the loss takes over.

    A loss that is stable only from weighted sums names its activation; a network that ends in it hands over the sums
    below. Such a network may also end in no activation at all. Any other end is an error.
    """
    activation = getattr(loss, "activation", None)
    if activation is None:
        return len(layers)
    last = layers[-1] if layers else None
    if isinstance(last, activation):
        return len(layers) - 1
    acting = next((layer for layer in reversed(layers) if not isinstance(layer, Identity)), None)
    if not isinstance(acting, (Activation, Softmax)):
        return len(layers)
    raise InputError(
        say(
            "{loss} needs a network that ends in {activation} (or in weighted sums); this one ends in {last}: "
            "change the output, or choose {other}",
            loss=type(loss).__name__,
            activation=activation.__name__,
            last=type(acting).__name__,
            other="BinaryCrossEntropy" if type(acting).__name__ == "Sigmoid" else "MeanSquaredError",
        )
    )


def widths(layers: Sequence[Layer], D: int) -> list[int]:
    """Give the number of outputs of each layer for D inputs; raises InputError where two layers do not fit."""
    found = []
    for layer in layers:
        D = layer.width(D)
        found.append(D)
    return found


def input_width(layers: Sequence[Layer]) -> int | None:
    """Give the number of inputs that the layers expect, or None if any number fits."""
    for layer in layers:
        if arrays := layer.arrays():
            return int(next(iter(arrays.values())).shape[0])
    return None


def dtype_of(layers: Sequence[Layer]) -> np.dtype[Any]:
    """Give the floating type of the layers' arrays (float32 if they have none); raises InputError if they differ."""
    found = {array.dtype for layer in layers for array in layer.arrays().values()}
    if len(found) > 1:
        raise InputError(
            say("the layers mix float32 and float64: give all of them arrays of one type, or use net.astype(...)")
        )
    return found.pop() if found else np.dtype(np.float32)


def as_array(x: Any) -> Array:
    """Turn what a user gives into an array of numbers of any shape and type; raises InputError for anything else."""
    try:
        array = np.asarray(x)
    except ValueError as error:  # ragged lists
        raise InputError(say("expected an array of numbers, got rows of different lengths")) from error
    if array.dtype.kind not in "biuf":
        raise InputError(say("expected rows of numbers, got {kind}", kind=array.dtype))
    return array


def as_input(layers: Sequence[Layer], x: Any) -> Array:
    """Turn what a user gives into the array that the first layer takes, in the layers' floating type.

    Raises InputError for anything but numbers in rows, for whole numbers into layers that scale nothing, and for rows
    of the wrong length.
    """
    array = as_array(x)
    D = input_width(layers)
    flattens = bool(layers) and isinstance(layers[0], Flatten)
    if array.ndim != 2 and not (flattens and array.ndim > 2):
        raise InputError(
            say(
                "expected rows of shape (N, {D}), got an array of shape {got}: give one row as x[None, :], "
                "and pictures to a network that begins with pl.Flatten()",
                D="D" if D is None else D,
                got=array.shape,
            )
        )
    if D is not None and (got := math.prod(array.shape[1:])) != D:
        raise InputError(
            say(
                "expected {expected} numbers in each row, got {got} (shape {shape})",
                expected=D,
                got=got,
                shape=array.shape,
            )
        )
    if array.dtype.kind in "iu" and not scales(layers):
        raise InputError(
            say(
                "whole numbers ({kind}) into a network that scales nothing: divide by what makes them small "
                "(x / 255 for pictures), or put pl.Scale(1 / 255) in front",
                kind=array.dtype,
            )
        )
    return np.ascontiguousarray(array, dtype=dtype_of(layers))


def scales(layers: Sequence[Layer]) -> bool:
    """Tell whether whole numbers may come in: the layers begin, after Flatten, with Scale or Standardize."""
    for layer in layers:
        if not isinstance(layer, Flatten):
            return isinstance(layer, (Scale, Standardize))
    return True


def _first_learning(layers: Sequence[Layer]) -> int:
    return next((index for index, layer in enumerate(layers) if layer.params), len(layers))
