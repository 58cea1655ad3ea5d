"""Files of tables: which format one has, decompression, standard input."""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

from pellucid.data.numpy_files import NPY, NPZ
from pellucid.data.tables import csv_file
from pellucid.data.tables.arrow_file import ARROW, open_arrow
from pellucid.data.tables.cells import Blocks
from pellucid.data.tables.json_file import looks_like_json, open_json
from pellucid.data.tables.numpy_columns import open_archive, open_array
from pellucid.data.tables.parquet import open_parquet
from pellucid.errors import FileError, Message, reason_of
from pellucid.files import limits
from pellucid.files.opening import open_file
from pellucid.files.unpacking import GZIP, unpack

STANDARD_INPUT = "-"
_PART = 1 << 16
_TABLE = Message("a table")


class TableFile(NamedTuple):
    """A file of a table: what errors call it, its columns, its rows, whether cells have types."""

    name: str
    columns: list[str]
    blocks: Blocks
    typed: bool


def open_table_file(path: str) -> TableFile:
    """Open a file of a table, by its content; "-" is standard input.

    CSV and JSON may be compressed by gzip; they are decompressed as they are read, never whole.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    if path == STANDARD_INPUT:
        path = _standard_input()
    with open_file(path, _TABLE) as file:
        start = file.read(csv_file.START)
    if start.startswith(GZIP):
        start = _decompressed(path, name)
        # Their readers seek, and going back in gzip means decompressing from the start again.
        if start.startswith((b"PAR1", NPY, NPZ, ARROW)):
            raise FileError("{path}: only CSV and JSON may be compressed by gzip", path=name)
        return _open_text(path, name, start, gzip=True)
    if start.startswith(b"PAR1"):
        return TableFile(name, *open_parquet(path), True)
    if start.startswith(NPY):
        return TableFile(name, *open_array(path), True)
    if start.startswith(NPZ):
        return TableFile(name, *open_archive(path), True)
    if start.startswith(ARROW):
        return TableFile(name, *open_arrow(path), True)
    return _open_text(path, name, start)


def _open_text(path: str, name: str, start: bytes, gzip: bool = False) -> TableFile:
    # Names of files are often wrong. Of a file that is nothing else, the name says whether to call
    # it damaged.
    binary = (".parquet", ".npy", ".npz", ".feather", ".arrow", ".xlsx", ".xls")
    # FEA1 begins Feather version 1; text in UTF-8 or CP949 has no zero bytes.
    if b"\0" in start[:6] or start.startswith(b"FEA1") or Path(path).suffix.lower() in binary:
        raise FileError(
            "{path}: not a table, or damaged: expected CSV, JSON records, Parquet, Feather "
            "(version 2), .npy or .npz",
            path=name,
        )
    if looks_like_json(start):
        return TableFile(name, *open_json(path, name, gzip), False)
    return TableFile(name, *csv_file.open_csv(path, start, gzip, name), False)


def _decompressed(path: str, name: str) -> bytes:
    with open_file(path, _TABLE) as file:
        start = unpack(file, name).read(csv_file.START)
    if not start:
        raise FileError("{path}: there is nothing in the gzip file", path=name)
    return start


@cache
def _standard_input() -> str:
    """Return the path of a file with all of standard input, which can be read only once."""
    file = _temporary_file()
    try:
        while part := sys.stdin.buffer.read(_PART):
            file.write(part)
            if file.tell() > limits.COPIED_INPUT:
                file.seek(0)
                file.truncate()  # at once, not at the end of the process
                template = "standard input is longer than {most:,} bytes: write it to a file"
                raise FileError(template, most=limits.COPIED_INPUT)
        file.flush()
        if not file.tell():
            raise FileError("standard input is empty")
    except FileError:
        raise
    except OSError as error:
        template = "standard input cannot be copied to a temporary file ({reason})"
        raise FileError(template, reason=reason_of(error)) from error
    return file.name


@cache
def _temporary_file() -> IO[bytes]:
    # Kept to the end of the process, which deletes it
    return tempfile.NamedTemporaryFile(prefix="pellucid.")
