"""Batches of every kind as Arrow tables, and results as batches of the kind that came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from pellucid.core.types import Array, DTypeLike
from pellucid.data.tables.dataframes import as_array, is_frame
from pellucid.errors import InputError
from pellucid.extras import library

ArrowTable: TypeAlias = Any  # a pyarrow.Table; pyarrow has no types
Batch: TypeAlias = Any  # of many libraries


def as_arrow(batch: Batch) -> ArrowTable:
    """Return a batch as an Arrow table; raise InputError for what is none.

    Arrays (N, D) of a dict become columns of lists.
    """
    arrow, narwhals = library("pyarrow", "tables"), library("narwhals", "tables")
    if isinstance(batch, arrow.Table):
        return batch
    if isinstance(batch, arrow.RecordBatch):
        return arrow.Table.from_batches([batch])
    if isinstance(batch, Mapping):
        return _of_dict(batch)
    if not is_frame(batch):
        template = "expected a table of pyarrow, pandas or Polars, or a dict of columns, got {got}"
        raise InputError(template, got=type(batch).__name__)
    frame = narwhals.from_native(batch, eager_only=True)
    return frame.to_arrow().select(frame.columns)  # without pandas' index


def like(batch: Batch, kept: ArrowTable, new: ArrowTable) -> Batch:
    """Return the kept columns of a batch and new ones, as the same kind of batch."""
    arrow, narwhals = library("pyarrow", "tables"), library("narwhals", "tables")
    if isinstance(batch, Mapping):
        columns = {name: np.asarray(batch[name]) for name in kept.column_names}
        return columns | {name: _as_numpy(new[name]) for name in new.column_names}
    if isinstance(batch, (arrow.Table, arrow.RecordBatch)):
        for name in new.column_names:
            kept = kept.append_column(name, new[name])
        return kept if isinstance(batch, arrow.Table) else _one_batch(kept)
    frame = narwhals.from_native(batch, eager_only=True)
    added = narwhals.from_arrow(new, backend=frame.implementation)
    return narwhals.to_native(
        frame.select(kept.column_names).with_columns(*(added[name] for name in added.columns))
    )


def matrix(table: ArrowTable, D: int | None, dtype: DTypeLike) -> Array:
    """Return the inputs of a network without columns, (N, D): the column x, or x0 to x{D-1}.

    Missing values are NaN. Raises InputError where there are no such columns.
    """
    names = table.column_names
    if "x" in names:
        return _of_lists(table["x"].combine_chunks(), D, dtype)
    wanted = [f"x{d}" for d in range(len(names) if D is None else D)]
    if D is None or not set(wanted) <= set(names):
        raise InputError(
            'expected a column "x" of lists of {D} numbers, or columns x0 to x{last}; the columns '
            "are {known}",
            D="D" if D is None else D,
            last="D-1" if D is None else D - 1,
            known=", ".join(names),
        )
    columns = [_numbers(table[name], name) for name in wanted]
    return np.stack(columns, axis=1).astype(dtype)


def _of_dict(batch: Mapping[str, Any]) -> ArrowTable:
    arrow = library("pyarrow", "tables")
    try:
        return arrow.table({str(name): _column(cells) for name, cells in batch.items()})
    except (arrow.ArrowException, TypeError, ValueError) as error:
        template = "a dict of columns must have lists or arrays (N,), all of one length ({reason})"
        raise InputError(template, reason=error) from error


def _column(cells: Any) -> Any:
    """Return a column of a dict; the rows of an array of several axes become lists."""
    if getattr(cells, "ndim", 1) < 2:
        return as_array(cells)
    arrow, rows = library("pyarrow", "tables"), np.asarray(cells)
    flat = arrow.array(rows.reshape(-1))
    return arrow.FixedSizeListArray.from_arrays(flat, int(np.prod(rows.shape[1:])))


def _of_lists(column: Any, D: int | None, dtype: DTypeLike) -> Array:
    """Return a column of lists as rows, (N, D); a missing list is a row of NaN."""
    compute, types = library("pyarrow.compute", "tables"), library("pyarrow.types", "tables")
    kind, N = column.type, len(column)
    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        template = 'the column "x" must have lists of {D} numbers, got {got}'
        raise InputError(template, D="D" if D is None else D, got=kind)
    present = compute.is_valid(column).to_numpy(zero_copy_only=False)
    lists = column.filter(present) if column.null_count else column  # a filter copies
    lengths = compute.list_value_length(lists).to_numpy(zero_copy_only=False)
    width = D if D is not None else int(lengths[0]) if len(lengths) else 0
    if (lengths != width).any():
        got = int(lengths[(lengths != width).argmax()])
        raise InputError('the lists of "x" must have {D} numbers, got {got}', D=width, got=got)
    values = _numbers(compute.list_flatten(column), "x")
    if values.dtype.kind in "ui" and present.all():
        return values.reshape(N, width)  # bytes, which the network scales itself
    x = np.full((N, width), np.nan, dtype)
    x[present] = values.reshape(-1, width)
    return x


def _numbers(column: Any, name: str) -> Array:
    """Return a column of numbers, (N,), NaN where missing."""
    types = library("pyarrow.types", "tables")
    kind = column.type
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        raise InputError('the column "{name}" must have numbers, got {got}', name=name, got=kind)
    values: Array = column.to_numpy(zero_copy_only=False)
    return values


def _as_numpy(column: Any) -> Array:
    values: Array = column.combine_chunks().to_numpy(zero_copy_only=False)
    return values


def _one_batch(table: ArrowTable) -> Any:
    arrow = library("pyarrow", "tables")
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else arrow.RecordBatch.from_pylist([], schema=table.schema)
