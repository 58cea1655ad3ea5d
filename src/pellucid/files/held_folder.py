"""A folder that one process holds at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pellucid.errors import FileError
from pellucid.files.atomic import unwritable

LOCK = "lock"
_FAR = (
    1 << 30
)  # a byte of the lock's file that no text reaches: Windows keeps others from reading it


@contextmanager
def held_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder where there is none, and hold it: no other process can meanwhile.

    The lock ends with the process, however that ends; the file `lock` names the process. What
    killed processes left half written (`.part`) is removed. Raises FileError where another process
    holds the folder, and where it cannot be written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        if not _locked(handle):
            raise FileError(
                "{path}: another training holds this folder ({holder}): wait for it, or choose "
                "another folder",
                path=folder,
                holder=os.read(handle, 200).decode(errors="replace").strip() or "?",
            )
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"process {os.getpid()}\n".encode())
        for left in folder.glob(".*.part"):
            with suppress(OSError):
                left.unlink()
        yield folder
    finally:
        os.close(handle)  # which unlocks


def _locked(handle: int) -> bool:
    """Lock a file, if no other process has; return whether that was so."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
