"""A file is written whole or not at all.

Through kills, full disks, missing rights and many threads.
"""

import errno
import itertools
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pellucid.errors import FileError
from pellucid.files.atomic import write_whole

OLD, NEW = b"old" * 1000, b"new" * 2000

KILLING = """
import os, signal, sys, time
from pathlib import Path
from pellucid.files.atomic import write_whole

path, kills, naive = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "naive"
contents = [bytes([65 + k]) * (400_000 + k) for k in range(4)]
write = (lambda path, content: path.write_bytes(content)) if naive else write_whole
write(path, contents[0])
for n in range(kills):
    child = os.fork()
    if child == 0:
        while True:
            for content in contents:
                write(path, content)
    time.sleep(0.002 + (n * 7919 % 101) / 101 * 0.02)  # at ever other moments
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if path.read_bytes() not in contents:
        sys.exit(3)
"""


def kill_while_writing(path: Path, kills: int, writer: str = "whole") -> int:
    command = [sys.executable, "-c", KILLING, str(path), str(kills), writer]
    return subprocess.run(command, check=False).returncode


def test_a_kill_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "killed.bin"
    assert kill_while_writing(path, 15) == 0
    # Only what a kill cut short may lie there, at most one for each kill, and hidden.
    left = [each for each in tmp_path.iterdir() if each != path]
    assert len(left) <= 15
    assert all(
        each.name.startswith(".killed.bin.") and each.name.endswith(".part") for each in left
    )
    write_whole(path, NEW)  # and what lies there is in nobody's way
    assert path.read_bytes() == NEW


def test_the_kills_would_be_seen(tmp_path: Path) -> None:
    assert kill_while_writing(tmp_path / "killed.bin", 200, "naive") == 3


@pytest.mark.soak
def test_hundreds_of_kills(tmp_path: Path) -> None:
    assert kill_while_writing(tmp_path / "killed.bin", 800) == 0


def test_new_and_old_files(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, OLD)
    assert path.read_bytes() == OLD
    write_whole(str(path), NEW)
    assert path.read_bytes() == NEW
    write_whole(path, b"")
    assert path.read_bytes() == b""
    assert list(tmp_path.iterdir()) == [path]


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole("a.bin", NEW)
    assert (tmp_path / "a.bin").read_bytes() == NEW


@pytest.mark.parametrize("name", ["숫자.safetensors", "가" * 80, "a" * 255, " ", "-rf", "a\nb"])
def test_any_name_that_the_disk_takes(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, NEW)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(name, NEW)]


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_a_new_file_has_the_usual_permissions(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "a.bin", NEW)
    finally:
        os.umask(before)
    assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_an_old_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(OLD)
    path.chmod(mode)
    write_whole(path, NEW)
    assert path.stat().st_mode & 0o777 == mode
    assert path.read_bytes() == NEW


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link, chain = tmp_path / "real" / "a.bin", tmp_path / "link", tmp_path / "chain"
    link.symlink_to(target)
    chain.symlink_to(link)
    for content in (OLD, NEW):  # dangling at first
        write_whole(chain, content)
        assert link.is_symlink()
        assert chain.is_symlink()
        assert target.read_bytes() == content
    assert list((tmp_path / "real").iterdir()) == [target]


def refused(path: Path | str, reason: int) -> None:
    with pytest.raises(FileError) as caught:
        write_whole(path, NEW)
    assert str(path) in str(caught.value)
    assert os.strerror(reason) in str(caught.value)


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    refused(tmp_path, errno.EISDIR)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder(tmp_path: Path) -> None:
    refused(tmp_path / "none" / "a.bin", errno.ENOENT)
    assert list(tmp_path.iterdir()) == []


def test_a_file_as_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    refused(tmp_path / "file" / "a.bin", errno.ENOTDIR)


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    refused(tmp_path / ("a" * 256), errno.ENAMETOOLONG)


def test_a_name_with_a_zero_byte(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="null"):
        write_whole(f"{tmp_path}/a\0b", NEW)


