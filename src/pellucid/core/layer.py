"""What a layer is.

Parameters, a forward pass and a backward pass, and nothing of any pass in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar, cast, overload

import numpy as np

from pellucid.core import counter
from pellucid.core.types import Array, Options
from pellucid.errors import InputError

A = TypeVar("A", Array, Array | None)
CACHE_LINE = 64  # bytes


class Learning(NamedTuple):
    """Given to the layers of a learning pass: it says that this is one, and where random numbers
    are drawn from.

    Layers that act differently while learning (Dropout, BatchNorm) look whether they are given one;
    layers of a pass that only answers are given None. `row` is the number of the pass's first row
    in its batch, so that a batch cut into shards draws the same numbers. `batch_size`, where it is
    not 0, says that the rows of several batches of that size come together: the next batch's rows
    draw by the next step.
    """

    seed: int = 0
    step: int = 0
    layer: int = 0
    row: int = 0
    batch_size: int = 0

    def at(self, index: int) -> Learning:
        """Give the place of the layer with that index.

        Inside a Residual, of a layer within that layer.
        """
        # The place of a layer within another is a number in base 4096, one digit for each depth: no
        # two layers share one as long as no list of layers is longer than that. C++ (random.h)
        # counts in the same way.
        return self._replace(layer=self.layer * 4096 + index + 1)

    def uniform(self, N: int, H: int) -> Array:
        """Draw an (N, H) array of float64 in [0, 1), each by its row in the batch and its column."""
        size = self.batch_size or max(N, 1)
        steps = range(self.step, self.step - (-N // size))
        streams = np.array([counter.key(self.seed, step, self.layer) for step in steps], np.uint64)
        places = np.arange(self.row * H, (self.row + size) * H, dtype=np.uint64)
        drawn = counter.uniform(streams[:, None], np.broadcast_to(places, (len(steps), size * H)))
        return drawn.reshape(-1)[: N * H].reshape(N, H)


class _Owned(Generic[A]):
    """An array that a layer owns.

    Assigning copies into it, so there is only ever one copy of the weights.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, layer: None, owner: type) -> Self: ...
    @overload
    def __get__(self, layer: Layer, owner: type) -> A: ...
    def __get__(self, layer: Layer | None, owner: type) -> Self | A:
        return self if layer is None else cast(A, layer.__dict__[self.name])

    def __set__(self, layer: Layer, value: Any) -> None:
        own = layer.__dict__.get(self.name)
        if own is None:
            layer.__dict__[self.name] = None if value is None else own_array(value)
            return
        value = np.asarray(value)
        if value.shape != own.shape:
            raise InputError(
                "{layer}.{name} has shape {expected}, and cannot be assigned an array of shape "
                "{got}",
                layer=type(layer).__name__,
                name=self.name,
                expected=own.shape,
                got=value.shape,
            )
        own[...] = value


class Parameter(_Owned[A]):
    """An array that is learned."""


class Buffer(_Owned[A]):
    """An array that a layer remembers and does not learn."""


