"""Opening a file that a user named: every problem is one FileError."""

import os
from pathlib import Path

import pytest

from pellucid.errors import FileError, Message
from pellucid.files.opening import list_folder, open_file, read_bytes

WANTED = Message("a recipe")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recipe").write_bytes(b"salt")
    (tmp_path / "empty").touch()
    (tmp_path / ".hidden").touch()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_a_file_is_read(folder: Path) -> None:
    with open_file(folder / "recipe", WANTED) as file:
        assert file.read() == b"salt"
    assert read_bytes(folder / "recipe", WANTED, 4) == b"salt"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "no such file or folder"),
        (".", "it is a folder"),
        ("empty", r"it is empty \(0 bytes\)"),
        ("pipe", "not a regular file"),
        ("a\0b", "null"),
        ("a" * 300, "too long"),
    ],
)
def test_what_cannot_be_opened(folder: Path, name: str, reason: str) -> None:
    with pytest.raises(FileError, match=rf"cannot be read \(.*{reason}.*\); expected a recipe$"):
        open_file(f"{folder}/{name}", WANTED)


@pytest.mark.parametrize(("name", "size"), [("recipe", 4), ("empty", 0)])
def test_the_size_has_a_limit(folder: Path, name: str, size: int) -> None:
    with pytest.raises(FileError, match=f"it has {size} bytes.*; expected a recipe of 1 to 3 byte"):
        read_bytes(folder / name, WANTED, 3)


def test_a_folder_is_listed_without_hidden_files(folder: Path) -> None:
    assert sorted(entry.name for entry in list_folder(folder)) == ["empty", "pipe", "recipe"]
    with pytest.raises(FileError, match=r"cannot be read \(it is a file\); expected a folder"):
        list_folder(folder / "recipe")
    with pytest.raises(FileError, match="no such file or folder"):
        list_folder(folder / "missing")
