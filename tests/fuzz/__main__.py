"""Fuzz readers one after the other: `python -m tests.fuzz SECONDS [READER ...]`, default all.

`make fuzz` calls it. The exit code is 1 where a fault was found; its file is in build/fuzz.
"""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    *(
        "model",
        "estimator",
        "checkpoint",
        "torch",
        "json",
        "onnx",
        "idx",
        "idx.gz",
        "csv",
        "csv.gz",
    ),
    *("records", "parquet", "feather", "npy", "npz", "image", "folder", "blocks", "search"),
)


def fuzz(name: str, seconds: float, *options: str) -> subprocess.CompletedProcess[str]:
    """Fuzz one reader in a process of its own, which a crash of the reader ends."""
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.harness", name]
    return subprocess.run(
        [*command, str(seconds), *options], capture_output=True, text=True, check=False
    )


def main(seconds: str, names: list[str]) -> int:
    """Fuzz readers and write a line for each."""
    bad = 0
    for name in names or NAMES:
        done = fuzz(name, float(seconds))
        lines = done.stdout.splitlines()
        print(lines[-1] if lines else f"{name}: ended with {done.returncode}", flush=True)
        if done.returncode:
            bad += 1
            print(done.stdout, done.stderr[-4000:], sep="\n", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [name for name in sys.argv[2:] if name != "all"]))
