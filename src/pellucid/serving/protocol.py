"""The Open Inference Protocol, version 2: what is served, and inference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid import __version__
from pellucid.core.types import Array, Batch
from pellucid.serving.computing import Computing
from pellucid.serving.http import Refused, Request, Response, json_response
from pellucid.serving.models import VERSION, Model, Y
from pellucid.serving.tensors import document_of, parameter, tensors_of, written

EXTENSIONS = ["binary_tensor_data", "classification"]


def server_metadata() -> Response:
    """Return what the protocol says of a server."""
    known = {"name": "pellucid", "version": __version__, "extensions": EXTENSIONS}
    return json_response(known)


def health() -> Response:
    """Return that the server is alive and ready.

    Clients read "live" and "ready" of either address, and so both are in both.
    """
    return json_response({"live": True, "ready": True})


def model_ready(model: Model) -> Response:
    """Return that a model is ready; one that is not loaded is not there."""
    return json_response({"name": model.name, "ready": True})


def model_metadata(model: Model) -> Response:
    """Return the names, types and shapes of a model's inputs and outputs."""
    return json_response(model.metadata())


async def infer(model: Model, request: Request, computing: Computing) -> tuple[Response, int]:
    """Return the outputs for the tensors of a request, and how many rows there were."""
    document = document_of(request)
    outputs = _outputs(document.entries)
    rows = model.rows_of(tensors_of(document, computing.limits.numbers))
    x: Batch = (await computing.read(model, rows))[0] if isinstance(rows, dict) else rows
    y = await computing.predict(model, x)
    head: dict[str, Any] = {"model_name": model.name, "model_version": VERSION}
    if (name := document.entries.get("id")) is not None:
        head["id"] = name
    return written(head, [_output(model, y, *wanted) for wanted in outputs]), len(y)


def _outputs(entries: Mapping[str, Any]) -> list[tuple[int, bool]]:
    """Return for each requested output how many classes of it are wanted, 0 for its numbers, and
    whether in binary form.
    """
    if not isinstance(entries.get("id"), str | None):
        raise Refused(400, '"id" must be a text')
    binary = parameter(entries, "binary_data_output") is True
    requested = entries.get("outputs")
    if requested is None:
        return [(0, binary)]
    if not isinstance(requested, list) or not requested:
        raise Refused(400, '"outputs" must be a list of outputs')
    found = []
    for entry in requested:
        if not isinstance(entry, dict) or entry.get("name") != Y:
            raise Refused(400, f'the only output is {{"name": "{Y}"}}')
        own = parameter(entry, "binary_data")
        count = parameter(entry, "classification") or 0
        if type(count) is not int or count < 0:
            raise Refused(400, '"classification" must be a number of classes')
        found.append((count, binary if own is None else own is True))
    return found


def _output(model: Model, y: Array, classes: int, binary: bool) -> tuple[str, Array, bool]:
    if not classes:
        return Y, y, binary
    return Y, best_classes(model, y, min(classes, y.shape[1])), binary


def best_classes(model: Model, y: Array, count: int) -> Array:
    """Return the classes with the highest outputs as Triton writes them, (N, count) of texts.

    Each is "value:index:label"; of equal outputs the first comes first.
    """
    best = np.argsort(-y, axis=1, kind="stable")[:, :count]
    texts = np.empty(best.shape, object)
    for row, classes in enumerate(best.tolist()):
        texts[row] = [f"{y[row, k]:f}:{k}:{model.net.label(k)}" for k in classes]
    return texts
