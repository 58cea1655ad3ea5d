"""Parquet files, read in blocks by pyarrow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pellucid.data.tables.arrow_errors import as_file_errors
from pellucid.data.tables.cells import Block, Opened, as_plain, check_texts
from pellucid.data.tables.parquet_pages import check_pages
from pellucid.extras import library
from pellucid.files import limits
from pellucid.language import mark

_DAMAGED = mark("{path}: not a Parquet file, or damaged ({reason})")
_ROWS = 1 << 15  # of a block: a few megabytes for most tables


def open_parquet(path: str, groups: Sequence[int] | None = None) -> Opened:
    """Return the column names of a Parquet file, and the function that reads its rows: those of
    these row groups, by default of all.
    """
    with as_file_errors(path, _DAMAGED):
        dictionaries = check_pages(path, groups)
        with _file(path) as file:
            names = list(file.schema_arrow.names)
            read = range(file.num_row_groups) if groups is None else groups
            texts = _repeated(path, dictionaries, read)

    def blocks(columns: Sequence[str]) -> Iterator[Block]:
        with as_file_errors(path, _DAMAGED), _file(path, texts) as file:
            for batch in file.iter_batches(_ROWS, list(read), list(columns), use_threads=False):
                batch.validate(full=True)  # texts that are no UTF-8, for example
                # By name, as batches keep the file's order whatever is asked for.
                arrays = {column: batch.column(column) for column in columns}
                for name in texts & arrays.keys():
                    check_texts(path, arrays[name])
                yield [as_plain(a) if name in texts else a for name, a in arrays.items()]

    return names, blocks


def _file(path: str, texts: Collection[str] = ()) -> Any:
    reader = library("pyarrow.parquet", "tables")
    return reader.ParquetFile(
        path, memory_map=False, buffer_size=1 << 20, read_dictionary=list(texts)
    )


def _repeated(path: str, dictionaries: dict[str, int], groups: Sequence[int]) -> set[str]:
    """Return the columns whose dictionary has a text so long that a block of rows that repeat it
    would exceed the limit.

    These are read as dictionaries, in which it is once. All others are not, which is quicker.
    """
    longest = limits.CELL_TEXT // _ROWS
    candidates = {name for name, size in dictionaries.items() if size > longest}
    if not candidates:
        return set()
    compute, types = library("pyarrow.compute", "tables"), library("pyarrow.types", "tables")
    # Texts within lists are of no use, and not looked at.
    found = {name for name in candidates if "." in name}
    with _file(path, candidates) as file:
        for group in groups:
            wanted = sorted(candidates - found)
            for batch in file.iter_batches(1, row_groups=[group], columns=wanted):
                for name, array in zip(batch.schema.names, batch.columns, strict=True):
                    if not types.is_dictionary(array.type):
                        continue
                    lengths = compute.binary_length(array.dictionary)
                    if (compute.max(lengths).as_py() or 0) > longest:
                        found.add(name)
                break  # one row is enough: its dictionary is that of the group
    return found
