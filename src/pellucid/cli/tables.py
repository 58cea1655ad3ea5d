"""Tables at the command line.

Training from them, answering them, and saying what was done to their columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.cli import learning, outcome
from pellucid.cli.output import check_not_read, check_writable, note, tell, time_text, write_json
from pellucid.cli.plotting import plot_history
from pellucid.errors import InputError, Message
from pellucid.language import say, translate

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.core.types import Array
    from pellucid.data.tables import Columns, Table
    from pellucid.data.tables.reading import Report
    from pellucid.network import Network
    from pellucid.training import History

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
ENOUGH = 1_000
"""Rows from which on a tenth of them is kept for validation when nothing else is asked for."""

SHOWN = 12  # columns that are named before the others are only counted


def is_meant(options: dict[str, Any], begun: Network | None) -> bool:
    """Tell whether the options of `train` speak of a table.

    A network that learning goes on from decides it.
    """
    if begun is not None:
        return (begun.inputs or {}).get("kind") == "table"
    named = any(
        options[name] for name in ("target", "task", "preset", "ignore", "category", "number")
    )
    return named or Path(options["data"]).suffix.lower() in SUFFIXES


def train(options: dict[str, Any], begun: Network | None) -> None:
    """Train a network on a table, or let one that has begun go on.

    Write it, and say what came of it.
    """
    from pellucid.cli.train import ROOM, announce
    from pellucid.training import train_table

    path = options["path"] or "model.safetensors"
    check_not_read(path, [options["begun"]])
    columns, table = look(options) if begun is None else look_again(begun, options)
    net = build(columns, table.name, options) if begun is None else begun
    check_writable(path, sum(array.nbytes for array in net.params) + ROOM)
    settings = settings_of(net, columns, table.name, options)
    if not options["as_json"]:
        introduce(columns)
    announce(table.name, columns.rows, settings["validation"], net, path)
    _tell_blocks(columns)
    history = train_table(net, table, **settings)
    net.save(path)
    if history.stopped == "interrupted":
        note(
            say(
                "interrupted: learning ended after {epochs} whole epochs; the network is kept",
                epochs=len(history),
            )
        )
    plot_history(options["plot"], history)
    figures = _figures(history)
    warnings = [
        text for text in (_no_better(columns, figures), outcome.rising(history)) if text is not None
    ]
    if options["as_json"]:
        write_json(_to_dict(path, net, columns, history, figures, warnings))
    else:
        if len(history) and "validation_loss" in figures:
            told = say(
                "kept: the weights after epoch {epoch} of {epochs}, whose validation loss was the "
                "least",
                epoch=figures["epoch"],
                epochs=len(history),
            )
            tell(told)
        tell(_result(columns, figures))
        tell(say("written: {path}, {time} of learning", path=path, time=time_text(history.seconds)))
    for text in warnings:
        note(say("warning: {text}", text=text))
    if warnings:
        note(outcome.advice(settings["optimizer"].learning_rate))


def look(options: dict[str, Any]) -> tuple[Columns, Table]:
    """Open the table and find out what its columns are."""
    from pellucid.data.tables import Columns, read_table

    table = read_table(options["data"])
    if options["target"] is None:
        raise InputError(
            "{table}: which column is to be predicted? Say --target COLUMN; its columns are "
            "{known}",
            table=table.name,
            known=", ".join(table.columns),
        )
    if options["augment"]:
        raise InputError("--augment changes pictures, and these data are none: leave it out")
    columns = Columns.of(
        table,
        options["target"],
        task=options["task"],
        ignore=options["ignore"],
        categories=options["category"],
        numbers=options["number"],
    )
    return columns, table


def look_again(net: Network, options: dict[str, Any]) -> tuple[Columns, Table]:
    """Open a table for a network that knows its columns already.

    Give these, with what is told of the new rows.
    """
    from pellucid.data.tables import Columns, read_table

    columns, table = net.columns, read_table(options["data"])
    if columns.target is None:
        raise InputError("these columns have no target")
    if options["target"] is not None:
        table = table.renamed(options["target"], columns.target.name)
    task = "regress" if columns.classes is None else "classify"
    known = {column.name for column in columns.columns} | {columns.target.name}
    unused = [name for name in table.columns if name not in known]
    new = Columns.of(table, columns.target.name, task=task, ignore=unused)
    columns.rows, columns.counts, columns.why = (
        new.rows,
        new.counts,
        Message("as the network has learned it"),
    )
    return columns, table


def build(columns: Columns, name: str, options: dict[str, Any]) -> Network:
    """Build the network that the options ask for."""
    from pellucid.building import table_mlp

    layers = options["layers"]
    learning.check_layers(_as_dataset(columns, name), layers)
    if layers is not None and layers[-1] != columns.outputs:
        raise InputError(
            "--layers ends with {got} outputs, but {data} has {outputs} classes: end with "
            "{outputs}",
            got=layers[-1],
            data=name,
            outputs=columns.outputs,
        )
    given = {
        name: options[name]
        for name in ("activation", "output", "preset", "dropout")
        if options[name] is not None
    }
    chosen = options["hidden"] if layers is None else layers[1:-1]
    hidden = {} if chosen is None else {"hidden": chosen}
    return table_mlp(columns, seed=options["seed"], **hidden, **given)


def settings_of(
    net: Network, columns: Columns, name: str, options: dict[str, Any]
) -> dict[str, Any]:
    """Give the settings of `train_table`: the recipe's, with the options in place of its parts."""
    from pellucid.data.tables import read_table
    from pellucid.training import EarlyStopping, recipes

    recipe = recipes.tables(net, columns.rows, options["quick"])
    settings = learning.settings_with(recipe, net, _as_dataset(columns, name), options)
    validation = options["validation"]
    if validation == "none":
        validation = None
    elif isinstance(validation, str):
        validation = read_table(validation)
    elif validation is None and columns.rows >= ENOUGH:
        validation = 0.1
    # The last epochs of one cycle are nearly always the best; where they are not, the best one's
    # weights are kept.
    keep = [] if validation is None else [EarlyStopping(patience=settings["epochs"])]
    metrics = ["r2"] if columns.classes is None else ["accuracy"]
    return {**settings, "validation": validation, "callbacks": keep, "metrics": metrics}


