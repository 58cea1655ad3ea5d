"""A folder of images as data: one sub-folder for each class."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pellucid.data.image_files import EXTENSIONS, read_image
from pellucid.data.images import digit
from pellucid.errors import FileError, InputError, printable
from pellucid.files.opening import list_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """Images with their classes, prepared as MNIST's are.

    `images` (N, 28, 28) uint8, 0 background and 255 ink; `labels` (N,) int64, indices into
    `classes`; `classes`, the K names; `files`, the N paths, row by row.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: list[str]
    files: list[str]

    def __repr__(self) -> str:
        count, names = len(self.files), ", ".join(self.classes)
        return printable(f"ImageFolder({count} of {len(self.classes)} classes: {names})")


def read_image_folder(path: str | os.PathLike[str]) -> ImageFolder:
    """Read a folder with one sub-folder of images for each class, named after the class.

    Classes and files are in natural order: "2" comes before "10". Every image is read by
    `read_image` and prepared by `digit`. Hidden entries and files with the extension of no image
    are ignored.

    Raises FileError, naming the folder or the file, when there are fewer than two sub-folders, when
    one of them has no images, when an image cannot be read or shows nothing, and for symbolic links
    that lead out of `path`.
    """
    classes = sorted((entry.name for entry in list_folder(path) if entry.is_dir()), key=natural)
    if len(classes) < 2:
        template = (
            "{path}: expected a sub-folder for each class, at least two, got {count}: sort the "
            "images into them"
        )
        raise FileError(template, path=path, count=len(classes))
    files: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found = _images_in(Path(path, name), path)
        files += found
        labels += [label] * len(found)
    images = np.stack([_prepared(file) for file in files])
    return ImageFolder(images, np.array(labels, np.int64), classes, files)


def images_below(path: str | os.PathLike[str]) -> list[str]:
    """Return the images in a folder and in its sub-folders, in natural order; links are left out.

    Raises FileError where there are none.
    """
    found: list[str] = []
    folders = [Path(path)]
    for folder in folders:  # which grows meanwhile
        entries = [entry for entry in list_folder(folder) if not entry.is_symlink()]
        names = sorted((entry.name for entry in entries), key=natural)
        below = {entry.name for entry in entries if entry.is_dir()}
        folders += [folder / name for name in names if name in below]
        images = [name for name in names if name.lower().endswith(EXTENSIONS)]
        found += [str(folder / name) for name in images if name not in below]
    if not found:
        template = "{path}: no images ({extensions}): add some or remove the folder"
        raise FileError(template, path=path, extensions=" ".join(EXTENSIONS))
    return found


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that sorts numbers inside names by their value.

    >>> sorted(["10", "9", "a2", "a10", "a"], key=natural)
    ['9', '10', 'a', 'a2', 'a10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    # The name itself decides between "1" and "01", so that the order never depends on the disk.
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name


def _images_in(folder: Path, root: str | os.PathLike[str]) -> list[str]:
    names = [entry.name for entry in list_folder(folder, root)]
    images = [name for name in names if name.lower().endswith(EXTENSIONS)]
    if not images:
        template = "{path}: no images ({extensions}): add some or remove the folder"
        raise FileError(template, path=folder, extensions=" ".join(EXTENSIONS))
    return [str(folder / name) for name in sorted(images, key=natural)]


def _prepared(file: str) -> NDArray[np.uint8]:
    image = read_image(file)
    try:
        return digit(image)
    except InputError as error:
        raise FileError("{path}: {reason}", path=file, reason=error) from error
