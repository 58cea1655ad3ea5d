"""Measure what surrounds the arithmetic: `train` around its epochs, and small fits of estimators.

python benchmarks/around.py     prints the figures as JSON, with one thread: half a minute

`grid.py` calls it and keeps the figures with those of the grid.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from contest.turns import VARIABLES

from pellucid.building import mlp
from pellucid.core.optimizers import SGD
from pellucid.core.types import Array
from pellucid.training import train

FITS = {"iris": "load_iris", "wine": "load_wine", "digits": "load_digits"}
TURNS = 5


def measured() -> dict[str, Any]:
    """Return the figures, measured in a process of its own with one thread."""
    one = dict.fromkeys(VARIABLES, "1")
    done = subprocess.run(
        [sys.executable, str(Path(__file__))],
        env={**os.environ, **one},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def around_epochs(x: Array, widths: list[int], epochs: int, calls: int) -> dict[str, float]:
    """Return the median seconds of a call of `train` outside its epochs, and of an epoch."""
    t = np.random.default_rng(1).integers(0, widths[-1], len(x))
    net, outside, each = mlp(widths, "relu", "softmax", seed=1), list[float](), list[float]()
    for _ in range(calls + 1):
        started = time.perf_counter()
        history = train(
            net, x, t, optimizer=SGD(0.01), epochs=epochs, metrics=[], threads=1, progress=False
        )
        taken = time.perf_counter() - started
        outside.append(taken - sum(history["seconds"]))
        each += history["seconds"]
    # Not the first call: it imports modules and starts threads.
    return {"outside": statistics.median(outside[1:]), "epoch": statistics.median(each[epochs:])}


def fit_ratio(load: Callable[..., Any]) -> float:
    """Return how many times as long scikit-learn's MLPClassifier takes to fit as pellucid's."""
    from sklearn.neural_network import MLPClassifier as Theirs

    from pellucid.sklearn import MLPClassifier as Ours

    x, t = load(return_X_y=True)
    ratios = []
    for _ in range(TURNS + 1):
        seconds = []
        for kind in (Ours, Theirs):
            started = time.perf_counter()
            kind(random_state=0).fit(x, t)
            seconds.append(time.perf_counter() - started)
        ratios.append(seconds[1] / seconds[0])
    return statistics.median(ratios[1:])


def main() -> None:
    """Measure and print."""
    from sklearn import datasets

    numbers = np.random.default_rng(0)
    small = numbers.standard_normal((100, 20), np.float32)
    large = numbers.random((60_000, 784), np.float32)
    large[large < 0.8] = 0  # as MNIST's pixels
    warnings.simplefilter("ignore")  # scikit-learn's fits end before they converge
    found = {
        "small": around_epochs(small, [20, 64, 64, 3], 1, 300),
        "large": around_epochs(large, [784, 16, 16, 10], 2, 5),
        "fits": {name: fit_ratio(getattr(datasets, load)) for name, load in FITS.items()},
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
