"""How far two results are apart, and how far float32's own rounding takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pellucid.core.types import Array
from pellucid.exchange.verification.programs import EngineProgram, Results
from pellucid.network import Network

_NUDGES = 4


def gap(ours: Array | None, theirs: Array | None) -> float | None:
    """Give the largest difference, in units of the largest number of ours (at least 1).

    Infinite where one has NaN or infinity and the other has not; None where one of them is.
    """
    if ours is None or theirs is None:
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


class Unrest(NamedTuple):
    """How far rounding to float32 moves every output, the loss, and every gradient of a network, as
    `gap` counts.
    """

    outputs: list[float]
    loss: float
    gradients: list[float]


def unrest(net: Network, loss: Any, x: Array, t: Array) -> Unrest:
    """Measure what float32 does to this network's results on these rows.

    Against the reference engine in float64, the same numbers given, stand the reference engine in
    float32, and in float64 with weights that are moved by a unit in float32's last place, at
    random: a single pass in float32 may be exact by luck just where the network enlarges every
    rounding.
    """
    double = net.astype("float64")
    wide = x if x.dtype == np.uint8 else x.astype(np.float64)
    exact = _results(double, loss, wide, t.astype(np.float64))
    found = [_results(net, loss, x, t)]
    found += [
        _results(each, loss, wide, t.astype(np.float64))
        for each in nudged(double, np.float32, _NUDGES)
    ]
    moved = [
        max(map(_finite_gap, [own] * len(found), others))
        for own, *others in zip(exact, *found, strict=True)
    ]
    count = len(net.layers)
    return Unrest(moved[:count], moved[count], moved[count + 1 :])


def _results(net: Network, loss: Any, x: Array, t: Array) -> Sequence[Array]:
    program = EngineProgram(net, loss, "reference")
    outputs: Results = program.outputs(x)
    value, grads = program.gradients(x, t)
    return [*(y for y in outputs if y is not None), np.array(value), *grads]


def nudged(net: Network, kind: Any, count: int) -> Iterator[Network]:
    """Give copies whose weights are moved by a unit in the last place of a floating type, up or
    down at random.
    """
    generator, unit = np.random.default_rng(0), np.finfo(kind).eps
    for _ in range(count):
        moved = net.copy()
        for array in moved.params:
            array *= 1 + unit * generator.choice((-1.0, 1.0), array.shape)
        yield moved


def _finite_gap(exact: Array, moved: Array) -> float:
    """Give the gap of what is finite in both.

    Where float32 overflows, it tells nothing of rounding.
    """
    finite = np.isfinite(exact) & np.isfinite(moved)
    largest = np.abs(exact[finite]).max(initial=1.0)
    return float(np.abs(exact[finite] - moved[finite]).max(initial=0.0) / largest)
