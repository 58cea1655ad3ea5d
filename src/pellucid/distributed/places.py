"""Where inputs and results are: a path of this machine, or a URL that fsspec reads.

Paths need no fsspec. Of a URL, s3://bucket/rows.parquet, fsspec knows the file system; its login is
whatever that library finds on each machine (environment variables, files of settings).
"""

from __future__ import annotations

import io
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pellucid.data.image_files import EXTENSIONS
from pellucid.errors import FileError, Message, PellucidError, reason_of
from pellucid.extras import library, not_installed
from pellucid.files.atomic import unwritable, whole_file
from pellucid.files.opening import open_file, unreadable
from pellucid.language import mark

_URL = re.compile(r"([\w+.-]+::)*[\w+.-]{2,}://")
_PATTERN = re.compile(r"[*?\[]")

OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci", "tos", "cos", "obs"}
"""Protocols by which a file appears when all of it has arrived, and that need no folders."""

_VERSIONS = ("etag", "ETag", "generation", "mtime", "LastModified", "last_modified", "created")

SEQUENCE = 2 << 20
"""How many bytes to fetch ahead of a file that is read from start to end."""

PIECES = 1 << 16
"""How many bytes to fetch ahead of a file that is read in large pieces, or looked into."""

READING = mark("{path}: cannot be read ({reason})")


class _Remote(NamedTuple):
    """A place within a file system of fsspec."""

    system: Any
    name: str

    @property
    def is_object_store(self) -> bool:
        known = self.system.protocol
        return not OBJECT_STORES.isdisjoint([known] if isinstance(known, str) else known)


def is_url(path: str) -> bool:
    """Return whether fsspec reads this, not the system."""
    return _URL.match(path) is not None


def absolute(path: str) -> str:
    """Return a path that means the same in every process."""
    return path if is_url(path) else str(Path(path).absolute())


def joined(folder: str, name: str) -> str:
    """Return the path of a file in a folder."""
    return f"{folder.rstrip('/')}/{name}" if is_url(folder) else str(Path(folder, name))


def last_name(path: str) -> str:
    """Return the name of a file or folder without those of the folders above."""
    return Path(path).name


def files_of(path: str) -> list[str]:
    """Return the files that an input names, sorted.

    A local file is itself, and so is a local folder with images. Of other folders, also behind a
    URL, which may be a pattern, too, all files are read, also those in folders below; names that
    begin with "." or "_" are left out.
    """
    if not is_url(path):
        return _files_below(path) if Path(path).is_dir() else [path]
    with errors(path, READING):
        system, name = remote = _remote(path)
        system.invalidate_cache()
        if not _PATTERN.search(name):
            # Not isfile, which takes an error of the network for an answer
            if system.info(name)["type"] != "directory":
                return [path]
            found = system.find(name)
        else:
            found = [each for each in system.glob(name) if system.isfile(each)]
        inside = _PATTERN.split(name)[0].count("/")
        seen = [each for each in sorted(found) if not _hidden(each.split("/")[inside:])]
        if not seen:
            raise FileNotFoundError("no such file or folder")
        return [str(remote.system.unstrip_protocol(each)) for each in seen]


def _files_below(folder: str) -> list[str]:
    """Return a folder of images itself, of others the files in it; links are left out."""
    found = []
    for above, _, names in os.walk(folder):
        if any(name.lower().endswith(EXTENSIONS) for name in names):
            return [folder]
        below = Path(above).relative_to(folder).parts
        found += [Path(above, name) for name in names if not _hidden([*below, name])]
    if not (files := sorted(str(path) for path in found if not path.is_symlink())):
        raise FileError("{path}: there are no tables, arrays or images in this folder", path=folder)
    return files


def open_place(path: str | os.PathLike[str], expected: Message, ahead: int = SEQUENCE) -> BinaryIO:
    """Open a file that is not empty, for reading bytes; the caller closes it.

    Behind a URL, each request asks for so many bytes more than are read: `ahead`.

    Raises FileError, naming the file, MissingLibraryError where fsspec or its part for this
    protocol is not installed.
    """
    path = os.fspath(path)
    if not is_url(path):
        return open_file(path, expected)
    with errors(path, READING):
        system, name = _remote(path)
        file: BinaryIO = system.open(name, "rb", block_size=ahead)  # else up to 50 MB
        if not file.seek(0, os.SEEK_END):
            file.close()
            raise unreadable(path, Message("it is empty (0 bytes)"), expected)
        file.seek(0)
    return file


