"""Augmentations: small changes of the inputs, drawn anew for every row of every batch, that keep
their meaning.

An augmentation is a function (x, learning) -> x of a batch's inputs; `learning` (a `Learning`) is
where it draws its random numbers, so the same seed gives the same changes.

One whose `each_batch` is False may be given the rows of several batches at once, which is faster
for small networks. It must treat each row by itself and draw by `learning.uniform`, which gives
each row what it would draw in its own batch.
"""

from __future__ import annotations

import inspect
import math
import reprlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np

from pellucid.core.layer import Learning
from pellucid.core.settings import number
from pellucid.core.types import Array
from pellucid.errors import InputError

Augmentation: TypeAlias = Callable[[Array, Learning], Array]

_BRIGHTNESS = 1 << 42  # its stream of random numbers is nobody else's


def wants_each_batch(augment: Augmentation) -> bool:
    """Say whether an augmentation must be given each batch by itself.

    True, unless it says otherwise.
    """
    return bool(getattr(augment, "each_batch", True))


def check_augmentation(augment: Any) -> None:
    """Raise InputError for anything but a function, or an object that is called like one, of (x,
    learning).
    """
    fits = callable(augment) and not isinstance(augment, type)
    try:
        if fits:
            inspect.signature(augment).bind("x", "learning")
    except TypeError:
        fits = False
    except ValueError:  # a built-in function that tells nothing of itself
        return
    if not fits:
        raise InputError(
            "an augmentation is an object such as pl.Distortion(shift=1), several as "
            "pl.InTurn(one, other), or a "
            "function of (x, learning); got {got}",
            got=reprlib.repr(augment),
        )


class Brightness:
    """Multiply each row by a number drawn evenly from `low` to `high`: the same 3, darker, is still
    a 3.

    Whole numbers (bytes) become float32. Raises InputError unless 0 < low <= high, both finite.
    Defaults: 0.5 to 1.
    """

    each_batch: ClassVar[bool] = False

    def __init__(self, low: float = 0.5, high: float = 1.0) -> None:
        self.low, self.high = number(low), number(high)
        if not 0 < self.low <= self.high < math.inf:
            raise InputError(
                "Brightness expects 0 < low <= high, both finite; got {low} and {high}",
                low=repr(low),
                high=repr(high),
            )

    def __call__(self, x: Array, learning: Learning) -> Array:
        drawn = learning._replace(layer=_BRIGHTNESS + learning.layer).uniform(len(x), 1)
        factors = self.low + (self.high - self.low) * drawn.reshape(-1, *[1] * (x.ndim - 1))
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        return x * factors.astype(dtype)

    def __repr__(self) -> str:
        return f"Brightness({self.low!r}, {self.high!r})"


class InTurn:
    """One augmentation after the other: InTurn(Brightness(), Distortion(shift=1)) gives
    Distortion(Brightness(x)).

    Two of the same kind draw different random numbers. Raises InputError for anything that is no
    augmentation.

    >>> import pellucid as pl
    >>> pl.InTurn(pl.Brightness(), pl.Distortion(shift=1))
    InTurn(Brightness(0.5, 1.0), Distortion(shift=1.0))
    """

    def __init__(self, *steps: Augmentation) -> None:
        for step in steps:
            check_augmentation(step)
        self.steps = steps
        self.each_batch = any(wants_each_batch(step) for step in steps)

    def __call__(self, x: Array, learning: Learning) -> Array:
        for index, step in enumerate(self.steps):
            x = step(x, learning.at(index))
        return x

    def __repr__(self) -> str:
        return f"InTurn({', '.join(map(repr, self.steps))})"
