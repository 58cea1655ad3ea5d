"""Writing a folder of files whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from pellucid.errors import Message
from pellucid.files.atomic import sync_folder, unwritable
from pellucid.files.leftovers import held, remove_leftovers, temporary_name


def write_folder(
    path: str | os.PathLike[str], files: Mapping[str, bytes], replaceable: Collection[str] = ()
) -> None:
    """Write `files`, content by relative name, as the folder `path`: all of them, or nothing.

    They are written to a hidden folder beside it, forced to disk, and get the name in one step. An
    existing folder is replaced only if it is empty or contains nothing but `replaceable` names, so
    that nobody's own files are lost. Replacing takes two renames; a kill between them leaves both
    folders, under hidden names, until the folder is written again.

    Raises FileError, with the folder's name, when it cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        _check_ours(target, replaceable)
        remove_leftovers(target.parent)
        new, old = temporary_name(target), temporary_name(target, "old")
        try:
            new.mkdir()
            with held(new):
                _fill(new, files)
                _exchange(target, new, old)
        finally:
            _remove(new)
            if target.exists():  # else the old one is all that is left
                for left in {old, *_replaced(target)}:
                    _remove(left)
        sync_folder(target.parent)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise unwritable(path, error) from error


def _check_ours(target: Path, replaceable: Collection[str]) -> None:
    """Raise OSError for a target that must not be replaced."""
    if not target.exists():
        return
    if not target.is_dir():
        raise OSError(errno.EINVAL, Message("it is a file"))
    for found in sorted(target.rglob("*")):
        name = found.relative_to(target).as_posix()
        if name not in replaceable and not (found.is_dir() and not found.is_symlink()):
            raise OSError(
                errno.ENOTEMPTY, Message("it contains {name}, which would be lost", name=name)
            )


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    for inner in {(folder / name).parent for name in files}:
        sync_folder(inner)


def _replaced(target: Path) -> list[Path]:
    """Return what earlier writers of this folder renamed and were killed before they removed it."""
    name = re.compile(re.escape(f".{target.name[:48]}.") + r"[0-9a-f]{16}\.old")
    return [each for each in target.parent.iterdir() if name.fullmatch(each.name)]


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:  # what Ctrl-C left of it
        shutil.rmtree(folder, ignore_errors=True)


def _exchange(target: Path, new: Path, old: Path) -> None:
    there = target.exists()
    try:
        if there:
            target.rename(old)
        new.rename(target)
    except BaseException:  # Ctrl-C, too
        with suppress(OSError):
            if there and not target.exists():
                old.rename(target)
        raise
