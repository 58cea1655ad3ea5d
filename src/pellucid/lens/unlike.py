"""Rows unlike those of training, and in what: for them no accuracy and no interval was measured."""

from __future__ import annotations

import numpy as np

from pellucid.core.types import Array, Batch
from pellucid.data.tables.kinds import CategoryColumn
from pellucid.data.tables.numeric import numeric, standardized
from pellucid.errors import Message
from pellucid.lens.input_columns import (
    InputColumn,
    RowsLike,
    as_numbers,
    input_columns,
    knows_columns,
)
from pellucid.network import Network

_ALONE = 0.9  # share of a distance from which on one column is named alone
_ROUNDING = 1e-6  # of float32, in which networks take rows


def unlike_training(net: Network, x: RowsLike) -> list[list[Message]]:
    """Return in what each row of x, (N, ...), is unlike the rows of training; nothing for most.

    A row is unlike them where a number is beyond the least or greatest of training by more than a
    tenth of their range, a date before or after theirs, a category none of theirs, or where its
    numbers are farther from those of training than in 99 of 100 held-out rows: each may be usual,
    and their combination not (`core.novelty`). So one in a hundred rows like those of training is
    named, too. For networks that were not trained on a table nothing is known.

    >>> import pellucid as pl
    >>> table = {"area": [20, 30, 40, 50] * 9, "city": ["Seoul", "Busan"] * 18}
    >>> table["rent"] = [5, 3, 7, 4] * 9
    >>> net = pl.table_mlp(pl.Columns.of(table, target="rent", task="regress"))
    >>> x, _ = net.columns.read_rows({"area": [30, 900], "city": ["Seoul", "Busan"]})
    >>> unlike_training(net, x)
    [[], ['area 900 is above 50']]
    """
    x = np.asarray(as_numbers(net, x))
    if not knows_columns(net):
        return [[] for _ in x]
    found: list[list[Message]] = [[] for _ in x]
    for column, inputs in zip(net.columns.columns, input_columns(net), strict=True):
        if isinstance(column, CategoryColumn):
            values = x[:, inputs.inputs]
            strange = values[:, 0] == 0 if inputs.indexed else ~values.any(axis=1)
            template = "{column} is none of the categories of training"
            for row in np.flatnonzero(strange).tolist():
                found[row].append(Message(template, column=column.name))
            continue
        cells = x[:, inputs.inputs[0]].astype(np.float64) + column.offset
        low, high = column.limits
        room = _ROUNDING * max(abs(low - column.offset), abs(high - column.offset))
        for row in np.flatnonzero(cells > high + room).tolist():
            found[row].append(_beyond(inputs, cells[row], column.high, above=True))
        for row in np.flatnonzero(cells < low - room).tolist():
            found[row].append(_beyond(inputs, cells[row], column.low, above=False))
    _add_far(net, x, found)
    return found


def flags(net: Network, x: RowsLike) -> Array:
    """Return which rows are unlike those of training, (N,) bool."""
    return np.array([bool(each) for each in unlike_training(net, x)], bool)


def _beyond(column: InputColumn, value: float, end: float, above: bool) -> Message:
    texts = {"column": column.name, "value": column.text(value), "end": column.text(end)}
    if above:
        return Message("{column} {value} is above {end}", **texts)
    return Message("{column} {value} is below {end}", **texts)


def _add_far(net: Network, x: Batch, found: list[list[Message]]) -> None:
    """Add the rows that are far from those of training, and of which nothing else is known."""
    novelty = None if net.uncertainty is None else net.uncertainty.novelty
    if novelty is None or not len(x):
        return
    parts = novelty.parts(standardized(net.columns, x))
    far = np.sqrt(np.maximum(parts.sum(axis=1), 0)) > novelty.limit
    columns = {column.inputs[0]: column for column in input_columns(net)}
    places = [place for place, _ in numeric(net.columns)]
    for row in np.flatnonzero(far).tolist():
        if found[row]:
            continue
        order = np.argsort(-parts[row], kind="stable")
        alone = len(order) == 1 or parts[row, order[0]] > _ALONE * parts[row].sum()
        named = sorted(order[: 1 if alone else 2].tolist())
        texts = []
        for place in (places[k] for k in named):
            value = columns[place].text(float(x[row, place]) + columns[place].offset)
            texts.append(f"{columns[place].name} {value}")
        if alone:
            found[row].append(Message("{value} is unusual", value=texts[0]))
        else:
            names = dict(zip(("first", "second"), texts, strict=True))
            found[row].append(Message("{first} and {second} are unusual together", **names))
