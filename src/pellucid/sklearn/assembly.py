"""The columns of a table, and the layers that make a pipeline's features of them.

A row x becomes z (Standardize), and features are sums of z with a constant: they go into the
weights of the estimator's first layer. Where features bend, two layers of hinges are in between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import scipy.sparse

from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.preparation import Standardize
from pellucid.core.types import DTypeLike
from pellucid.data.tables.choosing import round_offset
from pellucid.data.tables.kinds import CategoryColumn, Column, NumberColumn
from pellucid.sklearn.features import Bent, Cells, Feature, Lookup, Number, Unfit
from pellucid.sklearn.hinges import Hinges

Sum: TypeAlias = list[tuple[int, float]]  # places of a row, each with its factor


@dataclass
class _Place:
    """Where the numbers of a column are in a row: its value, its categories, its missing flag.

    `fill` is the value of a missing cell; `mean` and `std` standardize the value, from which the
    row subtracts `offset`.
    """

    # -1: the row has no such number.
    value: int = -1
    texts: Mapping[str, int] = field(default_factory=dict)
    missing: int = -1
    fill: float = 0.0
    offset: float = 0.0
    mean: float = 0.0
    std: float = 1.0


def columns_of(features: Sequence[Feature], cells: Cells) -> tuple[Column, ...]:
    """Return the columns that features need, in the order of their first use."""
    assert cells.names is not None
    columns: list[Column] = []
    for column, own in _by_column(features).items():
        name, fill, flag = cells.names[column], _fill(own), column in cells.missing
        if column in cells.texts:
            texts = tuple(cells.texts[column])
            # No column may have width 0: without categories, its flag is its only number.
            flag = flag or not texts
            columns.append(CategoryColumn(name=name, categories=texts, missing=flag))
        else:
            mean, std = _measures(own)
            known = NumberColumn(
                name=name, mean=fill, std=std, missing=flag, offset=round_offset(mean, std)
            )
            if column in cells.ranges:
                low, high = cells.ranges[column]
                known = known._replace(low=low, high=high)
            columns.append(known)
    return tuple(columns)


def layers_of(
    features: Sequence[Feature],
    cells: Cells,
    columns: Sequence[Column],
    layers: Sequence[Layer],
    dtype: DTypeLike,
) -> list[Layer]:
    """Return an estimator's layers behind those that make features, (N, F), of rows, (N, D).

    A row is that of `columns`, or without them the pipeline's own. Raises Unfit for features that
    bend too often or too steeply.
    """
    places, width = _places(features, cells, columns)
    mean, std = np.zeros(width), np.ones(width)
    for place in places.values():
        if place.value >= 0:
            # Reading the row subtracts the offset; only the rest of the mean is left to do.
            mean[place.value], std[place.value] = place.mean - place.offset, place.std
    front: list[Layer] = []
    if mean.any() or (std != 1).any():
        front.append(Standardize(mean.astype(dtype), std.astype(dtype)))
    sums = [_sum(each, places[each.column]) for each in features]
    if any(isinstance(each, Bent) for each in features):
        hinges = Hinges(width, {place.value for place in places.values()}, dtype)
        for index, each in enumerate(features):
            sums[index] = _hinged(each, *sums[index], places[each.column], hinges, cells)
        front, width = [*front, *hinges.layers()], hinges.width
    return [*front, *_behind(sums, width, layers, dtype)]


def _by_column(features: Sequence[Feature]) -> dict[int, list[Feature]]:
    found: dict[int, list[Feature]] = {}
    for each in features:
        found.setdefault(each.column, []).append(each)
    return found


def _measures(own: Sequence[Feature]) -> tuple[float, float]:
    """Return mean and spread of a column's numbers, as the first feature that knows them does."""
    found = [(each.mean, each.std) for each in own if isinstance(each, Number)]
    bent = [
        (each.knots[0].item(), np.ptp(each.knots).item()) for each in own if isinstance(each, Bent)
    ]
    return next(iter([*found, *bent]), (0.0, 1.0))


def _fill(own: Sequence[Feature]) -> float:
    """Return the number of a column's missing cells: the first that a feature has.

    Without one the pipeline refuses missing cells; they become what the scaler calls the middle.
    """
    numbers = [each for each in own if isinstance(each, Number)]
    fills = [each.fill for each in own if not isinstance(each, Lookup) and each.fill is not None]
    return next(iter([*fills, *(each.mean for each in numbers)]), 0.0)


