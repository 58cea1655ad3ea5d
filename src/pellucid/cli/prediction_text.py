"""How predictions are written: as text with images and bars, as JSON, or as a CSV file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple

import click
import numpy as np

from pellucid.cli import drawing, output
from pellucid.cli.network_rows import IMAGE, takes_images
from pellucid.cli.table_rows import Predicted
from pellucid.core.members import members_of
from pellucid.core.types import Array
from pellucid.data.tables.reading import Report
from pellucid.display.text_table import number_text
from pellucid.errors import FileError, printable
from pellucid.files.atomic import whole_file
from pellucid.files.csv_text import csv_line
from pellucid.language import cell_width, mark, say
from pellucid.lens import image_sheets
from pellucid.lens.certainty import certainty_of
from pellucid.lens.entries import entries_of, predicts_classes, value_names
from pellucid.lens.input_columns import knows_columns
from pellucid.lens.thresholds import verdicts
from pellucid.network import Network

SHOWN = 3
"""Predictions that are shown with their image; from then on, one line each."""

BAR = 20
ROOM = 24  # columns that a prediction needs beside its image; with fewer it is written below
_STDOUT = "/dev/stdout"
DARK = 0.05  # the highest output below which no output neuron is active


class Wanted(NamedTuple):
    """What is wanted beside the predictions: see the options of `pellucid predict`."""

    threshold: float | None = None
    level: float | None = None
    reject: bool = False


PLAIN = Wanted()


class Predictions:
    """Where predictions go, block by block: standard output, unless a subclass says otherwise."""

    def __init__(self, net: Network, wanted: Wanted) -> None:
        self.net, self.wanted, self.shown = net, wanted, 0

    def begin(self) -> None:
        """Begin the next file: what follows until then belongs together."""

    def add(self, file: str, block: Predicted) -> None:
        """Write the predictions of the next rows of a file."""
        for text in _texts(self.net, file, block, self.shown, self.wanted):
            output.echo(text)
        self.shown += len(block.y)

    def fail(self, file: str, text: str) -> None:
        """Write an error: the rest of the file has no predictions."""
        click.echo(f"pellucid: {printable(text)}", err=True)


@contextmanager
def written_as(
    net: Network, path: str | None, as_json: bool, many: bool, wanted: Wanted = PLAIN
) -> Iterator[Predictions]:
    """Yield where predictions go: a CSV file (naming files where there are many), JSON, or text.

    Raises FileError where the CSV file cannot be written, or nothing was predicted.
    """
    if path is not None:
        with _opened(path) as file:
            table = _Table(net, file, many, wanted)
            yield table
            # An empty file would look like a result, and replace an earlier one
            if not table.rows:
                raise FileError("{path}: not written, since no row was predicted", path=path)
        # Not among the rows where they go to standard output
        said = output.note if is_stream(path) else output.emit
        text = mark("written: {path}, predictions for {rows:,} rows")
        said(text, path=path, rows=table.rows)
    elif as_json:
        document = _Document(net, wanted)
        yield document
        document.close()
    else:
        yield Predictions(net, wanted)


def is_stream(path: str) -> bool:
    """Return whether a path is a pipe or a device: written into, not replaced."""
    try:
        return path == _STDOUT or Path(path).is_fifo() or Path(path).is_char_device()
    except OSError:  # such as a name that is too long: writing will say so
        return False


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes its place when all is written; a stream gets all of it then."""
    if not is_stream(path):
        with whole_file(path) as file:
            yield file
        return
    with TemporaryFile() as kept:
        yield kept
        kept.seek(0)
        if path == _STDOUT:  # opening it by name would empty a file that it goes to
            copyfileobj(kept, sys.stdout.buffer)
            return
        with Path(path).open("wb") as stream:
            copyfileobj(kept, stream)


class _Document(Predictions):
    def __init__(self, net: Network, wanted: Wanted) -> None:
        super().__init__(net, wanted)
        self.entries: list[dict[str, object]] = []
        self.reports: list[tuple[dict[str, object], Report]] = []

    def add(self, file: str, block: Predicted) -> None:
        entries = file_entries(self.net, file, block, self.wanted)
        # With a row's entry, not beside them: programs expect a prediction in each
        if block.report is not None and block.first == 1 and entries:
            self.reports.append((entries[0], block.report))
        self.entries += entries

    def close(self) -> None:
        """Write the document; the reports are complete now."""
        for entry, report in self.reports:
            entry["report"] = report.to_dict()
        output.write_json(self.entries)

    def fail(self, file: str, text: str) -> None:
        self.entries.append({"file": file, "error": text})


