"""`pellucid data`: what there is to learn from, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import describing
from pellucid.cli.help import Command, argument, json_option, lang_option
from pellucid.cli.output import colours, columns, paragraph, shows_blocks, tell, write_json
from pellucid.cli.threads import use_threads
from pellucid.language import cell_width, mark, say

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset

SAMPLES = 3
LONGEST = 20  # classes that are listed one by one

KNOWN = (
    ("mnist", mark("70,000 handwritten digits, 28 x 28 pixels, inside this package")),
    ("xor", mark("points around the corners of a square: needs a hidden layer")),
    ("moons", mark("two half circles that reach into each other")),
    ("circles", mark("a circle around a circle")),
    ("spirals", mark("two spirals wound round each other: hard for a small network")),
)


@click.command(
    cls=Command,
    short_help=mark("what data there is, and what is in it"),
    help=mark(
        "Describe data: how many rows of each class, their shape and range, and a few samples; of "
        "a table, what each "
        "column holds. Without a name: list what is there without a file. (The word describe may "
        "stand in front.)"
    ),
    examples=[
        ("pellucid data", mark("what there is")),
        ("pellucid data mnist", mark("the handwritten digits")),
        ("pellucid data letters/", mark("own pictures, as the network will see them")),
        ("pellucid data describe houses.csv", mark("a table, column by column")),
    ],
)
@argument(
    "words",
    nargs=-1,
    metavar=mark("[DATA]"),
    about=mark(
        "mnist, a toy problem, a folder of pictures by class or of IDX files, an .npz file, or a "
        "table."
    ),
)
@json_option
@lang_option
def data(words: tuple[str, ...], as_json: bool) -> None:
    """Describe data."""
    words = words[1:] if len(words) > 1 and words[0] == "describe" else words
    if len(words) > 1:
        raise click.UsageError(say("name one piece of data at a time"), click.get_current_context())
    data = words[0] if words else None
    if data is None:
        if as_json:
            write_json([{"name": name, "about": say(about)} for name, about in KNOWN])
            return
        for name, about in KNOWN:
            click.echo(paragraph(say(about), f"{name:<9}"))
        click.echo()
        tell(
            say(
                "Own data: a folder with a sub-folder of pictures for each class, IDX files, "
                ".npz, or a table."
            )
        )
        return
    use_threads(None, 0)
    if describing.is_table(data):
        describing.describe(data, as_json)
        return
    from pellucid.cli.datasets import load_dataset

    dataset = load_dataset(data)
    facts = describe(dataset)
    if as_json:
        write_json(facts)
    else:
        click.echo(_text(dataset, facts))


def describe(dataset: Dataset) -> dict[str, Any]:
    """Give counts, shapes, types and ranges as JSON can hold them."""
    import numpy as np

    x, t = dataset.x, dataset.t
    low, high = (float(value) for value in (x.min(), x.max()))
    facts: dict[str, Any] = {
        "name": dataset.name,
        "rows": len(x),
        "test_rows": 0 if dataset.test is None else len(dataset.test[0]),
        "shape": list(x.shape[1:]),
        "type": x.dtype.name,
        "range": [low, high],
        "finite": bool(np.isfinite(x).all()),
        "classes": None,
    }
    if dataset.classes is not None:
        counts = np.bincount(t.astype(np.int64), minlength=len(dataset.classes)).tolist()
        facts["classes"] = [
            {"name": name, "rows": count}
            for name, count in zip(dataset.classes, counts, strict=True)
        ]
    return facts


def _text(dataset: Dataset, facts: dict[str, Any]) -> str:
    lines = [
        say(
            "{name}: {rows:,} rows to learn from, {test:,} to test",
            name=dataset.name,
            rows=facts["rows"],
            test=facts["test_rows"],
        ),
        say(
            "each row: {shape} numbers ({type}), from {low:g} to {high:g}",
            shape=" x ".join(map(str, facts["shape"])),
            type=facts["type"],
            low=facts["range"][0],
            high=facts["range"][1],
        ),
    ]
    if not facts["finite"]:
        lines.append(say("some numbers are NaN or infinity: learning will refuse them"))
    if facts["classes"] is None:
        lines.append(say("targets are values: {shape}", shape=dataset.t.shape))
    lines = [paragraph(line) for line in lines]
    if facts["classes"] is not None:
        lines += _classes(facts["classes"])
    return "\n".join([*lines, "", *_samples(dataset)]).rstrip()


def _classes(classes: list[dict[str, Any]]) -> list[str]:
    lines = [say("{count} classes:", count=len(classes))]
    width = max(cell_width(each["name"]) for each in classes[:LONGEST])
    most = max(each["rows"] for each in classes)
    block = "█" if shows_blocks() else "#"
    longest = min(30, max(columns() - width - 13, 0))
    for each in classes[:LONGEST]:
        name = each["name"] + " " * (width - cell_width(each["name"]))
        lines.append(
            f"  {name}  {each['rows']:>7,}  {block * round(longest * each['rows'] / most)}".rstrip()
        )
    if len(classes) > LONGEST:
        lines.append(say("  and {count} more", count=len(classes) - LONGEST))
    return lines


def _samples(dataset: Dataset) -> list[str]:
    import numpy as np

    from pellucid.lens import pictures

    if dataset.picture_shape is None:
        return [
            paragraph("  ".join(f"{value:.4g}" for value in row[:10]))
            for row in dataset.x[:SAMPLES].reshape(-1, dataset.inputs)
        ]
    wide = dataset.picture_shape[1]
    count = max(1, min(SAMPLES, (columns() + 1) // (wide + 1)))
    # One of each class, as far as there is room: samples are to show differences.
    order = (
        np.unique(dataset.t, return_index=True)[1][:count] if dataset.classes else np.arange(count)
    )
    shown = [pictures.as_bytes(dataset.x[row])[:, : columns()] for row in order]
    blocks = [pictures.terminal_picture(picture, colours(), shows_blocks()) for picture in shown]
    return [" ".join(parts).rstrip() for parts in zip(*blocks, strict=True)]
