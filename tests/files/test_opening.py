"""Opening a file that a user named: every problem is one FileError."""

import os
from pathlib import Path

import pytest

from pellucid.data import read_image_folder
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


def test_links_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    for name in ("1", "2"):
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / name / "a.png").write_bytes(b"image")
    (tmp_path / "images" / "2" / "b.png").symlink_to(tmp_path / "images" / "1" / "a.png")
    root = tmp_path / "images"
    assert {entry.name for entry in list_folder(root / "2", root)} == {"a.png", "b.png"}
    (root / "1" / "c.png").symlink_to("../../secret.png")
    with pytest.raises(FileError, match=r"c\.png: cannot be read \(a symbolic link that leads out"):
        list_folder(root / "1", root)
    with pytest.raises(FileError, match=r"c\.png: cannot be read \(a symbolic link that leads out"):
        read_image_folder(root)
    (root / "3").symlink_to(tmp_path)
    with pytest.raises(FileError, match=r"3: cannot be read \(a symbolic link that leads out"):
        list_folder(root)
