"""`POST /predict/MODEL`: what a person with curl has, and what a person wants to know.

In: a row by column names, a list of rows, CSV, or an image file; the content decides which, since
curl calls everything a form. Out: labels, confidence and units; with ?interval=0.9 how sure they
are.
"""

from __future__ import annotations

import csv
import io
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

import numpy as np

from pellucid.core.types import Batch, Options
from pellucid.data.image_files import is_image
from pellucid.data.tables.dated import iso
from pellucid.data.tables.kinds import Column, DateColumn, NumberColumn
from pellucid.lens.certainty import certainty_of
from pellucid.lens.entries import entries_of
from pellucid.serving.computing import Computing
from pellucid.serving.http import Refused, Request, Response, json_response
from pellucid.serving.http import parse_json as parse
from pellucid.serving.models import Cells, Model

SEVEN = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAABXZoBIAAAAwUlEQVR42mNgGDaAEUKFpD77sfTFHeyS9xQYGBg+"
    "X4UKPuk6w8DAwMDAAuGm6l/TMnSweCzLwPDntSTDozPIOhkYGBgYBA3PmDIw/Lh1XShnGi5nBP+9KIRLTuzl/2Ao"
    "kwlDMlv0/U1cGq1//rPD6fHWf7tZcclxnv1hhVNj3b9tOOW8f3+wxCUnfPffMlxyzKf/3VbGJan2758vLjn5B/+K"
    "GXF78Z8JLjnbT+iSSGFrw8Nw9wuKJAsy56LzO+ITGABpETyQcCy90wAAAABJRU5ErkJggg=="
)
"""The first test digit of MNIST as a PNG file."""


def example(model: Model) -> Response:
    """Return an example of what `predict` takes: a digit, a row of a table, or a list of zeros."""
    if model.digits:
        return Response(SEVEN, ((b"content-type", b"image/png"),))
    if model.columns is None:
        return json_response([0.0] * (model.width or 1))
    return json_response({column.name: usual_cell(column) for column in model.columns.columns})


def usual_cell(column: Column) -> float | str:
    """Return a column's mean in four digits, as a date for dates, or its first category."""
    if isinstance(column, DateColumn):
        return iso(column.mean)
    if isinstance(column, NumberColumn):
        return float(f"{column.mean:.4g}")
    return column.categories[0]


async def predict(model: Model, request: Request, computing: Computing) -> tuple[Response, int]:
    """Return predictions in words, and how many rows there were."""
    level = _level(request.query)
    x, warnings = await _rows(model, request.body, computing)
    y = await computing.predict(model, x)
    entries = entries_of(model.net, y)
    if level is not None:
        sure = await computing.apart(_certainty, model, x, y, level)
        entries = [entry | more for entry, more in zip(entries, sure, strict=True)]
    answer: dict[str, Any] = {"model": model.name, "predictions": entries}
    targets = model.columns.targets if model.columns is not None else ()
    if units := {target.name: target.unit for target in targets if target.unit}:
        answer["units"] = units
    if warnings:
        answer["warnings"] = warnings
    return json_response(answer), len(y)


def _level(query: bytes) -> float | None:
    """Return the level that a query such as interval=0.9 asks for, if any."""
    found = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("interval", [])
    if not found:
        return None
    try:
        [level] = map(float, found)
    except ValueError:
        level = 0.0
    if not 0 < level < 1:
        got = ", ".join(found)[:40]
        raise Refused(400, f"interval must be a number above 0 and below 1, got {got!r}")
    return level


def _certainty(model: Model, x: Batch, y: Batch, level: float) -> list[Options]:
    """Return how sure the network is of each row, as `pellucid predict --json` does, in English.

    Raises InputError where no rows were held out of its training, or too few for the level.
    """
    sure, entries = certainty_of(model.net, x, y, level), []
    for row, reasons in enumerate(sure.unlike):
        entry = sure.entry(model.net, row)
        if "unlike_training" in entry:
            entry["unlike_training"] = [str(reason) for reason in reasons]
        entries.append(entry)
    return entries


async def _rows(model: Model, body: bytes, computing: Computing) -> tuple[Batch, list[str]]:
    if is_image(body[:12]):
        if not model.digits:
            raise Refused(400, f"model {model.name!r} takes no images of digits")
        return await computing.image(body), []
    start = body[:64].lstrip()
    if not start:
        raise Refused(400, "the body is empty: send a row, a list of rows, CSV, or an image")
    if not start.startswith((b"{", b"[")):
        return await rows_of_csv(model, body, computing)
    return await rows_of_json(model, parse(body), computing)


async def rows_of_json(model: Model, value: Any, computing: Computing) -> tuple[Batch, list[str]]:
    """Return the rows of JSON: an object or a list of objects with the cells of a table's columns,
    or a list of numbers or of lists of them.
    """
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        raise Refused(400, "expected a row, or a list of rows that is not empty")
    if isinstance(value[0], dict):
        return await computing.read(model, _cells(model, value))
    return numbers_of(model, value, computing.limits.numbers), []


def numbers_of(model: Model, value: list[Any], most: int) -> Batch:
    """Return a list of numbers, or of lists of numbers, as rows; raise Refused for anything else.

    They are what the network's layers take: of a table, what `net.columns.x` makes of its cells.
    """
    try:
        array = np.array(value)
    except (ValueError, OverflowError) as error:
        raise Refused(400, "rows must be lists of numbers, all of one length") from error
    if array.dtype.kind not in "biuf":  # NumPy takes true and false among numbers for 1 and 0
        raise Refused(400, "rows must be lists of numbers")
    if array.size > most:
        raise Refused(413, f"a request may have {most:,} numbers")
    with np.errstate(over="ignore"):  # becomes infinite, and is refused by name
        array = array.astype(model.dtype)
    return array[None] if array.ndim == 1 else array


def _cells(model: Model, rows: list[Any]) -> Cells:
    """Return a list of objects as columns; a column that a row lacks is a missing cell there."""
    if model.columns is None:
        raise Refused(400, f"model {model.name!r} knows no column names: send lists of numbers")
    names: dict[str, None] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise Refused(400, "rows must all be objects, or all be lists")
        names |= dict.fromkeys(row)
    cells = {name: [row.get(name) for row in rows] for name in names}
    for name, column in cells.items():
        if any(isinstance(cell, (dict, list)) for cell in column):
            raise Refused(400, f"column {name!r}: a cell must be a number, a text or null")
    return cells


async def rows_of_csv(model: Model, body: bytes, computing: Computing) -> tuple[Batch, list[str]]:
    """Return the rows of a CSV text: with names in its first line for a table, else numbers."""
    if model.columns is None:
        return _rows_of_numbers(model, body, computing.limits.numbers), []
    return await computing.apart(model.read_csv, body)


def _rows_of_numbers(model: Model, body: bytes, most: int) -> Batch:
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
        values = [[float(cell) for cell in line] for line in lines if line]
    except (ValueError, csv.Error) as error:
        problem = f"the body is no JSON, no image, and no CSV of numbers without names: {error}"
        raise Refused(400, problem) from error
    return numbers_of(model, values, most)
