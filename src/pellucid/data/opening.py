"""Opening a file that a user named.

What can be wrong with the name is one clear FileError, the same everywhere.
"""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from pellucid.errors import FileError, Message, reason_of


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open an ordinary file that holds something, for reading bytes; the caller closes it.

    Raises FileError, naming the file, when it is missing, a folder, empty, unreadable, or no
    ordinary file: a pipe or a device could block for ever or never end.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would hang before it can be
        # refused.
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except (OSError, ValueError) as error:
        raise FileError(_why_not_opened(path, error)) from error
    status = os.fstat(handle)
    if problem := _why_unusable(path, status):
        os.close(handle)
        raise FileError(problem)
    return os.fdopen(handle, "rb")


_PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def looks_like_picture(path: str | os.PathLike[str]) -> bool:
    """Tell whether an ordinary file begins as PNG, JPEG, GIF, BMP, TIFF and WebP do.

    False where it cannot be read.
    """
    try:
        with open_file(path) as file:
            start = file.read(12)
    except (FileError, OSError):
        return False
    return start.startswith(_PICTURES) or start[8:] == b"WEBP"


def list_folder(folder: str | os.PathLike[str]) -> list[os.DirEntry[str]]:
    """List what lies in a folder, hidden entries (".git", ".DS_Store") left out, in no particular
    order.

    Raises FileError, naming it, when it is missing, unreadable or no folder.
    """
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except NotADirectoryError as error:
        raise FileError(
            "{path}: is a file, expected a folder: name the folder around it", path=folder
        ) from error
    except (OSError, ValueError) as error:
        raise FileError(_why_not_opened(folder, error)) from error


def _why_not_opened(path: str | os.PathLike[str], error: OSError | ValueError) -> Message:
    if isinstance(error, FileNotFoundError):
        return Message("{path}: there is no such file or folder: check the name", path=path)
    return Message(
        "{path}: cannot be read ({reason}): check the name and the permissions",
        path=repr(path),
        reason=reason_of(error),
    )


def _why_unusable(path: str | os.PathLike[str], status: os.stat_result) -> Message | None:
    if stat.S_ISDIR(status.st_mode):
        return Message("{path}: is a folder, expected a file: name a file in it", path=path)
    if not stat.S_ISREG(status.st_mode):
        return Message(
            "{path}: is a device or a pipe, expected an ordinary file: copy it to a file first",
            path=path,
        )
    if status.st_size == 0:
        return Message("{path}: is empty (0 bytes): copy or download it again", path=path)
    return None
