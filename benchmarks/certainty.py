"""Measure how often intervals and sets of classes hold the target, and how right probabilities are.

    python benchmarks/certainty.py                 measure, then write the pages
    python benchmarks/certainty.py --only fair     measure one table again (may be repeated)
    python benchmarks/certainty.py --page          the pages alone, from benchmarks/certainty.json

Each table is split twenty times at random: up to 2,000 rows to train on, of which `train_table`
holds out a tenth by its default, and up to 4,000 other rows to measure. Tables and settings were
chosen before anything was measured; all are of `tabular/` and have 1,000 test rows or more.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages
import pandas as pd
from tabular.sources import load

import pellucid as pl
from pellucid.core.temperature import probabilities
from pellucid.core.types import Array
from pellucid.files.atomic import write_whole
from pellucid.lens.score_curves import Calibration
from pellucid.lens.unlike import flags

PAGE = "measured/certainty"
RESULTS = Path(__file__).with_name("certainty.json")
SPLITS, TRAINED, TESTED, LEVEL = 20, 2_000, 4_000, 0.9
CALIBRATED = 200  # test rows by which a network that held nothing out is calibrated
FREE: dict[str, Any] = {"validation": None}
ERRORS = ("plain", "uncalibrated", "calibrated", "free", "free_calibrated")


class Case(NamedTuple):
    """A table, the column to predict, whether it is of classes, and the rows to train on."""

    table: str
    target: str
    classes: bool
    rows: int = TRAINED


CASES = {
    "diamonds": Case("diamonds", "price", False),
    "txhousing": Case("txhousing", "median", False),
    "randhie": Case("randhie", "mdvis", False),
    "fair": Case("fair", "affairs", True),
    "diamonds: cut": Case("diamonds", "cut", True),
    "randhie: visited": Case("randhie", "visited", True),
    "digits": Case("digits", "target", True, rows=797),
}
ABOUT = {
    "diamonds": {"en": "price in dollars", "ko": "달러 가격"},
    "txhousing": {"en": "median house price", "ko": "주택 가격의 중앙값"},
    "randhie": {"en": "visits to the doctor", "ko": "진료 횟수"},
    "fair": {"en": "affairs, yes or no", "ko": "외도 여부"},
    "diamonds: cut": {"en": "five cuts", "ko": "연마 등급 다섯"},
    "randhie: visited": {"en": "any visit, yes or no", "ko": "진료 여부"},
    "digits": {"en": "8 x 8 pixels as columns", "ko": "8 x 8 픽셀이 열"},
}


def frame_of(case: Case) -> pd.DataFrame:
    """Return a case's table; a yes or no of randhie is made of its number of visits."""
    frame = load(case.table).frame
    if case.target == "visited":
        visited = np.where(frame["mdvis"] > 0, "yes", "no")
        return frame.drop(columns="mdvis").assign(visited=visited)
    return frame


def trained(case: Case, train: pd.DataFrame, preset: str, seed: int, **more: Any) -> pl.Network:
    """Train by the defaults, with a fifth held out where the rows are too few for them."""
    task = "classify" if case.classes else "regress"
    columns = pl.Columns.of(train, case.target, task=task)
    net = pl.table_mlp(columns, preset=preset, seed=seed)
    share: float | str = "auto" if len(train) >= 1_000 else 0.2
    pl.train_table(net, train, **{"validation": share, **more}, seed=seed, progress=False)
    return net


def of_values(net: pl.Network, x: Array, t: Array) -> dict[str, float]:
    """Return the coverage of intervals: of all rows, and of a third of low and high predictions."""
    low, high = net.interval(x, LEVEL)
    inside = (low[:, 0] <= t[:, 0]) & (t[:, 0] <= high[:, 0])
    thirds = np.array_split(np.argsort(net.predict(x)[:, 0], kind="stable"), 3)
    return {
        "coverage": float(inside.mean()),
        "lowest": float(inside[thirds[0]].mean()),
        "highest": float(inside[thirds[2]].mean()),
        "size": float((high - low).mean() / t.std()),
    }


def of_classes(case: Case, train: pd.DataFrame, x: Array, t: Array, seed: int) -> dict[str, float]:
    """Return the calibration error of other networks: plain, and of one that held nothing out."""
    plain, free = trained(case, train, "plain", seed), trained(case, train, "tabular", seed, **FREE)
    assert plain.uncertainty is not None
    found = {"plain": error(plain, x, t, plain.uncertainty.temperature)}
    x, t, few, their = x[CALIBRATED:], t[CALIBRATED:], x[:CALIBRATED], t[:CALIBRATED]
    found["free"] = error(free, x, t)
    pl.calibrate(free, few, their)
    return {**found, "free_calibrated": error(free, x, t)}


def of_sets(net: pl.Network, x: Array, t: Array) -> dict[str, float]:
    """Return the coverage of sets, and the calibration error with and without the temperature."""
    known = net.uncertainty
    assert known is not None
    chosen = known.chosen(net.layers, net.predict(x), LEVEL)
    return {
        "coverage": float(chosen[np.arange(len(t)), t].mean()),
        "size": float(chosen.sum(axis=1).mean()),
        "accuracy": float((net.classify(x) == t).mean()),
        "calibrated": error(net, x, t),
        "uncalibrated": error(net, x, t, known.temperature),
        "temperature": known.temperature,
    }


