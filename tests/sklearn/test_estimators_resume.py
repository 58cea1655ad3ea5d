"""Checkpoints of estimators: the same fit again goes on, and ends with the same bits."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import pellucid as pl
from pellucid.core.types import Options
from pellucid.errors import CheckpointWarning
from pellucid.sklearn import MLPClassifier, MLPRegressor, TableClassifier, TableRegressor
from pellucid.sklearn import engine_rows as rows_of_engine
from pellucid.training.callbacks import RunView, arrays_of
from tests.training.killing import Kill, Killed

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(64, 4))
Y = GENERATOR.integers(0, 3, 64)
V = X @ [1.0, -2.0, 0.5, 0.0] + GENERATOR.normal(size=64)
WEIGHTS = GENERATOR.uniform(0.5, 2, 64)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Interrupt(Kill):
    """Presses Ctrl-C after a number of batches."""

    def on_batch(self, run: RunView) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


Make = Callable[..., Any]
USUAL: Options = {"hidden_layer_sizes": (5,), "batch_size": 20, "max_iter": 3, "random_state": 0}

FITS: dict[str, tuple[Make, Options]] = {
    "adam": (MLPClassifier, {}),
    "momentum, adaptive": (
        MLPClassifier,
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    ),
    "inverse scaling": (MLPRegressor, {"solver": "sgd", "learning_rate": "invscaling"}),
    "dropout, schedule, early stopping, class weights": (
        MLPClassifier,
        {
            "solver": "adamw",
            "dropout": 0.3,
            "schedule": "cosine",
            "early_stopping": True,
            "class_weight": "balanced",
            "n_iter_no_change": 1,
            "validation_fraction": 0.2,
        },
    ),
    "the best epoch, reference": (
        MLPRegressor,
        {"restore_best": True, "engine": "reference", "loss": "huber", "shuffle": False},
    ),
    "preset": (MLPRegressor, {"preset": "tabular", "dropout": [0.2]}),
    "tables of classes": (TableClassifier, {"dropout": 0.2}),
    "tables of values": (TableRegressor, {"validation_fraction": 0.3}),
}


def fit(name: str, after: int = 0, callback: type[Kill] = Kill, **settings: Any) -> Any:
    make, own = FITS[name]
    model = make(**{**USUAL, **own, "callbacks": [callback(after)], **settings})
    target = V if make in (MLPRegressor, TableRegressor) else Y
    weights = [] if make in (TableClassifier, TableRegressor) else [WEIGHTS]
    return model.fit(X, target, *weights)


def everything(model: Any) -> Options:
    """Return what a fit leaves, as plain values: the weights' bytes, curves, counts."""
    kept = {name: value for name, value in vars(model).items() if name.endswith("_")}
    kept["weights"] = [array.tobytes() for array in arrays_of(model.network_)]
    history = [{k: v for k, v in each.items() if k != "seconds"} for each in model.history_]
    arrays = ("coefs_", "intercepts_", "classes_", "network_", "_label_binarizer")
    record = {**model.network_.record, "history": history}
    kept = {name: value for name, value in kept.items() if name not in arrays}
    return {**kept, "history_": record, "places": str(kept.pop("_places", None))}


@pytest.mark.parametrize("name", FITS)
def test_a_fit_killed_after_any_batch_ends_with_the_same_bits(name: str, tmp_path: Path) -> None:
    whole = fit(name)
    expected, count = everything(whole), -whole.callbacks[0].left
    assert count >= 6
    for after in range(1, count + 1):
        folder: Options = {"checkpoint": tmp_path / str(after), "every": "1 batch"}
        with pytest.raises(Killed):
            fit(name, after, **folder)
        assert everything(fit(name, **folder)) == expected, after


def test_the_checkpoints_themselves_change_nothing(tmp_path: Path) -> None:
    for name in FITS:
        kept = fit(name, checkpoint=tmp_path / name, every="0 s")
        assert everything(kept) == everything(fit(name)), name


