"""Numbers in files whose cells are all texts (CSV, JSON): one type a column for a whole scoring.

The types are decided from rows at many places of the files before any block is scored, so that all
results have the same columns. A column is one of numbers only where no digit is lost: 0012 and
identifiers of twenty digits stay texts.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from pellucid.core.checks import input_width
from pellucid.data.tables.cells import LARGEST, NOT_A_NUMBER, Cells
from pellucid.data.tables.kinds import NumberColumn
from pellucid.data.tables.sifting import REASON
from pellucid.distributed.batches import ArrowTable
from pellucid.distributed.blocks import Block, read_block, table_of
from pellucid.errors import Message
from pellucid.extras import library
from pellucid.language import mark
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network

Types: TypeAlias = tuple[tuple[str, str], ...]
"""The columns of numbers, each with its Arrow type, "int64" or "double", or READ or INPUT."""

READ, INPUT = "read", "input"
"""Types of columns that a network takes: its columns say what it reads, or it has none."""

ArrowColumn: TypeAlias = Any  # a pyarrow.Array; pyarrow has no types

PLACES = 32
"""At so many places, one a block, rows are looked at: at the first up to 4 MB of them."""

_ROWS = 5_000  # of a place beside the first
_WRITTEN = {
    "int64": r"^(0|-?[1-9][0-9]{0,17})$",
    "double": r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,3})?$",
}
_KINDS = list(_WRITTEN)
_POWERS = 10 ** np.arange(1, 19, dtype=np.int64)  # 19 digits: the most of an int64

_PROBLEM = mark(
    "column {column}: {text} is not a number like the cells of this column that were looked at "
    "first: keep the column as text (--text {column}), or fix the cell"
)


def types_of(blocks: Sequence[Block], texts: Container[str], net: Network) -> Types:
    """Return the types of the columns of numbers in those blocks whose cells are texts; those of
    `texts` stay texts.

    A column that the network takes as numbers has the numbers that it reads. Other columns are
    numbers where all cells are that are looked at.
    """
    found = {name: READ for name in _plain(net) if name not in texts}
    inputs = [] if knows_columns(net) else [f"x{d}" for d in range(input_width(net.layers) or 0)]
    found |= {name: INPUT for name in inputs if name not in texts}
    written: dict[str, set[str]] = {}  # the types in which all cells so far are written
    for table in _samples(blocks):
        for name in table.column_names:
            left = written.get(name, set(_WRITTEN))
            if left and not (name in found or name in texts or _is_empty(table[name])):
                written[name] = {kind for kind in left if _all_match(table[name], _WRITTEN[kind])}
    found |= {name: min(kinds, key=_KINDS.index) for name, kinds in written.items() if kinds}
    return tuple(found.items())


def _plain(net: Network) -> list[str]:
    """Return the columns of numbers that a network reads as they are: without a unit, without
    texts that it takes as missing, and without truth values.
    """
    return [
        column.name
        for column in (net.columns.columns if knows_columns(net) else ())
        if isinstance(column, NumberColumn)
        and (column.decimal, column.unit, column.mistakes) == (".", "", False)
        and (column.low, column.high) != (0, 1)
    ]


def with_numbers(table: ArrowTable, types: Types) -> tuple[ArrowTable, dict[int, Message]]:
    """Return a table with its columns of numbers as such, and the rows whose cells are none, by
    their places, each with the reason; those of columns that a network reads are its affair.
    """
    is_string = library("pyarrow.types", "tables").is_string
    refused: dict[int, Message] = {}
    for name, kind in types:
        if name not in table.column_names or not is_string(table[name].type):
            continue
        texts = table[name].combine_chunks()
        numbers = _as_read(texts) if kind == READ else _cast(texts, kind)
        if numbers is None:
            bad = _no_numbers(texts, kind)
            for row in bad:
                refused.setdefault(row, _problem(name, repr(texts[row].as_py()), kind))
            numbers = _cast(_without(texts, bad), kind)
        table = table.set_column(table.column_names.index(name), name, numbers)
    return table, refused


def parsed(table: ArrowTable, kept: ArrowTable, types: Types) -> ArrowTable:
    """Return a table with the numbers that were made of its texts for what is kept, so that the
    network does not parse them again: those of columns whose every text is an ordinary number.
    """
    compute = library("pyarrow.compute", "tables")
    for name, kind in types:
        if kind != READ or name not in kept.column_names or name not in table.column_names:
            continue
        numbers = kept[name]
        ends = compute.min_max(numbers).as_py().values()
        # Otherwise the network looks at the texts, which rejections quote
        if numbers.null_count == table[name].null_count and all(
            end is not None and abs(end) <= LARGEST for end in ends
        ):
            table = table.set_column(table.column_names.index(name), name, numbers)
    return table


def _problem(column: str, text: str, kind: str) -> Message:
    if kind == INPUT:
        return Message(REASON, column=column, problem=Message(NOT_A_NUMBER, text=text))
    return Message(_PROBLEM, column=column, text=text)


def _as_read(texts: ArrowColumn) -> ArrowColumn:
    """Return the numbers that a network reads in plain texts; null where a text is none."""
    values = Cells(texts).numbers.values
    return library("pyarrow", "tables").array(values, mask=np.isnan(values))


def _is_empty(cells: ArrowColumn) -> bool:
    return bool(cells.null_count == len(cells))


def _samples(blocks: Sequence[Block]) -> Iterator[ArrowTable]:
    """Yield the first rows of blocks whose cells are texts, of some where there are many."""
    untyped = [block for block in blocks if block.kind == "bytes"]
    untyped += [
        block for block in blocks if block.kind == "whole" and not table_of(block.path).typed
    ]
    step = max(1, -(-len(untyped) // PLACES))
    for place, block in enumerate(untyped[::step]):
        for table in islice(read_block(block), 1):
            yield table.slice(0, _ROWS) if place else table


def _all_match(texts: ArrowColumn, pattern: str) -> bool:
    compute = library("pyarrow.compute", "tables")
    return bool(compute.all(compute.match_substring_regex(texts, pattern)).as_py())


def _no_numbers(texts: ArrowColumn, kind: str) -> list[int]:
    """Return the places of the cells that are no numbers."""
    compute = library("pyarrow.compute", "tables")
    found = compute.match_substring_regex(texts, _WRITTEN.get(kind, _WRITTEN["double"]))
    doubtful = np.flatnonzero(~compute.fill_null(found, True).to_numpy(zero_copy_only=False))
    return [row for row in doubtful.tolist() if _cast(texts.slice(row, 1), kind) is None]


def _cast(texts: ArrowColumn, kind: str) -> ArrowColumn | None:
    """Return texts as numbers; None where one is no number, or a digit would be lost."""
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    try:
        numbers = compute.cast(texts, "double" if kind == INPUT else kind)
    except arrow.ArrowInvalid:
        return None
    if kind == "int64":  # 0012 and +5 are longer than their numbers
        values = compute.fill_null(numbers, 0).to_numpy(zero_copy_only=False)
        lengths = compute.fill_null(compute.binary_length(texts), 1).to_numpy(zero_copy_only=False)
        digits = 1 + np.searchsorted(_POWERS, np.abs(values), side="right")
        if (lengths != digits + (values < 0)).any():
            return None
    return numbers


def _without(texts: ArrowColumn, places: Sequence[int]) -> ArrowColumn:
    """Return texts with missing cells at some places."""
    arrow, compute = library("pyarrow", "tables"), library("pyarrow.compute", "tables")
    gone = np.zeros(len(texts), bool)
    gone[list(places)] = True
    return compute.if_else(arrow.array(gone), arrow.scalar(None, texts.type), texts)
