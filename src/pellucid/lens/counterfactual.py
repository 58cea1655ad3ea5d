"""The smallest change of an input that turns the network's answer to another class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core import chain
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.columns import (
    column_inputs,
    input_columns,
    input_names,
    input_offsets,
    knows_columns,
)
from pellucid.lens.limits import input_limits, input_scale
from pellucid.lens.neurons import input_count, neuron_layers, one_row, plain
from pellucid.network import Network

_OVERSHOOT, _PULL, _BACK = 1.05, 0.1, 0.9  # eta, alpha_max and beta of Croce and Hein 2020
# A step just over a straight border, from the row itself: exact where borders are straight
_HARDLY = 1.0001
_HALVINGS = 24
_CLIMB = 60  # steps of length 1, in input neurons


class Counterfactual:
    """The nearest input found that the network answers otherwise.

    Attributes
    ----------
    found
        Whether one was found; without one, what follows is None but for `before` and
        `confidence_before`.
    before, after
        The classes answered to the row and to the changed row.
    label_before, label_after
        Their names.
    confidence_before, confidence_after
        How sure both answers are.
    x, change, names
        (D,): the changed row in the network's floating type, what was added to the row, and the
        inputs' names.
    row
        (D,): the row as it was.
    distance, largest
        Length (L2) of the change and its largest number, measured in input neurons: pixels from 0
        to 1, columns in their deviations.
    shares, changed
        (D,): the size of each input's move as a share of the largest, measured so; and how many are
        above a hundredth.
    """

    def __init__(self, net: Network, row: Array, before: int, confidence: float) -> None:
        self.before, self.label_before, self.confidence_before = (
            before,
            net.label(before),
            confidence,
        )
        self.names, self.row = input_names(net), row
        self._offsets = input_offsets(net)
        self.found = False
        self.after: int | None = None
        self.label_after: str | None = None
        self.confidence_after: float | None = None
        self.x: Array | None = None
        self.change: Array | None = None
        self.distance: float | None = None
        self.largest: float | None = None
        self.changed: int | None = None
        self.shares: Array | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return plain({name: value for name, value in vars(self).items() if name != "_offsets"})

    def moves(self, count: int | None = None) -> list[tuple[str, float, float]]:
        """Give (name, before, after) of the `count` inputs that move most, in their columns' own
        units; None for all.

        Inputs that move by less than a hundredth of the largest move are left out.
        """
        if self.x is None or self.shares is None:
            return []
        order = np.argsort(-self.shares, kind="stable")[: self.changed][:count]
        values = (self.row + self._offsets, self.x + self._offsets)
        return [(self.names[i], float(values[0][i]), float(values[1][i])) for i in order.tolist()]

    def __str__(self) -> str:
        if not self.found:
            return say(
                "no input was found within the limits that is answered otherwise than {before} "
                "(this is no proof that there is none)",
                before=self.label_before,
            )
        text = say(
            "{before} ({confidence_before:.2f}) becomes {after} ({confidence_after:.2f}) by a "
            "change of length "
            "{distance:.3f}: {changed:,} inputs, none by more than {largest:.3f}",
            before=self.label_before,
            confidence_before=self.confidence_before,
            after=self.label_after,
            confidence_after=self.confidence_after,
            distance=self.distance,
            changed=self.changed,
            largest=self.largest,
        )
        lines = [[name, f"{before:.4g}", f"{after:.4g}"] for name, before, after in self.moves(10)]
        heads = [say("input neuron"), say("before"), say("after")]
        return f"{text}\n{table([heads, *lines], total=False)}"

    __repr__ = __str__


def counterfactual(
    net: Network,
    x: Any,
    target: int | str | None = None,
    *,
    limits: Any = None,
    fixed: Sequence[int] | None = None,
    steps: int = 100,
) -> Counterfactual:
    """Look for the smallest change of one row x that turns the answer to another class.

    The search is that of Croce and Hein ("Minimally distorted adversarial examples with a fast
    adaptive boundary attack", 2020, algorithm 1, for L2): the difference between the wanted class's
    weighted sum and the highest other one is taken as a straight line, the nearest point within the
    limits where it is 0 is computed exactly, a step is made there with a pull towards the row, and
    once the answer has turned the search goes on from a point nearer the row. Full sigmoids lead
    straight lines astray, so the search begins again from two points that are known to have turned:
    where a climb along the slope leads from the row, and from the middle of the limits. At the end
    the way between the row and the best point is halved until the border is met. The answer to the
    result is asked of the network itself. A nearer change may exist: the search is no proof.

    Parameters
    ----------
    x
        One row, (D,) or (1, D), or one picture.
    target
        The class wanted, an index or a name; None for whichever is nearest.
    limits
        (lowest, highest) of each input, numbers or one for each input; None for 0 to 255 where the
        network scales bytes, 0 to 1 where its inputs are said to be pictures, and three deviations
        either way for a table's numbers.
    fixed
        Numbers of the inputs that may not move; None for a table's categories and signs of missing
        cells, whose numbers between 0 and 1 no cell has.
    steps
        Steps of the search for each class, 100 by default; half as many from each of the other two
        points.

    Raises InputError for answers that are no classes, a target that is no other class, and limits
    missing.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, -1.0], [0.0, 0.0]], [0.0, 1.0]), pl.Softmax()])
    # Class 1 begins where x0 is below 0.5
    >>> other = counterfactual(net, [1.0, 0.5], limits=(-5, 5))
    >>> other.after, round(other.distance, 4), other.x.round(4)
    (1, 0.5, array([0.5, 0.5]))
    """
    row = one_row(net, x).reshape(1, -1)
    _check_chooses(net)
    search = _Search(
        net, row[0], input_limits(net, limits), [*_fixed(net, fixed), *_missing(net, row[0])]
    )
    y = search.answer(row)
    before, confidence = int(net.choose(y)[0]), float(net.confidence(y)[0])
    found = Counterfactual(net, row[0], before, confidence)
    wanted = _wanted(net, target, before, y.shape[1])
    best = search.nearest(wanted, whole("steps", steps))
    if best is None:
        return found
    y = search.answer(best[None])
    found.found, found.after = True, int(net.choose(y)[0])
    found.label_after, found.confidence_after = net.label(found.after), float(net.confidence(y)[0])
    found.x, found.change = best, best - row[0]
    moves = np.abs((best.astype(np.float64) - row[0]) / search.scale)
    found.distance, found.largest = float(np.linalg.norm(moves)), float(moves.max())
    found.shares = moves / max(found.largest, 1e-300)
    found.changed = int((found.shares > 0.01).sum())
    return found


class _Search:
    """The search in input neurons: u = x / scale, of float64.

    The row and its limits stay where they are.
    """

    def __init__(
        self, net: Network, row: Array, limits: tuple[Array, Array], fixed: list[int]
    ) -> None:
        self.net, self.row, self.scale = net, row, input_scale(net)
        self.start = row.astype(np.float64) / self.scale
        # The row itself is always allowed, so that there is a nearest point within the limits.
        self.low = np.minimum(limits[0] / self.scale, self.start)
        self.high = np.maximum(limits[1] / self.scale, self.start)
        self.low[fixed] = self.high[fixed] = self.start[fixed]
        last = net.layers[-1] if net.layers else None
        self.depth = len(net.layers) - isinstance(last, (Sigmoid, Softmax))
        self.answer = make_engine(
            net.layers
        ).predict  # what `predict` asks, without its check for bytes

    def nearest(self, wanted: list[int], steps: int) -> Array | None:
        """Give the nearest row found, (D,), whose answer is one of the wanted classes.

        A search for each wanted class from the row; then, for the class that was nearest (all of
        them where none was found), from what a climb from the row and from the middle of the limits
        reaches.
        """
        targets = np.array(wanted)
        best = _Best(self, wanted, len(targets))
        self._walk(best.u, targets, best, steps)
        if np.isfinite(best.length).any():
            nearest = best.length.argmin()
            targets, best.u, best.length = (
                a[nearest : nearest + 1] for a in (targets, best.u, best.length)
            )
        for begin in (self.start, (self.low + self.high) / 2):
            reached = self._climb(np.repeat(begin[None], len(targets), axis=0), targets, wanted)
            self._walk(reached, targets, best, -(-steps // 2))
        if not np.isfinite(best.length).any():
            return None
        return self._border(best.u[int(np.argmin(best.length))], wanted)

    def _walk(self, u: Array, targets: Array, best: _Best, steps: int) -> None:
        """Do Croce and Hein's steps from the points u, one for each target."""
        u = u.copy()
        for _ in range(steps):
            value, slope = self._margins(u, targets)
            here = self._project(u, slope, value, u)
            origin = self._project(u, slope, value, self.start[None])
            near, far = (np.linalg.norm(move, axis=1) for move in (here - u, origin - self.start))
            pull = np.minimum(near / np.maximum(near + far, 1e-300), _PULL)[:, None]
            ahead, anew = (
                u + _OVERSHOOT * (here - u),
                self.start + _OVERSHOOT * (origin - self.start),
            )
            u = np.clip((1 - pull) * ahead + pull * anew, self.low, self.high)
            over = np.clip(self.start + _HARDLY * (origin - self.start), self.low, self.high)
            best.keep(over)
            turned = best.keep(u)
            u[turned] = (1 - _BACK) * self.start + _BACK * u[turned]

    def _climb(self, u: Array, targets: Array, wanted: list[int]) -> Array:
        """Go uphill in steps of one length until the answer has turned, then back to the border on
        the way to the row.

        Where a straight line says nothing (sigmoids that are full), its slope still says which way
        is up.
        """
        u, climbing = u.copy(), ~np.isin(self.chosen(u), wanted)
        for _ in range(_CLIMB):
            if not climbing.any():
                break
            _, slope = self._margins(u, targets)
            slope[~np.where(slope > 0, u < self.high, u > self.low) | ~climbing[:, None]] = 0
            length = np.linalg.norm(slope, axis=1, keepdims=True)
            u = np.clip(u + slope / np.maximum(length, 1e-300), self.low, self.high)
            climbing &= ~np.isin(self.chosen(u), wanted)
        low, high = np.zeros(len(u)), np.ones(len(u))
        for _ in range(_HALVINGS // 2):
            middle = (low + high) / 2
            turned = np.isin(self.chosen(self.start + middle[:, None] * (u - self.start)), wanted)
            low, high = np.where(turned, low, middle), np.where(turned, middle, high)
        return self.start + np.where(climbing, 1, high)[:, None] * (u - self.start)

    def _border(self, u: Array, wanted: list[int]) -> Array:
        """Halve the way between the row and u, whose answer has turned, until the border is met."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            turned = self.chosen((self.start + middle * (u - self.start))[None])[0] in wanted
            low, high = (low, middle) if turned else (middle, high)
        return self._rows((self.start + high * (u - self.start))[None])[0]

    def _rows(self, u: Array) -> Array:
        """Give input neurons as rows in the network's floating type.

        What did not move stays as it was, bit by bit.
        """
        moved = np.clip(u * self.scale, self.low * self.scale, self.high * self.scale)
        return np.where(u == self.start, self.row, moved.astype(self.net.dtype))

    def chosen(self, u: Array) -> Array:
        return self.net.choose(self.answer(self._rows(u)))

    def _margins(self, u: Array, targets: Array) -> tuple[Array, Array]:
        """Give how far each target's weighted sum lies above its strongest rival's (N,), and that
        by u, (N, D).

        The rival is whichever class stands highest at u: to pass the answer alone could end in a
        third class.
        """
        layers = self.net.layers[: self.depth]
        trace = chain.forward(layers, self._rows(u))
        y, N = trace.y, np.arange(len(u))
        dy = np.zeros_like(y)
        if y.shape[1] == 1:  # one output: class 1 is above the border, class 0 below
            dy[:, 0] = np.where(targets == 1, 1, -1)
            value = dy[:, 0].astype(np.float64) * y[:, 0]
        else:
            others = y.copy()
            others[N, targets] = -np.inf
            rivals = others.argmax(axis=1)
            dy[N, targets], dy[N, rivals] = 1, -1
            value = y[N, targets].astype(np.float64) - y[N, rivals]
        dx, _ = chain.backward(layers, trace, dy)
        assert dx is not None
        return value, dx.astype(np.float64) * self.scale

    def _project(self, u: Array, slope: Array, value: Array, points: Array) -> Array:
        """Give the points' nearest neighbours within the limits where value + slope (point - u) is
        0 or more.

        The nearest point is clip(point + s slope) with the smallest s that suffices. What that
        gains grows with s along straight pieces, which end where one more input meets its limit:
        the piece is found by sorting these ends. Where nothing within the limits suffices, it is
        the corner that comes nearest.
        """
        need = -(value + np.einsum("nd,nd->n", slope, points - u))
        size = np.abs(slope)
        room = np.where(slope > 0, self.high - points, points - self.low)
        ends = np.divide(room, size, out=np.zeros_like(size), where=size > 1e-100)
        order = np.argsort(ends, axis=1)
        ends, gains, squares = (
            np.take_along_axis(a, order, axis=1) for a in (ends, size * room, size * size)
        )
        met = (
            np.cumsum(gains, axis=1) - gains
        )  # by the inputs that met their limits before each piece
        rest = np.cumsum(squares[:, ::-1], axis=1)[:, ::-1]  # of the inputs that still move in it
        enough = met + ends * rest >= need[:, None]
        piece = np.where(enough.any(axis=1), enough.argmax(axis=1), enough.shape[1] - 1)
        N = np.arange(len(need))
        s = (need - met[N, piece]) / np.maximum(rest[N, piece], 1e-200)
        s = np.clip(s, 0, ends[N, piece])
        return np.clip(points + s[:, None] * slope, self.low, self.high)


class _Best:
    """The nearest points so far whose answer has turned, u (N, D), and how far they are from the
    row, length (N,).
    """

    def __init__(self, search: _Search, wanted: list[int], N: int) -> None:
        self.search, self.wanted = search, wanted
        self.u, self.length = np.repeat(search.start[None], N, axis=0), np.full(N, math.inf)

    def keep(self, u: Array) -> Array:
        """Keep what is nearer than before; give which of the points u have turned, (N,)."""
        turned = np.isin(self.search.chosen(u), self.wanted)
        length = np.where(turned, np.linalg.norm(u - self.search.start, axis=1), math.inf)
        better = length < self.length
        self.u[better], self.length[better] = u[better], length[better]
        return turned


def _fixed(net: Network, fixed: Sequence[int] | None) -> list[int]:
    if fixed is None:
        columns = input_columns(net) if knows_columns(net) else []
        return [i for column in columns for i in column.inputs[column.categories is None :]]
    return column_inputs(fixed, input_count(net)) if len(fixed) else []


def _missing(net: Network, row: Array) -> list[int]:
    """Give the inputs of numbers that a table's row does not have.

    What they were filled with cannot change alone.
    """
    columns = input_columns(net) if knows_columns(net) else []
    return [column.inputs[0] for column in columns if column.flagged and row[column.inputs[1]]]


def _check_chooses(net: Network) -> None:
    """Raise InputError where the one output is a value.

    Nothing says that it chooses between two classes.
    """
    last = net.layers[-1] if net.layers else None
    if neuron_layers(net)[-1].size == 1 and not isinstance(last, Sigmoid) and net.classes is None:
        raise InputError(
            "this network answers with a value, not with a class: it has no answer to turn"
        )


def _wanted(net: Network, target: int | str | None, before: int, K: int) -> list[int]:
    classes = max(K, 2)
    if target is None:
        return [k for k in range(classes) if k != before]
    if isinstance(target, str) and net.classes is not None and target in net.classes:
        target = net.classes.index(target)
    if not isinstance(target, (int, np.integer)) or not 0 <= target < classes or target == before:
        raise InputError(
            "target is another class than the answer, {before}: an index from 0 to {last} or a "
            "name; got {got}",
            before=net.label(before),
            last=classes - 1,
            got=repr(target),
        )
    return [int(target)]
