"""A table's raw columns in SQL, encoded as `data.tables.reading` does it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pellucid.data.tables.kinds import CategoryColumn, Column, DateColumn, EmbeddedColumn, Numeric
from pellucid.data.tables.moments import PERIODS
from pellucid.exchange.raw_columns import text_codes
from pellucid.exchange.sql.query import Query
from pellucid.exchange.sql.words import name, number, text

REAL = "CAST({cell} AS DOUBLE PRECISION)"


def encode(columns: Sequence[Column], query: Query) -> None:
    """Add the steps that turn the cells of a row into the network's inputs."""
    query.add([_cell(column) for column in columns], "cells: numbers, and codes of categories")
    cells = zip(columns, query.columns, strict=True)
    query.add([number for column, cell in cells for number in _numbers(column, cell)], "inputs")


def _cell(column: Column) -> str:
    if not isinstance(column, CategoryColumn):
        return REAL.format(cell=name(column.name))
    codes = {word: code for word, code in text_codes(column).items() if "\0" not in word}
    cases = " ".join(f"WHEN {text(word)} THEN {code}" for word, code in codes.items())
    missing = len(column.categories) if column.missing else -1
    own = f"trim(CAST({name(column.name)} AS VARCHAR))"
    known = f"CASE {own} {cases} ELSE -1 END" if cases else "-1"
    return f"CASE WHEN {name(column.name)} IS NULL THEN {missing} ELSE {known} END"


def _numbers(column: Column, cell: str) -> list[str]:
    if isinstance(column, EmbeddedColumn):  # an index; of an unseen category it is 0
        return [f"{cell} + 1"]
    if isinstance(column, CategoryColumn):
        return [f"CASE WHEN {cell} = {code} THEN 1e0 ELSE 0e0 END" for code in range(column.width)]
    return _numeric(column, cell)


def _numeric(column: Numeric, cell: str) -> list[str]:
    found = [f"COALESCE({cell}, {number(column.mean)}) - {number(column.offset)}"]
    if column.missing:
        found.append(f"CASE WHEN {cell} IS NULL THEN 1e0 ELSE 0e0 END")
    for cycle in column.cycles if isinstance(column, DateColumn) else ():
        period, turn = number(PERIODS[cycle]), number(2 * math.pi / PERIODS[cycle])
        angle = f"({cell} - floor({cell} / {period}) * {period}) * {turn}"
        found += [f"COALESCE({wave}({angle}), 0e0)" for wave in ("sin", "cos")]
    return found
