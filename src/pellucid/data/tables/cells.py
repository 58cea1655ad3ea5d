"""What the cells of one column say: numbers, texts, or nothing."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from pellucid.core.types import Array
from pellucid.extras import library

MISSING = frozenset(
    (
        *(
            "",
            "?",
            "NA",
            "N/A",
            "n/a",
            "#N/A",
            "#NA",
            "<NA>",
            "NaN",
            "nan",
            "-NaN",
            "-nan",
            "NULL",
            "null",
            "None",
        ),
        *("#N/A N/A", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"),
    )
)
"""Texts that mean a missing cell.

Those that pandas takes for one, and the question mark of old data sets.
"""

LARGEST = 1e38
"""A number beyond this, up or down, does not fit into float32."""

_NUMBER = re.compile(
    r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)", re.IGNORECASE | re.ASCII
)
_WHOLE = re.compile(r"([-+]?\d+)\.0+", re.ASCII)


class Numbers(NamedTuple):
    """A column's cells as numbers: values (n,) float64, NaN where missing.

    Which cells are no numbers at all.
    """

    values: Array
    unreadable: Array


class Texts(NamedTuple):
    """A column's cells as texts: codes (n,) into names, -1 where missing.

    Two codes may have the same name.
    """

    codes: Array
    names: list[str]


def family(array: Any) -> str:
    """Tell what kind of cells an Arrow array holds.

    "number", "text", "category" (declared) or "other".
    """
    types = library("pyarrow.types", "tables")
    kind = array.type
    if types.is_dictionary(kind):
        return "category"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    texts = (
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_boolean,
        types.is_temporal,
    )
    return "text" if types.is_null(kind) or any(is_kind(kind) for is_kind in texts) else "other"


def as_numbers(array: Any) -> Numbers:
    """Give the cells as numbers."""
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    types = library("pyarrow.types", "tables")
    if (
        types.is_boolean(array.type)
        or types.is_temporal(array.type)
        or types.is_dictionary(array.type)
    ):
        return _numbers_of_texts(as_texts(array))  # truth values are texts, as in a CSV file
    try:
        cast = compute.cast(array, arrow.float64(), safe=False)
    except (
        arrow.ArrowInvalid,
        arrow.ArrowNotImplementedError,
    ):  # blanks around, or texts that are no numbers
        return _numbers_of_texts(as_texts(array))
    values = compute.fill_null(cast, np.nan).to_numpy(zero_copy_only=False)
    return Numbers(values, np.zeros(len(values), bool))


def as_texts(array: Any) -> Texts:
    """Give the cells as texts, blanks around them taken away, missing ones told."""
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    if family(array) == "category":
        array = array.dictionary_decode()
    try:
        array = compute.cast(array, arrow.string())
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
        array = arrow.array(
            [None if cell is None else str(cell) for cell in array.to_pylist()], arrow.string()
        )
    encoded = compute.dictionary_encode(array)
    codes = compute.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = [canonical(text) for text in encoded.dictionary.to_pylist()]
    present = np.array(
        [name not in MISSING for name in names] + [False]
    )  # the last is that of code -1
    return Texts(np.where(present[codes], codes, -1), names)


def canonical(text: str) -> str:
    """Give the one way in which a text is written here, so that it is the same from every kind of
    file.

    >>> [canonical(text) for text in (" Seoul ", "True", "3.0", "3.5")]
    ['Seoul', 'true', '3', '3.5']
    """
    text = text.strip()
    if text in ("True", "TRUE", "False", "FALSE"):
        return text.lower()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def as_number(text: str) -> float | None:
    """Give the number that a text says, infinity too, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _numbers_of_texts(texts: Texts) -> Numbers:
    found = [as_number(name) for name in texts.names]
    values = np.array([np.nan if number is None else number for number in found] + [np.nan])
    unreadable = np.array([number is None for number in found] + [False])
    return Numbers(values[texts.codes], unreadable[texts.codes])
