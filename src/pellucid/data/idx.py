"""IDX, the file format of MNIST and its relatives: one array a file.

Two zero bytes, one byte for the type of the values, one for the number of dimensions, a big-endian
32-bit size for each dimension, and then the values, big-endian, the last dimension fastest (LeCun,
Cortes and Burges, "The MNIST database of handwritten digits", section "The IDX file format").
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pellucid.errors import FileError, InputError, Message
from pellucid.files import limits
from pellucid.files.atomic import write_whole
from pellucid.files.opening import open_file
from pellucid.files.unpacking import GZIP, unpack

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import ArrayLike, NDArray

    Numbers: TypeAlias = NDArray[np.integer | np.floating]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The type byte of IDX, and the NumPy type, big-endian, that it means."""

_MOST_DIMENSIONS = 64  # NumPy's own limit
_LONGEST_HEADER = 4 + 4 * 255
_PIECE = 1 << 20  # bytes that are read at a time: memory grows with what was read


def read_idx(path: str | os.PathLike[str]) -> Numbers:
    """Read one array from an IDX file, packed with gzip or not (its first bytes decide, not its
    name).

    Returns the array in this machine's byte order, of type uint8, int8, int16, int32, float32 or
    float64, as the file says; the caller may change it.

    Raises FileError, naming the file, when it is missing, empty, a folder, damaged, not IDX,
    shorter or longer than its header says, or unpacks to more than `files.limits` allow for its
    size. The header is compared with the bytes before any array is made, and a packed file is never
    unpacked further than its header says.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "threes.idx.gz")
    >>> write_idx(path, np.full((2, 2), 3, np.uint8))
    >>> read_idx(path)
    array([[3, 3],
           [3, 3]], dtype=uint8)
    """
    values = parse_idx(idx_content(path), path)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def map_idx(path: str | os.PathLike[str]) -> Numbers:
    """Return the array of an IDX file, big-endian and read-only, as it stays on disk.

    One that is packed is read whole. Raises what `read_idx` raises.
    """
    with open_file(path, Message("an IDX file")) as file:
        start = file.read(_LONGEST_HEADER)
        if start.startswith(GZIP):
            return read_idx(path)
        kind, shape = _header(start, path)
        if os.fstat(file.fileno()).st_size != _size(start, path):
            return read_idx(path)  # raises FileError, which says how many bytes are missing
        return np.memmap(file, kind, "r", 4 + 4 * len(shape), shape)


def write_idx(path: str | os.PathLike[str], array: ArrayLike) -> None:
    """Write an array as an IDX file, whole or not at all; gzip packs it where the name ends with
    ".gz".

    `array` is of type uint8, int8, int16, int32, float32 or float64, in either byte order, with 1
    to 64 dimensions and at least one value. The same array gives the same bytes, packed or not: no
    time and no name is written.

    Raises InputError when IDX cannot hold the array, FileError when the file cannot be written.
    """
    values = np.asarray(array)
    big_endian = values.dtype.newbyteorder(">")
    code = next((code for code, kind in TYPES.items() if np.dtype(kind) == big_endian), None)
    if code is None:
        raise InputError(
            "IDX holds uint8, int8, int16, int32, float32 or float64, got {kind}: convert the "
            "array with .astype",
            kind=values.dtype,
        )
    if values.ndim == 0 or values.size == 0 or max(values.shape) >= 2**32:
        raise InputError(
            "IDX holds arrays with at least one dimension, each of 1 to 4294967295 values, got "
            "shape {shape}",
            shape=values.shape,
        )
    header = bytes([0, 0, code, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    content = header + values.astype(TYPES[code], copy=False).tobytes()
    if os.fspath(path).endswith(".gz"):
        import gzip

        content = gzip.compress(content, mtime=0)
    write_whole(path, content)


def idx_content(path: str | os.PathLike[str]) -> bytearray:
    """Return the bytes of an IDX file, unpacked, exactly as many as its header says.

    Raises FileError, as `read_idx` does.
    """
    with open_file(path, Message("an IDX file")) as file:
        size = os.fstat(file.fileno()).st_size
        if file.peek(2).startswith(GZIP):
            source: BinaryIO = unpack(file, path)
            most = limits.unpacked(size)
        else:
            source, most = file, size
        content = bytearray(source.read(_LONGEST_HEADER))
        expected = _size(content, path)
        if expected > most and source is not file:
            template = (
                "{path}: its header says {expected:,} bytes, more than the {most:,} that a packed "
                "file of this size may have: unpack it with gunzip first, if you trust it"
            )
            raise FileError(template, path=path, expected=expected, most=most)
        # One byte more than the header says shows that the file goes on.
        while len(content) <= expected:
            piece = source.read(min(_PIECE, expected + 1 - len(content)))
            if not piece:
                break
            content += piece
    if len(content) < expected:
        template = (
            "{path}: cut short: its header says {expected} bytes, it has {count}: copy or download "
            "it again"
        )
        raise FileError(template, path=path, expected=expected, count=len(content))
    if len(content) > expected:
        template = (
            "{path}: longer than the {expected} bytes of its header: not an IDX file, or damaged"
        )
        raise FileError(template, path=path, expected=expected)
    return content


def parse_idx(content: bytearray, path: str | os.PathLike[str]) -> Numbers:
    """View the bytes of `idx_content` as an array: big-endian, without a copy."""
    kind, shape = _header(content, path)
    return np.frombuffer(content, kind, offset=4 + 4 * len(shape)).reshape(shape)


def _header(
    content: bytes | bytearray, path: str | os.PathLike[str]
) -> tuple[str, tuple[int, ...]]:
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        template = (
            "{path}: not an IDX file: expected 0000 and a type from 08 to 0e at its start, got "
            "{start}"
        )
        raise FileError(template, path=path, start=content[:4].hex())
    dimensions = content[3]
    if len(content) < 4 + 4 * dimensions:
        template = (
            "{path}: cut short within its header of {count} dimensions: copy or download it again"
        )
        raise FileError(template, path=path, count=dimensions)
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, 4))
    if not 1 <= dimensions <= _MOST_DIMENSIONS or 0 in shape:
        template = "{path}: expected 1 to 64 dimensions, each at least 1, got {shape}"
        raise FileError(
            template, path=path, shape=shape if len(shape) <= _MOST_DIMENSIONS else len(shape)
        )
    return TYPES[content[2]], shape


def _size(content: bytes | bytearray, path: str | os.PathLike[str]) -> int:
    """Return the bytes of the whole file as its header says."""
    kind, shape = _header(content, path)
    return 4 + 4 * len(shape) + np.dtype(kind).itemsize * math.prod(shape)
