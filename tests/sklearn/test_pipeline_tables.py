"""Pipelines on dataframes as one network: `net.predict(frame)` is what the pipeline predicts."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest
import sklearn.neural_network
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.exceptions import NotFittedError
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

import pellucid as pl
import pellucid.sklearn as ours
from pellucid.core.types import Array
from pellucid.data.tables.kinds import NumberColumn
from pellucid.sklearn import to_network
from tests.proving import examples

N = 240
NUMBERS = ["age", "income", "rooms", "year"]
TEXTS = ["city", "plan"]


def table(seed: int = 0, asked: bool = False) -> pandas.DataFrame:
    """Return numbers, texts and whole numbers with missing cells; `asked`: also unseen texts."""
    draws = np.random.default_rng(seed)
    frame = pandas.DataFrame(
        {
            "age": draws.normal(50, 10, N),
            "income": draws.lognormal(3, 1, N),
            "rooms": draws.integers(1, 8, N),
            "year": draws.integers(1990, 2025, N).astype(float),
            "city": draws.choice(
                ["Seoul", "Busan", "Jeju", "New York"], N, p=[0.6, 0.3, 0.08, 0.02]
            ),
            "plan": draws.choice(["a", "b"], N),
            "code": draws.choice([1, 2, 30], N),
            "open": draws.choice([True, False], N),
            "full": draws.choice(["x", "y"], N),
        }
    )
    for name in ("age", "income", "year", "city"):
        frame.loc[draws.random(N) < 0.1, name] = np.nan
    if asked:
        frame.loc[draws.random(N) < 0.1, "city"] = "Paris"
        frame.loc[draws.random(N) < 0.1, "code"] = 99
        frame.loc[:2, ["age", "income"]] = [[-1e9, 1e9], [1e9, -1e9], [1e9, 1e9]]
    return frame[list(np.random.default_rng(seed + 1).permutation(frame.columns))]


FRAME = table()
CLASSES = np.where(FRAME["city"] == "Seoul", "yes", np.where(FRAME["age"] > 50, "no", "maybe"))


def fitted(
    front: Any, frame: pandas.DataFrame = FRAME, y: Any = CLASSES, **changed: Any
) -> Pipeline:
    kind = changed.pop("kind", ours.MLPClassifier)
    model = kind(hidden_layer_sizes=(6,), max_iter=4, random_state=0, **changed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(front, model).fit(frame, y)


def predicted(model: Any, frame: pandas.DataFrame) -> Array:
    """Return a pipeline's outputs as a network has them: of two classes the second alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of unknown categories
        if not hasattr(model, "predict_proba"):
            return model.predict(frame).reshape(len(frame), -1)
        y = model.predict_proba(frame)
        return y[:, 1:] if y.shape[1] == 2 else y


def compare(model: Any, frame: pandas.DataFrame) -> pl.Network:
    net = to_network(model)
    truth = predicted(model, frame)
    tolerance = (1e-11 if net.dtype == np.float64 else 1e-5) * max(1, float(np.abs(truth).max()))
    np.testing.assert_allclose(asked_of(net, frame), truth, rtol=0, atol=tolerance)
    return net


def unwarned(function: Callable[[Any], Any], frame: pandas.DataFrame) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(frame)