class Layer:
    """One step of a network: y = forward(x), and its gradient.

    A subclass declares its arrays as `Parameter` and `Buffer`, and writes `forward` and `backward`;
    both take any number of rows, none included, and work in the floating type they are given.
    """

    parameter_names: ClassVar[tuple[str, ...]] = ()
    buffer_names: ClassVar[tuple[str, ...]] = ()
    frozen: bool = False
    passes_on: ClassVar[bool] = False  # whether answering gives x back as it is (Identity, Dropout)
    inner: Sequence[Layer] = ()  # the layers within this one (Residual)
    # Grows whenever an attribute is set: what was made from a layer can tell that it is outdated
    version: int = 0

    def __init_subclass__(cls) -> None:
        def names(kind: type) -> tuple[str, ...]:
            return tuple(name for name, value in vars(cls).items() if isinstance(value, kind))

        cls.parameter_names = cls.parameter_names + names(Parameter)
        cls.buffer_names = cls.buffer_names + names(Buffer)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        self.__dict__["version"] = self.version + 1

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        """Give the layer's output y, (N, H), for the input x, (N, D)."""
        raise NotImplementedError

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        """Give (dx, grads): the loss's gradient by the input and by each of `params`.

        x, y and `learning` are those of the forward pass, dy is the loss's gradient by y. With
        `needs_dx` False, dx may be None: the first layer that learns saves a matrix product.
        """
        raise NotImplementedError

    def observe(self, x: Array, learning: Learning) -> None:
        """Bring `buffers` up to date with the input of a learning pass; called once a batch."""

    def inputs(self) -> int | None:
        """Give the number of inputs that the layer expects, or None if any number fits."""
        return next((int(array.shape[0]) for array in self.arrays().values()), None)

    def width(self, D: int) -> int:
        """Give the number of outputs for D inputs; raises InputError if D inputs do not fit."""
        return D

    def multiply_adds(self, D: int) -> int:
        """Count the multiplications with addition that one row of D inputs costs in matrix
        products.
        """
        return 0

    def options(self) -> Options:
        """Give the settings, arrays aside, with which the constructor makes this layer again.

        JSON can hold them.
        """
        return {}

    @classmethod
    def build(cls, options: Options, arrays: dict[str, Array]) -> Self:
        """Make the layer again from `options()` and its arrays by name."""
        return cls(**arrays, **options)

    @property
    def params(self) -> list[Array]:
        """The arrays that are learned, W before b; changing them in place changes the layer."""
        return [
            array for name in self.parameter_names if (array := self.__dict__[name]) is not None
        ]

    @property
    def buffers(self) -> list[Array]:
        """The arrays that the layer remembers and does not learn."""
        return [array for name in self.buffer_names if (array := self.__dict__[name]) is not None]

    def arrays(self) -> dict[str, Array]:
        """Give parameters and buffers by name."""
        names = self.parameter_names + self.buffer_names
        return {name: array for name in names if (array := self.__dict__[name]) is not None}

    def __repr__(self) -> str:
        arguments = list(self.arrays()) + [
            f"{name}={value!r}" for name, value in self.options().items()
        ]
        return f"{type(self).__name__}({', '.join(arguments)})"


def own_array(value: Any, dtype: Any = None) -> Array:
    """Copy `value` into an unpadded, C-contiguous array of float32 or float64, as it is given or as
    `dtype` says.

    It begins where a line of the processor's cache does, which NumPy's own memory need not: a
    vector that straddles two lines is read twice, and learning takes up to a tenth longer. Whole
    numbers become float32; anything that is no array of numbers raises InputError.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged lists
        raise InputError("expected an array of numbers, got rows of different lengths") from error
    if array.dtype.kind not in "biuf":
        raise InputError("expected an array of numbers, got {kind}", kind=array.dtype)
    if dtype is None:
        dtype = array.dtype if array.dtype in (np.float32, np.float64) else np.float32
    size = array.size * np.dtype(dtype).itemsize
    room = np.empty(size + CACHE_LINE, np.uint8)
    start = -room.ctypes.data % CACHE_LINE
    own = room[start : start + size].view(dtype).reshape(array.shape)
    own[...] = array
    return own


def check_width(layer: Layer, expected: int, D: int) -> None:
    """Raise InputError unless D, the number of inputs that come, is what the layer expects."""
    if expected != D:
        raise InputError(
            "{layer} expects {expected} inputs in each row, got {got}",
            layer=type(layer).__name__,
            expected=expected,
            got=D,
        )


def check_vectors(layer: str, H: int, **vectors: Array | None) -> None:
    """Raise InputError unless each of the named vectors, where there is one, has H numbers."""
    for name, vector in vectors.items():
        if vector is not None and vector.shape != (H,):
            raise InputError(
                "{layer}: {name} must have shape {expected}, got {got}",
                layer=layer,
                name=name,
                expected=(H,),
                got=vector.shape,
            )


def every(layers: Iterable[Layer]) -> Iterator[Layer]:
    """Walk through layers and the layers within them, each before its own."""
    for layer in layers:
        yield layer
        yield from every(layer.inner)


def flat(lists: Iterable[list[Array]]) -> list[Array]:
    """Join the layers' lists of arrays into one, layer by layer."""
    return [array for arrays in lists for array in arrays]
