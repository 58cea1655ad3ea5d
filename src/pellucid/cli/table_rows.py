"""Rows of tables for networks that know their columns, and reports of imputed and other cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pellucid.cli.output import note
from pellucid.core.types import Array
from pellucid.data.image_files import looks_like_image
from pellucid.data.tables import Columns, Table, read_table
from pellucid.data.tables.files import STANDARD_INPUT
from pellucid.data.tables.reading import Report
from pellucid.engines import is_fingerprint
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network

_EXTENSIONS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".feather", ".arrow")
_JSON = (".json", ".jsonl", ".ndjson")
SHOWN = 12  # names that are listed before the others are only counted


class Predicted(NamedTuple):
    """A block of predictions y, (n, K), for inputs x, of rows that are numbered from `first`.

    None for `first` is a single image; the report is a table's.
    """

    first: int | None
    x: Array
    y: Array
    report: Report | None = None


def is_named_as_table(path: str) -> bool:
    """Return whether a path has the extension of a table, or is standard input."""
    name = path.lower().removesuffix(".gz")
    return path == STANDARD_INPUT or name.endswith((*_EXTENSIONS, *_JSON))


def is_table_for(net: Network, file: str) -> bool:
    """Return whether this network reads the file as a table; arrays without names are inputs."""
    if not knows_columns(net):
        return False
    names = [column.name for column in net.columns.columns]
    if looks_like_image(file):
        template = "{path}: an image, but the network takes tables with the columns {names}"
        raise InputError(template, path=file, names=shortened(names))
    # Arrays are inputs already unless they carry the columns' names
    if Path(file).suffix.lower() not in (".npy", ".npz"):
        return True
    return set(names) <= set(read_table(file).columns)


def predict_table(net: Network, file: str) -> Iterator[Predicted]:
    """Predict the rows of a table block by block, and note at the end what was done to it.

    The report is complete when the last block was yielded.
    """
    reading = net.columns.read(read_table(file))
    # A table may be larger than memory
    for x, _ in reading:
        first = reading.report.rows - len(x) + 1
        yield Predicted(first, x, net.predict(x), reading.report)
    note_report(file, reading.report)


def read_inputs(net: Network, file: str) -> Array:
    """Return the rows of a table, and report what was done to its columns."""
    reading = net.columns.read(read_table(file))
    blocks = [x for x, _ in reading]
    if not blocks:
        raise InputError("{table}: there are no rows", table=file)
    note_report(file, reading.report)
    return np.concatenate(blocks)


def read_samples(net: Network, file: str, target: str | None) -> tuple[Array, Array, Report]:
    """Return the rows and targets of a table, and what was done to its columns, which is noted.

    `target` is the table's own name for the target's column.
    """
    columns, table = net.columns, read_table(file)
    if target is not None:
        table = with_targets(columns, table, [target])
    reading = columns.read(table, targets=True)
    blocks = list(reading)
    if not blocks:
        raise InputError("{table}: there are no rows", table=file)
    note_report(file, reading.report)
    x = np.concatenate([x for x, _ in blocks])
    t = np.concatenate([t for _, t in blocks if t is not None])
    # Training recorded the fingerprint of its rows
    if is_fingerprint(net.record.get("table"), x):
        note(
            "{path}: this is the training data, so the scores are optimistic; use held-out data",
            path=file,
        )
    return x, t, reading.report


def with_targets(columns: Columns, table: Table, targets: Sequence[str]) -> Table:
    """Return a table whose targets have the names that they had in training, in their order."""
    if len(targets) != len(columns.targets):
        raise InputError(
            "the network has {count} targets, {names}: name a column for each, got {got}",
            count=len(columns.targets),
            names=", ".join(target.name for target in columns.targets),
            got=", ".join(targets),
        )
    for name, target in zip(targets, columns.targets, strict=True):
        table = table.renamed(name, target.name)
    return table


def note_report(file: str, report: Report) -> None:
    """Note what was done to the columns of a table, if anything."""
    for line in report.lines():
        note(f"{file}: {line}")


def shortened(names: Sequence[str]) -> str:
    """Return names in one line, the last of many only counted."""
    if len(names) <= SHOWN:
        return ", ".join(names)
    return say("{names} and {count} more", names=", ".join(names[:SHOWN]), count=len(names) - SHOWN)
