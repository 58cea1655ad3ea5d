"""Rows for a network from what people name: MNIST, a table, arrays, folders of pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pellucid.cli import tables
from pellucid.errors import InputError

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.core.types import Array
    from pellucid.network import Network


PICTURE = (28, 28)


class Rows(NamedTuple):
    """Rows (N, ...) as a network takes them, their targets (or None), and the number of the first.

    1 in tables.
    """

    x: Array
    t: Array | None
    first: int = 0


def read_rows(net: Network, file: str) -> tuple[Array, bool]:
    """Give what a file holds as rows for this network, and whether the file is one of rows (not one
    picture).
    """
    import numpy as np

    from pellucid.cli.datasets import as_levels, read_arrays
    from pellucid.data import digit, read_idx, read_picture
    from pellucid.data.opening import open_file

    with open_file(file) as opened:
        start = opened.read(4)
    if start.startswith((b"\x93NUM", b"PK\x03\x04")):
        arrays = read_arrays(file)
        if "x" not in arrays:
            raise InputError(
                "{path}: expected an array named x, found {found}",
                path=file,
                found=", ".join(arrays),
            )
        return as_levels(net, _as_rows(net, file, arrays["x"])), True
    if start.startswith((b"\0\0", b"\x1f\x8b")):
        return _as_rows(net, file, read_idx(file)), True
    if Path(file).suffix.lower() in tables.SUFFIXES:
        raise InputError(
            "{path}: this network did not learn from a table, and finds no columns by name: give "
            "it rows of {D} "
            "numbers (.npy, .npz, IDX) or, where it reads pictures, pictures",
            path=file,
            D=_inputs(net),
        )
    if not reads_pictures(net):
        raise InputError(
            "{path}: this network takes rows of {D} numbers, no pictures: give it an .npy or .npz "
            "file",
            path=file,
            D=_inputs(net),
        )
    picture = digit(read_picture(file))[None]
    return (
        picture if _takes_bytes(net) else (picture.reshape(1, -1) / 255).astype(np.float32)
    ), False


def rows_with_targets(net: Network, data: str | None, target: str | None = None) -> Rows:
    """Give rows with targets: the data's test rows where there are some, else all.

    MNIST's where no data are named.
    """
    if data is not None and tables.knows(net, data):
        return Rows(*tables.rows_of(net, data, target), 1)
    from pellucid.cli.datasets import as_classes, as_inputs, check_inputs, load_dataset

    dataset = load_dataset(data or "mnist")
    if data is None:
        check_digits(net, dataset)
    check_inputs(dataset, net)
    x, t = dataset.test or (dataset.x, dataset.t)
    return Rows(as_inputs(net, x), as_classes(dataset, t, net.classes))


def rows_alone(net: Network, data: str) -> Rows:
    """Give rows, and their targets where the data have them.

    A table may come without its target, arrays without t.
    """
    if tables.knows(net, data):
        import numpy as np

        from pellucid.data.tables import read_table

        columns, table = net.columns, read_table(data)
        if columns.target is not None and columns.target.name in table.columns:
            return rows_with_targets(net, data)
        reading = columns.read(table)
        blocks = [x for x, _ in reading]
        if not blocks:
            raise InputError("{table}: there are no rows", table=data)
        tables.tell_report(data, reading.report)
        return Rows(np.concatenate(blocks), None, 1)
    if data.endswith((".npy", ".npz")):
        from pellucid.cli.datasets import read_arrays

        if "t" not in read_arrays(data):
            return Rows(read_rows(net, data)[0], None)
    return rows_with_targets(net, data)


def reads_pictures(net: Network) -> bool:
    """Tell whether the network's inputs are pictures of 28 x 28 pixels."""
    return (net.inputs or {}).get("shape", list(PICTURE)) == list(PICTURE) and _inputs(net) == 784


def levels(net: Network, x: Array) -> Array:
    """Give grey levels from 0 to 255 for pictures in the network's own units."""
    from pellucid.lens.limits import input_limits
    from pellucid.lens.pictures import as_bytes

    if x.dtype.kind in "ui":
        return as_bytes(x)
    try:
        high = float(input_limits(net)[1].max())
    except InputError:  # nobody has said what white is
        high = max(float(x.max()), 1.0)
    return as_bytes((x / high).astype("float32"))


def check_digits(net: Network, digits: Dataset) -> None:
    """Raise InputError where a network did not learn MNIST's digits, and no other data were named."""
    from pellucid.core import chain

    D = chain.input_width(net.layers)
    if D not in (None, digits.inputs):
        raise InputError(
            "this network takes {D} inputs, and MNIST's digits are 784 pixels: give --data", D=D
        )
    if net.classes is not None and net.classes != digits.classes:
        names = ", ".join(net.classes[:4]) + (", ..." if len(net.classes) > 4 else "")
        raise InputError(
            "this network's classes ({names}) are not MNIST's digits: give --data", names=names
        )
    K = net.summary().rows[-1].outputs if net.layers else None
    if K not in (None, len(digits.classes or ())):
        raise InputError("this network has {K} outputs, and MNIST has ten digits: give --data", K=K)


def _as_rows(net: Network, file: str, x: Array) -> Array:
    """Let a single row be one: its numbers alone, or one picture.

    Raises InputError for rows of another length.
    """
    D = _inputs(net)
    if x.ndim in (1, 2) and x.size == D and (x.ndim == 1 or x.shape[1] != D):
        return x[None]
    if D is not None and (x.ndim < 2 or math.prod(x.shape[1:]) != D):
        raise InputError(
            "{path}: expected rows of {D} numbers, got an array of shape {got}",
            path=file,
            D=D,
            got=x.shape,
        )
    return x


def _inputs(net: Network) -> int | None:
    from pellucid.core import chain

    return chain.input_width(net.layers)


def _takes_bytes(net: Network) -> bool:
    kinds = [type(layer).__name__ for layer in net.layers]
    return (
        bool(kinds)
        and kinds[0] == "Flatten"
        and ("Scale" in kinds[:2] or "Standardize" in kinds[:2])
    )
