"""Feather files, which are Arrow's own format, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid.data.tables.arrow_buffers import check_buffers
from pellucid.data.tables.arrow_errors import as_file_errors
from pellucid.data.tables.cells import Block, Opened, check_texts
from pellucid.extras import library
from pellucid.language import mark

ARROW = b"ARROW1"
_DAMAGED = mark("{path}: not a Feather (Arrow) file, or damaged ({reason})")
_ROWS = 1 << 15  # of a block: a few megabytes for most tables


def open_arrow(path: str) -> Opened:
    """Return the column names of an Arrow file, and the function that reads its rows."""
    arrow, reader = library("pyarrow", "tables"), library("pyarrow.ipc", "tables")

    def blocks(columns: Sequence[str]) -> Iterator[Block]:
        fields = reader.IpcReadOptions(included_fields=sorted(map(names.index, columns)))
        # Not mapped into memory: a file that shrinks meanwhile would end the process
        with (
            as_file_errors(path, _DAMAGED),
            arrow.OSFile(path) as source,
            reader.open_file(source, options=fields) as file,
        ):
            for index in range(file.num_record_batches):
                batch = file.get_batch(index)
                batch.validate(full=True)  # offsets that point elsewhere would be read
                for start in range(0, batch.num_rows, _ROWS):
                    part = batch.slice(start, _ROWS)
                    arrays = [part.column(column) for column in columns]
                    for array in arrays:
                        check_texts(path, array)
                    yield arrays

    with (
        as_file_errors(path, _DAMAGED),
        arrow.OSFile(path) as source,
        reader.open_file(source) as file,
    ):
        names = list(file.schema.names)
        check_buffers(path, len(names))
    return names, blocks
