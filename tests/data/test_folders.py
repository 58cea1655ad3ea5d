from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pellucid.data import digit, read_image, read_image_folder
from pellucid.errors import FileError


def write_bar(path: Path, width: int = 6) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    page = np.full((60, 60), 255, np.uint8)
    page[10:50, 20 : 20 + width] = 0
    Image.fromarray(page).save(path)


def test_classes_and_files_are_in_natural_order(tmp_path: Path) -> None:
    for name in ("10/b.png", "2/a10.png", "2/a9.JPG", "1/x.bmp"):
        write_bar(tmp_path / name, width=4 + len(name))
    (tmp_path / "2" / "notes.txt").write_text("passed over")
    (tmp_path / "2" / ".hidden.png").write_text("passed over")
    (tmp_path / ".git").mkdir()
    (tmp_path / "readme.md").write_text("passed over")
    data = read_image_folder(tmp_path)
    assert data.classes == ["1", "2", "10"]
    assert data.labels.tolist() == [0, 1, 1, 2]
    assert [file.removeprefix(f"{tmp_path}/") for file in data.files] == [
        "1/x.bmp",
        "2/a9.JPG",
        "2/a10.png",
        "10/b.png",
    ]
    assert (data.images.shape, data.images.dtype, data.labels.dtype) == (
        (4, 28, 28),
        np.dtype(np.uint8),
        np.dtype(np.int64),
    )
    for image, file in zip(data.images, data.files, strict=True):
        np.testing.assert_array_equal(image, digit(read_image(file)))
    assert repr(data) == "ImageFolder(4 of 3 classes: 1, 2, 10)"


@pytest.mark.parametrize("classes", [[], ["3"]])
def test_fewer_than_two_classes(tmp_path: Path, classes: Sequence[Any]) -> None:
    for name in classes:
        write_bar(tmp_path / name / "a.png")
    with pytest.raises(
        FileError, match=f"expected a sub-folder for each class, at least two, got {len(classes)}"
    ):
        read_image_folder(tmp_path)


def test_a_class_without_images_is_named(tmp_path: Path) -> None:
    write_bar(tmp_path / "0" / "a.png")
    (tmp_path / "1").mkdir()
    with pytest.raises(FileError, match=r"/1: no images \(\.png"):
        read_image_folder(tmp_path)


def test_an_image_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    write_bar(tmp_path / "0" / "a.png")
    write_bar(tmp_path / "1" / "b.png", width=0)
    with pytest.raises(FileError, match=r"b\.png: the image shows no digit"):
        read_image_folder(tmp_path)
    (tmp_path / "1" / "b.png").write_bytes(b"no image")
    with pytest.raises(FileError, match=r"b\.png: not an image"):
        read_image_folder(tmp_path)


def test_missing_folder_and_file_instead_of_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file or folder"):
        read_image_folder(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"it is a file\); expected a folder"):
        read_image_folder(tmp_path / "file")
