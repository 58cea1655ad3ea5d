"""Scoring files of any length: a plan of blocks, and workers that each take the next one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pellucid.distributed.blocks import Block, plan, table_of
from pellucid.distributed.job import KEYS, Done, Job, finished, score_block
from pellucid.distributed.places import last_name, prepare, remove_unfinished
from pellucid.distributed.workers import OneProcess, Workers, each
from pellucid.errors import FileError, InputError, Message
from pellucid.files.limits import MODEL_BYTES
from pellucid.files.opening import open_file
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network, load


@dataclass
class Report:
    """What a scoring did: blocks in all, done and skipped; rows with predictions and rejected."""

    blocks: int
    done: int = 0
    skipped: int = 0
    rows: int = 0
    rejected: int = 0

    def add(self, done: Done) -> None:
        """Add what became of a block."""
        self.done += 1
        self.skipped += done.skipped
        self.rows += done.rows
        self.rejected += done.rejected


def score(
    model: str | os.PathLike[str],
    inputs: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    *,
    keep: Sequence[str] | None = None,
    outputs: bool = False,
    workers: Workers | None = None,
    progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Write the predictions for files of rows into a folder, one Parquet file for each block.

    Parameters
    ----------
    model
        The path of a model file.
    inputs
        Tables (Parquet, CSV, JSON records, Feather), arrays (.npy, IDX) and folders of images.
        Rows keep their order: blocks are numbered through all inputs. A URL that fsspec reads
        (s3://bucket/rows/*.parquet, gs://, file://; extra `remote`) is a file, a pattern, or a
        folder, of Parquet, CSV or .npy files.
    folder
        Where the results are written, a path or a URL: part-000000.parquet and so on, and
        rejected-000000.parquet for blocks with rows that cannot be used, with the reasons. It is
        made if need be.
    keep, outputs
        As of `Scorer`.
    workers
        Who scores; None for this process alone.
    progress
        Called with the report so far after every block.

    A second run with the same model, files and columns skips the blocks that are finished; each
    file is whole or not there, however a run ended. Returns the report.

    Raises FileError for files that cannot be read or written and for a folder with other files,
    InputError for columns that are missing, MissingLibraryError for a URL whose library is not
    installed.
    """
    paths = [os.fspath(path) for path in inputs]
    expected = Message("a model file from `pellucid train` or net.save")
    with open_file(model, expected, MODEL_BYTES) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    job = Job(
        os.fspath(model), os.fspath(folder), None if keep is None else tuple(keep), outputs, digest
    )
    workers = OneProcess() if workers is None else workers
    _check_shared([*paths, job.folder], workers)
    blocks = plan(paths)
    _check_columns(load(model), blocks, job.keep)
    names = _prepare(job.folder, blocks)
    report = Report(len(blocks))
    todo = []
    for block in blocks:
        done = finished(job, block) if last_name(job.part(block)) in names else None
        if done is not None:
            report.add(done)
        else:
            todo.append(block)
    progress(report)
    # Absolute, since a worker may have another working directory
    found = each(workers, score_block, job.absolute(), (block.absolute() for block in todo))
    for done in found:
        report.add(done)
        progress(report)
    remove_unfinished(job.folder)  # of workers that were killed
    return report


def _check_columns(net: Network, blocks: Sequence[Block], keep: Sequence[str] | None) -> None:
    """Raise InputError, before any work, where a table lacks a column that is used or kept."""
    used = [column.name for column in net.columns.columns] if knows_columns(net) else []
    for path in dict.fromkeys(block.path for block in blocks if block.kind not in KEYS):
        table = table_of(path)
        if absent := table.absent([*used, *(keep or ())]):
            raise table.no_columns(absent)


def _prepare(folder: str, blocks: Sequence[Block]) -> set[str]:
    """Make the folder of results and return the names in it; refuse one with parts of a longer
    input or with other files.
    """
    names = prepare(folder)
    known = {f"{kind}-{b.number:06}.parquet" for b in blocks for kind in ("part", "rejected")}
    if strange := sorted(names - known):
        raise FileError(
            "{path}: has files that are not of this scoring, {names}: choose an empty folder",
            path=folder,
            names=", ".join(strange[:3]) + (", ..." if len(strange) > 3 else ""),
        )
    return names


def _check_shared(places: Sequence[str], workers: Workers) -> None:
    """Raise InputError for places that other processes do not see."""
    own = [place for place in places if place.startswith("memory://")]
    if own and not isinstance(workers, OneProcess):
        raise InputError(
            "{path}: only this process sees its memory: use one worker, or files", path=own[0]
        )
