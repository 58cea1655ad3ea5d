"""CSV files, streamed by pyarrow.

Every cell as text, so that what it means is decided once, for whole columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pellucid.data.opening import open_file
from pellucid.data.tables.cells import MISSING
from pellucid.errors import FileError, Message
from pellucid.extras import library

_START = (
    1 << 20
)  # bytes from which encoding and separator are told, and in which the first line must end
_BLOCK = 4 << 20  # bytes that are read and turned at a time; a row must fit into one


def open_csv(path: str) -> tuple[list[str], Callable[[Sequence[str]], Iterator[list[Any]]]]:
    """Give the column names of a CSV file, and the function that goes through its rows."""
    with open_file(path) as file:
        start = file.read(_START)
    encoding = _encoding(path, start)
    text = start.decode(encoding, errors="ignore")
    separator, names = _head(path, text)
    # Blank lines above
    head = 1 + len(re.match(r"(\r?\n)*", text)[0].replace("\r", ""))  # type: ignore[index]

    def blocks(columns: Sequence[str]) -> Iterator[list[Any]]:
        return _blocks(path, encoding, (separator, head), names, columns)

    return names, blocks


def _encoding(path: str, start: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        for cut in range(4):  # the last character may be cut in two
            try:
                start[: len(start) - cut].decode(encoding)
            except UnicodeDecodeError:
                if len(start) < _START:
                    break
                continue
            return encoding
    raise FileError(_not_utf8(path))


def _not_utf8(path: str) -> Message:
    return Message("{path}: no text in UTF-8 or CP949: save the table as CSV in UTF-8", path=path)


def _head(path: str, text: str) -> tuple[str, list[str]]:
    """Give the separator, which stands most often in the first line outside quotes, and the
    columns' names.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    separator = max(",;\t|", key=bare.count)
    names = [
        name.strip()
        for name in next(csv.reader(io.StringIO(text.lstrip("\r\n")), delimiter=separator), [])
    ]
    if not names or all(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", name.lower()) for name in names):
        raise FileError(
            "{path}: the first line must name the columns, separated by commas; it is {got}",
            path=path,
            got=first,
        )
    return separator, names


def _blocks(
    path: str, encoding: str, form: tuple[str, int], names: Sequence[str], columns: Sequence[str]
) -> Iterator[list[Any]]:
    arrow, reader = library("pyarrow", "tables"), library("pyarrow.csv", "tables")
    # Columns go by their numbers here: names may be anything.
    numbers = [str(names.index(column)) for column in columns]
    text = arrow.string()
    bad: list[Any] = []

    def refuse(row: Any) -> str:
        bad.append(row)
        return "error"

    try:
        with reader.open_csv(
            path,
            # One thread: only then does pyarrow count the rows that it complains of.
            reader.ReadOptions(
                use_threads=False,
                block_size=_BLOCK,
                column_names=[str(number) for number in range(len(names))],
                skip_rows_after_names=form[1],
                encoding="utf-8" if encoding == "utf-8-sig" else encoding,
            ),
            reader.ParseOptions(
                delimiter=form[0],
                newlines_in_values=True,
                invalid_row_handler=refuse,
                ignore_empty_lines=len(names) > 1,
            ),
            reader.ConvertOptions(
                column_types=dict.fromkeys(numbers, text),
                include_columns=numbers,
                null_values=sorted(MISSING),
                strings_can_be_null=True,
            ),
        ) as stream:
            for batch in stream:
                yield batch.columns
    except (arrow.ArrowException, UnicodeError, OSError) as error:
        raise FileError(_reason(path, form[1], bad, error)) from error


def _reason(path: str, head: int, bad: list[Any], error: Exception) -> Message:
    if bad:
        number = Message("unknown") if bad[0].number is None else bad[0].number - head
        return Message(
            "{path}: row {row} (counted from 1 below the names) has {got} cells, and there are "
            "{expected} names",
            path=path,
            row=number,
            got=bad[0].actual_columns,
            expected=bad[0].expected_columns,
        )
    if isinstance(error, UnicodeError) or "UTF8" in str(error):
        return _not_utf8(path)
    if "straddling" in str(error):
        return Message(
            "{path}: a row is longer than {limit} bytes: is there a quotation mark that nothing "
            "closes?",
            path=path,
            limit=f"{_BLOCK:,}",
        )
    return Message("{path}: no CSV file, or it is damaged ({reason})", path=path, reason=error)
