"""The contenders, each with its own defaults, one thread, and the preparation that it needs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pellucid.sklearn import TableClassifier, TableRegressor
from tabular.splits import Split

Frames = tuple[pd.DataFrame, pd.DataFrame]


class Contender(NamedTuple):
    """A way to learn a table.

    `build` takes a split and returns an estimator of scikit-learn's kind; `prepare` takes and
    returns training and test rows. `cost` is about how many CPU seconds 1,000 rows take, by which
    cheap measurements come first.
    """

    name: str
    package: str
    cost: float
    prepare: Callable[[pd.DataFrame, pd.DataFrame], Frames]
    build: Callable[[Split], Any]
    values: bool = True  # whether it differs from another contender where values are predicted
    per_class: bool = False  # whether each class costs as much again


def as_they_are(train: pd.DataFrame, test: pd.DataFrame) -> Frames:
    """Return the rows unchanged."""
    return train, test


def categorical(train: pd.DataFrame, test: pd.DataFrame) -> Frames:
    """Return texts as categories of the training rows; others become missing."""
    known = {name: sorted(train[name].dropna().unique()) for name in texts(train)}
    kinds = {name: pd.CategoricalDtype(names) for name, names in known.items()}
    return train.astype(kinds), _unseen_missing(test, known).astype(kinds)


def named(train: pd.DataFrame, test: pd.DataFrame) -> Frames:
    """Return texts with the name "missing" where a cell is."""
    names = texts(train)
    train, test = train.copy(), test.copy()
    for rows in (train, test):
        for name in names:
            rows[name] = rows[name].astype(object).where(rows[name].notna(), "missing")
    return train, test


def filled(train: pd.DataFrame, test: pd.DataFrame) -> Frames:
    """Return texts as `named` does, and missing numbers as means with a column that marks them."""
    train, test = named(train, test)
    for name in [each for each in train if each not in texts(train)]:
        if train[name].isna().any() or test[name].isna().any():
            mean = train[name].mean()
            for rows in (train, test):
                rows[f"{name}?"] = rows[name].isna().astype(float)
                rows[name] = rows[name].fillna(mean)
    return train, test


def texts(rows: pd.DataFrame) -> list[str]:
    """Return the names of the columns that hold no numbers."""
    return [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]


def _unseen_missing(rows: pd.DataFrame, known: dict[str, list[Any]]) -> pd.DataFrame:
    return rows.assign(**{n: rows[n].where(rows[n].isin(names)) for n, names in known.items()})


def _pellucid(**options: Any) -> Callable[[Split], Any]:
    def build(split: Split) -> Any:
        kind = TableClassifier if split.classes else TableRegressor
        return kind(random_state=split.seed, threads=1, **options)

    return build


def _mlp(split: Split) -> Any:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    names = OneHotEncoder(handle_unknown="ignore")
    prepared = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("texts", names, make_column_selector(dtype_exclude="number")),
        ],
        sparse_threshold=0,
    )
    if split.classes:
        return make_pipeline(prepared, MLPClassifier(random_state=split.seed))
    regressor = make_pipeline(prepared, MLPRegressor(random_state=split.seed))
    return TransformedTargetRegressor(regressor, transformer=StandardScaler())


def _hist_gradient_boosting(split: Split) -> Any:
    kind = HistGradientBoostingClassifier if split.classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=split.seed)


def _lightgbm(split: Split) -> Any:
    package = import_module("lightgbm")
    kind = package.LGBMClassifier if split.classes else package.LGBMRegressor
    return kind(random_state=split.seed, n_jobs=1, verbose=-1)


def _xgboost(split: Split) -> Any:
    package = import_module("xgboost")
    kind = package.XGBClassifier if split.classes else package.XGBRegressor
    return kind(random_state=split.seed, n_jobs=1, enable_categorical=True)


def _catboost(split: Split) -> Any:
    package = import_module("catboost")
    kind = package.CatBoostClassifier if split.classes else package.CatBoostRegressor
    own = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
    return kind(random_state=split.seed, cat_features=texts(split.train), **own)


def _pytabkit(name: str, **options: Any) -> Callable[[Split], Any]:
    def build(split: Split) -> Any:
        package = import_module("pytabkit")
        kind = getattr(package, f"{name}_{'Classifier' if split.classes else 'Regressor'}")
        return kind(random_state=split.seed, device="cpu", n_threads=1, **options)

    return build


# What pytabkit's documentation recommends where probabilities count; the default chooses the epoch
# with the fewest errors and smooths labels.
_FOR_LOG_LOSS = {"val_metric_name": "cross_entropy", "use_ls": False}

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("tabular", "pellucid", 1.5, as_they_are, _pellucid()),
        Contender("plain", "pellucid", 1, as_they_are, _pellucid(preset="plain")),
        Contender("members 8", "pellucid", 7, as_they_are, _pellucid(n_members=8)),
        Contender("members 32", "pellucid", 28, as_they_are, _pellucid(n_members=32)),
        Contender("MLP", "scikit-learn", 1, as_they_are, _mlp),
        Contender(
            "HistGradientBoosting",
            "scikit-learn",
            0.3,
            categorical,
            _hist_gradient_boosting,
            per_class=True,
        ),
        Contender("LightGBM", "lightgbm", 0.2, categorical, _lightgbm, per_class=True),
        Contender("XGBoost", "xgboost", 0.2, categorical, _xgboost, per_class=True),
        Contender("CatBoost", "catboost", 8, named, _catboost, per_class=True),
        Contender("RealMLP-TD", "pytabkit", 8, filled, _pytabkit("RealMLP_TD")),
        Contender(
            "RealMLP-TD (log-loss)",
            "pytabkit",
            8,
            filled,
            _pytabkit("RealMLP_TD", **_FOR_LOG_LOSS),
            values=False,
        ),
        Contender("RealMLP-TD x 8", "pytabkit", 60, filled, _pytabkit("RealMLP_TD", n_ens=8)),
        Contender("TabM-D", "pytabkit", 60, filled, _pytabkit("TabM_D")),
    )
}


def prepare_imports(names: Iterable[str]) -> list[str]:
    """Import what contenders use, so that no measurement includes it; return who is there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = {"pellucid", "scikit-learn"}
        for package in {CONTENDERS[name].package for name in names} - there:
            try:
                import_module(package)
            except ModuleNotFoundError:
                continue
            there.add(package)
        if "pytabkit" in there:
            import_module("pytorch_lightning")
            import_module("torch").set_num_threads(1)
    rows = pd.DataFrame({"a": np.arange(40.0), "b": ["x", "y"] * 20})
    for classes, name in ((2, "tabular"), (0, "members 8")):
        split = Split(rows, rows, np.arange(40) % 2, np.arange(40) % 2, classes, 0)
        CONTENDERS[name].build(split).set_params(max_iter=1).fit(rows, split.y).predict(rows)
    return [name for name in names if CONTENDERS[name].package in there]
