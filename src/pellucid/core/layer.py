"""A layer: parameters, a forward pass, a backward pass, and no memory of any pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

from pellucid.core.arrays import Buffer, Parameter, own_array
from pellucid.core.draws import Draws
from pellucid.core.types import Array, Batch, Gradients, Options
from pellucid.errors import InputError, StructureError


class Pass(NamedTuple):
    """What a layer's backward pass knows of its forward pass.

    Attributes
    ----------
    x, y
        The layer's input, (N, D), and output, (N, H).
    draws
        Random numbers of a training pass; None in a prediction pass.
    needs_dx
        Whether the caller needs dx. In training it does not for the first layer with parameters:
        nothing below needs a gradient, and a matrix product is saved.
    """

    x: Batch
    y: Batch
    draws: Draws | None = None
    needs_dx: bool = True


class Layer:
    """One step of a network: y = forward(x), and the gradient of a loss with respect to x.

    A subclass declares its arrays as `Parameter` or `Buffer` and writes `forward` and `backward`,
    for any number of rows, even 0, in the floating type of x. An attribute is assigned once, in
    `__init__`; later only arrays (in place) and `frozen` may change.

    A layer of your own takes a dozen lines. This one trains one factor for all numbers:

    >>> import numpy as np
    >>> class Gain(Layer):
    ...     factor = Parameter()
    ...
    ...     def __init__(self, factor=1.0):
    ...         self.factor = np.float32(factor)  # a network's arrays have one type
    ...
    ...     def forward(self, x, draws=None):
    ...         return x * self.factor
    ...
    ...     def backward(self, p, dy):
    ...         return dy * self.factor, [np.sum(dy * p.x)]
    >>> Gain(0.5).forward(np.array([[-2.0, 2.0]]))
    array([[-1.,  1.]])
    """

    parameter_names: ClassVar[tuple[str, ...]] = ()
    buffer_names: ClassVar[tuple[str, ...]] = ()
    passes_through: ClassVar[bool] = False  # whether prediction returns x (Identity, Dropout)
    frozen: bool = False  # not trained
    inner: tuple[Layer, ...] = ()  # layers within this one (of a skip)

    def __init_subclass__(cls) -> None:
        # The names declared in the class body, after those of its bases: the order of `params`.
        declared = vars(cls).items()
        parameters = [name for name, value in declared if isinstance(value, Parameter)]
        buffers = [name for name, value in declared if isinstance(value, Buffer)]
        cls.parameter_names = (*cls.parameter_names, *parameters)
        cls.buffer_names = (*cls.buffer_names, *buffers)

    def __setattr__(self, name: str, value: Any) -> None:
        arrays = self.parameter_names + self.buffer_names
        if name in self.__dict__ and name != "frozen" and name not in arrays:
            raise StructureError(
                "{layer}.{name} is fixed when the layer is made: make another layer",
                layer=type(self).__name__,
                name=name,
            )
        object.__setattr__(self, name, value)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # Copies and unpickled layers own aligned arrays, as layers that were made do.
        self.__dict__.update(state)
        for name, array in self.arrays().items():
            if name in state:  # not those of layers within this one
                self.__dict__[name] = own_array(array)

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        """Return the output y, (N, H), for the input x, (N, D); `draws` in training only."""
        raise NotImplementedError

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        """Return (dx, grads) for dy, the gradient of the loss with respect to y, (N, H).

        dx, (N, D), may be None unless `p.needs_dx`; grads holds a gradient for each of `params`.
        """
        raise NotImplementedError

    def observe(self, x: Batch, draws: Draws) -> None:
        """Update `buffers` from the input of a training pass; called once a batch."""

    def project(self) -> None:
        """Return parameters to what they may be, if that is limited; called after each step."""

    def input_width(self) -> int | None:
        """Return the number of inputs that the layer expects, or None if any number fits."""
        return None

    def output_width(self, D: int) -> int:
        """Return the number of outputs for D inputs; raises InputError if D does not fit."""
        expected = self.input_width()
        if expected is not None and expected != D:
            raise InputError(
                "{layer} expects {expected} inputs in each row, got {got}",
                layer=type(self).__name__,
                expected=expected,
                got=D,
            )
        return D

    def options(self) -> Options:
        """Return the settings, arrays aside, that the constructor takes; JSON can hold them."""
        return {}

    @classmethod
    def build(cls, options: Options, arrays: dict[str, Array]) -> Self:
        """Make a layer from what `options()` and `arrays()` returned."""
        return cls(**arrays, **options)

    @property
    def params(self) -> list[Array]:
        """The arrays that are trained, W before b; changing them in place changes the layer."""
        return [a for name in self.parameter_names if (a := self.__dict__[name]) is not None]

    @property
    def buffers(self) -> list[Array]:
        """The arrays that are kept with the layer and not trained."""
        return [a for name in self.buffer_names if (a := self.__dict__[name]) is not None]

    def arrays(self) -> dict[str, Array]:
        """Return parameters and buffers by name."""
        names = self.parameter_names + self.buffer_names
        return {name: a for name in names if (a := self.__dict__[name]) is not None}

    def __repr__(self) -> str:
        settings = [f"{name}={value!r}" for name, value in self.options().items()]
        return f"{type(self).__name__}({', '.join([*self.arrays(), *settings])})"


def walk(layers: Iterable[Layer]) -> Iterator[Layer]:
    """Yield every layer, each followed by the layers within it."""
    for layer in layers:
        yield layer
        yield from walk(layer.inner)


def flat(lists: Iterable[list[Array]]) -> list[Array]:
    """Join the layers' lists of arrays into one, layer by layer."""
    return [array for arrays in lists for array in arrays]
