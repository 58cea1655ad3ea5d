"""Columns of a table that steer a training and are no inputs: weights, groups and times of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pellucid.core.draws import split_order
from pellucid.core.types import Array, Vector
from pellucid.data.tables import Columns, TableSource
from pellucid.data.tables.cells import Cell, Cells
from pellucid.data.tables.dated import Dating
from pellucid.data.tables.forms import Tally
from pellucid.data.tables.table import Table
from pellucid.data.tables.written import plain
from pellucid.errors import InputError, Message
from pellucid.training.sample_checks import no_share

_NO_WEIGHT = Message("a weight is a number of 0 or more, got {text}")
_NO_GROUP = Message("the group is missing: fill it in or remove the row")
_NO_TIME = Message("{text} is neither a number nor a date such as 2024-05-31")


class Roles(NamedTuple):
    """Names of columns, or None: see the parameters of `train_table`."""

    sample_weight: str | None = None
    group: str | None = None
    time: str | None = None

    @property
    def split(self) -> bool:
        """Whether a column decides which rows are held out."""
        return self.group is not None or self.time is not None

    def refuse(self) -> None:
        """Raise InputError if there is any: for tables beyond memory."""
        if any(self):
            raise InputError(
                "sample weights, groups and times need all rows in memory, and this table is "
                "trained on block by block: pass a larger memory=... to train_table, or fewer rows"
            )

    def check(self, columns: Columns, table: Table) -> None:
        """Raise InputError for columns that the table lacks, or that the network uses already."""
        given = [name for name in self if name is not None]
        if absent := table.absent(given):
            raise table.no_columns(absent)
        for target in columns.targets:
            if target.name in given:
                template = (
                    "{column} is the target: it cannot be a weight, a group or a time as well"
                )
                raise InputError(template, column=repr(target.name))
        if self.sample_weight in {column.name for column in columns.columns}:
            raise InputError(
                "column {column} holds the weights of the rows and is an input of the network: "
                "leave it out by Columns.of(table, target=..., ignore=[{column}])",
                column=repr(self.sample_weight),
            )
        if self.group is not None and self.time is not None:
            raise InputError("rows are held out by group or by time: choose one of them")


def row_weights(table: Table, column: str) -> Vector:
    """Return the weight of each row, (N,) float64; raise InputError that names a bad cell."""
    found, row = [], 0
    for cells in _cells(table, column):
        values, unreadable = cells.numbers
        # Negated, since NaN fails every comparison and must count as bad.
        bad = unreadable | ~(values >= 0) | np.isinf(values)
        _refuse(table, column, cells, bad, row, _NO_WEIGHT)
        found.append(values)
        row += len(values)
    return np.concatenate(found) if found else np.empty(0)


def held_out_rows(
    table: Table, roles: Roles, share: float | TableSource | None, seed: int
) -> Array:
    """Return which rows are held out, (N,) bool: about that share of them.

    By group, whole groups are, drawn by the seed; by time, the latest rows, and those of the same
    time together. Raises InputError for a share that is none, for a single group or time, and for
    cells that cannot be used.
    """
    share = checked_share(share)
    if roles.group is not None:
        return hold_out_groups(group_codes(table, roles.group), share, seed)
    assert roles.time is not None
    return _by_time(table, roles.time, share)


def checked_share(share: float | TableSource | None) -> float:
    """Return the share of rows to hold out by group or time; raise InputError for anything else."""
    if not isinstance(share, (int, float)):
        raise InputError(
            "group and time choose which rows are held out: validation is then a share of them, "
            "such as 0.1; got {got}",
            got="None" if share is None else type(share).__name__,
        )
    if not 0 < share < 1:
        raise no_share(share)
    return share


def group_codes(table: Table, column: str) -> Array:
    """Return the number of each row's group, (N,), from 0; raise InputError for a single one."""
    places, _ = _counted(table, column, _groups(table, column))
    return places


def hold_out_groups(places: Array, share: float, seed: int) -> Array:
    """Return which rows are held out, (N,) bool: whole groups, about that share of the rows."""
    counts = np.bincount(places)
    wanted, total = share * len(places), 0
    chosen: list[int] = []
    for group in split_order(seed, len(counts)).tolist():
        # A group that would bring it farther from the share than it is now is passed over.
        if total + counts[group] - wanted < wanted - total:
            chosen.append(group)
            total += int(counts[group])
    # Where all are too large, the smallest.
    return np.isin(places, chosen or [int(counts.argmin())])


def _by_time(table: Table, column: str, share: float) -> Array:
    places, counts = _counted(table, column, _times(table, column))
    # All but the last sum, which is all rows: some must be left to train on.
    latest = np.cumsum(counts[::-1])[:-1]  # rows of the last time, of the last two, ...
    steps = 1 + int(np.abs(latest - share * len(places)).argmin())
    return places >= len(counts) - steps


def _counted(table: Table, column: str, values: Array) -> tuple[Array, Array]:
    """Return the place of each row's value among the sorted ones, and how many rows each has."""
    if not len(values):
        raise InputError("{table}: there are no rows to train on", table=table.name)
    found, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(found) < 2:
        raise InputError(
            "{table}: column {column} is the same in every row: expected at least two groups or "
            "times, one to hold out",
            table=table.name,
            column=repr(column),
        )
    return places, counts


def _groups(table: Table, column: str) -> Array:
    found: list[Array] = []
    row = 0
    for cells in _cells(table, column):
        codes, names = cells.texts
        _refuse(table, column, cells, codes < 0, row, _NO_GROUP)
        found.append(np.array(names, object)[codes] if names else np.empty(0, object))
        row += len(codes)
    return np.concatenate(found).astype(str) if found else np.empty(0)


def _times(table: Table, column: str) -> Vector:
    """Return a number for each row that is greater for later times: itself, or days of a date."""
    # Kept, since the cells are read twice: for the order of dates, then for values.
    blocks = list(_cells(table, column))
    texts = [cells for cells in blocks if cells.family not in ("number", "date")]
    tally = Tally()
    for cells in texts:
        codes, names = cells.written
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        for name, times in zip(names, counts.tolist(), strict=True):
            tally.add(name, times)
    # Days and months are in the order that fits the whole column.
    dating = tally.dating()
    found, row = [], 0
    for cells in blocks:
        if cells.family == "number":
            values = cells.numbers.values
        elif cells.family == "date":
            values = Cells(cells.array, dating).numbers.values
        else:
            values = _of_texts(cells, dating)
        _refuse(table, column, cells, np.isnan(values), row, _NO_TIME)
        found.append(values)
        row += len(values)
    return np.concatenate(found) if found else np.empty(0)


def _of_texts(cells: Cells, dating: Dating) -> Vector:
    codes, names = cells.written
    known = [plain(name) if plain(name) is not None else dating.read(name) for name in names]
    # The last entry is that of code -1, a missing cell.
    return np.array([np.nan if each is None else each for each in known] + [np.nan])[codes]


def _cells(table: Table, column: str) -> Iterator[Cells]:
    for [array] in table.blocks([column]):
        yield Cells(array)


def _refuse(
    table: Table, column: str, cells: Cells, bad: Array, before: int, problem: Message
) -> None:
    if bad.any():
        index = int(bad.argmax())
        cell = Cell(before + index + 1, cells.text(index), int(bad.sum()))
        raise cell.error(table.name, column, problem)
