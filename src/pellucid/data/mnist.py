"""MNIST, which is part of the package, and the user's own digits in the same format."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pellucid.data.idx import idx_content, parse_idx
from pellucid.errors import FileError, Message
from pellucid.files.opening import list_folder
from pellucid.language import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

MNIST_FOLDER = Path(__file__).with_name("mnist")

# SHA-256 of the unpacked files, as mnist/NOTICE.md lists them, so that no damaged or replaced file
# passes for MNIST.
_SUMS = {
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738"
    "ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5"
    "333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_TEST_NAMES = ("t10k", "test")
_DIMENSIONS = {"images": 3, "labels": 1}


@dataclass(frozen=True, eq=False)
class Part:
    """Images and their labels: `images` (N, 28, 28) uint8, 0 to 255, and `labels` (N,) uint8."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __repr__(self) -> str:
        text = say("{count:,} images of {size}", count=len(self.labels), size=_size(self))
        return f"Part({text})"


@dataclass(frozen=True, eq=False)
class Digits:
    """A training part and a test part.

    `test` is empty (N = 0) where the user's own folder has none.
    """

    train: Part
    test: Part

    def __repr__(self) -> str:
        text = say(
            "{train:,} train, {test:,} test, images of {size}",
            train=len(self.train.labels),
            test=len(self.test.labels),
            size=_size(self.train),
        )
        return f"Digits({text})"


@cache
def mnist() -> Digits:
    """Load the MNIST database of handwritten digits: 60,000 for training and 10,000 for testing.

    The files are inside the package and are read once per process; no network is needed. The arrays
    are read-only and shared. Licence (CC BY-SA 3.0) and source are in
    `pellucid/data/mnist/NOTICE.md`.

    Raises FileError when a file is missing, or is not the original one by its SHA-256: reinstall
    pellucid.

    >>> mnist()
    Digits(60,000 train, 10,000 test, images of 28 x 28)
    >>> mnist().train.labels[:5].tolist()
    [5, 0, 4, 1, 9]
    """
    arrays = [_verified(name) for name in _SUMS]
    return Digits(Part(arrays[0], arrays[1]), Part(arrays[2], arrays[3]))


def read_digits(folder: str | os.PathLike[str]) -> Digits:
    """Read images in MNIST's format: Fashion-MNIST, EMNIST, or files made with `write_idx`.

    The folder holds one file of each kind, packed with gzip or not: a name with "train" and
    "images-idx3", one with "train" and "labels-idx1", and, if there is a test part, the same with
    "test" or "t10k" for "train"; a dot may replace the hyphen before "idx". So
    "emnist-letters-train-images-idx3-ubyte.gz" and "t10k-labels.idx1-ubyte" are both found. Images
    are uint8 (N, height, width), labels uint8 (N,); both arrays are read-only.

    EMNIST's images have rows and columns exchanged: use `images.transpose(0, 2, 1)`.

    Raises FileError, naming folder or file, when a file is missing, there are several of one kind,
    one cannot be read, numbers of images and labels differ, the parts' images differ in size, or
    the test part has a label above the largest one in training.
    """
    names = [entry.name for entry in list_folder(folder)]
    train = _read_part(folder, names, ("train",))
    if not any(_is_kind(name, _TEST_NAMES, kind) for name in names for kind in _DIMENSIONS):
        return Digits(train, Part(train.images[:0], train.labels[:0]))
    test = _read_part(folder, names, _TEST_NAMES)
    if test.images.shape[1:] != train.images.shape[1:]:
        template = (
            "{path}: training images are {train} pixels, test images {test}: expected one size"
        )
        raise FileError(template, path=folder, train=_size(train), test=_size(test))
    if test.labels.max() > train.labels.max():
        template = (
            "{path}: test labels go up to {test}, training labels only to {train}: the parts do "
            "not belong together"
        )
        raise FileError(template, path=folder, train=train.labels.max(), test=test.labels.max())
    return Digits(train, test)


def _verified(name: str) -> NDArray[np.uint8]:
    import hashlib

    path = MNIST_FOLDER / name
    content = idx_content(path)
    if hashlib.sha256(content).hexdigest() != _SUMS[name]:
        raise FileError(
            "{path}: not MNIST's original file (its SHA-256 differs): reinstall pellucid", path=path
        )
    return _bytes(content, path, "images" if "images" in name else "labels")


def _bytes(content: bytearray, path: Path, kind: str) -> NDArray[np.uint8]:
    array = parse_idx(content, path)
    if array.dtype != np.uint8 or array.ndim != _DIMENSIONS[kind]:
        raise FileError(
            "{path}: expected {dimensions} dimensions of uint8, got shape {shape} of {kind}",
            path=path,
            dimensions=_DIMENSIONS[kind],
            shape=array.shape,
            kind=array.dtype.name,
        )
    # A copy of NumPy's own may use huge pages of memory. Rows of a shuffled batch are all over the
    # array, and with small pages a small network spends a fifth of an epoch on finding them.
    copy = array.astype(np.uint8)
    copy.flags.writeable = False
    return copy


def _read_part(folder: str | os.PathLike[str], names: list[str], parts: tuple[str, ...]) -> Part:
    images_path, labels_path = (_find(folder, names, parts, kind) for kind in _DIMENSIONS)
    images = _bytes(idx_content(images_path), images_path, "images")
    labels = _bytes(idx_content(labels_path), labels_path, "labels")
    if len(images) != len(labels):
        template = "{path}: {labels} labels, but {images} images in {other}: expected as many"
        raise FileError(
            template, path=labels_path, labels=len(labels), images=len(images), other=images_path
        )
    return Part(images, labels)


def _is_kind(name: str, parts: tuple[str, ...], kind: str) -> bool:
    lower = name.lower().replace(".idx", "-idx")
    return f"{kind}-idx{_DIMENSIONS[kind]}" in lower and any(part in lower for part in parts)


def _find(
    folder: str | os.PathLike[str], names: list[str], parts: tuple[str, ...], kind: str
) -> Path:
    found = sorted(name for name in names if _is_kind(name, parts, kind))
    if len(found) != 1:
        raise FileError(
            "{path}: expected one file named like {example} (with or without .gz), found {found}",
            path=folder,
            example=f"{parts[0]}-{kind}-idx{_DIMENSIONS[kind]}-ubyte.gz",
            found=", ".join(found) or Message("none"),
        )
    return Path(folder, found[0])


def _size(part: Part) -> str:
    return " x ".join(map(str, part.images.shape[1:]))