class _Table(Predictions):
    def __init__(self, net: Network, file: BinaryIO, many: bool, wanted: Wanted) -> None:
        super().__init__(net, wanted)
        self.file, self.many, self.rows = file, many, 0
        self.kept = 0, 0  # bytes and rows of the files before this one

    def begin(self) -> None:
        self.kept = self.file.tell(), self.rows

    def add(self, file: str, block: Predicted) -> None:
        lines = [] if self.rows else [csv_line(self._head(block.y.shape[1]))]
        entries = file_entries(self.net, file, block, self.wanted)
        for entry, values in zip(entries, block.y, strict=True):
            start = [file] if self.many else []
            lines.append(csv_line([*start, entry.get("row", ""), *self._cells(entry, values)]))
        # Block by block: predictions of a large table do not fit into memory
        self.file.write("".join(lines).encode())
        self.rows += len(block.y)

    def fail(self, file: str, text: str) -> None:
        super().fail(file, text)
        size, self.rows = self.kept  # the rows above the bad one would look like all of the file
        self.file.seek(size)
        self.file.truncate()

    def _head(self, K: int) -> list[str]:
        names = [self.net.label(k) for k in range(K)] if K > 1 else []
        if predicts_classes(self.net):
            found = ["prediction", "confidence", *names]
            found += ["set"] if self.wanted.level is not None else []
        else:
            each = [f" {name}" for name in value_names(self.net, K)] if K > 1 else [""]
            found = [f"prediction{name}" for name in each]
            if self.wanted.level is not None:
                found += [f"{end}{name}" for name in each for end in ("low", "high")]
        found += _member_heads(self.net, K)
        found += ["unlike training"] if knows_columns(self.net) else []
        return [*(["file"] if self.many else []), "row", *found]

    def _cells(self, entry: dict[str, Any], values: Array) -> list[object]:
        rejected = self.wanted.reject and entry["unlike_training"]
        # str of a NumPy number: as many digits as tell it from its neighbours
        line: list[object] = [""] * len(values) if rejected else [*values]
        if predicts_classes(self.net):
            label, confidence = entry.get("label", entry["prediction"]), entry["confidence"]
            first = ["", ""] if rejected else [label, f"{confidence:.6g}"]
            line = [*first, *(line if len(values) > 1 else [])]
            if self.wanted.level is not None:
                line.append("; ".join(map(str, entry.get("set", []))))
        elif self.wanted.level is not None:
            found = entry.get("interval", [["", ""]] * len(values))
            ends = [*found.values()] if isinstance(found, dict) else [found]
            line += np.ravel(ends).tolist()
        if heads := _member_heads(self.net, len(values)):
            known = [*entry.get("members", {}).values()][1:]  # without their number
            line += [each for part in known for each in np.ravel(part).tolist()] or [""] * len(
                heads
            )
        strange = entry.get("unlike_training")
        return line if strange is None else [*line, ", ".join(strange)]


def _member_heads(net: Network, K: int) -> list[str]:
    """Return the columns for the agreement of members, in the order of `MemberSpread.entry`."""
    if members_of(net.layers) is None:
        return []
    if predicts_classes(net):
        return ["members agreeing", "lowest member", "highest member"]
    names = [f" {name}" for name in value_names(net, K)] if K > 1 else [""]
    return [f"{end} member{name}" for end in ("lowest", "highest") for name in names]


def values_text(net: Network, y: Array) -> str:
    """Return the values of a row, y (K,), in one line; several targets by their names."""
    texts = [number_text(value, digits=6) for value in y.tolist()]
    if not net.predicts_values or len(y) == 1:
        return "  ".join(texts)
    pairs = zip(value_names(net, len(y)), texts, strict=True)
    return ", ".join(f"{name} {text}" for name, text in pairs)


