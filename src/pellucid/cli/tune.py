"""`pellucid tune`: search the settings of a network for a table, and write the best network."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pellucid.cli import train_table, values
from pellucid.cli.column_options import category_option, date_option, ignore_option, number_option
from pellucid.cli.help import command, example, json_option, option
from pellucid.cli.outcome import note_file
from pellucid.cli.output import check_not_read, echo, emit, note, time_text, write_json
from pellucid.cli.plot_file import check_plot, write_plot
from pellucid.cli.values import wrong_use
from pellucid.data.tables import read_table
from pellucid.display.text_table import table
from pellucid.distributed import RayTasks
from pellucid.distributed.search_rows import SearchRows
from pellucid.distributed.searching import (
    FOLDS,
    TEST,
    TOGETHER,
    TRIALS,
    SearchProgress,
    search_rows,
)
from pellucid.errors import TableWarning
from pellucid.files.atomic import check_writable
from pellucid.language import mark, say
from pellucid.lens import plots
from pellucid.training.search_result import SearchResult

TABLES, RUNNING = mark("Tables"), mark("Running and result")


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """The options of `pellucid tune`."""

    trials: int = option(
        "--trials N",
        "How many settings to try. The first are the preset's, so that the gain is known. Default: "
        "64.",
        type=values.whole_number(1),
        default=TRIALS,
    )
    time: float | None = option(
        "--time TIME",
        "Stop the search after this time (90s, 10m, 2h), and use the trials that are finished by "
        "then.",
        type=values.duration(),
    )
    test: float = option(
        "--test SHARE",
        "Share of the rows that no trial sees, for the score at the end. Default: 0.2.",
        type=values.probability(),
        default=TEST,
    )
    folds: int = option(
        "--folds N",
        "Parts of the other rows: trials are trained on all but one, and scored on that. Default: "
        "3.",
        type=values.whole_number(2),
        default=FOLDS,
    )
    together: int = option(
        "--together N",
        "Trials that are compared with each other before the best third goes on. More suit a "
        "large cluster. Default: 16.",
        type=values.whole_number(1),
        default=TOGETHER,
    )
    members: int = option(
        "--members N",
        "Join so many networks of the best settings at the end, each with weights of its own; "
        "their predictions are averaged. Default: 1.",
        type=values.whole_number(1),
        default=1,
    )
    data: str = option("--data DATA", "The table: see `pellucid train`.", TABLES, required=True)
    target: str = option("--target COLUMN", "The column of the table to predict.", required=True)
    task: str | None = option(
        "--task TASK",
        "classify: the target's cells are classes; regress: they are numbers. Default: decided by "
        "the cells.",
        choices=("classify", "regress"),
    )
    ignore: tuple[str, ...] = ignore_option()
    category: tuple[str, ...] = category_option()
    number: tuple[str, ...] = number_option()
    date: tuple[str, ...] = date_option()
    group: str | None = option(
        "--group COLUMN",
        "Keep whole groups (patients, shops, ...) on one side of every split; no input then.",
    )
    workers: int | None = option(
        "--workers N",
        "Processes of this machine, each with one thread. Default: as many as cores.",
        RUNNING,
        type=values.whole_number(1),
    )
    ray: str | None = option(
        "--ray ADDRESS",
        "Search on a Ray cluster instead: the address of its head node (10.0.0.1:6379), auto, or "
        "local.",
    )
    seed: int = option(
        "--seed N", "The same seed finds the same network. Default: 0.", RUNNING, default=0
    )
    folder: str | None = option(
        "--folder FOLDER",
        "Keep finished trials here; the same command again goes on, also with more trials. "
        "Default: beside the network's file, best.search.",
    )
    path: str = option(
        "-o --output-file FILE",
        "Where to write the best network. Default: best.safetensors.",
        default="best.safetensors",
    )
    plot: str | None = option(
        "--plot FILE", "Draw the trials into a PNG, SVG or PDF file; needs matplotlib."
    )
    as_json: bool = json_option()


@command(
    "tune",
    TuneOptions,
    "Search the settings of a network for a table: width, depth, dropout, learning rate, weight "
    "decay, label smoothing, frequencies of the embedding. Trials run in parallel, and the worse "
    "ones end early. The score at the end is of rows that no trial saw. Ctrl-C ends the search and "
    "writes the best network so far; the same command again goes on.",
    example("--data houses.csv --target price", "64 trials on all cores"),
    example("--data houses.csv --target price --time 10m -o best.safetensors", "for ten minutes"),
    example("--data visits.csv --target ill --group patient", "no patient on both sides"),
    example("--data visits.csv --target ill --plot trials.png", "draw the trials"),
    example("--data houses.csv --target price --trials 128", "go on with 64 more"),
    example("--data houses.csv --target price --members 8", "eight networks of the best settings"),
    example("--data houses.csv --target price --ray local", "by Ray, on this machine"),
)
def tune(options: TuneOptions) -> None:
    """Search, write the best network, and report all trials."""
    if options.ray is not None and options.workers is not None:
        raise wrong_use("workers are Ray's or processes of this machine: --ray or --workers")
    check_not_read(options.path, [options.data])
    check_writable(options.path)
    check_plot(options.plot)
    workers = options.workers if options.ray is None else RayTasks(options.ray)
    rows = _rows(options)
    _announce(options, rows)
    folder = options.folder or str(Path(options.path).with_suffix(".search"))
    fits: list[int] = []  # trainings in the folder, from the start to the end

    def watch(state: SearchProgress) -> None:
        if not fits and state.fits:
            note("{folder}: going on after {count:,} trainings", folder=folder, count=state.fits)
        fits.append(state.fits)
        progress(state)

    with _shown() as progress:
        found = search_rows(
            rows,
            options.trials,
            options.time,
            options.together,
            options.members,
            workers,
            folder,
            watch,
        )
    found.net.save(options.path)
    if options.plot is not None:
        write_plot(options.plot, [partial(plots.trials, found)], size=(7.5, 4.5))
    _say_how_it_ended(options, found, idle=fits[0] == fits[-1])
    _conclude(options, found, folder)


def _rows(options: TuneOptions) -> SearchRows:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)  # the introduction lists them
        return SearchRows.of(
            read_table(options.data),
            options.target,
            options.test,
            options.folds,
            options.seed,
            options.group,
            task=options.task,
            ignore=options.ignore,
            categories=options.category,
            numbers=options.number,
            dates=options.date,
        )


def _announce(options: TuneOptions, rows: SearchRows) -> None:
    if not options.as_json:
        for text in train_table.introduction(rows.columns, rows.columns.why):
            note(text)
    assert rows.test is not None
    note(
        "searching with {rows:,} rows of {data}, in {folds} folds; {test:,} other rows are held "
        "out for the score at the end",
        rows=len(rows.rows.x),
        data=options.data,
        folds=rows.folds,
        test=len(rows.test.x),
    )
    note_file(options.path)
    if sys.stderr.isatty():
        note("Ctrl-C ends the search and writes the best network so far")


def _say_how_it_ended(options: TuneOptions, found: SearchResult, idle: bool) -> None:
    """Say why a search ended early, and how it goes on; `idle` where no training was finished."""
    if found.stopped == "finished":
        return
    if len(found.trials) == 1:
        note(
            "no group of {count} trials was finished: the network is the preset's",
            count=options.together,
        )
    elif found.stopped == "interrupted":
        note("interrupted: the best of {count:,} trials", count=len(found.trials))
    else:
        note(
            "the time is over: the best of {count:,} trials; --trials {count} finds this network "
            "again",
            count=len(found.trials),
        )
    if idle and found.stopped == "time":
        note("the time was too short for another training: a longer --time goes on")
    else:
        note("the same command again goes on")


def _conclude(options: TuneOptions, found: SearchResult, folder: str) -> None:
    if options.as_json:
        write_json({"model": options.path, "folder": folder, **found.to_dict()})
        return
    echo(table(found.lines(), total=False))
    for text in found.sentences():
        emit(text)
    emit(
        "written: {path}; trials: {folder} ({time})",
        path=options.path,
        folder=folder,
        time=time_text(found.seconds),
    )


@contextmanager
def _shown() -> Iterator[Callable[[SearchProgress], None]]:
    """Yield a function that shows trials, the best loss and the time left: on a terminal as a bar,
    else in a line for each group of trials.
    """
    if not sys.stderr.isatty():
        seen: list[int] = [0]

        def line(found: SearchProgress) -> None:
            if found.finished > seen[-1] or found.ending:
                seen.append(found.finished)
                note(_status(found))

        yield line
        return
    bar = Progress(
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=1.0)

    def show(found: SearchProgress) -> None:
        bar.update(task, completed=found.done, description=_status(found))

    with bar:
        yield show


def _status(found: SearchProgress) -> str:
    if found.ending:
        return say("training the best settings, and the preset's, on all rows but the test rows")
    counts = {"finished": found.finished, "trials": found.trials}
    if found.best is None:
        return say("{finished} of {trials} trials finished", **counts)
    return say(
        "{finished} of {trials} trials finished, best: number {number}, loss {loss:.4f}",
        **counts,
        number=found.best.number,
        loss=found.best.loss,
    )
