"""Locks on open files, which end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows locks bytes and keeps others from reading them: a byte that no text in the file reaches.
_FAR = 1 << 30


def try_lock(handle: int) -> bool:
    """Lock an open file or folder, unless another opening of it is locked; return whether it is.

    Raises OSError where the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # what Linux and Windows say of a lock of others
        return False
    return True
