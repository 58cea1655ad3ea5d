"""Rows for a network from what people name: MNIST, a table, arrays, folders of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pellucid.cli import tables
from pellucid.errors import InputError
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.core.types import Array
    from pellucid.network import Network


class Rows(NamedTuple):
    """Rows (N, ...) as a network takes them, their targets (or None), and the number of the first: 1 in tables."""

    x: Array
    t: Array | None
    first: int = 0


def rows_with_targets(net: Network, data: str | None, target: str | None = None) -> Rows:
    """Give rows with targets: the data's test rows where there are some, else all; MNIST's where no data are named."""
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
    """Give rows, and their targets where the data have them: a table may come without its target, arrays without t."""
    if tables.knows(net, data):
        import numpy as np

        from pellucid.data.tables import read_table

        columns, table = net.columns, read_table(data)
        if columns.target is not None and columns.target.name in table.columns:
            return rows_with_targets(net, data)
        reading = columns.read(table)
        blocks = [x for x, _ in reading]
        if not blocks:
            raise InputError(say("{table}: there are no rows", table=data))
        tables.tell_report(data, reading.report)
        return Rows(np.concatenate(blocks), None, 1)
    if data.endswith((".npy", ".npz")):
        from pellucid.cli.datasets import read_arrays
        from pellucid.cli.predict import read_rows

        if "t" not in read_arrays(data):
            return Rows(read_rows(net, data)[0], None)
    return rows_with_targets(net, data)


def reads_digits(net: Network) -> bool:
    """Tell whether this network answers MNIST's pictures with ten digits."""
    from pellucid.cli.predict import reads_pictures

    names = [str(digit) for digit in range(10)]
    return reads_pictures(net) and net.summary().rows[-1].outputs == 10 and net.classes in (None, names)


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
        raise InputError(say("this network takes {D} inputs, and MNIST's digits are 784 pixels: give --data", D=D))
    if net.classes is not None and net.classes != digits.classes:
        names = ", ".join(net.classes[:4]) + (", ..." if len(net.classes) > 4 else "")
        raise InputError(say("this network's classes ({names}) are not MNIST's digits: give --data", names=names))
    K = net.summary().rows[-1].outputs if net.layers else None
    if K not in (None, len(digits.classes or ())):
        raise InputError(say("this network has {K} outputs, and MNIST has ten digits: give --data", K=K))
