"""`pellucid predict`: let a network answer pictures and rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pellucid.cli import tables
from pellucid.cli.answers import written_as
from pellucid.cli.help import Command, argument, json_option, lang_option, option
from pellucid.cli.output import check_not_read, check_writable
from pellucid.cli.rows import read_rows
from pellucid.cli.threads import use_threads
from pellucid.errors import FileError, Message, PellucidError
from pellucid.language import mark, say, translate

if TYPE_CHECKING:
    from pellucid.core.types import Array
    from pellucid.network import Network


@click.command(
    cls=Command,
    short_help=mark("let a network answer pictures or rows"),
    help=mark(
        "Let a network answer. Pictures of one digit each (PNG, JPEG, ...) are made ready as "
        "MNIST's were: centred, "
        "28 x 28, light on black. Rows come as IDX, .npy, or .npz with an array x. A network that "
        "learned from a table "
        "takes tables (CSV, Parquet, .npy, .npz): columns are found by name, and what was done to "
        "them is said."
    ),
    examples=[
        ("pellucid predict digits.safetensors my.png", mark("read one picture")),
        ("pellucid predict digits.safetensors *.png --json", mark("many, for programs")),
        (
            "pellucid predict model.safetensors new.csv",
            mark("the rows of a table, numbered from 1"),
        ),
        (
            "pellucid predict model.safetensors new.csv -o answers.csv",
            mark("the answers as a table"),
        ),
    ],
)
@argument(
    "model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it.")
)
@argument(
    "files",
    nargs=-1,
    required=True,
    metavar=mark("FILE..."),
    about=mark("Pictures, tables, or files of rows."),
)
@option(
    "-o",
    "--output-file",
    "path",
    metavar=mark("FILE"),
    help=mark(
        "Write the answers to this CSV file instead: a line for each row, with every output's "
        "value."
    ),
)
@json_option
@lang_option
def predict(model: str, files: tuple[str, ...], path: str | None, as_json: bool) -> int:
    """Let a network answer."""
    if path is not None and as_json:
        raise click.UsageError(
            say("answers go to one place: --json or --output-file"), click.get_current_context()
        )
    use_threads(None, 0)
    from pellucid.network import load

    _check_order(model)
    net = load(model)
    if path is not None:
        check_not_read(path, [model, *files])
        check_writable(path)
    failed = 0
    with written_as(net, path, as_json, many=len(files) > 1) as written:
        for file in files:
            try:
                for first, x, y in _answered(net, file):
                    written.add(file, first, x, y)
            except (
                PellucidError
            ) as error:  # one bad file among many: the others are answered all the same
                failed += 1
                reason = " ".join(translate(error).split())
                written.fail(file, reason if file in reason else f"{file}: {reason}")
    return 1 if failed else 0


def _answered(net: Network, file: str) -> Iterator[tuple[int | None, Array, Array]]:
    """Answer a file: give (number of the first row, x, y) block by block.

    A single picture has no number.
    """
    if tables.knows(net, file):
        yield from tables.answer(net, file)
        return
    x, many = read_rows(net, file)
    yield 0 if many else None, x, answers(net, x)


def _check_order(model: str) -> None:
    """Raise FileError where the model is a picture: the words stand in the wrong order."""
    from pellucid.data.opening import looks_like_picture

    if looks_like_picture(model) or Path(model).suffix.lower() in tables.SUFFIXES:
        raise FileError(
            "{path}: no model file, but what looks like a picture or a table; the order is: "
            "pellucid predict MODEL FILE...",
            path=model,
        )


def answers(net: Network, x: Array) -> Array:
    """Give the network's answers to rows that are finite numbers; raises InputError for others."""
    from pellucid.training.data import check_finite

    if x.ndim and x.size:
        check_finite(x, Message("inputs"))
    return net.predict(x)
