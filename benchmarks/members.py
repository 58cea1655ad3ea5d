"""What an ensemble costs beside one of its members: `python benchmarks/members.py`.

A made-up table of 10,000 rows is trained on for two epochs by one network and by eight, in turns,
with the recipe's batches. Printed are, for each width of two hidden layers: seconds of training
(the best of some turns), their ratio, microseconds of a prediction of one row and of 10,000 rows,
bytes of the file, and how much memory the training needs at its peak.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pl
from pellucid.engines import core_count

ROWS, COLUMNS = 10_000, 12
REPEATED = 200  # predictions of one row that are timed together


def table() -> dict[str, Any]:
    """Return the cells: columns of numbers, and three classes that depend on them."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, COLUMNS))
    score = x[:, :3] @ [1, -1, 0.5] + x[:, 3] * x[:, 4] + generator.normal(size=ROWS)
    cells: dict[str, Any] = {f"x{k}": x[:, k] for k in range(COLUMNS)}
    return cells | {"t": [f"c{k}" for k in np.digitize(score, [-1.0, 1.0])]}


def trained(cells: dict[str, Any], width: int, members: int, threads: int) -> pl.Network:
    """Return a network that was trained for two epochs; `record` has the seconds."""
    net = pl.table_mlp(pl.Columns.of(cells, target="t"), [width, width], members=members)
    history = pl.train_table(net, cells, epochs=2, threads=threads, progress=False)
    net.record["seconds"] = history.seconds
    return net


def best(call: Callable[[], object], turns: int) -> float:
    """Return the least seconds of a call."""
    found = []
    for _ in range(turns):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def repeated(predict: Callable[[Any], Any], row: Any) -> None:
    """Predict one row many times."""
    for _ in range(REPEATED):
        predict(row)


def peak(cells: dict[str, Any], width: int, members: int) -> float:
    """Return by how many MB a training raises the peak memory of a process of its own."""
    there, here = multiprocessing.Pipe()

    def work() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        trained(cells, width, members, 1)
        here.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    found = float(there.recv())
    process.join()
    return found


def report(cells: dict[str, Any], width: int, members: int, threads: int, turns: int) -> str:
    """Return a line of the table."""
    counts = (1, members)
    seconds = [
        min(pair)
        for pair in zip(
            *(
                [trained(cells, width, m, threads).record["seconds"] for m in counts]
                for _ in range(turns)
            ),
            strict=True,
        )
    ]
    nets = [trained(cells, width, m, threads) for m in counts]
    x = nets[0].columns.x(cells, np.dtype(np.float32))
    row = np.ascontiguousarray(x[:1])
    predict = [net.predictor() for net in nets]
    one = [best(partial(repeated, f, row), turns) / REPEATED for f in predict]
    all_rows = [best(partial(f, x), turns) for f in predict]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        sizes = []
        for net in nets:
            net.save(path)
            sizes.append(path.stat().st_size)
    memory = [peak(cells, width, m) for m in counts]

    def pair(values: list[float], unit: float, digits: int) -> str:
        return f"{values[0] * unit:.{digits}f} {values[1] * unit:.{digits}f}"

    return " | ".join(
        [
            f"{width:4}",
            f"{threads}",
            pair(seconds, 1, 2),
            f"{seconds[1] / seconds[0]:.2f}",
            pair(one, 1e6, 1),
            pair(all_rows, 1e3, 1),
            pair([float(size) for size in sizes], 1e-3, 0),
            pair(memory, 1, 0),
        ]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--widths", type=int, nargs="*", default=[16, 64, 128, 256])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, core_count()])
    options = parser.parse_args()
    cells = table()
    heads = ("width", "threads", "train s", "ratio", "one row us", "all rows ms", "file kB")
    sys.stdout.write(" | ".join([*heads, "memory MB"]) + "\n")
    for width in options.widths:
        for threads in options.threads:
            line = report(cells, width, options.members, threads, options.turns)
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
