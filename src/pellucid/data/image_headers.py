"""What the bytes of an image file say before a decoder sees them: sizes, scans and check sums.

Decoders reserve memory as soon as they open a file (WebP), repeat passes as often as it asks for
(JPEG), or skip check sums (PNG).
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
_START_OF_SCAN = b"\xff\xda"  # never within pixels: they write ff as ff 00
_PIECE = 1 << 20  # bytes that are read at a time


def webp_size(start: bytes) -> tuple[int, int] | None:
    """Return the width and height in the first 30 bytes of a WebP file; None for other files.

    See "WebP Container Specification", and RFC 6386 and RFC 9649 for the two kinds of pixels.
    """
    if not (start.startswith(b"RIFF") and start[8:12] == b"WEBP" and len(start) >= 30):
        return None
    kind = start[12:16]
    if kind == b"VP8X":
        return tuple(1 + int.from_bytes(start[at : at + 3], "little") for at in (24, 27))  # type: ignore[return-value]
    if kind == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = (int.from_bytes(start[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return width, height


def jpeg_scans(file: BinaryIO) -> int:
    """Return how many scans a JPEG file has, those of a thumbnail in it included."""
    scans, last = 0, b""
    while piece := file.read(_PIECE):
        scans += (last + piece).count(_START_OF_SCAN)
        last = piece[-1:]
    return scans


def check_png(file: BinaryIO) -> None:
    """Raise ValueError for a PNG file one of whose chunks of pixels has another check sum."""
    file.read(len(PNG))
    while len(head := file.read(8)) == 8:
        left, sum_of = int.from_bytes(head[:4], "big"), zlib.crc32(head[4:])
        if head[4:] == b"IEND":
            return
        if head[4:] != b"IDAT":
            file.seek(left + 4, 1)
            continue
        while left and (piece := file.read(min(left, _PIECE))):
            sum_of, left = zlib.crc32(piece, sum_of), left - len(piece)
        if int.from_bytes(file.read(4), "big") != sum_of:
            raise ValueError("a chunk of pixels is damaged")
