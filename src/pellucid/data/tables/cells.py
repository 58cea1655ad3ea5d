"""The cells of one column as numbers and as texts, and errors that name a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pellucid.core.types import Array
from pellucid.data.tables.dated import DAY, Dating
from pellucid.data.tables.written import Writing
from pellucid.errors import FileError, InputError, Message
from pellucid.extras import library
from pellucid.files import limits

Form: TypeAlias = Writing | Dating
ANY = Writing()

ArrowArray: TypeAlias = Any  # a pyarrow.Array; pyarrow has no types
Block: TypeAlias = list[ArrowArray]  # one array for each column, all of one length
Blocks: TypeAlias = Callable[[Sequence[str]], Iterator[Block]]  # from names of columns to blocks
Opened: TypeAlias = tuple[list[str], Blocks]  # a table's column names, and its rows

_OF_PANDAS = "|NA|N/A|n/a|#N/A|#NA|<NA>|#N/A N/A|NaN|nan|-NaN|-nan|NULL|null|None"
_OF_C = "-1.#IND|-1.#QNAN|1.#IND|1.#QNAN"  # printed for NaN by old compilers of Microsoft

MISSING = frozenset(["?", *_OF_PANDAS.split("|"), *_OF_C.split("|")])
"""Texts that mean a missing cell: those of pandas, and the question mark of old data sets."""

LARGEST = 1e38
"""A number beyond this, positive or negative, does not fit into float32."""

NOT_A_NUMBER = Message("{text} is not a number: fix the cell or leave it empty")
NOT_A_NUMBER_YET = Message(
    "{text} is not a number: fix the cell, leave it empty, or pass --category {column} to train"
)
NOT_A_DATE = Message("{text} is not a date: fix the cell or leave it empty")
OTHER_UNIT = Message("{text} is not in the unit of the training table: {unit}")
INFINITE = Message("{text} is infinite or beyond 1e+38: fix the cell or leave it empty")
NO_TARGET = Message("the target is missing: fill it in or remove the row")

_WHOLE = re.compile(r"([-+]?\d+)\.0+", re.ASCII)


class CellError(InputError):
    """A cell of a table that cannot be used; other rows may be fine."""


class Cell(NamedTuple):
    """A cell that cannot be used: its row, counted from 1, its text, and how many are like it."""

    row: int
    text: str
    times: int

    def error(self, table: str, column: str, problem: Message) -> CellError:
        """Return the error that names table, row and column."""
        return CellError(
            "{table}: row {row} (counted from 1 below the names), column {column}: {problem} "
            "({count} such cells)",
            table=table,
            row=self.row,
            column=column,
            problem=Message(problem, text=repr(self.text), column=column),
            count=self.times,
        )


class Numbers(NamedTuple):
    """A column's cells as numbers: values (n,) float64, NaN where missing or unreadable (n,)."""

    values: Array
    unreadable: Array


class Texts(NamedTuple):
    """A column's cells as texts: codes (n,) into names, -1 where missing.

    Two codes may have the same name.
    """

    codes: Array
    names: list[str]


class Cells:
    """The cells of one column in one block.

    `family` is "number", "date" (times, too), "text", "category" (declared so by a dataframe) or
    "other" (lists, ...). `form` is how its texts are written, and so which number each is.
    """

    def __init__(self, array: ArrowArray, form: Form = ANY) -> None:
        self.array, self.form = array, form
        self.family = _family(array)

    @property
    def boolean(self) -> bool:
        """Whether they are stored as truth values."""
        return bool(library("pyarrow.types", "tables").is_boolean(self.array.type))

    @cached_property
    def numbers(self) -> Numbers:
        """The cells as numbers; dates in days since 1970."""
        if self.cast is None:
            return _numbers_of_texts(self)
        return Numbers(self.cast, np.zeros(len(self.cast), bool))

    @cached_property
    def cast(self) -> Array | None:
        """The cells as Arrow makes numbers of them; None where it cannot."""
        return _cast(self)

    @cached_property
    def texts(self) -> Texts:
        """The cells as texts in a form that is the same from every kind of file."""
        return Texts(self.written.codes, [canonical(name) for name in self.written.names])

    @cached_property
    def written(self) -> Texts:
        """The cells as texts, without blanks around them."""
        return _as_texts(self)

    def text(self, index: int) -> str:
        """Return the text of one cell; "" where it is null."""
        # Not as_py, which refuses nanoseconds.
        return "".join(Cells(self.array.slice(index, 1)).texts.names)


def check_cells(table: str, rows: int, columns: int, size: int) -> None:
    """Raise FileError for more cells than a file of `size` bytes may claim (`files.limits`)."""
    if rows * columns > limits.cells(size):
        raise FileError(
            "{table}: {rows:,} rows of {columns:,} columns, too many cells for a file of its size: "
            "write it as CSV, if you trust it",
            table=table,
            rows=rows,
            columns=columns,
        )


def as_plain(array: ArrowArray) -> ArrowArray:
    """Return texts that are kept once each (a dictionary, views) as an ordinary array."""
    arrow, types = library("pyarrow", "tables"), library("pyarrow.types", "tables")
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if _is_text(array.type) and not types.is_string(array.type):
        array = library("pyarrow.compute", "tables").cast(array, arrow.string())
    return array


