"""Inputs by the names that people know them by.

The columns of a table, where the network learned from one.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import checks
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.network import Network


class InputColumn(NamedTuple):
    """One column: its name, the numbers of the inputs that it becomes, and what each of them is
    called.

    For a column of categories `categories` names each input's; else it is None, the first input is
    the column's number less `offset`, and where it is `flagged` a second one says that the cell was
    missing.
    """

    name: str
    inputs: list[int]
    categories: list[str] | None = None
    offset: float = 0.0
    flagged: bool = False


def knows_columns(net: Network) -> bool:
    """Tell whether a network learned from a table, and so takes tables."""
    return (net.inputs or {}).get("kind") == "table"


def input_columns(net: Network) -> list[InputColumn]:
    """Give the columns of a network: a table's, or each of its inputs by its number."""
    if not knows_columns(net):
        return [InputColumn(str(i), [i]) for i in range(checks.input_width(net.layers) or 0)]
    columns = net.columns
    found = []
    for column, start in zip(columns.columns, columns.starts(), strict=True):
        inputs = list(range(start, start + len(column.names)))
        categories = getattr(column, "categories", None)
        if categories is None:
            found.append(
                InputColumn(
                    column.name, inputs, None, getattr(column, "offset", 0.0), column.missing
                )
            )
        else:
            missing = [say("missing")] if column.missing else []
            found.append(InputColumn(column.name, inputs, [*categories, *missing]))
    return found


def input_names(net: Network) -> list[str]:
    """Give what to call each input: "age", "city=Seoul" of a table, else its number."""
    return (
        net.columns.names if knows_columns(net) else [column.name for column in input_columns(net)]
    )


def input_offsets(net: Network) -> Array:
    """Give what is to be added to each input, (D,), for its column's own units.

    0 but for large numbers of a table.
    """
    return (
        net.columns.offsets if knows_columns(net) else np.zeros(checks.input_width(net.layers) or 0)
    )


def column_inputs(column: int | Sequence[int], D: int) -> list[int]:
    """Give the numbers of a column's inputs.

    Raises InputError where D inputs have no such numbers.
    """
    try:
        inputs = [
            operator.index(i)
            for i in (column if isinstance(column, (Sequence, np.ndarray)) else [column])
        ]
    except TypeError:
        inputs = []
    if not inputs or not all(0 <= i < D for i in inputs):
        raise InputError(
            "a column is the number of an input, or several, from 0 to {last}; got {got}",
            last=D - 1,
            got=repr(column),
        )
    return inputs


def as_numbers(net: Network, x: Any) -> Any:
    """Give a table as rows of numbers, where the network learned from one.

    Anything else as it is.
    """
    if isinstance(x, np.ndarray) or not knows_columns(net):
        return x
    from pellucid.data.tables import is_table

    return net.columns.x(x, net.dtype) if is_table(x) else x


def with_targets(net: Network, x: Any, t: Any) -> tuple[Any, Any]:
    """Give rows and targets; a table that holds its own targets may come without t.

    Raises InputError where there are none.
    """
    rows = as_numbers(net, x)
    if t is None:
        if rows is x:
            raise InputError("targets are missing: give t, the right answer to each row")
        t = net.columns.t(x)
    return rows, t
