"""The one input that `pellucid explain` is asked about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pellucid.cli import tables
from pellucid.errors import InputError
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.core.types import Array
    from pellucid.data.tables import Table
    from pellucid.network import Network


class Asked(NamedTuple):
    """One input.

    What to call it, its row (1, ...) as the network takes it, and the right answer where it is
    known.
    """

    name: str
    row: int | None
    x: Array
    truth: str | None


def read_asked(net: Network, file: str | None, row: int | None, digit: int | None) -> Asked:
    """Read the input that is named. Raises FileError or InputError that says what is wrong."""
    if file is None:
        return _digit(net, digit or 0, row)
    if tables.knows(net, file):
        return _of_table(net, file, row)
    from pellucid.cli.datasets import as_inputs
    from pellucid.cli.rows import read_rows

    x, many = read_rows(net, file)
    x = as_inputs(net, x)
    if not many:
        if row is not None:
            raise InputError("{path}: a picture has no rows: leave --row out", path=file)
        return Asked(file, None, x, None)
    if row is None and len(x) > 1:
        raise InputError(
            "{path}: there are {rows:,} rows: say which by --row", path=file, rows=len(x)
        )
    row = row or 0
    if row >= len(x):
        raise InputError(_no_row(file, row, 0, len(x) - 1))
    return Asked(f"{file}:{row}", row, x[row : row + 1], None)


def _digit(net: Network, digit: int, row: int | None) -> Asked:
    from pellucid.cli.datasets import as_inputs, check_inputs, load_dataset
    from pellucid.lens.neurons import reads_digits

    dataset = load_dataset("mnist")
    assert dataset.test is not None
    images, labels = dataset.test
    if row is not None or digit >= len(labels):
        raise InputError(
            "test digits go from 0 to {last}: name one by --digit alone", last=len(labels) - 1
        )
    check_inputs(dataset, net)
    truth = str(labels[digit]) if reads_digits(net) else None
    name = say("test digit {number}", number=digit)
    return Asked(name, digit, as_inputs(net, images[digit : digit + 1]), truth)


def _of_table(net: Network, file: str, row: int | None) -> Asked:
    from pellucid.data.tables import read_table

    table, columns = read_table(file), net.columns
    if row is None:
        count = sum(len(block[0]) for block in table.blocks(table.columns[:1]))
        if count != 1:
            raise InputError(
                "{path}: there are {rows:,} rows: say which by --row, counted from 1",
                path=file,
                rows=count,
            )
        row = 1
    reading = columns.read(_only(table, row))
    reading.report.rows = row - 1  # errors name the row of the file
    x = next((x for x, _ in reading), None)
    if x is None:
        count = sum(len(block[0]) for block in table.blocks(table.columns[:1]))
        raise InputError(_no_row(file, row, 1, count))
    tables.tell_report(file, reading.report)
    truth = None
    if columns.target is not None and columns.target.name in table.columns:
        cell = next(_only(table, row).blocks([columns.target.name]))[0][0].as_py()
        truth = str(cell).strip() if cell is not None else None
    return Asked(f"{file}:{row}", row, x, truth or None)


def _only(table: Table, row: int) -> Table:
    """Give a table of one row of another, counted from 1; of none where there is no such row."""
    from pellucid.data.tables import Table

    def blocks(wanted: Sequence[str]) -> Iterator[list[Any]]:
        left = row - 1
        for block in table.blocks(wanted):
            if 0 <= left < len(block[0]):
                yield [array.slice(left, 1) for array in block]
                return
            left -= len(block[0])

    return Table(table.name, table.columns, blocks)


def _no_row(file: str, row: int, low: int, high: int) -> str:
    return say(
        "{path}: rows go from {low} to {high}; there is no {row}",
        path=file,
        low=low,
        high=high,
        row=row,
    )
