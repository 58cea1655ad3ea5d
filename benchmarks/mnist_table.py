"""Train the dense rows of LeCun's, Simard's and Srivastava's MNIST tables, beside their results.

    python benchmarks/mnist_table.py                          every row, then docs/mnist-table.md
    python benchmarks/mnist_table.py --only 300 --only 800    some rows, the others stay
    python benchmarks/mnist_table.py --only none              the page alone

Measurements are saved in benchmarks/mnist_table.json. A row whose settings have changed since is
shown as not run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pellucid as pl
from pellucid.files.atomic import write_whole

HERE = Path(__file__).parent
RESULTS = HERE / "mnist_table.json"
PAGE = HERE.parent / "docs" / "mnist-table.md"

LECUN = "LeCun et al. 1998"
SIMARD = "Simard et al. 2003"
SRIVASTAVA = "Srivastava et al. 2014"
NIELSEN = "Nielsen 2015"


class Row(NamedTuple):
    """A row of the table: a network, its training (AdamW, OneCycle), the published result."""

    name: str
    layers: tuple[int, ...]
    published: float  # test error in per cent
    source: str
    rate: float
    decay: float = 0.0
    epochs: int = 20
    batch: int = 128
    activation: str = "silu"
    output: str = "softmax"
    smoothing: float = 0.0
    dropout: float = 0.0
    dropout_input: float = 0.0
    max_norm: float | None = None
    augment: pl.Distortion | None = None
    seeds: tuple[int, ...] = (0, 1, 2)

    def network(self, seed: int) -> pl.Network:
        """Build the network with its initial weights."""
        net = pl.mlp(
            self.layers,
            activation=self.activation,
            output=self.output,
            dropout=self.dropout,
            pixels=True,
            seed=seed,
        )
        if not self.dropout_input:
            return net
        return pl.Network([*net.layers[:2], pl.Dropout(self.dropout_input), *net.layers[2:]])

    def settings(self) -> dict[str, Any]:
        """Return the settings of `train` that make up the recipe."""
        loss = pl.CrossEntropy if self.output == "softmax" else pl.BinaryCrossEntropy
        return {
            "loss": loss(self.smoothing),
            "optimizer": pl.AdamW(self.rate, weight_decay=self.decay, max_norm=self.max_norm),
            "schedule": pl.OneCycle(),
            "epochs": self.epochs,
            "batch_size": self.batch,
            "augment": self.augment,
        }

    def recipe(self) -> str:
        """Return the recipe in a few words; results of another recipe do not count for this row."""
        words = [f"{self.activation}, {self.output}", f"rate {self.rate:g}"]
        parts = {
            "weight decay": self.decay,
            "label smoothing": self.smoothing,
            "dropout": self.dropout,
            "(inputs": self.dropout_input,
            "max-norm": self.max_norm,
        }
        words += [
            f"{name} {value:g}" + ")" * name.startswith("(")
            for name, value in parts.items()
            if value
        ]
        words += [f"{self.epochs} epochs of batches of {self.batch}"]
        words += [] if self.augment is None else [f"`{self.augment!r}`"]
        return ", ".join(words).replace(", (", " (")

    def command(self) -> str:
        """Return the shell command that trains this row (seed 0), as far as options allow."""
        words = [
            "pellucid",
            "train",
            "--layers",
            ",".join(map(str, self.layers)),
            "--activation",
            self.activation,
        ]
        words += ["--output", self.output, "--optimizer", "adamw", "--schedule", "one_cycle"]
        words += ["--learning-rate", f"{self.rate:g}", "--weight-decay", f"{self.decay:g}"]
        words += ["--label-smoothing", f"{self.smoothing:g}"] * bool(self.smoothing)
        words += ["--dropout", f"{self.dropout:g}"] * bool(self.dropout)
        words += [
            "--epochs",
            str(self.epochs),
            "--batch-size",
            str(self.batch),
            "--augment",
            "none",
        ]
        return shlex.join(words)

    @property
    def parameters(self) -> int:
        """Count weights and biases."""
        return sum((D + 1) * H for D, H in pairwise(self.layers))


# Published errors: LeCun's table (yann.lecun.com/exdb/mnist), Simard, Steinkraus and Platt 2003,
# Srivastava et al. 2014 (Table 2), and Nielsen's "Neural Networks and Deep Learning" (a peak, and
# the test error at the best validation).
ROWS = (
    Row("linear", (784, 10), 12.0, LECUN, rate=0.01, activation="identity"),
    Row(
        "16-16",
        (784, 16, 16, 10),
        4.0,
        '3Blue1Brown, "about 96 %"',
        0.03,
        0.04,
        60,
        activation="sigmoid",
        output="sigmoid",
    ),
    Row("30", (784, 30, 10), 4.58, f"{NIELSEN}, ch. 1, best epoch", rate=0.02, decay=0.05),
    Row("100", (784, 100, 10), 2.20, f"{NIELSEN}, ch. 6", rate=0.01, decay=0.1, smoothing=0.05),
    Row(
        "300",
        (784, 300, 10),
        4.7,
        LECUN,
        rate=0.005,
        decay=0.1,
        dropout=0.2,
        smoothing=0.05,
        activation="relu",
    ),
    Row(
        "1000",
        (784, 1000, 10),
        4.5,
        LECUN,
        rate=0.005,
        decay=0.1,
        dropout=0.3,
        smoothing=0.05,
        activation="relu",
    ),
    Row("300-100", (784, 300, 100, 10), 3.05, LECUN, rate=0.01, decay=0.05),
    Row("500-150", (784, 500, 150, 10), 2.95, LECUN, rate=0.01, decay=0.05),
    Row(
        "500-300", (784, 500, 300, 10), 1.53, "Hinton 2005, in LeCun's table", rate=0.01, decay=0.05
    ),
    Row(
        "800",
        (784, 800, 10),
        1.6,
        SIMARD,
        rate=0.005,
        decay=0.1,
        dropout=0.3,
        smoothing=0.05,
        activation="relu",
    ),
    Row(
        "800-elastic",
        (784, 800, 10),
        0.7,
        f"{SIMARD}, elastic",
        rate=0.002,
        decay=0.02,
        epochs=150,
        activation="relu",
        augment=pl.Distortion(shift=1, rotation=8, scale=0.12, elastic=34),
        seeds=(0,),
    ),
    Row(
        "1024-1024-1024",
        (784, 1024, 1024, 1024, 10),
        1.06,
        f"{SRIVASTAVA}, dropout and max-norm",
        rate=0.002,
        decay=0.1,
        epochs=60,
        batch=256,
        activation="relu",
        smoothing=0.05,
        dropout=0.4,
        dropout_input=0.2,
        max_norm=2.0,
        seeds=(0,),
    ),
)
CLAIMED = {
    "30": 97.0,
    "100": 98.0,
    "300-100": 98.3,
    "800": 98.5,
    "800-elastic": 99.2,
    "1024-1024-1024": 98.8,
}

NOT_RUN = (
    ("784-300-10, with distortions", 3.6, LECUN),
    ("784-1000-10, with distortions", 3.8, LECUN),
    ("784-300-100-10, with distortions", 2.5, LECUN),
    ("784-500-150-10, with distortions", 2.45, LECUN),
    ("784-300-10, deskewed", 1.6, LECUN),
    ("784-800-10, affine distortions", 1.1, SIMARD),
    ("784-800-800-10, logistic", 1.60, SRIVASTAVA),
    ("784-1024-1024-1024-10, ReLU, dropout", 1.25, SRIVASTAVA),
    ("784-8192-8192-10, ReLU, dropout and max-norm", 0.95, SRIVASTAVA),
    ("25 networks of 784-800-10, elastic", 0.39, "Meier et al. 2011"),
    ("784-2500-2000-1500-1000-500-10, elastic", 0.35, "Cireşan et al. 2010"),
)


def measure(row: Row) -> None:
    """Train the row once for each seed, and save the last epoch's test errors."""
    data = pl.mnist()
    errors: list[float] = []
    seconds: list[float] = []
    for seed in row.seeds:
        net = row.network(seed)
        started = time.perf_counter()
        pl.train(
            net, data.train.images, data.train.labels, seed=seed, progress=False, **row.settings()
        )
        seconds.append(round(time.perf_counter() - started, 1))
        wrong = int((net.classify(data.test.images) != data.test.labels).sum())
        errors.append(wrong / 100)
        sys.stderr.write(
            f"{row.name}  seed {seed}  error {errors[-1]:.2f} %  {seconds[-1]:.1f} s\n"
        )
    results = read_results()  # again: another process may have measured other rows meanwhile
    results[row.name] = {
        "recipe": row.recipe(),
        "errors": errors,
        "seconds": seconds,
        "version": pl.__version__,
        "machine": machine(),
    }
    write_whole(RESULTS, (json.dumps(results, indent=2, sort_keys=True) + "\n").encode())


