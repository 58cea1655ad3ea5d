"""The grid: which networks, batches and numbers of rows are measured.

Dense networks of three layers, as wide as their input, with ten outputs: complete in width and
batch (training) or rows (prediction). Everything else is varied alone, on three of these networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from contest.tasks import Task

WIDTHS = (16, 64, 256, 1024, 2048, 4096)
BATCHES = (1, 8, 32, 64, 256, 4096)
ROWS = (1, 8, 64, 1024)
VARIED = (64, 256, 1024)
"""Widths on which everything else is varied, with batches of 64 or 64 rows."""

_CALL = 0.15  # seconds that a call of `train` takes at about 50 GFLOP/s
_MOST_ROWS, _MOST_STEPS = 8192, 1000
_RATE = 1e-5  # small: single rows of noise at 0.1 let wide networks diverge


@dataclass(frozen=True)
class Cell:
    """One network and what is done with it.

    `size` is the batch in training, the number of rows in prediction. `variant` is what differs
    from the grid, "" for a cell of the grid itself; `threads` is 0 for all.
    """

    kind: str
    width: int
    size: int
    variant: str = ""
    depth: int = 3
    dtype: str = "float32"
    optimizer: str = "sgd"
    threads: int = 1
    data: str = "dense"
    rows: int = 0

    @property
    def name(self) -> str:
        """The cell in words, its key in the results."""
        size = f"batch {self.size}" if self.kind == "train" else f"{self.size} rows"
        return ", ".join(filter(None, [self.kind, f"{self.width} wide", size, self.variant]))

    @property
    def task(self) -> Task:
        """The network and how it is trained."""
        widths = (*[self.width] * self.depth, 10)
        batch = self.size if self.kind == "train" else 32
        return Task(
            widths,
            "relu",
            "softmax",
            self.optimizer,
            batch_size=batch,
            dtype=self.dtype,
            learning_rate=_RATE,
        )

    @property
    def weights(self) -> int:
        """Bytes of all weights."""
        size = 4 if self.dtype == "float32" else 8
        return size * sum(a * b for a, b in pairwise(self.task.widths))

    @property
    def trained(self) -> int:
        """Rows of an epoch: whole batches, for about the same time in every cell."""
        if self.rows:
            return self.rows
        arithmetic = 2 * self.task.multiply_adds(1) / 50e9
        memory = 3 * self.weights / 10e9 / self.size
        batches = int(_CALL / max(arithmetic, memory) / self.size)
        return self.size * max(1, min(batches, _MOST_STEPS, _MOST_ROWS // self.size))

    @property
    def flops(self) -> int:
        """Floating-point operations of a call."""
        if self.kind == "train":
            return 2 * self.task.multiply_adds(self.trained)
        return 2 * self.size * sum(a * b for a, b in pairwise(self.task.widths))

    @property
    def traffic(self) -> int:
        """Bytes of weights that a call passes over at least.

        Once in a prediction; in a step of training forward, backward and in the update.
        """
        if self.kind == "train":
            return 3 * self.weights * -(-self.trained // self.size)
        return self.weights

    @property
    def compiles(self) -> bool:
        """Whether `torch.compile` takes part, which compiles for up to a minute."""
        return self.variant == "torch.compile too"

    @property
    def heavy(self) -> bool:
        """Whether a call takes about a second or more, so that only PyTorch is measured beside."""
        return self.flops > 50e9


def cells() -> Iterator[Cell]:
    """Yield the grid, then what is varied alone."""
    for width in WIDTHS:
        yield from (Cell("train", width, batch) for batch in BATCHES)
        yield from (Cell("predict", width, rows) for rows in ROWS)
    for width in VARIED:
        for cell in (Cell("train", width, 64), Cell("predict", width, 64)):
            yield replace(cell, variant="torch.compile too")
            if cell.kind == "train":
                yield replace(cell, variant="Adam", optimizer="adam")
            yield replace(cell, variant="float64", dtype="float64")
            yield replace(cell, variant="all threads", threads=0)
            yield replace(cell, variant="sparse input", data="sparse")
            yield replace(cell, variant="depth 2", depth=2)
            yield replace(cell, variant="depth 20", depth=20)
    for width in (1024, 2048):
        yield Cell("predict", width, 1, "all threads", threads=0)
    yield Cell("train", 2048, 64, "all threads", threads=0)
    for width in (16, 64, 256):
        yield Cell("train", width, 64, "100000 rows", rows=100_000)
        yield Cell("predict", width, 100_000)


IMPORTANT = (
    *(f"train, {width} wide, batch {batch}" for width in WIDTHS[:5] for batch in (1, 32, 64, 256)),
    *(
        f"predict, {width} wide, {rows} rows"
        for width in (64, 256, 1024, 2048)
        for rows in ROWS[:3]
    ),
)
"""The cells that users meet most: about ten minutes."""

QUICK = (
    *(f"train, {width} wide, batch {batch}" for width in (16, 256, 1024) for batch in (32, 256)),
    *(f"predict, {width} wide, {rows} rows" for width in (16, 256, 1024) for rows in (1, 64)),
)
"""Twelve cells for two minutes."""
