"""The smallest change of an input that changes the predicted class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.core import chain
from pellucid.core.activations import LogSoftmax
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens import input_columns, neurons
from pellucid.lens.input_columns import RowsLike, date_text
from pellucid.lens.input_limits import LimitsLike, input_limits, input_scale
from pellucid.lens.report import Report
from pellucid.network import Network

# eta, alpha_max and beta of Croce and Hein 2020: how far to step past the border, how much to pull
# towards the row, and how far to go back once the class has changed
_OVERSHOOT, _PULL, _BACK = 1.05, 0.1, 0.9

# A step just past a linear border, from the row itself: exact where borders are linear
_HARDLY = 1.0001

_HALVINGS = 24  # 2^-24 is float32's precision: more halvings would not move the point
_CLIMB = 60  # steps of length 1, in input neurons: twice the way from a black image to a white one

# Divisors below are floored here so that 0 / 0 is 0; any smaller number would underflow.
_TINY = 1e-300


@dataclass(eq=False, repr=False)
class Counterfactual(Report):
    """The nearest input found that the network assigns to another class.

    Attributes
    ----------
    before, label_before, confidence_before
        The predicted class of the row, its label, and the confidence.
    names, row, offsets
        (D,) each: the inputs' names, the row, and what to add for the columns' own units.
    dates
        The indices of the inputs that are dates, in days since 1970.
    found
        Whether one was found; without one, everything below is None.
    after, label_after, confidence_after
        The predicted class of the changed row, its label, and the confidence.
    x, change
        (D,): the changed row in the network's dtype, and x minus the row.
    distance, largest
        Length (L2) of the change and its largest element, measured in input neurons: pixels from 0
        to 1, columns in standard deviations.
    shares, changed
        (D,): the size of each input's move relative to the largest; and the number of inputs above
        a hundredth.
    """

    LEFT_OUT = ("offsets", "dates")

    before: int
    label_before: str
    confidence_before: float
    names: list[str]
    row: Array
    offsets: Array
    dates: list[int]
    found: bool = False
    after: int | None = None
    label_after: str | None = None
    confidence_after: float | None = None
    x: Array | None = None
    change: Array | None = None
    distance: float | None = None
    largest: float | None = None
    changed: int | None = None
    shares: Array | None = None

    def moves(self, count: int | None = None) -> list[tuple[str, float, float]]:
        """Return (name, before, after) of the `count` inputs that move most; None for all.

        Values are in the columns' own units, dates in days since 1970. Inputs that move by less
        than a hundredth of the largest move are left out.
        """
        return [(self.names[i], before, after) for i, before, after in self._moves(count)]

    def moves_as_text(self, count: int | None = None) -> list[tuple[str, str, str]]:
        """Return the moves (see `moves`) as texts, dates as dates."""
        found = []
        for i, *ends in self._moves(count):
            texts = [date_text(end) if i in self.dates else f"{end:.6g}" for end in ends]
            found.append((self.names[i], texts[0], texts[1]))
        return found

    def _moves(self, count: int | None) -> list[tuple[int, float, float]]:
        if self.x is None or self.shares is None:
            return []
        order = np.argsort(-self.shares, kind="stable")[: self.changed][:count]
        before, after = self.row + self.offsets, self.x + self.offsets
        return [(i, float(before[i]), float(after[i])) for i in order.tolist()]

    def __str__(self) -> str:
        labels = {"before": self.label_before, "after": self.label_after}
        if not self.found:
            template = (
                "no input within the limits was found that is not predicted as {before} (one may "
                "exist)"
            )
            return say(template, **labels)
        template = (
            "{before} ({confidence_before:.2f}) becomes {after} ({confidence_after:.2f}) by a "
            "change of length {distance:.3f}: {changed:,} inputs, none by more than {largest:.3f}"
        )
        lines = [[say("input neuron"), say("before"), say("after")]]
        lines += [list(move) for move in self.moves_as_text(10)]
        return f"{say(template, **vars(self) | labels)}\n{table(lines, total=False)}"


@neurons.reports_overflow
def counterfactual(
    net: Network,
    x: RowsLike,
    target: int | str | None = None,
    *,
    limits: LimitsLike | None = None,
    fixed: Sequence[int] | None = None,
    steps: int = 100,
) -> Counterfactual:
    """Search for the smallest change of one row x that changes the predicted class.

    The search is Croce and Hein's ("Minimally distorted adversarial examples with a fast adaptive
    boundary attack", 2020, algorithm 1, for L2). The margin, the target class's logit minus the
    highest other one, is linearized; the nearest point within the limits with a margin of 0 is
    computed exactly; a step goes there with a pull towards the row; and once the class has changed
    the search continues from a point nearer the row. Saturated sigmoids have misleading gradients,
    so the search restarts from two points of the target class: the end of a gradient ascent from
    the row, and one from the middle of the limits. At the end the segment from the row to the best
    point is bisected until the border is met, and the network itself predicts the result. A nearer
    change may exist: the search is no proof.

    Parameters
    ----------
    x
        One row, (D,) or (1, D), or one image.
    target
        The target class, an index or a name; None for the nearest other class.
    limits
        (lowest, highest) of each input, numbers or one for each input; None for 0 to 255 where the
        network scales bytes, 0 to 1 where `net.inputs` is images, and for a table's numbers three
        standard deviations either way, but not beyond the least and greatest of training.
    fixed
        Indices of the inputs that may not move; None for a table's categories and flags of missing
        cells, as no cell is between 0 and 1, and for dates whose sine and cosine of a cycle, such
        as the week, are inputs too: moved one by one they would belong to no date.
    steps
        Steps of the search for each class, 100 by default; half as many after each restart.

    Raises InputError for networks that predict values, a target that is no other class, missing
    limits, and values that overflow.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, -1.0], [0.0, 0.0]], [0.0, 1.0]), pl.Softmax()])
    >>> other = counterfactual(net, [1.0, 0.5], limits=(-5, 5))  # class 1 begins below x0 = 0.5
    >>> other.after, round(other.distance, 4), other.x.round(4)
    (1, 0.5, array([0.5, 0.5]))
    """
    row = neurons.one_row(net, x).reshape(1, -1)
    _check_predicts_classes(net)
    fixed = [*_fixed(net, fixed), *_missing(net, row[0])]
    search = _Search(net, row[0], input_limits(net, limits), fixed)
    y = search.predict(row)
    neurons.check_overflow(net, y)
    before, confidence = int(net.choose(y)[0]), float(net.confidence(y)[0])
    names, offsets = input_columns.input_names(net), input_columns.input_offsets(net)
    dates = input_columns.date_inputs(net)
    found = Counterfactual(before, net.label(before), confidence, names, row[0], offsets, dates)
    targets = _targets(net, target, before, y.shape[1])
    best = search.nearest(targets, whole("steps", steps))
    if best is None:
        return found
    y = search.predict(best[None])
    found.found, found.after = True, int(net.choose(y)[0])
    found.label_after, found.confidence_after = net.label(found.after), float(net.confidence(y)[0])
    found.x, found.change = best, best - row[0]
    moves = np.abs((best.astype(np.float64) - row[0]) / search.scale)
    found.distance, found.largest = float(np.linalg.norm(moves)), float(moves.max())
    found.shares = moves / max(found.largest, _TINY)
    found.changed = int((found.shares > 0.01).sum())
    return found


class _Search:
    """The search in input neurons, u = x / scale, in float64."""

    def __init__(
        self, net: Network, row: Array, limits: tuple[Array, Array], fixed: list[int]
    ) -> None:
        self.net, self.row, self.scale = net, row, input_scale(net)
        self.start = row.astype(np.float64) / self.scale
        # The row itself is always allowed, so that a nearest point within the limits exists.
        self.low = np.minimum(limits[0] / self.scale, self.start)
        self.high = np.maximum(limits[1] / self.scale, self.start)
        self.low[fixed] = self.high[fixed] = self.start[fixed]
        last = net.layers[-1] if net.layers else None
        self.depth = len(net.layers) - isinstance(last, (Sigmoid, Softmax, LogSoftmax))
        # The engine of net.predict without its check for bytes, which would refuse dark images.
        self.predict = make_engine(net.layers).predict

    def nearest(self, wanted: list[int], steps: int) -> Array | None:
        """Return the nearest row found, (D,), that is predicted as one of the wanted classes.

        One search from the row for each wanted class; then, for the nearest class (for all where
        none was found), from the ends of two gradient ascents.
        """
        targets = np.array(wanted)
        best = _Best(self, wanted, len(targets))
        self._walk(best.u, targets, best, steps)
        if np.isfinite(best.length).any():
            one = slice(best.length.argmin(), best.length.argmin() + 1)
            targets, best.u, best.length = targets[one], best.u[one], best.length[one]
        for begin in (self.start, (self.low + self.high) / 2):
            reached = self._climb(np.repeat(begin[None], len(targets), axis=0), targets, wanted)
            self._walk(reached, targets, best, -(-steps // 2))
        if not np.isfinite(best.length).any():
            return None
        return self._border(best.u[int(np.argmin(best.length))], wanted)

    def _walk(self, u: Array, targets: Array, best: _Best, steps: int) -> None:
        """Take Croce and Hein's steps from the points u, one for each target."""
        u, start = u.copy(), self.start
        for _ in range(steps):
            value, slope = self._margins(u, targets)
            here = self._project(u, slope, value, u)
            origin = self._project(u, slope, value, start[None])
            near, far = (np.linalg.norm(move, axis=1) for move in (here - u, origin - start))
            pull = np.minimum(near / np.maximum(near + far, _TINY), _PULL)[:, None]
            ahead, anew = u + _OVERSHOOT * (here - u), start + _OVERSHOOT * (origin - start)
            u = np.clip((1 - pull) * ahead + pull * anew, self.low, self.high)
            best.keep(np.clip(start + _HARDLY * (origin - start), self.low, self.high))
            changed = best.keep(u)
            u[changed] = (1 - _BACK) * start + _BACK * u[changed]

    def _climb(self, u: Array, targets: Array, wanted: list[int]) -> Array:
        """Ascend in steps of length 1 until the class changes, then return to the border.

        Where sigmoids are saturated the margin's linearization is useless, but its gradient still
        has the right direction.
        """
        u, climbing = u.copy(), ~np.isin(self.chosen(u), wanted)
        for _ in range(_CLIMB):
            if not climbing.any():
                break
            _, slope = self._margins(u, targets)
            # Inputs at a limit stay there, and so do points that have arrived.
            slope[~np.where(slope > 0, u < self.high, u > self.low) | ~climbing[:, None]] = 0
            length = np.linalg.norm(slope, axis=1, keepdims=True)
            u = np.clip(u + slope / np.maximum(length, _TINY), self.low, self.high)
            climbing &= ~np.isin(self.chosen(u), wanted)
        low, high = np.zeros(len(u)), np.ones(len(u))
        for _ in range(_HALVINGS // 2):
            middle = (low + high) / 2
            points = self.start + middle[:, None] * (u - self.start)
            changed = np.isin(self.chosen(points), wanted)
            low, high = np.where(changed, low, middle), np.where(changed, middle, high)
        return self.start + np.where(climbing, 1, high)[:, None] * (u - self.start)

    def _border(self, u: Array, wanted: list[int]) -> Array:
        """Bisect the segment from the row to u, whose class has changed, down to the border."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            changed = self.chosen((self.start + middle * (u - self.start))[None])[0] in wanted
            low, high = (low, middle) if changed else (middle, high)
        return self._rows((self.start + high * (u - self.start))[None])[0]

    def _rows(self, u: Array) -> Array:
        """Return input neurons as rows in the network's dtype; unmoved inputs keep their bits."""
        moved = np.clip(u * self.scale, self.low * self.scale, self.high * self.scale)
        return np.where(u == self.start, self.row, moved.astype(self.net.dtype))

    def chosen(self, u: Array) -> Array:
        return self.net.choose(self.predict(self._rows(u)))

    def _margins(self, u: Array, targets: Array) -> tuple[Array, Array]:
        """Return each target's logit minus its strongest rival's, (N,), and its gradient, (N, D).

        The rival is the highest other class at u, not the predicted class of the row: to pass that
        one alone could end in a third class.
        """
        layers = self.net.layers[: self.depth]
        trace = chain.forward(layers, self._rows(u))
        z, N = trace.y, np.arange(len(u))
        dz = np.zeros_like(z)
        if z.shape[1] == 1:  # one output: class 1 is above the border, class 0 below
            dz[:, 0] = np.where(targets == 1, 1, -1)
            value = dz[:, 0].astype(np.float64) * z[:, 0]
        else:
            others = z.copy()
            others[N, targets] = -np.inf
            rivals = others.argmax(axis=1)
            dz[N, targets], dz[N, rivals] = 1, -1
            value = z[N, targets].astype(np.float64) - z[N, rivals]
        dx, _ = chain.backward(layers, trace, dz)
        assert dx is not None
        return value, dx.astype(np.float64) * self.scale

    def _project(self, u: Array, slope: Array, value: Array, points: Array) -> Array:
        """Project points onto value + slope (point - u) >= 0 within the limits.

        The nearest such point is clip(point + s slope) with the smallest sufficient s. The gain
        grows with s along linear pieces, and a piece ends where one more input meets its limit: the
        piece is found by sorting these ends. Where no point within the limits suffices, the result
        is the corner with the largest gain.
        """
        need = -(value + np.einsum("nd,nd->n", slope, points - u))
        size = np.abs(slope)
        room = np.where(slope > 0, self.high - points, points - self.low)
        ends = np.divide(room, size, out=np.zeros_like(size), where=size > 1e-100)
        order = np.argsort(ends, axis=1)
        parts = (ends, size * room, size * size)
        ends, gains, squares = (np.take_along_axis(part, order, axis=1) for part in parts)
        # Before each piece, the gain of the inputs at their limits; in it, the slope of the rest.
        met = np.cumsum(gains, axis=1) - gains
        rest = np.cumsum(squares[:, ::-1], axis=1)[:, ::-1]
        enough = met + ends * rest >= need[:, None]
        piece = np.where(enough.any(axis=1), enough.argmax(axis=1), enough.shape[1] - 1)
        N = np.arange(len(need))
        s = (need - met[N, piece]) / np.maximum(rest[N, piece], 1e-200)
        s = np.clip(s, 0, ends[N, piece])
        return np.clip(points + s[:, None] * slope, self.low, self.high)


class _Best:
    """The nearest points of a wanted class so far, u (N, D), and their distances, length (N,)."""

    def __init__(self, search: _Search, wanted: list[int], N: int) -> None:
        self.search, self.wanted = search, wanted
        self.u, self.length = np.repeat(search.start[None], N, axis=0), np.full(N, math.inf)

    def keep(self, u: Array) -> Array:
        """Keep nearer points; return which of the points u have a wanted class, (N,)."""
        changed = np.isin(self.search.chosen(u), self.wanted)
        length = np.where(changed, np.linalg.norm(u - self.search.start, axis=1), math.inf)
        better = length < self.length
        self.u[better], self.length[better] = u[better], length[better]
        return changed


def _fixed(net: Network, fixed: Sequence[int] | None) -> list[int]:
    if fixed is None:
        columns = input_columns.input_columns(net)
        # Of a numeric column only the first input, the number, may move: not the missing flag, and
        # no date without the sine and cosine of its season, which no straight move keeps together.
        free = [column.categories is None and not column.cycles for column in columns]
        parts = zip(columns, free, strict=True)
        return [i for column, one in parts for i in column.inputs[int(one) :]]
    return input_columns.column_inputs(fixed, neurons.input_count(net)) if len(fixed) else []


def _missing(net: Network, row: Array) -> list[int]:
    """Return the numeric inputs whose cells are missing: imputed values cannot change alone."""
    columns = input_columns.input_columns(net)
    return [column.inputs[0] for column in columns if column.flagged and row[column.inputs[1]]]


def _check_predicts_classes(net: Network) -> None:
    """Raise InputError where the only output is a value."""
    last = net.layers[-1] if net.layers else None
    # One output chooses between two classes only through a sigmoid, or where names say so.
    outputs, named = neurons.neuron_layers(net)[-1].size, net.classes is not None
    if outputs == 1 and not isinstance(last, Sigmoid) and not named:
        raise InputError("this network predicts a value, not a class: there is no class to change")


def _targets(net: Network, target: int | str | None, before: int, K: int) -> list[int]:
    others = [k for k in range(max(K, 2)) if k != before]
    if target is None:
        return others
    if isinstance(target, str) and net.classes is not None and target in net.classes:
        target = net.classes.index(target)
    if not isinstance(target, (int, np.integer)) or target not in others:
        template = (
            "target must be a class other than the prediction, {before}: an index from 0 to {last} "
            "or a name; got {got}"
        )
        raise InputError(template, before=net.label(before), last=max(K, 2) - 1, got=repr(target))
    return [int(target)]
