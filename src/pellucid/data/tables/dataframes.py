"""Dataframes of any library that narwhals knows, and dicts of columns, as Arrow tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pellucid.data.tables.cells import ArrowArray, Block, Opened
from pellucid.errors import InputError
from pellucid.extras import library

_ROWS = 1 << 16  # of a block: a few megabytes for most tables

Frame: TypeAlias = Any  # of any library: they have no common type
Column: TypeAlias = Any  # a list, an array, a series


def is_frame(value: Frame) -> bool:
    """Return whether this looks like a dataframe; imports no library to find out."""
    kind = type(value)
    return (
        kind.__name__ in ("DataFrame", "LazyFrame", "Table")
        or hasattr(value, "__narwhals_dataframe__")
        or hasattr(value, "__dataframe__")
        or (hasattr(value, "__arrow_c_stream__") and hasattr(value, "columns"))
    )


def of_frame(frame: Frame) -> Opened:
    """Return the column names of a dataframe, and the function that reads its rows."""
    narwhals, arrow = library("narwhals", "tables"), library("pyarrow", "tables")
    _check_names(frame)
    try:
        known = narwhals.from_native(frame, eager_only=True)
    except narwhals.exceptions.DuplicateError as error:
        raise InputError(
            "{table}: more than one column is named {names}: give each a name of its own",
            table="the table",
            names=", ".join(re.findall(r"^- (.*) \d+ times", str(error), re.MULTILINE)),
        ) from error
    except TypeError as error:
        raise InputError(
            "this dataframe cannot be read ({reason}): collect a lazy one, or pass a dict of "
            "columns",
            reason=str(error).splitlines()[0],
        ) from error
    try:
        table = known.to_arrow().select(known.columns)  # without pandas' index
    # A column that mixes numbers and texts, or has numbers beyond 64 bits.
    except (arrow.ArrowException, TypeError, ValueError, OverflowError):
        table = arrow.table({name: _one_column(known, name) for name in known.columns})
    return _of_arrow(table)


def is_scalar(value: Any) -> bool:
    """Return whether this is one cell, not a column."""
    return isinstance(value, (str, bytes)) or not hasattr(value, "__iter__")


def of_dict(columns: Mapping[str, Column]) -> Opened:
    """Return the names of a dict of columns, and the function that reads its rows.

    A dict of cells is one row.
    """
    arrow = library("pyarrow", "tables")
    if all(map(is_scalar, columns.values())):
        columns = {name: [cell] for name, cell in columns.items()}
    try:
        table = arrow.table({str(name): as_array(cells) for name, cells in columns.items()})
    except (arrow.ArrowException, TypeError, ValueError) as error:
        template = "a dict of columns must have lists or arrays (N,), all of one length ({reason})"
        raise InputError(template, reason=error) from error
    return _of_arrow(table)


def as_array(values: Column) -> ArrowArray:
    """Return a column's cells as an Arrow array, as texts where numbers and texts are mixed."""
    arrow = library("pyarrow", "tables")
    try:
        return arrow.array(values, from_pandas=True)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, OverflowError, TypeError):
        # Numbers and texts in one column are texts, as in a CSV file, and so are huge numbers and
        # NumPy's dates in a list, which Arrow does not take.
        texts = [None if value is None else str(value) for value in values]
        return arrow.array(texts, arrow.string())


def _one_column(frame: Frame, name: str) -> ArrowArray:
    arrow = library("pyarrow", "tables")
    try:
        return frame.select(name).to_arrow().column(name)
    except (arrow.ArrowException, TypeError, ValueError, OverflowError):
        return as_array(frame[name].to_list())


def _check_names(frame: Frame) -> None:
    if type(frame).__module__.startswith("pandas"):
        strange = [name for name in frame.columns if not isinstance(name, str)]
        if strange:
            raise InputError(
                "column names must be texts, got {got}: use frame.columns = "
                "frame.columns.astype(str)",
                got=repr(strange[0]),
            )


def _of_arrow(table: Any) -> Opened:
    def blocks(names: Sequence[str]) -> Iterator[Block]:
        for batch in table.select(list(names)).to_batches(max_chunksize=_ROWS):
            yield batch.columns

    return list(table.column_names), blocks
