"""Estimators as files: they answer and go on as before, and a file is trusted in nothing."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from sklearn.datasets import load_diabetes, load_iris

import pellucid as pl
from pellucid.core.types import Array
from pellucid.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
FEATURES, VALUES = load_diabetes(return_X_y=True)
LABELS = {
    "numbers": Y,
    "booleans": Y > 0,
    "texts": np.array(["cat", "dog", "고양이"])[Y],
    "objects": np.array(["cat", "dog", "고양이"], dtype=object)[Y],
    "floats": Y.astype(float),
    "multilabel": np.c_[Y == 0, Y > 0, Y == 2].astype(int),
}


def model_of(**more: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0, **more})


def numbers(model: MLPClassifier) -> Array:
    return np.concatenate([array.ravel() for array in model.coefs_ + model.intercepts_])


def plain(parameters: dict[str, Any]) -> str:
    return repr(
        {
            name: getattr(value, "item", lambda value=value: value)()
            for name, value in parameters.items()
        }
    )


def alike(a: MLPClassifier | MLPRegressor, b: MLPClassifier | MLPRegressor) -> None:
    assert type(a) is type(b)
    assert plain(a.get_params()) == plain(b.get_params())
    for name in sorted(
        {*vars(a), *vars(b)}
        - {"_built", "_label_binarizer", "_optimizer", "history_", *a.get_params()}
    ):
        assert repr(getattr(a, name)) == repr(getattr(b, name)), name
    assert repr(a.history_) == repr(b.history_)


@pytest.mark.parametrize("labels", LABELS)
def test_a_classifier_there_and_back(labels: str, tmp_path: Path) -> None:
    y = LABELS[labels]
    model = model_of(early_stopping=True, schedule="cosine").fit(X, y)
    model.save(tmp_path / "model.safetensors")
    back = MLPClassifier.load(tmp_path / "model.safetensors")
    alike(model, back)
    assert (model.predict(X) == back.predict(X)).all()
    assert model.predict(X).dtype == back.predict(X).dtype
    assert (model.predict_proba(X) == back.predict_proba(X)).all()
    assert model.score(X, y) == back.score(X, y)
    model.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (
        tmp_path / "model.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw"])
def test_training_continues(solver: str, tmp_path: Path) -> None:
    model = model_of(
        solver=solver, learning_rate="invscaling", class_weight={0: 1.0, 1: 2.0, 2: 3.0}
    ).fit(X, Y)
    model.save(tmp_path / "model.safetensors")
    back = MLPClassifier.load(tmp_path / "model.safetensors")
    for each in (model, back):
        each.partial_fit(X, Y).partial_fit(X, Y)
    assert (numbers(model) == numbers(back)).all()
    assert model.loss_curve_ == back.loss_curve_
    for each in (model, back):
        each.set_params(warm_start=True).fit(X, Y)
    assert (numbers(model) == numbers(back)).all()


@pytest.mark.parametrize(
    "more",
    [
        {
            "loss": "poisson",
            "activation": ["gelu", "tanh"],
            "dropout": [0.1, 0.0],
            "hidden_layer_sizes": (5, 4),
        },
        {
            "loss": pl.Huber(0.7),
            "schedule": pl.WarmUp(2, 0.1, pl.Cosine(0.1)),
            "random_state": None,
            "tol": np.float64(1),
        },
        {"solver": "lbfgs", "n_iter_no_change": np.inf, "max_iter": np.int64(5)},
        {"batch_size": 50, "scoring": "r2", "early_stopping": True},
    ],
)
def test_a_regressor_there_and_back(more: dict[str, Any], tmp_path: Path) -> None:
    model = MLPRegressor(**{"hidden_layer_sizes": (6, 3), "max_iter": 5, "random_state": 0, **more})
    model.fit(FEATURES.astype(np.float32), VALUES)
    model.save(tmp_path / "model.safetensors")
    back = MLPRegressor.load(tmp_path / "model.safetensors")
    alike(model, back)
    assert (model.predict(FEATURES) == back.predict(FEATURES)).all()
    net = pl.load(tmp_path / "model.safetensors")  # to others it is a network
    assert net == model.network_


def test_names_of_columns(tmp_path: Path) -> None:
    import pandas

    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    model_of().fit(frame, Y).save(tmp_path / "model.safetensors")
    back = MLPClassifier.load(tmp_path / "model.safetensors")
    assert back.predict(frame).shape == (150,)
    with pytest.raises(ValueError, match="feature names"):
        back.predict(frame.rename(columns={"a": "z"}))


def test_what_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(ValueError, match="not fitted yet"):
        model_of().save(path)
    with pytest.raises(pl.InputError, match="callbacks cannot be written"):
        model_of(callbacks=[print]).fit(X, Y).set_params(callbacks=[print]).save(path)
    with pytest.raises(pl.InputError, match="random_state is RandomState"):
        model_of(random_state=np.random.RandomState(0)).fit(X, Y).save(path)
    assert not path.exists()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    model_of(class_weight={0: 1, 1: 2, 2: 3}, n_iter_no_change=np.inf).fit(X, Y).save(path)
    return path


def changed(path: Path, change: Callable[..., Any]) -> None:
    content = path.read_bytes()
    [size] = struct.unpack("<Q", content[:8])
    text = json.loads(content[8 : 8 + size])["__metadata__"]["pellucid"]
    header, tensors = json.loads(text), safetensors.numpy.load(content)
    change(header["record"]["estimator"], header, tensors)
    path.write_bytes(safetensors.numpy.save(tensors, {"pellucid": json.dumps(header)}))


def nested(depth: Any) -> Any:
    return [nested(depth - 1)] if depth else []


MISCHIEF = {
    "no estimator": (lambda e, h, t: h["record"].clear(), "a network without an estimator"),
    "another": (
        lambda e, h, t: e.update(type="MLPRegressor"),
        "it holds a MLPRegressor: load it with MLPRegressor.load",
    ),
    "unknown parameter": (lambda e, h, t: e["parameters"].update(evil=1), "malformed"),
    "bad parameter": (
        lambda e, h, t: e["parameters"].update(alpha=-1),
        "'alpha' parameter of MLPClassifier",
    ),
    "other layers": (
        lambda e, h, t: e["parameters"].update(activation="tanh"),
        "not those that its parameters ask",
    ),
    "unknown attribute": (lambda e, h, t: e["attributes"].update(__class__=3), "malformed"),
    "method": (lambda e, h, t: e["attributes"].update(fit=3), "malformed"),
    "negative count": (
        lambda e, h, t: e["attributes"].update(n_iter_=-1),
        "'n_iter_' is malformed",
    ),
    "curve of texts": (
        lambda e, h, t: e["attributes"].update(loss_curve_=["a"]),
        "'loss_curve_' is malformed",
    ),
    "too few classes": (
        lambda e, h, t: e["attributes"]["classes_"].update(value=[0, 1]),
        "'classes_' is malformed",
    ),
    "objects": (
        lambda e, h, t: e["attributes"]["classes_"].update(
            dtype="|O", value=[{"kind": "float", "value": "inf"}] * 3
        ),
        "malformed",
    ),
    "endless texts": (
        lambda e, h, t: e["attributes"]["classes_"].update(dtype="<U999999999"),
        "malformed",
    ),
    "a million long texts": (
        lambda e, h, t: e["attributes"]["classes_"].update(
            dtype="<U16000", value=["a", ("b", ["c"] * 1_000_000)]
        ),
        "malformed",
    ),
    "unsorted classes": (
        lambda e, h, t: e["attributes"]["classes_"].update(value=[2, 1, 0]),
        "'classes_' is malformed",
    ),
    "nested": (lambda e, h, t: e["attributes"].update(loss_curve_=nested(900)), "malformed"),
    "void": (lambda e, h, t: e["attributes"]["classes_"].update(dtype="V8"), "malformed"),
    "targets": (lambda e, h, t: e.update(targets="binary"), "'classes_' is malformed"),
    "output": (lambda e, h, t: e.update(out_activation="tanh"), "malformed"),
    "kind": (
        lambda e, h, t: e["parameters"].update(alpha={"kind": "eval", "value": "1"}),
        "malformed",
    ),
    "loss": (
        lambda e, h, t: e["parameters"].update(loss={"kind": "loss", "value": "os", "options": []}),
        "malformed",
    ),
    "rate": (lambda e, h, t: e["steps"].update(learning_rate=0.0), "'_optimizer' is malformed"),
    "step": (lambda e, h, t: e["steps"].update(step=True), "'_optimizer' is malformed"),
    "memory": (lambda e, h, t: (t.pop("m.0"), h["arrays"].pop("m.0")), "malformed"),
    "memory's shape": (
        lambda e, h, t: (
            t.update({"m.0": t["m.1"]}),
            h["arrays"].update({"m.0": h["arrays"]["m.1"]}),
        ),
        "'_optimizer' is malformed",
    ),
    "memory's numbers": (lambda e, h, t: t["m.0"].fill(np.nan), "must hold finite"),
    "one more array": (
        lambda e, h, t: (t.update(more=np.zeros(1)), h["arrays"].update(more=[1])),
        "it has an array 'more'",
    ),
    "array unannounced": (lambda e, h, t: t.update(more=np.zeros(1)), "it has an array 'more'"),
    "array missing": (lambda e, h, t: h["arrays"].update(more=[1]), "array more: expected shape"),
    "arrays no dict": (lambda e, h, t: h.update(arrays=[1]), "malformed"),
    "history": (lambda e, h, t: e.update(history=[[1]]), "'history_' is malformed"),
    "text for a dict": (lambda e, h, t: e.update(parameters="x"), "malformed"),
    "deep": (lambda e, h, t: e.update(attributes=None), "malformed"),
}


@pytest.mark.parametrize("name", MISCHIEF)
def test_a_file_is_trusted_in_nothing(name: str, written: Path) -> None:
    change, message = MISCHIEF[name]
    changed(written, change)
    with pytest.raises(pl.FileError, match=message) as found:
        MLPClassifier.load(written)
    assert str(written) in str(found.value)


def test_an_unchanged_file_is_read(written: Path) -> None:
    changed(written, lambda e, h, t: None)
    assert MLPClassifier.load(written).n_iter_no_change == np.inf


def test_no_file_decides_where_checkpoints_are_written(written: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "elsewhere")
    changed(written, lambda e, h, t: e["parameters"].update(checkpoint=folder, every="1 batch"))
    MLPClassifier.load(written).fit(X, Y)
    assert not Path(folder).exists()


def test_files_of_others(tmp_path: Path) -> None:
    pl.mlp([4, 3]).save(tmp_path / "net.safetensors")
    with pytest.raises(
        pl.FileError, match=r"it holds a network without an estimator: load it with pl\.load"
    ):
        MLPRegressor.load(tmp_path / "net.safetensors")
    with pytest.raises(pl.FileError, match="cannot be read"):
        MLPRegressor.load(tmp_path / "none.safetensors")
