"""`pellucid predict`: the predictions of a network for images and rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pellucid.cli import values
from pellucid.cli.help import (
    argument,
    command,
    example,
    json_option,
    model_argument,
    option,
    threshold_option,
)
from pellucid.cli.models import read_model
from pellucid.cli.network_rows import read_rows
from pellucid.cli.output import check_not_read, note
from pellucid.cli.prediction_text import Wanted, is_stream, written_as
from pellucid.cli.table_rows import Predicted, is_named_as_table, is_table_for, predict_table
from pellucid.cli.values import wrong_use
from pellucid.core.uncertainty import known
from pellucid.data.image_files import looks_like_image
from pellucid.data.tables.cells import CellError
from pellucid.data.tables.files import STANDARD_INPUT
from pellucid.errors import FileError, InputError, PellucidError
from pellucid.files.atomic import check_writable
from pellucid.language import translate
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network


@dataclass(frozen=True, kw_only=True)
class PredictOptions:
    """The options of `pellucid predict`."""

    model: str = model_argument()
    files: tuple[str, ...] = argument("FILE...", "Images, tables, or files of rows.")
    threshold: float | None = threshold_option()
    interval: float | None = option(
        "--interval LEVEL",
        "Beside each value the interval that holds the target in this share of the rows, such as "
        "0.9; for classes, the classes that hold the right one.",
        type=values.probability(),
    )
    reject: bool = option(
        "--reject", "Give no prediction for rows of a table that are unlike the training rows."
    )
    path: str | None = option(
        "-o --output-file FILE",
        "Write the predictions to this CSV file instead: a line for each row, with the value of "
        "every output; of a FILE with a bad cell, none. A text that a spreadsheet would take for a "
        "formula begins with an apostrophe.",
    )
    as_json: bool = json_option()


@command(
    "predict",
    PredictOptions,
    "Predict with a network. Images of one digit each (PNG, JPEG, ...) are prepared as MNIST's "
    "were: centred, 28 x 28, light on black. Rows are read from IDX, .npy, or .npz with an array "
    "x. A network that was trained on a table takes tables (CSV, JSON records, Parquet, Feather, "
    ".npy, .npz; - is standard input): columns are found by name, and reordered, ignored, imputed "
    "and unseen values are reported. Rows unlike the training rows are named, with the reason.",
    example("digits.safetensors my.png", "classify one image"),
    example("digits.safetensors *.png --json", "many, for programs"),
    example("model.safetensors new.csv", "the rows of a table, numbered from 1"),
    example("model.safetensors new.csv --json", "the first row has the table's report"),
    example("model.safetensors new.csv --threshold 0.2", "yes already from 20 % up"),
    example(
        "model.safetensors new.csv --interval 0.9", "how far off each may be, 9 times out of 10"
    ),
    example("model.safetensors new.csv -o predictions.csv", "the predictions as a table"),
)
def predict(options: PredictOptions) -> int:
    """Write the network's predictions; return 1 where a file could not be predicted."""
    if options.path is not None and options.as_json:
        raise wrong_use("predictions go to one place: --json or --output-file")
    _check_order(options.model)
    net = read_model(options.model)
    if options.interval is not None:
        known(net.uncertainty)  # before anything is read
    if options.reject and not knows_columns(net):
        raise InputError("--reject needs the columns of a table, which this network does not know")
    if options.path is not None:
        check_not_read(options.path, [options.model, *options.files])
        if not is_stream(options.path):
            check_writable(options.path)
    failed = 0
    wanted = Wanted(options.threshold, options.interval, options.reject)
    many = len(options.files) > 1
    with written_as(net, options.path, options.as_json, many, wanted) as written:
        for file in options.files:
            written.begin()
            try:
                for block in _predicted(net, file):
                    written.add(file, block)
            except PellucidError as error:  # one bad file does not stop the others
                failed += 1
                reason = " ".join(translate(error).split())
                written.fail(file, reason if file in reason else f"{file}: {reason}")
                if isinstance(error, CellError) and file != STANDARD_INPUT:
                    note(
                        "`pellucid score {model} {file} -o FOLDER` predicts the other rows, and "
                        "puts those that cannot be used aside",
                        model=options.model,
                        file=file,
                    )
    return 1 if failed else 0


def _predicted(net: Network, file: str) -> Iterator[Predicted]:
    """Predict a file block by block."""
    if is_table_for(net, file):
        yield from predict_table(net, file)
        return
    x, many = read_rows(net, file)
    yield Predicted(0 if many else None, x, net.predict(x))


def _check_order(model: str) -> None:
    """Raise FileError where MODEL is an image or a table: the words are in the wrong order."""
    if looks_like_image(model) or is_named_as_table(model):
        raise FileError(
            "{path}: not a model file, but an image or a table; the order is: pellucid predict "
            "MODEL FILE...",
            path=model,
        )
