"""Opening a file or a folder that a user named, and that may come from anybody."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from pellucid.errors import FileError, Message, reason_of

NOT_REGULAR = Message("not a regular file")  # what writing says of devices and pipes, too


def open_file(
    path: str | os.PathLike[str], expected: Message, limit: int | None = None
) -> BufferedReader:
    """Open a regular file that is not empty, for reading bytes; the caller closes it.

    Parameters
    ----------
    path
        The file's name.
    expected
        What the file should be, for errors: `Message("an ONNX file")`.
    limit
        The most bytes that the file may have. Default: any number.

    Raises FileError, naming the file, when it is missing, a folder, unreadable, empty, larger than
    `limit`, or a device or a pipe, which could block for ever or never end.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for a writer before the pipe can be refused.
        flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(path, os.O_RDONLY | flags)
    except (OSError, ValueError) as error:
        raise unreadable(path, _why(error), expected) from error
    # The open file is asked, not the name: between two questions the name may get another file.
    found = os.fstat(handle)
    problem = None
    if stat.S_ISDIR(found.st_mode):
        problem = Message("it is a folder")
    elif not stat.S_ISREG(found.st_mode):
        problem = NOT_REGULAR
    elif limit is None and found.st_size == 0:
        problem = Message("it is empty (0 bytes)")
    elif limit is not None and not 0 < found.st_size <= limit:
        problem = Message("it has {size:,} bytes", size=found.st_size)
        expected = Message("{kind} of 1 to {limit:,} bytes", kind=expected, limit=limit)
    if problem is not None:
        os.close(handle)
        raise unreadable(path, problem, expected)
    return os.fdopen(handle, "rb")


def read_bytes(path: str | os.PathLike[str], expected: Message, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes; raise what `open_file` raises."""
    with open_file(path, expected, limit) as file:
        return file.read()


def list_folder(
    folder: str | os.PathLike[str], root: str | os.PathLike[str] | None = None
) -> list[os.DirEntry[str]]:
    """Return the entries of a folder in no particular order, hidden ones (".git") left out.

    Raises FileError, naming it, when it is missing, unreadable or no folder, and for a symbolic
    link that leads out of `root`, the folder that the user named (default: this one): a folder from
    a stranger may point at files that are none of its business.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except (OSError, ValueError) as error:
        raise unreadable(folder, _why(error), Message("a folder")) from error
    inside = Path(os.path.realpath(folder if root is None else root))
    for entry in found:
        if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(inside):
            raise unreadable(
                entry.path,
                Message("a symbolic link that leads out of the folder"),
                Message("a copy of the file in its place"),
            )
    return found


def _why(error: OSError | ValueError) -> Message:
    if isinstance(error, FileNotFoundError):
        return Message("no such file or folder")
    if isinstance(error, NotADirectoryError):
        return Message("it is a file")
    return reason_of(error)  # ValueError: a name with a zero byte


def unreadable(path: str | os.PathLike[str], reason: Message, expected: Message) -> FileError:
    """Return the error of a file or folder that cannot be read."""
    template = "{path}: cannot be read ({reason}); expected {expected}"
    return FileError(template, path=path, reason=reason, expected=expected)
