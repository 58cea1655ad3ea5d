"""Other servers' addresses, for clients that speak to those.

`/v1/models/MODEL:predict` is KServe's default, TensorFlow Serving's and Vertex AI's; `/invocations`
is MLflow's and SageMaker's.
"""

from __future__ import annotations

from typing import Any

from pellucid.core.types import Batch
from pellucid.serving.computing import Computing
from pellucid.serving.http import Refused, Request, Response, json_response
from pellucid.serving.http import parse_json as parse
from pellucid.serving.models import Cells, Model, checked_lengths
from pellucid.serving.people import rows_of_csv, rows_of_json


async def predict_v1(model: Model, request: Request, computing: Computing) -> tuple[Response, int]:
    """Return {"predictions": ...} for {"instances": [...]}, and how many rows there were."""
    value = parse(request.body)
    if not isinstance(value, dict) or not isinstance(value.get("instances"), list):
        raise Refused(400, 'expected {"instances": [...]}, a list of rows')
    x, _ = await rows_of_json(model, _rows(value["instances"]), computing)
    return await _predictions(model, x, computing)


async def invocations(model: Model, request: Request, computing: Computing) -> tuple[Response, int]:
    """Return {"predictions": ...} for JSON as MLflow's clients send it, or for CSV."""
    if request.body[:64].lstrip().startswith((b"{", b"[")):
        value = parse(request.body)
        rows = _rows_of_mlflow(value) if isinstance(value, dict) else _rows(value)
        if isinstance(rows, dict):
            x, _ = await computing.read(model, rows)
        else:
            x, _ = await rows_of_json(model, rows, computing)
    else:
        x, _ = await rows_of_csv(model, request.body, computing)
    return await _predictions(model, x, computing)


async def _predictions(model: Model, x: Batch, computing: Computing) -> tuple[Response, int]:
    y = await computing.predict(model, x)
    return json_response({"predictions": y}), len(y)


def _rows(rows: list[Any]) -> list[Any]:
    """Return rows; raise Refused for numbers, which might be one row or a row each."""
    if rows and not isinstance(rows[0], list | dict):
        raise Refused(400, "expected a list of rows, each a list or an object")
    return rows


def _rows_of_mlflow(value: dict[str, Any]) -> list[Any] | Cells:
    """Return the rows of one of MLflow's four forms."""
    split = value.get("dataframe_split")
    if isinstance(split, dict):
        return _rows_of_split(split)
    inputs = value.get("inputs")
    if isinstance(inputs, dict):
        if not inputs or not all(isinstance(column, list) for column in inputs.values()):
            raise Refused(400, '"inputs" must be a list of rows, or lists of cells by column')
        return checked_lengths(inputs)
    for name in ("dataframe_records", "instances", "inputs"):
        if isinstance(value.get(name), list):
            return _rows(value[name])
    raise Refused(400, 'expected "inputs", "instances", "dataframe_split" or "dataframe_records"')


def _rows_of_split(split: dict[str, Any]) -> list[Any] | Cells:
    names, rows = split.get("columns"), split.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refused(400, '"dataframe_split" must have "data", a list of rows')
    if names is None:
        return rows
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(400, '"columns" must be a list of names')
    if any(len(row) != len(names) for row in rows):
        raise Refused(400, 'each row of "data" must have a cell for each of the "columns"')
    return [dict(zip(names, row, strict=True)) for row in rows]
