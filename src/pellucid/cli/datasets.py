"""From the word after `--data` to arrays.

MNIST, a toy problem, a folder of pictures or IDX files, an .npz file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pellucid import data
from pellucid.core import chain
from pellucid.core.preparation import Scale
from pellucid.core.types import Array
from pellucid.data.opening import list_folder, open_file
from pellucid.errors import FileError, InputError
from pellucid.language import say
from pellucid.network import Network

TOYS = ("xor", "moons", "circles", "spirals")
TOY_ROWS = 1000


@dataclass(frozen=True)
class Dataset:
    """Rows to learn from, rows to test on (or None), and what the classes are called (None.

    Targets are values).
    """

    name: str
    x: Array
    t: Array
    test: tuple[Array, Array] | None
    classes: list[str] | None

    @property
    def picture_shape(self) -> list[int] | None:
        """Height and width of the pictures, or None for rows of numbers."""
        return list(self.x.shape[1:]) if self.x.ndim == 3 else None

    @property
    def inputs(self) -> int:
        """How many numbers a row has."""
        return int(np.prod(self.x.shape[1:]))

    @property
    def outputs(self) -> int:
        """How many outputs a network for these targets has."""
        if self.classes is not None:
            return len(self.classes)
        return 1 if self.t.ndim == 1 else self.t.shape[1]


def load_dataset(where: str) -> Dataset:
    """Read the data of that name or path.

    Raises FileError or InputError that says what is wrong.
    """
    if where == "mnist":
        return _of_digits("mnist", data.mnist())
    if where in TOYS:
        make = getattr(data, where)
        x, t = make(TOY_ROWS, seed=0)
        return Dataset(where, x, t, make(TOY_ROWS, seed=1), ["0", "1"])
    if Path(where).is_dir():
        entries = list_folder(where)
        if any(re.search("idx[13]", entry.name.lower()) for entry in entries if not entry.is_dir()):
            return _of_digits(where, data.read_digits(where))
        pictures = data.read_image_folder(where)
        return Dataset(where, pictures.images, pictures.labels, None, pictures.classes)
    return _of_arrays(where, read_arrays(where))


def check_classes(dataset: Dataset) -> None:
    """Raise InputError where there is nothing to tell apart.

    All rows to learn from are of one class.
    """
    if dataset.classes is not None and len(np.unique(dataset.t)) < 2:
        raise InputError(
            "{path}: all {count} rows are of one class: learning needs rows of at least two",
            path=dataset.name,
            count=len(dataset.t),
        )


def check_inputs(dataset: Dataset, net: Network) -> None:
    """Raise InputError where a row of the data has another number of inputs than the network takes."""
    D = chain.input_width(net.layers)
    if D is not None and dataset.inputs != D:
        raise InputError(
            "{path}: its rows have {got} numbers, and this network takes {D}: give data with as "
            "many",
            path=dataset.name,
            got=dataset.inputs,
            D=D,
        )


def as_inputs(net: Network, x: Array) -> Array:
    """Give rows as the network takes them.

    In rows of numbers where it has no Flatten, from 0 to 1 where no Scale.
    """
    kinds = [type(layer).__name__ for layer in net.layers[:2]]
    if x.ndim == 3 and "Flatten" not in kinds:
        x = x.reshape(len(x), -1)
        if x.dtype == np.uint8 and not {"Scale", "Standardize"} & set(kinds):
            x = (x / 255).astype(np.float32)
    return as_levels(net, x)


def as_classes(dataset: Dataset, t: Array, names: Sequence[str] | None) -> Array:
    """Give targets t as indices into a network's class names, by name where the data are a folder
    of pictures.
    """
    if (
        names is None
        or dataset.classes is None
        or dataset.classes == list(names[: len(dataset.classes)])
    ):
        return t
    missing = [name for name in dataset.classes if name not in names]
    if missing:
        raise InputError(
            "{path}: class {name} is not among the network's classes: {known}",
            path=dataset.name,
            name=missing[0],
            known=", ".join(names),
        )
    return np.array([list(names).index(name) for name in dataset.classes])[t]


def as_levels(net: Network, x: Array) -> Array:
    """Give numbers from 0 to 1 as grey levels from 0 to 255, where the network expects those;
    others as they are.

    A picture whose brightest pixel is at most 1 of 255 shows nothing, so there is no doubt about
    what was meant.
    """
    scales = [layer for layer in net.layers[:2] if isinstance(layer, Scale)]
    if (
        not scales
        or abs(1 / scales[0].factor - 255) > 0.1
        or x.dtype.kind != "f"
        or not x.size
        or x.max() > 1
    ):
        return x
    return x * x.dtype.type(255)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read every array of an .npz file, or {"x": ...} of an .npy file; never a pickle.

    Raises FileError for anything else, and where it is damaged or cut short.
    """
    with open_file(path) as file:
        try:
            content: Any = np.load(file, allow_pickle=False)
            return (
                {"x": content}
                if isinstance(content, np.ndarray)
                else {name: content[name] for name in content}
            )
        except MemoryError:
            raise
        except Exception as error:  # readers of damaged archives raise nearly anything
            raise FileError(
                "{path}: no .npz or .npy file of plain numbers, or it is damaged: "
                "write it with numpy.savez(path, x=..., t=...)",
                path=path,
            ) from error


