"""The one input that `pellucid explain` is asked about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pellucid.cli.datasets import as_inputs, check_inputs, load_dataset
from pellucid.cli.network_rows import read_rows
from pellucid.cli.table_rows import is_table_for, note_report
from pellucid.core.types import Array
from pellucid.data.tables import Table, read_table
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.neurons import reads_digits
from pellucid.network import Network


class Asked(NamedTuple):
    """One input: its name and row number, x (1, ...) as the network takes it, and its label.

    The label is None where it is not known.
    """

    name: str
    row: int | None
    x: Array
    truth: str | None


def read_asked(net: Network, file: str | None, row: int | None, digit: int | None) -> Asked:
    """Read the input that is named. Raises FileError or InputError for what is unusable."""
    if file is None:
        return _digit(net, digit or 0, row)
    if is_table_for(net, file):
        return _of_table(net, file, row)
    x, many = read_rows(net, file)
    x = as_inputs(net, x)
    if not many:
        if row is not None:
            raise InputError("{path}: an image has no rows: leave --row out", path=file)
        return Asked(file, None, x, None)
    if row is None and len(x) > 1:
        template = "{path}: there are {rows:,} rows: say which by --row"
        raise InputError(template, path=file, rows=len(x))
    row = row or 0
    if row >= len(x):
        raise _no_row(file, row, 0, len(x) - 1)
    return Asked(f"{file}:{row}", row, x[row : row + 1], None)


def _digit(net: Network, digit: int, row: int | None) -> Asked:
    dataset = load_dataset("mnist")
    assert dataset.test is not None
    images, labels = dataset.test
    if row is not None:
        raise InputError("--row goes with a file: leave it out with --digit")
    if digit >= len(labels):
        raise InputError("--digit takes a number from 0 to {last}", last=len(labels) - 1)
    check_inputs(dataset, net)
    truth = str(labels[digit]) if reads_digits(net) else None
    name = say("test digit {number}", number=digit)
    return Asked(name, digit, as_inputs(net, images[digit : digit + 1]), truth)


def _of_table(net: Network, file: str, row: int | None) -> Asked:
    table, columns = read_table(file), net.columns
    if row is None:
        count = _count(table)
        if count != 1:
            template = "{path}: there are {rows:,} rows: say which by --row, counted from 1"
            raise InputError(template, path=file, rows=count)
        row = 1
    # Read alone, so that the report is about this row
    reading = columns.read(_only(table, row))
    reading.report.rows = row - 1  # errors name the row of the file
    x = next((x for x, _ in reading), None)
    if x is None:
        raise _no_row(file, row, 1, _count(table))
    note_report(file, reading.report)
    truth = None
    alone = columns.target is not None and not columns.further
    if alone and columns.target is not None and columns.target.name in table.columns:
        cell = next(_only(table, row).blocks([columns.target.name]))[0][0].as_py()
        truth = str(cell).strip() if cell is not None else None
    return Asked(f"{file}:{row}", row, x, truth or None)


def _count(table: Table) -> int:
    return sum(len(block[0]) for block in table.blocks(table.columns[:1]))


def _only(table: Table, row: int) -> Table:
    """Return a table of one row of another, counted from 1; of none where there is no such row."""

    def blocks(wanted: Sequence[str]) -> Iterator[list[Any]]:
        # Blocks before the row are counted, those behind it are not read
        left = row - 1
        for block in table.blocks(wanted):
            if 0 <= left < len(block[0]):
                yield [array.slice(left, 1) for array in block]
                return
            left -= len(block[0])

    return Table(table.name, table.columns, blocks)


def _no_row(file: str, row: int, low: int, high: int) -> InputError:
    template = "{path}: rows are numbered from {low} to {high}; there is no row {row}"
    return InputError(template, path=file, low=low, high=high, row=row)
