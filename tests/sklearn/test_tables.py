"""Estimators for tables: scikit-learn's checks and tools, and the same weights as `train_table`."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import pellucid as pl
from pellucid.cli import main
from pellucid.files import model as files
from pellucid.sklearn import TableClassifier, TableRegressor
from tests.sklearn.versions import newer

SMALL: dict[str, Any] = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}


class NumbersOnly(TableClassifier):
    """As it is, but scikit-learn's checks then pass numbers that they do not round to 0 and 1."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = False
        return tags


@pytest.mark.filterwarnings("default")
@parametrize_with_checks([NumbersOnly((32,), max_iter=40), TableRegressor((32,), max_iter=40)])
def test_sklearn_check(estimator: Any, check: Callable[..., Any]) -> None:
    try:
        check(estimator)
    except SkipTest as passed_over:
        assert str(passed_over).startswith("SCIPY_ARRAY_API is not set")


@pytest.fixture
def people(generator: np.random.Generator) -> pandas.DataFrame:
    n = 300
    age = generator.integers(18, 80, n).astype(float)
    city = generator.choice(["Seoul", "Busan", "Jeju"], n).astype(object)
    member = generator.choice([True, False], n)
    income = age / 4 + 10.0 * (city == "Seoul") + generator.integers(0, 9, n)
    age[::17], city[::23] = np.nan, None
    return pandas.DataFrame({"age": age, "city": city, "member": member, "income": income})


def target(people: pandas.DataFrame) -> pandas.Series:
    return (people["income"] > 20).map({True: "yes", False: "no"}).rename("rich")


def inputs(people: pandas.DataFrame) -> pandas.DataFrame:
    return people.drop(columns="income")


@pytest.mark.parametrize(
    ("goal", "kind", "members"),
    [("income", TableRegressor, 1), ("member", TableClassifier, 1), ("member", TableClassifier, 3)],
)
def test_the_same_network_by_command_function_and_estimator(
    goal: str, kind: type[Any], members: int, people: pandas.DataFrame, tmp_path: Path
) -> None:
    """With enough rows a tenth is held out, and the best epoch's weights are kept, by all three."""
    task = "regress" if kind is TableRegressor else "classify"
    table = pandas.concat([people] * 4, ignore_index=True)  # beyond 1,000 rows
    table.to_csv(tmp_path / "people.csv", index=False)
    words = ["train", "--data", "people.csv", "--target", goal, "--epochs", "3", "--seed", "5"]
    words += ["--hidden", "8", "-o", "model.safetensors", "--task", task]
    words += ["--members", str(members)]
    options = [str(tmp_path / word) if "." in word else word for word in words]
    assert main(options) == 0
    by_command = pl.load(tmp_path / "model.safetensors")
    columns = pl.Columns.of(table, target=goal, task=task)
    net = pl.table_mlp(columns, [8], seed=5, members=members)
    history = pl.train_table(net, table, epochs=3, seed=5, progress=False)
    X, y = table.drop(columns=goal), table[goal]
    model = kind((8,), max_iter=3, random_state=5, n_members=members).fit(X, y)
    assert len(net.members) == (0 if members == 1 else members)
    assert model.network_ == net == by_command
    assert model.history_["validation_loss"] == history["validation_loss"]
    assert model.network_.columns == net.columns == by_command.columns
    assert model.network_.record["table"] == net.record["table"] == by_command.record["table"]
    for other in (net, by_command):
        y = other.predict(X)
        expected = y[:, 0] if task == "regress" else np.array(other.labels(X))
        assert model.predict(X).tolist() == expected.tolist()


@newer
def test_rows_of_every_kind_are_the_same(people: pandas.DataFrame) -> None:
    X, y = inputs(people), target(people)
    first = TableClassifier(**SMALL).fit(X, y)
    assert first.feature_names_in_.tolist() == ["age", "city", "member"]
    assert first.network_.columns.target == pl.Columns.of(X.assign(rich=y), "rich").target
    for frame, cells in (
        (polars.from_pandas(X), polars.Series("rich", y.tolist())),
        (pyarrow.Table.from_pandas(X), y.to_numpy()),
        (X, y.tolist()),
        (X.convert_dtypes(), y.astype("category")),
    ):
        model = TableClassifier(**SMALL).fit(frame, cells)
        assert model.network_ == first.network_
        assert model.feature_names_in_.tolist() == ["age", "city", "member"]
        assert model.predict(frame).tolist() == first.predict(X).tolist()
    # Objects, as `X.to_numpy()` makes them, and columns without names, are x0, x1, x2.
    for rows in (X.to_numpy(), X.set_axis([0, 1, 2], axis=1)):
        model = TableClassifier(**SMALL).fit(rows, y)
        assert [column.name for column in model.network_.columns.columns] == ["x0", "x1", "x2"]
        assert not hasattr(model, "feature_names_in_")
        assert model.n_features_in_ == 3
        assert model.predict(rows).tolist() == first.predict(X).tolist()
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert (first.predict(X.to_numpy()) == first.predict(X)).all()
    with pytest.warns(UserWarning, match="X has feature names"):
        assert (model.predict(polars.from_pandas(X)) == first.predict(X)).all()


