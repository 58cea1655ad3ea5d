"""JSON records, {"age": 31, "city": "Seoul"}, one to a line or in one array, read in blocks.

As of CSV, every cell is read as text: whole columns decide what texts mean.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from typing import Any

from pellucid.data.tables.cells import ArrowArray, Block, Opened, check_cells
from pellucid.errors import FileError, Message
from pellucid.extras import library
from pellucid.files import limits
from pellucid.files.opening import open_file
from pellucid.files.unpacking import unpack

_CHUNK = 1 << 20  # bytes that are read at a time
_ROWS = 1 << 13  # of a block
_BLOCK = 32 << 20  # characters of a block
_SHORTEST = 4  # characters of a cell: "": and a comma
# Commas between the records of an array, line ends between those of JSON lines.
_BETWEEN = re.compile(r"[\s,]*")
_BOM = codecs.BOM_UTF8


def looks_like_json(start: bytes) -> bool:
    """Return whether a file with these first bytes holds objects, or an array of them."""
    text = start.removeprefix(_BOM)[:4096].lstrip()
    # Arrays of numbers or arrays are no records, but JSON: the error must not be one of CSV.
    return re.match(rb'\{\s*("|\})|\[\s*(\{|\]|\[|"|[-\d])', text) is not None


def open_json(path: str, name: str, compressed: bool = False) -> Opened:
    """Return the names of all records, in their order, and the function that reads the rows."""
    # A whole pass for the names: any record may have a field that those before it lack.
    names: dict[str, None] = {}
    count = cells = 0
    for record, _ in _records(path, name, compressed):
        names |= dict.fromkeys(record)
        count, cells = count + 1, cells + len(record)
        if len(names) > limits.COLUMNS:
            template = "{table}: expected 1 to {most:,} columns, got {count:,}"
            raise FileError(template, table=name, most=limits.COLUMNS, count=len(names))
    check_cells(name, count, len(names), cells * _SHORTEST)

    def blocks(columns: Sequence[str]) -> Iterator[Block]:
        rows: list[dict[str, Any]] = []
        taken = 0
        for record, length in _records(path, name, compressed):
            rows.append(record)
            taken += length
            if len(rows) == _ROWS or taken > _BLOCK:
                yield [_column(rows, column) for column in columns]
                rows, taken = [], 0
        if rows:
            yield [_column(rows, column) for column in columns]

    return list(names), blocks


def _column(rows: Sequence[dict[str, Any]], name: str) -> ArrowArray:
    """Return a column's cells as texts; as lists, which no column takes, where one is nested."""
    arrow = library("pyarrow", "tables")
    cells = [row.get(name) for row in rows]
    if any(isinstance(cell, (list, dict)) for cell in cells):
        return arrow.nulls(len(cells), arrow.list_(arrow.null()))
    # As JSON and CSV files write truth values, "true", and not as Python does.
    texts = [str(cell).lower() if isinstance(cell, bool) else cell for cell in cells]
    return arrow.array(texts, arrow.string())


def _records(path: str, name: str, compressed: bool) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each record and how many characters it takes."""
    try:
        with open_file(path, Message("a table")) as raw:
            if compressed:
                yield from _decoded(unpack(raw, name), name)
            else:
                yield from _decoded(raw, name)
    except UnicodeError as error:
        template = "{path}: not JSON in UTF-8: save the table in UTF-8"
        raise FileError(template, path=name) from error


def _decoded(file: BufferedIOBase, name: str) -> Iterator[tuple[dict[str, Any], int]]:
    # Numbers stay texts, as they are written: whole ones of a thousand digits, too
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    # Incremental, since a chunk may end within a character.
    decode = codecs.getincrementaldecoder("utf-8-sig")()
    buffer, row, last = "", 0, False
    while not last:
        chunk = file.read(_CHUNK)
        last = not chunk
        buffer += decode.decode(chunk, last)
        place = _begin(buffer) if not row else 0
        while True:
            place = _between(buffer, place)
            if place >= len(buffer) or (buffer[place] == "]" and not buffer[place + 1 :].strip()):
                break
            try:
                record, end = decoder.raw_decode(buffer, place)
            except (ValueError, RecursionError) as error:
                # Nesting too deep for Python's stack is no end of a chunk: more bytes do not help.
                if (
                    last
                    or len(buffer) - place > limits.CSV_ROW
                    or isinstance(error, RecursionError)
                ):
                    raise _damaged(name, row, error) from error
                break  # the rest of the record is in the next chunk
            row += 1
            if not isinstance(record, dict):
                raise _damaged(name, row - 1, Message("not an object"))
            yield record, end - place
            place = end
        buffer = buffer[place:]


def _begin(buffer: str) -> int:
    found = re.match(r"\s*\[", buffer)
    return found.end() if found else 0


def _between(buffer: str, place: int) -> int:
    found = _BETWEEN.match(buffer, place)
    return found.end() if found else place


def _damaged(name: str, row: int, reason: Message | Exception) -> FileError:
    return FileError(
        "{path}: record {row} cannot be read ({reason}): expected JSON records such as "
        '{{"age": 31, "city": "Seoul"}}, one to a line or in an array',
        path=name,
        row=row + 1,
        reason=reason if isinstance(reason, Message) else Message(str(reason)),
    )
