"""Compare pellucid's estimators with scikit-learn's: accuracy on bundled sets, and time of `fit`.

    python benchmarks/sklearn_estimators.py           measure, then write docs/scikit-learn.md
    python benchmarks/sklearn_estimators.py --quick   fewer seeds and runs, printed, not written

Times are measured in processes of their own, once with one thread and once with as many as the
machine has; each is the shortest of several runs, the two libraries in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sklearn
import sklearn.neural_network
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import pellucid as pl
import pellucid.sklearn
from pellucid.files.atomic import write_whole

PAGE = Path(__file__).parent.parent / "docs" / "scikit-learn.md"
SETS = {
    "iris": "MLPClassifier",
    "wine": "MLPClassifier",
    "breast_cancer": "MLPClassifier",
    "digits": "MLPClassifier",
    "diabetes": "MLPRegressor",
}
SOLVERS: dict[str, dict[str, Any]] = {"adam": {}, "sgd": {"learning_rate_init": 0.05}, "lbfgs": {}}
MOST = 0.5  # of scikit-learn's time, from 1,000 rows up
DIGITS = {
    "solver": "sgd",
    "hidden_layer_sizes": (16, 16),
    "activation": "logistic",
    "learning_rate_init": 0.1,
}


class Timing(NamedTuple):
    """A fit to time: rows, columns, classes (0 for values), parameters, epochs, largest share."""

    rows: int
    columns: int
    classes: int
    parameters: dict[str, Any]
    epochs: int
    most: float = MOST


TIMINGS = {
    f"{rows:,} x {columns}, {solver}": Timing(rows, columns, 5, {"solver": solver}, epochs)
    for rows, columns, epochs in (
        (1000, 20, 100),
        (1000, 100, 100),
        (10_000, 50, 20),
        (50_000, 50, 5),
    )
    for solver in ("adam", "sgd")
}
TIMINGS |= {
    "1,000 x 20, adam, values": Timing(1000, 20, 0, {}, 100),
    "1,000 x 20, adam, early stopping": Timing(1000, 20, 5, {"early_stopping": True}, 100),
    "1,000 x 20, sgd, batches of 32": Timing(1000, 20, 5, {"solver": "sgd", "batch_size": 32}, 50),
    "MNIST, 16-16 logistic, sgd, float32, batches of 32": Timing(
        0, 784, 10, {**DIGITS, "batch_size": 32}, 5, 1 / 6
    ),
    "MNIST, 16-16 logistic, sgd, float32, default batches": Timing(0, 784, 10, DIGITS, 10, 1 / 3),
}


def model(library: str, kind: str, **parameters: Any) -> Any:
    """Return an estimator of "pellucid" or "scikit-learn"."""
    source = pellucid.sklearn if library == "pellucid" else sklearn.neural_network
    return getattr(source, kind)(**parameters)


def scores(name: str, solver: str, seeds: range) -> dict[str, list[float]]:
    """Return both libraries' scores on a held-out quarter of the rows, seed by seed."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    found: dict[str, list[float]] = {"pellucid": [], "scikit-learn": []}
    for seed in seeds:
        classes = SETS[name] == "MLPClassifier"
        learn, ask, y_learn, y_ask = train_test_split(
            X, y, random_state=seed, stratify=y if classes else None
        )
        scaler = StandardScaler().fit(learn)
        if not classes:
            y_learn, y_ask = ((each - y_learn.mean()) / y_learn.std() for each in (y_learn, y_ask))
        for library, each in found.items():
            fitted = model(library, SETS[name], solver=solver, random_state=seed, **SOLVERS[solver])
            each.append(
                fitted.fit(scaler.transform(learn), y_learn).score(scaler.transform(ask), y_ask)
            )
    return found


def data(timing: Timing) -> tuple[Any, Any]:
    """Return rows and targets of that size; without rows, those of MNIST."""
    if not timing.rows:
        train = pl.mnist().train
        return (train.images.reshape(-1, 784) / 255).astype(np.float32), train.labels
    generator = np.random.default_rng(0)
    X = generator.normal(size=(timing.rows, timing.columns))
    sums = np.tanh(X @ generator.normal(size=(timing.columns, 8))) @ generator.normal(
        size=(8, max(timing.classes, 1))
    )
    sums += generator.normal(size=sums.shape)
    return X, sums.argmax(axis=1) if timing.classes else sums[:, 0]


def seconds(timing: Timing, runs: int) -> dict[str, float]:
    """Return both libraries' shortest time of fitting, measured in turns."""
    X, y = data(timing)
    kind = "MLPClassifier" if timing.classes else "MLPRegressor"
    always = {"max_iter": timing.epochs, "n_iter_no_change": timing.epochs, "random_state": 0}
    best = {"pellucid": float("inf"), "scikit-learn": float("inf")}
    for _ in range(runs):
        for library in best:
            fitted = model(library, kind, **always, **timing.parameters)
            started = time.perf_counter()
            fitted.fit(X, y)
            best[library] = min(best[library], time.perf_counter() - started)
    return best


