"""MLPClassifier: scikit-learn's, on pellucid's engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.sklearn.base import BaseMLP
from pellucid.sklearn.contracts import LOSS, PARAMETERS, with_callbacks
from pellucid.sklearn.objective import takes_values
from pellucid.sklearn.rows import Rows


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multi-layer perceptron that names classes: scikit-learn's MLPClassifier, learned by
    pellucid.

    The parameters up to `max_fun` are scikit-learn's, with its defaults and meanings, and the same
    `random_state` leads to the same weights, to rounding. Attributes are scikit-learn's, too. Those
    that follow are pellucid's own.

    Parameters
    ----------
    activation
        One for all hidden layers, or a list with one for each: scikit-learn's names and those of
        `pl.ACTIVATIONS`.
    solver
        "lbfgs", "sgd", "adam", and "adamw", whose weights decay by `weight_decay` besides.
    loss
        "log_loss" is scikit-learn's; also a name from `pl.LOSSES`, such as "cross_entropy", or an
        object such as pl.CrossEntropy(label_smoothing=0.1). Multiclass answers are softmax, others
        sigmoid, so "poisson" is none for classes, and "binary_cross_entropy" none for three or
        more. A loss of your own has value(y, t, weights) and gradient(y, t, weights) of answers y,
        (N, K); its t is the index of each row's class, (N,), for three classes or more; 0. or 1.,
        (N, 1), for two; 0. or 1. for each label, (N, K), for several labels a row.
    class_weight
        A weight for each class: a dict, or "balanced" for as much weight for each class. It
        multiplies the rows' weights in learning; validation goes without it.
    dropout
        The share of hidden neurons that are switched off while learning, or a list with one for
        each hidden layer.
    weight_decay
        Of "adamw" alone (default 0.01); `alpha` acts as with the other solvers.
    schedule
        A name from `pl.SCHEDULES` or an object such as pl.Cosine() that multiplies the learning
        rate as epochs go by.
    scoring
        What early stopping goes by: None for the accuracy, "loss" for the validation loss, any name
        or function that `sklearn.metrics.check_scoring` takes.
    restore_best
        Give the network the weights of its best epoch at the end, also without early stopping: by
        the validation score where there are validation data, else by the training loss.
    callbacks
        pellucid's callbacks: objects such as pl.EarlyStopping(), which needs X_val and y_val, or
        early_stopping=True; or functions called after each epoch. They are given a run with `net`,
        `history`, `epoch` (from 1), `epochs`, `batch`, `batches`, `loss`, `estimator`, and
        `stop(reason)`, which ends learning; what they return is not looked at. (Those of
        scikit-learn 1.9 are given to `set_callbacks`.)
    engine, threads
        Who does the arithmetic, as in `pl.train`.
    preset
        "tabular" learns tables of numbers as they are, without a scaler in front: by the network of
        `pl.tabular_mlp` (robust scaling, smooth clipping, from 1,000 rows on a periodic embedding)
        and the recipe `pl.recipes.tables`. Default None. See the notes.

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
    With preset="tabular" every parameter that is not at its default holds. Of those that are, the
    preset decides hidden_layer_sizes (128, 128), dropout (0.1), schedule, max_iter, batch_size,
    solver ("adamw") and with it learning_rate_init, beta_2, weight_decay and alpha (0); with
    solver="sgd" the last four stay as they are. What is given as the default is not told from it:
    dropout=[0, 0] switches it off. n_iter_no_change becomes infinite: all epochs are learned, and
    `early_stopping` gives back the best of them. First weights, too, are `pl.tabular_mlp`'s. What
    is measured (quartiles, number of rows, mean and deviation of values) goes without
    `sample_weight`, sparse rows are made dense for it, and `warm_start` goes on with it. "lbfgs"
    and `partial_fit` are refused.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(random_state=0, activation=["tanh"], max_iter=400, learning_rate_init=0.01).fit(X, y)
    >>> model.score(X, y) > 0.95
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
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
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
        loss: Any = "log_loss",
        class_weight: Any = None,
        dropout: Any = 0.0,
        weight_decay: float = 0.01,
        schedule: Any = None,
        scoring: Any = None,
        restore_best: bool = False,
        callbacks: Any = None,
        engine: str = "auto",
        threads: int | None = None,
        preset: str | None = None,
    ) -> None:
        self._keep(locals())

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPClassifier:
        """Learn from rows X, (N, D), and their classes y, (N,), or which of K labels each has, (N,
        K).

        Parameters
        ----------
        X, y
            Rows, dense or sparse, and classes.
        sample_weight
            A weight for each row, (N,).
        X_val, y_val, sample_weight_val
            Data that are only looked at: `validation_loss_curve_` and `validation_scores_` tell how
            well they are answered, and with `early_stopping` they stand in for the rows that it
            would hold out. Within a Pipeline they do not go through its scaler by themselves: let
            `make_pipeline(..., transform_input=["X_val"])` take them through, with
            `sklearn.set_config(enable_metadata_routing=True)` and
            `MLPClassifier(...).set_fit_request(X_val=True, y_val=True)`, or scale them before.
        """
        self._fit((X, y, sample_weight), (X_val, y_val, sample_weight_val))
        return self

    @available_if(lambda estimator: estimator._check_solver())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
        """Go on learning, with one pass over these rows.

        `classes`, all there will ever be, must be given at the first call.
        """
        if _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if multilabel else classes)
        self._fit((X, y, sample_weight), incremental=True)
        return self

    def predict(self, X: Any) -> Any:
        """Give the class of each row, (N,), or which of the labels it has, (N, K)."""
        return self._decoded(self._answers(X))

    def predict_proba(self, X: Any) -> Array:
        """Give the probability of each class, (N, K), in the order of `classes_`.

        Of each label, one by one.
        """
        y = self._answers(X)
        return np.hstack([1 - y, y]) if self.n_outputs_ == 1 else y

    def predict_log_proba(self, X: Any) -> Array:
        """Give the logarithms of `predict_proba`."""
        y = self.predict_proba(X)
        return np.log(y, out=y)

    def _checked(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
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
        if self._label_binarizer.y_type_ == "multiclass" and y.ndim == 1:
            return np.searchsorted(self.classes_, y)
        return self._label_binarizer.transform(y).astype(bool)

    def _outputs(self, y: Array) -> int:
        return y.shape[1] if y.ndim == 2 else len(self.classes_)

    def _encoded(self, y: Any) -> Array:
        y = np.asarray(y)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        unseen = np.setdiff1d(unique_labels(y), self.classes_)
        if len(unseen):
            raise InputError(
                "y_val has classes that y has not: {unseen}",
                unseen=", ".join(map(str, unseen.tolist())),
            )
        return self._binary(y)

    def _decoded(self, y: Array) -> Any:
        if y.ndim == 1:
            return self.classes_[y]
        return self._label_binarizer.inverse_transform(y.ravel() if self.n_outputs_ == 1 else y)

    def _targets(self, y: Array, dtype: Any) -> Array:
        if y.ndim == 1 and takes_values(self.loss):
            y = y[:, None] == np.arange(self.n_outputs_)
        return y if y.ndim == 1 else np.ascontiguousarray(y, dtype)

    def _score_answers(self, y: Array, truth: Any, rows: Rows) -> float:
        if self.out_activation_ == "softmax":
            right = y.argmax(axis=1) == (rows.t if rows.t.ndim == 1 else rows.t.argmax(axis=1))
        else:
            right = ((y > 0.5) == (rows.t > 0.5)).all(axis=1)
        return float(np.average(right, weights=rows.weights))

    def _output(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _class_names(self) -> list[str] | None:
        return [str(name) for name in self.classes_]

    def _class_weights(self, y: Array, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            raise InputError(
                'class_weight="balanced" needs all rows at once: with partial_fit, give a dict of '
                "weights"
            )
        return compute_sample_weight(self.class_weight, self._decoded(y))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
