"""NumPy's files, .npy and .npz: arrays of plain numbers or texts, never a pickle.

NumPy's own reader reserves what a header claims. Here the claim is compared with the file first.
"""

from __future__ import annotations

import io
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import FileError, Message, PellucidError
from pellucid.files import limits
from pellucid.files.opening import open_file
from pellucid.files.unpacking import too_large

if TYPE_CHECKING:
    from io import BufferedReader

NPY = b"\x93NUMPY"  # the first bytes of an .npy file
NPZ = b"PK\x03\x04"  # the first bytes of a zip archive, which an .npz file is
_NPY_FILE = Message("an .npy file")
Opening: TypeAlias = Callable[[str, Message], BinaryIO]
_PIECE = 1 << 20  # bytes that are unpacked at a time
_VERSIONS = ((1, 0), (2, 0), (3, 0))
_ENCRYPTED = 1  # the flag of a zip archive's entry


class Layout(NamedTuple):
    """What the header of an .npy file says: shape, order, type, and where the values begin."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int

    @property
    def nbytes(self) -> int:
        """How many bytes the values take."""
        return math.prod(self.shape) * self.dtype.itemsize


class ArrayFile(NamedTuple):
    """An array (N,) or (N, D) in an .npy file, whose rows are read when they are wanted."""

    path: str
    layout: Layout
    opening: Opening = open_file

    def rows(self, start: int, stop: int) -> Array:
        """Read rows from `start` up to, but not, `stop`.

        Raises FileError where the file has become shorter since its header was read.
        """
        shape, fortran, dtype, begin = self.layout
        count, D = stop - start, math.prod(shape[1:])
        with self.opening(self.path, _NPY_FILE) as file, _as_file_errors(self.path):
            if not fortran:
                file.seek(begin + start * D * dtype.itemsize)
                return _values(file, count * D, dtype).reshape(count, *shape[1:])
            columns = []
            for column in range(D):  # one after the other, as the file has them
                file.seek(begin + (column * shape[0] + start) * dtype.itemsize)
                columns.append(_values(file, count, dtype))
            return np.stack(columns, axis=1).reshape(count, *shape[1:])


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read every array of an .npz file by its name, or the one of an .npy file as "x".

    Raises FileError for other files, damaged ones, arrays of Python objects, and for more than
    `files.limits` allow.
    """
    with open_file(path, Message("an .npy or .npz file")) as file, _as_file_errors(path):
        if file.peek(len(NPY)).startswith(NPY):
            layout = _layout(file, os.fstat(file.fileno()).st_size)
            return {"x": _whole(file, layout)}
        with _archive(file, path) as archive:
            found = {}
            for entry in archive.infolist():
                with archive.open(entry) as member:
                    found[_name(entry)] = _whole(member, _layout(member, entry.file_size))
            return found


def array_names(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the arrays in an .npz file, or "x" for an .npy file, as `read_arrays`
    does, without reading them.
    """
    with open_file(path, Message("an .npy or .npz file")) as file, _as_file_errors(path):
        if file.peek(len(NPY)).startswith(NPY):
            return ["x"]
        with _archive(file, path) as archive:
            return [_name(entry) for entry in archive.infolist()]


def array_file(path: str, opening: Opening = open_file) -> ArrayFile:
    """Return the array of an .npy file without reading it; raises FileError as `read_arrays`.

    `opening` opens the file, given its path and what it should be; default: one of this machine.
    """
    with opening(path, _NPY_FILE) as file, _as_file_errors(path):
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return ArrayFile(path, _layout(file, size), opening)


def not_plain(path: str | os.PathLike[str]) -> FileError:
    """Return the error of a file that is damaged, or whose arrays are not plain numbers."""
    return FileError(
        "{path}: not an .npz or .npy file of plain numbers, or damaged: write it with "
        "numpy.savez(path, x=..., t=...)",
        path=path,
    )


@contextmanager
def _as_file_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise FileError for whatever a damaged file raises."""
    try:
        yield
    except (PellucidError, MemoryError):
        raise
    except Exception as error:  # readers of damaged archives raise nearly anything
        raise not_plain(path) from error


def _archive(file: BufferedReader, path: str | os.PathLike[str]) -> zipfile.ZipFile:
    """Open the archive of an .npz file whose directory keeps to the limits."""
    archive = zipfile.ZipFile(file)
    entries = archive.infolist()
    if len(entries) > limits.ARRAYS:
        template = "{path}: {got:,} arrays; the limit is {most:,}"
        raise FileError(template, path=path, got=len(entries), most=limits.ARRAYS)
    # All together: entries may overlap, so that each packed byte is unpacked many times.
    most = limits.unpacked(os.fstat(file.fileno()).st_size)
    if sum(entry.file_size for entry in entries) > most:
        raise too_large(path, most)
    plain = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what NumPy writes
    if any(entry.compress_type not in plain or entry.flag_bits & _ENCRYPTED for entry in entries):
        raise not_plain(path)
    if len({_name(entry) for entry in entries}) < len(entries):
        raise not_plain(path)
    return archive


def _name(entry: zipfile.ZipInfo) -> str:
    return entry.filename.removesuffix(".npy")


def _layout(file: IO[bytes], size: int) -> Layout:
    """Read the header of an .npy file of `size` bytes; raises ValueError for what does not fit."""
    version = np.lib.format.read_magic(file)
    if version not in _VERSIONS:
        raise ValueError("no version of the format")
    length = int.from_bytes(file.read(2 if version == (1, 0) else 4), "little")
    if length > limits.NPY_HEADER:
        raise ValueError("the header is too long")
    text = file.read(length)
    if version == (3, 0):  # in UTF-8: names of fields may be of any language
        text = text.decode().encode("ascii", "backslashreplace")
    header = io.BytesIO(len(text).to_bytes(4, "little") + text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            found = np.lib.format.read_array_header_2_0(header, limits.NPY_HEADER)
    except MemoryError as error:  # Python's parser, of texts nested too deeply
        raise ValueError("the header is no dictionary") from error
    layout = Layout(*found, file.tell())
    plain = not layout.dtype.hasobject and all(length >= 0 for length in layout.shape)
    # A type of no bytes could claim any number of rows.
    if not plain or not layout.dtype.itemsize or layout.nbytes > size - layout.start:
        raise ValueError("the header does not fit the file")
    return layout


def _whole(file: IO[bytes], layout: Layout) -> Array:
    values = _values(file, math.prod(layout.shape), layout.dtype)
    return values.reshape(layout.shape, order="F" if layout.fortran else "C")


def _values(file: IO[bytes], count: int, dtype: np.dtype[Any]) -> Array:
    """Read so many values; raises ValueError where the file has fewer."""
    values = np.empty(count, dtype)
    room: Any = memoryview(values.view(np.uint8)) if count else b""  # type: ignore[arg-type]
    done = 0
    while done < len(room):
        piece = file.read(min(_PIECE, len(room) - done))
        if not piece:
            raise ValueError("fewer values than the header says")
        room[done : done + len(piece)] = piece
        done += len(piece)
    return values
