"""`pellucid export`.

A network as files for PyTorch, ONNX, C, browsers, and everything that reads JSON.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli.help import Command, argument, json_option, lang_option, option
from pellucid.cli.outcome import replaced
from pellucid.cli.output import check_not_read, note, tell, write_json
from pellucid.cli.threads import use_threads
from pellucid.language import mark, say

if TYPE_CHECKING:
    from pellucid.network import Network

FORMATS = ("torch", "onnx", "c", "html", "site", "json")
_FORMAT_OF = {
    ".safetensors": "torch",
    ".onnx": "onnx",
    ".c": "c",
    ".h": "c",
    ".html": "html",
    ".json": "json",
}


@click.command(
    cls=Command,
    short_help=mark("write a network for PyTorch, ONNX, C, a browser"),
    help=mark(
        "Write a network for use elsewhere. torch: a state_dict (OUT.safetensors) and beside it "
        "the Python that builds "
        "its module. onnx: for ONNX Runtime and its kin. c: one header and one source file of C99 "
        "that need nothing "
        "else. html: the page on which every neuron lights up, in one file. site: the same page "
        "as a folder for a web "
        "server, under any path. json: architecture and weights as one plain document. All but "
        "onnx are written "
        "without any other library. `pellucid verify` proves that the answers are the same."
    ),
    examples=[
        (
            "pellucid export digits.safetensors digits.onnx",
            mark("for ONNX Runtime, in any language"),
        ),
        (
            "pellucid export digits.safetensors page.html",
            mark("the page of this network, for any browser"),
        ),
        (
            "pellucid export digits.safetensors --to site neurons/",
            mark("a folder to put on a school's web site"),
        ),
        (
            "pellucid export digits.safetensors --to torch digits_torch.safetensors",
            mark("also writes digits_torch.py"),
        ),
        (
            "pellucid export digits.safetensors digits.h --int8 --calibration mnist",
            mark("for a microcontroller, in a quarter of the bytes"),
        ),
    ],
)
@argument(
    "model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it.")
)
@argument(
    "out",
    metavar=mark("OUT"),
    about=mark("The file or, for site, the folder to write; what is there is replaced."),
)
@option(
    "--to",
    "kind",
    type=click.Choice(FORMATS),
    metavar=mark("FORMAT"),
    help=mark(
        "torch, onnx, c, html, site or json. Default: as OUT ends (.safetensors, .onnx, .c or .h, "
        ".html, / for site, "
        ".json)."
    ),
)
@option(
    "--int8",
    is_flag=True,
    help=mark("For c: weights of 8 bits, which --calibration must be given for."),
)
@option(
    "--calibration",
    metavar=mark("DATA"),
    help=mark("Rows like those to come, as for evaluate; they set the ranges for --int8."),
)
@json_option
@lang_option
def export(
    model: str, out: str, kind: str | None, int8: bool, calibration: str | None, as_json: bool
) -> None:
    """Write a network for use elsewhere."""
    kind = kind or (
        "site" if out.endswith(("/", os.sep)) else _FORMAT_OF.get(Path(out).suffix.lower())
    )
    if kind is None:
        raise click.UsageError(
            say("say which format: --to {known}", known=" | ".join(FORMATS)),
            click.get_current_context(),
        )
    if (int8 or calibration is not None) and kind != "c":
        raise click.UsageError(
            say("--int8 and --calibration go with --to c"), click.get_current_context()
        )
    if calibration is not None and not int8:
        raise click.UsageError(
            say("--calibration sets the ranges for --int8: give both"), click.get_current_context()
        )
    check_not_read(out, [model, calibration])
    use_threads(None, 0)
    from pellucid.network import load

    net = load(model)
    if (text := replaced(out)) is not None:
        note(text)
    files = _WRITERS[kind](net, out, {"int8": int8, "calibration": calibration})
    sizes = {str(file): file.stat().st_size for file in files}
    if as_json:
        found = [{"path": path, "bytes": size} for path, size in sizes.items()]
        write_json({"model": model, "format": kind, "files": found})
        return
    _tell(kind, out, sizes)


def _tell(kind: str, out: str, sizes: dict[str, int]) -> None:
    if kind == "site":
        words = {"path": out, "count": len(sizes), "size": sum(sizes.values())}
        tell(
            say(
                "written: {path}, {count} files, {size:,} bytes; a web server shows its index.html",
                **words,
            )
        )
        return
    for path, size in sizes.items():
        tell(say("written: {path}, {size:,} bytes", path=path, size=size))
    if kind == "torch":
        tell(
            say(
                "in Python: from {module} import build; module = build()",
                module=Path(list(sizes)[-1]).stem,
            )
        )


def _torch(net: Network, out: str, options: dict[str, Any]) -> tuple[Path, ...]:
    from pellucid.exchange import write_torch

    return write_torch(net, out)


def _onnx(net: Network, out: str, options: dict[str, Any]) -> tuple[Path, ...]:
    from pellucid.exchange import to_onnx

    to_onnx(net, out)
    return (Path(out),)


def _c(net: Network, out: str, options: dict[str, Any]) -> tuple[Path, ...]:
    from pellucid.cli.rows import rows_alone
    from pellucid.exchange import to_c

    data = options["calibration"]
    rows = None if data is None else rows_alone(net, data).x
    return to_c(net, out, int8=options["int8"], calibration=rows)


def _html(net: Network, out: str, options: dict[str, Any]) -> tuple[Path, ...]:
    from pellucid.web import page

    page(net, out)
    return (Path(out),)


def _site(net: Network, out: str, options: dict[str, Any]) -> tuple[Path, ...]:
    from pellucid.web import site

    return tuple(site(net, out))


def _json(net: Network, out: str, options: dict[str, Any]) -> tuple[Path, ...]:
    from pellucid.exchange import to_json

    to_json(net, out)
    return (Path(out),)


_WRITERS: dict[str, Callable[[Network, str, dict[str, Any]], tuple[Path, ...]]] = {
    "torch": _torch,
    "onnx": _onnx,
    "c": _c,
    "html": _html,
    "site": _site,
    "json": _json,
}
