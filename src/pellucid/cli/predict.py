"""`pellucid predict`: let a network answer pictures and rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import tables
from pellucid.cli.help import Command, argument, json_option, lang_option, wrap
from pellucid.cli.output import colours, columns, paragraph, shows_blocks, write_json
from pellucid.cli.threads import use_threads
from pellucid.errors import FileError, InputError, PellucidError
from pellucid.language import cell_width, mark, say

if TYPE_CHECKING:
    from pellucid.core.types import Array
    from pellucid.network import Network

SHOWN = 3
"""Answers that are shown with their picture; from then on, one line each."""

BAR = 20
PICTURE = (28, 28)
ROOM = 24  # columns that an answer needs beside its picture; where there are fewer it stands below
DARK = 0.05  # the brightest output neuron below which none lights up


@click.command(
    cls=Command,
    short_help=mark("let a network answer pictures or rows"),
    help=mark(
        "Let a network answer. Pictures of one digit each (PNG, JPEG, ...) are made ready as MNIST's were: centred, "
        "28 x 28, light on black. Rows come as IDX, .npy, or .npz with an array x. A network that learned from a table "
        "takes tables (CSV, Parquet, .npy, .npz): columns are found by name, and what was done to them is said."
    ),
    examples=[
        ("pellucid predict digits.safetensors my.png", mark("read one picture")),
        ("pellucid predict digits.safetensors *.png --json", mark("many, for programs")),
        ("pellucid predict model.safetensors new.csv", mark("the rows of a table, numbered from 1")),
    ],
)
@argument("model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it."))
@argument("files", nargs=-1, required=True, metavar=mark("FILE..."), about=mark("Pictures, tables, or files of rows."))
@json_option
@lang_option
def predict(model: str, files: tuple[str, ...], as_json: bool) -> int:
    """Let a network answer."""
    use_threads(None, 0)
    from pellucid.network import load

    _check_order(model)
    net = load(model)
    entries: list[dict[str, Any]] = []
    shown = failed = 0
    for file in files:
        try:
            if tables.knows(net, file):
                shown += _answer_table(net, file, as_json, entries, shown)
                continue
            x, many = read_rows(net, file)
            y = answers(net, x)
        except PellucidError as error:  # one bad file among many: the others are answered all the same
            failed += 1
            reason = " ".join(str(error).split())
            text = reason if file in reason else f"{file}: {reason}"
            entries.append({"file": file, "error": text})
            if not as_json:
                click.echo(f"pellucid: {text}", err=True)
            continue
        if as_json:
            entries += entries_of(net, file, y, many)
            continue
        for text in _texts(net, file, x, y, many, shown):
            click.echo(text)
        shown += len(y)
    if as_json:
        write_json(entries)
    return 1 if failed else 0


def _answer_table(net: Network, file: str, as_json: bool, entries: list[dict[str, Any]], shown: int) -> int:
    """Answer a table as it is read, rows counted from 1; give how many answers there were."""
    count = 0
    for first, x, y in tables.answer(net, file):
        if as_json:
            entries += entries_of(net, file, y, True, first)
        else:
            for text in _texts(net, file, x, y, True, shown + count, first):
                click.echo(text)
        count += len(y)
    return count


def _check_order(model: str) -> None:
    """Raise FileError where the model is a picture: the words stand in the wrong order."""
    start = b""
    with suppress(OSError, ValueError):
        if Path(model).is_file():  # to open a pipe would be to wait for its other end
            with Path(model).open("rb") as file:
                start = file.read(12)
    if start.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"II*\0", b"MM\0*")) or start[8:] == b"WEBP":
        raise FileError(
            say(
                "{path}: no model file, but what looks like a picture; the order is: pellucid predict MODEL FILE...",
                path=model,
            )
        )


def read_rows(net: Network, file: str) -> tuple[Array, bool]:
    """Give what a file holds as rows for this network, and whether the file is one of rows (not one picture)."""
    import numpy as np

    from pellucid.cli.datasets import as_levels, read_arrays
    from pellucid.data import digit, read_idx, read_picture
    from pellucid.data.opening import open_file

    with open_file(file) as opened:
        start = opened.read(4)
    if start.startswith((b"\x93NUM", b"PK\x03\x04")):
        arrays = read_arrays(file)
        if "x" not in arrays:
            raise InputError(
                say("{path}: expected an array named x, found {found}", path=file, found=", ".join(arrays))
            )
        return as_levels(net, _as_rows(net, file, arrays["x"])), True
    if start.startswith((b"\0\0", b"\x1f\x8b")):
        return _as_rows(net, file, read_idx(file)), True
    if not reads_pictures(net):
        raise InputError(
            say(
                "{path}: this network takes rows of {D} numbers, no pictures: give it an .npy or .npz file",
                path=file,
                D=_inputs(net),
            )
        )
    picture = digit(read_picture(file))[None]
    return (picture if _takes_bytes(net) else (picture.reshape(1, -1) / 255).astype(np.float32)), False


def answers(net: Network, x: Array) -> Array:
    """Give the network's answers to rows that are finite numbers; raises InputError for others."""
    from pellucid.training.data import check_finite

    if x.ndim and x.size:
        check_finite(x, say("inputs"))
    return net.predict(x)


