"""What pellucid's estimators have beyond scikit-learn's, each by a test that fails without it."""

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, make_scorer

import pellucid as pl
from pellucid.core.types import Array
from pellucid.sklearn import MLPClassifier, MLPRegressor
from pellucid.sklearn.watching import Watch
from pellucid.training.callbacks import RunView
from tests.narrowing import instance, present

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
FEATURES, VALUES = load_diabetes(return_X_y=True)
FEATURES, VALUES = FEATURES * 20, (VALUES - VALUES.mean()) / VALUES.std()


def classifier(**more: Any) -> MLPClassifier:
    return MLPClassifier(
        **{"hidden_layer_sizes": (8, 5), "max_iter": 20, "random_state": 0, **more}
    )


def regressor(**more: Any) -> MLPRegressor:
    return MLPRegressor(**{"hidden_layer_sizes": (8, 5), "max_iter": 20, "random_state": 0, **more})


def weights(model: MLPClassifier | MLPRegressor) -> Array:
    return np.concatenate([array.ravel() for array in model.coefs_ + model.intercepts_])


def differ(a: MLPClassifier | MLPRegressor, b: MLPClassifier | MLPRegressor) -> np.bool:
    return np.abs(weights(a) - weights(b)).max() > 1e-4


# Layers


def kinds(model: MLPClassifier) -> list[str]:
    return [type(layer).__name__ for layer in model.network_.layers]


@pytest.mark.parametrize("name", [*sorted(set(pl.ACTIVATIONS) - {"prelu"}), "logistic"])
def test_every_activation(name: str) -> None:
    model = classifier(activation=name, learning_rate_init=0.01, max_iter=100).fit(X, Y)
    assert model.score(X, Y) > (0.6 if "softmax" in name else 0.85)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_an_activation_for_each_layer() -> None:
    model = classifier(activation=["gelu", "logistic"]).fit(X, Y)
    assert kinds(model) == ["Affine", "GELU", "Affine", "Sigmoid", "Affine", "Softmax"]
    alike = classifier(activation=["relu", "relu"]).fit(X, Y)
    assert (weights(alike) == weights(classifier().fit(X, Y))).all()
    with pytest.raises(
        pl.InputError, match="activation is one value for all hidden layers, or a list of 2"
    ):
        classifier(activation=["relu"]).fit(X, Y)
    with pytest.raises(
        pl.InputError, match=r"activation is one of logistic, identity, .* not 'sinus'"
    ):
        classifier(activation=["relu", "sinus"]).fit(X, Y)


def test_first_weights_go_by_each_layers_own_activation() -> None:
    model = classifier(
        activation=["logistic", "relu"], hidden_layer_sizes=(400, 400), max_iter=1, alpha=0.0
    )
    model.set_params(learning_rate_init=1e-12).fit(X, Y)
    bounds = [np.abs(W).max() for W in model.coefs_]
    expected = [np.sqrt(2 / 404), np.sqrt(6 / 800), np.sqrt(6 / 403)]
    np.testing.assert_allclose(bounds, expected, rtol=0.02)


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_dropout(engine: str) -> None:
    more = {"engine": engine, "max_iter": 5}
    plain, dropping = classifier(**more).fit(X, Y), classifier(dropout=0.5, **more).fit(X, Y)
    assert differ(plain, dropping)
    assert (weights(dropping) == weights(classifier(dropout=0.5, **more).fit(X, Y))).all()
    assert differ(dropping, classifier(dropout=0.5, random_state=1, **more).fit(X, Y))
    other = "reference" if engine == "native" else "native"
    np.testing.assert_allclose(
        weights(dropping), weights(classifier(dropout=0.5, engine=other, max_iter=5).fit(X, Y))
    )
    assert kinds(classifier(dropout=[0.0, 0.3]).fit(X, Y)).count("Dropout") == 1
    assert (dropping.predict_proba(X) == dropping.predict_proba(X)).all()  # answering drops nothing
    with pytest.raises(pl.InputError, match='dropout needs the solver "sgd", "adam" or "adamw"'):
        classifier(dropout=0.5, solver="lbfgs").fit(X, Y)


# What is minimised


def test_class_weight_is_a_weight_for_each_row() -> None:
    by_class = {0: 1.0, 1: 5.0, 2: 0.5}
    model = classifier(class_weight=by_class).fit(X, Y)
    expected = classifier().fit(X, Y, sample_weight=[by_class[y] for y in Y])
    np.testing.assert_allclose(weights(model), weights(expected), atol=1e-12)
    assert differ(model, classifier().fit(X, Y))
    some = np.array([w for y, w in zip(Y, np.tile([1.0, 2.0], 75), strict=True)])
    both = classifier(class_weight=by_class).fit(X, Y, sample_weight=some)
    np.testing.assert_allclose(
        weights(both),
        weights(classifier().fit(X, Y, [by_class[y] * w for y, w in zip(Y, some, strict=True)])),
    )


