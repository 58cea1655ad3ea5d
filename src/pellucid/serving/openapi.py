"""The OpenAPI document: every address, with the models by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from pellucid import __version__
from pellucid.serving.limits import Limits
from pellucid.serving.models import Model, Served
from pellucid.serving.tensors import TYPES

Json: TypeAlias = dict[str, Any]

ERRORS = {
    400: "what was sent is no request, or does not fit the model",
    401: "the token is missing or wrong",
    403: "a web page of another host may not use this server",
    413: "the body, or what it holds, is too large",
    415: "the body is compressed in another way than gzip or deflate",
    421: "the header Host names another server",
    429: "too many large requests are being computed; try again",
    503: "too much is being received, or the prediction took too long; try again",
}
"""What a request may be refused for; a path that is not listed gives 404, another method 405."""


def document(served: Mapping[str, Served], limits: Limits, token: bool) -> Json:
    """Return the OpenAPI 3.1 document of a server with these models."""
    paths: Json = {
        "/": _get("What is served", {"status": _TEXT, "models": _list(_TEXT)}),
        "/ping": _get("Whether the server is alive", _ALIVE),
        "/metrics": _get("Metrics in Prometheus's text format", None),
        "/openapi.json": _get("This document", {"openapi": _TEXT}),
        "/v2": _get("The server", {"name": _TEXT, "version": _TEXT, "extensions": _list(_TEXT)}),
        "/v2/health/live": _get("Whether the server is alive", _ALIVE),
        "/v2/health/ready": _get("Whether the server is ready", _ALIVE),
        "/v1/models": _get("The models", {"models": _list(_TEXT)}),
    }
    for name, each in served.items():
        paths |= _paths(quote(name, safe=""), each.model)
    if len(served) == 1:
        only = next(iter(served.values())).model
        bodies = {"application/json": _mlflow(only), "text/csv": _TEXT}
        paths["/invocations"] = _post("Predict, as MLflow and SageMaker ask", bodies, _PREDICTIONS)
    found: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "pellucid",
            "version": __version__,
            "description": "A prediction server. A body may have "
            f"{limits.body:,} bytes and {limits.numbers:,} numbers.",
        },
        "paths": paths,
    }
    if token:
        scheme = {"type": "http", "scheme": "bearer"}
        found |= {"components": {"securitySchemes": {"token": scheme}}, "security": [{"token": []}]}
    return found


def _paths(name: str, model: Model) -> Json:
    bodies: Json = {"application/json": _people(model), "text/csv": _TEXT}
    if model.digits:
        bodies |= {"image/png": {}, "image/jpeg": {}}
    metadata = {"name": _TEXT, "versions": _list(_TEXT), "platform": _TEXT}
    metadata |= {"inputs": _list(_TENSOR), "outputs": _list(_TENSOR)}
    ready = {"name": _TEXT, "ready": {"type": "boolean"}}
    return {
        f"/v2/models/{name}": _get("The model's inputs and outputs", metadata),
        f"/v2/models/{name}/ready": _get("Whether the model is ready", ready),
        f"/v2/models/{name}/infer": _post(
            "Predict, by the Open Inference Protocol",
            {"application/json": _infer(model)},
            _INFERRED,
        ),
        f"/v1/models/{name}": _get("Whether the model is ready", ready),
        f"/v1/models/{name}:predict": _post(
            "Predict, as KServe v1 and TensorFlow Serving do",
            {"application/json": _object({"instances": _rows(model)}, ["instances"])},
            _PREDICTIONS,
        ),
        f"/predict/{name}": _example_of(model)
        | _post("Predict: labels, confidence, units", bodies, _for_people(model), _queries(model)),
    }


def _get(summary: str, properties: Json | None) -> Json:
    text = {"text/plain": {"schema": _TEXT}}
    content = text if properties is None else _json(_object(properties, [*properties]))
    answer = {"description": "OK", "content": content}
    return {"get": {"summary": summary, "responses": {"200": answer} | _refusals((401, 403, 421))}}


def _example_of(model: Model) -> Json:
    content = {"image/png": {}} if model.digits else _json({"type": ["array", "object"]})
    answer = {"200": {"description": "OK", "content": content}}
    summary = "An example of what POST takes here"
    return {"get": {"summary": summary, "responses": answer | _refusals((401, 403, 421))}}


def _post(summary: str, bodies: Json, answer: Json, queries: list[Json] | None = None) -> Json:
    content = {kind: {"schema": schema} for kind, schema in bodies.items()}
    operation = {
        "summary": summary,
        **({"parameters": queries} if queries else {}),
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "OK", "content": _json(answer)}} | _refusals(ERRORS),
    }
    return {"post": operation}


def _refusals(statuses: Any) -> Json:
    content = _json(_object({"error": _TEXT}, ["error"]))
    return {str(each): {"description": ERRORS[each], "content": content} for each in statuses}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _object(properties: Json, required: list[str]) -> Json:
    return {"type": "object", "properties": properties, "required": required}


def _list(items: Json, **limits: int) -> Json:
    return {"type": "array", "items": items, **limits}


_ANYTHING: Json = {}  # unknown parameters are ignored
_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_CELL: Json = {"type": ["number", "string", "boolean", "null"]}
_ALIVE: Json = {"live": {"type": "boolean"}, "ready": {"type": "boolean"}}
_KIND: Json = {"type": "string", "enum": [*TYPES, "BYTES"]}
_TENSOR = _object(
    {"name": _TEXT, "datatype": _KIND, "shape": _list({"type": "integer"})},
    ["name", "datatype", "shape"],
)
_INFERRED = _object(
    {"model_name": _TEXT, "model_version": _TEXT, "id": _TEXT, "outputs": _list(_TENSOR)},
    ["model_name", "outputs"],
)
_PREDICTIONS = _object({"predictions": _list(_list(_NUMBER))}, ["predictions"])
_ENTRY: Json = {
    "prediction": {"description": "the class index, or the predicted value or values"},
    "label": _TEXT,
    "confidence": {"type": ["number", "null"]},
    "outputs": _list(_NUMBER),
}
_PAIR = _list(_NUMBER, minItems=2, maxItems=2)
_SURE: Json = {
    "interval": {
        "description": "the lowest and highest value; of several targets by name",
        "anyOf": [_PAIR, {"type": "object", "additionalProperties": _PAIR}],
    },
    "set": _list({"type": ["string", "integer", "boolean"]}, minItems=1)
    | {"description": "the classes of which one is right, the most likely first"},
    "members": {"type": "object", "description": "how far the members of an ensemble agree"},
    "unlike_training": _list(_TEXT)
    | {"description": "in what the row is unlike the training rows"},
}


def _for_people(model: Model) -> Json:
    properties = _ENTRY if model.net.uncertainty is None else _ENTRY | _SURE
    entry = _object(properties, ["prediction", "confidence", "outputs"])
    return _object(
        {
            "model": _TEXT,
            "predictions": _list(entry),
            "units": {"type": "object", "additionalProperties": _TEXT},
            "warnings": _list(_TEXT),
        },
        ["model", "predictions"],
    )


def _queries(model: Model) -> list[Json]:
    """Return the query of a model that knows how sure it is."""
    if model.net.uncertainty is None:
        return []
    schema = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    what = "adds the interval that holds this share of the targets, or a set of classes"
    return [{"name": "interval", "in": "query", "description": what, "schema": schema}]


def _row(model: Model) -> Json:
    """Return what a row is: the cells of a table's columns, or numbers as the layers take them."""
    sizes = {} if model.width is None else {"minItems": model.width, "maxItems": model.width}
    numbers = _list({"type": ["number", "boolean"]}, **sizes)
    if model.columns is None:
        return numbers
    cells = {column.name: _CELL for column in model.columns.columns}
    return {"anyOf": [_object(cells, [*cells]), numbers]}


