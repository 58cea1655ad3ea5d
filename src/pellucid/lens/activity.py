"""Dead and saturated neurons: those that data hardly move, and that hardly learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import chain
from pellucid.core.chain import Trace
from pellucid.core.composite import Residual
from pellucid.core.layer import Layer
from pellucid.core.layers import (
    GELU,
    Activation,
    Exponential,
    Identity,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.neurons import as_rows, plain, traces
from pellucid.network import Network

STEEPEST: dict[type[Activation], float] = {
    ReLU: 1.0,
    GELU: 1.0,
    SiLU: 1.0,
    Softplus: 1.0,
    Exponential: 1.0,
    Sigmoid: 0.25,
    Tanh: 1.0,
}
"""The slope of each activation where it is steep.

The greatest, or for GELU, SiLU and Exponential their usual one.
"""


class LayerActivity(NamedTuple):
    """How lively the neurons of one activation layer are over data.

    `layer` is its index ("3", or "4.1" for layer 1 within the Residual at 4), `activation` its
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


class NeuronActivity:
    """What `neuron_activity` found.

    `layers`, a list of `LayerActivity`, and over how many `rows`.
    """

    def __init__(self, layers: list[LayerActivity], rows: int) -> None:
        self.layers, self.rows = layers, rows

    @property
    def dead(self) -> int:
        """How many neurons are dead."""
        return sum(int(layer.dead.sum()) for layer in self.layers)

    @property
    def saturated(self) -> int:
        """How many neurons are saturated."""
        return sum(int(layer.saturated.sum()) for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return {
            "rows": self.rows,
            "dead": self.dead,
            "saturated": self.saturated,
            "layers": [plain(layer._asdict()) for layer in self.layers],
        }

    def __str__(self) -> str:
        heads = [
            say("activation"),
            say("neurons"),
            say("dead"),
            say("saturated"),
            say("flat, mean share of rows"),
        ]
        lines = [
            [
                f"{layer.layer} {layer.activation}",
                str(len(layer.flat)),
                str(int(layer.dead.sum())),
                str(int(layer.saturated.sum())),
                f"{layer.flat.mean():.1%}",
            ]
            for layer in self.layers
        ]
        rows = say("over {rows:,} rows", rows=self.rows)
        return f"{table([heads, *lines], total=False)}\n{rows}"

    __repr__ = __str__


def neuron_activity(
    net: Network, x: Any, *, flat: float = 0.05, share: float = 0.95
) -> NeuronActivity:
    """Find the neurons of activation layers that rows x, (N, ...), leave dead or saturated.

    An activation f is *flat* at a weighted sum z where |f'(z)| is below `flat` (5 %) of its
    steepest slope (1; 0.25 for the sigmoid): there hardly any gradient comes through. So a ReLU is
    flat where z <= 0; a sigmoid where it is below 0.0127 or above 0.9873; tanh beyond 0.9747 either
    way; GELU, SiLU, Softplus and Exponential far out on the left.

    A neuron is **dead** when it is flat in every row: no row can teach it. (For ReLU that is Maas,
    Hannun and Ng's meaning, 2013: it is 0 for all data.) It is **saturated** when its activation
    has two bounds (sigmoid, tanh) and is flat in at least `share` of the rows (95 %), after Glorot
    and Bengio 2010, section 3; a saturated neuron may still tell rows apart, by which of its ends
    it takes. LeakyReLU and Identity are nowhere flat; Softmax treats no neuron by itself and is
    left out. Neurons within a Residual are looked at as well.

    Raises InputError for a network without activations, shares outside 0 to 1, and rows that do not
    fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0, 1.0]], [0.0, -9.0]), pl.ReLU()])
    >>> neuron_activity(net, [[-1.0], [2.0], [3.0]]).layers[0].dead
    array([False,  True])
    """
    for name, value in (("flat", flat), ("share", share)):
        if not 0 < value <= 1:
            raise InputError(
                "{name} is a share above 0, up to 1; got {got}", name=name, got=repr(value)
            )
    rows = as_rows(net, x)
    held: dict[str, list[Any]] = {}
    for _, trace in traces(net.layers, rows):
        for name, layer, z, y in _activations(net.layers, trace):
            counts = (np.abs(layer.derivative(z, y)) < flat * STEEPEST.get(type(layer), 0.0)).sum(
                axis=0
            )
            if name not in held:
                held[name] = [layer, counts, y.min(axis=0), y.max(axis=0)]
            else:
                found = held[name]
                found[1:] = (
                    found[1] + counts,
                    np.minimum(found[2], y.min(axis=0)),
                    np.maximum(found[3], y.max(axis=0)),
                )
    if not held:
        raise InputError(
            "this network has no activation functions, so none of its neurons can be flat"
        )
    layers = []
    for name, (layer, counts, low, high) in held.items():
        bounded = isinstance(layer, (Sigmoid, Tanh))
        shares = counts / len(rows)
        dead, saturated = counts == len(rows), (shares >= share) & bounded
        layers.append(LayerActivity(name, type(layer).__name__, shares, low, high, dead, saturated))
    return NeuronActivity(layers, len(rows))


def _activations(
    layers: Sequence[Layer], trace: Trace, prefix: str = ""
) -> Iterator[tuple[str, Activation, Array, Array]]:
    """Walk through the activation layers of a trace, those within Residuals too.

    Name, layer, input and output.
    """
    for index, layer in enumerate(layers):
        if isinstance(layer, Activation) and not isinstance(layer, Identity):
            yield f"{prefix}{index}", layer, trace.input_of(index), trace[index]
        elif isinstance(layer, Residual):
            inner = chain.forward(layer.inner, trace.input_of(index))
            yield from _activations(layer.inner, inner, f"{prefix}{index}.")
