"""Forward and backward through a list of layers: the only passes in the whole code base.

Learning, answering, looking inside and exporting all read these. `forward` gives a trace, the list
of every layer's output; `backward` walks it from the end.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core.layer import Layer, Learning
from pellucid.core.layers import Activation, Exponential, Sigmoid, Softmax
from pellucid.core.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, Poisson
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.table import table
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say

# What to learn by, where a network ends in this.
_LOSS_OF_END: dict[type[Layer], type[Any]] = {
    Softmax: CrossEntropy,
    Sigmoid: BinaryCrossEntropy,
    Exponential: Poisson,
}


class Trace(list[Array]):
    """What a forward pass leaves.

    The output of every layer, in order, and the input `x` that they came from.
    """

    def __init__(self, x: Array, learning: Learning | None = None) -> None:
        super().__init__()
        self.x = x
        self.learning = learning
        self.names: list[str] = []  # of the layers whose outputs these are

    @property
    def y(self) -> Array:
        """The output of the last layer (the input, if there are no layers)."""
        return self[-1] if self else self.x

    def input_of(self, index: int) -> Array:
        """Give what went into the layer with that index."""
        return self[index - 1] if index else self.x

    def lines(self) -> list[list[str]]:
        """Give the trace as cells.

        The head, then a line for the input and for each layer's output.
        """
        names = [*self.names, *("?" for _ in self[len(self.names) :])]
        arrays = [
            ("x", self.x),
            *(
                (f"{index} {name}", y)
                for index, (name, y) in enumerate(zip(names, self, strict=True))
            ),
        ]
        if len(self.x) == 1:
            heads = [say("layer"), say("shape"), say("values")]
            lines = [[name, str(y.shape), _short(y)] for name, y in arrays]
        else:
            heads = [say("layer"), say("shape"), say("least"), say("mean"), say("greatest")]
            lines = [[name, str(y.shape), *_spread(y)] for name, y in arrays]
        return [heads, *lines]

    def __repr__(self) -> str:
        return table(self.lines(), total=False)

    def _repr_html_(self) -> str:
        from pellucid.core import notebook

        return notebook.of_trace(self)


def forward(layers: Sequence[Layer], x: Array, learning: Learning | None = None) -> Trace:
    """Pass x, (N, D), through the layers and keep every output.

    With `learning`, layers act as they do while learning: Dropout drops, BatchNorm normalises by
    the batch.
    """
    trace = Trace(x, learning)
    for index, layer in enumerate(layers):
        x = layer.forward(x, learning and learning.at(index))
        trace.append(x)
        trace.names.append(type(layer).__name__)
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
        The layers that made the trace, or the first of them, where the loss takes weighted sums
        (see `loss_depth`).
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
        dx, layer_grads = layers[index].backward(
            trace.input_of(index), trace[index], dx, learning, wanted
        )
        grads.append(layer_grads)
    return (dx if needs_dx else None), [
        grad for layer_grads in reversed(grads) for grad in layer_grads
    ]


def observe(layers: Sequence[Layer], trace: Trace) -> None:
    """Bring the buffers of layers that are not frozen up to date with a learning pass (its trace
    has `learning`).
    """
    assert trace.learning is not None
    for index, layer in enumerate(layers):
        if layer.buffers and not layer.frozen:
            layer.observe(trace.input_of(index), trace.learning.at(index))


def learns(layers: Sequence[Layer]) -> list[bool]:
    """Tell of each of the layers' `params`, flat, whether it learns.

    Neither its layer nor one around it is frozen.
    """
    found: list[bool] = []
    for layer in layers:
        own = learns(layer.inner) if layer.inner else [True] * len(layer.params)
        found += [False] * len(own) if layer.frozen else own
    return found


def learned_weights(layers: Sequence[Layer]) -> list[Array]:
    """Give the weight matrices that learn: what L2 acts on."""
    params = [p for layer in layers for p in layer.params]
    return [p for p, learned in zip(params, learns(layers), strict=True) if learned and p.ndim == 2]


def loss_depth(layers: Sequence[Layer], loss: Loss) -> int:
    """Give how many of the layers come before the loss: all, or all but the activation that the
    loss takes over.

    A loss that is stable only from weighted sums names its activation; a network that ends in it
    hands over the sums below. Such a network may also end in no activation at all. Any other end is
    an error.
    """
    activation = getattr(loss, "activation", None)
    if activation is None:
        return len(layers)
    if layers and isinstance(layers[-1], activation):
        return len(layers) - 1
    last = next((layer for layer in reversed(layers) if not layer.passes_on), None)
    if not isinstance(last, (Activation, Softmax)):
        return len(layers)
    if isinstance(last, activation):
        raise InputError(
            "{loss} takes over {activation}, which must then be the last layer: leave out {after} "
            "after it",
            loss=type(loss).__name__,
            activation=activation.__name__,
            after=type(layers[-1]).__name__,
        )
    raise InputError(
        "{loss} needs a network that ends in {activation} (or in weighted sums); this one ends in "
        "{last}: "
        "change the output, or choose {other}",
        loss=type(loss).__name__,
        activation=activation.__name__,
        last=type(last).__name__,
        other=_LOSS_OF_END.get(type(last), MeanSquaredError).__name__,
    )


def check_layers(layers: Any) -> None:
    """Raise InputError unless this is a list of layers that fit each other, with arrays of one
    floating type.
    """
    if not isinstance(layers, (list, tuple)):
        raise InputError(
            "a network is made of a list of layers, such as pl.Network([pl.Affine(W, b)]); got "
            "{got}",
            got=repr(layers),
        )
    for layer in layers:
        if not isinstance(layer, Layer):
            raise InputError(
                "a network is made of layers such as pl.Affine(W, b); got {kind}",
                kind=type(layer).__name__,
            )
    dtype_of(layers)
    if (D := input_width(layers)) is not None:
        widths(layers, D)


def check_numbers(layers: Sequence[Layer]) -> None:
    """Raise InputError that names the first layer whose arrays hold NaN or infinity, if one does."""
    for index, layer in enumerate(layers):
        for name, array in layer.arrays().items():
            if not np.isfinite(array).all():
                raise InputError(
                    "layer {index} ({layer}) holds NaN or infinity in {name}: give it finite "
                    "numbers",
                    index=index,
                    layer=type(layer).__name__,
                    name=name,
                )


def widths(layers: Sequence[Layer], D: int) -> list[int]:
    """Give the number of outputs of each layer for D inputs.

    Raises InputError where two layers do not fit.
    """
    found = []
    for layer in layers:
        D = layer.width(D)
        found.append(D)
    return found


def input_width(layers: Sequence[Layer]) -> int | None:
    """Give the number of inputs that the layers expect, or None if any number fits."""
    return next((D for layer in layers if (D := layer.inputs()) is not None), None)


def dtype_of(layers: Sequence[Layer]) -> np.dtype[Any]:
    """Give the floating type of the layers' arrays (float32 if they have none).

    Raises InputError if they differ.
    """
    found = {array.dtype for layer in layers for array in layer.arrays().values()}
    if len(found) > 1:
        raise InputError(
            "the layers mix float32 and float64: give all of them arrays of one type, or use "
            "net.astype(...)"
        )
    return found.pop() if found else np.dtype(np.float32)


def as_array(x: Any) -> Array:
    """Turn what a user gives into an array of numbers of any shape and type.

    Raises InputError for anything else.
    """
    try:
        array = np.asarray(x)
    except ValueError as error:  # ragged lists
        raise InputError("expected an array of numbers, got rows of different lengths") from error
    if array.dtype.kind not in "biuf":
        raise InputError(
            "expected rows of numbers, got {got} ({kind})", got=reprlib.repr(x), kind=array.dtype
        )
    return array


def as_input(layers: Sequence[Layer], x: Any) -> Array:
    """Turn what a user gives into the array that the first layer takes, in the layers' floating
    type.

    Raises InputError for anything but numbers in rows, and what `check_input` raises.
    """
    array = as_array(x)
    check_input(layers, array)
    return np.ascontiguousarray(array, dtype=dtype_of(layers))


def check_input(layers: Sequence[Layer], x: Array) -> None:
    """Raise InputError for what is not rows of the length that fits, and for whole numbers where
    nothing is scaled.
    """
    D = input_width(layers)
    flattens = bool(layers) and isinstance(layers[0], Flatten)
    in_rows, width = x.ndim == 2 or (flattens and x.ndim > 2), math.prod(x.shape[1:])
    if not in_rows or D not in (None, width):
        if in_rows:
            told = say(
                "expected {expected} numbers in each row, got {got} (shape {shape})",
                expected=D,
                got=width,
                shape=x.shape,
            )
        else:
            told = say(
                "expected rows of shape (N, {D}), got an array of shape {got}",
                D=D or "D",
                got=x.shape,
            )
        if x.size == D or (D is None and x.ndim == 1):
            told = say("{reason}: give one row as np.reshape(x, (1, -1))", reason=told)
        elif x.ndim > 2 and not flattens:
            told = say(
                "{reason}: pictures go into a network that begins with pl.Flatten()", reason=told
            )
        raise InputError(told)
    if x.dtype.kind in "iu" and not scales(layers):
        raise InputError(
            "whole numbers ({kind}) into a network that scales nothing: give small ones as floats "
            "(np.asarray(x, float)), divide others by what makes them small (x / 255 for "
            "pictures), or put "
            "pl.Standardize.of(x) or pl.Scale(1 / 255) in front",
            kind=x.dtype,
        )


def byte_factor(layers: Sequence[Layer]) -> float | None:
    """Give the factor by which the layers begin to scale, after Flatten, if it is one for bytes,
    such as 1 / 255.
    """
    first = next((layer for layer in layers if not isinstance(layer, Flatten)), None)
    return first.factor if isinstance(first, Scale) and 0 < first.factor <= 1 / 64 else None


def check_scaled(layers: Sequence[Layer], x: Any) -> None:
    """Raise InputError for values from 0 to 1 into layers that begin by scaling bytes: these were
    scaled already.

    It looks at all of x at once, as one row may be a dark picture.
    """
    factor = byte_factor(layers)
    if factor is None:
        return
    x = as_array(x)
    if x.dtype.kind in "fb" and x.size and 0 < x.max() <= 1:
        raise InputError(
            "values from 0 to 1 into a network that scales by {factor}: give bytes (0 to 255), or "
            "leave Scale out",
            factor=f"1/{1 / factor:.4g}",
        )


def scales(layers: Sequence[Layer]) -> bool:
    """Tell whether whole numbers may come in.

    The layers begin, after Flatten, with Scale or Standardize.
    """
    for layer in layers:
        if not isinstance(layer, Flatten):
            return isinstance(layer, (Scale, Standardize))
    return True


def _short(y: Array) -> str:
    return np.array2string(y[0].ravel(), precision=4, threshold=8, edgeitems=3, max_line_width=1000)


def _spread(y: Array) -> list[str]:
    return [f"{f(y):.4g}" for f in (np.min, np.mean, np.max)] if y.size else ["-"] * 3


def _first_learning(layers: Sequence[Layer]) -> int:
    return next((index for index, layer in enumerate(layers) if layer.params), len(layers))