LABELS: dict[str, Any] = {
    "whole numbers": np.array([9, 10, -1]),
    "numbers": np.array([2.0, 1.0, 10.0]),
    "booleans": np.array([False, True]),
    "texts": np.array(["b", "a", "C"]),
    "numbers as texts": np.array(["10", "9", "1"]),
    "objects": np.array(["b", "a"], dtype=object),
}


@pytest.mark.parametrize("labels", LABELS)
def test_classes_keep_their_type(
    labels: str, people: pandas.DataFrame, generator: np.random.Generator
) -> None:
    kinds = LABELS[labels]
    places = generator.integers(0, len(kinds), len(people))
    X = pandas.DataFrame({"a": places + 0.1 * generator.normal(size=len(places))})
    y = kinds[places]
    model = TableClassifier((16,), random_state=0, max_iter=60).fit(X, y)
    assert model.classes_.dtype == kinds.dtype
    assert model.classes_.tolist() == np.unique(kinds).tolist()
    assert (model.predict(X) == y).mean() > 0.95
    p = model.predict_proba(X)
    assert p.dtype == np.float64
    assert np.allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert log_loss(y, p, labels=model.classes_) < 0.7
    assert (model.classes_[p.argmax(axis=1)] == model.predict(X)).all()
    assert np.allclose(np.exp(model.predict_log_proba(X)), p)
    assert model.network_.labels(X) == model.predict(X).tolist()


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # by scikit-learn
def test_targets_of_other_kinds(people: pandas.DataFrame) -> None:
    X = inputs(people)
    for kind, like in (("Int64", np.int64), ("boolean", np.bool_)):
        y = pandas.Series(people["member"].to_numpy()).astype(kind)
        model = TableClassifier(**SMALL).fit(X, y)
        assert model.classes_.dtype == model.predict(X).dtype == like
        with pytest.raises(ValueError, match=r"NaN|missing"):
            TableClassifier(**SMALL).fit(X, y.mask(people.index == 3))
    numbers = people["member"].astype(float)
    by_number = TableRegressor(**SMALL).fit(X, numbers)
    assert TableRegressor(**SMALL).fit(X, people["member"]).network_ == by_number.network_
    for y in ("abc", 3, None, np.eye(len(X))[:, :2]):
        with pytest.raises(ValueError):
            TableClassifier(**SMALL).fit(X, y)
    for y in ("abc", 3, None, np.eye(len(X))[:, :2, None]):
        with pytest.raises((ValueError, TypeError)):  # scikit-learn's
            TableRegressor(**SMALL).fit(X, y)
    with pytest.raises(pl.InputError, match="collect a lazy one"):
        TableClassifier(**SMALL).fit(polars.from_pandas(X).lazy(), people["member"])


def test_classes_that_a_table_takes_for_one(people: pandas.DataFrame) -> None:
    y = np.where(people["income"] > 20, "yes", np.where(people["income"] > 15, " yes", "no"))
    with pytest.raises(ValueError, match="classes ' yes', 'no', 'yes' are not all different"):
        TableClassifier(**SMALL).fit(inputs(people), y)