def read_results() -> dict[str, Any]:
    """Return the saved measurements by name of row."""
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return found


def machine() -> str:
    """Return the processor, its cores and the threads used."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [
            line.partition(":")[2].strip()
            for line in information.read_text().splitlines()
            if "model name" in line
        ]
        processor = names[0] if names else processor
    threads = os.environ.get("PELLUCID_THREADS") or os.environ.get("OMP_NUM_THREADS") or "all"
    system = f"{platform.system()} {platform.machine()}"
    return f"{processor}, {os.cpu_count()} cores, threads: {threads}, {system}"


def page(results: dict[str, Any]) -> str:
    """Return the page of the saved measurements."""
    lines = []
    short = []
    for row in ROWS:
        found = results.get(row.name)
        names = "-".join(map(str, row.layers))
        shown = ["not run", "", ""]
        if found is not None and found["recipe"] == row.recipe():
            mean = statistics.fmean(found["errors"])
            each = ", ".join(f"{error:.2f}" for error in found["errors"])
            shown = [f"**{mean:.2f}**", each, f"{statistics.fmean(found['seconds']):.0f}"]
            if 100 - mean < CLAIMED.get(row.name, 0) - 1e-9:
                short.append(f"{names}: {100 - mean:.2f} % accuracy, {CLAIMED[row.name]} % wanted")
            if mean > row.published:
                short.append(
                    f"{names}: error {mean:.2f} %, published {row.published:.2f} % ({row.source})"
                )
        else:
            short.append(f"{names}: not run with these settings yet")
        augmented = " + distortions" if row.augment else ""
        lines.append(
            f"| {names}{augmented} | {row.parameters:,} | {row.recipe()} | {row.published:g} "
            f"({row.source}) | " + " | ".join(shown) + " |"
        )
    measured = [results[row.name] for row in ROWS if row.name in results]
    where = "; ".join(sorted({found["machine"] for found in measured}))
    versions = ", ".join(sorted({found["version"] for found in measured}))
    commands = "\n".join(
        row.command() for row in ROWS if row.name in ("30", "100", "300-100", "800")
    )
    return TEXT.format(
        rows="\n".join(lines),
        not_run="\n".join(
            f"| {name} | {published:.2f} ({source}) | not run |"
            for name, published, source in NOT_RUN
        ),
        short="\n".join(f"- {each}" for each in short) or "- Nothing of what was run.",
        commands=commands,
        where=where,
        versions=versions,
    )


TEXT = """# MNIST: published results of dense networks, and ours

