"""A table: named columns of many rows, gone through in blocks, as often as need be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pellucid.data.opening import open_file
from pellucid.data.tables import arrays, csv_file, frames, parquet
from pellucid.errors import FileError, InputError

Block: TypeAlias = list[Any]  # an Arrow array for each of the columns asked for, all of one length


class Table:
    """Columns by name, and their rows in blocks; a file is read anew each time, and never held as a
    whole.

    Parameters
    ----------
    name
        What errors call it: the file's path.
    columns
        The columns' names, in order.
    blocks
        A function that begins anew at the first row: given column names, it gives one Arrow array
        for each, block by block.

    Raises InputError for columns of the same name. `read_table` makes tables.
    """

    def __init__(
        self, name: str, columns: Sequence[str], blocks: Callable[[Sequence[str]], Iterator[Block]]
    ) -> None:
        self.name, self.columns = name, list(columns)
        self._blocks = blocks
        twice = sorted({column for column in self.columns if self.columns.count(column) > 1})
        if twice:
            raise InputError(
                "{table}: more than one column is named {names}: give each a name of its own",
                table=name,
                names=", ".join(map(repr, twice)),
            )
        if not self.columns:
            raise InputError("{table}: there are no columns", table=name)

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[Block]:
        """Go through the rows, block by block.

        An Arrow array for each of `columns` (all, when none are named).
        """
        return self._blocks(self.columns if columns is None else list(columns))

    def renamed(self, old: str, new: str) -> Table:
        """Give this table with another name for one column; one that had the new name is gone."""
        if old not in self.columns:
            raise InputError(
                "{table}: there is no column {names}; its columns are {known}",
                table=self.name,
                names=repr(old),
                known=", ".join(self.columns),
            )
        names = {
            new if name == old else name: name
            for name in self.columns
            if name == old or name != new
        }
        return Table(
            self.name, list(names), lambda wanted: self._blocks([names[name] for name in wanted])
        )

    def __repr__(self) -> str:
        return f"<Table {self.name}: {', '.join(self.columns)}>"


def is_table(value: Any) -> bool:
    """Tell whether `read_table` takes this: a Table, a path, a dataframe, or a dict of columns."""
    return isinstance(value, (Table, str, os.PathLike, Mapping)) or frames.is_frame(value)


def read_table(source: Any) -> Table:
    """Open a table: a file, a dataframe, or a dict of columns.

    Parameters
    ----------
    source
        The path of a CSV file (its first line names the columns; commas, semicolons, tabs or bars
        between them; UTF-8, or CP949 as Korean spreadsheets write it), of a Parquet file, of an
        .npy file (structured, or (N, D), whose columns are then x0, x1, ...) or of an .npz file (an
        array (N,) is a column by its name, an array x of (N, D) the columns x0, x1, ...). Or a
        dataframe of pandas, Polars, PyArrow or any other library that narwhals knows. Or a dict of
        columns: {"age": [31, 54], "city": ["Seoul", "Busan"]}.

    Files are read in blocks and never held in memory as a whole, and no pickle is ever read. Raises
    FileError for a file that cannot be read, InputError for columns of the same name, and where
    pyarrow and narwhals are missing: pip install "pellucid[tables]".

    >>> read_table({"age": [31, 54], "city": ["Seoul", "Busan"]}).columns
    ['age', 'city']
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        return Table(path, *_open(path))
    if isinstance(source, Mapping):
        return Table("the table", *frames.of_dict(source))
    if frames.is_frame(source):
        return Table("the table", *frames.of_frame(source))
    raise InputError(
        "expected the path of a table (.csv, .parquet, .npy, .npz), a dataframe or a dict of "
        "columns; got {got}",
        got=type(source).__name__,
    )


def _open(path: str) -> tuple[list[str], Callable[[Sequence[str]], Iterator[Block]]]:
    """Give the column names of a file and the function that goes through its rows.

    Content decides, not the name.
    """
    with open_file(path) as file:
        start = file.read(6)
    if start.startswith(b"PAR1"):
        return parquet.open_parquet(path)
    if start == b"\x93NUMPY":
        return arrays.open_npy(path)
    if start.startswith(b"PK\x03\x04"):
        return arrays.open_npz(path)
    if b"\0" in start or Path(path).suffix.lower() in (".parquet", ".npy", ".npz", ".xlsx", ".xls"):
        raise FileError(
            "{path}: no table that can be read here: expected CSV, Parquet, .npy or .npz, "
            "undamaged",
            path=path,
        )
    return csv_file.open_csv(path)
