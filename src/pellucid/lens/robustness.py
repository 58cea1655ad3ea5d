"""How the accuracy on images falls with darkness, noise, shift and rotation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import checks
from pellucid.core.draws import Draws
from pellucid.core.metrics import target_classes, wilson
from pellucid.core.ranges import finite, whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import mark, say
from pellucid.lens.input_limits import LimitsLike, input_limits
from pellucid.lens.neurons import as_rows, image_shape
from pellucid.lens.report import Report
from pellucid.network import Network
from pellucid.training.distortion import Distortion
from pellucid.training.sample_checks import check_rows

CHANGES: dict[str, tuple[str, tuple[float, ...]]] = {
    "brightness": (mark("brightness (factor)"), (1.0, 0.8, 0.6, 0.4, 0.2, 0.1)),
    "noise": (mark("noise (std, share of range)"), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    "shift": (mark("shift (pixels, both ways)"), (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),
    "rotation": (mark("rotation (degrees)"), (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0)),
}
"""The changes of an image: the unit of the level, and the default levels."""

_STREAM = 1 << 45  # the stream of random numbers of changes; every use has its own
_BLOCK = 4096  # images changed at a time


@dataclass(eq=False, repr=False)
class RobustnessCurve(Report):
    """Accuracy by how strongly images are changed.

    Attributes
    ----------
    change
        "brightness", "noise", "shift" or "rotation".
    levels
        The strengths: a factor, a standard deviation as a share of the range, pixels, degrees.
    hits, rows
        (levels,): the number of correct predictions at each level; and the number of images.
    accuracy, intervals
        (levels,) and (levels, 2): shares and their 95 % intervals (Wilson 1927).
    """

    LEFT_OUT = ("hits",)  # they are in the accuracy

    change: str
    levels: Array
    hits: Array
    rows: int
    accuracy: Array = field(init=False)
    intervals: Array = field(init=False)

    def __post_init__(self) -> None:
        self.accuracy = self.hits / self.rows
        intervals = [wilson(int(count), self.rows) for count in self.hits]
        self.intervals = np.array(intervals).reshape(-1, 2)  # (0, 2) without levels

    def __str__(self) -> str:
        lines = [[say(CHANGES[self.change][0]), say("right"), say("95 % interval")]]
        ends = zip(self.levels, self.accuracy, self.intervals, strict=True)
        lines += [[f"{x:g}", f"{y:.1%}", f"{low:.1%} - {high:.1%}"] for x, y, (low, high) in ends]
        return table(lines, total=False)


def robustness(
    net: Network,
    x: ArrayLike,
    t: ArrayLike,
    change: str,
    levels: Sequence[float] | None = None,
    *,
    shape: Sequence[int] | None = None,
    limits: LimitsLike | None = None,
    seed: int = 0,
) -> RobustnessCurve:
    """Measure how accuracy falls as images are changed more strongly.

    Parameters
    ----------
    x, t
        Images (N, height, width) or (N, D), as the network takes them, and their classes.
    change
        "brightness": every number times the level. "noise": normal noise whose standard deviation
        is the level times the range. "shift": by the level's pixels, left or right and up or down.
        "rotation": by the level's degrees, either way. Each image's direction and noise are drawn
        with `seed`, the same at every level; pixels between and outside are interpolated as in
        `Distortion`. Results are clipped to the limits.
    levels
        The strengths; None for the defaults in `CHANGES`, unchanged first.
    shape
        (height, width), where neither `net.inputs` nor 784 inputs tell.
    limits
        (lowest, highest) value of a pixel; None for 0 to 255 where the network scales bytes, else
        0 to 1.

    Images are changed and predicted in blocks. Raises InputError for unknown changes, impossible
    levels, networks whose inputs are no images, and rows or targets that do not fit.
    """
    if change not in CHANGES:
        template = "change is one of {known}, not {got}"
        raise InputError(template, known=", ".join(CHANGES), got=repr(change))
    rows = as_rows(net, x)
    classes = target_classes(check_rows(net.layers, rows, t).t)
    chosen = [finite(level=level) for level in (CHANGES[change][1] if levels is None else levels)]
    size = image_shape(net, shape or (rows.shape[1:] if rows.ndim == 3 else None))
    if size is None:
        raise InputError("the inputs are not known to be images: pass shape=(height, width)")
    low, high = _limits(net, limits)
    seed, hits = whole("seed", seed, 0), np.zeros(len(chosen), np.int64)
    predict = make_engine(net.layers).predict
    dtype = np.dtype(np.float32) if rows.dtype.kind in "biu" else rows.dtype
    for k, level in enumerate(chosen):
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK].astype(dtype)
            changed = changed_images(part, change, level, size, high - low, seed, start)
            y = predict(np.clip(changed, low, high).astype(dtype))
            hits[k] += (net.choose(y) == classes[start : start + _BLOCK]).sum()
    return RobustnessCurve(change, np.array(chosen), hits, len(rows))


def changed_images(
    x: Array,
    change: str,
    level: float,
    shape: tuple[int, int],
    span: float = 1.0,
    seed: int = 0,
    first: int = 0,
) -> Array:
    """Return images x, floating (N, height, width) or (N, D), changed at a level.

    See `robustness`. `span` is the range of the pixels, `first` the index of the first row among
    all, which places its random numbers. Raises InputError for a negative standard deviation.
    """
    draws = Draws(seed, 0, _STREAM, first)
    if change == "brightness":
        return x * x.dtype.type(level)
    if change == "noise":
        return Distortion(noise=level * span, shape=shape)(x, draws)
    distortion = Distortion(**{change: abs(level)}, shape=shape)
    return distortion(x, _EitherWay(seed, 0, _STREAM, first)) if level else x


class _EitherWay(Draws):
    """Draws that are 0 or 1, so that a distortion goes fully to one of its two ends."""

    def uniform(self, N: int, H: int) -> Array:
        return np.rint(super().uniform(N, H))


def _limits(net: Network, limits: LimitsLike | None) -> tuple[float, float]:
    if limits is None and checks.byte_factor(net.layers) is None:
        limits = (0.0, 1.0)
    # One range for all pixels: noise and clipping do not know single pixels.
    low, high = input_limits(net, limits)
    return float(low.min()), float(high.max())
