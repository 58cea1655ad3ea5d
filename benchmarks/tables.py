"""Compare `pellucid train --data` with scikit-learn's networks and trees on twelve public tables.

    python benchmarks/tables.py                     measure, then write the pages
    python benchmarks/tables.py --only penguins     print one table's scores, write nothing
    python benchmarks/tables.py --page              the pages alone, from benchmarks/tables.json

All contenders see the same splits. The tables come with packages: scikit-learn's own, and those of
plotnine and statsmodels, whose files are read without importing them (`pip install --no-deps
plotnine statsmodels` is enough). The list was made before anything was measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages
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

PAGE = "measured/tables"
RESULTS = Path(__file__).with_name("tables.json")
SEARCHED = Path(__file__).with_name("search.json")
SPLITS = range(5)
CONTENDERS = ("tabular", "plain", "MLP", "HistGradientBoosting")


class Task(NamedTuple):
    """A table, the column to predict, and its kind."""

    frame: pd.DataFrame
    target: str
    classes: bool


class Score(NamedTuple):
    """Accuracy or R2 on the test rows of one split, root mean squared error, training time."""

    score: float
    rmse: float
    seconds: float


ABOUT = {
    "breast_cancer": {"en": "malignant or benign", "ko": "악성인지 양성인지"},
    "wine": {"en": "three growers", "ko": "생산자 셋"},
    "digits": {"en": "8 x 8 pixels as columns", "ko": "8 x 8 픽셀이 열"},
    "diabetes": {"en": "progress of the illness", "ko": "병의 진행"},
    "penguins": {"en": "three species; missing cells", "ko": "세 종, 빈칸 있음"},
    "diamonds": {"en": "price in dollars", "ko": "달러 가격"},
    "txhousing": {
        "en": "median house price by city and month; missing cells",
        "ko": "도시와 달에 따른 주택 가격의 중앙값, 빈칸 있음",
    },
    "mpg": {"en": "miles per gallon; many categories", "ko": "연비, 범주가 많음"},
    "midwest": {
        "en": "counties: share of people with a college degree",
        "ko": "카운티의 대졸자 비율",
    },
    "anes96": {"en": "Clinton or Dole", "ko": "클린턴인지 돌인지"},
    "fair": {
        "en": "affairs in marriages, a noisy target",
        "ko": "결혼 생활의 외도, 잡음 많은 정답",
    },
    "randhie": {"en": "visits to the doctor, a noisy count", "ko": "진료 횟수, 잡음 많은 개수"},
}
KOREAN = {
    "level": "비슷",
    "ahead": "앞섬",
    "behind": "뒤짐",
    "accuracy": "정확도",
    "none of these tables": "없음",
    "on average, but within the uncertainty": "평균으로는 낫지만 불확실성 안",
}


def tasks() -> dict[str, Task]:
    """Return the tables by name."""
    found = {}
    for name in ("breast_cancer", "wine", "digits", "diabetes"):
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        found[name] = Task(frame, "target", name != "diabetes")
    found["penguins"] = Task(_of("plotnine", "penguins"), "species", True)
    found["diamonds"] = Task(_of("plotnine", "diamonds"), "price", False)
    houses = _of("plotnine", "txhousing").dropna(subset=["median"]).drop(columns="date")
    found["txhousing"] = Task(houses, "median", False)
    found["mpg"] = Task(_of("plotnine", "mpg").drop(columns="cty"), "hwy", False)
    counties = _of("plotnine", "midwest").drop(columns=["PID", "county"])
    found["midwest"] = Task(counties, "percollege", False)
    found["anes96"] = Task(_of("statsmodels", "anes96"), "vote", True)
    marriages = _of("statsmodels", "fair")
    marriages["affairs"] = np.where(marriages["affairs"] > 0, "yes", "no")
    found["fair"] = Task(marriages, "affairs", True)
    found["randhie"] = Task(_of("statsmodels", "randhie"), "mdvis", False)
    return found


def by_pellucid(
    preset: str, task: Task, train: pd.DataFrame, test: pd.DataFrame, seed: int
) -> Score:
    """Train and evaluate by command, with target, task, preset and seed as the only options."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("learn.csv", "ask.csv", "model.safetensors")]
        train.to_csv(paths[0], index=False)
        test.to_csv(paths[1], index=False)
        words = [
            "--target",
            task.target,
            "--task",
            "classify" if task.classes else "regress",
            "--preset",
            preset,
        ]
        trained = _command("train", "--data", paths[0], *words, "--seed", str(seed), "-o", paths[2])
        report = _command("evaluate", paths[2], paths[1])
        error = math.nan if task.classes else report["root_mean_squared_error"]
        return Score(report["accuracy" if task.classes else "r2"], error, trained["seconds"])


