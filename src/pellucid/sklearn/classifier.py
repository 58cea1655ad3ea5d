"""MLPClassifier: scikit-learn's, on pellucid's engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels

from pellucid.core.losses import Loss
from pellucid.core.schedules import Schedule
from pellucid.core.types import Array, ArrayLike, DTypeLike
from pellucid.errors import InputError
from pellucid.sklearn.base import BaseMLP
from pellucid.sklearn.contracts import LOSS, PARAMETERS
from pellucid.sklearn.engine_rows import Inputs, Rows
from pellucid.sklearn.objective import takes_values
from pellucid.sklearn.resuming import refuse_checkpoint
from pellucid.training.checkpointing import USUAL_INTERVAL
from pellucid.training.settings import Callbacks


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multi-layer perceptron for classes: scikit-learn's MLPClassifier, trained by pellucid.

    The parameters up to `max_fun` are scikit-learn's, with its defaults and meanings, and the same
    `random_state` leads to the same weights, to rounding. Attributes are scikit-learn's, too. The
    following ones are pellucid's own.

    Parameters
    ----------
    activation
        One for all hidden layers, or a list with one for each: scikit-learn's names and those of
        `pl.ACTIVATIONS` but "prelu", whose slopes have no place in `coefs_` and `intercepts_`.
    solver
        "lbfgs", "sgd", "adam", or "adamw", which also decays weights by `weight_decay`.
    loss
        "log_loss" is scikit-learn's; also a name from `pl.LOSSES`, such as "cross_entropy", or an
        object such as pl.CrossEntropy(label_smoothing=0.1). Multiclass networks end in softmax,
        others in sigmoid, so "poisson" is refused, and "binary_cross_entropy" for three classes or
        more. A loss of your own has value(y, t, sample_weight) and gradient(y, t, sample_weight) of
        outputs y, (N, K); its t is the index of each row's class, (N,), for three classes or more;
        0. or 1., (N, 1), for two; 0. or 1. for each label, (N, K), for several labels a row.
    class_weight
        A weight for each class: a dict, or "balanced" for equal totals. It multiplies the sample
        weights of training rows, not those of validation (of those that a preset holds out, too).
    dropout
        The share of hidden neurons that are dropped in training, or a list with one for each hidden
        layer.
    weight_decay
        Of "adamw" alone (default 0.01); `alpha` acts as with the other solvers.
    schedule
        A name from `pl.SCHEDULES` or an object such as pl.Cosine() that multiplies the learning
        rate over the epochs.
    scoring
        What early stopping watches: None for the accuracy (with a preset, the validation loss),
        "loss" for the validation loss, any name or function that `sklearn.metrics.check_scoring`
        takes.
    restore_best
        Restore the weights of the best epoch at the end, also without early stopping: by the
        validation score where there are validation data, else by the training loss.
    callbacks
        pellucid's callbacks: objects such as pl.EarlyStopping(), which needs X_val and y_val, or
        early_stopping=True; or functions called after each epoch. Each is called with a
        `pellucid.training.RunView`, which also has `estimator`. (Callbacks of scikit-learn 1.9 are
        passed to `set_callbacks`.)
    engine, threads
        The engine that does the arithmetic, as in `pl.train`.
    preset
        "tabular" trains on tables of numbers as they are, without a scaler in front: by the network
        of `pl.tabular_mlp` (robust scaling, smooth clipping, from 1,000 rows on a periodic
        embedding) and the recipe `pl.recipes.tables`. Default None. See the notes.
    checkpoint, every, resume
        A folder to keep checkpoints in, how often to write one, and whether to resume, as in
        `pl.train`: the same `fit` again goes on where it was stopped and ends with the same bits;
        after a finished one it returns at once. It needs a whole number as `random_state` and the
        solver "sgd", "adam" or "adamw". One fit at a time holds the folder, so searches and
        cross-validation need it left out. `partial_fit` keeps none.

    Attributes
    ----------
    network_
        The `pl.Network`, whose arrays are those of `coefs_` and `intercepts_`; with a preset,
        behind its preparation.
    validation_loss_curve_
        The validation loss of each epoch, or None without validation data.
    history_
        The `pl.History`: a record for each epoch.

    Notes
    -----
    With preset="tabular" every parameter that is not at its default is kept. Of the others, the
    preset decides hidden_layer_sizes (128, 128), dropout (0.1), schedule, max_iter, batch_size,
    solver ("adamw") and with it learning_rate_init, beta_2, weight_decay and alpha (0); with
    solver="sgd" the last four keep scikit-learn's defaults. A default that is passed counts as a
    default: dropout=[0, 0] switches dropout off. From 1,000 rows on, and with X_val and y_val, the
    preset turns early stopping on: n_iter_no_change becomes infinite, so all epochs are trained,
    and the weights of the one with the lowest loss on the held-out rows (or the best `scoring`) are
    kept; validation_fraction=0 switches it off. Weights are float32, in which training takes a
    quarter of the time, unless a column is so large beside its spread that float32 would round it;
    predictions keep the type of X. First weights, too, are `pl.tabular_mlp`'s. The measures
    (quartiles, number of rows, mean and standard deviation of values) ignore `sample_weight`, make
    sparse rows dense, and are kept by `warm_start`. "lbfgs" and `partial_fit` are refused.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(activation=["tanh"], learning_rate_init=0.01, random_state=0)
    >>> model.set_params(max_iter=400).fit(X, y).score(X, y) > 0.95
    True
    >>> model.network_.parameter_count
    803
    """

    _parameter_constraints = {  # noqa: RUF012
        **PARAMETERS,
        "loss": LOSS,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }
    _score_name = "accuracy"

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str | Loss = "log_loss",
        class_weight: str | dict[Any, float] | list[dict[Any, float]] | None = None,
        dropout: float | Sequence[float] = 0.0,
        weight_decay: float = 0.01,
        schedule: str | Schedule | None = None,
        scoring: str | Callable[..., float] | None = None,
        restore_best: bool = False,
        callbacks: Callbacks | None = None,
        engine: str = "auto",
        threads: int | None = None,
        preset: str | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        every: str = USUAL_INTERVAL,
        resume: bool | str = "auto",
    ) -> None:
        self._keep(locals())

    @available_if(lambda estimator: estimator._check_solver())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Inputs,
        y: Inputs,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train by one pass over these rows; `classes` names all classes at the first call."""
        refuse_checkpoint(self)
        if _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if multilabel else classes)
        return self._fit((X, y, sample_weight), partial=True)

    def predict(self, X: Inputs) -> Array:
        """Return the class of each row, (N,), or which of the labels it has, (N, K)."""
        return self._decoded(self._predictions(X))

    def predict_proba(self, X: Inputs) -> Array:
        """Return the probability of each class or label, (N, K), in the order of `classes_`."""
        y = self._predictions(X)
        return np.hstack([1 - y, y]) if self.n_outputs_ == 1 else y

    def predict_log_proba(self, X: Inputs) -> Array:
        """Return the logarithms of `predict_proba`."""
        y = self.predict_proba(X)
        return np.log(y, out=y)  # in place: y is nobody else's

    def _checked(self, X: Inputs, y: Inputs, partial: bool, reset: bool) -> tuple[Inputs, Array]:
        X, y = self._validated(X, y, reset)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not partial):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return X, self._binary(y)

    def _check_classes(self, classes: Array) -> None:
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the "
                    "previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _binary(self, y: Array) -> Array:
        # Indices spare the (N, K) array that scikit-learn makes of classes.
        if self._label_binarizer.y_type_ == "multiclass" and y.ndim == 1:
            return np.searchsorted(self.classes_, y)
        return self._label_binarizer.transform(y).astype(bool)

    def _outputs(self, y: Array) -> int:
        return y.shape[1] if y.ndim == 2 else len(self.classes_)

    def _encoded(self, y: Inputs) -> Array:
        y = np.asarray(y)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        unseen = np.setdiff1d(unique_labels(y), self.classes_)
        if len(unseen):
            template = "y_val has classes that are not in y: {unseen}"
            raise InputError(template, unseen=", ".join(map(str, unseen.tolist())))
        return self._binary(y)

    def _decoded(self, y: Array) -> Array:
        if y.ndim == 1:
            return self.classes_[y]
        return self._label_binarizer.inverse_transform(y.ravel() if self.n_outputs_ == 1 else y)

    def _targets(self, y: Array, dtype: DTypeLike) -> Array:
        if y.ndim == 1 and takes_values(self.loss):
            y = y[:, None] == np.arange(self.n_outputs_)
        return y if y.ndim == 1 else np.ascontiguousarray(y, dtype)

    def _score_outputs(self, y: Array, truth: Array, rows: Rows) -> float:
        if self.out_activation_ == "softmax":
            right = y.argmax(axis=1) == (rows.t if rows.t.ndim == 1 else rows.t.argmax(axis=1))
        else:
            # As in scikit-learn, a row of several labels is right when all of them are, and exactly
            # 0.5 is no.
            right = ((y > 0.5) == (rows.t > 0.5)).all(axis=1)
        return float(np.average(right, weights=rows.sample_weight))

    def _output(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _class_names(self) -> list[str] | None:
        return [str(name) for name in self.classes_]

    def _class_weight(self, y: Array, partial: bool) -> Array | None:
        if self.class_weight is None:
            return None
        if partial and self.class_weight == "balanced":
            raise InputError(
                'class_weight="balanced" needs all rows at once: with partial_fit, pass a dict of '
                "weights"
            )
        return compute_sample_weight(self.class_weight, self._decoded(y))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