def _of_digits(name: str, digits: data.Digits) -> Dataset:
    train, test = digits.train, digits.test
    held = (test.images, test.labels) if len(test.labels) else None
    return Dataset(
        name, train.images, train.labels, held, [str(k) for k in range(int(train.labels.max()) + 1)]
    )


def _of_arrays(path: str, arrays: dict[str, Array]) -> Dataset:
    for name in ("x", "t"):
        if name not in arrays:
            message = say(
                "{path}: expected arrays named x and t (and x_test, t_test if there are test "
                "rows), found {found}",
                path=path,
                found=", ".join(arrays) or say("none"),
            )
            raise FileError(message)
    x, t = arrays["x"], arrays["t"]
    held = (arrays["x_test"], arrays["t_test"]) if {"x_test", "t_test"} <= arrays.keys() else None
    for rows, targets in [(x, t), *([held] if held else [])]:
        _check_arrays(path, rows, targets)
    if held is not None and (held[0].shape[1:] != x.shape[1:] or held[1].ndim != t.ndim):
        message = say("{path}: x_test and t_test must be shaped like x and t", path=path)
        raise FileError(message)
    return Dataset(
        path,
        x,
        t,
        held,
        _class_names(path, arrays) if t.ndim == 1 and t.dtype.kind in "iub" else None,
    )


def _check_arrays(path: str, x: Array, t: Array) -> None:
    numbers = x.dtype.kind in "biuf" and t.dtype.kind in "biuf"
    if not numbers or x.ndim < 2 or 0 in x.shape or t.ndim not in (1, 2) or len(x) != len(t):
        message = say(
            "{path}: expected x of shape (N, inputs) or (N, height, width) and t of shape (N,) or "
            "(N, outputs), "
            "all numbers, at least one row; got {x} and {t}",
            path=path,
            x=f"{x.shape} {x.dtype}",
            t=f"{t.shape} {t.dtype}",
        )
        raise FileError(message)


def _class_names(path: str, arrays: dict[str, Array]) -> list[str]:
    t = np.concatenate([arrays["t"], arrays.get("t_test", arrays["t"][:0])]).astype(np.int64)
    if t.min() < 0 or t.max() >= 100_000:
        message = say(
            "{path}: class indices in t must go from 0 to 99999, got {low} to {high}",
            path=path,
            low=t.min(),
            high=t.max(),
        )
        raise FileError(message)
    return [str(k) for k in range(int(t.max()) + 1)]