def test_balanced_classes() -> None:
    features, few = make_classification(400, weights=[0.95], random_state=0)
    plain = classifier(max_iter=40).fit(features, few)
    balanced = classifier(max_iter=40, class_weight="balanced").fit(features, few)
    assert balanced.predict(features).mean() > plain.predict(features).mean()
    early = classifier(class_weight="balanced", early_stopping=True).fit(features, few)
    assert early.validation_scores_ is not None
    with pytest.raises(pl.InputError, match='"balanced" needs all rows at once'):
        balanced.partial_fit(features, few)
    several = classifier(class_weight={0: 1.0, 1: 9.0})
    assert several.partial_fit(features, few, classes=[0, 1]).t_ == 400


def test_losses_of_pellucid() -> None:
    quantiles = [
        regressor(loss=pl.Quantile(q), max_iter=200).fit(FEATURES, VALUES) for q in (0.1, 0.9)
    ]
    low, high = (float((model.predict(FEATURES) > VALUES).mean()) for model in quantiles)
    assert low < 0.25
    assert high > 0.75
    huber = regressor(loss="huber").fit(FEATURES, VALUES)
    assert huber.loss_curve_[-1] < huber.loss_curve_[0]
    assert differ(huber, regressor().fit(FEATURES, VALUES))
    smooth = classifier(loss=pl.CrossEntropy(label_smoothing=0.3), max_iter=300).fit(X, Y)
    assert (
        smooth.predict_proba(X).max()
        < 0.93
        < classifier(max_iter=300).fit(X, Y).predict_proba(X).max()
    )
    with pytest.raises(ValueError, match="'loss' parameter of MLPRegressor must be a str among"):
        regressor(loss="hinge").fit(FEATURES, VALUES)


def test_cross_entropy_is_log_loss_for_two_classes_and_three() -> None:
    for y in (Y, Y > 0):
        named, usual = classifier(loss="cross_entropy").fit(X, y), classifier().fit(X, y)
        np.testing.assert_allclose(weights(named), weights(usual), atol=1e-12)
        np.testing.assert_allclose(named.loss_curve_, usual.loss_curve_)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_loss_of_your_own(solver: str) -> None:
    class Fourth:
        """The mean of (y - t)^4."""

        def value(self, y: Array, t: Array, weights: Array | None = None) -> float:
            return float(np.average(((y - t) ** 4).mean(axis=1), weights=weights))

        def gradient(self, y: Array, t: Array, weights: Array | None = None) -> Array:
            share = np.full(len(y), 1 / len(y)) if weights is None else weights / weights.sum()
            return 4 * (y - t) ** 3 / y.shape[1] * share[:, None]

    model = regressor(loss=Fourth(), solver=solver, max_iter=60, alpha=0.0).fit(FEATURES, VALUES)
    if solver == "lbfgs":
        assert model.loss_ == pytest.approx(
            ((model.predict(FEATURES) - VALUES) ** 4).mean(), rel=1e-9
        )
    else:
        assert model.loss_curve_[-1] < 0.8 * model.loss_curve_[0]
    weighted = regressor(loss=Fourth(), solver=solver, max_iter=3, alpha=1.0)
    assert weighted.fit(FEATURES, VALUES, np.linspace(0.1, 2, len(VALUES))).n_iter_ == 3


def test_regressors_end_in_the_activation_of_their_loss() -> None:
    assert regressor(loss="poisson").fit(FEATURES, np.exp(VALUES)).out_activation_ == "exp"
    assert regressor(loss=pl.Poisson()).fit(FEATURES, np.exp(VALUES)).out_activation_ == "exp"
    shares = regressor(loss="binary_cross_entropy").fit(FEATURES, VALUES > 0)
    assert shares.out_activation_ == "logistic"
    assert 0 < shares.predict(FEATURES).min() < shares.predict(FEATURES).max() < 1


# Steps


def test_adamw_decays() -> None:
    plain = classifier(solver="adamw", weight_decay=0.0, alpha=0.0).fit(X, Y)
    strong = classifier(solver="adamw", weight_decay=30.0, alpha=0.0).fit(X, Y)
    for a, b in zip(strong.coefs_, plain.coefs_, strict=True):
        assert np.linalg.norm(a) < 0.8 * np.linalg.norm(b)
    assert strong.partial_fit(X, Y).t_ == 21 * 150