def reads_pictures(net: Network) -> bool:
    """Tell whether the network's inputs are pictures of 28 x 28 pixels."""
    return (net.inputs or {}).get("shape", list(PICTURE)) == list(PICTURE) and _inputs(net) == 784


def tells_classes(net: Network) -> bool:
    """Tell whether the network's answers are classes; else they are values."""
    return net.classes is not None or type(net.layers[-1]).__name__ in ("Sigmoid", "Softmax")


def entries_of(net: Network, file: str, y: Array, many: bool, first: int = 0) -> list[dict[str, Any]]:
    """Give answers y of one file as JSON can hold them; rows are numbered from `first`."""
    classes = tells_classes(net)
    chosen, confidence = (net.choose(y), net.confidence(y)) if classes else (None, None)
    entries = []
    for row, outputs in enumerate(y.tolist()):
        entry: dict[str, Any] = {"file": file, "row": first + row} if many else {"file": file}
        if chosen is None or confidence is None:
            entry |= {"prediction": outputs[0] if len(outputs) == 1 else outputs, "confidence": None}
        else:
            entry["prediction"] = int(chosen[row])
            if net.classes is not None:
                entry["label"] = net.label(int(chosen[row]))
            entry["confidence"] = float(confidence[row])
        entries.append(entry | {"outputs": outputs})
    return entries


def describe_confidence(net: Network, y: Array) -> str:
    """Say in words how sure one answer y, (1, K), is, and what that number means."""
    value = float(net.confidence(y)[0])
    if type(net.layers[-1]).__name__ == "Sigmoid" and y.shape[1] > 1:
        if value < DARK:
            return say("no output neuron lights up (the brightest: {value:.2f})", value=value)
        return say("match {value:.2f} (the neuron's light, no probability)", value=value)
    return say("probability {value:.1%}", value=value)


def _texts(net: Network, file: str, x: Array, y: Array, many: bool, shown: int, first: int = 0) -> Iterator[str]:
    for row in range(len(y)):
        name = f"{file}:{first + row}" if many else file
        if not tells_classes(net):
            yield paragraph("  ".join(f"{value:.6g}" for value in y[row]), f"{name}  ")
        elif shown + row < SHOWN:
            yield _whole_answer(net, name, x[row], y[row : row + 1])
        else:
            one = y[row : row + 1]
            yield f"{name}  {net.label(int(net.choose(one)[0]))}  {float(net.confidence(one)[0]):.2f}"


def _whole_answer(net: Network, name: str, x: Array, y: Array) -> str:
    from pellucid.lens import pictures

    head = say("{name}: {label}", name=name, label=net.label(int(net.choose(y)[0])))
    room = columns() - PICTURE[1] - 2
    beside = reads_pictures(net) and room >= ROOM
    rest = [*wrap(describe_confidence(net, y), room if beside else columns()), "", *_bars(net, y[0])]
    if not reads_pictures(net):
        return "\n".join([head, *rest, ""])
    above = [] if beside and cell_width(head) <= room else [head]
    right = rest if above else [head, *rest]
    picture = pictures.as_bytes(x.reshape(PICTURE))
    left = pictures.terminal_picture(picture, colours(), shows_blocks())
    if not beside:
        return "\n".join([*above, *(line.rstrip() for line in left), *rest, ""])
    start = (len(left) - len(right)) // 2
    right = [""] * start + right + [""] * (len(left) - start - len(right))
    lines = [f"{picture_line}  {text}".rstrip() for picture_line, text in zip(left, right, strict=True)]
    return "\n".join([*above, *lines, ""])


def _bars(net: Network, y: Array) -> list[str]:
    if len(y) == 1:
        return []
    best = sorted(range(len(y)), key=lambda k: -float(y[k]))[:4]
    low, high = min(0.0, float(y.min())), max(float(y[best[0]]), 1e-9)
    block = "█" if shows_blocks() else "#"
    names = [net.label(k) for k in best]
    width = max(cell_width(name) for name in names)
    lines = []
    for name, k in zip(names, best, strict=True):
        length = round(BAR * (float(y[k]) - low) / (high - low)) if f"{float(y[k]):.2f}" != "0.00" else 0
        bar = f"{block * length} " if length else ""
        lines.append(f"{name}{' ' * (width - cell_width(name))} {bar}{float(y[k]):.2f}")
    return lines


def _as_rows(net: Network, file: str, x: Array) -> Array:
    """Let a single row be one: its numbers alone, or one picture. Raises InputError for rows of another length."""
    D = _inputs(net)
    if x.ndim in (1, 2) and x.size == D and (x.ndim == 1 or x.shape[1] != D):
        return x[None]
    if D is not None and (x.ndim < 2 or math.prod(x.shape[1:]) != D):
        raise InputError(
            say("{path}: expected rows of {D} numbers, got an array of shape {got}", path=file, D=D, got=x.shape)
        )
    return x


def _inputs(net: Network) -> int | None:
    from pellucid.core import chain

    return chain.input_width(net.layers)


def _takes_bytes(net: Network) -> bool:
    kinds = [type(layer).__name__ for layer in net.layers]
    return bool(kinds) and kinds[0] == "Flatten" and ("Scale" in kinds[:2] or "Standardize" in kinds[:2])
