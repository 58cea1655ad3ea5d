"""Training on a table: find out what its columns are, build the network, train, and score it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.building import table_mlp
from pellucid.cli import outcome
from pellucid.cli.table_rows import shortened, with_targets
from pellucid.cli.train_settings import check_layers, settings_of
from pellucid.data.tables import Columns, Table, read_table
from pellucid.data.tables.kinds import CategoryColumn, DateColumn, NumberColumn
from pellucid.errors import InputError, Message, TableWarning
from pellucid.language import mark, say, translate
from pellucid.network import Network
from pellucid.training import History, recipes, table_loop
from pellucid.training.table_roles import Roles

if TYPE_CHECKING:
    from pellucid.cli.train import TrainOptions


def prepare(options: TrainOptions, pretrained: Network | None) -> outcome.Job:
    """Open the table and build the network, or take the pretrained one; return the training."""
    table = read_table(options.data)
    if pretrained is None:
        columns = seen = _columns_of(table, options)
        net, why = _build(columns, options), seen.why
    else:
        columns, net, why = pretrained.columns, pretrained, Message("as the network was trained")
        table, seen = _seen_again(columns, table, options.target)
    roles = Roles(options.sample_weight, options.group, options.time)
    validation = _validation(options.validation, seen.rows, roles)
    recipe = recipes.tables(net, seen.rows, options.quick)
    # The choice of a loss needs the kind of targets only; rows are read later
    kind = np.empty(0, np.int64) if columns.classes else np.empty((0, 1), np.float32)
    share = validation if isinstance(validation, float) else None
    at_random = None if roles.split else share
    settings = replace(settings_of(options, net, recipe, kind), validation=at_random)

    def score(history: History) -> outcome.Outcome:
        found = _scored(columns, seen, history)
        # With weights, accuracy is not what was asked for
        return found._replace(warning=None) if options.class_weights else found

    return outcome.Job(
        data=table.name,
        rows=seen.rows,
        net=net,
        path="model.safetensors",
        settings=settings,
        run=lambda: table_loop.train_on_table(net, table, settings, validation, roles=roles),
        score=score,
        introduction=[
            *introduction(columns, why),
            *_order_note(options),
            *_split_note(roles, validation),
            *_size_note(columns.width, seen.rows),
        ],
        by_column=share if roles.split else None,
    )


def _columns_of(table: Table, options: TrainOptions) -> Columns:
    if not options.target:
        template = "{table}: --target COLUMN is required: the column to predict, one of {known}"
        raise InputError(template, table=table.name, known=", ".join(table.columns))
    if options.augment:
        raise InputError("--augment changes images, and the data are not images: leave it out")
    return _quietly(
        table,
        options.target,
        task=options.task,
        ignore=[*options.ignore, *filter(None, (options.sample_weight, options.group))],
        categories=options.category,
        numbers=options.number,
        dates=options.date,
    )


def _quietly(table: Table, target: str | Sequence[str], **choices: Any) -> Columns:
    """Return the columns of a table without the warnings, which the introduction lists."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        return Columns.of(table, target, **choices)


def _seen_again(columns: Columns, table: Table, targets: Sequence[str]) -> tuple[Table, Columns]:
    """Return a table for columns that are known already, and what it holds in them."""
    if columns.target is None:
        raise InputError("these columns have no target")
    if targets:
        table = with_targets(columns, table, targets)
    # The network's columns stay; the table is surveyed for rows and frequencies of classes
    names = [target.name for target in columns.targets]
    known = {column.name for column in columns.columns} | set(names)
    unused = [name for name in table.columns if name not in known]
    task = "regress" if columns.classes is None else "classify"
    return table, _quietly(table, names, task=task, ignore=unused)


def _build(columns: Columns, options: TrainOptions) -> Network:
    classes = columns.classes is not None
    check_layers(options.layers, columns.width, columns.outputs, classes)
    hidden = options.hidden if options.layers is None else options.layers[1:-1]
    # Options that are not given leave the defaults to `table_mlp`
    given: dict[str, Any] = {"hidden": hidden, "preset": options.preset, "dropout": options.dropout}
    given |= {"activation": options.activation, "output": options.output}
    given |= {"members": options.members}
    given |= {"increasing": options.increasing, "decreasing": options.decreasing}
    chosen = {name: value for name, value in given.items() if value is not None}
    return table_mlp(columns, seed=options.seed, **chosen)


def _validation(wanted: float | str | None, rows: int, roles: Roles) -> float | Table | None:
    """Return the share, another table, or None; by default a share of many rows."""
    if wanted is None and roles.split:
        return table_loop.SHARE
    if isinstance(wanted, str):
        return None if wanted == "none" else read_table(wanted)
    return table_loop.usual_share(rows) if wanted is None else wanted


