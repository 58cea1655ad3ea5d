"""One block scored: read, predicted and written by one worker, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pellucid.data.tables import read_table
from pellucid.distributed.batches import ArrowTable
from pellucid.distributed.blocks import Block, read_block
from pellucid.distributed.scorer import Scorer
from pellucid.extras import library
from pellucid.files.atomic import whole_file

_KEY = b"pellucid.block"

KEYS = {"rows": ["row"], "images": ["file"]}
"""What is kept of blocks that are no tables, unless a scoring says otherwise."""


class Done(NamedTuple):
    """What became of a block: how many rows have predictions, and how many were rejected."""

    number: int
    rows: int
    rejected: int
    skipped: bool = False


@dataclass(frozen=True)
class Job:
    """What every worker must know: the model, the folder of results, and the columns in them."""

    model: str
    folder: str
    keep: tuple[str, ...] | None
    outputs: bool
    digest: str  # SHA-256 of the model file

    def scorer(self, block: Block) -> Scorer:
        """Return the scorer of a block; of arrays and images it keeps the number or the name."""
        keep = KEYS.get(block.kind) if self.keep is None else self.keep
        return Scorer(self.model, keep=keep, outputs=self.outputs)

    def absolute(self) -> Job:
        """Return this job with absolute paths, which mean the same in every process."""
        return replace(
            self, model=str(Path(self.model).absolute()), folder=str(Path(self.folder).absolute())
        )

    def part(self, block: Block) -> Path:
        """Return the file of a block's predictions; names are in the order of the input."""
        return Path(self.folder, f"part-{block.number:06}.parquet")

    def rejects(self, block: Block) -> Path:
        """Return the file of a block's rejected rows; there is none where all were accepted."""
        return Path(self.folder, f"rejected-{block.number:06}.parquet")

    def fingerprint(self, block: Block) -> str:
        """Return a hash of all that decides a block's result: model, columns, file and place."""
        state = Path(block.path).stat()
        # Not the whole path, which machines and folders may see differently
        place = block._replace(path=Path(block.path).name)
        known = [self.digest, self.keep, self.outputs, *place, state.st_size, state.st_mtime_ns]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def finished(job: Job, block: Block) -> Done | None:
    """Return what became of a block on an earlier run, or None where it is to be scored."""
    arrow, parquet = library("pyarrow", "tables"), library("pyarrow.parquet", "tables")
    with suppress(OSError, arrow.ArrowException, ValueError, KeyError):
        found = parquet.read_metadata(job.part(block))
        known = json.loads(found.metadata[_KEY])
        if known["fingerprint"] == job.fingerprint(block):
            return Done(block.number, found.num_rows, known["rejected"], skipped=True)
    return None


def score_block(job: Job, block: Block) -> Done:
    """Score one block and write its files; that of the predictions appears last.

    Raises FileError where a file cannot be read or written, InputError for columns that are
    missing.
    """
    scorer, fingerprint = job.scorer(block), job.fingerprint(block)
    with whole_file(job.part(block)) as part, ExitStack() as held:
        rejects, writer = None, None
        for table in _tables(block):
            rows, rejected = scorer.split(table)
            writer = writer or _writer(part, rows)
            writer.write_table(rows)
            if rejected.num_rows:
                rejects = rejects or _writer(
                    held.enter_context(whole_file(job.rejects(block))), rejected, held
                )
                rejects.write_table(rejected)
        assert writer is not None
        known = {"fingerprint": fingerprint, "rejected": scorer.rejected}
        writer.add_key_value_metadata({_KEY.decode(): json.dumps(known)})
        writer.close()
        if rejects is None:
            job.rejects(block).unlink(missing_ok=True)  # of an earlier model or input
    return Done(block.number, scorer.rows, scorer.rejected)


def _tables(block: Block) -> Iterator[ArrowTable]:
    """Yield the rows of a block; of one without rows, its columns."""
    empty = True
    for table in read_block(block):
        empty = False
        yield table
    if empty:
        arrow = library("pyarrow", "tables")
        names = read_table(block.path).columns
        yield arrow.table({name: arrow.array([], arrow.string()) for name in names})


def _writer(file: BinaryIO, table: ArrowTable, held: ExitStack | None = None) -> Any:
    """Return a writer of tables like this one, which is closed with `held`."""
    parquet, types = library("pyarrow.parquet", "tables"), library("pyarrow.types", "tables")
    # Real numbers seldom repeat: to look each up in a dictionary takes a third of the CPU time
    repeating = [field.name for field in table.schema if not types.is_floating(field.type)]
    writer = parquet.ParquetWriter(file, table.schema, use_dictionary=repeating)
    return writer if held is None else held.enter_context(writer)
