"""The input of a scoring cut into blocks, the same on every run, and read block by block.

A block is a part of one file that a worker reads by itself: whole row groups of Parquet, bytes of a
CSV file between two ends of rows, rows of an array, images of a folder. A file that cannot be cut
(JSON, compressed ones) is one block; it is read in small parts all the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np

from pellucid.core.types import Array
from pellucid.data.folders import images_below
from pellucid.data.idx import map_idx
from pellucid.data.image_files import read_image
from pellucid.data.images import digit
from pellucid.data.numpy_files import NPY, array_file
from pellucid.data.tables import Table, read_table
from pellucid.data.tables.cells import Block as Arrays
from pellucid.data.tables.csv_file import START, open_csv_part
from pellucid.data.tables.json_file import looks_like_json
from pellucid.data.tables.parquet import open_parquet
from pellucid.distributed.batches import ArrowTable, as_arrow
from pellucid.distributed.places import (
    PIECES,
    READING,
    absolute,
    errors,
    files_of,
    is_url,
    open_place,
)
from pellucid.errors import FileError, InputError, Message
from pellucid.extras import library
from pellucid.files.unpacking import GZIP

BYTES = 16 << 20
"""About how many bytes of a file a block has: a second of work or less."""

IMAGES = 2_000
"""How many images of a folder a block has."""

_BATCH = 1 << 15  # rows that are in memory at a time
_LOOK = 1 << 22  # bytes that are read at a time to find the ends of rows

Cuts: TypeAlias = list[tuple[int, int, int]]  # start, stop, and the rows before


class Block(NamedTuple):
    """A part of a file: its number in the whole plan, and where it begins and ends.

    `kind` says in what: "groups" of a Parquet file, "bytes" of a CSV file, "rows" of an array,
    "images" of a folder; a "whole" file has neither. `before` are the rows of the file above it.
    """

    number: int
    path: str
    kind: str
    start: int
    stop: int
    before: int = 0

    def absolute(self) -> Block:
        """Return this block with an absolute path."""
        return self._replace(path=absolute(self.path))


def plan(paths: Sequence[str]) -> list[Block]:
    """Return the blocks of files and folders, in their order.

    Raises FileError for what cannot be opened, or is no table, array or folder of images.
    """
    files = [file for path in paths for file in files_of(path)]
    found = [(path, kind, cut) for path in files for kind, cuts in [_cuts(path)] for cut in cuts]
    return [Block(number, path, kind, *cut) for number, (path, kind, cut) in enumerate(found)]


def read_block(block: Block) -> Iterator[ArrowTable]:
    """Yield the rows of a block as Arrow tables of some thousand rows each."""
    with errors(block.path, READING):
        yield from _READERS[block.kind](block)


def table_of(path: str) -> Table:
    """Return the table in a file; behind a URL, one of Parquet or CSV."""
    if not is_url(path):
        return read_table(path)
    with errors(path, READING), open_place(path, Message("a table"), PIECES) as file:
        start = file.read(len(NPY))  # enough for the kind: of Parquet no more is fetched
        if start.startswith(b"PAR1"):
            names = library("pyarrow.parquet", "tables").read_schema(file).names
            return Table(path, names, lambda columns: _columns(path, columns))
        start += file.read(START - len(start))
        if b"\0" in start or start.startswith(GZIP) or looks_like_json(start):
            raise FileError(
                "{path}: behind a URL, only Parquet, CSV and .npy (rows of numbers) are read: copy "
                "other files to this machine",
                path=path,
            )
        part = 0, file.seek(0, os.SEEK_END)
    names, blocks = open_csv_part(path, start, part, _opening(path))
    return Table(path, names, blocks, typed=False)


def _cuts(path: str) -> tuple[str, Cuts]:
    """Return the kind of a file's blocks, and where each begins and ends."""
    if not is_url(path) and Path(path).is_dir():
        return "images", _even(len(images_below(path)), IMAGES)
    kinds = Message("a table, an array or a folder of images")
    with errors(path, READING), open_place(path, kinds, PIECES) as file:
        start = file.read(len(NPY))
        if start.startswith(b"PAR1"):
            return "groups", _groups(path)
        if start.startswith(NPY):
            shape, _, dtype, _ = layout = array_file(path, open_place).layout
            if len(shape) == 2 and dtype.names is None:
                return "rows", _even(shape[0], max(1, BYTES * shape[0] // max(1, layout.nbytes)))
        elif start.startswith(b"\0\0") and not is_url(path):
            x = map_idx(path)
            return "rows", _even(len(x), max(1, BYTES // max(1, x[:1].nbytes)))
        elif _is_csv(path, start + file.read(START - len(start))):
            return "bytes", _row_ends(file, file.seek(0, os.SEEK_END))
    return "whole", [(0, 0, 0)]


def _is_csv(path: str, start: bytes) -> bool:
    """Return whether a file is CSV that can be cut: not compressed, no JSON."""
    table = table_of(path)  # raises FileError for what is no table
    return not table.typed and not start.startswith(GZIP) and not looks_like_json(start)


def _even(count: int, size: int) -> Cuts:
    return [(start, stop, start) for start, stop in pairwise([*range(0, count, size), count])]


def _groups(path: str) -> Cuts:
    """Join a Parquet file's row groups to blocks of about BYTES."""
    table_of(path)  # raises FileError for a damaged file
    with _parquet(path) as file:
        groups = [file.metadata.row_group(k) for k in range(file.num_row_groups)]
    cuts, first, held, before, rows = [], 0, 0, 0, 0
    for k, group in enumerate(groups):
        held += group.total_byte_size
        rows += group.num_rows
        if held >= BYTES:
            cuts.append((first, k + 1, before))
            first, held, before = k + 1, 0, rows
    return [*cuts, (first, len(groups), before)] if first < len(groups) else cuts


def _row_ends(file: BinaryIO, size: int) -> Cuts:
    """Cut a CSV file at ends of rows, about every BYTES.

    A line break ends a row where an even number of quotes stands before it: RFC 4180 doubles a
    quote within quotes. Empty lines are no rows, and neither is the first, of names.
    """
    file.seek(0)
    cuts, start, before = [], 0, 0
    at, inside, last, count, latest = 0, 0, 0, -1, 0
    while part := file.read(_LOOK):
        previous, latest = latest, part[-1]  # bytes
        text = np.frombuffer(part, np.uint8)
        breaks = np.flatnonzero(text == ord("\n"))
        if b'"' in part:
            # Both are places in order: a sum over all bytes takes five times as long
            quotes = np.flatnonzero(text == ord('"'))
            breaks = breaks[(np.searchsorted(quotes, breaks) + inside) % 2 == 0]
            inside = (inside + len(quotes)) % 2
        ends = breaks + at + 1
        at += len(part)
        if not len(ends):
            continue
        lengths = np.diff(ends, prepend=last)
        places = ends - 2 - (at - len(part))  # of what stands before the line break
        returns = np.where(places < 0, previous, text[places]) == ord("\r")
        count += len(ends) - int(((lengths == 1) | ((lengths == 2) & returns)).sum())
        last = int(ends[-1])
        if at >= start + BYTES:
            cuts.append((start, last, before))
            start, before = last, max(count, 0)
    return [*cuts, (start, size, before)] if start < size else cuts


def _read_whole(block: Block) -> Iterator[ArrowTable]:
    yield from _tables(read_table(block.path))


def _read_bytes(block: Block) -> Iterator[ArrowTable]:
    with open_place(block.path, Message("a table"), PIECES) as file:
        start = file.read(START)
    part = block.start, block.stop
    names, blocks = open_csv_part(block.path, start, part, _opening(block.path))
    yield from _tables(Table(block.path, names, blocks, typed=False))


def _read_groups(block: Block) -> Iterator[ArrowTable]:
    arrow = library("pyarrow", "tables")
    groups = list(range(block.start, block.stop))
    if not is_url(block.path):
        names, blocks = open_parquet(block.path, groups)
        for arrays in blocks(names):
            yield arrow.Table.from_arrays(arrays, names=names)
        return
    with _parquet(block.path) as file:
        for batch in file.iter_batches(_BATCH, row_groups=groups, use_threads=False):
            yield arrow.Table.from_batches([batch])


def _columns(path: str, columns: Sequence[str]) -> Iterator[Arrays]:
    with _parquet(path) as file:
        for batch in file.iter_batches(_BATCH, columns=list(columns), use_threads=False):
            yield [batch.column(name) for name in columns]


@contextmanager
def _parquet(path: str) -> Iterator[Any]:
    """Open a Parquet file; behind a URL, the columns of a row group are fetched together."""
    parquet = library("pyarrow.parquet", "tables")
    if not is_url(path):
        with parquet.ParquetFile(path, memory_map=False, buffer_size=1 << 20) as file:
            yield file
    else:
        with open_place(path, Message("a table"), PIECES) as source:
            yield parquet.ParquetFile(source, pre_buffer=True)


def _opening(path: str) -> Callable[[], BinaryIO] | None:
    """Return how a CSV file behind a URL is opened, None for one of this machine."""
    return partial(open_place, path, Message("a table")) if is_url(path) else None


def _read_rows(block: Block) -> Iterator[ArrowTable]:
    with open_place(block.path, Message("an array"), PIECES) as file:
        is_npy = file.read(6).startswith(NPY)
    x = array_file(block.path, open_place).rows if is_npy else _mapped_rows(block.path)
    for first in range(block.start, block.stop, _BATCH):
        rows = x(first, min(first + _BATCH, block.stop))
        yield as_arrow({"row": np.arange(first, first + len(rows)), "x": rows})


def _mapped_rows(path: str) -> Callable[[int, int], Array]:
    x = map_idx(path)
    return lambda first, stop: np.array(x[first:stop])


def _read_images(block: Block) -> Iterator[ArrowTable]:
    """Read images as MNIST's digits are prepared; one that cannot be read is a missing input."""
    arrow = library("pyarrow", "tables")
    files = images_below(block.path)[block.start : block.stop]
    kind = arrow.list_(arrow.uint8(), 784)
    x = arrow.array([_pixels(file) for file in files], kind)
    names = [str(Path(file).relative_to(block.path)) for file in files]
    yield arrow.table({"file": names, "x": x})


def _pixels(file: str) -> list[int] | None:
    try:
        pixels: list[int] = digit(read_image(file)).reshape(-1).tolist()
    except (FileError, InputError):
        return None
    return pixels


def _tables(table: Table) -> Iterator[ArrowTable]:
    arrow = library("pyarrow", "tables")

    def joined(arrays: Arrays) -> ArrowTable:
        return arrow.Table.from_arrays(arrays, names=table.columns)

    yield from map(joined, table.blocks())


_READERS: dict[str, Callable[[Block], Iterator[ArrowTable]]] = {
    "whole": _read_whole,
    "bytes": _read_bytes,
    "groups": _read_groups,
    "rows": _read_rows,
    "images": _read_images,
}
