"""Writing files whole or not at all: every file that pellucid writes is written here."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from pellucid.errors import FileError, PellucidError, reason_of
from pellucid.files.leftovers import is_claimed, remove_leftovers, temporary_name
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
    Temporary files that killed processes left in that folder are removed.

    Raises FileError, with the file's name, when the file cannot be written.
    """
    with _naming(path), _Replacement(path) as new:
        yield new.file
        new.finish()
        new.take_place()


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together: if one cannot be written, none of them is changed.

    Each takes its place when all are on disk. A kill between these renames leaves files of both
    kinds, each of them whole. Raises FileError, with the name of the file that failed.
    """
    with ExitStack() as stack:
        ready: dict[Path, _Replacement] = {}
        for path, content in contents.items():
            with _naming(path):
                ready[path] = stack.enter_context(_Replacement(path))
                ready[path].file.write(content)
                ready[path].finish()
        for path, new in ready.items():
            with _naming(path):
                new.take_place()


def check_writable(path: str | os.PathLike[str], room: int = 0) -> None:
    """Check before hours of work that a file can be written, and that its disk has `room` bytes.

    Raises FileError as writing would; leaves nothing behind, and an earlier file untouched.
    """
    with _naming(path), _Replacement(path) as new:
        # Sizes of files can be promised by a disk that is full: only bytes that were written count
        new.file.write(bytes(room))
        new.file.flush()


def unwritable(path: str | os.PathLike[str], error: Exception) -> FileError:
    """Return the error of a file or folder that cannot be written and was not changed."""
    template = (
        "{path}: cannot be written ({reason}); nothing was changed: choose another folder or free "
        "some space"
    )
    return FileError(template, path=path, reason=reason_of(error))


@contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn errors of the system into a FileError with the name that the user knows."""
    try:
        yield
    except PellucidError:
        raise  # from the code within the `with` block
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise unwritable(path, error) from error


class _Replacement:
    """A temporary file beside `path` that takes its place, or is removed.

    Entering opens it as `file`; leaving removes it, unless it took the place before.
    """

    file: BinaryIO

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._target = Path(os.path.realpath(path))
        self._permissions = _permissions(self._target)
        remove_leftovers(self._target.parent)
        self._name = temporary_name(self._target)

    def __enter__(self) -> Self:
        try:
            self.file = self._name.open("xb")  # "x" for the system's default permissions
            while not is_claimed(self.file.fileno()):
                # Whoever took it for a leftover removes it, now or soon: another name is free.
                self.file.close()
                self._name = temporary_name(self._target)
                self.file = self._name.open("xb")
        except BaseException:
            self.__exit__()
            raise
        return self

    def finish(self) -> None:
        """Force the content to disk; the file stays open, since that holds its name."""
        self.file.flush()
        if self._permissions is not None:
            self._name.chmod(self._permissions)
        os.fsync(self.file.fileno())

    def take_place(self) -> None:
        """Take the name of the file."""
        if sys.platform == "win32":  # which renames no open files
            self.file.close()
        self._name.replace(self._target)
        sync_folder(self._target.parent)

    def __exit__(self, *error: object) -> None:
        try:
            # Closing writes what is still in memory, which fails again on a full disk
            with suppress(OSError, AttributeError):  # AttributeError: it could not be opened
                self.file.close()
        finally:  # Ctrl-C within closing, too
            with suppress(OSError):
                self._name.unlink()


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
