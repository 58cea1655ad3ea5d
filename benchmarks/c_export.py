"""Measure networks as C: bytes, accuracy and time per row, beside `predictor`.

    python benchmarks/c_export.py          train, measure (half a minute), write the pages
    python benchmarks/c_export.py --show   the same, and write nothing
    python benchmarks/c_export.py --page   the pages alone, from benchmarks/c_export.json

The networks are the digit network by `pl.recipes.DIGITS`, and 784-128-64-10 with ReLU by
`pl.recipes.general`. The C compiler is `cc`; if arm-none-eabi-gcc is installed, the size on a
microcontroller is measured, too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

os.environ["PELLUCID_THREADS"] = "1"

import numpy as np
import pages

import pellucid as pl
from pellucid.core.types import Array
from pellucid.exchange import to_c
from pellucid.files.atomic import write_whole

HERE = Path(__file__).parent
PAGE = "measured/embedded-c"
RESULTS = HERE / "c_export.json"
COMPILER = os.environ.get("CC", "cc")
OPTIONS = {"-O2": ["-O2"], "-O3 -march=native": ["-O3", "-march=native"]}
CHIP = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
CALIBRATION = 10_000  # training images

TIMING = """\
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>
#include "net.h"
static KIND x[ROWS][NET_INPUTS];
static float y[ROWS][NET_OUTPUTS];
int main(void) {
    static net_scratch scratch;
    if (fread(x, sizeof x[0], ROWS, stdin) != ROWS) return 1;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        struct timespec a, b;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        for (int row = 0; row < ROWS; row++) ENTRY(x[row], y[row], &scratch);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        double seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
        fprintf(stderr, "%.9f\\n", seconds / ROWS);
    }
    return fwrite(y, sizeof y, 1, stdout) != 1;
}
"""
REPEATS = 15


class Measured(NamedTuple):
    """Bytes, accuracy, largest difference from `predict`, and seconds a row by compiler options.

    `compiled` and `chip` are the bytes of code and constants as compiled for this machine and for a
    Cortex-M4.
    """

    weights: int
    constants: int
    scratch: int
    compiled: int
    chip: int | None
    accuracy: float
    difference: float
    seconds: dict[str, float]


def trained(kind: str) -> pl.Network:
    """Build and train one of the two networks."""
    data = pl.mnist().train
    if kind == "784-16-16-10 sigmoid":
        net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True, seed=0)
        recipe, loss = pl.recipes.DIGITS, "binary_cross_entropy"
    else:
        net = pl.mlp([784, 128, 64, 10], activation="relu", output="softmax", pixels=True, seed=0)
        recipe, loss = pl.recipes.general(net, len(data.images), quick=True), "cross_entropy"
    pl.train(net, data.images, data.labels, loss=loss, seed=0, progress=False, recipe=recipe)
    return net


def measured(net: pl.Network, int8: bool) -> Measured:
    """Write the network as C, compile it, and run it on the test images."""
    data = pl.mnist()
    images, t = data.test.images.reshape(-1, 784), data.test.labels
    calibration = data.train.images[:CALIBRATION] if int8 else None
    with tempfile.TemporaryDirectory() as folder:
        header, source = to_c(net, Path(folder) / "net", int8=int8, calibration=calibration)
        said = re.search(r"Flash: ([\d,]+) bytes .* RAM: ([\d,]+) bytes", header.read_text())
        assert said
        constants, scratch = (int(number.replace(",", "")) for number in said.groups())
        chip = _size([*CHIP, "-Os"], source) if shutil.which(CHIP[0]) else None
        seconds = {}
        for name, options in OPTIONS.items():
            for entry, rows in (("", images.astype(np.float32)), ("_bytes", images)):
                y, seconds[f"{name} {entry}"] = _run(options, source, entry, rows)
        return Measured(
            weights=sum(W.size for W in net.params if W.ndim == 2) * (1 if int8 else 4),
            constants=constants,
            scratch=scratch,
            compiled=_size([COMPILER, "-std=c99", "-Os"], source),
            chip=chip,
            accuracy=float(np.mean(net.choose(y) == t)),
            difference=float(np.abs(y - net.predict(images)).max()),
            seconds=seconds,
        )


def predictor_seconds(net: pl.Network) -> float:
    """Measure `predictor` on single rows with one thread.

    Return the mean over the test images, the least of several repetitions.
    """
    rows = list(pl.mnist().test.images.reshape(-1, 1, 784).astype(np.float32))
    answer = net.predictor()
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        for row in rows:
            answer(row)
        times.append((time.process_time() - started) / len(rows))
    return min(times)


def _run(options: list[str], source: Path, entry: str, rows: Array) -> tuple[Array, float]:
    """Compile and run; return the outputs and the least seconds a row."""
    kind = "uint8_t" if entry else "float"
    words = [
        f"-DROWS={len(rows)}",
        f"-DREPEATS={REPEATS}",
        f"-DKIND={kind}",
        f"-DENTRY=net_predict{entry}",
    ]
    main, program = source.with_name("main.c"), source.with_name("main")
    main.write_text(TIMING)
    subprocess.run(
        [COMPILER, "-std=c99", *options, *words, main, source, "-o", program, "-lm"], check=True
    )
    done = subprocess.run([program], input=rows.tobytes(), capture_output=True, check=True)
    y = np.frombuffer(done.stdout, np.float32).reshape(len(rows), -1)
    return y, min(map(float, done.stderr.split()))


def _size(compiler: list[str], source: Path) -> int:
    """Return the bytes of code and constants of the compiled source."""
    made = source.with_suffix(".o")
    subprocess.run([*compiler, "-c", source, "-o", made], check=True)
    tool = compiler[0].replace("gcc", "size") if compiler[0].startswith("arm") else "size"
    sections = subprocess.run([tool, "-A", made], capture_output=True, text=True, check=True).stdout
    return sum(int(size) for size in re.findall(r"^\.(?:text|rodata)\S*\s+(\d+)", sections, re.M))


def tables(networks: dict[str, Any]) -> dict[str, str]:
    """Return the rows of both tables of the page: bytes and accuracy, and times."""
    sizes, times = [], []
    for name, saved in networks.items():
        for kind, values in saved["kinds"].items():
            m = Measured(**values)
            chip = "-" if m.chip is None else f"{m.chip:,}"
            sizes.append(
                f"| {name} | {kind} | {m.weights:,} | {m.constants:,} | {m.compiled:,} | {chip} | "
                f"{m.scratch:,} "
                f"| {100 * m.accuracy:.2f} % | {m.difference:.1e} |"
            )
            cells = " | ".join(f"{1e6 * seconds:.2f}" for seconds in m.seconds.values())
            times.append(f"| {name} | {kind} | {1e6 * saved['predictor']:.2f} | {cells} |")
    return {"sizes": "\n".join(sizes), "times": "\n".join(times)}


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages from the saved measurements."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    found = {name: results[name] for name in ("date", "machine")} | tables(results["networks"])
    pages.write(PAGE, lambda language: found, docs)


def _machine() -> str:
    information = Path("/proc/cpuinfo")
    found = (
        re.search(r"model name\s*: (.*)", information.read_text()) if information.exists() else None
    )
    version = subprocess.run(
        [COMPILER, "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    return f"{found[1] if found else platform.processor()}, {version}, pellucid {pl.__version__}"


def measure() -> dict[str, Any]:
    """Measure both networks, as float32 and int8."""
    networks: dict[str, Any] = {}
    for name in ("784-16-16-10 sigmoid", "784-128-64-10 ReLU"):
        net = trained(name)
        kinds = {"float32": measured(net, int8=False), "int8": measured(net, int8=True)}
        networks[name] = {
            "predictor": predictor_seconds(net),
            "kinds": {kind: m._asdict() for kind, m in kinds.items()},
        }
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    return {"date": date, "machine": _machine(), "networks": networks}


def main() -> None:
    """Measure, save the figures, and write the pages."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--show", action="store_true", help="show the tables and write nothing")
    options.add_argument("--page", action="store_true", help="the pages alone")
    chosen = options.parse_args()
    if not chosen.page:
        results = measure()
        sys.stdout.write("\n\n".join(tables(results["networks"]).values()) + "\n")
        if chosen.show:
            return
        write_whole(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    write_pages()


if __name__ == "__main__":
    main()
