"""The arrays of a layer: owned by it, aligned, and declared as `Parameter` or `Buffer`."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast, overload

import numpy as np

from pellucid.core.types import Array, ArrayLike, DTypeLike
from pellucid.errors import InputError, StructureError

if TYPE_CHECKING:
    from pellucid.core.layer import Layer

CACHE_LINE = 64  # bytes; the same on x86-64 and on most Arm processors

A = TypeVar("A", Array, Array | None)


def as_array(x: ArrayLike) -> Array:
    """Return x as an array of numbers, of any shape; raises InputError for anything else."""
    try:
        array = np.asarray(x)
    except ValueError as error:  # ragged lists
        template = "expected an array of numbers, got rows of different lengths"
        raise InputError(template) from error
    if array is not x:
        check_unmasked(x)
    if array.dtype.kind not in "biuf":
        template = "expected an array of numbers, got {got} ({kind})"
        raise InputError(template, got=reprlib.repr(x), kind=array.dtype)
    return array


def check_unmasked(x: ArrayLike) -> None:
    """Raise InputError for masked values, whose masks NumPy drops when it makes a plain array."""
    if isinstance(x, np.ma.MaskedArray) and (masked := int(np.ma.count_masked(x))):
        template = (
            "expected an array without masked values, got {count:,} of them: remove their rows, or "
            "replace them (x.filled(0))"
        )
        raise InputError(template, count=masked)


def are_finite(arrays: Iterable[Array]) -> bool:
    """Return whether no array holds NaN or infinity.

    A sum takes one pass and no memory, and cannot be finite unless every number is: a sixth of the
    time of looking at each. Only where it is not (finite numbers may overflow), each is looked at.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return all(math.isfinite(each.sum()) or np.isfinite(each).all() for each in arrays)


def own_array(value: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """Copy `value` into an unpadded, C-contiguous, aligned array of float32 or float64.

    Without `dtype`, float32 and float64 stay and anything else becomes float32. Raises InputError
    for anything but numbers.
    """
    array = as_array(value)
    floating = array.dtype in (np.float32, np.float64)
    kind = np.dtype(dtype or (array.dtype if floating else np.float32))
    # A vector register that straddles two cache lines is read twice, and NumPy aligns to 16 bytes
    # only: training a small network takes up to a tenth longer on arrays that start in mid-line.
    size = array.size * kind.itemsize
    room = np.empty(size + CACHE_LINE, np.uint8)
    start = -room.ctypes.data % CACHE_LINE
    own: Array = room[start : start + size].view(kind).reshape(array.shape)
    own[...] = array
    return own


def zeros_like_each(arrays: Sequence[Array]) -> list[Array]:
    """Return zeros of the shape and type of each array, aligned, side by side in one allocation."""
    starts = [0]
    for array in arrays:
        starts.append(starts[-1] + -(-array.nbytes // CACHE_LINE) * CACHE_LINE)
    room = np.zeros(starts[-1] + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    return [
        np.ndarray(array.shape, array.dtype, room, first + start)
        for array, start in zip(arrays, starts, strict=False)
    ]


class _OwnedArray(Generic[A]):
    """An array attribute of a layer: assigning copies into the array that is already there.

    So there is one copy of the weights, and what points into it (an engine) keeps seeing it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, layer: None, owner: type) -> Self: ...
    @overload
    def __get__(self, layer: Layer, owner: type) -> A: ...
    def __get__(self, layer: Layer | None, owner: type) -> Self | A:
        return self if layer is None else cast(A, layer.__dict__[self.name])

    def __set__(self, layer: Layer, value: ArrayLike | None) -> None:
        kind = type(layer).__name__
        if self.name not in layer.__dict__:
            layer.__dict__[self.name] = None if value is None else own_array(value)
            return
        own = layer.__dict__[self.name]
        if own is None or value is None:
            if own is not value:
                template = "{layer}.{name} is fixed when the layer is made: make another layer"
                raise StructureError(template, layer=kind, name=self.name)
            return
        array = as_array(value)
        if array.shape != own.shape:
            raise InputError(
                "{layer}.{name} has shape {expected} and cannot be assigned shape {got}",
                layer=kind,
                name=self.name,
                expected=own.shape,
                got=array.shape,
            )
        own[...] = array


class Parameter(_OwnedArray[A]):
    """An array that is trained: `W = Parameter()` in the body of a `Layer`."""


class Buffer(_OwnedArray[A]):
    """An array that is kept with the layer and not trained, such as a running mean."""


def check_vectors(layer: str, H: int, **vectors: Array) -> None:
    """Raise InputError unless each of the named vectors has shape (H,)."""
    for name, vector in vectors.items():
        if vector.shape != (H,):
            template = "{layer}: {name} must have shape {expected}, got {got}"
            raise InputError(template, layer=layer, name=name, expected=(H,), got=vector.shape)
