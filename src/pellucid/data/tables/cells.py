"""The cells of one column as numbers and as texts, and errors that name a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.extras import library

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

NOT_A_NUMBER = Message(
    "{text} is not a number: fix the cell, leave it empty, or pass --category {column} to train"
)
INFINITE = Message("{text} is infinite or beyond 1e+38: fix the cell or leave it empty")
NO_TARGET = Message("the target is missing: fill it in or remove the row")

_NUMBER = re.compile(
    r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)", re.IGNORECASE | re.ASCII
)
_WHOLE = re.compile(r"([-+]?\d+)\.0+", re.ASCII)


class Cell(NamedTuple):
    """A cell that cannot be used: its row, counted from 1, its text, and how many are like it."""

    row: int
    text: str
    times: int

    def error(self, table: str, column: str, problem: Message) -> InputError:
        """Return the error that names table, row and column."""
        return InputError(
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

    `family` is "number", "text", "category" (declared so by a dataframe) or "other" (lists, ...).
    """

    def __init__(self, array: ArrowArray) -> None:
        self.array = array
        self.family = _family(array)

    @property
    def boolean(self) -> bool:
        """Whether they are stored as truth values."""
        return bool(library("pyarrow.types", "tables").is_boolean(self.array.type))

    @cached_property
    def numbers(self) -> Numbers:
        """The cells as numbers."""
        return _as_numbers(self)

    @cached_property
    def texts(self) -> Texts:
        """The cells as texts, without blanks around them."""
        return _as_texts(self)

    def text(self, index: int) -> str:
        """Return the text of one cell; "" where it is null."""
        # Not as_py, which refuses nanoseconds.
        return "".join(Cells(self.array.slice(index, 1)).texts.names)


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


def as_number(text: str) -> float | None:
    """Return the number in a text, infinity too, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _family(array: ArrowArray) -> str:
    types, kind = library("pyarrow.types", "tables"), array.type
    if types.is_dictionary(kind):
        return "category"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_null(kind) or types.is_boolean(kind) or types.is_temporal(kind):
        return "text"
    texts = (types.is_string, types.is_large_string, types.is_string_view)
    return "text" if any(is_kind(kind) for is_kind in texts) else "other"


def _as_numbers(cells: Cells) -> Numbers:
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    types, kind = library("pyarrow.types", "tables"), cells.array.type
    # Arrow would cast truth values to 0 and 1, where a CSV file has the texts "true" and "false".
    if types.is_boolean(kind) or types.is_temporal(kind) or types.is_dictionary(kind):
        return _numbers_of_texts(cells.texts)
    try:
        cast = compute.cast(cells.array, arrow.float64(), safe=False)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):  # blanks around, or other texts
        return _numbers_of_texts(cells.texts)
    values = compute.fill_null(cast, np.nan).to_numpy(zero_copy_only=False)
    return Numbers(values, np.zeros(len(values), bool))


def _numbers_of_texts(texts: Texts) -> Numbers:
    found = [as_number(name) for name in texts.names]
    # The last entry is that of code -1, a missing cell.
    values = np.array([np.nan if number is None else number for number in found] + [np.nan])
    unreadable = np.array([number is None for number in found] + [False])
    return Numbers(values[texts.codes], unreadable[texts.codes])


def _as_texts(cells: Cells) -> Texts:
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    array = cells.array.dictionary_decode() if cells.family == "category" else cells.array
    try:
        array = compute.cast(array, arrow.string())
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):  # spans of time, for example
        texts = [None if cell is None else str(cell) for cell in array.to_pylist()]
        array = arrow.array(texts, arrow.string())
    # Every different text is looked at once, however many rows have it.
    encoded = compute.dictionary_encode(array)
    codes = compute.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = [canonical(text) for text in encoded.dictionary.to_pylist()]
    present = np.array([name not in MISSING for name in names] + [False])  # the last: code -1
    return Texts(np.where(present[codes], codes, -1), names)