def test_schedules() -> None:
    model = classifier(solver="sgd", schedule="cosine", max_iter=10, batch_size=50).fit(X, Y)
    rates = model.history_["learning_rate"]
    expected = [0.001 * pl.Cosine().factor(epoch + 2 / 3, 10) for epoch in range(10)]
    np.testing.assert_allclose(rates, expected)
    assert (
        differ(model, classifier(solver="sgd", max_iter=10, batch_size=50).fit(X, Y))
        or rates[-1] < 1e-4
    )
    halved = classifier(
        solver="sgd", schedule=pl.StepDecay(5, 0.5), max_iter=10, learning_rate="invscaling"
    )
    assert (
        halved.fit(X, Y).history_["learning_rate"][5] < 0.51 * halved.history_["learning_rate"][0]
    )
    piecewise = classifier(schedule=pl.StepDecay(2, 0.5))
    for _ in range(4):
        piecewise.partial_fit(X, Y, classes=[0, 1, 2])
    assert piecewise.history_["learning_rate"] == [0.001, 0.001, 0.0005, 0.0005]
    plateau = classifier(schedule=pl.ReduceOnPlateau(0.1, 0, 0.9), max_iter=4).fit(
        X, Y, X_val=X, y_val=Y
    )
    assert plateau.history_["learning_rate"][-1] < 1e-4


# Validation


def test_own_validation_data() -> None:
    train, held = np.arange(0, 150, 2), np.arange(1, 150, 2)
    model = classifier(max_iter=12).fit(X[train], Y[train], X_val=X[held], y_val=Y[held])
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_ == 12
    proba = model.predict_proba(X[held])
    expected = -np.log(proba[np.arange(75), Y[held]]).mean()
    assert model.validation_loss_curve_[-1] == pytest.approx(expected)
    assert model.validation_scores_[-1] == model.score(X[held], Y[held])
    assert model.best_validation_score_ == max(model.validation_scores_)
    unseen = classifier(max_iter=12).fit(X[train], Y[train])
    assert (weights(model) == weights(unseen)).all()  # it was only looked at
    assert unseen.validation_loss_curve_ is None
    assert unseen.validation_scores_ is None


def test_weights_of_validation_data() -> None:
    own = np.linspace(0, 2, 150)
    model = regressor(max_iter=3).fit(
        FEATURES, VALUES, X_val=FEATURES[:150], y_val=VALUES[:150], sample_weight_val=own
    )
    answers = model.predict(FEATURES[:150])
    expected = 0.5 * np.average((answers - VALUES[:150]) ** 2, weights=own)
    assert model.validation_loss_curve_[-1] == pytest.approx(expected)
    assert model.validation_scores_[-1] == pytest.approx(
        model.score(FEATURES[:150], VALUES[:150], own)
    )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_validation_of_labels_and_sparse_rows(solver: str) -> None:
    labels = np.c_[Y == 0, Y > 1].astype(int)
    rows = scipy.sparse.csr_array(X)
    model = classifier(solver=solver, max_iter=8).fit(rows, labels, X_val=rows, y_val=labels)
    assert model.validation_scores_[-1] == model.score(rows, labels)
    proba = model.predict_proba(rows)
    expected = -np.log(np.where(labels, proba, 1 - proba)).sum(axis=1).mean()
    assert model.validation_loss_curve_[-1] == pytest.approx(expected)