def test_among_the_tools_of_scikit_learn(people: pandas.DataFrame) -> None:
    X, y = inputs(people), target(people)
    model = TableClassifier((16,), max_iter=30, random_state=0)
    search = GridSearchCV(model, {"preset": ["tabular", "plain"], "dropout": [0.0]}, cv=3)
    assert search.fit(X, y).best_score_ > 0.8
    assert cross_val_score(model, X, y, cv=3, scoring="neg_log_loss").min() > -0.6
    calibrated = CalibratedClassifierCV(model, cv=3).fit(X, y)
    assert calibrated.score(X, y) > 0.8
    importance = permutation_importance(search, X, y, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() in (0, 1)
    scaled = make_column_transformer((StandardScaler(), ["age"]), remainder="passthrough")
    pipe = make_pipeline(scaled.set_output(transform="pandas"), model).fit(X, y)
    assert pipe.score(X, y) > 0.8
    assert pipe[-1].feature_names_in_[0] == "standardscaler__age"
    values = TableRegressor((16,), max_iter=60, random_state=0).fit(X, people["income"])
    assert values.score(X, people["income"]) > 0.7


@newer
def test_copies_predict_the_same(people: pandas.DataFrame) -> None:
    X, y = inputs(people), target(people)
    model = TableClassifier(**SMALL).fit(X, y)
    back = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert (back.predict_proba(X) == model.predict_proba(X)).all()
    bare = clone(model)
    assert model.network_._repr_html_() in model._repr_html_()
    assert "network" not in bare._repr_html_()
    assert repr(bare) == repr(model)
    with pytest.raises(NotFittedError):
        bare.predict(X)
    assert (bare.fit(X, y).predict_proba(X) == model.predict_proba(X)).all()
    drawn = [TableClassifier(**{**SMALL, "random_state": s}).fit(X, y) for s in (None, None)]
    assert drawn[0].network_ != drawn[1].network_
    states = [np.random.RandomState(3) for _ in range(2)]
    drawn = [TableClassifier(**{**SMALL, "random_state": s}).fit(X, y) for s in states]
    assert drawn[0].network_ == drawn[1].network_


def test_parameters_reach_the_training(people: pandas.DataFrame) -> None:
    X, y = inputs(people), target(people)
    epochs: list[int] = []
    model = TableClassifier(
        (7, 5), "logistic", preset="plain", dropout=0.0, loss=pl.CrossEntropy(0.1),
        learning_rate_init=0.02, weight_decay=0.5, schedule="cosine", batch_size=50, max_iter=4,
        class_weight={"yes": 3.0, "no": 1.0}, validation_fraction=0.2, random_state=1,
        callbacks=lambda run: epochs.append(run.epoch), engine="reference", ignore=["member"],
    )  # fmt: skip
    model.fit(X, y)
    net, record = model.network_, model.network_.record
    assert [type(layer).__name__ for layer in net.layers] == [
        *("Standardize", "Affine", "Sigmoid", "Affine", "Sigmoid", "Affine", "Softmax")
    ]
    assert record["loss"] == "CrossEntropy(label_smoothing=0.1)"
    assert record["optimizer"] == "AdamW(learning_rate=0.02, weight_decay=0.5)"
    assert (record["schedule"], record["batch_size"]) == ("Cosine(end=0.0)", 50)
    assert epochs == [1, 2, 3, 4]
    assert (model.n_iter_, record["epochs"], record["engine"]) == (4, 4, "reference")
    assert "validation_loss" in model.history_.records[0]
    assert [column.name for column in net.columns.columns] == ["age", "city"]
    number = TableClassifier(**SMALL, categories=["age"], numbers=["member"])
    with pytest.raises(ValueError, match="column member"):
        number.fit(X, y)
    few = TableClassifier(**SMALL).fit(X, y)
    assert "validation_loss" not in few.history_.records[0]  # below 1,000 rows


def test_several_values_of_a_row(people: pandas.DataFrame, tmp_path: Path) -> None:
    X = people[["city", "member"]]
    both = people[["income", "age"]].fillna(40)
    model = TableRegressor(**SMALL).fit(X, both)
    net = pl.table_mlp(pl.Columns.of(X.join(both), ["income", "age"]), [8])
    pl.train_table(net, X.join(both), epochs=5, progress=False)
    assert model.network_ == net
    assert model.network_.columns == net.columns
    assert (model.predict(X) == net.predict(X)).all()
    assert TableRegressor(**SMALL).fit(X, both.to_numpy()).network_ == net
    model.save(tmp_path / "model.safetensors")
    back = TableRegressor.load(tmp_path / "model.safetensors")
    assert (back.predict(X) == model.predict(X)).all()


def test_dates_are_inputs(people: pandas.DataFrame) -> None:
    days = people.index.to_numpy()
    X = pandas.DataFrame({"day": np.datetime64("2024-01-01") + days, "code": 20240000 + days % 30})
    model = TableRegressor((16,), max_iter=60, random_state=0).fit(X, days * 2.0)
    assert model.score(X, days * 2.0) > 0.9
    texts = X.assign(day=X["day"].dt.strftime("%Y-%m-%d"))
    again = TableRegressor((16,), max_iter=60, random_state=0).fit(texts, days * 2.0)
    assert again.network_ == model.network_
    declared = TableRegressor(**SMALL, dates=["code"], ignore=["day"])
    with pytest.raises(pl.InputError, match=r"column code: '20240000'"):
        declared.fit(X, days * 2.0)


def test_columns_that_steer_the_training(people: pandas.DataFrame) -> None:
    X = inputs(people).assign(w=people.index % 3, who=people.index // 9, day=people.index)
    y = target(people)
    model = TableClassifier(**SMALL, sample_weight="w", group="who").fit(X, y)
    table = X.assign(rich=y)
    columns = pl.Columns.of(table, "rich", ignore=["w", "who"])
    net = pl.table_mlp(columns, [8])
    roles: dict[str, Any] = {"sample_weight": "w", "group": "who"}
    history = pl.train_table(net, table, **roles, epochs=5, progress=False)
    assert model.network_ == net
    assert model.history_["validation_loss"] == history["validation_loss"]
    assert model.network_.columns == columns
    assert TableClassifier(**SMALL, group="who").fit(X, y).network_ != net
    by_time = TableClassifier(**SMALL, time="day", ignore=["w", "who"]).fit(X, y)
    assert [column.name for column in by_time.network_.columns.columns][-1] == "day"
    assert "validation_loss" in by_time.history_.records[0]
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    assert cross_val_score(model, X, y, cv=folds).min() > 0.3
    with pytest.raises(pl.InputError, match="there is no column 'weight'"):
        TableClassifier(**SMALL, sample_weight="weight").fit(X, y)


@pytest.mark.parametrize("weight", ["balanced", {"yes": 50.0, "no": 1.0}])
def test_class_weights(weight: Any, people: pandas.DataFrame) -> None:
    X, y = inputs(people), target(people).where(people.index % 10 == 0, "no")
    plain = TableClassifier(**SMALL).fit(X, y)
    weighted = TableClassifier(**SMALL, class_weight=weight).fit(X, y)
    assert (weighted.predict_proba(X)[:, 1] > plain.predict_proba(X)[:, 1]).mean() > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"preset": "trees"}, "'preset' parameter of TableClassifier must be a str among"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"categories": ["age", "town"]}, "there is no column 'town'"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], message: str, people: pandas.DataFrame) -> None:
    with pytest.raises(ValueError, match=message):
        TableClassifier(**{**SMALL, **change}).fit(inputs(people), target(people))