def by_scikit_learn(
    kind: str, task: Task, train: pd.DataFrame, test: pd.DataFrame, seed: int
) -> Score:
    """Fit one of scikit-learn's estimators at its defaults, with the preprocessing it needs."""
    model = _trees(task, seed) if kind == "HistGradientBoosting" else _network(task, seed)
    texts = [
        name
        for name in train
        if not pd.api.types.is_numeric_dtype(train[name]) and name != task.target
    ]
    if kind == "HistGradientBoosting":  # it takes categories and missing cells as they are
        known = {name: sorted(train[name].dropna().unique()) for name in texts}
        train, test = (
            rows.assign(
                **{
                    n: pd.Categorical(rows[n].where(rows[n].isin(names)), names)
                    for n, names in known.items()
                }
            )
            for rows in (train, test)
        )
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train.drop(columns=task.target), train[task.target])
    seconds = time.perf_counter() - started
    rows, t = test.drop(columns=task.target), test[task.target]
    error = math.nan if task.classes else float(np.sqrt(np.mean((model.predict(rows) - t) ** 2)))
    return Score(float(model.score(rows, t)), error, seconds)


def measure(task: Task) -> dict[str, list[Score]]:
    """Return each contender's scores on the same splits: three quarters to train, one to test."""
    found: dict[str, list[Score]] = {name: [] for name in CONTENDERS}
    for seed in SPLITS:
        stratify = task.frame[task.target] if task.classes else None
        train, test = train_test_split(
            task.frame, test_size=0.25, random_state=seed, stratify=stratify
        )
        for name in CONTENDERS:
            contend = by_pellucid if name in ("tabular", "plain") else by_scikit_learn
            found[name].append(contend(name, task, train, test, seed))
    return found


def ranks(found: dict[str, list[Score]]) -> dict[str, float]:
    """Return each contender's rank on one table by its mean score: 1 is best, ties share ranks."""
    means = {
        name: statistics.mean(score.score for score in scores) for name, scores in found.items()
    }
    ordered = sorted(means.values(), reverse=True)
    return {
        name: ordered.index(mean) + (1 + ordered.count(mean)) / 2 for name, mean in means.items()
    }


def summary(task: Task, found: dict[str, list[Score]]) -> dict[str, Any]:
    """Return the figures that are saved: of each contender, and the preset's lead over the others.

    A lead is a mean difference over the splits, and twice its standard error.
    """
    places = ranks(found)
    contenders, leads = {}, {}
    for name, scores in found.items():
        values = [each.score for each in scores]
        contenders[name] = {
            "score": round(statistics.mean(values), 6),
            "deviation": round(statistics.stdev(values), 6),
            "rank": places[name],
            "rmse": None if task.classes else float(f"{_mean_error(scores):.6g}"),
            "seconds": round(statistics.median(each.seconds for each in scores), 3),
        }
        pairs = zip(found["tabular"], scores, strict=True)
        ahead = [ours.score - theirs.score for ours, theirs in pairs]
        doubt = 2 * statistics.stdev(ahead) / len(ahead) ** 0.5
        leads[name] = [round(statistics.mean(ahead), 6) + 0.0, round(doubt, 6)]
    return {
        "rows": len(task.frame),
        "columns": task.frame.shape[1] - 1,
        "score": "accuracy" if task.classes else "R2",
        "contenders": contenders,
        "leads": {name: leads[name] for name in CONTENDERS[1:]},
    }


def verdict(saved: dict[str, Any], other: str) -> str:
    """Return whether the preset is ahead of another contender, level with it, or behind."""
    mean, doubt = saved["leads"][other]
    word = "level" if abs(mean) <= doubt else "ahead" if mean > 0 else "**behind**"
    return f"{word} ({mean:+.3f} ± {doubt:.3f})"


def where_better(tables: dict[str, Any], other: str) -> str:
    """Return the tables on which another contender is better, significant ones first."""
    verdicts = {name: verdict(saved, other) for name, saved in tables.items()}
    sure = [name for name, text in verdicts.items() if "behind" in text]
    unsure = [name for name, text in verdicts.items() if text.startswith("level (-")]
    text = ", ".join(sure) or "none of these tables"
    return (
        f"{text} (on average, but within the uncertainty: {', '.join(unsure)})" if unsure else text
    )


