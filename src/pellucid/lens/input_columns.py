"""The inputs of a network by the names that people know: the columns of its table."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import checks
from pellucid.core.types import Array
from pellucid.data.tables import Columns
from pellucid.data.tables.dated import iso
from pellucid.data.tables.kinds import DateColumn, EmbeddedColumn
from pellucid.data.tables.moments import waves
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.network import Network

# Any: data frames of several libraries are taken, and they have no common type.
RowsLike: TypeAlias = Any
"""Rows for a network: an array (N, ...) or, where it was trained on a table, a table."""


class InputColumn(NamedTuple):
    """One column: its name and the indices of the inputs that it becomes.

    For a categorical column `categories` names each input, or, where it is `indexed`, each value of
    its one input, from 0 on; for a numeric one it is None, and the first input is the number minus
    `offset`. Where it is `flagged`, a second input is 1 for missing cells. Of `dates` the number is
    days since 1970, and two further inputs for each of `cycles` are its sine and cosine.
    """

    name: str
    inputs: list[int]
    categories: list[str] | None = None
    offset: float = 0.0
    flagged: bool = False
    dates: bool = False
    cycles: tuple[str, ...] = ()
    indexed: bool = False

    @property
    def numeric(self) -> bool:
        """Whether its inputs follow from one number."""
        own = 1 + self.flagged + 2 * len(self.cycles)
        return self.categories is None and len(self.inputs) == own

    def text(self, value: float) -> str:
        """Return a number of the column, in its own units, as text; a date to the minute."""
        return date_text(value) if self.dates else f"{value:.6g}"

    def settings(self, values: Array) -> Array:
        """Return the column's inputs, (G, inputs), for present cells with these values, (G,)."""
        flags = [np.zeros_like(values)] * self.flagged
        both = [wave for cycle in self.cycles for wave in waves(values, cycle)]
        return np.stack([values - self.offset, *flags, *both], axis=1)


def knows_columns(net: Network) -> bool:
    """Return whether a network was trained on a table, and so takes tables."""
    return isinstance(net.inputs, Columns)


def input_columns(net: Network) -> list[InputColumn]:
    """Return the columns of a network's table, or one column per input, named by its index."""
    if not knows_columns(net):
        return [InputColumn(str(i), [i]) for i in range(checks.input_width(net.layers) or 0)]
    columns = net.columns
    found = []
    for column, start in zip(columns.columns, columns.starts, strict=True):
        inputs = list(range(start, start + len(column.names)))
        categories, offset = getattr(column, "categories", None), getattr(column, "offset", 0.0)
        if categories is None:
            dates, cycles = isinstance(column, DateColumn), getattr(column, "cycles", ())
            facts = (column.name, inputs, None, offset, column.missing, dates, cycles)
            found.append(InputColumn(*facts))
        else:
            # A missing cell is one more category, with an input of its own.
            missing = [say("missing")] if column.missing else []
            indexed = isinstance(column, EmbeddedColumn)
            other = [say("any other")] if indexed else []
            names = [*other, *categories, *missing]
            found.append(InputColumn(column.name, inputs, names, indexed=indexed))
    return found


def input_names(net: Network) -> list[str]:
    """Return the name of each input: "age", "city=Seoul" for a table, else its index."""
    if knows_columns(net):
        return net.columns.names
    return [column.name for column in input_columns(net)]


def input_offsets(net: Network) -> Array:
    """Return what to add to each input, (D,), to get its column's own units.

    Large numbers of a table are fed minus an offset, so that float32 keeps their last digits; all
    other offsets are 0.
    """
    if knows_columns(net):
        return net.columns.offsets
    return np.zeros(checks.input_width(net.layers) or 0)


def date_inputs(net: Network) -> list[int]:
    """Return the indices of the inputs that are dates, days since 1970 minus an offset."""
    return [column.inputs[0] for column in input_columns(net) if column.dates]


def date_text(days: float) -> str:
    """Return days since 1970 as a date, with the time to the minute where there is one."""
    return iso(round(days * 1440) / 1440)


def column_inputs(column: int | Sequence[int], D: int) -> list[int]:
    """Return the indices of a column's inputs; raise InputError for any outside 0 to D - 1."""
    given = column if isinstance(column, (Sequence, np.ndarray)) else [column]
    try:
        inputs = [operator.index(i) for i in given]
    except TypeError:
        inputs = []
    # Negative indices are refused: -1 as "the last column" would go unnoticed when it is a typo.
    if not inputs or not all(0 <= i < D for i in inputs):
        template = "a column is the index of an input, or several, from 0 to {last}; got {got}"
        raise InputError(template, last=D - 1, got=repr(column))
    return inputs


def as_numbers(net: Network, x: RowsLike) -> RowsLike:
    """Return a table as rows of numbers if the network was trained on one; else x unchanged."""
    if isinstance(x, np.ndarray) or not knows_columns(net):
        return x
    # Imported here: only networks that know columns pay for the table readers.
    from pellucid.data.tables import is_table

    return net.columns.x(x, net.dtype) if is_table(x) else x


def with_targets(net: Network, x: RowsLike, t: ArrayLike | None) -> tuple[RowsLike, ArrayLike]:
    """Return rows and targets; a table that holds its own targets may come without t.

    Raises InputError where there are no targets.
    """
    rows = as_numbers(net, x)
    if t is not None:
        return rows, t
    # The same object came back: x is no table, so nothing holds targets.
    if rows is x:
        raise InputError("targets are missing: pass t, the correct answer for each row")
    return rows, net.columns.t(x)
