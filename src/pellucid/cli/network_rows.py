"""Rows for a network from what users name: MNIST, a table, arrays, images and folders of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.cli import datasets, table_rows
from pellucid.cli.output import note
from pellucid.core.checks import input_width, scales
from pellucid.core.preparation import Flatten
from pellucid.core.types import Array
from pellucid.data import digit_steps, read_idx, read_image
from pellucid.data.images import STEPS, count_shapes
from pellucid.data.numpy_files import array_names, read_arrays
from pellucid.data.tables import read_table
from pellucid.data.tables.reading import Report
from pellucid.errors import InputError, Message
from pellucid.files.opening import open_file
from pellucid.lens.image_sheets import as_bytes
from pellucid.lens.input_limits import input_limits
from pellucid.lens.neurons import image_shape
from pellucid.network import Network

IMAGE = (28, 28)


class Rows(NamedTuple):
    """Rows (N, ...) as a network takes them, their targets or None, and the first row's number.

    Rows of tables are numbered from 1 and have a report on their cells.
    """

    x: Array
    t: Array | None
    first: int = 0
    report: Report | None = None


def read_rows(net: Network, file: str) -> tuple[Array, bool]:
    """Return a file's rows as this network takes them, and whether it is a file of rows.

    An image is one row, but no file of rows.
    """
    with open_file(file, Message("an image or a file of rows")) as opened:
        start = opened.read(4)
    # By first bytes, not by extension: IDX files have none
    if start.startswith((b"\x93NUM", b"PK\x03\x04")):
        arrays = read_arrays(file)
        if "x" not in arrays:
            template = "{path}: expected an array named x, found {found}"
            raise InputError(template, path=file, found=", ".join(arrays))
        return datasets.as_levels(net, _as_rows(net, file, arrays["x"])), True
    if start.startswith((b"\0\0", b"\x1f\x8b")):
        return _as_rows(net, file, read_idx(file)), True
    if table_rows.is_named_as_table(file):
        template = (
            "{path}: the network was not trained on a table and knows no column names: give it "
            "rows of {D} values (.npy, .npz, IDX) or, if it takes images, images"
        )
        raise InputError(template, path=file, D=input_width(net.layers))
    if not takes_images(net):
        template = (
            "{path}: the network takes rows of {D} values, not images: give it an .npy or .npz file"
        )
        raise InputError(template, path=file, D=input_width(net.layers))
    image = _digit(net, file)[None]
    # A network without a Scale was trained on values from 0 to 1
    if isinstance(net.layers[0], Flatten) and scales(net.layers):
        return image, False
    return (image.reshape(1, -1) / 255).astype(np.float32), False


def _digit(net: Network, file: str) -> Array:
    """Return an image prepared as one digit, (28, 28); note where it seems to show a number."""
    steps = digit_steps(read_image(file))
    # Letters of one's own may have parts side by side
    digits = all(len(name) == 1 and name.isdecimal() for name in net.classes or ())
    if digits and (count := count_shapes(steps)) > 1:
        note(
            "{path}: {count} shapes side by side are read as one digit: make an image of each",
            path=file,
            count=count,
        )
    return steps[STEPS[-1]]


def rows_with_targets(net: Network, data: str | None, target: str | None = None) -> Rows:
    """Return rows with targets: the data's test rows where there are some, else all.

    Without data, MNIST's.
    """
    if data is not None and table_rows.is_table_for(net, data):
        x, t, report = table_rows.read_samples(net, data, target)
        return Rows(x, t, 1, report)
    dataset = datasets.load_dataset(data or "mnist")
    if data is None:
        check_digits(net, dataset)
    datasets.check_inputs(dataset, net)
    x, t = dataset.test or (dataset.x, dataset.t)
    return Rows(datasets.as_inputs(net, x), datasets.as_classes(dataset, t, net.classes))


def rows_alone(net: Network, data: str) -> Rows:
    """Return rows, with their targets where the data have them."""
    if table_rows.is_table_for(net, data):
        # A table to predict need not have its target
        targets = {target.name for target in net.columns.targets}
        if not targets or not targets <= set(read_table(data).columns):
            return Rows(table_rows.read_inputs(net, data), None, 1)
    elif data.endswith((".npy", ".npz")) and "t" not in array_names(data):
        return Rows(read_rows(net, data)[0], None)
    return rows_with_targets(net, data)


def takes_images(net: Network) -> bool:
    """Return whether the network's inputs are images of 28 x 28 pixels."""
    return image_shape(net) == IMAGE


def levels(net: Network, x: Array) -> Array:
    """Return grey levels from 0 to 255 for images in the network's own units."""
    if x.dtype.kind in "ui":
        return as_bytes(x)
    try:
        high = float(input_limits(net)[1].max())
    except InputError:  # nothing says which value is white
        high = max(float(x.max()), 1.0)
    return as_bytes((x / high).astype("float32"))


def check_digits(net: Network, digits: datasets.Dataset) -> None:
    """Raise InputError where a network was not trained on digits, and no other data are named."""
    D = input_width(net.layers)
    if D not in (None, digits.inputs):
        template = "the network takes {D} inputs, and MNIST's digits are 784 pixels: give --data"
        raise InputError(template, D=D)
    if net.classes is not None and net.classes != digits.classes:
        names = ", ".join(net.classes[:4]) + (", ..." if len(net.classes) > 4 else "")
        template = "the network's classes ({names}) are not MNIST's digits: give --data"
        raise InputError(template, names=names)
    # Ten outputs without names may be digits; another number cannot
    K = net.summary().rows[-1].outputs if net.layers else None
    if K not in (None, len(digits.classes or ())):
        raise InputError("the network has {K} outputs, and MNIST has ten digits: give --data", K=K)


def _as_rows(net: Network, file: str, x: Array) -> Array:
    """Return x as rows; the values of a single row, or one image, become one.

    Raises InputError for rows of another length.
    """
    D = input_width(net.layers)
    # A single row saved without its first axis is a frequent slip
    if x.ndim in (1, 2) and x.size == D and (x.ndim == 1 or x.shape[1] != D):
        return x[None]
    if D is not None and (x.ndim < 2 or math.prod(x.shape[1:]) != D):
        template = "{path}: expected rows of {D} values, got an array of shape {got}"
        raise InputError(template, path=file, D=D, got=x.shape)
    return x
