"""Columns with which a prediction only rises or only falls: proved by the signs of all weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pellucid.core import activations, checks, layers
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.composite import Concatenate, Dropout, Residual
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.core.monotone import RISING
from pellucid.core.normalization import BatchNorm
from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize
from pellucid.core.types import Array
from pellucid.language import say
from pellucid.lens.input_columns import input_columns, knows_columns
from pellucid.network import Network

_UNCHANGED = (*RISING, Dropout, Flatten, SmoothClip, Standardize)


class _Ways(NamedTuple):
    """Which numbers may rise and which may fall when an input rises, (D, H) bool each."""

    up: Array
    down: Array

    def times(self, W: Array) -> _Ways:
        """Return the ways of weighted sums."""
        positive, negative = (W > 0).astype(np.float32), (W < 0).astype(np.float32)
        up, down = self.up.astype(np.float32), self.down.astype(np.float32)
        return _Ways((up @ positive + down @ negative) > 0, (up @ negative + down @ positive) > 0)

    def any(self) -> _Ways:
        """Return the ways where what moves may move either way."""
        moves = self.up | self.down
        return _Ways(moves, moves)

    def mixed(self) -> _Ways:
        """Return the ways where each number depends on the whole row."""
        moves = np.broadcast_to((self.up | self.down).any(axis=1, keepdims=True), self.up.shape)
        return _Ways(moves, moves)

    def beside(self, other: _Ways) -> _Ways:
        """Return the ways of two lists of numbers side by side."""
        return _Ways(np.hstack([self.up, other.up]), np.hstack([self.down, other.down]))


def directions(net: Network) -> dict[str, int]:
    """Return the columns whose direction follows from the weights: 1 for a column with which the
    prediction never falls, other columns being equal, -1 for one with which it never rises.

    The prediction is the value, or the probability of the second of two classes; of more classes
    nothing is known, and of several values what is true of all. It is a proof from the signs of the
    weights, not a test on rows, and holds to rounding: a column that is not there may still have a
    direction. Columns without any influence are 1. Dates with cycles and categories have none.

    >>> import pellucid as pl
    >>> table = {"area": [30, 50, 80, 120], "age": [9, 2, 40, 7], "price": [10, 20, 22, 45]}
    >>> columns = pl.Columns.of(table, target="price", task="regress")
    >>> directions(pl.table_mlp(columns, [8], increasing=["area"]))
    {'area': 1}
    """
    D = checks.input_width(net.layers) or 0
    up, down = through(net.layers, _Ways(np.eye(D, dtype=bool), np.zeros((D, D), bool)))
    if net.classes is not None and up.shape[1] == 2:  # the first falls where the second rises
        up, down = up[:, 1:] | down[:, :1], down[:, 1:] | up[:, :1]
    elif net.classes is not None and up.shape[1] > 2:
        return {}
    rises, falls = ~np.asarray(down.any(axis=1)), ~np.asarray(up.any(axis=1))
    numbers = [column for column in input_columns(net) if column.numeric and not column.cycles]
    places = {column.name: column.inputs[0] for column in numbers}
    return {name: 1 if rises[at] else -1 for name, at in places.items() if rises[at] or falls[at]}


def through(chain: Sequence[Layer], ways: _Ways) -> _Ways:
    """Return the ways of what layers make of numbers with these ways."""
    for layer in chain:
        ways = _after(layer, ways)
    return ways


def _after(layer: Layer, ways: _Ways) -> _Ways:
    if isinstance(layer, layers.Affine):
        return ways.times(layer.W)
    if isinstance(layer, BatchNorm):
        return ways.times(np.diag(layer.gamma))
    if isinstance(layer, Scale):
        return ways.times(np.eye(ways.up.shape[1]) * layer.factor)
    if isinstance(layer, CategoryEmbedding):
        kept = layer.sizes == 0
        moves = np.repeat((ways.up | ways.down)[:, ~kept], layer.W.shape[1], axis=1)
        return _Ways(ways.up[:, kept], ways.down[:, kept]).beside(_Ways(moves, moves))
    if isinstance(layer, PeriodicEmbedding):
        moves = (ways.up | ways.down)[:, layer.source]
        return ways.beside(_Ways(moves, moves))
    if isinstance(layer, (Residual, Concatenate)):
        side, own = through(layer.projection, ways), through(layer.layers, ways)
        if isinstance(layer, Concatenate):
            return side.beside(own)
        return _Ways(side.up | own.up, side.down | own.down)
    if isinstance(layer, Members):
        return _joined(layer, ways)
    if isinstance(layer, _UNCHANGED) and not _falls(layer):
        return ways
    if isinstance(layer, (layers.Softmax, activations.LogSoftmax)) and ways.up.shape[1] == 2:
        # Each of two rises with its own logit and falls with the other.
        return ways.times(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    if isinstance(layer, layers.Activation):  # number by number
        return ways.any()
    return ways.mixed()


def _joined(layer: Members, ways: _Ways) -> _Ways:
    """Return the ways of what members join to."""
    each = [through(member, ways) for member in layer.members]
    if layer.join == "probabilities":  # of a member, and then their mean
        each = [_after(layers.Softmax(), own) for own in each]
    up, down = (np.any([own[part] for own in each], axis=0) for part in (0, 1))
    return _Ways(up, down)


def _falls(layer: Layer) -> bool:
    """Return whether an activation that rises by default has settings by which it falls."""
    slope = getattr(layer, "negative_slope", getattr(layer, "alpha", 0.0))
    return bool(slope < 0)


def column_directions(net: Network) -> dict[str, int] | None:
    """Return the `directions` of a network that was trained on a table, None for others."""
    return directions(net) if knows_columns(net) else None


def order_texts(net: Network) -> list[str]:
    """Return sentences on the columns that can only raise or only lower the prediction."""
    known = column_directions(net) or {}
    names = {sign: [name for name, each in known.items() if each == sign] for sign in (1, -1)}
    if net.classes is None:
        what = say("the prediction")
    else:
        what = say("the probability of {label}", label=net.label(1))
    found = []
    if names[1]:
        template = "proved from the weights: higher {names} can only raise {what}"
        found.append(say(template, names=", ".join(names[1]), what=what))
    if names[-1]:
        template = "proved from the weights: higher {names} can only lower {what}"
        found.append(say(template, names=", ".join(names[-1]), what=what))
    return found