def introduce(columns: Columns) -> None:
    """Say what the columns were taken for, and why."""
    from pellucid.data.tables.kinds import NumberColumn

    assert columns.target is not None
    if columns.classes is None:
        note(
            say(
                "target {target}: a number ({why}); --task classify takes its cells for classes",
                target=columns.target.name,
                why=columns.why,
            )
        )
    else:
        note(
            say(
                "target {target}: {count} classes ({why}): {names}",
                target=columns.target.name,
                count=len(columns.classes),
                why=columns.why,
                names=_shortened(columns.classes),
            )
        )
    numbers = [column.name for column in columns.columns if isinstance(column, NumberColumn)]
    categories = [column.name for column in columns.columns if not isinstance(column, NumberColumn)]
    if numbers:
        note(say("numbers: {names}", names=_shortened(numbers)))
    if categories:
        note(say("categories: {names}", names=_shortened(categories)))
    if missing := [column.name for column in columns.columns if column.missing]:
        note(say("with missing cells: {names}", names=_shortened(missing)))
    if columns.left_out:
        parts = [f"{name} ({translate(reason)})" for name, reason in columns.left_out.items()]
        note(say("left out: {names}", names=_shortened(parts)))


def answer(net: Network, file: str) -> Iterator[tuple[int, Array, Array]]:
    """Answer a table block by block.

    Give (number of the first row, x, y), and say at the end what was done to it.
    """
    from pellucid.data.tables import read_table

    reading = net.columns.read(read_table(file))
    for x, _ in reading:
        yield reading.report.rows - len(x) + 1, x, net.predict(x)
    tell_report(file, reading.report)


def knows(net: Network, file: str) -> bool:
    """Tell whether a file is to be read as a table by this network.

    Rows without names go to its inputs directly.
    """
    if (net.inputs or {}).get("kind") != "table":
        return False
    from pellucid.data.opening import looks_like_picture
    from pellucid.data.tables import read_table

    if looks_like_picture(file):
        names = _shortened([column.name for column in net.columns.columns])
        raise InputError(
            "{path}: a picture, and this network takes tables with the columns {names}",
            path=file,
            names=names,
        )
    if Path(file).suffix.lower() not in (".npy", ".npz"):
        return True
    return {column.name for column in net.columns.columns} <= set(read_table(file).columns)


