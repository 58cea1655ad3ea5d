"""The difference of two results, and the difference that float32's own rounding makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pellucid.core.losses import RowLoss
from pellucid.core.types import Array, Batch, DTypeLike
from pellucid.exchange.verification.programs import EngineProgram
from pellucid.network import Network

# One copy may be moved by luck to where nothing changes; four hardly are.
_COPIES = 4


def gap(ours: Array, theirs: Array | None) -> float | None:
    """Return the largest difference, in units of the largest number of ours (at least 1).

    Infinite where one has NaN or infinity and the other does not; None without theirs.
    """
    if theirs is None:
        return None
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.shape != theirs.shape:
        return float(np.inf)
    alike = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs)[~alike]
    if not np.isfinite(apart).all():
        return float(np.inf)
    largest = np.abs(ours[np.isfinite(ours)]).max(initial=1.0)
    return float(apart.max(initial=0.0) / largest)


class RoundingEffects(NamedTuple):
    """How far float32 moves each output, the loss and each gradient, in the units of `gap`."""

    outputs: list[float]
    loss: float
    gradients: list[float]


def rounding_effects(net: Network, loss: RowLoss, x: Batch, t: Array) -> RoundingEffects:
    """Measure how far float32 moves this network's results on these rows.

    The reference engine in float64, with the same numbers, is compared with the reference engine in
    float32, and with itself in float64 after moving each weight by a unit in float32's last place,
    at random. One pass in float32 is not enough: it may be exact by luck just where the network
    amplifies every rounding.
    """
    double, targets = net.astype("float64"), t.astype(np.float64)
    wide = x if x.dtype == np.uint8 else x.astype(np.float64)
    copies = perturbed(double, np.float32, _COPIES)
    found = [_results(each, loss, wide, targets) for each in (double, *copies)]
    results = zip(*found, _results(net, loss, x, t), strict=True)
    moved = [max(_finite_gap(own, other) for other in others) for own, *others in results]
    count = len(net.layers)
    return RoundingEffects(moved[:count], moved[count], moved[count + 1 :])


def _results(net: Network, loss: RowLoss, x: Batch, t: Array) -> Sequence[Array]:
    value, grads = EngineProgram(net, loss, "reference").gradients(x, t)
    return [*net.forward(x), np.array(value), *grads]


def perturbed(net: Network, kind: DTypeLike, count: int) -> Iterator[Network]:
    """Yield copies whose weights are moved by a unit in the last place of a type, at random."""
    generator, unit = np.random.default_rng(0), np.finfo(kind).eps
    for _ in range(count):
        moved = net.copy()
        for array in moved.params:
            array *= 1 + unit * generator.choice((-1.0, 1.0), array.shape)
        yield moved


def _finite_gap(exact: Array, moved: Array) -> float:
    """Return the gap of the numbers that are finite in both: an overflow is not rounding."""
    finite = np.isfinite(exact) & np.isfinite(moved)
    return gap(exact[finite], moved[finite]) or 0.0
