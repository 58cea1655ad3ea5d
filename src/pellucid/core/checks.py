"""Checks of layers and of input, once for the whole code base: each raises InputError in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from pellucid.core.activations import LogSoftmax
from pellucid.core.arrays import are_finite, as_array
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.layer import Layer, flat, walk
from pellucid.core.layers import Activation, Softmax
from pellucid.core.members import Members, alone
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.types import Array, ArrayLike, Batch, DTypeLike
from pellucid.errors import InputError, Message


class Layers(tuple[Layer, ...]):
    """A network's layers, and what their fixed structure decides, found when it is first asked for.

    A training asks for most of it several times. Values of arrays and `frozen` may change, so
    nothing here depends on them.
    """

    @cached_property
    def input_width(self) -> int | None:
        """The number of inputs that the layers expect, or None if any number fits."""
        return _input_width(self)

    @cached_property
    def widths(self) -> list[int]:
        """Each layer's number of outputs, where the number of inputs is fixed."""
        assert self.input_width is not None
        return _widths(self, self.input_width)

    @cached_property
    def dtype(self) -> np.dtype[np.floating]:
        """The floating type of all arrays."""
        return _dtype_of(self)

    @cached_property
    def params(self) -> list[Array]:
        """The parameters, flat, layer by layer."""
        return flat(layer.params for layer in self)

    @cached_property
    def arrays(self) -> list[Array]:
        """Parameters and buffers, flat, layer by layer."""
        return flat(list(layer.arrays().values()) for layer in self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Layers, (tuple(self),)  # a copy has arrays of its own


def as_layers(layers: Any) -> Layers:
    """Return the layers of a network.

    Raises InputError unless they fit each other and their arrays are of one floating type, and for
    `Members` elsewhere than at the end.
    """
    if not isinstance(layers, Iterable):
        template = "a network is made of a list of layers, such as [pl.Affine(W, b)]; got {got}"
        raise InputError(template, got=repr(layers))
    found: list[Layer] = []
    for layer in layers:
        if not isinstance(layer, Layer):
            template = "a network is made of layers such as pl.Affine(W, b); got {kind}"
            raise InputError(template, kind=type(layer).__name__)
        found.append(layer)
    _check_members(found)
    # Without a layer of fixed width (activations only) every width fits.
    dtype_of(found)
    if (D := input_width(found)) is not None:
        widths(found, D)
    return Layers(found)


def _check_members(layers: Sequence[Layer]) -> None:
    for index, layer in enumerate(layers):
        if any(isinstance(inner, Members) for inner in walk(layer.inner)):
            raise InputError("{layer} cannot hold Members", layer=type(layer).__name__)
        if not isinstance(layer, Members):
            continue
        behind, ends = layers[index + 1 :], (Activation, Softmax, LogSoftmax, Standardize)
        if len(behind) > 1 or any(not isinstance(each, ends) or each.params for each in behind):
            raise InputError(
                "only an activation or a Standardize may follow Members, got {got}: put other "
                "layers into each member",
                got=", ".join(type(each).__name__ for each in behind),
            )


def check_weights(layers: Sequence[Layer]) -> None:
    """Raise InputError that names the first layer whose arrays hold NaN or infinity."""
    if isinstance(layers, Layers) and are_finite(layers.arrays):
        return
    for index, layer in enumerate(layers):
        for name, array in layer.arrays().items():
            if not np.isfinite(array).all():
                raise InputError(
                    "layer {index} ({layer}) holds NaN or infinity in {name}: use finite numbers",
                    index=index,
                    layer=type(layer).__name__,
                    name=name,
                )


def widths(layers: Sequence[Layer], D: int) -> list[int]:
    """Return each layer's number of outputs for D inputs; raises InputError if two do not fit."""
    if isinstance(layers, Layers) and layers.input_width == D:
        return layers.widths
    return _widths(layers, D)


def _widths(layers: Sequence[Layer], D: int) -> list[int]:
    found = []
    for layer in layers:
        D = layer.output_width(D)
        found.append(D)
    return found


def input_width(layers: Sequence[Layer]) -> int | None:
    """Return the number of inputs that the layers expect, or None if any number fits."""
    return layers.input_width if isinstance(layers, Layers) else _input_width(layers)


def _input_width(layers: Sequence[Layer]) -> int | None:
    return next((D for layer in layers if (D := layer.input_width()) is not None), None)


def output_count(layers: Sequence[Layer]) -> int | None:
    """Return K, the number of outputs; None where it is that of the inputs, any number."""
    D = input_width(layers)
    return None if D is None else widths(layers, D)[-1]


def dtype_of(layers: Sequence[Layer]) -> np.dtype[np.floating]:
    """Return the floating type of the layers' arrays; float32 if there are none.

    Raises InputError if they differ.
    """
    return layers.dtype if isinstance(layers, Layers) else _dtype_of(layers)


def _dtype_of(layers: Sequence[Layer]) -> np.dtype[np.floating]:
    found = {array.dtype for layer in layers for array in layer.arrays().values()}
    if len(found) > 1:
        template = "the layers mix float32 and float64: use arrays of one type, or net.astype(...)"
        raise InputError(template)
    return found.pop() if found else np.dtype(np.float32)


def as_input(layers: Sequence[Layer], x: ArrayLike) -> Batch:
    """Return what a user passed as the array that the first layer takes, in the layers' type.

    Raises InputError for anything but numbers in rows, and where `check_input` does.
    """
    array = as_array(x)
    check_input(layers, array)
    # Contiguous, since a product with a strided batch sums in another order: other bits.
    return np.ascontiguousarray(array, dtype=dtype_of(layers))


def finite_input(layers: Sequence[Layer], x: ArrayLike) -> Batch:
    """Return what `as_input` returns; raise InputError, too, for what is not finite in its type."""
    with np.errstate(over="ignore"):
        rows = as_input(layers, x)
    if not np.isfinite(rows).all():
        check_finite(as_array(x), Message("inputs"), rows.dtype)
    return rows


def check_input(layers: Sequence[Layer], x: Array) -> None:
    """Raise InputError unless x is rows of the right length, of floats where nothing is scaled,
    and of indices where the first layer embeds categories.
    """
    D = input_width(layers)
    flattens = isinstance(next(iter(alone(layers)), None), Flatten)
    in_rows, width = x.ndim == 2 or (flattens and x.ndim > 2), math.prod(x.shape[1:])
    if not in_rows or D not in (None, width):
        raise InputError(_wrong_shape(x, D, in_rows, flattens))
    if x.dtype.kind in "iu" and not scales(layers):
        raise InputError(
            "whole numbers ({kind}) for a network that scales nothing: pass small ones as floats "
            "(np.asarray(x, float)), divide others (x / 255 for images), or put "
            "pl.Standardize.of(x) or pl.Scale(1 / 255) in front",
            kind=x.dtype,
        )
    check_indices(layers, x)


def check_finite(array: Array, what: Message, dtype: DTypeLike | None = None) -> None:
    """Raise InputError that names the first row with NaN or infinity, if there is one.

    With `dtype`, a number is infinite if it is in that floating type.
    """
    if array.dtype.kind != "f":
        return
    rows = array.reshape(len(array), -1)
    bad = ~np.isfinite(rows).all(axis=1)
    template = (
        "{what}: row {row} holds NaN or infinity ({count} such rows in all); remove these rows or "
        "replace the numbers"
    )
    if not bad.any() and dtype is not None and np.dtype(dtype).itemsize < array.itemsize:
        most = np.finfo(dtype).max
        bad = ((rows > most) | (rows < -most)).any(axis=1)
        template = (
            "{what}: row {row} holds a number too large for {dtype} ({count} such rows in all); "
            "remove these rows or replace the numbers"
        )
    if bad.any():
        name, row, count = np.dtype(dtype).name, int(bad.argmax()), int(bad.sum())
        raise InputError(template, what=what, row=row, count=count, dtype=name)


def check_indices(layers: Sequence[Layer], x: Array, rows: Array | None = None) -> None:
    """Raise InputError for columns of categories that hold anything but indices of categories.

    That is the input of a `CategoryEmbedding`, which is the first layer (of a member, too); others
    are not checked. `rows` are the indices of the rows of x to look at, None for all.
    """
    first = next(iter(alone(layers)), None)
    if not isinstance(first, CategoryEmbedding):
        return
    sizes = first.sizes
    columns = np.flatnonzero(sizes)
    index = x[:, columns] if rows is None else x[rows[:, None], columns]
    # NaN fails the first comparison, infinity the second.
    fits = (index >= 0) & (index < sizes[columns]) & (np.floor(index) == index)
    if not fits.all():
        row, place = np.argwhere(~fits)[0].tolist()
        column = int(columns[place])
        raise InputError(
            "row {row}, column {column} of x must be the index of a category, a whole number from "
            "0 to {last}, got {got}: pass the table, or `net.columns.x(table)`",
            row=row if rows is None else int(rows[row]),
            column=column,
            last=int(sizes[column]) - 1,
            got=float(index[row, place]),
        )


def _wrong_shape(x: Array, D: int | None, in_rows: bool, flattens: bool) -> Message:
    if in_rows:
        template = "expected {expected} numbers in each row, got {got} (shape {shape})"
        wrong = Message(template, expected=D, got=math.prod(x.shape[1:]), shape=x.shape)
    else:
        template = "expected rows of shape (N, {D}), got an array of shape {got}"
        wrong = Message(template, D=D or "D", got=x.shape)
    if x.size == D or (D is None and x.ndim == 1):
        return Message("{reason}: pass a single row as np.reshape(x, (1, -1))", reason=wrong)
    if x.ndim > 2 and not flattens:
        return Message("{reason}: for images, begin the network with pl.Flatten()", reason=wrong)
    return wrong


def byte_factor(layers: Sequence[Layer]) -> float | None:
    """Return the factor if the layers begin, after Flatten, by scaling bytes, such as 1 / 255."""
    first = next((layer for layer in alone(layers) if not isinstance(layer, Flatten)), None)
    # A factor of 1 / 64 or less is one for values that reach well beyond 1.
    return first.factor if isinstance(first, Scale) and 0 < first.factor <= 1 / 64 else None


def check_scaled(layers: Sequence[Layer], x: ArrayLike, high: float | None = None) -> None:
    """Raise InputError for values that are scaled already, where the layers scale bytes.

    That is, if no value of x is above 1: all of x at once, since one row may be a dark image.
    `high` is the greatest value of x where it is known already.
    """
    factor = byte_factor(layers)
    if factor is None:
        return
    x = as_array(x)
    if x.dtype.kind in "fb" and x.size and 0 < (x.max() if high is None else high) <= 1:
        raise InputError(
            "values from 0 to 1 for a network that scales by {factor}: pass bytes (0 to 255), or "
            "remove Scale",
            factor=f"1/{1 / factor:.4g}",
        )


def scales(layers: Sequence[Layer]) -> bool:
    """Return whether whole numbers may be passed: the layers scale or standardize first."""
    for layer in alone(layers):
        if not isinstance(layer, (Flatten, CategoryEmbedding)):
            return isinstance(layer, (Scale, Standardize))
    return True


def as_outputs(y: ArrayLike) -> Batch:
    """Return outputs as an array (N, K); raise InputError for another shape."""
    y = as_array(y)
    if y.ndim != 2 or y.shape[1] == 0:
        template = "expected outputs of shape (N, K), got an array of shape {got}"
        raise InputError(template, got=y.shape)
    return y


def gradient_of(y: Batch, passed: int, layers: int, dy: ArrayLike) -> Array:
    """Return the gradient of a loss with respect to the outputs y of a trace as an array.

    Raises InputError unless it has their shape and the trace `passed` as many layers as there are.
    """
    dy = as_array(dy)
    if dy.shape != y.shape or passed != layers:
        raise InputError(
            "expected a trace of {layers} layers and a gradient of the shape of its outputs, "
            "{shape}; got {got_layers} and {got}",
            layers=layers,
            shape=y.shape,
            got_layers=passed,
            got=dy.shape,
        )
    return dy


def set_frozen(layers: Sequence[Layer], frozen: bool, indices: Sequence[int]) -> None:
    """Freeze or unfreeze the layers with these indices, all without any.

    Raises InputError for a layer that does not exist.
    """
    for index in indices or range(len(layers)):
        if not isinstance(index, (int, np.integer)) or not -len(layers) <= index < len(layers):
            template = "there is no layer {index}: layers go from 0 to {last}"
            raise InputError(template, index=repr(index), last=len(layers) - 1)
        layers[index].frozen = frozen
