"""The range within which an input may move, and the unit in which its moves are measured."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import checks
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.members import alone
from pellucid.core.preparation import Flatten, Scale, Standardize
from pellucid.core.types import Array
from pellucid.data.inputs import Images
from pellucid.data.tables import Columns
from pellucid.data.tables.kinds import DateColumn, NumberColumn
from pellucid.errors import InputError
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network

LimitsLike: TypeAlias = tuple[ArrayLike, ArrayLike]
"""(lowest, highest), each one number or one for each input."""


def input_limits(net: Network, limits: LimitsLike | None = None) -> tuple[Array, Array]:
    """Return the lowest and highest value of each input, both (D,) float64, in the inputs' units.

    `limits` is (lowest, highest), each one number or one for each input. None: 0 to 255 where the
    network scales bytes, 0 to 1 where `net.inputs` is images; for a table's numbers and dates three
    standard deviations around their training mean, but not beyond the least and greatest of
    training, for its categories 0 to 1, or all their indices. (A table's numbers are fed minus the
    offset that `net.columns` keeps.) Raises InputError where limits are missing, not finite, of
    another number of inputs, or in the wrong order.

    >>> import pellucid as pl
    >>> low, high = input_limits(pl.mlp([4, 2]), (0, [1, 2, 3, 4]))
    >>> low.tolist(), high.tolist()
    ([0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0])
    """
    D = checks.input_width(net.layers)
    given = _known_limits(net) if limits is None else limits
    try:
        ends = [np.asarray(end, np.float64).ravel() for end in given]
        low, high = (np.broadcast_to(end, (D or 1,)) for end in ends)
    except (TypeError, ValueError) as error:
        template = "limits are (lowest, highest), numbers or one for each of {D} inputs; got {got}"
        raise InputError(template, D=D, got=repr(given)) from error
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise InputError("limits must be finite, lowest first; got {got}", got=repr(given))
    return low, high


def input_scale(net: Network) -> Array:
    """Return the size of one input neuron's unit in the input's own units, (D,).

    255 for bytes, the standard deviation for a column. Moves are measured in input neurons, so
    that columns in metres and in millimetres count the same.
    """
    scale = np.ones(checks.input_width(net.layers) or 1)
    kept = slice(None)  # the inputs that are still numbers of their own
    for layer in alone(net.layers):
        if isinstance(layer, Scale):
            scale = scale / layer.factor
        elif isinstance(layer, CategoryEmbedding):  # it puts the others in front
            kept = layer.sizes == 0
        elif isinstance(layer, Standardize):
            scale[kept] *= layer.std[: scale[kept].size]
        # Anything else (a clip, an embedding, weights) ends the inputs' own units.
        elif not (isinstance(layer, Flatten) or layer.passes_through):
            break
    return np.abs(scale)  # a negative factor mirrors an input and does not change its unit


def _known_limits(net: Network) -> LimitsLike:
    if knows_columns(net):
        return _table_limits(net.columns)
    factor = checks.byte_factor(net.layers)
    if factor is not None:
        return 0.0, float(round(1 / factor))
    if isinstance(net.inputs, Images):
        return 0.0, 1.0
    raise InputError(
        "the range of the inputs is unknown: pass limits=(lowest, highest), such as (0, 1) for "
        "images or (x.min(axis=0), x.max(axis=0)) for tables"
    )


def _table_limits(columns: Columns) -> LimitsLike:
    prepared = columns.standardize(np.float64)
    low, high = np.zeros(prepared.mean.size), np.where(columns.sizes > 0, columns.sizes - 1, 1.0)
    for column, i in zip(columns.columns, columns.starts, strict=True):
        if isinstance(column, (NumberColumn, DateColumn)):
            mean, room = prepared.mean[i], 3 * prepared.std[i]  # 99.7 % of a normal column
            # No negative discount: many columns end before three standard deviations. The mean is
            # always within, whatever a file says.
            low[i] = min(mean, max(mean - room, column.low - column.offset))
            high[i] = max(mean, min(mean + room, column.high - column.offset))
    return low, high