def timed(name: str, runs: int, threads: int | None) -> dict[str, float]:
    """Run `seconds` in its own process; without `threads` both libraries choose their number."""
    environment = {
        key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")
    }
    if threads is not None:
        environment |= {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    command = [sys.executable, __file__, "--time", name, "--runs", str(runs)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def score_line(name: str, solver: str, found: dict[str, list[float]]) -> str:
    """Return a line of the table of scores."""
    means = {library: statistics.mean(each) for library, each in found.items()}
    spreads = {library: statistics.stdev(each) for library, each in found.items()}
    apart = max(abs(a - b) for a, b in zip(*found.values(), strict=True))
    within = abs(means["pellucid"] - means["scikit-learn"]) <= spreads["scikit-learn"]
    cells = [f"{means[library]:.4f} ± {spreads[library]:.4f}" for library in found]
    cells += [f"{apart:.4f}", "yes" if within else "**no**"]
    return f"| {name} | {solver} | {' | '.join(cells)} |"


def time_line(name: str, found: list[dict[str, float]]) -> str:
    """Return a line of the table of times."""
    cells = []
    for each in found:
        share = each["pellucid"] / each["scikit-learn"]
        text = f"{each['pellucid']:.3f} / {each['scikit-learn']:.3f}"
        cells += [text, f"{share:.2f}" if share <= TIMINGS[name].most else f"**{share:.2f}**"]
    return f"| {name} | {' | '.join(cells)} | {TIMINGS[name].most:.2f} |"


TEXT = """# `pellucid.sklearn` beside scikit-learn's own

`make estimators-table` measures this page anew (ten minutes).

## The same networks

With the same `random_state` pellucid's estimators draw the same first weights, take the same
batches and make the same steps as scikit-learn's, so their weights are equal to rounding;
`tests/sklearn/test_estimators_same.py` holds them to 1e-9 in float64 after many epochs, setting by
setting. Accuracy is therefore the same, and here it is measured: a quarter of the rows asked, the
rest learned from, {seeds} seeds, mean ± standard deviation (accuracy; R2 for diabetes).

| data | solver | pellucid | scikit-learn | largest difference for one seed | means within a deviation |
| --- | --- | --- | --- | --- | --- |
{scores}

Rows are standardised; parameters are the defaults, but for a learning rate of 0.05 with sgd.

## The time of `fit`

Seconds of pellucid / scikit-learn, the shortest of {runs} runs, the two in turn; the share is
pellucid's of scikit-learn's. (100,) hidden neurons, scikit-learn's default, unless the line says
otherwise.

| data and solver | one thread | share | default threads | share | at most |
| --- | --- | --- | --- | --- | --- |
{times}

{processor}, {cores} cores; {versions}.

A share in bold is above what was aimed at. scikit-learn's time with its default threads is that of
its matrix products, which for small batches can be slower on many threads than on one."""  # noqa: E501 - heads of Markdown tables cannot be wrapped


def page(score_lines: list[str], time_lines: list[str], seeds: int, runs: int) -> str:
    """Return docs/scikit-learn.md."""
    return TEXT.format(
        scores="\n".join(score_lines),
        times="\n".join(time_lines),
        seeds=seeds,
        runs=runs,
        processor=platform.machine(),
        cores=os.cpu_count(),
        versions=f"pellucid {pl.__version__}, scikit-learn {sklearn.__version__}, NumPy "
        f"{np.__version__}",
    )


def main() -> None:
    """Measure, and write the page."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--quick", action="store_true", help="fewer seeds and runs; show, and write nothing"
    )
    options.add_argument("--time", help=argparse.SUPPRESS)
    options.add_argument("--runs", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if given.time:
        sys.stdout.write(json.dumps(seconds(TIMINGS[given.time], given.runs)))
        return
    seeds, runs = (3, 1) if given.quick else (10, 3)
    score_lines, time_lines = [], []
    for name in SETS:
        for solver in SOLVERS:
            score_lines.append(score_line(name, solver, scores(name, solver, range(seeds))))
            sys.stdout.write(score_lines[-1] + "\n")
    for name in TIMINGS:
        time_lines.append(time_line(name, [timed(name, runs, threads) for threads in (1, None)]))
        sys.stdout.write(time_lines[-1] + "\n")
        sys.stdout.flush()
    if not given.quick:
        write_whole(PAGE, page(score_lines, time_lines, seeds, runs).encode())


if __name__ == "__main__":
    main()
