"""NumPy's files as tables: an array (N,) is a column, an array (N, D) is D columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pellucid.core.types import Array
from pellucid.data.numpy_files import not_plain, read_arrays
from pellucid.data.tables.cells import Block, Opened
from pellucid.errors import FileError
from pellucid.extras import library

_ROWS = 1 << 16  # of a block: a few megabytes for most tables


def open_arrays(path: str) -> Opened:
    """Return the column names of an .npy or .npz file, and the function that reads its rows."""
    columns: dict[str, Array] = {}
    for name, array in read_arrays(path, mapped=True).items():
        columns |= _columns(name, array)
    lengths = {array.shape for array in columns.values()}
    if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
        raise FileError(
            "{path}: expected arrays (N,) or (N, D) with as many rows each, got {got}",
            path=path,
            got=", ".join(f"{name} {array.shape}" for name, array in list(columns.items())[:8]),
        )

    def blocks(names: Sequence[str]) -> Iterator[Block]:
        arrow = library("pyarrow", "tables")
        for start in range(0, len(columns[names[0]]), _ROWS):
            rows = [np.ascontiguousarray(columns[name][start : start + _ROWS]) for name in names]
            try:
                yield [arrow.array(array) for array in rows]
            except arrow.ArrowException as error:  # complex numbers, for example
                raise not_plain(path) from error

    return list(columns), blocks


def _columns(name: str, array: Array) -> dict[str, Array]:
    if array.dtype.names:
        return {field: array[field] for field in array.dtype.names}
    if array.ndim == 2:
        return {f"{name}{index}": array[:, index] for index in range(array.shape[1])}
    return {name: array}