def _places(
    features: Sequence[Feature], cells: Cells, columns: Sequence[Column]
) -> tuple[dict[int, _Place], int]:
    """Return the place of each column that is used, and the width of a row."""
    by_column = _by_column(features)
    if cells.names is None:
        places = {column: _Place(value=column) for column in by_column}
        width = cells.count
    else:
        places, width = {}, 0
        for column, known in zip(by_column, columns, strict=True):
            place = places[column] = _Place()
            if isinstance(known, NumberColumn):
                place.value, place.fill, place.offset = width, known.mean, known.offset
            elif isinstance(known, CategoryColumn):
                place.texts = {text: width + i for i, text in enumerate(known.categories)}
            width += known.width
            place.missing = width - 1 if known.missing else -1
    for column, own in by_column.items():
        place = places[column]
        scaled = any(isinstance(each, Number) for each in own)
        # Without a scaler z is the row itself, and no Standardize is needed for the column.
        place.mean, place.std = _measures(own) if scaled else (place.offset, 1.0)
    return places, width


def _sum(each: Feature, place: _Place) -> tuple[Sum, float]:
    """Return a feature as a sum of a row's numbers and a constant; of a bent one the flag alone."""
    if isinstance(each, Lookup):
        # At most one category of a row is 1; for an unseen one only the constant is left.
        row = [(place.texts[text], v - each.otherwise) for text, v in each.values.items()]
        constant, extra = each.otherwise, each.missing - each.otherwise
    elif isinstance(each, Number):
        row, constant = [(place.value, place.std / each.std)], (place.mean - each.mean) / each.std
        extra = 0.0 if each.fill is None else (each.fill - place.fill) / each.std
    else:
        row, constant = [], 0.0
        # Hinges see the filled cell already: the flag adds what is different from that.
        extra = each.height(each.fill) - each.height(place.fill)
    # NaN: the pipeline refuses missing cells here, so its flag needs no weight.
    if place.missing >= 0 and not math.isnan(extra):
        row.append((place.missing, extra))
    return row, constant


def _hinged(
    each: Feature, row: Sum, constant: float, place: _Place, hinges: Hinges, cells: Cells
) -> tuple[Sum, float]:
    """Return a feature as a sum of hinges and a constant."""
    row = hinges.passed(row)
    if not isinstance(each, Bent):
        return row, constant
    try:
        bends, height = hinges.bent(each, place.value, place.mean, place.std)
    except Unfit as error:
        raise cells.unfit(each.column, error.reason) from error
    return row + bends, constant + height


def _behind(
    sums: Sequence[tuple[Sum, float]], width: int, layers: Sequence[Layer], dtype: DTypeLike
) -> list[Layer]:
    """Return layers whose input is sums of a row's numbers, (width,), with constants.

    The sums go into the weights of the first layer if it is Affine; a selection keeps their bits.
    """
    c = np.array([constant for _, constant in sums])
    entries = [
        (index, place, factor) for index, (row, _) in enumerate(sums) for place, factor in row
    ]
    indices, chosen, factors = zip(*entries, strict=True) if entries else ((), (), ())
    shape = (width, len(sums))
    # Sparse: of thousands of one-hot features, each has one or two factors.
    M = scipy.sparse.csr_matrix((factors, (chosen, indices)), shape, dtype=np.float64)
    moved = M - scipy.sparse.identity(width) if width == len(sums) else M
    # Features that are the row itself leave the estimator's weights as they are, to the bit.
    if width == len(sums) and not c.any() and not moved.data.any():
        return [*layers]
    first = layers[0] if layers else None
    if not isinstance(first, Affine):
        return [Affine(M.toarray().astype(dtype), c.astype(dtype)), *layers]
    b = np.zeros(first.W.shape[1]) if first.b is None else first.b.astype(np.float64)
    # In float64, so that the product of two layers is rounded only once.
    W = M @ first.W.astype(np.float64)
    return [Affine(W.astype(dtype), (b + c @ first.W).astype(dtype)), *layers[1:]]
