"""One block scored: read, predicted and written by one worker, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, NamedTuple

from pellucid.core.types import Array, Options
from pellucid.data.tables.cell_counts import Counts, add_counts
from pellucid.distributed.batches import ArrowTable
from pellucid.distributed.blocks import Block, read_block, table_of
from pellucid.distributed.number_cells import Types, parsed, with_numbers
from pellucid.distributed.places import (
    READING,
    absolute,
    errors,
    joined,
    last_name,
    open_place,
    remove,
    state_of,
    whole,
)
from pellucid.distributed.scorer import Scored, Scorer
from pellucid.errors import FileError, Message
from pellucid.extras import library
from pellucid.language import mark
from pellucid.lens.input_columns import knows_columns

_KEY = b"pellucid.block"

KEYS = {"rows": ["row"], "images": ["file"]}
"""What is kept of blocks that are no tables, unless a scoring says otherwise."""

TEXTS = {"bytes", "whole"}
"""The blocks of files whose cells may all be texts."""


class Done(NamedTuple):
    """What became of a block: how many rows have predictions, and how many were rejected."""

    number: int
    rows: int
    rejected: int
    cells: Counts
    skipped: bool = False


class Earlier(NamedTuple):
    """The result of an earlier run: its promise, and its report where that is of the same block,
    scored alike.
    """

    promise: Options
    done: Done | None


@dataclass(frozen=True)
class Job:
    """What every worker must know: the model, the folder of results, and the columns in them.

    `digest` is the SHA-256 of the model file; `types` are those of columns whose cells are texts;
    `interval` and `reject` are as of `Scorer`.
    """

    model: str
    folder: str
    keep: tuple[str, ...] | None
    outputs: bool
    digest: str
    types: Types = ()
    interval: float | None = None
    reject: bool = False

    def scorer(self, block: Block) -> Scorer:
        """Return the scorer of a block; of arrays and images it keeps the number or the name."""
        keep = KEYS.get(block.kind) if self.keep is None else self.keep
        return Scorer(
            self.model, keep=keep, outputs=self.outputs, interval=self.interval, reject=self.reject
        )

    def absolute(self) -> Job:
        """Return this job with absolute paths, which mean the same in every process."""
        return replace(self, model=absolute(self.model), folder=absolute(self.folder))

    def part(self, block: Block) -> str:
        """Return the file of a block's predictions; names are in the order of the input."""
        return joined(self.folder, f"part-{block.number:06}.parquet")

    def rejects(self, block: Block) -> str:
        """Return the file of a block's rejected rows; there is none where all were accepted."""
        return joined(self.folder, f"rejected-{block.number:06}.parquet")

    def fingerprint(self, block: Block) -> str:
        """Return a hash of all that decides a block's result: model, columns, file and place."""
        # Not the whole path, which machines and folders may see differently
        place = block._replace(path=last_name(block.path))
        types = self.types if block.kind in TEXTS else ()
        known: list[object] = [self.digest, self.keep, self.outputs, types]
        known += [*place, *state_of(block.path)]
        known += [self.interval, self.reject]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()

    def promise(self, block: Block) -> Options:
        """Return what a block's result is of, by name, as texts."""
        return {
            mark("input file"): last_name(block.path),
            mark("kept columns"): "all" if self.keep is None else ", ".join(self.keep) or "none",
            mark("every output"): "yes" if self.outputs else "no",
            mark("interval level"): "none" if self.interval is None else f"{self.interval:g}",
            mark("unlike rows rejected"): "yes" if self.reject else "no",
            mark("model file"): f"SHA-256 {self.digest[:12]}...",
        }


def earlier(job: Job, block: Block) -> Earlier | None:
    """Return what an earlier run left of a block; None where that is nothing, or damaged."""
    parquet, part = library("pyarrow.parquet", "tables"), job.part(block)
    # FileError: it is damaged, or cannot be read
    with suppress(FileError, ValueError, KeyError), errors(part, READING):
        with open_place(part, Message("a table")) as file:
            found = parquet.read_metadata(file)
        known = json.loads(found.metadata[_KEY])
        promise = {str(name): str(value) for name, value in known["promise"].items()}
        if known["fingerprint"] != job.fingerprint(block):
            return Earlier(promise, None)
        cells: Counts = {}
        add_counts(cells, known["cells"])
        rejected = int(known["rejected"])
        return Earlier(promise, Done(block.number, found.num_rows, rejected, cells, skipped=True))
    return None


def score_block(job: Job, block: Block) -> Done:
    """Score one block and write its files; that of the predictions appears last.

    Raises FileError where a file cannot be read or written, InputError for columns that are
    missing.
    """
    scorer, fingerprint = job.scorer(block), job.fingerprint(block)
    with whole(job.part(block)) as part, ExitStack() as held:
        rejects, writer = None, None
        place = block.before + 1  # of the table's first row, as errors count
        for table in _tables(block):
            rows, rejected, places = _split(scorer, table, job.types)
            writer = writer or _writer(part, rows)
            writer.write_table(rows)
            if rejected.num_rows:
                rejected = _found_at(rejected, block, place + places)
                rejects = rejects or _writer(
                    held.enter_context(whole(job.rejects(block))), rejected, held
                )
                rejects.write_table(rejected)
            place += len(table)
        assert writer is not None
        known = {
            "fingerprint": fingerprint,
            "promise": job.promise(block),
            "rejected": scorer.rejected,
            "cells": scorer.cells,
        }
        writer.add_key_value_metadata({_KEY.decode(): json.dumps(known)})
        writer.close()
        if rejects is None:
            remove(job.rejects(block))  # of an earlier model or input
    return Done(block.number, scorer.rows, scorer.rejected, scorer.cells)


def _split(scorer: Scorer, table: ArrowTable, types: Types) -> Scored:
    """Predict the rows of a table; what is kept of texts has the types of a scoring."""
    if knows_columns(scorer.network):  # whose own columns say what texts mean
        kept, refused = with_numbers(scorer.kept(table), types)
        return scorer.split(table, kept, refused, parsed(table, kept, types))
    numbers, refused = with_numbers(table, types)
    return scorer.split(numbers, refused=refused)


def _found_at(rejected: ArrowTable, block: Block, rows: Array) -> ArrowTable:
    """Return rejected rows of a table with their file, and their number in it, counted from 1."""
    if block.kind in KEYS:  # arrays have row numbers already, and images names
        return rejected
    arrow = library("pyarrow", "tables")
    files = arrow.array([block.path] * len(rows), arrow.string())
    found = {"input file": files, "input row": arrow.array(rows)}
    for place, (name, cells) in enumerate(found.items()):
        if name not in rejected.column_names:
            rejected = rejected.add_column(place, name, cells)
    return rejected


def _tables(block: Block) -> Iterator[ArrowTable]:
    """Yield the rows of a block; of one without rows, its columns."""
    empty = True
    for table in read_block(block):
        empty = False
        yield table
    if empty:
        arrow = library("pyarrow", "tables")
        names = table_of(block.path).columns
        yield arrow.table({name: arrow.array([], arrow.string()) for name in names})


def _writer(file: BinaryIO, table: ArrowTable, held: ExitStack | None = None) -> Any:
    """Return a writer of tables like this one, which is closed with `held`."""
    parquet, types = library("pyarrow.parquet", "tables"), library("pyarrow.types", "tables")
    # Real numbers seldom repeat: to look each up in a dictionary takes a third of the CPU time
    repeating = [field.name for field in table.schema if not types.is_floating(field.type)]
    writer = parquet.ParquetWriter(file, table.schema, use_dictionary=repeating)
    return writer if held is None else held.enter_context(writer)
