"""Compare pellucid's estimators with scikit-learn's: accuracy on bundled sets, and time of `fit`.

    python benchmarks/sklearn_estimators.py           measure, then write the pages
    python benchmarks/sklearn_estimators.py --quick   fewer seeds and runs, printed, not written
    python benchmarks/sklearn_estimators.py --page    the pages alone, from sklearn_estimators.json

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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages
import sklearn
import sklearn.neural_network
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import pellucid as pl
import pellucid.sklearn
from pellucid.files.atomic import write_whole

PAGE = "measured/scikit-learn"
RESULTS = Path(__file__).with_name("sklearn_estimators.json")
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


def score_entry(name: str, solver: str, found: dict[str, list[float]]) -> dict[str, Any]:
    """Return the figures of a line of the table of scores: mean and standard deviation of each."""
    return {
        "data": name,
        "solver": solver,
        **{
            library: [round(statistics.mean(each), 6), round(statistics.stdev(each), 6)]
            for library, each in found.items()
        },
        "apart": round(max(abs(a - b) for a, b in zip(*found.values(), strict=True)), 6),
    }


def score_line(saved: dict[str, Any]) -> str:
    """Return a line of the table of scores."""
    ours, theirs = saved["pellucid"], saved["scikit-learn"]
    within = abs(ours[0] - theirs[0]) <= theirs[1]
    cells = [f"{mean:.4f} ± {spread:.4f}" for mean, spread in (ours, theirs)]
    cells += [f"{saved['apart']:.4f}", "yes" if within else "**no**"]
    return f"| {saved['data']} | {saved['solver']} | {' | '.join(cells)} |"


def time_entry(name: str, found: list[dict[str, float]]) -> dict[str, Any]:
    """Return the figures of a line of the table of times: with one thread, with the default."""
    return {
        "name": name,
        "runs": [
            {
                **{library: round(each[library], 6) for library in each},
                "share": round(each["pellucid"] / each["scikit-learn"], 6),
            }
            for each in found
        ],
    }


def time_line(saved: dict[str, Any]) -> str:
    """Return a line of the table of times."""
    most, cells = TIMINGS[saved["name"]].most, []
    for each in saved["runs"]:
        share = f"{each['share']:.2f}"
        cells.append(f"{each['pellucid']:.3f} / {each['scikit-learn']:.3f}")
        cells.append(share if each["share"] <= most else f"**{share}**")
    return f"| {saved['name']} | {' | '.join(cells)} | {most:.2f} |"


KOREAN = {
    "yes": "예",
    "no": "아니요",
    "values": "회귀",
    "early stopping": "조기 종료",
    "batches of 32": "배치 크기 32",
    "default batches": "기본 배치",
}


def figures(results: dict[str, Any], language: str) -> dict[str, str]:
    """Return the rows and other figures of the page in a language."""
    scores_text = "\n".join(map(score_line, results["scores"]))
    times_text = "\n".join(map(time_line, results["times"]))
    return {
        "scores": pages.translate(scores_text, language, KOREAN),
        "times": pages.translate(times_text, language, KOREAN),
        **{name: str(results[name]) for name in ("seeds", "runs", "date", "versions", "machine")},
    }


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages from the saved measurements."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    pages.write(PAGE, lambda language: figures(results, language), docs)


def measure(seeds: int, runs: int) -> dict[str, Any]:
    """Measure everything; print each line when it is there."""
    score_entries, time_entries = [], []
    for name in SETS:
        for solver in SOLVERS:
            score_entries.append(score_entry(name, solver, scores(name, solver, range(seeds))))
            sys.stdout.write(score_line(score_entries[-1]) + "\n")
    for name in TIMINGS:
        time_entries.append(time_entry(name, [timed(name, runs, n) for n in (1, None)]))
        sys.stdout.write(time_line(time_entries[-1]) + "\n")
        sys.stdout.flush()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": f"pellucid {pl.__version__}, scikit-learn {sklearn.__version__}, NumPy "
        f"{np.__version__}",
        "seeds": seeds,
        "runs": runs,
        "scores": score_entries,
        "times": time_entries,
    }


def main() -> None:
    """Measure, save the figures, and write the pages."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--quick", action="store_true", help="fewer seeds and runs; print, and write nothing"
    )
    options.add_argument("--page", action="store_true", help="the pages alone")
    options.add_argument("--time", help=argparse.SUPPRESS)
    options.add_argument("--runs", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if given.time:
        sys.stdout.write(json.dumps(seconds(TIMINGS[given.time], given.runs)))
        return
    if not given.page:
        results = measure(3, 1) if given.quick else measure(10, 3)
        if given.quick:
            return
        write_whole(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    write_pages()


if __name__ == "__main__":
    main()
