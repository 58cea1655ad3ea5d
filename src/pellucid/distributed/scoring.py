"""Scoring files of any length: a plan of blocks, and workers that each take the next one."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pellucid.data.tables import read_table
from pellucid.distributed.blocks import Block, plan
from pellucid.distributed.job import KEYS, Done, Job, finished, score_block
from pellucid.errors import FileError, InputError
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network, load

ATTEMPTS = 3
"""How often a block is begun before a scoring gives up: a worker may be killed for its memory."""


class Workers(Protocol):
    """Who scores blocks: processes of this machine, or the tasks of a cluster."""

    def map(self, job: Job, blocks: Sequence[Block]) -> Iterator[Done]:
        """Yield what became of each block, in the order in which they end."""
        ...


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
        Rows keep their order: blocks are numbered through all inputs.
    folder
        Where the results are written: part-000000.parquet and so on, and rejected-000000.parquet
        for blocks with rows that cannot be used, with the reasons. It is made if need be.
    keep, outputs
        As of `Scorer`.
    workers
        Who scores; None for this process alone.
    progress
        Called with the report so far after every block.

    A second run with the same model, files and columns skips the blocks that are finished; each
    file is whole or not there, however a run ended. Returns the report.

    Raises FileError for files that cannot be read or written and for a folder with other files,
    InputError for columns that are missing.
    """
    paths = [os.fspath(path) for path in inputs]
    digest = hashlib.sha256(Path(model).read_bytes()).hexdigest()
    job = Job(
        os.fspath(model), os.fspath(folder), None if keep is None else tuple(keep), outputs, digest
    )
    blocks = plan(paths)
    _check_columns(load(model), blocks, job.keep)
    _prepare(Path(folder), blocks)
    report = Report(len(blocks))
    todo = []
    for block in blocks:
        if done := finished(job, block):
            report.add(done)
        else:
            todo.append(block)
    progress(report)
    for done in (workers or OneProcess()).map(job, todo):
        report.add(done)
        progress(report)
    return report


class OneProcess:
    """This process scores one block after the other, with all of its threads."""

    def map(self, job: Job, blocks: Sequence[Block]) -> Iterator[Done]:
        """Yield what became of each block."""
        for block in blocks:
            yield score_block(job, block)


class Processes:
    """Processes of this machine, each with one thread."""

    def __init__(self, count: int) -> None:
        if count < 1:
            raise InputError("workers must be at least 1, got {got}", got=count)
        self.count = count

    def map(self, job: Job, blocks: Sequence[Block]) -> Iterator[Done]:
        """Yield what became of each block; one whose worker was killed is begun again."""
        left, attempts = list(blocks), 0
        while left:
            attempts += 1
            done: set[int] = set()
            try:
                for found in self._once(job, left):
                    done.add(found.number)
                    yield found
            except BrokenProcessPool as error:
                if attempts >= ATTEMPTS and not done:
                    raise FileError(
                        "a worker was killed {count} times; is there enough memory for {workers} "
                        "workers? Blocks that are finished stay: run it again with fewer",
                        count=attempts,
                        workers=self.count,
                    ) from error
                attempts = 0 if done else attempts
            left = [block for block in left if block.number not in done]

    def _once(self, job: Job, blocks: Sequence[Block]) -> Iterator[Done]:
        # Spawned: a fork of a process with threads may hang
        context = multiprocessing.get_context("spawn")
        count = min(self.count, len(blocks))
        others = set(multiprocessing.active_children())
        with _one_thread_each(), ProcessPoolExecutor(count, context, _worker) as pool:
            waiting: set[Future[Done]] = set()
            rest = iter(blocks)
            try:
                for block in rest:
                    waiting.add(pool.submit(score_block, job, block))
                    if len(waiting) > 2 * count:
                        ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                        yield from (future.result() for future in ended)
                while waiting:
                    ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in ended)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in set(multiprocessing.active_children()) - others:
                    process.terminate()  # no file is ever half written
                raise


def _worker() -> None:
    """Begin a worker: Ctrl-C is for the process that started it, whose end is its own, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Start processes with one thread each: there are as many as cores."""
    before = os.environ.get("PELLUCID_THREADS")
    os.environ["PELLUCID_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PELLUCID_THREADS"]
        else:
            os.environ["PELLUCID_THREADS"] = before


def _check_columns(net: Network, blocks: Sequence[Block], keep: Sequence[str] | None) -> None:
    """Raise InputError, before any work, where a table lacks a column that is used or kept."""
    used = [column.name for column in net.columns.columns] if knows_columns(net) else []
    for path in dict.fromkeys(block.path for block in blocks if block.kind not in KEYS):
        table = read_table(path)
        if absent := table.absent([*used, *(keep or ())]):
            raise table.no_columns(absent)


def _prepare(folder: Path, blocks: Sequence[Block]) -> None:
    """Make the folder of results; refuse one with parts of a longer input or with other files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
    except OSError as error:
        template = "{path}: cannot be a folder for the results ({reason})"
        raise FileError(template, path=folder, reason=error.strerror) from error
    known = {f"{kind}-{b.number:06}.parquet" for b in blocks for kind in ("part", "rejected")}
    if strange := sorted(names - known):
        raise FileError(
            "{path}: has files that are not of this scoring, {names}: choose an empty folder",
            path=folder,
            names=", ".join(strange[:3]) + (", ..." if len(strange) > 3 else ""),
        )