def introduction(columns: Columns, why: Message) -> list[str]:
    """Return what the columns were taken for, and why."""
    assert columns.target is not None
    classes, target = columns.classes, columns.target.name
    if columns.further:
        names = shortened([each.name for each in columns.targets])
        first = say("targets {names}: numbers", names=names)
    elif classes is None:
        template = (
            "target {target}: a number ({why}); use --task classify to treat it as a class label"
        )
        first = say(template, target=target, why=why)
    else:
        template = "target {target}: {count} classes ({why}): {names}"
        first = say(template, target=target, count=len(classes), why=why, names=shortened(classes))
    numbers, dates, categories = (
        [column.name for column in columns.columns if isinstance(column, kind)]
        for kind in (NumberColumn, DateColumn, CategoryColumn)
    )
    missing = [column.name for column in columns.columns if column.missing]
    left_out = [f"{name} ({translate(reason)})" for name, reason in columns.left_out.items()]
    notes = [f"{name} ({translate(note)})" for name, note in columns.notes.items()]
    listed = {
        mark("numbers: {names}"): numbers,
        mark("dates: {names}"): dates,
        mark("categories: {names}"): categories,
        mark("with missing cells: {names}"): missing,
        mark("left out: {names}"): left_out,
        mark("note: {names}"): notes,
    }
    return [first, *(say(text, names=shortened(each)) for text, each in listed.items() if each)]


def _order_note(options: TrainOptions) -> list[str]:
    """Return with which columns the prediction only rises or only falls."""
    listed = {
        mark("the prediction only rises with: {names}"): options.increasing,
        mark("the prediction only falls with: {names}"): options.decreasing,
    }
    return [say(text, names=shortened(list(each))) for text, each in listed.items() if each]


def _split_note(roles: Roles, validation: float | Table | None) -> list[str]:
    """Return which rows are held out, where a column decides it."""
    if not roles.split or not isinstance(validation, float):
        return []
    if roles.group is not None:
        template = (
            "held out for validation: whole groups of {column}, about {share:g} % of the rows"
        )
    else:
        template = "held out for validation: the latest rows by {column}, about {share:g} % of them"
    return [say(template, column=roles.group or roles.time, share=100 * validation)]


def _size_note(width: int, rows: int) -> list[str]:
    size = 4 * rows * width  # bytes as float32
    if size <= table_loop.MEMORY:
        return []
    template = (
        "the table takes {size:,} MB as numbers: training reads it block by block, from a "
        "temporary file"
    )
    return [say(template, size=size >> 20)]


def _scored(columns: Columns, seen: Columns, history: History) -> outcome.Outcome:
    """Score the network by the epoch whose weights it has: with validation rows, the best one."""
    records = history.records
    held_out = bool(records) and "validation_loss" in records[0]
    # EarlyStopping restored the weights of that epoch
    epoch = history.best("validation_loss") if held_out else records[-1] if records else {}
    score = "r2" if columns.classes is None else "accuracy"
    value = epoch.get(f"validation_{score}" if held_out else score)
    if columns.classes is None:
        text = say("R2 {r2:.4f}", r2=value or 0.0)
        warning = outcome.no_better_value(value)
    else:
        text = say("accuracy {accuracy:.1f} %", accuracy=100 * (value or 0.0))
        frequent = max(seen.counts, key=seen.counts.__getitem__)
        share = seen.counts[frequent] / seen.rows
        warning = outcome.no_better_class(frequent, share, value, len(columns.classes))
    if held_out:
        template = (
            "kept: the weights after epoch {epoch} of {epochs}, with the lowest validation loss"
        )
        sentences = [
            say(template, epoch=epoch["epoch"], epochs=len(history)),
            say("on held-out validation rows: {scores}", scores=text),
        ]
    else:
        sentences = [
            say("on the training rows: {scores}; --validation 0.2 holds some out", scores=text)
        ]
    return outcome.Outcome(sentences, _scores(columns, seen, epoch, score, held_out), warning)


def _scores(
    columns: Columns, seen: Columns, epoch: dict[str, float], score: str, held_out: bool
) -> dict[str, object]:
    assert columns.target is not None
    names = ("loss", score)
    validation = {name: epoch.get(f"validation_{name}") for name in names}
    return {
        "train": {name: epoch.get(name) for name in names},
        "validation": validation if held_out else None,
        "test": None,
        "rows": seen.rows,
        "target": [each.name for each in columns.targets]
        if columns.further
        else columns.target.name,
        "task": "regress" if columns.classes is None else "classify",
        "classes": columns.classes,
        "columns": [column.name for column in columns.columns],
        "left_out": {name: translate(reason) for name, reason in columns.left_out.items()},
    }
