"""Parquet files, read in blocks by pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid.data.tables.arrow_errors import as_file_errors
from pellucid.data.tables.cells import Block, Opened
from pellucid.extras import library
from pellucid.language import mark

_DAMAGED = mark("{path}: not a Parquet file, or damaged ({reason})")
_ROWS = 1 << 15  # of a block: a few megabytes for most tables


def open_parquet(path: str) -> Opened:
    """Return the column names of a Parquet file, and the function that reads its rows."""
    reader = library("pyarrow.parquet", "tables")

    def blocks(columns: Sequence[str]) -> Iterator[Block]:
        with (
            as_file_errors(path, _DAMAGED),
            reader.ParquetFile(path, memory_map=False, buffer_size=1 << 20) as file,
        ):
            for batch in file.iter_batches(_ROWS, columns=list(columns), use_threads=False):
                # By name, as batches keep the file's order whatever is asked for.
                yield [batch.column(column) for column in columns]

    with as_file_errors(path, _DAMAGED), reader.ParquetFile(path) as file:
        return list(file.schema_arrow.names), blocks
