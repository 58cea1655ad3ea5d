"""A fitted pipeline as one network: the same answers, scalers included, whoever made it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

import pellucid as pl
import pellucid.sklearn as ours
from pellucid.core.types import Array
from pellucid.exchange import from_onnx, to_onnx, to_torch
from pellucid.sklearn import to_network
from tests.narrowing import instance

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(3, [1, 20, 0.1, 5], (120, 4))
X[:, 2] = 7  # a constant column
TARGETS = {
    "binary": np.array(["no", "yes"])[(X[:, 0] > 3).astype(int)],
    "multiclass": np.array(["a", "b", "c"])[GENERATOR.integers(0, 3, 120)],
    "multilabel": GENERATOR.integers(0, 2, (120, 3)),
    "value": X @ [1.0, 2.0, 0.0, 0.5],
    "values": X[:, :2] * 10,
    "value above 0": np.abs(X[:, 0]),
}
SCALERS = {
    "none": [],
    "standard": [StandardScaler()],
    "no mean": [StandardScaler(with_mean=False)],
    "no deviation": [StandardScaler(with_std=False)],
    "range": [MinMaxScaler((-1, 2))],
    "robust": [RobustScaler(quantile_range=(10, 80), unit_variance=True)],
    "uncentred": [RobustScaler(with_centering=False)],
    "maximum": [MaxAbsScaler()],
    "several": [MaxAbsScaler(), "passthrough", RobustScaler(), None, MinMaxScaler()],
}


def fitted(
    module: ModuleType, target: str, scalers: list[Any] | Sequence[Any], **settings: str
) -> Pipeline:
    kind = module.MLPRegressor if target.startswith("value") else module.MLPClassifier
    model = kind(hidden_layer_sizes=(6, 5), max_iter=15, random_state=0, **settings)
    steps = [(f"s{index}", step) for index, step in enumerate(scalers)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Pipeline([*steps, ("mlp", model)]).fit(X, TARGETS[target])


def answers(model: Pipeline) -> Array:
    if hasattr(model, "predict_proba"):
        y = model.predict_proba(X)
        return y[:, 1:] if y.shape[1] == 2 else y
    return model.predict(X).reshape(len(X), -1)


@pytest.mark.parametrize("module", [ours, sklearn.neural_network], ids=["ours", "theirs"])
@pytest.mark.parametrize("scaler", SCALERS)
def test_every_scaler(module: ModuleType, scaler: str) -> None:
    model = fitted(module, "multiclass", SCALERS[scaler])
    net = to_network(model)
    np.testing.assert_allclose(net(X), answers(model), rtol=1e-12, atol=1e-12)
    assert net.labels(X) == model.predict(X).tolist()


@pytest.mark.parametrize("module", [ours, sklearn.neural_network], ids=["ours", "theirs"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("activation", ["logistic", "identity", "tanh"])
def test_every_target(module: ModuleType, target: str, activation: str) -> None:
    model = fitted(module, target, [StandardScaler()], activation=activation)
    net = to_network(model)
    truth = answers(model)
    np.testing.assert_allclose(net(X), truth, rtol=1e-12, atol=1e-12 * max(1, np.abs(truth).max()))
    assert net.classes == (
        None if target.startswith("value") else [str(each) for each in model.classes_]
    )


def test_poisson() -> None:
    for module in (ours, sklearn.neural_network):
        if "loss" in module.MLPRegressor().get_params():  # scikit-learn's own has it since 1.7
            model = fitted(module, "value above 0", [StandardScaler()], loss="poisson")
            np.testing.assert_allclose(to_network(model)(X), answers(model), rtol=1e-12)


def test_the_network_is_its_own() -> None:
    model = fitted(ours, "binary", [StandardScaler()])
    before = answers(model)
    net = to_network(model)
    instance(pl.Affine, net.layers[1]).W[...] = 0
    np.testing.assert_array_equal(answers(model), before)
    theirs = fitted(sklearn.neural_network, "binary", [])
    instance(pl.Affine, to_network(theirs).layers[0]).W[...] = 0
    assert theirs[-1].coefs_[0].any()


def test_float32_stays() -> None:
    model = fitted(ours, "binary", [StandardScaler()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.astype(np.float32), TARGETS["binary"])
    net = to_network(model)
    assert net.dtype == np.float32
    np.testing.assert_allclose(
        net(X.astype(np.float32))[:, 0], model.predict_proba(X)[:, 1], atol=1e-5
    )


def test_searches_presets_and_nested_pipelines() -> None:
    model = fitted(ours, "multiclass", [StandardScaler()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(model, {"mlp__alpha": [0.1, 1]}, cv=2).fit(X, TARGETS["multiclass"])
        outer = make_pipeline(MaxAbsScaler(), model).fit(X, TARGETS["multiclass"])
        preset = make_pipeline(
            MaxAbsScaler(), ours.MLPRegressor(preset="tabular", max_iter=2, random_state=0)
        )
        preset.fit(X, TARGETS["value"])
    for found in (search, outer):
        np.testing.assert_allclose(
            to_network(found)(X), found.predict_proba(X), rtol=1e-12, atol=1e-12
        )
    assert to_network(preset).dtype == np.float32  # the preset's own
    np.testing.assert_allclose(to_network(preset)(X)[:, 0], preset.predict(X), atol=1e-4)


def test_the_whole_pipeline_elsewhere(tmp_path: Path) -> None:
    model = fitted(sklearn.neural_network, "multiclass", [StandardScaler()])
    net = to_network(model)
    net.save(tmp_path / "whole.safetensors")
    assert pl.load(tmp_path / "whole.safetensors") == net
    to_onnx(net, tmp_path / "whole.onnx")
    back = from_onnx(tmp_path / "whole.onnx")
    np.testing.assert_allclose(back(X), model.predict_proba(X), rtol=1e-12, atol=1e-12)
    assert back.classes == ["a", "b", "c"]


def test_what_has_no_place_is_named() -> None:
    y = TARGETS["binary"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reduced = make_pipeline(PCA(2), ours.MLPClassifier(max_iter=2)).fit(X, y)
    with pytest.raises(
        pl.InputError, match=r"pca \(PCA\) has no place in a network: .*StandardScaler"
    ):
        to_network(reduced)
    with pytest.raises(pl.InputError, match=r"LogisticRegression has no place in a network"):
        to_network(LogisticRegression().fit(X, y))
    for model in (ours.MLPClassifier(), sklearn.neural_network.MLPClassifier()):
        with pytest.raises(NotFittedError):
            to_network(model)


def test_an_export_that_is_given_an_estimator_says_where_the_network_is() -> None:
    model = fitted(ours, "binary", [])
    number: Any = 3
    with pytest.raises(pl.InputError, match="the estimator MLPClassifier: pass its network_"):
        to_torch(model[-1])
    with pytest.raises(
        pl.InputError, match=r"got Pipeline: fit it, .*pellucid\.sklearn\.to_network"
    ):
        to_torch(model)
    with pytest.raises(
        pl.InputError, match=r"expected a Network, such as pl\.load returns, got int"
    ):
        to_torch(number)
