"""NumPy's files as tables: .npy, mapped into memory, and .npz; never a pickle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pellucid.core.types import Array
from pellucid.data.opening import open_file
from pellucid.errors import FileError, Message
from pellucid.extras import library

_ROWS = 1 << 16


def open_npy(path: str) -> tuple[list[str], Callable[[Sequence[str]], Iterator[list[Any]]]]:
    """Give the column names of an .npy file, and the function that goes through its rows."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise FileError(_damaged(path)) from error
    if array.dtype.names:
        return _from(path, {name: array[name] for name in array.dtype.names})
    return _from(path, _columns("x", array))


def open_npz(path: str) -> tuple[list[str], Callable[[Sequence[str]], Iterator[list[Any]]]]:
    """Give the column names of an .npz file, and the function that goes through its rows."""
    found: dict[str, Array] = {}
    try:
        with open_file(path) as file, np.load(file, allow_pickle=False) as archive:
            for name in archive:
                found |= _columns(name, archive[name])
    except MemoryError:
        raise
    except Exception as error:  # readers of damaged archives raise nearly anything
        raise FileError(_damaged(path)) from error
    return _from(path, found)


def _columns(name: str, array: Array) -> dict[str, Array]:
    if array.ndim == 2:
        return {f"{name}{index}": array[:, index] for index in range(array.shape[1])}
    return {name: array}


def _from(
    path: str, columns: dict[str, Array]
) -> tuple[list[str], Callable[[Sequence[str]], Iterator[list[Any]]]]:
    lengths = {array.shape for array in columns.values()}
    if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
        raise FileError(
            "{path}: expected arrays (N,) or (N, D) with as many rows each; got {got}",
            path=path,
            got=", ".join(f"{name} {array.shape}" for name, array in list(columns.items())[:8]),
        )

    def blocks(names: Sequence[str]) -> Iterator[list[Any]]:
        arrow = library("pyarrow", "tables")
        for start in range(0, len(columns[names[0]]), _ROWS):
            rows = [np.ascontiguousarray(columns[name][start : start + _ROWS]) for name in names]
            try:
                yield [arrow.array(array) for array in rows]
            except arrow.ArrowException as error:
                raise FileError(_damaged(path)) from error

    return list(columns), blocks


def _damaged(path: str) -> Message:
    return Message(
        "{path}: no .npz or .npy file of plain numbers, or it is damaged: "
        "write it with numpy.savez(path, x=..., t=...)",
        path=path,
    )
