"""Structs in Thrift's compact protocol, as Parquet writes its headers and its footer.

github.com/apache/thrift, "doc/specs/thrift-compact-protocol.md".
"""

from __future__ import annotations

from typing import Any, TypeAlias

Fields: TypeAlias = dict[int, Any]  # by their numbers: numbers, bytes, lists and structs

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_WHOLE = (4, 5, 6)
_DEEPEST = 12


class Structs:
    """Reads structs one after the other.

    Raises IndexError where the bytes end within one, ValueError for what is none.
    """

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def read(self, depth: int = 0) -> Fields:
        """Return the fields of the next struct."""
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        fields: Fields = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            fields[number] = kind == _TRUE if kind <= _FALSE else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _WHOLE:
            return self._signed()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind == _STRUCT:
            return self.read(depth + 1)
        if kind in (_LIST, _SET):
            head = self._byte()
            count, inner = head >> 4, head & 15
            if count == 15:
                count = self._varint()
            return [self._element(inner, depth) for _ in range(count)]
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return self._bytes(8)
        raise ValueError("a field of an unknown type")

    def _element(self, kind: int, depth: int) -> Any:
        """Return an element of a list, in which a truth value takes a byte."""
        return self._byte() if kind <= _FALSE else self._value(kind, depth + 1)

    def _bytes(self, length: int) -> bytes:
        start = self.place
        self.place += length
        if self.place > len(self.content):
            raise IndexError("the bytes end within a text")
        return self.content[start : self.place]

    def _byte(self) -> int:
        byte = self.content[self.place]
        self.place += 1
        return byte

    def _varint(self) -> int:
        byte = self._byte()
        value = byte & 0x7F
        shift = 7
        while byte >= 0x80:
            if shift >= 70:
                raise ValueError("a number that is too long")
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
        return value

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
