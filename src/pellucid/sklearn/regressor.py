"""MLPRegressor: scikit-learn's, on pellucid's engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from pellucid.core.types import Array
from pellucid.sklearn.base import BaseMLP
from pellucid.sklearn.contracts import PARAMETERS, REGRESSION_LOSS, with_callbacks
from pellucid.sklearn.objective import output_for
from pellucid.sklearn.rows import Rows


class MLPRegressor(RegressorMixin, BaseMLP):
    """A multi-layer perceptron that answers with values: scikit-learn's MLPRegressor, learned by
    pellucid.

    The parameters up to `max_fun` are scikit-learn's, with its defaults and meanings, and the same
    `random_state` leads to the same weights, to rounding. Those that follow are pellucid's own, and
    described with `MLPClassifier`.

    Parameters
    ----------
    loss
        "squared_error" and "poisson" are scikit-learn's; also a name from `pl.LOSSES`, such as
        "huber", or an object such as pl.Quantile(0.9).
    scoring
        What early stopping goes by: None for r2, else as `MLPClassifier` has it.
    preset
        As `MLPClassifier` has it; besides, values are learned as deviations from their mean, each
        column by itself, unless the loss (as "poisson") asks for answers above 0. Losses and their
        curves are in those deviations; scores and answers are not.

    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=0)
    >>> model = MLPRegressor(loss="huber", solver="lbfgs", random_state=0, max_iter=2000).fit(X, y)
    >>> model.score(X, y) > 0.99
    True
    """

    _parameter_constraints = {**PARAMETERS, "loss": REGRESSION_LOSS}  # noqa: RUF012
    _score_name = "r2"

    def __init__(
        self,
        loss: Any = "squared_error",
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
    ) -> MLPRegressor:
        """Learn from rows X, (N, D), dense or sparse, and their values y, (N,) or (N, K).

        See `MLPClassifier.fit`.
        """
        self._fit((X, y, sample_weight), (X_val, y_val, sample_weight_val))
        return self

    @available_if(lambda estimator: estimator._check_solver())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Go on learning, with one pass over these rows."""
        self._fit((X, y, sample_weight), incremental=True)
        return self

    def predict(self, X: Any) -> Array:
        """Give the value of each row, (N,), or its K values, (N, K)."""
        return self._decoded(self._in_units(self._answers(X)))

    def _checked(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        return X, _columns(y)

    def _encoded(self, y: Any) -> Array:
        return _columns(check_array(y, ensure_2d=False, dtype="numeric"))

    def _outputs(self, y: Array) -> int:
        return y.shape[1]

    def _decoded(self, y: Array) -> Array:
        return y.ravel() if y.shape[1] == 1 else y

    def _targets(self, y: Array, dtype: Any) -> Array:
        scale = vars(self).get("_scale")
        return np.ascontiguousarray(y if scale is None else (y - scale[0]) / scale[1], dtype)

    def _in_units(self, y: Array) -> Array:
        """Give the network's answers in the targets' units, also while it learns and they are in
        deviations.
        """
        scale = vars(self).get("_scale")
        return y if scale is None else (y * scale[1] + scale[0]).astype(y.dtype)

    def _score_answers(self, y: Array, truth: Any, rows: Rows) -> float:
        found = self._decoded(self._in_units(y))
        return (
            float(r2_score(truth, found, sample_weight=rows.weights))
            if np.isfinite(found).all()
            else np.nan
        )

    def _output(self) -> str:
        return output_for(self.loss)


def _columns(y: Array) -> Array:
    """Give values as (N, K).

    A single column stands in a line, and scikit-learn warns where it does not.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return y.reshape(-1, 1) if y.ndim == 1 else y