def test_sparse_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_of_engine, "_BLOCK", 1)  # bytes that may be made dense at a time
    rows = scipy.sparse.csr_array(X)

    def fitted(after: int = 0, **folder: Any) -> MLPClassifier:
        return MLPClassifier(**USUAL, callbacks=Kill(after), **folder).fit(rows, Y)

    whole = fitted()
    with pytest.raises(Killed):
        fitted(6, checkpoint=tmp_path, every="1 batch")
    assert everything(fitted(checkpoint=tmp_path)) == everything(whole)
    with pytest.raises(pl.InputError, match="another one: data: "):
        MLPClassifier(**USUAL, callbacks=Kill(), checkpoint=tmp_path).fit(2 * rows, Y)


def test_validation_data_and_callbacks_with_a_memory(tmp_path: Path) -> None:
    def fitted(after: int = 0, **folder: Any) -> MLPClassifier:
        callbacks: list[pl.Callback] = [pl.EarlyStopping(patience=1), Kill(after)]
        model = MLPClassifier(**{**USUAL, "max_iter": 30}, callbacks=callbacks, **folder)
        return model.fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])

    whole = fitted()
    with pytest.raises(Killed):
        fitted(5, checkpoint=tmp_path, every="1 batch")
    assert everything(fitted(checkpoint=tmp_path)) == everything(whole)


@pytest.mark.parametrize("name", FITS)
def test_a_finished_fit_returns_at_once(name: str, tmp_path: Path) -> None:
    first = fit(name, checkpoint=tmp_path)
    again = fit(name, 1, checkpoint=tmp_path)  # one batch would raise
    assert everything(again) == everything(first)


def test_an_estimator_that_was_fitted_before(tmp_path: Path) -> None:
    model = fit("adam", checkpoint=tmp_path)
    expected = everything(model)
    assert everything(model.fit(X, Y, WEIGHTS)) == expected


def test_a_finished_fit_warns_again(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.warns(ConvergenceWarning):
            fit("adam", checkpoint=tmp_path)


def test_more_epochs(tmp_path: Path) -> None:
    fit("adam", checkpoint=tmp_path, max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CheckpointWarning)
        longer = fit("adam", checkpoint=tmp_path)
    assert everything(longer) == everything(fit("adam"))
    with pytest.raises(pl.InputError, match="epochs: 3 done, 2 asked for"):
        fit("adam", checkpoint=tmp_path, max_iter=2)


@pytest.mark.parametrize("after", [2, 4, 5])  # within the first epoch, at its end, within the next
@pytest.mark.parametrize("name", ["adam", "preset", "tables of classes"])
def test_an_interrupted_fit_goes_on(name: str, after: int, tmp_path: Path) -> None:
    folder: Options = {"checkpoint": tmp_path, "every": "1 hour"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        stopped = fit(name, after, Interrupt, **folder)
    assert stopped.history_.stopped == "interrupted"
    assert len(list(tmp_path.glob("step-*"))) == 1
    assert everything(fit(name, 0, Interrupt, **folder)) == everything(fit(name, 0, Interrupt))


def test_an_interrupted_fit_of_an_estimator_warns(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        fit("adam", 2, Interrupt, checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alpha": 0.01}, "alpha: 0.0001 then, 0.01 now"),
        ({"random_state": 1}, "random_state: 0 then, 1 now"),
        ({"hidden_layer_sizes": (6,)}, r"hidden_layer_sizes: \(5,\) then, \(6,\) now"),
        ({"batch_size": 16}, "batch_size: 20 then, 16 now"),
        ({"engine": "reference"}, "engine: native then, reference now"),
        ({"early_stopping": True}, "validation data: none then, v2:[0-9a-f]+ now"),
        ({"schedule": pl.Cosine()}, "schedule: None then, Cosine"),
    ],
)
def test_another_fit_is_refused(change: Options, told: str, tmp_path: Path) -> None:
    fit("adam", checkpoint=tmp_path)
    with pytest.raises(pl.InputError, match=f"the run there is another one: .*{told}"):
        fit("adam", checkpoint=tmp_path, **change)
    with pytest.warns(CheckpointWarning, match="in spite of differences"):
        fit("adam", checkpoint=tmp_path, alpha=0.01, resume="force")


def test_what_decides_no_bits_may_change(tmp_path: Path) -> None:
    fit("adam", checkpoint=tmp_path)
    fit("adam", checkpoint=tmp_path, threads=2, every="1 epoch", verbose=False, resume=True)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda **s: MLPClassifier(solver="lbfgs", random_state=0, **s),
            "checkpoint needs the sol",
        ),
        (lambda **s: MLPClassifier(**s), "checkpoint needs a whole number as random_state"),
        (lambda **s: TableClassifier(**s), "checkpoint needs a whole number as random_state"),
        (lambda **s: MLPClassifier(random_state=np.random.RandomState(0), **s), "with RandomState"),
        (lambda **s: MLPClassifier(random_state=0, every="soon", **s), "every must be an interval"),
        (lambda **s: MLPClassifier(random_state=0, resume=True, **s), "no run to resume"),
    ],
)
def test_what_cannot_be_kept(make: Make, told: str, tmp_path: Path) -> None:
    with pytest.raises(pl.InputError, match=told):
        make(checkpoint=tmp_path / "run").fit(X, Y)
    assert not list(tmp_path.glob("run/step-*"))


