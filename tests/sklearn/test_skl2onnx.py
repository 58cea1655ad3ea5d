"""Our estimators through skl2onnx and ONNX Runtime: what scikit-learn's own pipeline predicts."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import onnxruntime
import pandas
import pytest
import skl2onnx
import sklearn.neural_network
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

import pellucid as pl
from pellucid.sklearn import (
    MLPClassifier,
    MLPRegressor,
    TableClassifier,
    TableRegressor,
    to_network,
)
from pellucid.sklearn.skl2onnx_converter import FIRST_OPSET

GENERATOR = np.random.default_rng(0)
N = 160
X = GENERATOR.normal(0, 1, (N, 4))
THREE = np.digitize(X[:, 0] + 0.3 * X[:, 1], [-0.5, 0.5])
QUICK: dict[str, Any] = {"hidden_layer_sizes": (7, 5), "max_iter": 12, "random_state": 0}
CLASSES = {
    "int": THREE * 10_000_000_000 - 7,  # beyond int32, which skl2onnx's own converter has
    "two int": THREE % 2,
    "uint8": THREE.astype(np.uint8),
    "bool": THREE > 1,
    "whole float": THREE.astype(float),
    "str": np.array(["아니오", "maybe", "yes"])[THREE],
    "object": np.array(["no", "maybe", "yes"], object)[THREE],
    "two str": np.array(["no", "yes"])[THREE % 2],
    "multilabel": np.stack([THREE > 0, THREE > 1], 1).astype(int),
}


def quietly(estimator: Any, x: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a few epochs are enough here
        return estimator.fit(x, y)


def classifier(**settings: Any) -> Any:
    return MLPClassifier(**dict(QUICK, **settings))


def regressor(**settings: Any) -> Any:
    return MLPRegressor(**dict(QUICK, **settings))


def outputs(model: Any, x: Any, **settings: Any) -> list[Any]:
    """Return what ONNX Runtime computes of a converted estimator; x is an array or a dataframe."""
    made = skl2onnx.to_onnx(model, x[:1], **settings)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    names = [each.name for each in session.get_inputs()]
    feed = {names[0]: x}
    if isinstance(x, pandas.DataFrame):
        feed = {name: x[[name]].to_numpy() for name in names}
    found = session.run(None, feed)
    for each, value in zip(session.get_outputs(), found, strict=True):
        if isinstance(value, np.ndarray):  # declared shapes are true
            assert len(each.shape) == value.ndim
            assert all(
                size in (None, len(x), K) for size, K in zip(each.shape, value.shape, strict=True)
            )
    return list(found)


def compare(model: Any, x: Any, tolerance: float = 1e-5) -> None:
    label, probabilities = outputs(model, x, options={"zipmap": False})
    np.testing.assert_allclose(probabilities, model.predict_proba(x), rtol=0, atol=tolerance)
    assert np.array_equal(label, model.predict(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", CLASSES)
def test_classes_of_every_type(kind: str, dtype: str) -> None:
    x = X.astype(dtype)
    model = quietly(classifier(), x, CLASSES[kind])
    compare(model, x, 1e-5 if dtype == "float32" else 1e-12)
    label = outputs(model, x, options={"zipmap": False})[0]
    assert label.dtype == (object if "str" in kind or kind == "object" else np.int64)


@pytest.mark.parametrize("trained", ["float32", "float64"])
@pytest.mark.parametrize("asked", ["float32", "float64", "int64"])
def test_any_floating_type_meets_any_other(trained: str, asked: str) -> None:
    model = quietly(classifier(), X.astype(trained), THREE)
    compare(model, (X * 3).astype(asked))
    model = quietly(regressor(), X.astype(trained), X[:, 0])
    found = outputs(model, (X * 3).astype(asked))[0]
    assert found.dtype == ("float64" if asked == "float64" else "float32")
    np.testing.assert_allclose(found[:, 0], model.predict((X * 3).astype(asked)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["one", "two", "poisson", "preset"])
def test_values(target: str, dtype: str) -> None:
    x, y = X.astype(dtype), 30 + 5 * X[:, :2]
    model = {
        "one": lambda: quietly(regressor(), x, y[:, 0]),
        "two": lambda: quietly(regressor(), x, y),
        "poisson": lambda: quietly(regressor(loss="poisson"), x, np.abs(y[:, 0])),
        "preset": lambda: quietly(regressor(preset="tabular", max_iter=3), x, y),
    }[target]()
    truth = model.predict(x).reshape(N, -1)
    exact = model.network_.dtype == dtype == "float64"
    tolerance = (1e-12 if exact else 1e-6) * max(1, np.abs(truth).max())
    np.testing.assert_allclose(outputs(model, x)[0], truth, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["logistic", *sorted(set(pl.ACTIVATIONS) - {"prelu"})])
def test_every_activation_at_old_and_new_opsets(activation: str, dtype: str) -> None:
    x = X.astype(dtype)
    model = quietly(classifier(activation=[activation, "tanh"], dropout=0.2, max_iter=3), x, THREE)
    for opset in (FIRST_OPSET, 17, None):
        found = outputs(model, x, options={"zipmap": False}, target_opset=opset)[1]
        np.testing.assert_allclose(found, model.predict_proba(x), rtol=0, atol=1e-6)


def test_opsets_that_are_too_old_are_refused() -> None:
    model = quietly(classifier(), X, THREE)
    with pytest.raises(pl.InputError, match="need target_opset 14 or higher, got 12"):
        skl2onnx.to_onnx(model, X[:1], target_opset=12)


def test_options_are_those_of_scikit_learns_mlp() -> None:
    """Names, types and shapes of the outputs are the same for theirs and ours, with each option."""
    x = X.astype(np.float32)  # skl2onnx's ZipMap has no double
    ours = quietly(make_pipeline(StandardScaler(), classifier()), x, CLASSES["str"])
    theirs = quietly(
        make_pipeline(StandardScaler(), sklearn.neural_network.MLPClassifier(max_iter=5)),
        X,
        CLASSES["str"],
    )
    cases: list[dict[str, Any]] = [{}, {"zipmap": False}, {"zipmap": "columns"}]
    cases += [{"zipmap": False, "output_class_labels": True}]
    for options in cases:
        made = []
        for model in (ours, theirs):
            found = skl2onnx.to_onnx(model, x[:1], options={id(model[-1]): options})
            session = onnxruntime.InferenceSession(found.SerializeToString())
            made.append([(each.name, each.type) for each in session.get_outputs()])
        assert made[0] == made[1]
    label, rows = outputs(ours, x)
    assert [max(row, key=row.get) for row in rows] == label.tolist() == ours.predict(x).tolist()
    # Their converter cannot do the following for texts.
    label = outputs(ours, x, options={id(ours[-1]): {"zipmap": False, "nocl": True}})[0]
    assert np.array_equal(ours.classes_[label], ours.predict(x))


def test_classes_that_onnx_cannot_hold_are_refused() -> None:
    model = quietly(classifier(), X, THREE)
    model.classes_ = np.array([0.5, 1.5, 2.5])
    with pytest.raises(pl.InputError, match=r"texts or whole numbers, got 0\.5, 1\.5, 2\.5"):
        skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})


@pytest.mark.parametrize("kind", [TableClassifier, TableRegressor])
def test_estimators_for_tables_are_refused(kind: Any) -> None:
    model = quietly(kind(max_iter=1), mixed(60), np.arange(60) % 2)
    for each in (model, Pipeline([("table", model)])):
        with pytest.raises(pl.InputError, match=rf"to {kind.__name__}: write its network with"):
            skl2onnx.to_onnx(each, mixed(60)[:1])


def test_estimators_within_others() -> None:
    voting = VotingClassifier(
        [("a", classifier()), ("b", classifier(random_state=1))],
        voting="soft",
        flatten_transform=False,
    )
    for model in (
        voting,
        CalibratedClassifierCV(classifier(), cv=2),
        GridSearchCV(
            make_pipeline(RobustScaler(), classifier()), {"mlpclassifier__alpha": [1]}, cv=2
        ),
    ):
        x = X.astype(np.float32)
        options = None if isinstance(model, GridSearchCV) else {"zipmap": False}
        found = outputs(quietly(model, x, THREE), x, options=options)
        assert np.array_equal(found[0], model.predict(x))


def mixed(rows: int = 1000) -> pandas.DataFrame:
    """A table of numbers, texts and missing cells."""
    draws = np.random.default_rng(1)
    frame = pandas.DataFrame(
        {
            "age": draws.integers(18, 90, rows).astype(np.float32),
            "income": draws.lognormal(8, 1, rows).astype(np.float32),
            "city": draws.choice(["Seoul", "Busan", "Jeju", "Daegu"], rows),
            "plan": draws.choice(["a", "b"], rows),
        }
    )
    for name in ("age", "income"):
        frame.loc[draws.random(rows) < 0.1, name] = np.nan
    frame.loc[draws.random(rows) < 0.1, "city"] = ""  # ONNX has no NaN among texts
    return frame


def prepared(model: BaseEstimator) -> Pipeline:
    numbers = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    filled = SimpleImputer(missing_values="", strategy="most_frequent")
    cities = make_pipeline(filled, OneHotEncoder(handle_unknown="ignore", sparse_output=False))
    steps = [
        ("n", numbers, ["income"]),
        ("a", make_pipeline(SimpleImputer(), MinMaxScaler()), ["age"]),
        ("p", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["plan"]),
        ("c", cities, ["city"]),
    ]
    return Pipeline([("columns", ColumnTransformer(steps)), ("mlp", model)])


def test_mixed_tables() -> None:
    frame = mixed()
    y = np.where(frame["city"] == "Seoul", "yes", np.where(frame["age"] > 50, "no", "maybe"))
    model = quietly(prepared(classifier()), frame, y)
    asked = mixed().assign(city=np.where(np.arange(1000) % 50, frame["city"], "Paris"))  # unseen
    label, probabilities = outputs(model, asked, options={"zipmap": False})
    np.testing.assert_allclose(probabilities, model.predict_proba(asked), rtol=0, atol=1e-5)
    assert np.array_equal(label, model.predict(asked))
    net = to_network(model)  # the other way: one network, of which "" is a missing cell
    with pytest.warns(pl.TableWarning, match="unseen in training: 20"):
        np.testing.assert_allclose(net(asked), model.predict_proba(asked), rtol=0, atol=1e-6)
    values = quietly(prepared(regressor()), frame, frame["age"].fillna(40) / 10)
    found = outputs(values, asked)[0]
    np.testing.assert_allclose(found[:, 0], values.predict(asked), rtol=0, atol=1e-5)


PROGRAM = """
import importlib.util, sys, warnings
import numpy as np
{imports}
warnings.simplefilter("ignore")
X = np.eye(4, dtype=np.float32)
model = MLPClassifier(max_iter=1, hidden_layer_sizes=2).fit(X, [0, 1, 0, 1])
{late}
print(len(skl2onnx.to_onnx(model, X).graph.node) > 3, type(skl2onnx.__spec__.loader).__name__)
"""


# Two seconds each: the gate has both orders.
@pytest.mark.parametrize(
    ("imports", "late"),
    [
        ("from pellucid.sklearn import MLPClassifier", "import skl2onnx"),
        ("import skl2onnx; from pellucid.sklearn import MLPClassifier", ""),
        pytest.param(
            *("from pellucid.sklearn import MLPClassifier; import skl2onnx", ""),
            marks=pytest.mark.integration,
        ),
        pytest.param(
            "import pellucid.sklearn.skl2onnx_converter, skl2onnx; MLPClassifier = "
            "pellucid.sklearn.MLPClassifier",
            "",
            marks=pytest.mark.integration,
        ),
        pytest.param(
            "from pellucid.sklearn import MLPClassifier",
            "assert importlib.util.find_spec('skl2onnx').loader.is_package('skl2onnx'); "
            "assert not {'skl2onnx', 'onnx'} & set(sys.modules); import skl2onnx",
            marks=pytest.mark.integration,
        ),
    ],
)
def test_either_package_may_be_imported_first(imports: str, late: str) -> None:
    program = PROGRAM.format(imports=imports, late=late)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["True", "SourceFileLoader"]