`make mnist-table` trains these rows and writes this page (`ONLY=300-100` trains one of them).
60,000 training images, 10,000 test images, the last epoch's network. **No picture is distorted**
but where the row says so. The error is the share of test images misclassified, in per cent: the
mean over the seeds (0, 1, 2), then each seed's. All rows: AdamW, one-cycle learning rate (`rate` is
its highest), cross-entropy.

| network | parameters | recipe | published error, % | ours, % | each seed | seconds |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

How the recipes were chosen: by accuracy on the last 10,000 training images after learning from the
first 50,000. The test images were looked at once, by the networks of this table, which learned from
all 60,000. Published networks used the means of their day (LeCun's of 1998: squared error, plain
gradient descent); their rows say what a network of this size can do today, not that the authors'
work was poor.

What was validated: 30, 100, 300-100 and 800 (97.7, 98.3, 98.6 and 98.7 % of the validation images),
and 800 with distortions over 100 epochs (99.2 %; the row has 150). 300, 1000, 500-150 and 500-300
took their neighbours' recipes; 16-16 is `pl.recipes.DIGITS` without its brightness. The recipe of 3
x 1024 was guessed from two runs of 3 x 512 over 12 epochs (dropout 0.5 without weight decay 97.8 %,
dropout 0.3 with it 98.3 %), and its epochs were chosen of two: 40 gave 98.58 % of the validation
images, 60 gave 98.61 %. With 40 the test images had been looked at before (98.79 %): this one row
has had two looks.

Measured with pellucid {versions}. Processor: {where}. Seconds are one seed's whole training by the
clock. Much else ran on the machine at the same time, so they differ from row to row by more than
the networks do, and are upper bounds.

## One command each

```sh
{commands}
```

With `--seed 0`, `1` and `2` these are the rows above, to the same bits where build and processor
are the same.

## What falls short

{short}

## Not run

| network | published error, % | ours |
| --- | --- | --- |
{not_run}
"""


def main() -> None:
    """Train the rows named on the command line, and write the page."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(description="Train the dense rows of the MNIST tables.")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*names, "none"],
        help="a row (may be said several times)",
    )
    wanted = parser.parse_args().only or names
    for row in ROWS:
        if row.name in wanted:
            measure(row)
    write_whole(PAGE, page(read_results()).encode())


if __name__ == "__main__":
    main()
