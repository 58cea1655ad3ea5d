"""Reading a file that may come from anybody: no pipes, no folders, no more bytes than a limit."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from pellucid.errors import FileError, Message, reason_of


def read_bytes(path: str | os.PathLike[str], expected: Message, limit: int) -> bytes:
    """Give a regular file's content; `expected` says what it should have been, `limit` is in bytes.

    Raises FileError that names the file.
    """
    try:
        found = Path(path).stat()
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):  # to open a pipe would be to wait for its other end
            raise OSError(errno.EINVAL, Message("it is no regular file"))
        if not 0 < found.st_size <= limit:
            raise FileError(
                "{path}: expected {expected} of 1 to {limit:,} bytes, got {size:,}",
                path=path,
                expected=expected,
                limit=limit,
                size=found.st_size,
            )
        return Path(path).read_bytes()
    except FileError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise FileError(
            "{path}: cannot be read ({reason}); expected {expected}",
            path=path,
            reason=reason_of(error),
            expected=expected,
        ) from error