def rows_of(net: Network, file: str, target: str | None) -> tuple[Array, Array]:
    """Give a table's rows and targets for a network, and say what was done to its columns."""
    import numpy as np

    from pellucid.data.tables import read_table
    from pellucid.training.data import fingerprint

    columns, table = net.columns, read_table(file)
    if columns.target is not None and target is not None:
        table = table.renamed(target, columns.target.name)
    reading = columns.read(table, targets=True)
    blocks = list(reading)
    if not blocks:
        raise InputError("{table}: there are no rows", table=file)
    tell_report(file, reading.report)
    x, t = (
        np.concatenate([x for x, _ in blocks]),
        np.concatenate([t for _, t in blocks if t is not None]),
    )
    if net.record.get("table") == fingerprint(x):
        note(
            say(
                "{path}: these are the rows that the network learned from: what follows flatters "
                "it; ask rows that it "
                "never saw",
                path=file,
            )
        )
    return x, t


def tell_report(file: str, report: Report) -> None:
    """Say on standard error what was done to the columns of a table, where something was."""
    for line in report.lines():
        note(f"{file}: {line}")


def _as_dataset(columns: Columns, name: str) -> Dataset:
    """Give what the choice of settings asks of data; the rows themselves stay where they are."""
    import numpy as np

    from pellucid.cli.datasets import Dataset

    t = np.empty((0, 1), np.float32) if columns.classes is None else np.empty(0, np.int64)
    return Dataset(name, np.empty((0, columns.width), np.float32), t, None, columns.classes)


def _tell_blocks(columns: Columns) -> None:
    from pellucid.training.tables import MEMORY

    size = columns.rows * columns.width * 4
    if size > MEMORY:
        note(
            say(
                "the table takes {size:,} MB as numbers: it is learned block by block, from a "
                "temporary file",
                size=size >> 20,
            )
        )


def _figures(history: History) -> dict[str, float]:
    """Give the figures of the epoch whose weights the network has.

    With validation rows, the best one.
    """
    if not history.records:
        return {}
    return (
        history.best("validation_loss")
        if "validation_loss" in history.records[0]
        else history.records[-1]
    )


def _result(columns: Columns, figures: dict[str, float]) -> str:
    held = "validation_loss" in figures
    prefix = "validation_" if held else ""
    if columns.classes is None:
        text = say("R2 {r2:.4f}", r2=figures.get(f"{prefix}r2", 0.0))
    else:
        text = say(
            "accuracy {accuracy:.1f} %", accuracy=100 * figures.get(f"{prefix}accuracy", 0.0)
        )
    if held:
        return say("on validation rows that it did not learn from: {figures}", figures=text)
    return say(
        "on the rows that it learned from: {figures}; --validation 0.2 keeps some to test",
        figures=text,
    )


def _no_better(columns: Columns, figures: dict[str, float]) -> str | None:
    prefix = "validation_" if "validation_loss" in figures else ""
    if columns.classes is None:
        r2 = figures.get(f"{prefix}r2")
        if r2 is None or r2 > outcome.NEAR:
            return None
        return say(
            "this network answers no better than always giving the mean (R2 {r2:.4f})", r2=r2
        )
    name = max(columns.counts, key=lambda key: columns.counts[key])
    return outcome.no_better_than(
        name, columns.counts[name] / columns.rows, figures.get(f"{prefix}accuracy")
    )


def _to_dict(
    path: str,
    net: Network,
    columns: Columns,
    history: History,
    figures: dict[str, float],
    warnings: list[str],
) -> dict[str, Any]:
    assert columns.target is not None
    names = ("loss", "r2") if columns.classes is None else ("loss", "accuracy")
    validation = {name: figures.get(f"validation_{name}") for name in names}
    return {
        **outcome.to_dict(path, net, history, None, warnings),
        "train": {name: figures.get(name) for name in names},
        "validation": validation if "validation_loss" in figures else None,
        "rows": columns.rows,
        "target": columns.target.name,
        "task": "regress" if columns.classes is None else "classify",
        "classes": columns.classes,
        "columns": [column.name for column in columns.columns],
        "left_out": {name: translate(reason) for name, reason in columns.left_out.items()},
    }


def _shortened(names: list[str]) -> str:
    if len(names) <= SHOWN:
        return ", ".join(names)
    return say("{names} and {count} more", names=", ".join(names[:SHOWN]), count=len(names) - SHOWN)
