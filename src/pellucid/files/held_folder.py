"""A folder that one process holds at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pellucid.errors import FileError
from pellucid.files.atomic import unwritable
from pellucid.files.leftovers import remove_leftovers
from pellucid.files.locks import try_lock

LOCK = "lock"


@contextmanager
def held_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder where there is none, and hold it: no other process can meanwhile.

    The lock ends with the process, however that ends; the file `lock` names the process. What
    killed processes left half written is removed. Raises FileError where another process holds the
    folder, and where it cannot be written or its file system has no locks.
    """
    folder = Path(path)
    handle = -1
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
            _hold(folder, handle)
        except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
            raise error if isinstance(error, FileError) else unwritable(folder, error) from error
        remove_leftovers(folder)
        yield folder
    finally:
        if handle >= 0:
            with suppress(OSError):  # the text in it is a help, no more
                os.close(handle)  # which unlocks


def _hold(folder: Path, handle: int) -> None:
    """Lock the folder, and write into its lock who holds it."""
    if not try_lock(handle):
        raise FileError(
            "{path}: another training holds this folder ({holder}): wait for it, or choose "
            "another folder",
            path=folder,
            holder=os.read(handle, 200).decode(errors="replace").strip() or "?",
        )
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    left = f"process {os.getpid()}\n".encode()
    while left:
        left = left[os.write(handle, left) :]
