"""`pellucid score`: predictions for files of any length, in blocks, by many workers."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pellucid.cli import values
from pellucid.cli.help import argument, command, example, json_option, model_argument, option
from pellucid.cli.models import model_path
from pellucid.cli.output import emit, note, time_text, write_json
from pellucid.cli.values import wrong_use
from pellucid.data.tables.cell_counts import counts_in_words
from pellucid.distributed import OneProcess, Processes, RayTasks, Report, score
from pellucid.distributed.workers import Workers
from pellucid.engines import core_count
from pellucid.errors import Message
from pellucid.language import say

_FILES = {".csv", ".tsv", ".json", ".jsonl", ".npy", ".npz", ".txt", ".xlsx"}
"""Extensions that say that one file is expected, where a folder would be made by that name."""


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """The options of `pellucid score`."""

    model: str = model_argument()
    inputs: tuple[str, ...] = argument(
        "INPUT...",
        "Tables, arrays of rows (.npy, IDX), folders of these or of images; also URLs of Parquet, "
        "CSV and .npy files (s3://bucket/rows/*.parquet).",
    )
    folder: str = option(
        "-o --output-folder FOLDER", "Write the results to this folder or URL.", required=True
    )
    workers: int | None = option(
        "--workers N", "Processes of this machine. Default: as many as cores."
    )
    ray: str | None = option(
        "--ray ADDRESS",
        "Score on a Ray cluster instead: the address of its head node (10.0.0.1:6379), auto, or "
        "local. All machines must see the same files.",
    )
    columns: str | None = option(
        "--columns NAMES", "Keep these columns of the input (id,name). Default: all."
    )
    texts: tuple[str, ...] = option(
        "--text COLUMN",
        "A column of a CSV or JSON file to keep as text, though its cells are numbers; may be "
        "repeated.",
        multiple=True,
    )
    outputs: bool = option("--outputs", "Add every output, not only the prediction.")
    interval: float | None = option(
        "--interval LEVEL",
        "Beside each value the interval that holds the target in this share of the rows, such as "
        "0.9; for classes, the classes that hold the right one.",
        type=values.probability(),
    )
    reject: bool = option(
        "--reject", "Give no prediction for rows of a table that are unlike the training rows."
    )
    force: bool = option(
        "--force", "Replace results of another model, other columns or another input."
    )
    as_json: bool = json_option()


@command(
    "score",
    ScoreOptions,
    "Score files of any length: predictions beside the rows, in a folder of Parquet files. The "
    "input is cut into blocks; each is read, predicted and written by one worker, whole or not at "
    "all. The same command again skips the blocks that are finished. Rows that cannot be used are "
    "put aside, in rejected-*.parquet, with file, row and reason.",
    example("model.safetensors sales.parquet -o scored", "on all cores"),
    example("model.safetensors 2024.csv 2025.csv -o scored --columns id", "keep the column id"),
    example(
        "model.safetensors sales.csv -o scored --interval 0.9",
        "how far off each may be, 9 times out of 10",
    ),
    example("model.safetensors sales/ -o scored", "all files of a folder"),
    example("digits.safetensors x.npy -o scored --workers 1", "an array, in one process"),
    example("model.safetensors sales.parquet -o scored --ray local", "by Ray, on this machine"),
)
def run(options: ScoreOptions) -> None:
    """Score files and say what was done."""
    _check(options)
    keep = None
    if options.columns is not None:
        keep = [name.strip() for name in options.columns.split(",") if name.strip()]
    began = time.perf_counter()
    with _shown() as shown:
        report = _scored(options, keep, shown)
    seconds = time.perf_counter() - began
    if options.as_json:
        write_json({**asdict(report), "seconds": seconds, "folder": options.folder})
        return
    emit(
        "{rows:,} rows scored into {folder} ({time})",
        rows=report.rows,
        folder=options.folder,
        time=time_text(seconds),
    )
    if report.skipped:
        emit(
            "{count:,} of {all:,} blocks were finished before",
            count=report.skipped,
            all=report.blocks,
        )
    for sentence in counts_in_words(report.cells):
        note(Message(sentence))
    if report.rejected and options.reject:
        note(
            "{count:,} rows have no prediction: they are in {folder}/rejected-*.parquet, each with "
            "the reason",
            count=report.rejected,
            folder=options.folder,
        )
    elif report.rejected:
        note(
            "{count:,} rows cannot be used: they are in {folder}/rejected-*.parquet, each with the "
            "reason",
            count=report.rejected,
            folder=options.folder,
        )


def _check(options: ScoreOptions) -> None:
    """Raise UsageError for options that do not go together, and for a file as the folder."""
    if options.ray is not None and options.workers is not None:
        raise wrong_use("workers are Ray's or processes of this machine: --ray or --workers")
    if Path(options.folder).suffix.lower() in _FILES:
        raise wrong_use(
            "{got}: results are a folder of Parquet files: name a folder, such as scored, or write "
            "one CSV file by `pellucid predict -o`",
            got=options.folder,
        )


def _scored(
    options: ScoreOptions, keep: list[str] | None, shown: Callable[[Report], None]
) -> Report:
    """Score; where that is interrupted, say how it goes on."""
    seen: list[Report] = []

    def progress(report: Report) -> None:
        seen[:] = [report]
        shown(report)

    try:
        return score(
            model_path(options.model),
            options.inputs,
            options.folder,
            keep=keep,
            outputs=options.outputs,
            interval=options.interval,
            reject=options.reject,
            texts=options.texts,
            force=options.force,
            workers=_workers(options),
            progress=progress,
        )
    except KeyboardInterrupt:
        for report in seen:
            note(
                "{done:,} of {all:,} blocks are finished: the same command again does the others",
                done=report.done,
                all=report.blocks,
            )
        raise


def _workers(options: ScoreOptions) -> Workers:
    if options.ray is not None:
        return RayTasks(options.ray)
    chosen = options.workers if options.workers is not None else core_count()
    return OneProcess() if chosen == 1 else Processes(chosen)


@contextmanager
def _shown() -> Iterator[Callable[[Report], None]]:
    """Yield a function that shows blocks, rows a second and the time left, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda report: None
        return
    bar = Progress(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )
    task, began = bar.add_task("", total=None), time.perf_counter()
    before: list[int] = []  # rows that were finished when this run began

    def show(report: Report) -> None:
        before.append(report.rows)
        rate = (report.rows - before[0]) / max(time.perf_counter() - began, 1e-9)
        text = say("{rows:,} rows, {rate:,.0f} a second", rows=report.rows, rate=rate)
        done = report.done
        bar.update(task, total=report.blocks, completed=done, description=text)

    with bar:
        yield show
