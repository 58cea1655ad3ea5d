"""MNIST, which lies inside the package, and digits of the user's own in the same format."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pellucid.data.idx import idx_content, parse_idx
from pellucid.data.opening import list_folder
from pellucid.errors import FileError, Message

if TYPE_CHECKING:
    from numpy.typing import NDArray

MNIST_FOLDER = Path(__file__).with_name("mnist")

# SHA-256 of the unpacked files, as mnist/NOTICE.md lists them: a damaged or exchanged file is never
# taken for MNIST.
_SUMS = {
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_TEST_NAMES = ("t10k", "test")


@dataclass(frozen=True, eq=False)
class Part:
    """Pictures and what they show.

    `images` (N, 28, 28) uint8, 0 to 255, and `labels` (N,) uint8.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __repr__(self) -> str:
        n, height, width = self.images.shape
        return f"Part({n:,} images of {height} x {width})"


@dataclass(frozen=True, eq=False)
class Digits:
    """A training part and a test part.

    `test` is empty (N = 0) where a folder of the user's own has none.
    """

    train: Part
    test: Part

    def __repr__(self) -> str:
        height, width = self.train.images.shape[1:]
        train, test = len(self.train.labels), len(self.test.labels)
        return f"Digits({train:,} train, {test:,} test, images of {height} x {width})"


@cache
def mnist() -> Digits:
    """Give the MNIST database of handwritten digits: 60,000 to learn from and 10,000 to test.

    It is read from inside the package, without a network, once per process; the arrays are
    read-only and shared. Its licence (CC BY-SA 3.0) and source are in
    `pellucid/data/mnist/NOTICE.md`.

    Raises FileError when a file is missing, or is not the original one by its SHA-256: install
    pellucid again.

    >>> mnist()
    Digits(60,000 train, 10,000 test, images of 28 x 28)
    >>> mnist().train.labels[:5].tolist()
    [5, 0, 4, 1, 9]
    """
    arrays = [_verified(name) for name in _SUMS]
    return Digits(Part(arrays[0], arrays[1]), Part(arrays[2], arrays[3]))


def read_digits(folder: str | os.PathLike[str]) -> Digits:
    """Read the user's own pictures in MNIST's format: Fashion-MNIST, EMNIST, or any made with
    `write_idx`.

    The folder holds one file of each kind, packed with gzip or not: a name with "train" and
    "images-idx3", one with "train" and "labels-idx1", and, if there is a test part, the same with
    "test" or "t10k" for "train"; a dot may stand for the hyphen before "idx". So
    "emnist-letters-train-images-idx3-ubyte.gz" and "t10k-labels.idx1-ubyte" are both found. Images
    are uint8 (N, height, width), labels uint8 (N,); both arrays are read-only.

    EMNIST's pictures lie on their side (rows and columns exchanged): use `images.transpose(0, 2,
    1)`.

    Raises FileError, naming folder or file, when a file is absent, there are several of one kind,
    one cannot be read, numbers of images and labels differ, the parts' pictures differ in size, or
    the test part has a label above the largest one in training.
    """
    names = [entry.name for entry in list_folder(folder)]
    train = _read_part(folder, names, ("train",))
    if not any(
        _is_kind(name, _TEST_NAMES, kind) for name in names for kind in ("images", "labels")
    ):
        return Digits(train, Part(train.images[:0], train.labels[:0]))
    test = _read_part(folder, names, _TEST_NAMES)
    if test.images.shape[1:] != train.images.shape[1:]:
        message = Message(
            "{path}: training pictures are {train} pixels, test pictures {test}: they must be of "
            "one size",
            path=folder,
            train=" x ".join(map(str, train.images.shape[1:])),
            test=" x ".join(map(str, test.images.shape[1:])),
        )
        raise FileError(message)
    if test.labels.max() > train.labels.max():
        message = Message(
            "{path}: test labels go up to {test}, training labels only to {train}: the parts do "
            "not belong together",
            path=folder,
            train=train.labels.max(),
            test=test.labels.max(),
        )
        raise FileError(message)
    return Digits(train, test)


def _verified(name: str) -> NDArray[np.uint8]:
    import hashlib

    path = MNIST_FOLDER / name
    content = idx_content(path)
    if hashlib.sha256(content).hexdigest() != _SUMS[name]:
        message = Message(
            "{path}: is not the original file of MNIST (its SHA-256 differs): install pellucid "
            "again",
            path=path,
        )
        raise FileError(message)
    return _owned(parse_idx(content, path))


def _owned(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Copy an array into memory of NumPy's own, for which NumPy asks the system for huge pages, and
    make it read-only.

    The rows of a shuffled batch lie all over it, and a small network spends a fifth of an epoch on
    finding small pages.
    """
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _read_part(folder: str | os.PathLike[str], names: list[str], parts: tuple[str, ...]) -> Part:
    images_path = _find(folder, names, parts, "images")
    labels_path = _find(folder, names, parts, "labels")
    images = _owned(parse_idx(idx_content(images_path), images_path))
    labels = _owned(parse_idx(idx_content(labels_path), labels_path))
    for path, array, dimensions in ((images_path, images, 3), (labels_path, labels, 1)):
        if array.dtype != np.uint8 or array.ndim != dimensions:
            message = Message(
                "{path}: expected {dimensions} dimensions of uint8, got shape {shape} of {kind}",
                path=path,
                dimensions=dimensions,
                shape=array.shape,
                kind=array.dtype.name,
            )
            raise FileError(message)
    if len(images) != len(labels):
        message = Message(
            "{path}: has {labels} labels, but there are {images} images in {other}: they must be "
            "as many",
            path=labels_path,
            labels=len(labels),
            images=len(images),
            other=images_path,
        )
        raise FileError(message)
    return Part(images, labels)


def _is_kind(name: str, parts: tuple[str, ...], kind: str) -> bool:
    lower = name.lower()
    form = f"{kind}-idx{3 if kind == 'images' else 1}"
    return form in lower.replace(".idx", "-idx") and any(part in lower for part in parts)


def _find(
    folder: str | os.PathLike[str], names: list[str], parts: tuple[str, ...], kind: str
) -> Path:
    found = sorted(name for name in names if _is_kind(name, parts, kind))
    if len(found) != 1:
        message = Message(
            "{path}: expected one file named like {example} (with or without .gz), found {found}",
            path=folder,
            example=f"{parts[0]}-{kind}-idx{3 if kind == 'images' else 1}-ubyte.gz",
            found=", ".join(found) or Message("none"),
        )
        raise FileError(message)
    return Path(folder, found[0])
