"""`to_sql`: check the request, choose the columns of the answer, and write the file."""

from __future__ import annotations

import os
from pathlib import Path

from pellucid.core import checks
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.data.tables import Columns
from pellucid.data.tables.kinds import CategoryColumn, DateColumn, Label
from pellucid.errors import InputError
from pellucid.exchange.guards import check_network
from pellucid.exchange.sql.layer_code import SIGMOID, convert
from pellucid.exchange.sql.query import Query
from pellucid.exchange.sql.raw_row import REAL, encode
from pellucid.exchange.sql.words import comment, name, text, total
from pellucid.files.atomic import write_whole
from pellucid.lens.entries import predicts_classes, value_names
from pellucid.network import Network

# Parameters: 3 MB of text. DuckDB plans the query in 10 s, SQLite in a minute, growing with the
# square, since it compares each number with all before.
LARGEST = 100_000


def to_sql(
    net: Network, path: str | os.PathLike[str], *, table: str = "samples", key: str = "id"
) -> Path:
    """Write a network as one SQL query that predicts every row of a table; return the path.

    The query gives the key and, for classes, `prediction`, `confidence` and `output NAME` for each
    output; for values `prediction`, or `prediction NAME` for several. There is no semicolon at its
    end, so that it can stand in brackets: `SELECT ... FROM (query)`. It computes in double
    precision, in SQLite from 3.35 on (with its mathematical functions) and DuckDB as they are.

    Parameters
    ----------
    net
        The network; every layer must be one of pellucid's own, GELU with an error of up to 1.5e-7.
    path
        The file, which is replaced.
    table
        The table, or view, of the rows. A network of a table takes its columns by name: numbers,
        texts (NULL or "" where missing), and dates as days since 1970-01-01; a row with another
        text for a number has NULL for all answers. Other networks take the columns x0, x1, ... of
        numbers.
    key
        A column that recognizes a row; it comes back with its prediction.

    Raises InputError for a layer of your own, for numbers that are not finite, for names that SQL
    cannot have, and for a network of more than 100,000 parameters; FileError where the file
    cannot be written.

    >>> import pellucid as pl, sqlite3, tempfile
    >>> net = pl.Network([pl.Affine([[1.0], [2.0]], [0.5])])
    >>> rows = sqlite3.connect(":memory:")
    >>> _ = rows.execute("CREATE TABLE samples AS SELECT 7 AS id, 1.0 AS x0, 3.0 AS x1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     query = to_sql(net, f"{folder}/net.sql").read_text()
    >>> rows.execute(query).fetchall()
    [(7, 7.5)]
    """
    check_network(net)
    if net.parameter_count > LARGEST:
        template = "{count:,} parameters are too many for a query, which may have {most:,}"
        raise InputError(template, count=net.parameter_count, most=LARGEST)
    query = Query(name(table), name(key))
    usable = _inputs(net, query)
    convert(net.layers, query)
    answer = _answer(net, query, usable)
    steps = ",\n".join(query.steps)
    lines = [*_about(net, table, key), f"WITH {steps}", "SELECT", "  " + ",\n  ".join(answer)]
    write_whole(path, "\n".join([*lines, f"FROM {query.source}", ""]).encode())
    return Path(os.fsdecode(path))


def _inputs(net: Network, query: Query) -> str | None:
    """Add the steps before the first layer; return the column that says which rows are usable."""
    if isinstance(net.inputs, Columns):
        return encode(net.columns.columns, query)
    D = checks.input_width(net.layers)
    if D is None:
        raise InputError("SQL needs a fixed number of inputs: add a layer with weights")
    query.add([REAL.format(cell=f"x{index}") for index in range(D)], "inputs")
    return None


def _answer(net: Network, query: Query, usable: str | None) -> list[str]:
    """Return the columns of the answer, each as `expression AS name`."""
    if not predicts_classes(net):
        outputs = query.columns
        names = value_names(net, len(outputs))
        heads = ["prediction"] if len(outputs) == 1 else [f"prediction {each}" for each in names]
        found = dict(zip(heads, outputs, strict=True))
    else:
        chosen, confidence = _chosen(net, query)
        found = {"prediction": chosen, "confidence": confidence}
        found |= {f"output {net.label(k)}": column for k, column in enumerate(query.columns)}
    form = (
        "{each} AS {head}"
        if usable is None
        else f"CASE WHEN {usable} = 1 THEN {{each}} END AS {{head}}"
    )
    return [query.key, *(form.format(each=each, head=name(head)) for head, each in found.items())]


def _chosen(net: Network, query: Query) -> tuple[str, str]:
    """Return the class of a row, as `Network.choose`, and `Network.confidence`, in SQL."""
    bounded = isinstance(net.layers[-1], (Sigmoid, Softmax))
    most = query.largest()
    labels = [_label(label) for label in _labels(net, max(len(query.columns), 2))]
    if len(query.columns) == 1:
        p = most if bounded else query.beside(SIGMOID.format(v=most), "the probability of class 1")
        outcome = f"CASE WHEN {p} >= 5e-1 THEN {{}} ELSE {{}} END"
        return outcome.format(labels[1], labels[0]), outcome.format(p, f"1e0 - {p}")
    # The first of equal outputs
    cases = [
        f"WHEN {v} >= {most} THEN {label}" for v, label in zip(query.columns, labels, strict=True)
    ]
    chosen = f"CASE {' '.join(cases)} END"
    if bounded:
        return chosen, most
    terms = [f"exp({column} - {most})" for column in query.columns]
    return chosen, f"1e0 / ({total(terms)})"


def _labels(net: Network, count: int) -> list[Label]:
    names = [net.label(index) for index in range(count)]
    if isinstance(net.inputs, Columns):
        return net.columns.labels(names)
    return [*names] if net.classes else [*range(count)]


def _label(label: Label) -> str:
    if isinstance(label, str):
        return text(label)
    return str(label).upper()  # TRUE, FALSE, or a whole number


def _about(net: Network, table: str, key: str) -> list[str]:
    """Return the comment at the top of the file."""
    lines = [f"Written by pellucid. {net.parameter_count:,} parameters.", f"Table {table}, with:"]
    lines.append(f"  {key}: recognizes a row; it comes back with its prediction")
    if not isinstance(net.inputs, Columns):
        lines.append("  x0, x1, ...: numbers")
    for column in net.columns.columns if isinstance(net.inputs, Columns) else ():
        kind = "a number"
        if isinstance(column, CategoryColumn):
            kind = "a text"
        elif isinstance(column, DateColumn):
            kind = "days since 1970-01-01: epoch(date) / 86400 in DuckDB, "
            kind += "julianday(date) - 2440587.5 in SQLite"
        lines.append(f"  {column.name}: {kind}, NULL where missing")
    return [comment(line) for line in lines]
