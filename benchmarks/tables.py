"""Seven public tables by `pellucid train --data`, beside scikit-learn's networks and boosted trees on the same splits.

    python benchmarks/tables.py                     measure, then write docs/tables.md
    python benchmarks/tables.py --only penguins     show one table's figures, write nothing

The tables lie inside packages: scikit-learn's own, and diamonds, penguins and txhousing in plotnine, whose files are
read without importing it (`pip install --no-deps plotnine` is enough).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import sklearn
from sklearn import datasets
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import pellucid as pl
from pellucid.files.atomic import write_whole

PAGE = Path(__file__).parent.parent / "docs" / "tables.md"
SPLITS = range(5)
CONTENDERS = ("pellucid", "MLP", "HistGradientBoosting")


class Task(NamedTuple):
    """A table, the column to predict, and what it holds."""

    frame: pd.DataFrame
    target: str
    classes: bool
    about: str


class Score(NamedTuple):
    """Accuracy or R2 on the test rows of one split, and the seconds that learning took."""

    score: float
    seconds: float


def tasks() -> dict[str, Task]:
    """Give the tables, by name."""
    found = {}
    for name, about in (
        ("breast_cancer", "malignant or benign"),
        ("wine", "three growers"),
        ("digits", "8 x 8 pixels as columns"),
        ("diabetes", "progress of the illness"),
    ):
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        found[name] = Task(frame, "target", name != "diabetes", about)
    found["penguins"] = Task(_of_plotnine("penguins"), "species", True, "three species; missing cells")
    found["diamonds"] = Task(_of_plotnine("diamonds"), "price", False, "price in dollars")
    houses = _of_plotnine("txhousing").dropna(subset=["median"]).drop(columns="date")
    found["txhousing"] = Task(houses, "median", False, "median house price by city and month; missing cells")
    return found


def by_pellucid(task: Task, learn: pd.DataFrame, ask: pd.DataFrame, seed: int) -> Score:
    """Train and evaluate by command, with no option but the target's name and the seed."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("learn.csv", "ask.csv", "model.safetensors")]
        learn.to_csv(paths[0], index=False)
        ask.to_csv(paths[1], index=False)
        trained = _command("train", "--data", paths[0], "--target", task.target, "--seed", str(seed), "-o", paths[2])
        report = _command("evaluate", paths[2], paths[1])
        return Score(report["accuracy" if task.classes else "r2"], trained["seconds"])


def by_scikit_learn(kind: str, task: Task, learn: pd.DataFrame, ask: pd.DataFrame, seed: int) -> Score:
    """Fit one of scikit-learn's estimators at its defaults, behind the preparation that it needs."""
    model = _trees(task, seed) if kind == "HistGradientBoosting" else _network(task, seed)
    texts = [name for name in learn if not pd.api.types.is_numeric_dtype(learn[name]) and name != task.target]
    kinds = {name: pd.CategoricalDtype(sorted(learn[name].dropna().unique())) for name in texts}
    if kind == "HistGradientBoosting":  # it takes categories and missing cells as they are
        learn, ask = learn.astype(kinds), ask.astype(kinds)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(learn.drop(columns=task.target), learn[task.target])
    seconds = time.perf_counter() - started
    return Score(float(model.score(ask.drop(columns=task.target), ask[task.target])), seconds)


def measure(task: Task) -> dict[str, list[Score]]:
    """Give each contender's scores on the same splits: three quarters to learn from, a quarter to ask."""
    found: dict[str, list[Score]] = {name: [] for name in CONTENDERS}
    for seed in SPLITS:
        stratify = task.frame[task.target] if task.classes else None
        learn, ask = train_test_split(task.frame, test_size=0.25, random_state=seed, stratify=stratify)
        found["pellucid"].append(by_pellucid(task, learn, ask, seed))
        for kind in CONTENDERS[1:]:
            found[kind].append(by_scikit_learn(kind, task, learn, ask, seed))
    return found


def verdict(found: dict[str, list[Score]], other: str) -> str:
    """Say whether pellucid is ahead of another, by the mean difference over splits and twice its standard error."""
    pairs = zip(found["pellucid"], found[other], strict=True)
    differences = [ours.score - theirs.score for ours, theirs in pairs]
    mean, error = statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5
    word = "level" if abs(mean) <= 2 * error else "ahead" if mean > 0 else "**behind**"
    return f"{word} ({mean:+.3f} ± {2 * error:.3f})"


