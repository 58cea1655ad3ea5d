"""How the answers of `pellucid predict` are written.

As text with pictures and bars, as JSON, or as a CSV file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import click

from pellucid.cli.help import wrap
from pellucid.cli.output import colours, columns, paragraph, shows_blocks, tell, write_json
from pellucid.cli.rows import PICTURE, reads_pictures
from pellucid.errors import FileError
from pellucid.language import cell_width, say

if TYPE_CHECKING:
    from pellucid.core.types import Array
    from pellucid.network import Network

SHOWN = 3
"""Answers that are shown with their picture; from then on, one line each."""

BAR = 20
ROOM = 24  # columns that an answer needs beside its picture; where there are fewer it stands below
DARK = 0.05  # the brightest output neuron below which none lights up


class Answers(Protocol):
    """Where answers go, block by block."""

    def add(self, file: str, first: int | None, x: Array, y: Array) -> None:
        """Take the answers y to inputs x of a file, whose rows are numbered from `first`; None.

        It is one picture.
        """
        ...

    def fail(self, file: str, text: str) -> None:
        """Take an error: the rest of the file has no answers."""
        ...


@contextmanager
def written_as(net: Network, path: str | None, as_json: bool, many: bool) -> Iterator[Answers]:
    """Give where answers go: into a CSV file (which names the file of each where there are many),
    JSON, or text.

    Raises FileError where the CSV file cannot be written, or nothing was answered.
    """
    if path is not None:
        from pellucid.files.atomic import whole_file

        with whole_file(path) as file:
            table = _Table(net, file, many)
            yield table
            if not table.rows:
                raise FileError("{path}: not written, since no row was answered", path=path)
        tell(say("written: {path}, answers to {rows:,} rows", path=path, rows=table.rows))
    elif as_json:
        document = _Document(net)
        yield document
        write_json(document.entries)
    else:
        yield _Text(net)


class _Text:
    def __init__(self, net: Network) -> None:
        self.net, self.shown = net, 0

    def add(self, file: str, first: int | None, x: Array, y: Array) -> None:
        for text in _texts(self.net, file, x, y, first, self.shown):
            click.echo(text)
        self.shown += len(y)

    def fail(self, file: str, text: str) -> None:
        click.echo(f"pellucid: {text}", err=True)


class _Document:
    def __init__(self, net: Network) -> None:
        self.net, self.entries = net, list[dict[str, Any]]()

    def add(self, file: str, first: int | None, x: Array, y: Array) -> None:
        self.entries += entries_of(self.net, file, y, first)

    def fail(self, file: str, text: str) -> None:
        self.entries.append({"file": file, "error": text})


class _Table(_Text):
    def __init__(self, net: Network, file: BinaryIO, many: bool) -> None:
        super().__init__(net)
        self.file, self.many, self.rows = file, many, 0

    def add(self, file: str, first: int | None, x: Array, y: Array) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        classes, K = tells_classes(self.net), y.shape[1]
        if not self.rows:
            names = [self.net.label(k) for k in range(K)] if classes and K > 1 else []
            head = ["prediction", "confidence", *names] if classes else _value_names(K)
            writer.writerow([*(["file"] if self.many else []), "row", *head])
        for entry, values in zip(entries_of(self.net, file, y, first), y, strict=True):
            line = [*([file] if self.many else []), entry.get("row", "")]
            if classes:
                line += [entry.get("label", entry["prediction"]), f"{entry['confidence']:.6g}"]
            writer.writerow(
                [*line, *(map(str, values) if not classes or K > 1 else [])]
            )  # as many digits as they need
        self.file.write(text.getvalue().encode())
        self.rows += len(y)


def _value_names(K: int) -> list[str]:
    return ["prediction"] if K == 1 else [f"prediction {k}" for k in range(K)]


def tells_classes(net: Network) -> bool:
    """Tell whether the network's answers are classes; else they are values."""
    return net.classes is not None or type(net.layers[-1]).__name__ in ("Sigmoid", "Softmax")


def entries_of(net: Network, file: str, y: Array, first: int | None) -> list[dict[str, Any]]:
    """Give answers y of one file as JSON can hold them.

    Rows are numbered from `first`, where it is no picture.
    """
    classes = tells_classes(net)
    chosen, confidence = (net.choose(y), net.confidence(y)) if classes else (None, None)
    entries = []
    for row, outputs in enumerate(y.tolist()):
        entry: dict[str, Any] = (
            {"file": file} if first is None else {"file": file, "row": first + row}
        )
        if chosen is None or confidence is None:
            entry |= {
                "prediction": outputs[0] if len(outputs) == 1 else outputs,
                "confidence": None,
            }
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


def _texts(
    net: Network, file: str, x: Array, y: Array, first: int | None, shown: int
) -> Iterator[str]:
    for row in range(len(y)):
        name = file if first is None else f"{file}:{first + row}"
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
    rest = [
        *wrap(describe_confidence(net, y), room if beside else columns()),
        "",
        *_bars(net, y[0]),
    ]
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
    lines = [
        f"{picture_line}  {text}".rstrip() for picture_line, text in zip(left, right, strict=True)
    ]
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
        length = (
            round(BAR * (float(y[k]) - low) / (high - low)) if f"{float(y[k]):.2f}" != "0.00" else 0
        )
        bar = f"{block * length} " if length else ""
        lines.append(f"{name}{' ' * (width - cell_width(name))} {bar}{float(y[k]):.2f}")
    return lines
