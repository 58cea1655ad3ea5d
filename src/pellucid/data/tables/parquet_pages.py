"""What the pages of a Parquet file claim to unpack to, before pyarrow reserves it.

pyarrow believes each page's header and does not show it; and asking pyarrow for the metadata of a
damaged file can end the process. So footer and headers are read here (github.com/apache/
parquet-format, "parquet.thrift", whose numbers of fields these are).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from pellucid.data.tables.cells import check_cells
from pellucid.data.tables.thrift import Fields, Structs
from pellucid.errors import FileError
from pellucid.files import limits

_HEADER = 1 << 12  # bytes that nearly every header fits into; statistics may make one longer
_LONGEST = 1 << 24
_TAIL = 8  # bytes: the length of the footer, and "PAR1"
_NUMBER = 8  # bytes of the longest number, unpacked
_TEXTS = 6  # the physical type BYTE_ARRAY


class _Chunk(NamedTuple):
    """The values of a column in a group of rows."""

    column: str
    texts: bool
    values: int
    start: int
    end: int


class _Page(NamedTuple):
    start: int  # of what follows the header
    unpacked: int
    packed: int
    values: int  # 0 of a dictionary


def check_pages(path: str, groups: Sequence[int] | None = None) -> dict[str, int]:
    """Return the bytes of the largest dictionary of each column of texts, by its path.

    Looks at the pages of these row groups; default: all.

    Raises FileError for a file with more cells, or pages that unpack to more bytes, than
    `files.limits` allow; ValueError and IndexError for what is no Parquet file.
    """
    dictionaries: dict[str, int] = {}
    with open(path, "rb") as file:  # noqa: PTH123
        size = file.seek(0, 2)
        footer = _footer(file, size)
        found = footer[4]
        rows = max(footer[3], sum(group[3] for group in found))
        check_cells(path, rows, max((len(group[1]) for group in found), default=0), size)
        left = limits.cells(size) * _NUMBER
        read = found if groups is None else [found[k] for k in groups]
        for chunk in (_chunk(each) for group in read for each in group[1]):
            for page in _pages(file, chunk):
                left -= page.unpacked
                if page.unpacked > limits.PAGE or left < 0:
                    raise _too_large(path)
                if chunk.texts and not page.values:
                    known = dictionaries.get(chunk.column, 0)
                    dictionaries[chunk.column] = max(known, page.unpacked)
    return dictionaries


def _too_large(path: str) -> FileError:
    return FileError(
        "{path}: its pages unpack to more than {most:,} bytes each, or to too many for the size of "
        "the file: write it as CSV, if you trust it",
        path=path,
        most=limits.PAGE,
    )


def _footer(file: BinaryIO, size: int) -> Fields:
    file.seek(max(0, size - _TAIL))
    length = int.from_bytes(file.read(4), "little")
    if length > size - _TAIL:
        raise ValueError("a footer that is longer than the file")
    file.seek(size - _TAIL - length)
    found = Structs(file.read(length)).read()
    groups = found.get(4)
    if not isinstance(groups, list) or not all(isinstance(each.get(1), list) for each in groups):
        raise ValueError("a footer without groups of rows")
    for fields in (found, *groups):
        _number(fields.get(3))  # of rows
    return found


def _chunk(entry: Fields) -> _Chunk:
    if 1 in entry:
        raise ValueError("a column in another file")
    known = entry.get(3)
    if not isinstance(known, dict) or not isinstance(known.get(3), list):
        raise ValueError("a column without a description")
    kind, values, packed, start = (_number(known.get(field)) for field in (1, 5, 7, 9))
    first = known.get(11)  # its dictionary
    if type(first) is int and 0 < first < start:
        start = first
    column = ".".join(part.decode(errors="replace") for part in known[3])
    return _Chunk(column, kind == _TEXTS, values, start, start + packed)


def _pages(file: BinaryIO, chunk: _Chunk) -> Iterator[_Page]:
    """Yield the pages of a chunk, that of its dictionary included."""
    place, left = chunk.start, chunk.values
    while left > 0 and 0 <= place < chunk.end:
        page = _page(file, place)
        yield page
        place, left = page.start + page.packed, left - page.values


def _page(file: BinaryIO, place: int) -> _Page:
    size = _HEADER
    while True:
        file.seek(place)
        content = file.read(size)
        structs = Structs(content)
        try:
            fields = structs.read()
            break
        except IndexError as error:
            if len(content) < size or size > _LONGEST:
                raise ValueError("a page without a header") from error
            size *= 16
    unpacked, packed = fields.get(2), fields.get(3)
    data = fields.get(5) or fields.get(8)  # of versions 1 and 2; a dictionary has neither
    values = data.get(1) if isinstance(data, dict) else 0
    return _Page(place + structs.place, _number(unpacked), _number(packed), _number(values))


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a size is missing or negative")
    return value
