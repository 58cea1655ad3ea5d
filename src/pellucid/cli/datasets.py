"""From the word after `--data` to arrays.

MNIST, a toy problem, a folder of images or IDX files, an .npz file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pellucid import data
from pellucid.core.checks import byte_factor, input_width, scales
from pellucid.core.preparation import Flatten
from pellucid.core.types import Array
from pellucid.data.numpy_files import read_arrays
from pellucid.errors import FileError, InputError, Message
from pellucid.files.opening import list_folder
from pellucid.network import Network

TOYS = {"xor": data.xor, "moons": data.moons, "circles": data.circles, "spirals": data.spirals}
TOY_ROWS = 1000
MOST_CLASSES = 100_000  # more are a mistake, such as identifiers for classes


@dataclass(frozen=True)
class Dataset:
    """Rows to train on, rows to test on (or None), and names of the classes (None for values)."""

    name: str
    x: Array
    t: Array
    test: tuple[Array, Array] | None
    classes: list[str] | None

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of the images, or None for rows of values."""
        return self.x.shape[1:] if self.x.ndim == 3 else None

    @property
    def inputs(self) -> int:
        """How many values a row has."""
        return int(np.prod(self.x.shape[1:]))

    @property
    def outputs(self) -> int:
        """How many outputs a network for these targets has."""
        if self.classes is not None:
            return len(self.classes)
        return 1 if self.t.ndim == 1 else self.t.shape[1]


def load_dataset(where: str) -> Dataset:
    """Read the data of that name or path. Raises FileError or InputError for what is unusable."""
    if where == "mnist":
        return _of_digits("mnist", data.mnist())
    if where in TOYS:
        # Test points from another seed, so that none was seen
        x, t = TOYS[where](TOY_ROWS, seed=0)
        return Dataset(where, x, t, TOYS[where](TOY_ROWS, seed=1), ["0", "1"])
    if Path(where).is_dir():
        entries = list_folder(where)
        # MNIST and its successors name their files so
        if any(re.search("idx[13]", entry.name.lower()) for entry in entries if not entry.is_dir()):
            return _of_digits(where, data.read_digits(where))
        found = data.read_image_folder(where)
        return Dataset(where, found.images, found.labels, None, found.classes)
    return _of_arrays(where, read_arrays(where))


def check_classes(dataset: Dataset) -> None:
    """Raise InputError where all rows to train on are of one class."""
    # Such data come from a wrong folder, and the accuracy would be 100 %
    if dataset.classes is not None and len(np.unique(dataset.t)) < 2:
        template = "{path}: all {count} rows are of one class: training needs rows of at least two"
        raise InputError(template, path=dataset.name, count=len(dataset.t))


def check_inputs(dataset: Dataset, net: Network) -> None:
    """Raise InputError where the data have another number of inputs than the network takes."""
    D = input_width(net.layers)
    if D is not None and dataset.inputs != D:
        template = (
            "{path}: its rows have {got} values, and the network takes {D}: give data with {D}"
        )
        raise InputError(template, path=dataset.name, got=dataset.inputs, D=D)


def as_inputs(net: Network, x: Array) -> Array:
    """Return rows as the network takes them: flat without Flatten, from 0 to 1 without Scale."""
    if x.ndim == 3 and not any(isinstance(layer, Flatten) for layer in net.layers[:2]):
        x = x.reshape(len(x), -1)
        if x.dtype == np.uint8 and not scales(net.layers):
            x = (x / 255).astype(np.float32)
    return as_levels(net, x)


def as_classes(dataset: Dataset, t: Array, names: Sequence[str] | None) -> Array:
    """Return targets as indices into a network's class names, whose order may be another."""
    # Names decide where both have names: a folder sorts its classes by name
    own = dataset.classes
    if names is None or own is None or own == list(names[: len(own)]):
        return t
    missing = [name for name in own if name not in names]
    if missing:
        template = "{path}: class {name} is not among the network's classes: {known}"
        raise InputError(template, path=dataset.name, name=missing[0], known=", ".join(names))
    return np.array([list(names).index(name) for name in own])[t]


def as_levels(net: Network, x: Array) -> Array:
    """Return values from 0 to 1 as grey levels from 0 to 255 where the network expects those.

    An image whose brightest pixel is 1 of 255 shows nothing, so there is no doubt about the scale.
    """
    factor = byte_factor(net.layers)
    if factor is None or x.dtype.kind != "f" or not x.size or x.max() > 1:
        return x
    return x * x.dtype.type(round(1 / factor))


def _of_digits(name: str, digits: data.Digits) -> Dataset:
    train, test = digits.train, digits.test
    held = (test.images, test.labels) if len(test.labels) else None
    classes = [str(k) for k in range(int(train.labels.max()) + 1)]
    return Dataset(name, train.images, train.labels, held, classes)


def _of_arrays(path: str, arrays: dict[str, Array]) -> Dataset:
    if not {"x", "t"} <= arrays.keys():
        template = (
            "{path}: expected arrays named x and t (and x_test, t_test if there are test rows), "
            "found {found}"
        )
        raise FileError(template, path=path, found=", ".join(arrays) or Message("none"))
    x, t = arrays["x"], arrays["t"]
    held = (arrays["x_test"], arrays["t_test"]) if {"x_test", "t_test"} <= arrays.keys() else None
    for rows, targets in [(x, t), *([held] if held else [])]:
        _check_arrays(path, rows, targets)
    if held is not None and (held[0].shape[1:] != x.shape[1:] or held[1].ndim != t.ndim):
        raise FileError("{path}: x_test and t_test must be shaped like x and t", path=path)
    if t.ndim == 2 or t.dtype.kind == "f":
        return Dataset(path, x, t, held, None)
    # A class may occur in the test rows alone
    every = t if held is None else np.concatenate([t, held[1]])
    return Dataset(path, x, t, held, _class_names(path, every))


def _check_arrays(path: str, x: Array, t: Array) -> None:
    numbers = x.dtype.kind in "biuf" and t.dtype.kind in "biuf"
    if not numbers or x.ndim < 2 or 0 in x.shape or t.ndim not in (1, 2) or len(x) != len(t):
        template = (
            "{path}: expected x of shape (N, inputs) or (N, height, width) and t of shape (N,) or "
            "(N, outputs), all numbers, at least one row; got {x} and {t}"
        )
        raise FileError(template, path=path, x=f"{x.shape} {x.dtype}", t=f"{t.shape} {t.dtype}")


def _class_names(path: str, t: Array) -> list[str]:
    t = t.astype(np.int64)
    if t.min() < 0 or t.max() >= MOST_CLASSES:
        template = "{path}: class indices in t must be from 0 to 99999, got {low} to {high}"
        raise FileError(template, path=path, low=t.min(), high=t.max())
    return [str(k) for k in range(int(t.max()) + 1)]