def where_better(results: dict[str, dict[str, list[Score]]], other: str) -> str:
    """Name the tables on which another is better, first those where the splits leave no doubt of it."""
    told = {name: verdict(found, other) for name, found in results.items()}
    sure = [name for name, text in told.items() if "behind" in text]
    unsure = [name for name, text in told.items() if text.startswith("level (-")]
    text = ", ".join(sure) or "none of these tables"
    return f"{text} (in the mean, but within the doubt: {', '.join(unsure)})" if unsure else text


def line(name: str, task: Task, found: dict[str, list[Score]]) -> str:
    """Give a table's row of the page."""
    cells = [f"{name}: {task.about}", f"{len(task.frame):,} x {task.frame.shape[1] - 1}"]
    cells.append("accuracy" if task.classes else "R2")
    for scores in found.values():
        mean, spread = (f([score.score for score in scores]) for f in (statistics.mean, statistics.stdev))
        cells.append(f"{mean:.3f} ± {spread:.3f}")
    cells += [verdict(found, other) for other in CONTENDERS[1:]]
    cells.append(" / ".join(f"{statistics.median(s.seconds for s in scores):.1f}" for scores in found.values()))
    return f"| {' | '.join(cells)} |"


def page(results: dict[str, dict[str, list[Score]]], known: dict[str, Task]) -> str:
    """Give docs/tables.md."""
    rows = "\n".join(line(name, known[name], found) for name, found in results.items())
    return TEXT.format(
        rows=rows,
        splits=len(SPLITS),
        networks=where_better(results, "MLP"),
        trees=where_better(results, "HistGradientBoosting"),
        machine=platform.machine(),
        versions=f"pellucid {pl.__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}",
    )


TEXT = """# Tables: `pellucid train --data`, beside scikit-learn

`make tables-table` measures this page anew. Each table is split {splits} times, three quarters to learn from and a
quarter to ask; all three see the same rows. The score is accuracy for classes and R2 for values, on the rows that were
asked: mean ± standard deviation over the splits.

| table | rows x columns | score | pellucid | MLP | HistGradientBoosting | against MLP | against trees | seconds |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

*Against*: pellucid's mean difference over the splits ± twice its standard error; "level" where it is within that.
*Seconds*: median time of learning, in the order of the columns, one thread each
({machine}; {versions}).

**Where the others are better.** The MLP: {networks}.
The trees: {trees}.
Boosted trees are hard to beat by any network where columns act in steps and few rows tell of each: look at them, too,
before you settle on a network.

How it was run: pellucid by its command, `pellucid train --data learn.csv --target COLUMN --seed S`, with no other
option, from a CSV file with its texts and missing cells as they are. `MLPClassifier` and `MLPRegressor` at their
defaults (at most 200 epochs) behind SimpleImputer, OneHotEncoder and StandardScaler, the regressor's target
standardised as well. `HistGradientBoosting` at its defaults, with categories and missing cells as they are.

pellucid's network and recipe were chosen on other tables and on made-up noisy ones (see
`src/pellucid/training/recipes.py`). These were not quite unseen: a first recipe was far behind on diabetes, and that is
why noisy tables were looked at. The tables come inside packages: breast_cancer, wine, digits and diabetes in
scikit-learn; penguins, diamonds and txhousing in plotnine.
"""


def _network(task: Task, seed: int) -> Any:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore")
    prepared = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("texts", texts, make_column_selector(dtype_exclude="number")),
        ],
        sparse_threshold=0,
    )
    if task.classes:
        return make_pipeline(prepared, MLPClassifier(random_state=seed))
    regressor = make_pipeline(prepared, MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(regressor, transformer=StandardScaler())


def _trees(task: Task, seed: int) -> Any:
    kind = HistGradientBoostingClassifier if task.classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=seed)


def _of_plotnine(name: str) -> pd.DataFrame:
    found = importlib.util.find_spec("plotnine")
    if found is None or found.submodule_search_locations is None:
        raise SystemExit("the tables of plotnine are missing: pip install --no-deps plotnine")
    return pd.read_csv(Path(found.submodule_search_locations[0]) / "data" / f"{name}.csv")


def _command(*words: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "pellucid", *words, "--json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    """Measure, and write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", help="one table: show its figures and write nothing")
    only = options.parse_args().only
    known = tasks()
    results = {}
    for name in [only] if only else known:
        results[name] = measure(known[name])
        sys.stdout.write(line(name, known[name], results[name]) + "\n")
        sys.stdout.flush()
    if not only:
        write_whole(PAGE, page(results, known).encode())


if __name__ == "__main__":
    main()