def _rows(model: Model) -> Json:
    return _list(_row(model), minItems=1)


def _people(model: Model) -> Json:
    return {"anyOf": [_row(model), _rows(model)]}


def _mlflow(model: Model) -> Json:
    forms = [_object({name: _rows(model)}, [name]) for name in ("instances", "inputs")]
    return {"anyOf": [*forms, _rows(model)]}


def _infer(model: Model) -> Json:
    output = {"name": {"const": "y"}, "parameters": _ANYTHING}
    tensor = {
        "name": _TEXT,
        "datatype": _KIND,
        "shape": _list(_COUNT, minItems=1, maxItems=8),
        "data": _list({}),
        "parameters": _ANYTHING,
    }
    inputs = _list(_object(tensor, ["name", "datatype", "shape", "data"]), minItems=1)
    wanted = _list(_object(output, ["name"]), minItems=1) | {"type": ["array", "null"]}
    entries = {
        "id": {"type": ["string", "null"]},
        "inputs": inputs,
        "outputs": wanted,
        "parameters": _ANYTHING,
    }
    example = {"inputs": [_example(entry) for entry in model.inputs_metadata()]}
    return {**_object(entries, ["inputs"]), "examples": [example]}


def _example(entry: Json) -> Json:
    shape = [1 if size < 0 else size for size in entry["shape"]]
    values = ["" if entry["datatype"] == "BYTES" else 0] * (shape[-1] if len(shape) > 1 else 1)
    return {**entry, "shape": shape, "data": values}
