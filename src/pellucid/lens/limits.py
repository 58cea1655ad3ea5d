"""Within what limits an input may move, and in what unit its moves are measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.core import checks
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.lens.columns import input_columns, knows_columns
from pellucid.lens.neurons import neuron_layer
from pellucid.network import Network


def input_limits(net: Network, limits: Any = None) -> tuple[Array, Array]:
    """Give the lowest and the highest value of each input, (D,) float64 both, in the units in which
    the network is fed.

    `limits` is (lowest, highest), each a number or one for each input. None: 0 to 255 (the whole
    numbers that come to 1) where the network scales bytes, 0 to 1 where `net.inputs` says that they
    are pictures; for a table's numbers three standard deviations either way of their mean in
    training, for its categories 0 to 1. (A table's numbers are fed less the offset that
    `net.columns` keeps, if they are large beside their spread.) Raises InputError where limits are
    missing, not finite, of another number of inputs, or the wrong way round.

    >>> import pellucid as pl
    >>> low, high = input_limits(pl.mlp([4, 2]), (0, [1, 2, 3, 4]))
    >>> low.tolist(), high.tolist()
    ([0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0])
    """
    D = checks.input_width(net.layers)
    if limits is None:
        limits = _known_limits(net)
    try:
        low, high = (
            np.broadcast_to(np.asarray(end, np.float64).ravel(), (D or 1,)) for end in limits
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            "limits are (lowest, highest), numbers or one for each of {D} inputs; got {got}",
            D=D,
            got=repr(limits),
        ) from error
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise InputError("limits must be finite, the lowest first; got {got}", got=repr(limits))
    return low, high


def input_scale(net: Network) -> Array:
    """Give what one unit of each input neuron is in the input's own units, (D,): 255 for bytes, a
    column's deviation.

    Lengths of moves are measured in input neurons, so that columns in metres and in millimetres
    count alike.
    """
    D = checks.input_width(net.layers) or 1
    scale = np.ones(D)
    for layer in net.layers[: neuron_layer(net, 0).stop]:
        if isinstance(layer, Scale):
            scale = scale / layer.factor
        elif isinstance(layer, Standardize):
            scale = scale * layer.std
        elif not (isinstance(layer, Flatten) or layer.passes_through):
            break
    return np.abs(scale)


def _known_limits(net: Network) -> tuple[Any, Any]:
    if knows_columns(net):
        prepared = net.columns.standardize(np.float64)
        numbers = [column.inputs[0] for column in input_columns(net) if column.categories is None]
        low, high = np.zeros(prepared.mean.size), np.ones(prepared.mean.size)
        low[numbers] = (prepared.mean - 3 * prepared.std)[numbers]
        high[numbers] = (prepared.mean + 3 * prepared.std)[numbers]
        return low, high
    factor = checks.byte_factor(net.layers)
    if factor is not None:
        return 0.0, float(round(1 / factor))
    if (net.inputs or {}).get("kind") == "pictures":
        return 0.0, 1.0
    raise InputError(
        "within what range may the inputs move? give limits=(lowest, highest), such as (0, 1) for "
        "pictures "
        "or (x.min(axis=0), x.max(axis=0)) for tables"
    )