def line(name: str, saved: dict[str, Any], language: str) -> str:
    """Return a table's row of the page."""
    cells = [f"{name}: {ABOUT[name][language]}", f"{saved['rows']:,} x {saved['columns']}"]
    cells.append(saved["score"])
    cells += [
        f"{found['score']:.3f} ± {found['deviation']:.3f}" for found in saved["contenders"].values()
    ]
    cells += [verdict(saved, other) for other in CONTENDERS[1:]]
    return f"| {' | '.join(cells)} |"


def details(name: str, saved: dict[str, Any]) -> str:
    """Return a table's row of ranks, errors and seconds."""
    found = saved["contenders"].values()
    cells = [name, *(f"{each['rank']:g}" for each in found)]
    values = saved["score"] == "R2"
    cells.append(" / ".join(f"{each['rmse']:.4g}" for each in found) if values else "-")
    cells.append(" / ".join(f"{each['seconds']:.1f}" for each in found))
    return f"| {' | '.join(cells)} |"


def figures(results: dict[str, Any], language: str) -> dict[str, str]:
    """Return the rows and other figures of the page in a language."""
    tables = results["tables"]
    places = {
        name: statistics.mean(saved["contenders"][name]["rank"] for saved in tables.values())
        for name in CONTENDERS
    }
    best = sorted(places, key=lambda name: places[name])
    found = {
        "rows": "\n".join(line(name, saved, language) for name, saved in tables.items()),
        "plain": where_better(tables, "plain"),
        "networks": where_better(tables, "MLP"),
        "trees": where_better(tables, "HistGradientBoosting"),
    }
    return {
        **{name: pages.translate(text, language, KOREAN) for name, text in found.items()},
        "details": "\n".join(details(name, saved) for name, saved in tables.items()),
        "mean_ranks": " | ".join(f"**{places[name]:.2f}**" for name in CONTENDERS),
        "order": ", ".join(f"{name} {places[name]:.2f}" for name in best),
        "tables": str(len(tables)),
        "search": searched(language),
        **{name: str(results[name]) for name in ("splits", "date", "machine", "versions")},
    }


def searched(language: str) -> str:
    """Return the section on what a search gains (search.py), nothing before that was measured."""
    if not SEARCHED.exists():
        return ""
    import search

    saved = json.loads(SEARCHED.read_text(encoding="utf-8"))
    rows = [search.line(name, each) for name, runs in saved["tables"].items() for each in runs]
    figures = {name: str(saved[name]) for name in ("date", "versions", "machine", "workers")}
    figures["rows"] = pages.translate("\n".join(rows), language, KOREAN)
    return pages.filled("search", language, figures) + "\n"


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages from the saved measurements."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    pages.write(PAGE, lambda language: figures(results, language), docs)


def _mean_error(scores: list[Score]) -> float:
    return statistics.mean(each.rmse for each in scores)


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


def _of(package: str, name: str) -> pd.DataFrame:
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise SystemExit(f"the tables of {package} are missing: pip install --no-deps {package}")
    root = Path(found.submodule_search_locations[0])
    path = (
        root / "data" / f"{name}.csv"
        if package == "plotnine"
        else root / "datasets" / name / f"{name}.csv"
    )
    return pd.read_csv(path, sep=None, engine="python", quotechar="'" if name == "anes96" else '"')


def _command(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "pellucid", *words, "--json"], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    """Measure, save the figures, and write the pages."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", help="one table: print its scores and write nothing")
    options.add_argument("--page", action="store_true", help="the pages alone")
    chosen = options.parse_args()
    if not chosen.page:
        known, found = tasks(), {}
        for name in [chosen.only] if chosen.only else known:
            found[name] = summary(known[name], measure(known[name]))
            for text in (line(name, found[name], "en"), details(name, found[name])):
                sys.stdout.write(text + "\n")
            sys.stdout.flush()
        if chosen.only:
            return
        results = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "machine": platform.machine(),
            "versions": f"pellucid {pl.__version__}, scikit-learn {sklearn.__version__}, NumPy "
            f"{np.__version__}",
            "splits": len(SPLITS),
            "tables": found,
        }
        write_whole(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    write_pages()


if __name__ == "__main__":
    main()
