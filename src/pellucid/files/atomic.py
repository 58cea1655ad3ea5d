"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pellucid.errors import FileError, PellucidError, reason_of
from pellucid.files.opening import NOT_REGULAR


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; raises what `whole_file` raises."""
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing so that a reader of `path` finds the old file or the new one, never a
    part of one.

    The bytes go to a temporary file in the same folder, are forced to disk (fsync), and the file
    gets its name in one step (rename); the folder is forced to disk, too: Pillai et al., "All File
    Systems Are Not Created Equal", OSDI 2014. A full disk, a missing permission, a kill in between
    or any error within the `with` block leaves the old file. A symbolic link is followed, and an
    existing file keeps its permissions. Devices and pipes are refused: a rename would remove them.

    Raises FileError, with the file's name, when the file cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        with _replacing(target, _permissions(target)) as file:
            yield file
    except PellucidError:
        raise  # from the code within the `with` block
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise unwritable(path, error) from error


def unwritable(path: str | os.PathLike[str], error: Exception) -> FileError:
    """Return the error of a file or folder that cannot be written and was not changed."""
    template = (
        "{path}: cannot be written ({reason}); nothing was changed: choose another folder or free "
        "some space"
    )
    return FileError(template, path=path, reason=reason_of(error))


def _permissions(target: Path) -> int | None:
    """Return the permissions of an existing file, or None; raises OSError for no regular file."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, NOT_REGULAR)
    # A rename needs no permission for the file itself; opening it does, and fails for folders and
    # read-only disks, too.
    os.close(os.open(target, os.O_WRONLY))
    return mode & 0o777


@contextmanager
def _replacing(target: Path, permissions: int | None) -> Iterator[BinaryIO]:
    temporary = target.with_name(f".{target.name[:48]}.{os.urandom(8).hex()}.part")
    file = temporary.open("xb")  # "x" for the system's default permissions
    try:
        with file:
            yield file
            file.flush()
            if permissions is not None:
                temporary.chmod(permissions)
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Force a folder to disk, so that a rename survives a crash.

    Some file systems cannot; then there is no more to do.
    """
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
