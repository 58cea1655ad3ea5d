"""Augmentations: small changes of the inputs that keep their meaning, new for every row and batch.

An augmentation is a function (x, draws) -> x of a batch's inputs. It takes its random numbers from
`draws` (a `pellucid.core.draws.Draws`), so the same seed draws the same changes.

One whose `each_batch` is False may be called with the rows of several batches at once, which is
faster for small networks. It must change each row by itself and draw by `draws.uniform`, which
draws for each row what its own batch would.
"""

from __future__ import annotations

import inspect
import math
import reprlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np

from pellucid.core.draws import Draws
from pellucid.core.ranges import number
from pellucid.core.types import Array
from pellucid.errors import InputError

Augmentation: TypeAlias = Callable[[Array, Draws], Array]

_BRIGHTNESS = 1 << 42  # brightness draws from a stream of random numbers of its own


def wants_each_batch(augment: Augmentation) -> bool:
    """Return whether an augmentation must be called for each batch by itself (the default)."""
    return bool(getattr(augment, "each_batch", True))


def check_augmentation(augment: Any) -> None:
    """Raise InputError for anything but a function of (x, draws) or an object called like one."""
    fits = callable(augment) and not isinstance(augment, type)
    try:
        if fits:
            inspect.signature(augment).bind("x", "draws")
    except TypeError:
        fits = False
    except ValueError:  # a built-in function has no signature to look at
        return
    if not fits:
        raise InputError(
            "an augmentation is an object such as pl.Distortion(shift=1), several as "
            "pl.Compose(one, other), or a function of (x, draws); got {got}",
            got=reprlib.repr(augment),
        )


class Brightness:
    """Multiply each row by a factor drawn uniformly from `low` to `high` (defaults: 0.5 to 1).

    Whole numbers (bytes) become float32. Raises InputError unless 0 < low <= high, both finite.
    """

    each_batch: ClassVar[bool] = False

    def __init__(self, low: float = 0.5, high: float = 1.0) -> None:
        self.low, self.high = number(low), number(high)
        if not 0 < self.low <= self.high < math.inf:
            template = "Brightness expects 0 < low <= high, both finite; got {low} and {high}"
            raise InputError(template, low=repr(low), high=repr(high))

    def __call__(self, x: Array, draws: Draws) -> Array:
        drawn = draws._replace(layer=_BRIGHTNESS + draws.layer).uniform(len(x), 1)
        factors = self.low + (self.high - self.low) * drawn.reshape(-1, *[1] * (x.ndim - 1))
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        return x * factors.astype(dtype)

    def __repr__(self) -> str:
        return f"Brightness({self.low!r}, {self.high!r})"


class Compose:
    """Apply augmentations one after the other, the first one first.

    Two of the same kind draw different random numbers. Raises InputError for anything that is not
    an augmentation.

    >>> import pellucid as pl
    >>> pl.Compose(pl.Brightness(), pl.Distortion(shift=1))
    Compose(Brightness(0.5, 1.0), Distortion(shift=1.0))
    """

    def __init__(self, *steps: Augmentation) -> None:
        for step in steps:
            check_augmentation(step)
        self.steps = steps
        self.each_batch = any(wants_each_batch(step) for step in steps)

    def __call__(self, x: Array, draws: Draws) -> Array:
        for index, step in enumerate(self.steps):
            x = step(x, draws.at(index))
        return x

    def __repr__(self) -> str:
        return f"Compose({', '.join(map(repr, self.steps))})"
