"""Temporary names beside a file or a folder that is written, and removing what kills left of them.

Whoever writes under such a name holds a lock on it, which ends with the process. So a name without
a lock is nobody's, and the next one who writes into that folder removes it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pellucid.files.locks import try_lock

_TEMPORARY = re.compile(r"\..{0,48}\.[0-9a-f]{16}\.part", re.DOTALL)

# Windows keeps the name of a file that anybody has open, and opens no folders: no lock is needed.
_LOCKS = sys.platform != "win32"


def temporary_name(target: Path, extension: str = "part") -> Path:
    """Return a hidden name beside a file that nobody else uses."""
    return target.with_name(f".{target.name[:48]}.{os.urandom(8).hex()}.{extension}")


def is_claimed(handle: int) -> bool:
    """Lock an open file or folder with a temporary name; return whether it is there and ours.

    Between opening and locking, another process may have taken it for a leftover. On a file system
    without locks nobody removes anything, so it is ours there.
    """
    if not _LOCKS:
        return True
    try:
        return try_lock(handle) and os.fstat(handle).st_nlink > 0
    except OSError:
        return True


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, so that nobody takes it for a leftover."""
    if not _LOCKS:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        is_claimed(handle)
        yield
    finally:
        os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half written in a folder.

    What a living process writes stays, and so does what cannot be removed.
    """
    with suppress(OSError):
        for path in [each for each in folder.iterdir() if _TEMPORARY.fullmatch(each.name)]:
            with suppress(OSError):
                _remove_if_free(path)


def _remove_if_free(path: Path) -> None:
    is_folder = stat.S_ISDIR(path.lstat().st_mode)
    remove = shutil.rmtree if is_folder else Path.unlink
    if not _LOCKS:
        remove(path)
        return
    # A link or a pipe with such a name is none of ours: it is neither followed nor waited for.
    handle = os.open(
        path, (os.O_RDONLY if is_folder else os.O_RDWR) | os.O_NOFOLLOW | os.O_NONBLOCK
    )
    try:
        if try_lock(handle):
            remove(path)
    finally:
        os.close(handle)
