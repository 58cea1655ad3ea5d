"""Numbers, texts and names as SQL writes them, the same in every database."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import InputError

AT_ONCE = 32
"""Terms of a sum side by side: databases nest a sum as deeply as it is long, SQLite 1,000 deep."""


def number(value: float | np.floating) -> str:
    """Return the shortest decimal of the value in its own type.

    Always with an exponent: without one DuckDB and PostgreSQL would compute in decimals.

    >>> number(np.float32(0.1)), number(-2.0)
    ('1e-1', '-2e+0')
    """
    if not np.isfinite(value):
        raise InputError("SQL has no NaN and no infinity, and a parameter is one")
    text = np.format_float_scientific(value, trim="-", exp_digits=1)
    return text.replace("e-0", "e+0") if text.endswith("e-0") else text


def text(value: str) -> str:
    """Return a string literal.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """Return the name of a column or table in quotation marks; InputError where it can be none."""
    if not value or "\0" in value:
        raise InputError("{name} cannot be a name in SQL", name=repr(value))
    return '"' + value.replace('"', '""') + '"'


def comment(value: str) -> str:
    """Return a comment of one line."""
    return "-- " + "".join(c if c.isprintable() else " " for c in value)


def total(terms: Sequence[str]) -> str:
    """Return the sum of the terms, nested only a little.

    >>> total(["a", "b"])
    'a + b'
    """
    while len(terms) > AT_ONCE:
        parts = [terms[start : start + AT_ONCE] for start in range(0, len(terms), AT_ONCE)]
        terms = [f"({' + '.join(part)})" for part in parts]
    return " + ".join(terms)


def weighted(weights: Array, columns: Sequence[str], bias: float | None) -> str:
    """Return the weighted sum of columns and the bias; weights of 0 add nothing."""
    terms = [f"{number(w)} * {c}" for w, c in zip(weights, columns, strict=True) if w != 0]
    terms += [number(bias)] if bias is not None and (bias != 0 or not terms) else []
    return total(terms or ["0e+0"])


def largest(columns: Sequence[str]) -> str:
    """Return the largest of a few columns.

    `greatest` would be shorter, but SQLite calls it `max`.

    >>> largest(["a", "b", "c"])
    'CASE WHEN a >= b AND a >= c THEN a WHEN b >= c THEN b ELSE c END'
    """
    cases = []
    for index, column in enumerate(columns[:-1]):
        above = " AND ".join(f"{column} >= {other}" for other in columns[index + 1 :])
        cases.append(f"WHEN {above} THEN {column}")
    return f"CASE {' '.join(cases)} ELSE {columns[-1]} END" if cases else columns[0]