def asked_of(net: pl.Network, frame: Any) -> Array:
    """Return a network's outputs; it warns of unseen texts and far numbers, not of filled cells."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", pl.TableWarning)
        y = net.predict(frame)
    assert not any("missing cells" in str(each.message) for each in found)
    return y


NUMERIC = {
    "mean": [SimpleImputer()],
    "median and scaler": [SimpleImputer(strategy="median"), StandardScaler()],
    "scaler, then filled": [StandardScaler(), SimpleImputer(strategy="constant", fill_value=-3.5)],
    "flags": [SimpleImputer(add_indicator=True), RobustScaler()],
    "flags behind a scaler": [
        MinMaxScaler((-1, 2)),
        SimpleImputer(add_indicator=True),
        MaxAbsScaler(),
    ],
    "clipped": [SimpleImputer(), MinMaxScaler(clip=True)],
    "flags of clipped cells, too": [MinMaxScaler(clip=True), SimpleImputer(add_indicator=True)],
    "clipped flags": [SimpleImputer(add_indicator=True), StandardScaler(), MinMaxScaler(clip=True)],
    "flags of clipped cells": [
        StandardScaler(),
        MinMaxScaler(clip=True),
        SimpleImputer(),
        StandardScaler(),
    ],
    "filled twice": [SimpleImputer(), SimpleImputer(strategy="median"), "passthrough", None],
    "nothing in particular": [FunctionTransformer(), SimpleImputer()],
}


@pytest.mark.parametrize("name", NUMERIC)
def test_numbers(name: str) -> None:
    steps = Pipeline([(f"s{index}", step) for index, step in enumerate(NUMERIC[name])])
    model = fitted(ColumnTransformer([("n", steps, NUMBERS)]))
    net = compare(model, table(5, asked=True))
    columns = net.columns.columns
    assert all(column.missing for column in columns)
    knows_range = any(isinstance(step, MinMaxScaler) for step in NUMERIC[name])
    ranges = {column.name: column.low for column in columns if isinstance(column, NumberColumn)}
    first = FRAME["rooms"].min() if knows_range else -1e38
    assert ranges["rooms"] == pytest.approx(first)


def test_whole_numbers_ranks_and_equal_quantiles() -> None:
    ranks = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=7.25), QuantileTransformer(n_quantiles=30)
    )
    front = make_column_transformer(
        (make_pipeline(QuantileTransformer(), SimpleImputer()), ["income"])
    )
    frame = FRAME.assign(income=np.random.default_rng(0).permutation(N) ** 2.0)
    asked = frame.assign(income=np.linspace(-1e3, 1e5, N))
    net = compare(fitted(front, frame), asked)
    assert [type(layer).__name__ for layer in net.layers[:4]] == ["Affine", "ReLU"] * 2
    assert (
        np.ptp(asked_of(net, asked.assign(income=[1e37] * N)), axis=0).max() == 0
    )  # constant far out
    with pytest.raises(
        pl.InputError, match=r"columntransformer\.n\.q.*column 'age': some of its quantiles"
    ):
        steps = Pipeline([("f", SimpleImputer()), ("q", ranks[-1])])
        to_network(fitted(ColumnTransformer([("n", steps, ["age"])]), FRAME.round(-1)))


TEXTUAL: dict[str, Callable[[], Any]] = {
    "ignore": lambda: OneHotEncoder(handle_unknown="ignore"),
    "dense": lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    "dropped": lambda: OneHotEncoder(handle_unknown="ignore", drop="first"),
    "binary": lambda: OneHotEncoder(handle_unknown="ignore", drop="if_binary"),
    "rare together": lambda: OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=0.15
    ),
    "few": lambda: OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=2, drop="first"
    ),
    "constant": lambda: make_pipeline(
        SimpleImputer(strategy="constant", fill_value="none"),
        OneHotEncoder(handle_unknown="ignore"),
    ),
    "most frequent": lambda: make_pipeline(
        SimpleImputer(strategy="most_frequent", add_indicator=True),
        OneHotEncoder(handle_unknown="ignore"),
    ),
    "ordinal": lambda: OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    ),
    "ordinal, filled": lambda: make_pipeline(
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        SimpleImputer(),
        StandardScaler(),
    ),
    "ordinal, one-hot": lambda: make_pipeline(
        OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
        ),
        OneHotEncoder(handle_unknown="ignore"),
    ),
    "ordinal, rare": lambda: OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=9,
        encoded_missing_value=8,
        min_frequency=0.1,
    ),
    "target": lambda: make_pipeline(TargetEncoder(random_state=0), MinMaxScaler(clip=True)),
    "ranked": lambda: make_pipeline(
        TargetEncoder(random_state=0), QuantileTransformer(n_quantiles=9), PowerTransformer()
    ),
    "scaled": lambda: make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), StandardScaler(with_mean=False), MaxAbsScaler()
    ),
}


@pytest.mark.parametrize("name", TEXTUAL)
def test_texts(name: str) -> None:
    columns = (
        [*TEXTS, "code", "open"]
        if "ordinal" not in name and name not in ("constant", "most frequent")
        else TEXTS
    )
    front = make_column_transformer((TEXTUAL[name](), columns))
    compare(fitted(front), table(6, asked=True))


def test_unknown_cells_that_the_pipeline_refuses_are_what_they_are_to_networks() -> None:
    model = fitted(make_column_transformer((OneHotEncoder(), ["plan"])))
    net = compare(model, table(3))
    unknown = pandas.DataFrame({"plan": ["z"]})
    with pytest.raises(ValueError, match="Found unknown categories"):
        model.predict(unknown)
    first = net.layers[0]
    assert isinstance(first, pl.Affine)
    assert np.array_equal(asked_of(net, unknown), net(np.zeros((1, 2))))
    assert next(iter(net.columns.read(unknown)), None) is not None


@pytest.mark.parametrize("module", [ours, sklearn.neural_network], ids=["ours", "theirs"])
@pytest.mark.parametrize("task", ["two", "three", "several", "value", "values", "preset"])
def test_whole_pipelines(module: Any, task: str, tmp_path: Path) -> None:
    value = FRAME["age"].fillna(40).to_numpy()
    y: Any = {
        "two": FRAME["open"],
        "three": CLASSES,
        "preset": CLASSES,
        "several": np.stack([FRAME["open"], FRAME["plan"] == "a", CLASSES == "no"], 1).astype(int),
        "value": value,
        "values": np.stack([value, 2 - value], 1),
    }[task]
    if task == "preset" and module is not ours:
        pytest.skip("scikit-learn has none")
    front = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), NUMBERS),
            ("t", OneHotEncoder(handle_unknown="ignore"), [*TEXTS, "code"]),
            ("x", "drop", ["open"]),
        ],
        transformer_weights={"t": 2.5},
    )
    kind = module.MLPRegressor if "value" in task else module.MLPClassifier
    model = fitted(
        front, FRAME, y, kind=kind, **({"preset": "tabular"} if task == "preset" else {})
    )
    asked = table(8, asked=True)
    net = compare(model, asked)
    kinds = [type(layer).__name__ for layer in net.layers[:2]]
    assert kinds == (["Standardize", "Affine"])
    if task in ("three", "two"):  # a target that `evaluate` finds by its name
        with pytest.warns(pl.TableWarning, match="unseen in training"):
            found = pl.evaluate(to_network(model, target="goal"), asked.assign(goal=y))
        assert found.accuracy == pytest.approx(model.score(asked, y))
    if task in ("two", "three", "preset"):
        assert unwarned(net.labels, asked) == model.predict(asked).tolist()
    path = tmp_path / "a.safetensors"
    net.save(path)
    asked.to_csv(tmp_path / "a.csv", index=False)
    back = pl.load(path)
    np.testing.assert_allclose(
        asked_of(back, tmp_path / "a.csv"), asked_of(net, asked), rtol=0, atol=1e-12
    )
    np.testing.assert_array_equal(asked_of(back, polars.from_pandas(asked)), asked_of(net, asked))
    assert back.predicts_values == ("value" in task)
    names = {"value": ["y"], "values": ["y0", "y1"], "several": []}.get(task, ["y"])
    assert [target.name for target in back.columns.targets] == names


@pytest.mark.parametrize("y", [[0, 1], [3, 1], [2.0, 5.0], [True, False], ["b", "a"]])
def test_labels_are_the_pipelines_classes(y: list[Any]) -> None:
    classes = np.array(y)[(FRAME["plan"] == "a").to_numpy().astype(int)]
    model = fitted(make_column_transformer((OneHotEncoder(), ["plan"])), FRAME, classes)
    labels = to_network(model).labels(FRAME)
    assert labels == model.predict(FRAME).tolist()
    assert {type(label) for label in labels} <= {bool, int, str}


def test_ways_to_choose_columns() -> None:
    frame = FRAME[["age", "plan", "full", "rooms", "code"]].fillna(30)
    fronts = [
        make_column_transformer(
            (StandardScaler(), slice("rooms", "code")), (OneHotEncoder(), ["full"])
        ),
        make_column_transformer((StandardScaler(), [0, -1]), (OneHotEncoder(), slice(1, 3))),
        make_column_transformer(
            (StandardScaler(), [True, False, False, True, False]), (OneHotEncoder(), [1])
        ),
        make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include="number")),
            (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
        ),
        make_column_transformer((OneHotEncoder(), ["plan", "full"]), remainder="passthrough"),
        make_column_transformer((OneHotEncoder(), ["plan", "full"]), remainder=RobustScaler()),
        make_column_transformer(
            (StandardScaler(), []), ("passthrough", ["rooms"]), (OrdinalEncoder(), ["plan"])
        ),
        FeatureUnion(
            [
                ("a", make_column_transformer((StandardScaler(), ["age"]))),
                ("b", make_column_transformer((MinMaxScaler(), ["age", "rooms"]))),
                ("c", "drop"),
            ],
            transformer_weights={"a": 3},
        ),
        make_pipeline(
            make_column_transformer(
                (OneHotEncoder(sparse_output=False), ["plan"]), remainder="drop"
            ),
            make_column_transformer(
                ("drop", ["onehotencoder__plan_a"]), remainder=StandardScaler()
            ),
        ).set_output(transform="pandas"),
    ]
    for front in fronts:
        compare(fitted(front, frame), frame)


def test_missing_indicator_search_and_float32() -> None:
    front = FeatureUnion(
        [
            (
                "n",
                make_column_transformer(
                    (make_pipeline(SimpleImputer(), StandardScaler()), ["age"])
                ),
            ),
            ("m", make_column_transformer((MissingIndicator(), ["age", "income"]))),
        ]
    )
    compare(fitted(front), table(9))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(fitted(front), {"mlpclassifier__alpha": [1.0]}, cv=2).fit(
            FRAME, CLASSES
        )
    compare(search, table(9))
    plain = FRAME[["age", "income"]].fillna(1).astype(np.float32)
    model = fitted(MinMaxScaler(clip=True), plain)
    net = to_network(model)
    assert net.dtype == np.float32
    asked = table(9, asked=True)[["age", "income"]].fillna(1).astype(np.float32)
    np.testing.assert_allclose(asked_of(net, asked), model.predict_proba(asked), rtol=0, atol=1e-6)


def test_estimators_for_tables_are_networks_as_they_are() -> None:
    model = ours.TableClassifier(max_iter=1, random_state=0).fit(FRAME, CLASSES)
    np.testing.assert_allclose(to_network(model)(FRAME), model.predict_proba(FRAME), atol=1e-6)
    assert to_network(model) is not model.network_
    with pytest.raises(NotFittedError):
        to_network(ours.TableClassifier())


def test_years_keep_their_digits_in_float32() -> None:
    frame = FRAME.assign(when=1.6e9 + np.arange(N) % 7, ahead=np.arange(N) - 1e7)[["when", "ahead"]]
    for front in (StandardScaler(), MinMaxScaler(clip=True)):
        net = compare(fitted(front, frame, preset="tabular"), frame)
        assert net.dtype == np.float32
        assert (net.columns.offsets != 0).all()


@pytest.mark.parametrize(
    "undone",
    [
        {"transformer": StandardScaler()},
        {"transformer": MinMaxScaler((-1, 3))},
        {"func": np.log, "inverse_func": np.exp},
        {"func": np.log1p, "inverse_func": np.expm1},
        {},
    ],
)
def test_targets_that_are_transformed(undone: dict[str, Any]) -> None:
    front = make_column_transformer((StandardScaler(), ["rooms"]), (OneHotEncoder(), ["plan"]))
    model = ours.MLPRegressor(hidden_layer_sizes=4, max_iter=9, random_state=0)
    y = 300 + 40 * np.stack([FRAME["rooms"], FRAME["code"]], 1)
    outside = TransformedTargetRegressor(make_pipeline(front, model), **undone)
    inside = make_pipeline(front, TransformedTargetRegressor(model, **undone))
    search = GridSearchCV(outside, {"regressor__mlpregressor__alpha": [0.1]}, cv=2)
    for each in (outside, inside, search):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            each.fit(FRAME, y)
        compare(each, FRAME)


def test_targets_that_no_layer_returns_to() -> None:
    for undone, named in (
        ({"func": np.sqrt, "inverse_func": np.square}, "FunctionTransformer"),
        ({"transformer": PowerTransformer()}, "PowerTransformer"),
        ({"transformer": QuantileTransformer(n_quantiles=5)}, "QuantileTransformer"),
    ):
        model = ours.MLPRegressor(max_iter=2, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = TransformedTargetRegressor(model, **undone).fit(FRAME[["rooms"]], FRAME["code"])
        with pytest.raises(pl.InputError, match=rf"transformer \({named}\) has no place"):
            to_network(fit)


def test_arrays_have_no_columns() -> None:
    x = FRAME[["age", "income"]].fillna(1).to_numpy()
    net = to_network(fitted(make_column_transformer((MinMaxScaler(clip=True), [1])), x))
    assert net.inputs is None
    model = fitted(make_column_transformer((QuantileTransformer(n_quantiles=9), [1])), x)
    np.testing.assert_allclose(to_network(model)(x), predicted(model, x), rtol=0, atol=1e-12)


def test_cells_that_are_one_to_a_network() -> None:
    """Texts that mean a missing cell, and texts that differ in blanks alone."""
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["plan"]))
    asked = pandas.DataFrame({"plan": ["?", "a"]})
    compare(fitted(encoder, FRAME.assign(plan=["?", "a"] * (N // 2))), asked)
    for cells, named in (
        ([" a", "a"], "'a'"),
        (["?", None], "missing cells"),
        (["1", "1.0"], "'1'"),
    ):
        model = fitted(encoder, FRAME.assign(plan=cells * (N // 2)))
        with pytest.raises(
            pl.InputError, match=rf"column 'plan': .*one to a network: {re.escape(named)}"
        ):
            to_network(model)


REFUSED: dict[str, tuple[Any, str]] = {
    "rows": (
        Normalizer(),
        r"normalizer \(Normalizer\) has no place in a network: a step before the last is one of",
    ),
    "own": (
        FunctionTransformer(np.log1p),
        r"functiontransformer .*: no layer computes a function of your own",
    ),
    "power": (
        PowerTransformer(),
        r"powertransformer .*: column 'rooms': it is raised to the power \d\.\d+, and no",
    ),
    "normal": (
        QuantileTransformer(n_quantiles=5, output_distribution="normal"),
        r"column 'rooms': no layer computes the normal distribution",
    ),
    "marked": (
        SimpleImputer(missing_values=-1),
        r"simpleimputer .*NaN alone, not missing_values=-1",
    ),
    "twice": (
        make_pipeline(MinMaxScaler(clip=True), MinMaxScaler((0.2, 0.3), clip=True)),
        r"pipeline.minmaxscaler-2 .*column 'rooms': it is clipped or ranked twice",
    ),
    "unknown": (
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
        r"ordinalencoder .*column 'rooms': unknown categories become NaN",
    ),
    "scaled": (
        make_pipeline(StandardScaler(), OneHotEncoder(handle_unknown="ignore")),
        r"onehotencoder .*: a step before it changes the numbers that it takes for categories",
    ),
    "both": (
        make_column_transformer((StandardScaler(), ["rooms"]), (OneHotEncoder(), ["rooms"])),
        r"columntransformer\.onehotencoder .*column 'rooms': one step takes it for numbers",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_place_is_named_with_its_column(name: str) -> None:
    step, message = REFUSED[name]
    with pytest.raises(pl.InputError, match=message):
        to_network(fitted(step, FRAME[["rooms", "code"]]))


def test_refusals_of_arrays_and_names() -> None:
    x = FRAME[["age", "income"]].to_numpy()
    with pytest.raises(pl.InputError, match=r"column 0: .*fit the pipeline on a dataframe"):
        to_network(fitted(SimpleImputer(), x))
    with pytest.raises(pl.InputError, match=r"column 0: .*fit the pipeline on a dataframe"):
        to_network(fitted(OneHotEncoder(), FRAME[["plan"]].to_numpy(object)))
    with pytest.raises(pl.InputError, match=r"names that no column has .*: 1\); got 'rooms'"):
        to_network(fitted(StandardScaler(), FRAME[["rooms"]]), target="rooms")
    steep = np.random.default_rng(0).normal(size=(N, 1)).astype(np.float32)
    with pytest.raises(
        pl.InputError, match=r"column 0: it is ranked by lines too steep for float32"
    ):
        to_network(fitted(QuantileTransformer(n_quantiles=N), steep))
    many = np.random.default_rng(0).normal(size=(N, 130))
    with pytest.raises(pl.InputError, match=r"more than 4,000,000: choose fewer quantiles"):
        to_network(fitted(QuantileTransformer(n_quantiles=N), many))


def choose(draw: st.DrawFn, *values: Any) -> Any:
    return draw(st.sampled_from(values))


def some_of(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True)


@st.composite
def number_steps(draw: st.DrawFn) -> list[Any]:
    choice = partial(choose, draw)
    scalers = [
        StandardScaler(with_mean=choice(True, False), with_std=choice(True, False)),
        MinMaxScaler(choice((0, 1), (-2, 3)), clip=choice(True, False)),
        RobustScaler(with_centering=choice(True, False)),
        MaxAbsScaler(),
    ]
    strategy = choice("mean", "median", "most_frequent", "constant")
    imputer = SimpleImputer(
        strategy=strategy, fill_value=choice(None, -3.5), add_indicator=choice(True, False)
    )
    steps = draw(st.lists(st.sampled_from(scalers), max_size=2, unique_by=id))
    place = draw(st.integers(0, len(steps)))
    return [*steps[:place], imputer, *steps[place:]]


@st.composite
def text_steps(draw: st.DrawFn) -> list[Any]:
    choice = partial(choose, draw)
    one_hot = OneHotEncoder(
        handle_unknown=choice("ignore", "infrequent_if_exist"),
        drop=choice(None, "first", "if_binary"),
        min_frequency=choice(None, 0.05, 0.2),
        max_categories=choice(None, 3),
    )
    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=choice(-2, np.nan),
        min_frequency=choice(None, 0.2),
    )
    imputer = SimpleImputer(
        strategy=choice("most_frequent", "constant"),
        fill_value=choice("none", "Seoul", "New York"),
        add_indicator=choice(True, False),
    )
    steps = draw(
        st.sampled_from(
            [[one_hot], [imputer, one_hot], [ordinal, SimpleImputer()], [imputer, ordinal]]
        )
    )
    return [
        *steps,
        *draw(st.sampled_from([[], [StandardScaler(with_mean=False)], [MaxAbsScaler()]])),
    ]


@st.composite
def fronts(draw: st.DrawFn) -> Any:
    branches = [
        (make_pipeline(*draw(number_steps())), draw(some_of(NUMBERS)))
        for _ in range(draw(st.integers(1, 2)))
    ]
    if draw(st.booleans()):
        branches.append((make_pipeline(*draw(text_steps())), draw(some_of(TEXTS))))
    if draw(st.booleans()):
        branches.append((OneHotEncoder(handle_unknown="ignore"), ["code", "open"]))
    return make_column_transformer(*draw(st.permutations(branches)))


def check_any_front(front: Any, preset: bool) -> None:
    compare(fitted(front, **({"preset": "tabular"} if preset else {})), table(2, asked=True))


ANY = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "derandomize": True,
    "database": None,
}


@settings(max_examples=examples(15), phases=[Phase.generate], **ANY)  # type: ignore[arg-type]
@given(fronts(), st.booleans())
def test_any_pipeline(front: Any, preset: bool) -> None:
    check_any_front(front, preset)


@pytest.mark.soak
@settings(max_examples=1000, **ANY)  # type: ignore[arg-type]
@given(fronts(), st.booleans())
def test_any_pipeline_at_length(front: Any, preset: bool) -> None:
    check_any_front(front, preset)
