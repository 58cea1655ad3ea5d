"""Rows beyond memory: written to a temporary file in random order, and read block by block."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pellucid.core import splitmix
from pellucid.core.types import Array, Batch
from pellucid.errors import FileError, reason_of

CHUNK = 32 << 20
"""Bytes that are collected, shuffled and written at a time."""

SEGMENTS = 256
"""Parts into which each chunk is cut; a block is read from a few parts of every chunk."""

_STREAM = 1 << 43  # the store's own stream of random numbers


class Block(NamedTuple):
    """Where a block's rows are: (byte, rows) of each part, and how many rows there are in all."""

    parts: list[tuple[int, int]]
    rows: int


class Store:
    """A temporary file of rows, (N, D) float32 with K targets each; every block is a fair sample.

    Each chunk of rows is shuffled and cut into parts when it is full; the first block takes the
    first parts of all chunks, and so on. So the rows of a sorted file are mixed over its whole
    length, without ever being in memory together. The file is in the folder that TMPDIR names. It
    has no name (or, on systems that need one, loses it with the process), so that nothing is left
    behind however the process ends.

    Raises FileError where it cannot be written, on a full disk for example.
    """

    def __init__(self, width: int, seed: int = 0, chunk: int = CHUNK, targets: int = 1) -> None:
        self.width, self.seed, self.chunk, self.targets = width, seed, chunk, targets
        self.rows = 0
        self._pending: list[Array] = []
        self._pending_rows = 0
        self._parts: list[list[tuple[int, int]]] = []  # of each chunk
        self._digest = hashlib.blake2b(digest_size=16)
        try:
            # Not in a `with`: `__exit__` closes it.
            self._file = tempfile.TemporaryFile(prefix="pellucid.")  # noqa: SIM115
        except OSError as error:
            raise _unwritten(error) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self._pending = []
        self._file.close()

    @property
    def nbytes(self) -> int:
        """How many bytes all rows take."""
        return self.rows * self._row

    @property
    def _row(self) -> int:
        return (self.width + self.targets) * 4

    @property
    def fingerprint(self) -> str:
        """A hash of the rows and targets, in the order in which they were added."""
        return self._digest.hexdigest()

    def add(self, x: Batch, t: Array) -> None:
        """Add rows x, (n, D), and their targets t, (n,) or (n, K).

        Classes must be at most 2^24: float32 holds no larger whole number exactly.
        """
        rows = np.concatenate([x, t.reshape(len(t), -1)], axis=1, dtype=np.float32)
        self._digest.update(rows.data)
        self._pending.append(rows)
        self._pending_rows += len(rows)
        self.rows += len(rows)
        if self._pending_rows * self._row >= self.chunk:
            self.flush()

    def flush(self) -> None:
        """Write the rows that are still in memory; to be called after the last row."""
        if not self._pending_rows:
            return
        rows = np.concatenate(self._pending)
        self._pending, self._pending_rows = [], 0
        order = splitmix.permutation(splitmix.key(self.seed, len(self._parts), _STREAM), len(rows))
        cuts = np.linspace(0, len(rows), SEGMENTS + 1).astype(np.int64)
        try:
            start = self._file.seek(0, os.SEEK_END)
            self._file.write(rows[order].data)
            self._file.flush()
        except OSError as error:
            raise _unwritten(error) from error
        self._parts.append([(start + a * self._row, b - a) for a, b in pairwise(cuts.tolist())])

    def blocks(self, size: int) -> list[Block]:
        """Return blocks of about `size` bytes, which together are all rows."""
        count = int(min(max(-(-self.nbytes // size), 1), SEGMENTS))
        cuts = np.linspace(0, SEGMENTS, count + 1).astype(int)
        blocks = []
        for a, b in pairwise(cuts.tolist()):
            parts = [part for chunk in self._parts for part in chunk[a:b] if part[1]]
            blocks.append(Block(parts, sum(rows for _, rows in parts)))
        return [block for block in blocks if block.rows]

    def read(self, block: Block) -> tuple[Batch, Batch]:
        """Read a block: its rows x, (n, D), and targets, (n, K), float32."""
        x, t = (np.empty((block.rows, n), np.float32) for n in (self.width, self.targets))
        done = 0
        for start, rows in block.parts:
            self._file.seek(start)
            content = self._file.read(rows * self._row)
            part = np.frombuffer(content, np.float32).reshape(rows, -1)
            x[done : done + rows], t[done : done + rows] = (
                part[:, : self.width],
                part[:, self.width :],
            )
            done += rows
        return x, t


def gather(
    reading: Iterable[tuple[Batch, Array | None]], memory: int, seed: int = 0
) -> tuple[Batch, Array] | Store:
    """Read a table's rows and targets: as arrays (x, t), or as a `Store` beyond `memory` bytes.

    `reading` yields (x, t) block by block, t not None. The caller closes the store.
    """
    source = ((x, t) for x, t in reading if t is not None)
    held: list[tuple[Batch, Array]] = []
    taken = 0
    for x, t in source:
        held.append((x, t))
        taken += x.nbytes + t.nbytes
        if taken > memory:
            # A quarter: while a chunk is shuffled, memory holds it twice.
            return _stored(
                held, source, Store(x.shape[1], seed, memory // 4, t.size // max(len(t), 1))
            )
    if not held:
        return np.empty((0, 0), np.float32), np.empty(0)
    return np.concatenate([x for x, _ in held]), np.concatenate([t for _, t in held])


def _stored(
    held: list[tuple[Batch, Array]], rest: Iterator[tuple[Batch, Array]], store: Store
) -> Store:
    try:
        while held:  # popped one by one, so that memory does not hold the rows twice
            store.add(*held.pop(0))
        for x, t in rest:
            store.add(x, t)
        store.flush()
    except BaseException:
        store.__exit__()
        raise
    return store


def _unwritten(error: OSError) -> FileError:
    return FileError(
        "cannot write a temporary file for the table's rows ({reason}): free some space, or set "
        "TMPDIR to a folder that has some",
        reason=reason_of(error),
    )
