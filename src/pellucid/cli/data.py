"""`pellucid data`: the data that can be trained on, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.cli import describe_table, drawing
from pellucid.cli.datasets import Dataset, load_dataset
from pellucid.cli.help import argument, command, example, json_option
from pellucid.cli.output import columns, echo, echo_lines, emit, paragraph, rows_text, write_json
from pellucid.cli.values import wrong_use
from pellucid.language import mark, say
from pellucid.lens import image_sheets

SAMPLES = 3
LONGEST = 20  # classes that are listed one by one

KNOWN = {
    "mnist": mark("70,000 handwritten digits, 28 x 28 pixels, inside this package"),
    "xor": mark("points around the corners of a square: needs a hidden layer"),
    "moons": mark("two interleaving half circles"),
    "circles": mark("a circle around a circle"),
    "spirals": mark("two interleaving spirals: hard for a small network"),
}


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """The options of `pellucid data`; `words` are the data's name, "describe" before it or not."""

    words: tuple[str, ...] = argument(
        "[DATA]",
        "mnist, a toy problem, a folder of images by class or of IDX files, an .npz file, or a "
        "table.",
        many=True,
    )
    as_json: bool = json_option()


@command(
    "data",
    DataOptions,
    "Describe data: rows of each class, shape and range, and a few samples; of a table, what each "
    "column holds. Without a name: list the data that need no file. (The word describe may stand "
    "in front.)",
    example("", "what can be used without a file"),
    example("mnist", "the handwritten digits"),
    example("letters/", "own images, as the network gets them"),
    example("describe houses.csv", "a table, column by column"),
)
def data(options: DataOptions) -> None:
    """Describe data."""
    words = options.words
    # `pellucid data describe mnist` reads well, so both are understood
    words = words[1:] if len(words) > 1 and words[0] == "describe" else words
    if len(words) > 1:
        raise wrong_use("name one data set at a time")
    if not words:
        _show_known(options.as_json)
    elif describe_table.is_table(words[0]):
        describe_table.describe(words[0], options.as_json)
    else:
        dataset = load_dataset(words[0])
        if options.as_json:
            write_json(_facts(dataset))
        else:
            _show(dataset)


def _show_known(as_json: bool) -> None:
    if as_json:
        write_json([{"name": name, "about": say(about)} for name, about in KNOWN.items()])
        return
    echo(rows_text((name, say(about)) for name, about in KNOWN.items()))
    echo()
    emit(
        "Own data: a folder with a sub-folder of images for each class, IDX files, .npz, or a "
        "table."
    )


def _facts(dataset: Dataset) -> dict[str, object]:
    """Return counts, shapes, types and ranges for JSON."""
    x = dataset.x
    return {
        "name": dataset.name,
        "rows": len(x),
        "test_rows": 0 if dataset.test is None else len(dataset.test[0]),
        "shape": list(x.shape[1:]),
        "type": x.dtype.name,
        "range": [float(x.min()), float(x.max())],
        "finite": bool(np.isfinite(x).all()),
        "classes": None
        if dataset.classes is None
        else [{"name": name, "rows": count} for name, count in _counts(dataset).items()],
    }


def _counts(dataset: Dataset) -> dict[str, int]:
    names = dataset.classes or []
    counts = np.bincount(dataset.t.astype(np.int64), minlength=len(names)).tolist()
    return dict(zip(names, counts, strict=True))


def _show(dataset: Dataset) -> None:
    x, test = dataset.x, 0 if dataset.test is None else len(dataset.test[0])
    template = "{name}: {rows:,} rows to train on, {test:,} to test on"
    emit(template, name=dataset.name, rows=len(x), test=test)
    shape, low, high = " x ".join(map(str, x.shape[1:])), x.min(), x.max()
    template = "each row: {shape} values ({type}), from {low:g} to {high:g}"
    emit(template, shape=shape, type=x.dtype.name, low=low, high=high)
    if not np.isfinite(x).all():
        emit("some values are NaN or infinite: training will refuse them")
    if dataset.classes is None:
        emit("targets are values: {shape}", shape=dataset.t.shape)
    else:
        counts = _counts(dataset)
        emit("{count} classes:", count=len(counts))
        names, numbers = list(counts)[:LONGEST], list(counts.values())[:LONGEST]
        lines = drawing.bars(names, numbers, min(columns() - 2, 50), ",")
        echo_lines(f"  {line}" for line in lines)
        if len(counts) > LONGEST:
            echo(say("  and {count} more", count=len(counts) - LONGEST))
    # The lower rim of the images is empty
    echo("\n" + "\n".join(_samples(dataset)).rstrip())


def _samples(dataset: Dataset) -> list[str]:
    if dataset.image_shape is None:
        return [
            paragraph("  ".join(f"{value:.4g}" for value in row[:10]))
            for row in dataset.x[:SAMPLES].reshape(-1, dataset.inputs)
        ]
    wide = dataset.image_shape[1]
    count = max(1, min(SAMPLES, (columns() + 1) // (wide + 1)))
    # One of each class as far as there is room: samples should show differences
    each = np.unique(dataset.t, return_index=True)[1] if dataset.classes else np.arange(count)
    blocks = [drawing.cropped_image(image_sheets.as_bytes(dataset.x[row])) for row in each[:count]]
    return [" ".join(parts).rstrip() for parts in zip(*blocks, strict=True)]
