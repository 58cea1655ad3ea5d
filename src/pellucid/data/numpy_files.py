"""NumPy's files, .npy and .npz: arrays of plain numbers or texts, never a pickle."""

from __future__ import annotations

import os

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import FileError, Message
from pellucid.files.opening import open_file

NPY = b"\x93NUMPY"  # the first bytes of an .npy file


def read_arrays(path: str | os.PathLike[str], *, mapped: bool = False) -> dict[str, Array]:
    """Read every array of an .npz file by its name, or the one of an .npy file as "x".

    With `mapped`, the array of an .npy file stays on disk and is read where it is used.

    Raises FileError for other files, damaged ones, and arrays of Python objects.
    """
    with open_file(path, Message("an .npy or .npz file")) as file:
        try:
            if mapped and file.peek(6).startswith(NPY):  # an archive cannot be mapped
                return {"x": np.load(path, "r", allow_pickle=False)}
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return {"x": content}
            with content:
                return {name: content[name] for name in content}
        except MemoryError:
            raise
        except Exception as error:  # readers of damaged archives raise nearly anything
            raise not_plain(path) from error


def not_plain(path: str | os.PathLike[str]) -> FileError:
    """Return the error of a file that is damaged, or whose arrays are not plain numbers."""
    return FileError(
        "{path}: not an .npz or .npy file of plain numbers, or damaged: write it with "
        "numpy.savez(path, x=..., t=...)",
        path=path,
    )