def error(net: pl.Network, x: Array, t: Array, undone: float = 1.0) -> float:
    """Return the expected calibration error, with the temperature `undone`."""
    p = probabilities(net.layers, net.predict(x))
    assert p is not None
    p = p**undone
    p /= p.sum(axis=1, keepdims=True)
    return Calibration(p.max(axis=1), p.argmax(axis=1) == t).error


def of_rows(net: pl.Network, x: Array) -> dict[str, float]:
    """Return how many rows are unlike training's: of the test, and with columns shuffled apart."""
    shuffled, generator = x.copy(), np.random.default_rng(0)
    for column, start in zip(net.columns.columns, net.columns.starts, strict=True):
        order = generator.permutation(len(x))
        places = slice(start, start + column.width)
        shuffled[:, places] = x[order, places]
    return {"unlike": float(flags(net, x).mean()), "shuffled": float(flags(net, shuffled).mean())}


def measure(case: Case, frame: pd.DataFrame) -> dict[str, Any]:
    """Return the means over all splits, and the least and greatest coverage of one."""
    found: list[dict[str, float]] = []
    for seed in range(SPLITS):
        mixed = frame.sample(frac=1, random_state=seed)
        train, test = mixed[: case.rows], mixed[case.rows : case.rows + TESTED]
        net = trained(case, train, "tabular", seed)
        test = test[test[case.target].isin(train[case.target])] if case.classes else test
        x, report = net.columns.read_rows(test)
        t = net.columns.t(test)
        if case.classes:
            scores = of_sets(net, x, t) | of_classes(case, train, x, t, seed)
        else:
            scores = of_values(net, x, t)
        found.append(scores | of_rows(net, x) | {"tested": float(report.rows)})
    shares = [each["coverage"] for each in found]
    means = {name: statistics.mean(each[name] for each in found) for name in found[0]}
    return {
        "classes": case.classes,
        "rows": case.rows,
        "held_out": round(case.rows * (0.1 if case.rows >= 1_000 else 0.2)),
        "least": round(min(shares), 4),
        "most": round(max(shares), 4),
        **{name: round(value, 5) for name, value in means.items()},
    }


def share(value: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * value:.1f} %"


def line(name: str, saved: dict[str, Any], language: str) -> str:
    """Return a table's row of the page."""
    cells = [f"{name}, {ABOUT[name][language]}", f"{saved['rows']:,}", f"{saved['tested']:,.0f}"]
    cells.append(f"**{share(saved['coverage'])}**")
    cells.append(f"{share(saved['least'])} – {share(saved['most'])}")
    if saved["classes"]:
        cells += [f"{saved['size']:.2f}", share(saved["accuracy"]), f"{saved['temperature']:.2f}"]
        cells += [f"{saved[each]:.4f}" for each in ERRORS]
    else:
        cells += [share(saved["lowest"]), share(saved["highest"]), f"{saved['size']:.2f}"]
    return f"| {' | '.join(cells)} |"


def doubted(name: str, saved: dict[str, Any]) -> str:
    """Return a table's row on rows unlike those of training."""
    return f"| {name} | {share(saved['unlike'])} | {share(saved['shuffled'])} |"


def figures(results: dict[str, Any], language: str) -> dict[str, str]:
    """Return the rows and other figures of the page in a language."""
    found = results["tables"]
    groups = {
        kind: {name: saved for name, saved in found.items() if saved["classes"] == classes}
        for kind, classes in (("values", False), ("classes", True))
    }
    errors = {
        name: statistics.mean(each[name] for each in groups["classes"].values()) for name in ERRORS
    }
    return {
        **{
            kind: "\n".join(line(name, saved, language) for name, saved in those.items())
            for kind, those in groups.items()
        },
        "doubted": "\n".join(doubted(name, saved) for name, saved in found.items()),
        "mean": share(statistics.mean(each["coverage"] for each in found.values())),
        **{f"error_{name}": f"{value:.4f}" for name, value in errors.items()},
        "ratio": f"{errors['calibrated'] / errors['plain']:.2f}",
        "free_ratio": f"{errors['free_calibrated'] / errors['free']:.2f}",
        **{name: str(results[name]) for name in ("splits", "date", "machine", "versions")},
    }


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages from the saved measurements."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    pages.write(PAGE, lambda language: figures(results, language), docs)


def main() -> None:
    """Measure, save the figures, and write the pages."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", choices=CASES, action="append", help="measure this one again")
    options.add_argument("--page", action="store_true", help="the pages alone")
    chosen = options.parse_args()
    saved = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    found = saved.get("tables", {}) if chosen.only else {}
    for name in () if chosen.page else chosen.only or CASES:
        case = CASES[name]
        found[name] = measure(case, frame_of(case))
        sys.stdout.write(f"{name}: {json.dumps(found[name])}\n")
        sys.stdout.flush()
        saved = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "machine": platform.machine(),
            "versions": f"pellucid {pl.__version__}, NumPy {np.__version__}",
            "splits": SPLITS,
            "tables": {each: found[each] for each in CASES if each in found},
        }
        write_whole(RESULTS, (json.dumps(saved, indent=1) + "\n").encode())
    if len(saved["tables"]) == len(CASES):
        write_pages()


if __name__ == "__main__":
    main()
