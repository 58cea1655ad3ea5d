"""Parquet files, read in blocks by pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pellucid.errors import FileError, Message
from pellucid.extras import library

_ROWS = 1 << 15


def open_parquet(path: str) -> tuple[list[str], Callable[[Sequence[str]], Iterator[list[Any]]]]:
    """Give the column names of a Parquet file, and the function that goes through its rows."""
    reader = library("pyarrow.parquet", "tables")

    def blocks(columns: Sequence[str]) -> Iterator[list[Any]]:
        try:
            with reader.ParquetFile(path, memory_map=False, buffer_size=1 << 20) as file:
                for batch in file.iter_batches(_ROWS, columns=list(columns), use_threads=False):
                    # By name, as the file's order is kept whatever is asked for.
                    yield [batch.column(column) for column in columns]
        except (library("pyarrow", "tables").ArrowException, OSError) as error:
            raise FileError(_damaged(path, error)) from error

    try:
        with reader.ParquetFile(path) as file:
            return list(file.schema_arrow.names), blocks
    except (library("pyarrow", "tables").ArrowException, OSError) as error:
        raise FileError(_damaged(path, error)) from error


def _damaged(path: str, error: Exception) -> Message:
    return Message("{path}: no Parquet file, or it is damaged ({reason})", path=path, reason=error)
