"""Messages of the estimators: the engine in use, losses, what callbacks see, errors."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pellucid as pl
from pellucid.core.types import Array
from pellucid.sklearn import MLPClassifier, MLPRegressor
from pellucid.sklearn.watching import Watch

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(150, 4))
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
TWO = (X[:, 0] > 0).astype(int)
MANY = (X[:, :3] > 0).astype(int)


def small(kind: type[MLPClassifier] = MLPClassifier, **settings: Any) -> MLPClassifier:
    given = {"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 3, **settings}
    return kind(**given)


def fitted(model: Any, X: Array, y: Array, **given: Array) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, **given)


class Own:
    """A loss that Python computes: squared errors, of targets as they come."""

    def __init__(self) -> None:
        self.seen: tuple[tuple[int, ...], str] | None = None

    def value(self, y: Array, t: Array, weights: None = None) -> float:
        self.seen = t.shape, t.dtype.kind
        return float(((y - self._spread(y, t)) ** 2).mean())

    def gradient(self, y: Array, t: Array, weights: None = None) -> Array:
        return 2 * (y - self._spread(y, t)) / y.size

    def _spread(self, y: Array, t: Array) -> Array:
        return np.eye(y.shape[1])[t] if t.ndim == 1 else t


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_history_says_who_did_the_arithmetic(solver: str, tmp_path: Path) -> None:
    for engine in ("native", "reference"):
        model = fitted(small(engine=engine, solver=solver), X, THREE)
        assert model.history_.engine == engine
    net = pl.mlp([4, 8, 3], output="softmax")
    history = pl.train(net, X, THREE, epochs=1)
    model = fitted(small(solver=solver), X, THREE)
    assert model.history_.engine == history.engine != "auto"
    model.save(tmp_path / "model.safetensors")
    assert MLPClassifier.load(tmp_path / "model.safetensors").history_.engine == history.engine


@pytest.mark.parametrize(
    "loss", ["huber", "quantile", pl.Huber(0.5), "mean_squared_error", "mean_absolute_error"]
)
@pytest.mark.parametrize("y", [TWO, THREE, MANY], ids=["two", "three", "many"])
def test_losses_of_values_train_classes(loss: pl.Huber | str, y: Array) -> None:
    model = fitted(small(loss=loss, solver="lbfgs", max_iter=100), X, y)
    assert model.score(X, y) > 0.8


def test_losses_of_values_are_scored_as_classes() -> None:
    model = fitted(small(loss="huber"), X, THREE, X_val=X[:50], y_val=THREE[:50])
    assert model.validation_scores_[-1] == model.score(X[:50], THREE[:50])


def test_a_loss_that_does_not_fit_says_which_does() -> None:
    for loss, y in (("binary_cross_entropy", THREE), (pl.Poisson(), THREE), (pl.Poisson(), TWO)):
        with pytest.raises(pl.InputError, match="choose another loss, such as log_loss"):
            small(loss=loss).fit(X, y)
    with pytest.raises(ValueError, match="The 'loss' parameter of MLPClassifier must be"):
        small(loss="poisson").fit(X, TWO)
    assert fitted(small(loss="binary_cross_entropy"), X, MANY).n_outputs_ == 3


@pytest.mark.parametrize(
    ("y", "shape", "kind"),
    [(THREE, (150,), "i"), (TWO, (150, 1), "f"), (MANY, (150, 3), "f")],
    ids=["3", "2", "many"],
)
def test_an_own_loss_is_given_what_is_documented(
    y: Array, shape: tuple[int, ...], kind: str
) -> None:
    loss = Own()
    fitted(small(loss=loss, batch_size=150), X, y)
    assert loss.seen == (shape, kind)


def test_callbacks_are_given_a_run() -> None:
    seen = []

    def watch(run: Watch) -> None:
        seen.append((run.epoch, run.epochs, len(run.history), run.loss, run.estimator, repr(run)))
        if run.epoch == 2:
            run.stop("enough")

    model = fitted(small(callbacks=[watch], max_iter=9), X, THREE)
    assert [each[:3] for each in seen] == [(1, 9, 1), (2, 9, 2)]
    assert seen[1][4] is model
    assert seen[1][5].startswith("<MLPClassifier: epoch 2 of 9, loss ")
    assert model.history_.stopped == "enough"
    with pytest.raises(pl.InputError, match="X_val and y_val"):
        small(callbacks=[pl.EarlyStopping()]).fit(X, THREE)


def test_what_lbfgs_cannot_use_is_refused() -> None:
    with pytest.raises(pl.InputError, match="schedule needs the solver"):
        small(solver="lbfgs", schedule="cosine").fit(X, THREE)


def test_a_file_of_the_other_kind_names_its_reader(tmp_path: Path) -> None:
    fitted(small(), X, THREE).save(tmp_path / "model.safetensors")
    with pytest.raises(
        pl.FileError, match=r"it holds a MLPClassifier: load it with MLPClassifier\.load"
    ):
        MLPRegressor.load(tmp_path / "model.safetensors")


def test_validation_data_go_through_a_pipelines_scaler_when_they_are_routed() -> None:
    wide = X * 1000 + 5000
    with sklearn.config_context(enable_metadata_routing=True):
        model = small(max_iter=60).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        fitted(pipeline, wide[:100], THREE[:100], X_val=wide[100:], y_val=THREE[100:])
        assert pipeline[-1].validation_scores_[-1] == pipeline.score(wide[100:], THREE[100:])