def test_mistakes_in_validation_data() -> None:
    for more in ({"X_val": X}, {"y_val": Y}, {"sample_weight_val": np.ones(150)}):
        with pytest.raises(pl.InputError, match="X_val and y_val together"):
            classifier().fit(X, Y, **more)
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
        classifier().fit(X, Y, X_val=X[:, :3], y_val=Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        classifier().fit(X, Y, X_val=X, y_val=Y[:3])
    with pytest.raises(pl.InputError, match="y_val has classes that are not in y: 7"):
        classifier().fit(X, Y, X_val=X, y_val=np.full(150, 7))


def test_early_stopping_on_own_data() -> None:
    wrong = (Y + 1) % 3  # what is learned makes it worse
    model = classifier(
        early_stopping=True,
        max_iter=300,
        learning_rate_init=0.01,
        scoring="loss",
        n_iter_no_change=5,
    )
    model.fit(X, Y, X_val=X, y_val=wrong)
    best = int(np.argmin(present(model.validation_loss_curve_)))
    assert model.n_iter_ < 100
    assert model.history_.stopped == "early"
    answers = model.predict_proba(X)
    assert present(model.validation_loss_curve_)[best] == pytest.approx(
        -np.log(answers[np.arange(150), wrong]).mean()
    )
    assert model.t_ == 150 * model.n_iter_  # nothing was held out


@pytest.mark.parametrize(
    "scoring", ["f1_macro", "roc_auc_ovr", make_scorer(f1_score, average="micro"), "loss"]
)
def test_scoring(scoring: Any) -> None:
    import pandas

    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = classifier(early_stopping=True, scoring=scoring).fit(frame, Y)
        own = classifier(scoring=scoring).fit(frame, Y, X_val=frame, y_val=Y)
    assert len(model.validation_scores_) == model.n_iter_
    if scoring == "f1_macro":
        assert own.validation_scores_[-1] == pytest.approx(
            f1_score(Y, own.predict(frame), average="macro")
        )
    if scoring == "loss":
        assert own.validation_scores_ == [-loss for loss in own.validation_loss_curve_]
    with pytest.raises(ValueError, match="'scoring' parameter of MLPClassifier"):
        classifier(scoring="no_such").fit(X, Y)


def test_restore_best() -> None:
    train, held = np.arange(0, 150, 2), np.arange(1, 150, 2)
    more = {"learning_rate_init": 0.5, "max_iter": 15}
    for model in (classifier(**more, restore_best=True), classifier(**more)):
        model.fit(X[train], Y[train], X_val=X[held], y_val=Y[held])
        last, best = present(model.validation_scores_)[-1], present(model.best_validation_score_)
        assert last < best, "a case that proves nothing"
        assert model.score(X[held], Y[held]) == (best if model.restore_best else last)
    by_loss = regressor(restore_best=True, **more).fit(FEATURES, VALUES)
    assert differ(by_loss, regressor(**more).fit(FEATURES, VALUES))


# Callbacks


def test_callbacks_of_pellucid() -> None:
    seen: list[tuple[Any, ...]] = []

    class Watcher(pl.Callback):
        def on_start(self, run: RunView) -> None:
            seen.append(("start", run.epoch, run.epochs))

        def on_batch(self, run: RunView) -> None:
            seen.append(("batch", run.epoch, run.batch, run.batches))

        def on_epoch(self, run: RunView) -> None:
            assert run.net is model.network_
            seen.append(("epoch", run.epoch, run.loss == run.history.records[-1]["loss"]))

        def on_end(self, run: RunView) -> None:
            seen.append(("end", run.history.stopped))

    model = classifier(callbacks=[Watcher()], max_iter=2, batch_size=80)
    model.fit(X, Y)
    assert seen == [
        ("start", 0, 2),
        *[("batch", 1, 1, 2), ("batch", 1, 2, 2), ("epoch", 1, True)],
        *[("batch", 2, 1, 2), ("batch", 2, 2, 2), ("epoch", 2, True)],
        ("end", "finished"),
    ]
    assert (weights(model) == weights(classifier(max_iter=2, batch_size=80).fit(X, Y))).all()


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_callbacks_stop_a_fit(solver: str) -> None:
    def stop(run: Watch) -> None:
        if run.epoch == 3:
            run.stop("enough")

    model = classifier(callbacks=stop, solver=solver).fit(X, Y)
    assert model.n_iter_ == 3
    assert model.history_.stopped == "enough"
    assert len(model.history_) == 3


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_pellucids_early_stopping_is_a_callback(solver: str) -> None:
    stopping = pl.EarlyStopping(patience=2)
    model = classifier(solver=solver, max_iter=100, callbacks=stopping, learning_rate_init=0.05)
    model.fit(X, Y, X_val=X, y_val=(Y + 1) % 3)
    assert model.n_iter_ == stopping.best_epoch + 2 < 50
    answers = model.predict_proba(X)
    best = min(present(model.validation_loss_curve_))
    assert -np.log(answers[np.arange(150), (Y + 1) % 3]).mean() == pytest.approx(best, rel=1e-6)
    with pytest.raises(pl.InputError, match="EarlyStopping watches 'validation_loss'"):
        classifier(callbacks=pl.EarlyStopping()).fit(X, Y)


def test_stopping_within_an_epoch() -> None:
    class Impatient(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            run.stop("now")

    model = classifier(callbacks=[Impatient()], batch_size=10).fit(X, Y)
    assert model.n_iter_ == 1
    assert model._optimizer.state["step"] == 1


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_callbacks_of_scikit_learn(solver: str) -> None:
    callback = pytest.importorskip("sklearn.callback")  # of newer versions
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = classifier(solver=solver, max_iter=5).set_callbacks(monitor)
    model.fit(X, Y)
    log = [row["accuracy"] for row in monitor.get_logs().data]
    assert len(log) == model.n_iter_ + 1  # each epoch, and the fit
    assert log[0] == log[-1] == model.score(X, Y)
    alone = [classifier(solver=solver, max_iter=n).fit(X, Y).score(X, Y) for n in (1, 2, 3, 4, 5)]
    assert log[1:] == alone

    class Stop:
        def setup(self, estimator: MLPClassifier, context: Any) -> None:
            self.tasks: list[str] = []

        def teardown(self, estimator: MLPClassifier, context: Any) -> None:
            self.tasks.append("over")

        def on_fit_task_begin(self, estimator: MLPClassifier, context: Any) -> None:
            self.tasks.append(context.task_name)

        def on_fit_task_end(
            self,
            estimator: MLPClassifier,
            context: Any,
            *,
            metadata: dict[str, Array] | None = None,
        ) -> bool:
            self.metadata = metadata
            return context.task_name == "epoch" and context.task_id == 1

    stop = Stop()
    stopped = classifier(solver=solver).set_callbacks(stop).fit(X, Y, np.full(150, 2.0))
    assert stopped.n_iter_ == 2
    assert stop.tasks == ["fit", "epoch", "epoch", "over"]
    assert (present(stop.metadata)["sample_weight"] == 2).all()
    assert not any(name.startswith("_callback") for name in vars(stopped))


def test_ctrl_c_leaves_a_usable_network() -> None:
    def interrupt(run: Watch) -> None:
        raise KeyboardInterrupt

    model = classifier(callbacks=interrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, Y)
    assert model.n_iter_ == 1
    assert model.history_.stopped == "interrupted"
    assert model.predict(X).shape == (150,)


# The network


def test_the_network_is_alive() -> None:
    model = classifier(max_iter=60, learning_rate_init=0.01).fit(X, Y)
    net = model.network_
    assert isinstance(net, pl.Network)
    assert net.classes == ["0", "1", "2"]
    np.testing.assert_array_equal(net(X), model.predict_proba(X))
    assert len(net.forward(X[:1])) == len(net.layers)
    model.coefs_[0][:] = 0  # both are one
    assert not instance(pl.Affine, net.layers[0]).W.any()
    np.testing.assert_array_equal(net(X), model.predict_proba(X))
    model.coefs_[0] = np.ones((4, 8))
    assert (model.network_.layers[0].W == 1).all()
    assert model.coefs_[0] is model.network_.layers[0].W
    model.set_params(activation="tanh")
    assert "Tanh" in kinds(model)
    net = model.network_
    before = weights(model)
    model.partial_fit(X, Y)
    assert model.network_ is net
    assert (before != weights(model)).any()
    with pytest.raises(AttributeError):
        _ = classifier().network_
    assert not hasattr(classifier(), "network_")


def test_history() -> None:
    model = regressor(max_iter=6).fit(FEATURES, VALUES, X_val=FEATURES, y_val=VALUES)
    assert isinstance(model.history_, pl.History)
    assert model.history_["loss"] == model.loss_curve_
    assert model.history_["validation_loss"] == model.validation_loss_curve_
    assert model.history_["validation_r2"] == model.validation_scores_
    model.partial_fit(FEATURES, VALUES)
    assert model.history_["epoch"] == [1, 2, 3, 4, 5, 6, 7] if len(model.history_) == 7 else False


def test_engine_and_threads() -> None:
    reference = classifier(engine="reference").fit(X, Y)
    np.testing.assert_allclose(weights(reference), weights(classifier().fit(X, Y)), atol=1e-10)
    assert (
        weights(classifier(threads=2).fit(X, Y)) == weights(classifier(threads=1).fit(X, Y))
    ).all()
    with pytest.raises(ValueError, match="'threads' parameter of MLPClassifier must be an int"):
        classifier(threads=0).fit(X, Y)


def test_a_warm_start_that_stops_early_keeps_the_best() -> None:
    """scikit-learn changes the weights that it kept; here the best of all fits come back."""
    model = classifier(
        early_stopping=True, warm_start=True, max_iter=30, learning_rate_init=0.05
    ).fit(X, Y)
    best, before = model.best_validation_score_, weights(model)
    model.set_params(learning_rate_init=1.0, max_iter=2).fit(X, Y)
    if model.best_validation_score_ == best:
        assert (weights(model) == before).all()
    model.set_params(early_stopping=False).fit(X, Y)
    assert np.isfinite(model.best_loss_)
