"""CSV files, streamed by pyarrow with every cell as text: whole columns decide what texts mean."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple, Protocol

from pellucid.data.tables.cells import MISSING, Block, Opened
from pellucid.errors import FileError, Message, reason_of
from pellucid.extras import library
from pellucid.files import limits
from pellucid.files.unpacking import too_large

START = 1 << 20  # bytes that decide encoding and separator, and that contain the first line
_AHEAD = 1 << 16  # bytes that pyarrow has read and not yet unpacked
_NEWLINE = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?", re.IGNORECASE)


class _Form(NamedTuple):
    """How a file is written; `name` is what errors call it, `head` counts the lines down to the
    column names, and `part` are the bytes to read, None for all.
    """

    path: str | bytes
    name: str
    gzip: bool
    encoding: str
    separator: str
    head: int
    names: list[str]
    part: tuple[int, int] | None = None
    opening: Callable[[], BinaryIO] | None = None  # None: the file is one of this machine


class _InvalidRow(Protocol):  # of pyarrow, which has no types
    number: int | None
    actual_columns: int
    expected_columns: int


def open_csv(path: str | bytes, start: bytes, gzip: bool = False, name: str = "") -> Opened:
    """Return the column names of a CSV file with these first bytes (of `gzip`, decompressed), and
    the function that reads its rows.

    `path` is the file's, or its whole content; `name` is what errors call it, by default its path.
    """
    form = _form_of(path, start, gzip, name or str(path))
    return form.names, lambda columns: _blocks(form, columns)


def open_csv_part(
    path: str, start: bytes, part: tuple[int, int], opening: Callable[[], BinaryIO] | None = None
) -> Opened:
    """Return what `open_csv` returns, for the rows within these bytes, which end where rows end.

    `opening` opens a file that is not one of this machine.
    """
    form = _form_of(path, start, False, path)
    form = form._replace(part=part, head=0 if part[0] else form.head, opening=opening)
    return form.names, lambda columns: _blocks(form, columns)


def _form_of(path: str | bytes, start: bytes, gzip: bool, name: str) -> _Form:
    encoding, text = _decoded(name, start)
    body = text.lstrip("\r\n")
    first = next((line for line in _NEWLINE.split(body) if line.strip()), "")
    separator = max(",;\t|", key=re.sub(r'"[^"]*"', "", first).count)
    try:
        # No translation of newlines: one within quotes belongs to the name.
        cells = next(csv.reader(io.StringIO(body, newline=""), delimiter=separator), [])
    except csv.Error as error:  # a name beyond csv's limit of 131,072 characters, for example
        raise FileError(
            "{path}: not a CSV file ({reason})", path=name, reason=reason_of(error)
        ) from error
    names = [name.strip() for name in cells]
    if not names or all(_NUMBER.fullmatch(name) for name in names):
        template = "{path}: the first line must name the columns, separated by commas, got {got}"
        raise FileError(template, path=name, got=first)
    if len(names) > limits.COLUMNS:
        template = "{table}: expected 1 to {most:,} columns, got {count:,}"
        raise FileError(template, table=name, most=limits.COLUMNS, count=len(names))
    head = 1 + len(_NEWLINE.findall(text[: len(text) - len(body)]))
    return _Form(path, name, gzip, encoding, separator, head, names)


def _decoded(path: str, start: bytes) -> tuple[str, str]:
    """Return the encoding, and the text of the first bytes."""
    whole = len(start) < START  # else the last character may be cut in two
    for encoding in ("utf-8-sig", "cp949"):
        with suppress(UnicodeDecodeError):
            return encoding, codecs.getincrementaldecoder(encoding)().decode(start, whole)
    raise _not_utf8(path)


def _blocks(form: _Form, columns: Sequence[str]) -> Iterator[Block]:
    arrow, reader = library("pyarrow", "tables"), library("pyarrow.csv", "tables")
    # Columns go by their numbers here: names may be anything.
    places = {name: str(place) for place, name in enumerate(form.names)}
    wanted = [places[column] for column in columns]
    invalid: list[_InvalidRow] = []

    def refuse(row: _InvalidRow) -> str:
        invalid.append(row)
        return "error"

    parsing = reader.ParseOptions(
        delimiter=form.separator,
        newlines_in_values=True,
        invalid_row_handler=refuse,
        # In a table of one column an empty line is a missing cell.
        ignore_empty_lines=len(form.names) > 1,
    )
    converting = reader.ConvertOptions(
        column_types=dict.fromkeys(wanted, arrow.string()),
        include_columns=wanted,
        null_values=sorted(MISSING),
        strings_can_be_null=True,
    )
    reading = _reading(form, list(places.values()))
    try:
        file, source = _streams(form)
        with reader.open_csv(source, reading, parsing, converting) as stream:
            taken = 0
            for batch in stream:
                taken += _least(batch, len(form.names))
                if form.gzip and taken > (most := limits.unpacked(file.tell() - _AHEAD)):
                    raise too_large(form.name, most)
                yield batch.columns
    except FileError:
        raise
    except (arrow.ArrowException, UnicodeError, OSError) as error:
        raise _refused(form, invalid, error) from error


def _streams(form: _Form) -> tuple[Any, Any]:
    """Return the file, and the bytes of the table in it."""
    arrow = library("pyarrow", "tables")
    if isinstance(form.path, bytes):
        file = arrow.BufferReader(form.path)
    elif form.opening is not None:
        file = arrow.PythonFile(form.opening(), mode="r")
    else:
        file = arrow.OSFile(form.path)
    if form.part is not None:
        start, stop = form.part
        return file, file.get_stream(start, stop - start)
    # By its content, not by its name, as pyarrow would take it
    return file, arrow.CompressedInputStream(file, "gzip") if form.gzip else file


def _reading(form: _Form, names: list[str]) -> Any:
    return library("pyarrow.csv", "tables").ReadOptions(
        use_threads=False,  # only then does pyarrow count the rows that it refuses
        block_size=limits.CSV_ROW,
        column_names=names,
        skip_rows_after_names=form.head,
        encoding="utf-8" if form.encoding == "utf-8-sig" else form.encoding,
    )


def _least(batch: Any, columns: int) -> int:
    """Return the least number of bytes that a batch had in its file: its texts, and a separator
    behind every cell. The stream itself does not tell its place.
    """
    offsets = 4 * batch.num_columns * (batch.num_rows + 1)
    return max(0, batch.nbytes - offsets) + batch.num_rows * columns


def _refused(form: _Form, invalid: list[_InvalidRow], error: Exception) -> FileError:
    if invalid:
        number = invalid[0].number
        return FileError(
            "{path}: row {row} (counted from 1 below the names) has {got} cells, expected "
            "{expected}, one for each name",
            path=form.name,
            row=Message("unknown") if number is None else number - form.head,
            got=invalid[0].actual_columns,
            expected=invalid[0].expected_columns,
        )
    if isinstance(error, UnicodeError) or "UTF8" in str(error):
        return _not_utf8(form.name)
    if "straddling" in str(error):
        template = "{path}: a row is longer than {limit:,} bytes: unclosed quote?"
        return FileError(template, path=form.name, limit=limits.CSV_ROW)
    return FileError(
        "{path}: not a CSV file, or damaged ({reason})", path=form.name, reason=reason_of(error)
    )


def _not_utf8(path: str) -> FileError:
    return FileError("{path}: not UTF-8 or CP949 text: save the table as CSV in UTF-8", path=path)
