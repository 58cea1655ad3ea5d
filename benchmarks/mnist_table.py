"""Train the dense rows of LeCun's, Simard's and Srivastava's MNIST tables, beside their results.

    python benchmarks/mnist_table.py                          every row, then the pages
    python benchmarks/mnist_table.py --only 300 --only 800    some rows, the others stay
    python benchmarks/mnist_table.py --only none              the pages alone

Measurements are saved in benchmarks/mnist_table.json; the pages are docs/*/measured/mnist-table.md,
written from the templates in benchmarks/pages. A row whose settings have changed since is
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
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pages

import pellucid as pl
from pellucid.files.atomic import write_whole

HERE = Path(__file__).parent
RESULTS = HERE / "mnist_table.json"
PAGE = "measured/mnist-table"

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
    ("25 x 784-800-10, elastic", 0.39, "Meier et al. 2011"),
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
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
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


KOREAN = {
    "not run": "학습하지 않음",
    "not run with these settings yet": "이 설정으로 아직 학습하지 않음",
    "rate": "학습률",
    "weight decay": "가중치 감쇠",
    "label smoothing": "레이블 스무딩",
    "dropout": "드롭아웃",
    "inputs": "입력",
    "max-norm": "max-norm",
    "epochs of batches of": "에포크, 배치 크기",
    "with distortions": "이미지 변형",
    "deskewed": "기울기 보정",
    "affine distortions": "아핀 변형",
    "elastic": "탄성 변형",
    "logistic": "로지스틱",
    "best epoch": "가장 좋은 에포크",
    "dropout and max-norm": "드롭아웃과 max-norm",
    "in LeCun's table": "LeCun의 표",
    "error": "오류율",
    "published": "발표된 값",
    "wanted": "목표",
    "accuracy": "정확도",
    "and": "과",
    "Nothing of what was run": "학습한 것 중에는 없습니다",
}


def figures(results: dict[str, Any], language: str) -> dict[str, str]:
    """Return the rows and other figures of the page in a language."""
    lines, short = [], []
    for row in ROWS:
        line, lacking = _shown(row, results.get(row.name))
        lines.append(line)
        short += lacking
    measured = [results[row.name] for row in ROWS if row.name in results]
    found = {
        "rows": "\n".join(lines),
        "not_run": "\n".join(
            f"| {name} | {published:.2f} ({source}) | not run |"
            for name, published, source in NOT_RUN
        ),
        "short": "\n".join(f"- {each}" for each in short) or "- Nothing of what was run",
        "dates": " and ".join(sorted({each["date"] for each in measured})),
    }
    return {
        **{name: pages.translate(text, language, KOREAN) for name, text in found.items()},
        "commands": "\n".join(
            row.command() for row in ROWS if row.name in ("30", "100", "300-100", "800")
        ),
        "machines": "; ".join(sorted({each["machine"] for each in measured})),
        "versions": ", ".join(sorted({each["version"] for each in measured})),
    }


def _shown(row: Row, found: dict[str, Any] | None) -> tuple[str, list[str]]:
    """Return a row's line of the table, and what falls short of the published or wanted result."""
    names = "-".join(map(str, row.layers)) + ", with distortions" * bool(row.augment)
    head = f"| {names} | {row.parameters:,} | {row.recipe()} | {row.published:g} ({row.source}) | "
    if found is None or found["recipe"] != row.recipe():
        return head + "not run | | |", [f"{names}: not run with these settings yet"]
    mean = statistics.fmean(found["errors"])
    each = ", ".join(f"{error:.2f}" for error in found["errors"])
    short = []
    if 100 - mean < CLAIMED.get(row.name, 0) - 1e-9:
        short.append(f"{names}: accuracy {100 - mean:.2f} %, wanted {CLAIMED[row.name]} %")
    if mean > row.published:
        short.append(f"{names}: error {mean:.2f} %, published {row.published:.2f} % ({row.source})")
    return f"{head}**{mean:.2f}** | {each} | {statistics.fmean(found['seconds']):.0f} |", short


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages from the saved measurements."""
    results = read_results()
    pages.write(PAGE, lambda language: figures(results, language), docs)


def main() -> None:
    """Train the rows named on the command line, and write the pages."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(description="Train the dense rows of the MNIST tables.")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*names, "none"],
        help="a row (the option may be repeated)",
    )
    wanted = parser.parse_args().only or names
    for row in ROWS:
        if row.name in wanted:
            measure(row)
    write_pages()


if __name__ == "__main__":
    main()
