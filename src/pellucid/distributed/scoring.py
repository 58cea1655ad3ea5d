"""Scoring files of any length: a plan of blocks, and workers that each take the next one."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pellucid.data.tables.cell_counts import Counts, add_counts
from pellucid.distributed.blocks import Block, plan, table_of
from pellucid.distributed.job import KEYS, Done, Earlier, Job, earlier, score_block
from pellucid.distributed.number_cells import types_of
from pellucid.distributed.places import (
    is_url,
    joined,
    last_name,
    prepare,
    remove,
    remove_unfinished,
)
from pellucid.distributed.scorer import Scorer
from pellucid.distributed.workers import OneProcess, Workers, each
from pellucid.errors import FileError, InputError, Message
from pellucid.files.limits import MODEL_BYTES
from pellucid.files.opening import open_file
from pellucid.language import mark
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network
from pellucid.training.promise import differences, in_one

_PART = re.compile(r"(part|rejected)-\d{6,}\.parquet")


@dataclass
class Report:
    """What a scoring did: blocks in all, done and skipped; rows with predictions and rejected;
    unusual cells, as `Scorer.cells`.
    """

    blocks: int
    done: int = 0
    skipped: int = 0
    rows: int = 0
    rejected: int = 0
    cells: Counts = field(default_factory=dict)

    def add(self, done: Done) -> None:
        """Add what became of a block."""
        self.done += 1
        self.skipped += done.skipped
        self.rows += done.rows
        self.rejected += done.rejected
        add_counts(self.cells, done.cells)


def score(
    model: str | os.PathLike[str],
    inputs: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    *,
    keep: Sequence[str] | None = None,
    outputs: bool = False,
    interval: float | None = None,
    reject: bool = False,
    texts: Sequence[str] = (),
    force: bool = False,
    workers: Workers | None = None,
    progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Write the predictions for files of rows into a folder, one Parquet file for each block.

    Parameters
    ----------
    model
        The path of a model file.
    inputs
        Tables (Parquet, CSV, JSON records, Feather), arrays (.npy, IDX), folders of images and
        folders of such files. Rows keep their order: blocks are numbered through all inputs. A URL
        that fsspec reads (s3://bucket/rows/*.parquet, gs://, file://; extra `remote`) is a file, a
        pattern, or a folder, of Parquet, CSV or .npy files.
    folder
        Where the results are written, a path or a URL: part-000000.parquet and so on, and
        rejected-000000.parquet for blocks with rows that cannot be used, with the reasons, and of
        tables the file and the row, counted from 1. It is made if need be.
    keep, outputs, interval, reject
        As of `Scorer`.
    texts
        Columns of CSV and JSON files that stay texts in the results. Numbers are what the network
        takes as such, and columns whose cells are numbers at up to 32 places of the files; a row
        that does not fit later is rejected.
    force
        Whether to replace results of another model, other columns or another input. By default
        they are an error that names what differs.
    workers
        Who scores; None for this process alone.
    progress
        Called with the report so far after every block.

    A second run with the same model, files and columns skips the blocks that are finished; each
    file is whole or not there, however a run ended. Returns the report.

    Raises FileError for files that cannot be read or written and for a folder with other files or
    results, InputError for columns that are missing, MissingLibraryError for a URL whose library is
    not installed.
    """
    paths = [os.fspath(path) for path in inputs]
    expected = Message("a model file from `pellucid train` or net.save")
    with open_file(model, expected, MODEL_BYTES) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    kept = None if keep is None else tuple(keep)
    job = Job(
        os.fspath(model), os.fspath(folder), kept, outputs, digest, interval=interval, reject=reject
    )
    workers = OneProcess() if workers is None else workers
    _check_places(paths, job.folder, workers)
    blocks = plan(paths)
    net = Scorer(model, interval=interval, reject=reject).network  # refused before any work
    _check_columns(net, blocks, job.keep, texts)
    job = replace(job, types=types_of(blocks, texts, net))
    names = _prepare(job.folder, blocks, force)
    report = Report(len(blocks))
    todo = []
    for block in blocks:
        before = earlier(job, block) if last_name(job.part(block)) in names else None
        if before is not None and before.done is not None:
            report.add(before.done)
            continue
        if before is not None and not force:
            _check_same(job, block, before)
        todo.append(block)
    progress(report)
    # Absolute, since a worker may have another working directory
    found = each(workers, score_block, job.absolute(), (block.absolute() for block in todo))
    for done in found:
        report.add(done)
        progress(report)
    remove_unfinished(job.folder)  # of workers that were killed
    return report


def _check_same(job: Job, block: Block, before: Earlier) -> None:
    """Raise FileError where a result is of another model, other columns or another input."""
    if found := differences(before.promise, job.promise(block)):
        raise FileError(
            "{path}: the result of another scoring: {differences}. Choose another folder, or "
            "replace the results there with force (--force)",
            path=job.part(block),
            differences=in_one(found),
        )


def _check_columns(
    net: Network, blocks: Sequence[Block], keep: Sequence[str] | None, texts: Sequence[str]
) -> None:
    """Raise InputError, before any work, where a table lacks a column that is used or kept, or all
    lack one of `texts`, and for inputs without names where the network takes a table.
    """
    used = [column.name for column in net.columns.columns] if knows_columns(net) else []
    for block in blocks:
        if used and block.kind in KEYS:
            raise InputError(
                "{path}: has no column names, and the network takes tables with the columns "
                "{names}",
                path=block.path,
                names=", ".join(used),
            )
    tables = [
        table_of(path)
        for path in dict.fromkeys(block.path for block in blocks if block.kind not in KEYS)
    ]
    for table in tables:
        if absent := table.absent([*used, *(keep or ())]):
            raise table.no_columns(absent)
    for name in texts:
        if tables and all(table.absent([name]) for table in tables):
            raise tables[0].no_columns([name])


def _prepare(folder: str, blocks: Sequence[Block], force: bool) -> set[str]:
    """Make the folder of results and return the names in it; refuse one with other files, or parts
    of a longer input, which `force` removes.
    """
    names = prepare(folder)
    known = {f"{kind}-{b.number:06}.parquet" for b in blocks for kind in ("part", "rejected")}
    strange = sorted(names - known)
    parts = [name for name in strange if _PART.fullmatch(name)]
    if force and parts == strange:
        for name in parts:
            remove(joined(folder, name))
        strange = []
    if strange:
        shown = ", ".join(strange[:3]) + (", ..." if len(strange) > 3 else "")
        template = mark(
            "{path}: has files that are not of this scoring, {names}: choose an empty folder"
        )
        if parts == strange:
            template = mark(
                "{path}: has the results of a longer input, {names}: choose another folder, or "
                "replace them with force (--force)"
            )
        raise FileError(template, path=folder, names=shown)
    return names & known


def _check_places(inputs: Sequence[str], folder: str, workers: Workers) -> None:
    """Raise InputError for places that other processes do not see, and for results within the
    input, which the next run would score.
    """
    own = [place for place in [*inputs, folder] if place.startswith("memory://")]
    if own and not isinstance(workers, OneProcess):
        raise InputError(
            "{path}: only this process sees its memory: use one worker, or files", path=own[0]
        )
    for place in inputs:
        if not is_url(place) and not is_url(folder) and _is_below(folder, place):
            template = "{path}: within the input {place}: choose a folder outside of it"
            raise InputError(template, path=folder, place=place)


def _is_below(folder: str, place: str) -> bool:
    return Path(place).is_dir() and Path(folder).resolve().is_relative_to(Path(place).resolve())