def check_texts(table: str, array: ArrowArray) -> None:
    """Raise FileError for texts that are kept once each and would take more bytes as an ordinary
    array than `files.limits` allow.
    """
    if _text_bytes(array) > limits.CELL_TEXT:
        raise FileError(
            "{path}: the texts of {count:,} cells of one column take more than {most:,} bytes: "
            "shorten them",
            path=table,
            count=len(array),
            most=limits.CELL_TEXT,
        )


def _text_bytes(array: ArrowArray) -> int:
    arrow, types = library("pyarrow", "tables"), library("pyarrow.types", "tables")
    compute, kind = library("pyarrow.compute", "tables"), array.type
    if types.is_dictionary(kind) and _is_text(array.dictionary.type):
        if types.is_string_view(array.dictionary.type):
            lengths = _view_lengths(array.dictionary)
        else:
            lengths = compute.binary_length(array.dictionary)
        lengths = lengths.take(array.indices)
    elif types.is_string_view(kind):
        lengths = _view_lengths(array)
    else:
        return 0  # nothing is kept once
    return compute.sum(compute.cast(lengths, arrow.int64())).as_py() or 0


def _view_lengths(array: ArrowArray) -> ArrowArray:
    """Return the lengths of views, of which Arrow computes none: each begins with its own."""
    views = np.frombuffer(array.buffers()[1], np.int32)[4 * array.offset :][: 4 * len(array)]
    return library("pyarrow", "tables").array(views[::4].astype(np.int64))


def canonical(text: str) -> str:
    """Return the form of a text that is the same from every kind of file.

    >>> [canonical(text) for text in (" Seoul ", "True", "3.0", "3.5")]
    ['Seoul', 'true', '3', '3.5']
    """
    text = text.strip()
    if text in ("True", "TRUE", "False", "FALSE"):
        return text.lower()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _family(array: ArrowArray) -> str:
    types, kind = library("pyarrow.types", "tables"), array.type
    if types.is_dictionary(kind):
        return "category"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind):
        return "date"
    if types.is_null(kind) or types.is_boolean(kind) or types.is_temporal(kind):
        return "text"
    return "text" if _is_text(kind) else "other"


def _is_text(kind: Any) -> bool:
    types = library("pyarrow.types", "tables")
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _cast(cells: Cells) -> Array | None:
    """Return the cells as numbers by Arrow, fast; None where each text is to be looked at."""
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    if cells.family == "category" or cells.boolean:
        # Arrow would cast truth values to 0 and 1, where a CSV file has "true" and "false".
        return None
    try:
        if isinstance(cells.form, Dating):
            return _days(cells)
        # Of a decimal comma, "1.234" is no plain number
        if cells.family != "number" and (cells.family == "date" or cells.form.decimal == ","):
            return None
        # safe=True would refuse whole numbers beyond 2^53 instead of rounding them.
        cast = compute.cast(cells.array, arrow.float64(), safe=False)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):  # blanks around, or other texts
        return None
    if cast.null_count:
        cast = compute.fill_null(cast, np.nan)
    values: Array = cast.to_numpy(zero_copy_only=False)
    return values


def _days(cells: Cells) -> Array | None:
    """Return times and dates as days since 1970, of times alone as shares of a day."""
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    types, kind, array = library("pyarrow.types", "tables"), cells.array.type, cells.array
    if types.is_time(kind):
        array = compute.cast(compute.cast(array, arrow.time64("us"), safe=False), arrow.int64())
    elif cells.family == "date":
        moments = arrow.timestamp("us", getattr(kind, "tz", None))
        array = compute.cast(compute.cast(array, moments, safe=False), arrow.int64())
    elif cells.family == "text" and not cells.boolean:
        array = _moments(array)
    else:
        return None
    values: Array = compute.cast(array, arrow.float64()).to_numpy(zero_copy_only=False) / DAY
    return values


def _moments(texts: ArrowArray) -> ArrowArray:
    """Return ISO texts as microseconds since 1970, much faster than one by one; ArrowInvalid where
    one is none.
    """
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    try:
        found = compute.cast(texts, arrow.timestamp("us"))
    except arrow.ArrowInvalid:  # of texts with an offset from UTC, which all must have
        found = compute.cast(texts, arrow.timestamp("us", "UTC"))
    return compute.cast(found, arrow.int64())


def _numbers_of_texts(cells: Cells) -> Numbers:
    codes, names = cells.texts if cells.family == "number" else cells.written
    found = [cells.form.read(name) for name in names]
    # The last entry is that of code -1, a missing cell.
    values = np.array([np.nan if number is None else number for number in found] + [np.nan])
    unreadable = np.array([number is None for number in found] + [False])
    return Numbers(values[codes], unreadable[codes])


def _as_texts(cells: Cells) -> Texts:
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    array = as_plain(cells.array)
    try:
        if array.type != arrow.string():  # a call costs more than a short column
            array = compute.cast(array, arrow.string())
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):  # spans of time, for example
        texts = [None if cell is None else str(cell) for cell in array.to_pylist()]
        array = arrow.array(texts, arrow.string())
    # Every different text is looked at once, however many rows have it.
    encoded = compute.dictionary_encode(array)
    indices = encoded.indices
    if indices.null_count:
        indices = compute.fill_null(indices, -1)
    codes = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    names = [text.strip() for text in encoded.dictionary.to_pylist()]
    present = np.array([name not in MISSING for name in names] + [False])  # the last: code -1
    return Texts(np.where(present[codes], codes, -1), names)
