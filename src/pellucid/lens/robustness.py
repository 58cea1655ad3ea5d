"""How a network that reads pictures bears what happens to them.

Darkness, noise, shift, rotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core import checks
from pellucid.core.draws import Draws
from pellucid.core.metrics import target_classes, wilson
from pellucid.core.ranges import finite, whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import mark, say
from pellucid.lens.limits import input_limits
from pellucid.lens.neurons import as_rows, picture_shape
from pellucid.network import Network
from pellucid.training.samples import check_rows
from pellucid.training.distortion import Distortion

CHANGES: dict[str, tuple[str, tuple[float, ...]]] = {
    "brightness": (mark("brightness (factor)"), (1.0, 0.8, 0.6, 0.4, 0.2, 0.1)),
    "noise": (mark("noise (deviation, share of the range)"), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    "shift": (mark("shift (pixels, both ways)"), (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),
    "rotation": (mark("rotation (degrees)"), (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0)),
}
"""What can happen to a picture: what its level is, and the usual levels."""

_STREAM = 1 << 45  # its streams of random numbers are nobody else's
_BLOCK = 4096


class RobustnessCurve:
    """Accuracy by how strongly pictures are changed.

    Attributes
    ----------
    change
        "brightness", "noise", "shift" or "rotation".
    levels
        How strongly: a factor, a deviation as a share of the range, pixels, degrees.
    hits, rows
        (levels,): how many pictures were read right at each level; of how many.
    accuracy, intervals
        (levels,) and (levels, 2): shares and their 95 % intervals (Wilson).
    """

    def __init__(self, change: str, levels: Array, hits: Array, rows: int) -> None:
        self.change, self.levels, self.hits, self.rows = change, levels, hits, rows
        self.accuracy = hits / rows
        self.intervals = np.array([wilson(int(count), rows) for count in hits]).reshape(-1, 2)

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return {
            "change": self.change,
            "levels": self.levels.tolist(),
            "accuracy": self.accuracy.tolist(),
            "intervals": self.intervals.tolist(),
            "rows": self.rows,
        }

    def __str__(self) -> str:
        lines = [
            [f"{level:g}", f"{share:.1%}", f"{low:.1%} - {high:.1%}"]
            for level, share, (low, high) in zip(
                self.levels, self.accuracy, self.intervals, strict=True
            )
        ]
        name = say(CHANGES[self.change][0])
        return table([[name, say("right"), say("95 % interval")], *lines], total=False)

    __repr__ = __str__


def robustness(
    net: Network,
    x: Any,
    t: Any,
    change: str,
    levels: Sequence[float] | None = None,
    *,
    shape: Any = None,
    limits: Any = None,
    seed: int = 0,
) -> RobustnessCurve:
    """Measure how accuracy falls as pictures are changed more strongly.

    Parameters
    ----------
    x, t
        Pictures (N, height, width) or (N, D), as the network takes them, and their classes.
    change
        "brightness": every number times the level. "noise": normal numbers are added whose
        deviation is the level times the range. "shift": by the level's pixels, left or right and up
        or down. "rotation": by the level's degrees, either way. Each picture's direction and noise
        are drawn by `seed`, the same at every level; what a shift or a turn reads between pixels or
        outside is as in `Distortion`. Results are kept within the limits.
    levels
        How strongly; None for the usual levels of `CHANGES`, unchanged first.
    shape
        (height, width), where neither the network says so nor its inputs are 784.
    limits
        (lowest, highest) number of a picture; None as the network says: 0 to 255 where it scales
        bytes, else 0 to 1.

    Pictures are changed and answered block by block. Raises InputError for unknown changes, levels
    that cannot be, networks that read no pictures, and rows or targets that do not fit.
    """
    if change not in CHANGES:
        raise InputError(
            "a change is one of {known}; not {got}", known=", ".join(CHANGES), got=repr(change)
        )
    rows = as_rows(net, x)
    classes = target_classes(check_rows(net.layers, rows, t).t)
    chosen = [finite(level=level) for level in (CHANGES[change][1] if levels is None else levels)]
    size = picture_shape(net, shape or (rows.shape[1:] if rows.ndim == 3 else None))
    if size is None:
        raise InputError(
            "this network's inputs are not known to be pictures: say shape=(height, width)"
        )
    low, high = _limits(net, limits)
    seed = whole("seed", seed, 0)
    ask = make_engine(net.layers).predict
    hits = []
    for level in chosen:
        right = 0
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK].astype(
                np.float32 if rows.dtype.kind in "biu" else rows.dtype
            )
            changed = changed_pictures(part, change, level, size, high - low, seed, start)
            y = ask(np.clip(changed, low, high).astype(part.dtype))
            right += int((net.choose(y) == classes[start : start + _BLOCK]).sum())
        hits.append(right)
    return RobustnessCurve(change, np.array(chosen), np.array(hits), len(rows))


def changed_pictures(
    x: Array,
    change: str,
    level: float,
    shape: tuple[int, int],
    span: float = 1.0,
    seed: int = 0,
    first: int = 0,
) -> Array:
    """Give pictures x, floating (N, height, width) or (N, D), changed at a level; see `robustness`.

    `span` is the range of their numbers, `first` the number of the first row among all, from which
    its random numbers come. Raises InputError for a negative deviation.
    """
    draws = Draws(seed, 0, _STREAM, first)
    if change == "brightness":
        return x * x.dtype.type(level)
    if change == "noise":
        return Distortion(noise=level * span, shape=shape)(x, draws)
    distortion = Distortion(**{change: abs(level)}, shape=shape)
    return distortion(x, _EitherWay(seed, 0, _STREAM, first)) if level else x


class _EitherWay(Draws):
    """Draws that are 0 or 1, so that a distortion goes all the way to one of its two ends."""

    def uniform(self, N: int, H: int) -> Array:
        return np.rint(super().uniform(N, H))


def _limits(net: Network, limits: Any) -> tuple[float, float]:
    if limits is None and checks.byte_factor(net.layers) is None:
        limits = (0.0, 1.0)
    low, high = input_limits(net, limits)
    return float(low.min()), float(high.max())