@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_devices_and_pipes_stay(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")
    before = path.stat().st_mode
    with pytest.raises(FileError, match="regular file"):
        write_whole(path, NEW)
    assert path.stat().st_mode == before


@pytest.mark.usefixtures("as_nobody")
def test_a_read_only_file_stays(open_folder: Path) -> None:
    path = open_folder / "a.bin"
    path.write_bytes(OLD)
    path.chmod(0o444)
    refused(path, errno.EACCES)
    assert path.read_bytes() == OLD
    assert list(open_folder.iterdir()) == [path]


def test_a_read_only_folder_stays(open_folder: Path, request: pytest.FixtureRequest) -> None:
    path = open_folder / "a.bin"
    path.write_bytes(OLD)
    path.chmod(0o666)
    open_folder.chmod(0o555)
    request.getfixturevalue("as_nobody")
    refused(path, errno.EACCES)
    refused(open_folder / "b.bin", errno.EACCES)
    assert path.read_bytes() == OLD


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    path = small_disk / "a.bin"
    write_whole(path, OLD)
    with pytest.raises(FileError, match=os.strerror(errno.ENOSPC)):
        write_whole(path, bytes(300_000))
    assert path.read_bytes() == OLD
    assert list(small_disk.iterdir()) == [path]
    write_whole(path, NEW)
    assert path.read_bytes() == NEW


def test_a_limit_of_file_size(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, OLD)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(FileError, match=os.strerror(errno.EFBIG)):
            write_whole(path, bytes(100_001))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failing", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, os.strerror(errno.EIO)), KeyboardInterrupt()])
def test_whatever_fails_the_old_file_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, error: BaseException
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(OLD)

    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(FileError if isinstance(error, OSError) else KeyboardInterrupt):
        write_whole(path, NEW)
    monkeypatch.undo()
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def is_folder(handle: int) -> bool:
    return stat.S_ISDIR(os.fstat(handle).st_mode)


def test_what_is_written_is_forced_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the file, before it takes the name; then the folder."""
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def watched_sync(handle: int) -> None:
        done.append("folder" if is_folder(handle) else f"file of {os.fstat(handle).st_size}")
        sync(handle)

    def watched_replace(*paths: Path) -> None:
        done.append("name")
        replace(*paths)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(os, "replace", watched_replace)
    for content in (b"few", NEW):  # less than a buffer, and more
        done.clear()
        write_whole(tmp_path / "a.bin", content)
        assert done == [f"file of {len(content)}", "name", "folder"]


def test_a_folder_that_cannot_be_forced_to_disk_is_borne(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def picky(handle: int) -> None:
        if is_folder(handle):
            raise OSError(errno.EINVAL, "no folders")
        sync(handle)

    monkeypatch.setattr(os, "fsync", picky)
    write_whole(tmp_path / "a.bin", NEW)
    assert (tmp_path / "a.bin").read_bytes() == NEW


def test_the_umask_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to the whole process.

    To set it for a moment is to change what other threads write.
    """

    def forbidden(mask: int) -> int:
        raise AssertionError("the umask was touched")

    monkeypatch.setattr(os, "umask", forbidden)
    for content in (OLD, NEW):
        write_whole(tmp_path / "a.bin", content)


def test_many_threads_write_and_read_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    contents = [bytes([65 + k]) * (50_000 + k) for k in range(4)]
    write_whole(path, contents[0])
    writing = threading.Event()
    writing.set()

    def read() -> int:
        seen = 0
        while writing.is_set():
            assert path.read_bytes() in contents
            seen += 1
        return seen

    def write(content: bytes) -> None:
        for _ in itertools.repeat(None, 25):
            write_whole(path, content)

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for writer in [pool.submit(write, content) for content in contents]:
                writer.result()
        finally:
            writing.clear()  # after an error, too, or the readers would read for ever
        assert all(reader.result() > 0 for reader in readers)
    assert list(tmp_path.iterdir()) == [path]
