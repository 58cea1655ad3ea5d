"""Dead and saturated neurons: the ones that hardly respond to data and hardly train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pellucid.core.flatness import FLAT, SHARE, activations_of, flat_rows
from pellucid.core.layers import Activation, Sigmoid, Tanh
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens import neurons
from pellucid.lens.input_columns import RowsLike
from pellucid.lens.report import PlainDict, Report
from pellucid.network import Network


class LayerActivity(NamedTuple):
    """The activity of one activation layer's neurons over data.

    `layer` is its index ("3", or "4.1" for layer 1 inside the Residual at 4), `activation` its
    type; `flat` (H,) is each neuron's share of rows in which the activation is flat, `low` and
    `high` (H,) are the least and greatest activation. `dead` and `saturated` (H,) are booleans: see
    `neuron_activity`.
    """

    layer: str
    activation: str
    flat: Array
    low: Array
    high: Array
    dead: Array
    saturated: Array


@dataclass(eq=False, repr=False)
class NeuronActivity(Report):
    """The result of `neuron_activity`: `layers`, a list of `LayerActivity`, over `rows` rows."""

    layers: list[LayerActivity]
    rows: int

    @property
    def dead(self) -> int:
        """The number of dead neurons."""
        return sum(int(layer.dead.sum()) for layer in self.layers)

    @property
    def saturated(self) -> int:
        """The number of saturated neurons."""
        return sum(int(layer.saturated.sum()) for layer in self.layers)

    def to_dict(self) -> PlainDict:
        """Return all numbers as plain lists."""
        counts = {"rows": self.rows, "dead": self.dead, "saturated": self.saturated}
        return counts | super().to_dict()

    def __str__(self) -> str:
        heads = [say("activation"), say("neurons"), say("dead"), say("saturated")]
        lines = [[*heads, say("flat, mean share of rows")]]
        for layer in self.layers:
            counts = (len(layer.flat), layer.dead.sum(), layer.saturated.sum())
            cells = [f"{layer.layer} {layer.activation}", *(f"{n:d}" for n in counts)]
            lines.append([*cells, f"{layer.flat.mean():.1%}"])
        rows = say("over {rows:,} rows", rows=self.rows)
        return f"{table(lines, total=False)}\n{rows}"


class _Tally:
    """Running counts of one activation layer over blocks of rows."""

    def __init__(self, layer: Activation) -> None:
        self.layer = layer
        self.flat, self.low, self.high = np.array(0), np.array(np.inf), np.array(-np.inf)

    def add(self, z: Array, y: Array, flat: float) -> None:
        self.flat = self.flat + flat_rows(self.layer, z, y, flat).sum(axis=0)
        self.low = np.minimum(self.low, y.min(axis=0)).astype(y.dtype)
        self.high = np.maximum(self.high, y.max(axis=0)).astype(y.dtype)

    def activity(self, name: str, rows: int, share: float) -> LayerActivity:
        shares = self.flat / rows
        # An unbounded activation (ReLU) does not saturate: its far end is steep.
        saturated = (shares >= share) & isinstance(self.layer, (Sigmoid, Tanh))
        dead, kind = self.flat == rows, type(self.layer).__name__
        return LayerActivity(name, kind, shares, self.low, self.high, dead, saturated)


@neurons.reports_overflow
def neuron_activity(
    net: Network, x: RowsLike, *, flat: float = FLAT, share: float = SHARE
) -> NeuronActivity:
    """Find the neurons of activation layers that are dead or saturated over rows x, (N, ...).

    An activation f is *flat* at a pre-activation z where |f'(z)| is below `flat` (5 %) of its
    steepest slope (1; 0.25 for the sigmoid, 1.05 for SELU): hardly any gradient passes there. So a
    ReLU is flat where z <= 0; a sigmoid where it is below 0.0127 or above 0.9873; tanh beyond
    0.9747 either way; all others far out on the left.

    A neuron is **dead** when it is flat in every row: no row can train it. (For ReLU this is the
    meaning of Maas, Hannun and Ng, 2013: it is 0 for all data.) It is **saturated** when its
    activation has two bounds (sigmoid, tanh) and is flat in at least `share` of the rows (95 %),
    after Glorot and Bengio 2010, section 3; a saturated neuron may still separate rows by the
    bound that it takes. LeakyReLU, PReLU and Identity are nowhere flat; Softmax and LogSoftmax are
    not computed neuron by neuron and are left out. Neurons inside a Residual are included.

    Raises InputError for a network without activations, shares outside (0, 1], values that
    overflow, and rows that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, 1.0]], [0.0, -9.0]), pl.ReLU()])
    >>> neuron_activity(net, [[-1.0], [2.0], [3.0]]).layers[0].dead
    array([False,  True])
    """
    for name, value in (("flat", flat), ("share", share)):
        if not 0 < value <= 1:
            raise InputError("{name} must be in (0, 1], got {got}", name=name, got=repr(value))
    rows = neurons.as_rows(net, x)
    tallies: dict[str, _Tally] = {}
    for _, trace in neurons.traces(net.layers, rows):
        for name, layer, z, y in activations_of(net.layers, trace):
            neurons.check_overflow(net, z, y)
            tallies.setdefault(name, _Tally(layer)).add(z, y, flat)
    if not tallies:
        raise InputError("this network has no activation functions, so no neuron can be flat")
    found = [tally.activity(name, len(rows), share) for name, tally in tallies.items()]
    return NeuronActivity(found, len(rows))
