"""The fields of an ONNX file counted before it is parsed: two bytes can ask for two hundred.

Protocol Buffers, "Encoding", protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from typing import Any

from pellucid.errors import InputError
from pellucid.extras import library
from pellucid.files.limits import FIELDS

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5


def damaged() -> InputError:
    """Return the error of what is no ONNX file."""
    return InputError("it is no ONNX file, or damaged or cut short")


def check_fields(content: bytes) -> None:
    """Raise InputError for more fields than a dense network has, or what Protocol Buffers is not.

    Weights are one field each, so large networks are quickly counted.
    """
    count, place, stop = 0, 0, len(content)
    kind = library("onnx", "onnx").ModelProto.DESCRIPTOR
    around: list[tuple[int, Any]] = []  # where the messages around this one end, and their types
    while place < stop or around:
        if place == stop:
            stop, kind = around.pop()
            continue
        count += 1
        if count > FIELDS:
            template = "it has more than {most:,} fields (nodes, attributes, names, numbers)"
            raise InputError(template, most=FIELDS)
        tag, place = _varint(content, place)
        wire = tag & 7
        if wire == _LENGTH:
            length, place = _varint(content, place)
            inner = kind.fields_by_number.get(tag >> 3)
            if inner is None or inner.message_type is None:
                place += length
            elif place + length > stop:
                raise damaged()
            else:
                around.append((stop, kind))
                stop, kind = place + length, inner.message_type
        elif wire == _VARINT:
            place = _varint(content, place)[1]
        elif wire in (_FOUR, _EIGHT):
            place += 4 if wire == _FOUR else 8
        else:  # groups, which no ONNX file has
            raise damaged()
        if place > stop:
            raise damaged()


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """Return the number that begins at a place, and the place behind it."""
    value = shift = 0
    while shift < 70 and place < len(content):
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise damaged()