def test_rows_that_do_not_fit_are_refused(people: pandas.DataFrame) -> None:
    X, y = inputs(people), target(people)
    model = TableClassifier(**SMALL).fit(X, y)
    for strange in (X.assign(age=1e6), X.assign(city="Incheon"), X[:1].assign(age=1e6)):
        with pytest.warns(pl.TableWarning, match=r"age \d+: 1e\+06|'Incheon' 300"):
            model.predict(strange)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["city", "age", "member"]])
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(X[:0])
    with pytest.raises(ValueError, match="1 sample"):
        model.fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, y[:-1])
    with pytest.raises(ValueError, match=r"row 1 .*column age: 'old' is not a number"):
        model.predict(X[:9].assign(age=["old", *range(8)]))
    with pytest.raises(ValueError, match="Unknown label type"):
        model.fit(X, people["income"] + 0.5)


@pytest.mark.parametrize("labels", LABELS)
def test_there_and_back(labels: str, people: pandas.DataFrame, tmp_path: Path) -> None:
    y = LABELS[labels][np.arange(len(people)) % len(LABELS[labels])]
    X, path = inputs(people), tmp_path / "model.safetensors"
    model = TableClassifier(**SMALL, ignore=["member"], loss=pl.CrossEntropy(0.1)).fit(X, y)
    model.save(path)
    back = TableClassifier.load(path)
    assert repr(back) == repr(model)
    assert (back.predict(X) == model.predict(X)).all()
    assert back.predict(X).dtype == model.predict(X).dtype
    assert (back.predict_proba(X) == model.predict_proba(X)).all()
    assert back.feature_names_in_.tolist() == model.feature_names_in_.tolist()
    assert back.history_.records == model.history_.records
    assert pl.load(path) == model.network_ == back.network_
    assert back.network_.record == model.network_.record
    back.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    with pytest.raises(pl.FileError, match=r"it holds a TableClassifier: load it with Table"):
        TableRegressor.load(path)


