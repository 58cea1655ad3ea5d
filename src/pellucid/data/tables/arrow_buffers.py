"""What the compressed buffers of an Arrow file claim to unpack to, before pyarrow reserves it.

pyarrow believes the first eight bytes of each buffer. Tables of FlatBuffers hold the places of the
buffers (flatbuffers.dev, "Internals"; github.com/apache/arrow: format/File.fbs, Message.fbs).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pellucid.data.tables.cells import check_cells
from pellucid.files import limits
from pellucid.files.unpacking import too_large

_MAGIC = b"ARROW1"
_LONGEST = 1 << 26  # bytes of a message's description
_RECORDS, _DICTIONARY = 3, 2  # kinds of messages


class _Table:
    """A table of FlatBuffers; raises struct.error where an offset leads out of the bytes."""

    def __init__(self, content: bytes, place: int) -> None:
        self.content, self.place = content, place

    @classmethod
    def root(cls, content: bytes) -> _Table:
        return cls(content, struct.unpack_from("<I", content)[0])

    def number(self, field: int, kind: str) -> int:
        """Return a number by its field, 0 where it is left out."""
        place = self._field(field)
        return 0 if place is None else struct.unpack_from(kind, self.content, place)[0]

    def table(self, field: int) -> _Table | None:
        place = self._field(field)
        return None if place is None else _Table(self.content, self._follow(place))

    def structs(self, field: int, kind: str) -> Iterator[tuple[int, ...]]:
        """Yield the structs of a vector."""
        place = self._field(field)
        if place is not None:
            start = self._follow(place)
            count = struct.unpack_from("<I", self.content, start)[0]
            size = struct.calcsize(kind)
            for index in range(count):
                yield struct.unpack_from(kind, self.content, start + 4 + index * size)

    def _follow(self, place: int) -> int:
        return place + struct.unpack_from("<I", self.content, place)[0]

    def _field(self, field: int) -> int | None:
        fields = self.place - struct.unpack_from("<i", self.content, self.place)[0]
        if fields < 0:  # Python would count from the end
            raise struct.error("a table without fields")
        if 4 + 2 * field >= struct.unpack_from("<H", self.content, fields)[0]:
            return None
        offset = struct.unpack_from("<H", self.content, fields + 4 + 2 * field)[0]
        return self.place + offset if offset else None


class _Batch(NamedTuple):
    rows: int
    records: bool  # not the values of a dictionary
    unpacked: int


def check_buffers(path: str, columns: int) -> None:
    """Raise FileError for an Arrow file with more cells, or buffers that unpack to more bytes, than
    `files.limits` allow; struct.error for offsets that lead nowhere.
    """
    with open(path, "rb") as file:  # noqa: PTH123
        size = file.seek(0, 2)
        rows = 0
        for batch in _batches(file, size):
            rows += batch.rows * batch.records
            check_cells(path, rows if batch.records else batch.rows, columns, size)
            if batch.unpacked > limits.unpacked(size):
                raise too_large(path, limits.unpacked(size))


def _batches(file: BinaryIO, size: int) -> Iterator[_Batch]:
    file.seek(max(0, size - len(_MAGIC) - 4))
    (length,) = struct.unpack("<i", file.read(4))
    if not 0 < length <= min(_LONGEST, size):
        raise struct.error("a footer that is longer than the file")
    file.seek(size - len(_MAGIC) - 4 - length)
    footer = _Table.root(file.read(length))
    for field in (2, 3):  # of dictionaries, and of records
        for place, described, _, _ in footer.structs(field, "<qiiq"):
            yield _batch(file, place, described)


def _batch(file: BinaryIO, place: int, described: int) -> _Batch:
    if place < 0 or not 8 < described <= _LONGEST:
        raise struct.error("a message that is nowhere")
    file.seek(place)
    content = file.read(described)
    # Files of before 2019 lack the four bytes that mark a message.
    message = _Table.root(content[8 if content.startswith(b"\xff\xff\xff\xff") else 4 :])
    kind, header = message.number(1, "<B"), message.table(2)
    if kind == _DICTIONARY and header is not None:
        header = header.table(1)
    if kind not in (_RECORDS, _DICTIONARY) or header is None:
        raise struct.error("a message without records")
    rows = header.number(0, "<q")
    if rows < 0:
        raise struct.error("a negative number of rows")
    packed = header.table(3) is not None
    claims = _claims(file, header, place + described) if packed else ()
    return _Batch(rows, kind == _RECORDS, sum(claims))


def _claims(file: BinaryIO, records: _Table, body: int) -> Iterator[int]:
    """Yield how many bytes each buffer unpacks to, as its first eight bytes say."""
    for offset, length in records.structs(2, "<qq"):
        if length >= 8 and offset >= 0:
            file.seek(body + offset)
            (claim,) = struct.unpack("<q", file.read(8))
            yield max(0, claim)  # -1: this one is not compressed