def state_of(path: str) -> list[int | str]:
    """Return what changes when a file does: its size, and its time or its store's version of it."""
    if not is_url(path):
        state = Path(path).stat()
        return [state.st_size, state.st_mtime_ns]
    with errors(path, READING):
        system, name = _remote(path)
        found = system.info(name)
        version = next((found[key] for key in _VERSIONS if found.get(key) is not None), "")
        return [found["size"], str(version)]


def whole(path: str) -> AbstractContextManager[BinaryIO]:
    """Open a file for writing that appears when all of it is written, or not at all."""
    return _whole_remote(path) if is_url(path) else whole_file(path)


def remove(path: str) -> None:
    """Remove a file, if it exists."""
    if not is_url(path):
        Path(path).unlink(missing_ok=True)
        return
    with _writing(path), suppress(FileNotFoundError):
        system, name = _remote(path)
        system.rm_file(name)


def prepare(folder: str) -> set[str]:
    """Make a folder if need be, and return the names in it; hidden ones are left out.

    Raises FileError where it cannot be a folder.
    """
    template = mark("{path}: cannot be a folder for the results ({reason})")
    with errors(folder, template):
        if not is_url(folder):
            Path(folder).mkdir(parents=True, exist_ok=True)
            return {entry.name for entry in Path(folder).iterdir() if entry.name[0] != "."}
        system, name = remote = _remote(folder)
        if not remote.is_object_store:
            system.makedirs(name, exist_ok=True)
        found = {last_name(each) for each in _entries(remote)}
        remove_unfinished(folder)
        return {each for each in found if not each.startswith(".")}


def remove_unfinished(folder: str) -> None:
    """Remove what killed processes left of files that were not finished.

    On this machine, each writing does.
    """
    if is_url(folder):
        with _writing(folder):
            remote = _remote(folder)
            for each in _entries(remote):
                if last_name(each).startswith(".") and each.endswith(_UNFINISHED):
                    remote.system.rm_file(each)


@contextmanager
def errors(path: str, template: str) -> Iterator[None]:
    """Raise FileError of a template with {path} and {reason} for what file systems raise."""
    try:
        yield
    except (PellucidError, MemoryError):
        raise
    except Exception as error:  # each library of fsspec raises its own
        reason = Message("no such file or folder")
        if not isinstance(error, FileNotFoundError):
            reason = reason_of(error)
        raise FileError(template, path=path, reason=reason) from error


def _remote(url: str) -> _Remote:
    core = library("fsspec.core", "remote")
    try:
        return _Remote(*core.url_to_fs(url))
    except ImportError as error:
        missing = getattr(error.__cause__, "name", None) or getattr(error, "name", None)
        if missing is None:
            raise
        raise not_installed(missing.split(".")[0]) from error


_UNFINISHED = ".unfinished"


@contextmanager
def _whole_remote(url: str) -> Iterator[BinaryIO]:
    """Collect a file in memory and write it at once: those of blocks are small.

    Object stores show a file when its upload is complete. File systems get it under a hidden name,
    which is then changed. Where that is no single step, a kill within it can leave a part: the end
    of a block's file is missing then, so the next run writes it again.
    """
    content = io.BytesIO()
    yield content
    with _writing(url):
        system, name = remote = _remote(url)
        if remote.is_object_store:
            system.pipe_file(name, content.getvalue())
            return
        folder, _, last = name.rpartition("/")
        beside = f"{folder}/.{last}.{uuid.uuid4().hex}{_UNFINISHED}"
        try:
            system.pipe_file(beside, content.getvalue())
            system.mv(beside, name)
        except BaseException:
            with suppress(Exception):
                system.rm_file(beside)
            raise


@contextmanager
def _writing(url: str) -> Iterator[None]:
    try:
        yield
    except PellucidError:
        raise
    except Exception as error:
        raise unwritable(url, error) from error


def _entries(remote: _Remote) -> list[str]:
    """Return what is in a folder; an object store has none until a file is in it."""
    system, name = remote
    system.invalidate_cache()
    try:
        return [
            each for each in system.ls(name, detail=False) if each.strip("/") != name.strip("/")
        ]
    except FileNotFoundError:
        return []


def _hidden(names: list[str]) -> bool:
    return any(name.startswith((".", "_")) for name in names)