def test_values_there_and_back(people: pandas.DataFrame, tmp_path: Path) -> None:
    X = inputs(people).to_numpy()
    model = TableRegressor(**SMALL).fit(X, people["income"])
    model.save(tmp_path / "model.safetensors")
    back = TableRegressor.load(tmp_path / "model.safetensors")
    assert (back.predict(X) == model.predict(X)).all()
    with pytest.raises(pl.InputError, match="callbacks cannot be written"):
        model.set_params(callbacks=[print]).save(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("n_features_in_", 2),
        ("n_features_in_", "3"),
        ("n_features_in_", 10**12),  # their names would fill the memory
        ("feature_names_in_", None),
        ("classes_", None),
        ("parameters", {"preset": "trees"}),
        ("history", [{"loss": "small"}]),
        ("engine", "steam"),
        ("type", "MLPClassifier"),
        ("attributes", {"predict": 1}),
    ],
)
def test_a_file_is_trusted_in_nothing(
    part: str, value: Any, people: pandas.DataFrame, tmp_path: Path
) -> None:
    model = TableClassifier(**SMALL).fit(inputs(people), target(people))
    path = tmp_path / "model.safetensors"
    model.save(path)
    pl.load(path)
    layers, header = files.read(path)
    described = header["record"]["estimator"]
    if part in described:
        described[part] = value
    elif value is None:
        del described["attributes"][part]
    else:
        described["attributes"][part] = value
    files.save(path, layers, {name: header[name] for name in ("inputs", "classes", "record")})
    with pytest.raises(pl.FileError):
        TableClassifier.load(path)


def test_intervals_and_sets(generator: np.random.Generator) -> None:
    X = pandas.DataFrame(generator.normal(size=(600, 2)), columns=["a", "b"])
    y = X["a"] + generator.normal(size=600)
    values = TableRegressor(validation_fraction=0.3, **SMALL).fit(X[:300], y[:300])
    low, high = values.predict_interval(X[300:], 0.8)
    assert 0.65 < np.mean((low <= y[300:]) & (y[300:] <= high)) < 0.93
    classes = TableClassifier(validation_fraction=0.3, **SMALL).fit(X[:300], y[:300] > 0)
    sets = classes.predict_sets(X[300:], 0.9)
    assert sets.shape == (300, 2)
    assert sets[np.arange(300), classes.predict_proba(X[300:]).argmax(axis=1)].all()
    with pytest.raises(ValueError, match="no rows were held out"):
        TableRegressor(**SMALL).fit(X[:300], y[:300]).predict_interval(X)


def test_monotonic_cst_is_that_of_scikit_learn(people: pandas.DataFrame) -> None:
    rows, rich = inputs(people), target(people)
    by_name = TableClassifier(**SMALL, monotonic_cst={"age": 1}).fit(rows, rich)
    by_place = TableClassifier(**SMALL, monotonic_cst=[1, 0, 0]).fit(rows, rich)
    assert by_name.network_ == by_place.network_
    assert pl.directions(by_name.network_) == {"age": 1}
    older = rows.assign(age=rows["age"] + 5)
    rise = by_name.predict_proba(older)[:, 1] - by_name.predict_proba(rows)[:, 1]
    assert rise.min() > -1e-6 and rise.max() > 1e-3
    values = TableRegressor(**SMALL, monotonic_cst=np.array([-1, 0, 0]))
    values.fit(rows, people["income"])
    assert pl.directions(values.network_) == {"age": -1}
    assert clone(by_place).get_params()["monotonic_cst"] == [1, 0, 0]


def test_monotonic_cst_means_the_second_of_classes_also_where_a_table_sorts_otherwise() -> None:
    x = np.arange(40.0)[:, None]
    y = np.where(x[:, 0] % 3 > 1, "10", "9")
    model = TableClassifier(**SMALL, monotonic_cst=[1]).fit(x, y)
    assert model.classes_.tolist() == ["10", "9"] and model.network_.classes == ["9", "10"]
    assert (np.diff(model.predict_proba(x)[:, 1]) > -1e-6).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1], "a number for each of the 3 columns, got 1"),
        ([1, 0, 2], "made of 1, 0 and -1, got 2"),
        ({"city": 1}, "'city' holds categories"),
    ],
)
def test_a_wrong_monotonic_cst_is_refused(
    given: Any, message: str, people: pandas.DataFrame
) -> None:
    with pytest.raises(pl.InputError, match=message):
        TableClassifier(**SMALL, monotonic_cst=given).fit(inputs(people), target(people))
