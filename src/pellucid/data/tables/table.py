"""A table: named columns of many rows, read in blocks, as often as necessary."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pellucid.core.types import Array
from pellucid.data.tables import dataframes
from pellucid.data.tables.cells import Block, Blocks
from pellucid.data.tables.files import open_table_file
from pellucid.errors import InputError, printable
from pellucid.files import limits

TableSource: TypeAlias = Any  # whatever `read_table` takes: dataframes have no common type


class Table:
    """Columns by name, and their rows in blocks; a file is read again each time, never held whole.

    Parameters
    ----------
    name
        What errors call it: the file's path.
    columns
        The columns' names, in order.
    blocks
        A function that starts again at the first row: given column names, it yields one Arrow array
        for each, block by block.
    typed
        Whether cells have types; False where all are texts, as in CSV files.

    Raises InputError for no columns, more than 100,000, and columns of the same name. `read_table`
    makes tables.
    """

    def __init__(
        self, name: str, columns: Sequence[str], blocks: Blocks, typed: bool = True
    ) -> None:
        self.name, self.columns, self.typed = name, list(columns), typed
        self._blocks, self._known = blocks, set(self.columns)
        twice = sorted(column for column, times in Counter(self.columns).items() if times > 1)
        if twice:
            template = "{table}: more than one column is named {names}: give each a name of its own"
            raise InputError(template, table=name, names=", ".join(map(repr, twice)))
        if not 0 < len(self.columns) <= limits.COLUMNS:
            template = "{table}: expected 1 to {most:,} columns, got {count:,}"
            raise InputError(template, table=name, most=limits.COLUMNS, count=len(self.columns))

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[Block]:
        """Read the rows, block by block: an Arrow array for each of `columns` (default: all)."""
        return self._blocks(self.columns if columns is None else list(columns))

    def renamed(self, old: str, new: str) -> Table:
        """Return this table with another name for one column, in place of one with the new name."""
        if absent := self.absent([old]):
            raise self.no_columns(absent)
        kept = [name for name in self.columns if name == old or name != new]
        names = {new if name == old else name: name for name in kept}
        # The source knows only its own names: each request is translated back.
        blocks = self._blocks
        return Table(
            self.name,
            list(names),
            lambda wanted: blocks([names[each] for each in wanted]),
            self.typed,
        )

    def named(self, names: Sequence[str]) -> Table:
        """Return this table with other names for its columns, one for each in their order."""
        old, blocks = dict(zip(names, self.columns, strict=True)), self._blocks
        return Table(
            self.name, names, lambda wanted: blocks([old[each] for each in wanted]), self.typed
        )

    def joined(self, name: str, cells: Any) -> Table:
        """Return this table with one column more, or another in its place: cells, (N,), which are
        as many as there are rows.
        """
        array, blocks = dataframes.as_array(cells), self._blocks

        def rows(wanted: Sequence[str]) -> Iterator[Block]:
            others = [each for each in wanted if each != name]
            start = 0
            # If only the new column is wanted, no file is read: its cells are the one block.
            for block in blocks(others) if others else [[array]]:
                own = array.slice(start, len(block[0]))
                start += len(own)
                found = {**dict(zip(others, block, strict=False)), name: own}
                yield [found[each] for each in wanted]

        return Table(self.name, list(dict.fromkeys([*self.columns, name])), rows)

    def picked(self, chosen: Array) -> Table:
        """Return this table with the chosen rows alone: (N,) bool."""
        blocks = self._blocks

        def rows(wanted: Sequence[str]) -> Iterator[Block]:
            start = 0
            for block in blocks(wanted):
                mask = dataframes.as_array(chosen[start : start + len(block[0])])
                start += len(mask)
                yield [cells.filter(mask) for cells in block]

        return Table(self.name, self.columns, rows, self.typed)

    def absent(self, names: Sequence[str]) -> list[str]:
        """Return those names that no column has."""
        return [name for name in dict.fromkeys(names) if name not in self._known]

    def no_columns(self, names: Sequence[str]) -> InputError:
        """Return the error of columns that are missing."""
        return InputError(
            "{table}: there is no column {names}; its columns are {known}",
            table=self.name,
            names=", ".join(map(repr, names)),
            known=", ".join(self.columns),
        )

    def __repr__(self) -> str:
        return printable(f"<Table {self.name}: {', '.join(self.columns)}>")


def is_table(value: TableSource) -> bool:
    """Return whether `read_table` takes this: a Table, a path, a dataframe, a dict of columns."""
    return isinstance(value, (Table, str, os.PathLike, Mapping)) or dataframes.is_frame(value)


def read_table(source: TableSource) -> Table:
    """Open a table: a file, a dataframe, or a dict of columns.

    Parameters
    ----------
    source
        The path of a CSV file (its first line names the columns, which commas, semicolons, tabs or
        bars separate; UTF-8, or CP949 as Korean spreadsheets write it), of JSON records (one to a
        line, or in one array), both also compressed by gzip; of a Parquet or Feather file, of an
        .npy file (structured, or (N, D), whose columns are then x0, x1, ...) or of an .npz file (an
        array (N,) is a column by its name, an array x of (N, D) the columns x0, x1, ...). "-"
        is standard input, which is copied to a temporary file. Or a dataframe of pandas, Polars,
        PyArrow or any other library that narwhals supports. Or a dict of columns:
        {"age": [31, 54], "city": ["Seoul", "Busan"]}; a dict of cells is one row.

    The content decides which it is. All but .npz files are read in blocks and never held whole,
    and no pickle is ever read.
    Raises FileError for a file that cannot be read, InputError for columns of the same name, and
    MissingLibraryError where pyarrow and narwhals, the extra `tables`, are not installed.

    >>> read_table({"age": [31, 54], "city": ["Seoul", "Busan"]}).columns
    ['age', 'city']
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        return Table(*open_table_file(os.fspath(source)))
    if isinstance(source, Mapping):
        return Table("the table", *dataframes.of_dict(source))
    if dataframes.is_frame(source):
        return Table("the table", *dataframes.of_frame(source))
    raise InputError(
        "expected the path of a table (.csv, .parquet, .npy, .npz), a dataframe or a dict of "
        "columns, got {got}",
        got=type(source).__name__,
    )
