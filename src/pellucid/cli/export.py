"""`pellucid export`: a network as files for other programs, databases and browsers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pellucid import exchange, web
from pellucid.cli.help import argument, command, example, json_option, model_argument, option
from pellucid.cli.models import read_model
from pellucid.cli.network_rows import rows_alone
from pellucid.cli.outcome import note_replaced
from pellucid.cli.output import check_not_read, emit, write_json
from pellucid.cli.values import wrong_use
from pellucid.network import Network

FORMAT_OF = {
    ".safetensors": "torch",
    ".onnx": "onnx",
    ".c": "c",
    ".h": "c",
    ".html": "html",
    "/": "site",
    ".json": "json",
    ".sql": "sql",
    ".js": "js",
    ".mjs": "js",
}
FORMATS = tuple(dict.fromkeys(FORMAT_OF.values()))


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """The options of `pellucid export`."""

    model: str = model_argument()
    out: str = argument("OUT", "The file or, for site, the folder to write; it is replaced.")
    kind: str | None = option(
        "--to FORMAT",
        "torch, onnx, c, html, site, json, sql or js. Default: by the extension of OUT "
        "(.safetensors, .onnx, .c or .h, .html, / for site, .json, .sql, .js or .mjs).",
        choices=FORMATS,
    )
    int8: bool = option("--int8", "For c: weights of 8 bits; needs --calibration.")
    calibration: str | None = option(
        "--calibration DATA",
        "Rows like those to come, as for evaluate; they set the ranges for --int8.",
    )
    raw: bool = option(
        "--raw",
        "For onnx, c and torch, of a network of a table: take the columns as they are, texts, "
        "numbers and missing cells.",
    )
    table: str | None = option("--table NAME", "For sql: the table of the rows (samples).")
    key: str | None = option(
        "--key COLUMN", "For sql: the column that recognizes a row and comes back (id)."
    )
    as_json: bool = json_option()


@command(
    "export",
    ExportOptions,
    "Write a network for use elsewhere. torch: a state_dict (OUT.safetensors) and beside it the "
    "Python that builds its module. onnx: for ONNX Runtime and others. c: a header and a source "
    "file of C99 without dependencies. html: the page on which every neuron lights up, in one "
    "file. site: the same page as a folder for a web server, under any path. json: architecture "
    "and weights as one plain document. sql: a query for DuckDB and SQLite. js: a module of "
    "JavaScript. All but onnx are written without other libraries. `pellucid verify` checks that "
    "predictions are the same.",
    example("digits.safetensors digits.onnx", "for ONNX Runtime, in any language"),
    example("digits.safetensors page.html", "the page of this network, for any browser"),
    example("digits page.html", "the page of the network that comes with pellucid"),
    example("digits.safetensors --to site neurons/", "a folder for a school's web site"),
    example(
        "digits.safetensors --to torch digits_torch.safetensors", "also writes digits_torch.py"
    ),
    example(
        "digits.safetensors digits.h --int8 --calibration mnist",
        "for a microcontroller, in a quarter of the bytes",
    ),
    example("model.safetensors model.onnx --raw", "of a table: its inputs are the columns"),
    example("model.safetensors model.js", "for web pages and Node: predict(row)"),
    example("model.safetensors model.sql --table houses", "predicts a table within its database"),
)
def export(options: ExportOptions) -> None:
    """Write a network for use elsewhere."""
    out, extension = options.out, Path(options.out).suffix.lower()
    kind = options.kind or FORMAT_OF.get("/" if out.endswith(("/", os.sep)) else extension)
    if kind is None:
        raise wrong_use("say which format: --to {known}", known=" | ".join(FORMATS))
    if (options.int8 or options.calibration is not None) and kind != "c":
        raise wrong_use("--int8 and --calibration go with --to c")
    if options.calibration is not None and not options.int8:
        raise wrong_use("--calibration sets the ranges for --int8: give both")
    if options.raw and kind not in ("onnx", "c", "torch"):
        raise wrong_use("--raw goes with --to onnx, c and torch")
    if kind != "sql" and (options.table, options.key) != (None, None):
        raise wrong_use("--table and --key go with --to sql")
    # torch writes .safetensors, too: the model itself must not be replaced
    check_not_read(out, [options.model, options.calibration])
    net = read_model(options.model)
    note_replaced(out)
    sizes = {str(file): file.stat().st_size for file in _written(net, kind, options)}
    if options.as_json:
        found = [{"path": path, "bytes": size} for path, size in sizes.items()]
        write_json({"model": options.model, "format": kind, "files": found})
    else:
        _write_sizes(kind, out, sizes, options.raw)


def _written(net: Network, kind: str, options: ExportOptions) -> list[Path]:
    """Write the network in a format, and return the files."""
    out = options.out
    if kind == "torch":
        return list(exchange.write_torch(net, out, raw=options.raw))
    if kind == "site":
        return list(web.site(net, out))
    if kind == "c":
        rows = None if options.calibration is None else rows_alone(net, options.calibration).x
        return list(exchange.to_c(net, out, int8=options.int8, calibration=rows, raw=options.raw))
    if kind == "sql":
        return [
            exchange.to_sql(net, out, table=options.table or "samples", key=options.key or "id")
        ]
    if kind == "js":
        return [web.to_javascript(net, out)]
    if kind == "html":
        web.page(net, out)
    elif kind == "onnx":
        exchange.to_onnx(net, out, raw=options.raw)
    else:
        exchange.to_json(net, out)
    return [Path(out)]


def _write_sizes(kind: str, out: str, sizes: dict[str, int], raw: bool) -> None:
    if kind == "site":
        template = (
            "written: {path}, {count} files, {size:,} bytes; a web server shows its index.html"
        )
        emit(template, path=out, count=len(sizes), size=sum(sizes.values()))
        return
    for path, size in sizes.items():
        emit("written: {path}, {size:,} bytes", path=path, size=size)
    if kind == "torch":
        module = Path(list(sizes)[-1]).stem
        emit("in Python: from {module} import build; module = build()", module=module)
        if raw:
            emit("rows of a table: module(encode(table)), with encode from the same file")
