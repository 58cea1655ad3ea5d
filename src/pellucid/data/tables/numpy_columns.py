"""NumPy's files as tables: an array (N,) is a column, an array (N, D) is D columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from pellucid.core.types import Array
from pellucid.data.numpy_files import array_file, not_plain, read_arrays
from pellucid.data.tables.cells import ArrowArray, Block, Opened
from pellucid.errors import FileError
from pellucid.extras import library
from pellucid.files import limits

_ROWS = 1 << 16  # of a block: a few megabytes for most tables
_BLOCK = 64 << 20  # bytes of a block, whose rows may be wide


def open_array(path: str) -> Opened:
    """Return the column names of an .npy file, and the function that reads its rows, in blocks."""
    file = array_file(path)
    shape, dtype = file.layout.shape, file.layout.dtype
    if len(shape) not in (1, 2):
        raise _no_columns(path, {"x": shape})
    names = _columns(path, "x", np.empty((0, *shape[1:]), dtype))
    step = max(1, min(_ROWS, _BLOCK * max(shape[0], 1) // max(file.layout.nbytes, 1)))

    def read(start: int) -> dict[str, Array]:
        return _columns(path, "x", file.rows(start, min(start + step, shape[0])))

    return _opened(path, names, shape[0], step, read)


def open_archive(path: str) -> Opened:
    """Return the column names of an .npz file, which is unpacked whole, and the function that reads
    its rows.
    """
    columns: dict[str, Array] = {}
    for name, array in read_arrays(path).items():
        columns |= _columns(path, name, array)
    shapes = {name: array.shape for name, array in columns.items()}
    if len(set(shapes.values())) > 1:
        raise _no_columns(path, shapes)
    rows = len(next(iter(columns.values()), ()))

    def read(start: int) -> dict[str, Array]:
        return {name: array[start : start + _ROWS] for name, array in columns.items()}

    return _opened(path, columns, rows, _ROWS, read)


def _opened(
    path: str,
    names: Mapping[str, Array],
    rows: int,
    step: int,
    read: Callable[[int], dict[str, Array]],
) -> Opened:
    def blocks(wanted: Sequence[str]) -> Iterator[Block]:
        for start in range(0, rows, step):
            found = read(start)
            yield [_as_arrow(path, found[name]) for name in wanted]

    return list(names), blocks


def _as_arrow(path: str, values: Array) -> ArrowArray:
    arrow = library("pyarrow", "tables")
    try:
        return arrow.array(np.ascontiguousarray(values))
    except (arrow.ArrowException, UnicodeError) as error:  # complex numbers, for example
        raise not_plain(path) from error


def _columns(path: str, name: str, array: Array) -> dict[str, Array]:
    """Return the columns (N,) of an array by their names."""
    found = {name: array}
    if array.dtype.names:
        found = {field: array[field] for field in array.dtype.names}
    elif array.ndim == 2:
        if array.shape[1] > limits.COLUMNS:
            template = "{table}: expected 1 to {most:,} columns, got {count:,}"
            count = array.shape[1]
            raise FileError(template, table=path, most=limits.COLUMNS, count=count)
        found = {f"{name}{index}": array[:, index] for index in range(array.shape[1])}
    shapes = {name: column.shape for name, column in found.items()}
    if any(len(shape) != 1 for shape in shapes.values()):
        raise _no_columns(path, shapes)
    return found


def _no_columns(path: str, shapes: Mapping[str, tuple[int, ...]]) -> FileError:
    return FileError(
        "{path}: expected arrays (N,) or (N, D) with as many rows each, got {got}",
        path=path,
        got=", ".join(f"{name} {shape}" for name, shape in list(shapes.items())[:8]),
    )
