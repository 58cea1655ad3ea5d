"""A folder of pictures as data: one sub-folder a class."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pellucid.data.images import digit, read_picture
from pellucid.data.opening import list_folder
from pellucid.errors import FileError, InputError, Message

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""Which files count as pictures, upper or lower case.

Others beside them (notes, lists) are passed over.
"""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures with their classes, made ready as MNIST's are.

    `images` (N, 28, 28) uint8, 0 background and 255 ink; `labels` (N,) int64, indices into
    `classes`; `classes`, the K names; `files`, the N paths, row by row.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: list[str]
    files: list[str]

    def __repr__(self) -> str:
        return (
            f"Pictures({len(self.files)} of {len(self.classes)} classes: {', '.join(self.classes)})"
        )


def read_image_folder(path: str | os.PathLike[str]) -> Pictures:
    """Read a folder that has one sub-folder for each class, named after it, with pictures in it.

    Classes and files are in natural order: "2" comes before "10". Every picture is read by
    `read_picture` and made ready by `digit`. Hidden entries and files that are no pictures by their
    ending are passed over.

    Raises FileError, naming the folder or the file, when there are not at least two sub-folders,
    when one of them has no pictures, or when a picture cannot be read or shows nothing.
    """
    classes = sorted((entry.name for entry in list_folder(path) if entry.is_dir()), key=natural)
    if len(classes) < 2:
        message = Message(
            "{path}: expected at least two sub-folders, one for each class, found {count}: sort "
            "the pictures into them",
            path=path,
            count=len(classes),
        )
        raise FileError(message)
    files: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found = _pictures_in(Path(path, name))
        files += found
        labels += [label] * len(found)
    images = np.stack([_ready(file) for file in files])
    return Pictures(images, np.array(labels, np.int64), classes, files)


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Give a key that sorts numbers inside names by their value.

    >>> sorted(["10", "9", "a2", "a10", "a"], key=natural)
    ['9', '10', 'a', 'a2', 'a10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    # The name itself decides between "1" and "01", so that the order never depends on the disk.
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name


def _pictures_in(folder: Path) -> list[str]:
    names = [entry.name for entry in list_folder(folder) if entry.name.lower().endswith(ENDINGS)]
    if not names:
        message = Message(
            "{path}: has no pictures (names that end in {endings}): put some in or take the "
            "folder away",
            path=folder,
            endings=" ".join(ENDINGS),
        )
        raise FileError(message)
    return [str(folder / name) for name in sorted(names, key=natural)]


def _ready(file: str) -> NDArray[np.uint8]:
    picture = read_picture(file)
    try:
        return digit(picture)
    except InputError as error:
        raise FileError("{path}: {reason}", path=file, reason=error) from error
