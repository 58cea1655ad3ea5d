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


def encode(columns: Sequence[Column], query: Query) -> str:
    """Add the steps that turn the cells of a row into the network's inputs.

    Returns a column, beside the row in all further steps, that is 1 where every number of the row
    is one, else 0: SQLite would take "abc" for 0, and a date for a year.
    """
    names = [name(column.name) for column in columns]
    texts = [f"NULLIF(trim(CAST({each} AS VARCHAR)), '')" for each in names]
    query.add([*names, *texts], "cells, and as texts; empty ones are missing")
    raw, texts = query.columns[: len(columns)], query.columns[len(columns) :]
    cells = list(zip(columns, raw, texts, strict=True))
    wrong = [_wrong(text) for column, _, text in cells if not isinstance(column, CategoryColumn)]
    usable = f"CASE WHEN {' OR '.join(wrong)} THEN 0 ELSE 1 END" if wrong else "1"
    query.add([usable, *(_cell(*each) for each in cells)], "usable? numbers, codes of categories")
    found, *numbers = query.columns
    query.columns = [found]
    query.hold()
    coded = zip(columns, numbers, strict=True)
    query.add([each for column, cell in coded for each in _numbers(column, cell)], "inputs")
    return found


def _wrong(text: str) -> str:
    """Return the condition that a text is no number; for NULL it is unknown, which is no yes."""
    lower = f"lower({text})"
    bare = lower
    for digit in "0123456789":
        bare = f"replace({bare}, '{digit}', '')"
    left = bare
    for sign in ("e+", "e-", "e", "."):
        left = f"replace({left}, '{sign}', '')"
    minus = f"{text} LIKE '%_-%' AND {lower} NOT LIKE '%e-%'"
    signs = f"{left} NOT IN ('', '-', '+') OR {text} LIKE '%.%.%' OR {minus}"
    return f"({bare} = {lower} OR {signs})"


def _cell(column: Column, raw: str, own: str) -> str:
    if not isinstance(column, CategoryColumn):
        fine = REAL.format(cell=raw)
        return f"CASE WHEN {own} IS NULL OR {_wrong(own)} THEN NULL ELSE {fine} END"
    codes = {word: code for word, code in text_codes(column).items() if "\0" not in word}
    cases = " ".join(f"WHEN {text(word)} THEN {code}" for word, code in codes.items())
    missing = len(column.categories) if column.missing else -1
    known = f"CASE {own} {cases} ELSE -1 END" if cases else "-1"
    return f"CASE WHEN {own} IS NULL THEN {missing} ELSE {known} END"


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