def test_partial_fit_keeps_none(tmp_path: Path) -> None:
    for model in (MLPClassifier(checkpoint=tmp_path), MLPRegressor(checkpoint=tmp_path)):
        with pytest.raises(pl.InputError, match="partial_fit keeps no checkpoints"):
            model.partial_fit(
                X, Y, **({"classes": [0, 1, 2]} if hasattr(model, "predict_proba") else {})
            )


def test_parameters_of_a_wrong_type_are_scikit_learns_errors(tmp_path: Path) -> None:
    for wrong in ({"checkpoint": 3}, {"every": 60}, {"resume": "yes"}):
        for make in (MLPClassifier, TableRegressor):
            with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter of"):
                make(random_state=0, **wrong).fit(X, Y)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor, TableClassifier, TableRegressor])
def test_the_parameters_are_scikit_learns(make: Make, tmp_path: Path) -> None:
    usual = {"checkpoint": None, "every": "60 s", "resume": "auto"}
    assert usual.items() <= make().get_params().items()
    model = make(checkpoint=tmp_path / "run", every="1 epoch", random_state=0, max_iter=2)
    assert clone(model).get_params() == model.get_params()
    model.fit(X, Y)
    model.save(tmp_path / "model.safetensors")
    loaded = type(model).load(tmp_path / "model.safetensors")
    assert loaded.checkpoint is None  # a file may come from another computer
    assert loaded.every == "1 epoch"


def test_divergence_names_its_place_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    class Explode(pl.StepDecay):
        def factor(self, epoch: float, epochs: float, losses: Any = ()) -> float:
            return 1.0 if epoch < 2 else 1e200

    def fitted(schedule: Any, **folder: Any) -> MLPRegressor:
        settings = {**USUAL, "solver": "sgd", "schedule": schedule, **folder}
        return MLPRegressor(**settings).fit(X, V)

    kept: Options = {"checkpoint": tmp_path, "every": "1 batch"}
    with pytest.raises(ValueError, match="non-finite parameter weights") as caught:
        fitted(Explode(), **kept)
    assert "It happened in epoch 3, batch " in str(caught.value)
    assert "first in layer 0 (Affine)" in str(caught.value)
    newest = pl.training.run_folder.RunFolder(tmp_path).newest()
    assert newest is not None and all(np.isfinite(array).all() for array in newest["arrays"])
    with pytest.warns(CheckpointWarning, match="in spite of differences"):
        model = fitted("constant", **kept, resume="force")
    assert np.isfinite(model.predict(X)).all()
