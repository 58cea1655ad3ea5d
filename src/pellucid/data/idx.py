"""IDX, the file format of MNIST and its relatives: one array a file.

Two zero bytes, one byte for the type of the values, one for the number of dimensions, a big-endian
32-bit size for each dimension, and then the values, big-endian, the last dimension fastest (LeCun,
Cortes and Burges, "The MNIST database of handwritten digits", section "The IDX file format").
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.data.opening import open_file
from pellucid.errors import FileError, InputError, Message

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The type byte of IDX and the NumPy type, big-endian, that it stands for."""

UNPACK_LIMIT = 2**31
"""The most bytes that a gzip file may unpack to.

Larger data are read unpacked, where the disk already paid.
"""

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's code for "expect a gzip header and check its sum"
_MOST_DIMENSIONS = 64  # NumPy's own limit
_LONGEST_HEADER = 4 + 4 * 255


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read one array from an IDX file, packed with gzip or not (its first bytes tell, not its
    name).

    Gives the array in this machine's byte order, of type uint8, int8, int16, int32, float32 or
    float64, as the file says; it is the caller's own and may be changed.

    Raises FileError, naming the file, when it is missing, empty, a folder, damaged, not IDX,
    shorter or longer than its header promises, or unpacks to more than 2 GiB. The header is checked
    against the bytes before any array is made, and a packed file is never unpacked further than its
    header promises.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "threes.idx.gz")
    >>> write_idx(path, np.full((2, 2), 3, np.uint8))
    >>> read_idx(path)
    array([[3, 3],
           [3, 3]], dtype=uint8)
    """
    values = parse_idx(idx_content(path), path)
    return values.astype(values.dtype.newbyteorder("="))


def write_idx(path: str | os.PathLike[str], array: ArrayLike) -> None:
    """Write an array as an IDX file, whole or not at all; a name that ends in ".gz" is packed with
    gzip.

    `array` is of type uint8, int8, int16, int32, float32 or float64, in either byte order, with 1
    to 64 dimensions and at least one value. The same array gives the same bytes, packed or not: no
    time and no name is written.

    Raises InputError when IDX cannot hold the array, FileError when the file cannot be written.
    """
    from pellucid.files.atomic import write_whole

    values = np.asarray(array)
    code = next(
        (code for code, kind in TYPES.items() if np.dtype(kind) == values.dtype.newbyteorder(">")),
        None,
    )
    if code is None:
        message = Message(
            "IDX holds uint8, int8, int16, int32, float32 or float64, not {kind}: convert the "
            "array with .astype first",
            kind=values.dtype,
        )
        raise InputError(message)
    if values.ndim == 0 or values.size == 0 or max(values.shape) >= 2**32:
        message = Message(
            "IDX holds arrays of at least one dimension, each of 1 to 4294967295 values, not one "
            "of shape {shape}",
            shape=values.shape,
        )
        raise InputError(message)
    header = bytes([0, 0, code, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    content = header + values.astype(TYPES[code], copy=False).tobytes()
    if os.fspath(path).endswith(".gz"):
        import gzip

        content = gzip.compress(content, mtime=0)
    write_whole(path, content)


def idx_content(path: str | os.PathLike[str]) -> bytes:
    """Give the bytes of an IDX file, unpacked, exactly as many as its header promises.

    Raises FileError as `read_idx` does.
    """
    with open_file(path) as file:
        start = file.read(_LONGEST_HEADER)
        if start.startswith(_GZIP):
            content = _unpack(start + file.read(), path)
        else:
            # Never more than the file has, whatever its header promises, nor much more than it
            # promises.
            most = min(_promised_bytes(start, path) + 1, os.fstat(file.fileno()).st_size)
            content = start + file.read(max(0, most - len(start)))
    promised = _promised_bytes(content, path)
    if len(content) < promised:
        message = Message(
            "{path}: ends too early: its header promises {promised} bytes, it has {count}: copy "
            "or download it again",
            path=path,
            promised=promised,
            count=len(content),
        )
        raise FileError(message)
    if len(content) > promised:
        message = Message(
            "{path}: goes on after the {promised} bytes that its header promises: not an IDX "
            "file, or damaged",
            path=path,
            promised=promised,
        )
        raise FileError(message)
    return content


def parse_idx(content: bytes, path: str | os.PathLike[str]) -> NDArray[Any]:
    """View bytes given by `idx_content` as an array: read-only, big-endian, without a copy."""
    kind, shape = _header(content, path)
    return np.frombuffer(content, kind, offset=4 + 4 * len(shape)).reshape(shape)


def _header(content: bytes, path: str | os.PathLike[str]) -> tuple[str, tuple[int, ...]]:
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        message = Message(
            "{path}: is not an IDX file: expected it to begin with 0000 and a type from 08 to 0e, "
            "found {start}",
            path=path,
            start=content[:4].hex(),
        )
        raise FileError(message)
    dimensions = content[3]
    if len(content) < 4 + 4 * dimensions:
        message = Message(
            "{path}: ends within its header of {count} dimensions: copy or download it again",
            path=path,
            count=dimensions,
        )
        raise FileError(message)
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, 4))
    if not 1 <= dimensions <= _MOST_DIMENSIONS or 0 in shape:
        message = Message(
            "{path}: expected 1 to 64 dimensions, none of size 0, but its header says {shape}: "
            "not usable as data",
            path=path,
            shape=shape if len(shape) <= _MOST_DIMENSIONS else len(shape),
        )
        raise FileError(message)
    return TYPES[content[2]], shape


def _promised_bytes(content: bytes, path: str | os.PathLike[str]) -> int:
    kind, shape = _header(content, path)
    return 4 + 4 * len(shape) + np.dtype(kind).itemsize * math.prod(shape)


def _unpack(packed: bytes, path: str | os.PathLike[str]) -> bytes:
    # Only the header is unpacked at first: it says how far to go, so a gzip bomb never gets further
    # than it promised.
    start = _inflate(packed, _LONGEST_HEADER, path)
    promised = _promised_bytes(start, path)
    if promised > UNPACK_LIMIT:
        message = Message(
            "{path}: promises {promised} bytes, and a packed file may unpack to {limit} at most: "
            "unpack it with gunzip",
            path=path,
            promised=promised,
            limit=UNPACK_LIMIT,
        )
        raise FileError(message)
    return _inflate(packed, promised + 1, path)


def _inflate(packed: bytes, most: int, path: str | os.PathLike[str]) -> bytes:
    """Unpack at most `most` bytes.

    A file may be several gzip files one after the other (RFC 1952, section 2.2).
    """
    import zlib

    parts: list[bytes] = []
    while most > 0 and packed:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            part = member.decompress(packed, most)
        except zlib.error as error:
            message = Message(
                "{path}: its gzip packing is damaged ({reason}): copy or download it again",
                path=path,
                reason=error,
            )
            raise FileError(message) from error
        if not member.eof and len(part) < most:
            message = Message(
                "{path}: its gzip packing ends too early: copy or download it again", path=path
            )
            raise FileError(message)
        parts.append(part)
        most -= len(part)
        packed = member.unused_data.lstrip(b"\0")  # some tapes and tools fill up with zeros
    return b"".join(parts) if len(parts) != 1 else parts[0]
