"""A network as one module of JavaScript, for web pages and servers that have no Python."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from pellucid.core import checks
from pellucid.data.tables import Columns
from pellucid.data.tables.kinds import CategoryColumn, Column, DateColumn
from pellucid.data.tables.moments import PERIODS
from pellucid.errors import InputError
from pellucid.exchange.guards import check_network
from pellucid.exchange.raw_columns import text_codes
from pellucid.files.atomic import write_whole
from pellucid.lens.entries import predicts_classes
from pellucid.network import Network
from pellucid.web.bundle import bundle
from pellucid.web.parts import model_bytes

FIRST = "network/exported.js"
_HEAD = """\
// Written by pellucid: {count:,} parameters. In JavaScript:
//   import {{ predict }} from "./{name}";
//   const {{ prediction, confidence }} = predict({row});
"""
_TAIL = """\
const exported = new $network_exported.Exported({arguments});
export const outputs = (row) => exported.outputs(row);
export const predict = (row) => exported.predict(row);
"""


def to_javascript(net: Network, path: str | os.PathLike[str]) -> Path:
    """Write a network as one ES module without imports; return the path.

    The module exports `predict(row)`, which returns `{prediction, confidence, outputs}`, and
    `outputs(row)`. A row is an array of D numbers, or of a network of a table an object of its
    cells by column: texts, numbers, dates as `Date` or days since 1970-01-01, null where missing.
    All is computed in float64. Browsers, Node, Deno and Bun load it.

    Raises InputError for layers of the user's own and for a network without a fixed number of
    inputs, FileError where the file cannot be written.
    """
    check_network(net)
    columns = net.columns.columns if isinstance(net.inputs, Columns) else None
    D = checks.input_width(net.layers)
    if D is None:
        raise InputError("JavaScript needs a fixed number of inputs: add a layer with weights")
    model = base64.b64encode(model_bytes(net)).decode()
    described = None if columns is None else [*map(_described, columns)]
    row = f"[ /* {D} numbers */ ]" if columns is None else "{ /* cells by column */ }"
    parts = [
        _HEAD.format(count=net.parameter_count, name=_printed(Path(path).name), row=row),
        bundle(first=FIRST),
        _TAIL.format(arguments=", ".join(map(_written, [model, described, _labels(net)]))),
    ]
    write_whole(path, "".join(parts).encode())
    return Path(os.fsdecode(path))


def _labels(net: Network) -> list[Any]:
    if not predicts_classes(net):
        return []
    K = checks.widths(net.layers, checks.input_width(net.layers) or 0)[-1]
    names = [net.label(index) for index in range(max(K, 2))]
    return [*net.columns.labels(names)] if isinstance(net.inputs, Columns) else names


def _described(column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name, "missing": column.missing, "width": column.width}
    entry["kind"] = column.to_dict()["kind"]
    if isinstance(column, CategoryColumn):
        return entry | {"codes": text_codes(column)}
    cycles = column.cycles if isinstance(column, DateColumn) else ()
    periods = [PERIODS[cycle] for cycle in cycles]
    return entry | {"mean": column.mean, "offset": column.offset, "periods": periods}


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _printed(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)