def file_entries(
    net: Network, file: str, block: Predicted, wanted: Wanted = PLAIN
) -> list[dict[str, object]]:
    """Return the predictions of a block of one file for JSON, and how sure each is.

    Rows are numbered, images not. A rejected row has neither prediction nor confidence.
    """
    entries = entries_of(net, block.y, wanted.threshold)
    sure = certainty_of(net, block.x, block.y, wanted.level, wanted.threshold)
    found = []
    for row, entry in enumerate(entries):
        more = sure.entry(net, row)
        if wanted.reject and sure.unlike[row]:
            entry = {"prediction": None, "confidence": None}
            more = {"unlike_training": more["unlike_training"]}
        head = {} if block.first is None else {"row": block.first + row}
        found.append({"file": file, **head, **entry, **more})
    return found


def describe_confidence(net: Network, y: Array, threshold: float | None = None) -> str:
    """Return in words how confident one prediction y, (1, K), is, and what that number means."""
    value = float(verdicts(net, y, threshold)[1][0])
    if type(net.layers[-1]).__name__ == "Sigmoid" and y.shape[1] > 1:
        if value < DARK:
            return say("no output neuron is active (the highest output: {value:.2f})", value=value)
        # Independent sigmoids do not sum to 1, so none is a probability
        return say("match {value:.2f} (the neuron's output, no probability)", value=value)
    return say("probability {value:.1%}", value=value)


def _texts(net: Network, file: str, block: Predicted, shown: int, wanted: Wanted) -> Iterator[str]:
    first, x, y, threshold = block.first, block.x, block.y, wanted.threshold
    sure = certainty_of(net, x, y, wanted.level, threshold)
    for row in range(len(y)):
        name, one = file if first is None else f"{file}:{first + row}", y[row : row + 1]
        more = sure.lines(net, row)
        if wanted.reject and sure.unlike[row]:
            text = say("no prediction: {reason}", reason=sure.unlike_text(row))
            yield output.paragraph(text, f"{name}  ")
        elif not predicts_classes(net) and threshold is None:
            yield output.paragraph("; ".join([values_text(net, y[row]), *more]), f"{name}  ")
        elif shown + row < SHOWN:
            yield _in_full(net, name, x[row], one, more, threshold)
        else:
            chosen, confidence = verdicts(net, one, threshold)
            text = f"{name}  {net.label(int(chosen[0]))}  {confidence[0]:.2f}"
            yield output.paragraph("; ".join(more), f"{text}; ") if more else text


def _in_full(
    net: Network, name: str, x: Array, y: Array, more: list[str], threshold: float | None
) -> str:
    """Return a prediction with its confidence, the best classes as bars, and the image."""
    head = say(
        "{name}: {label}", name=name, label=net.label(int(verdicts(net, y, threshold)[0][0]))
    )
    room = output.columns() - IMAGE[1] - 2
    is_beside = takes_images(net) and room >= ROOM
    texts = [describe_confidence(net, y, threshold), *more]
    width = room if is_beside else output.columns()
    rest = [*(line for text in texts for line in output.wrap(text, width)), ""]
    rest += _bars(net, y[0])
    if not takes_images(net):
        return "\n".join([head, *rest, ""])
    left = drawing.grey_image(image_sheets.as_bytes(x.reshape(IMAGE)))
    if not is_beside:
        return "\n".join([head, *(line.rstrip() for line in left), *rest, ""])
    # A long name is written above the image
    above = [] if cell_width(head) <= room else [head]
    right = rest if above else [head, *rest]
    return "\n".join([*above, *drawing.beside(left, right, IMAGE[1]), ""])


def _bars(net: Network, y: Array) -> list[str]:
    if len(y) == 1:
        return []
    # Further classes would only add zeros
    best = sorted(range(len(y)), key=lambda k: -float(y[k]))[:4]
    # Outputs of tanh and others may be negative
    low, high = min(0.0, float(y.min())), max(float(y[best[0]]), 1e-9)
    block = "█" if output.shows_blocks() else "#"
    names = [net.label(k) for k in best]
    width = max(map(cell_width, names))
    lines = []
    for name, k in zip(names, best, strict=True):
        value = float(y[k])
        bar = block * round(BAR * (value - low) / (high - low)) if f"{value:.2f}" != "0.00" else ""
        lines.append(f"{drawing.padded(name, width)} {bar}{' ' * bool(bar)}{value:.2f}")
    return lines
