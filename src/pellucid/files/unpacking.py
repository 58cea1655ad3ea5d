"""Unpacking gzip as it is read, within limits: a bomb is refused while it is small."""

from __future__ import annotations

import io
import os
import zlib
from typing import BinaryIO

from pellucid.errors import FileError
from pellucid.files import limits

GZIP = b"\x1f\x8b"
"""The first bytes of a gzip file."""

_WINDOW = 31  # zlib's code for "expect a gzip header and check its sum"
# What is left of a chunk is copied when a member ends, so that chunks are small.
_CHUNK = 1 << 16


def unpack(file: BinaryIO, path: str | os.PathLike[str]) -> io.BufferedReader:
    """Return a file that reads the unpacked bytes of a gzip file, which is at its start.

    It may consist of several members one after the other, with zeros behind them (RFC 1952, section
    2.2). Reading raises FileError, naming `path`, for data that are damaged or cut short, and for
    more bytes or members than `limits` allow for the packed bytes that were read so far.
    """
    return io.BufferedReader(_Unpacking(file, path), _CHUNK)


class _Unpacking(io.RawIOBase):
    def __init__(self, file: BinaryIO, path: str | os.PathLike[str]) -> None:
        self._file, self._path = file, path
        self._packed = b""  # read and not yet unpacked
        self._member: zlib._Decompress | None = None
        self._read = self._unpacked = self._members = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._part(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def _part(self, most: int) -> bytes:
        """Return some unpacked bytes, none at the end of the file."""
        while self._member is not None or self._begin():
            assert self._member is not None
            ended = not self._packed and not self._fill()
            try:
                part = self._member.decompress(self._packed, most)
            except zlib.error as error:
                template = "{path}: its gzip data are damaged ({reason}): copy or download it again"
                raise FileError(template, path=self._path, reason=error) from error
            if self._member.eof:
                self._packed, self._member = self._member.unused_data, None
            elif ended and not part:
                raise FileError(
                    "{path}: its gzip data are cut short: copy or download it again",
                    path=self._path,
                )
            else:
                self._packed = self._member.unconsumed_tail
            self._unpacked += len(part)
            self._check()
            if part:
                return part
        return b""

    def _fill(self) -> bool:
        self._packed = self._file.read(_CHUNK)
        self._read += len(self._packed)
        return bool(self._packed)

    def _begin(self) -> bool:
        """Begin the next member; return whether there is one."""
        while True:
            if self._members:
                self._packed = self._packed.lstrip(b"\0")  # some tapes and tools pad with zeros
            if self._packed:
                break
            if not self._fill():
                return False
        self._member = zlib.decompressobj(_WINDOW)
        self._members += 1
        return True

    def _check(self) -> None:
        if self._unpacked > limits.unpacked(self._read):
            raise too_large(self._path, limits.unpacked(self._read))
        if self._members > limits.members(self._read):
            template = (
                "{path}: more than {most:,} gzip members in its first {size:,} bytes: unpack it "
                "with gunzip first, if you trust it"
            )
            most = limits.members(self._read)
            raise FileError(template, path=self._path, most=most, size=self._read)


def too_large(path: str | os.PathLike[str], most: int) -> FileError:
    """Return the error of a compressed file that unpacks to more than `most` bytes."""
    template = (
        "{path}: unpacks to more than {most:,} bytes, too many for its size: unpack it first, if "
        "you trust it"
    )
    return FileError(template, path=path, most=most)
