"""MLPRegressor: scikit-learn's, on pellucid's engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.metaestimators import available_if

from pellucid.core.chain import predict
from pellucid.core.losses import Loss
from pellucid.core.schedules import Schedule
from pellucid.core.types import Array, ArrayLike, DTypeLike
from pellucid.sklearn.base import BaseMLP
from pellucid.sklearn.contracts import PARAMETERS, REGRESSION_LOSS
from pellucid.sklearn.engine_rows import Inputs, Rows
from pellucid.sklearn.objective import output_for
from pellucid.sklearn.preset import end_of
from pellucid.sklearn.resuming import refuse_checkpoint
from pellucid.training.checkpointing import USUAL_INTERVAL
from pellucid.training.settings import Callbacks


class MLPRegressor(RegressorMixin, BaseMLP):
    """A multi-layer perceptron for values: scikit-learn's MLPRegressor, trained by pellucid.

    The parameters up to `max_fun` are scikit-learn's, with its defaults and meanings, and the same
    `random_state` leads to the same weights, to rounding. The following ones are pellucid's own,
    and described in `MLPClassifier`.

    Parameters
    ----------
    loss
        "squared_error" and "poisson" are scikit-learn's; also a name from `pl.LOSSES`, such as
        "huber", or an object. "quantile" is the median: other quantiles need an object with their
        level, pl.Quantile(0.9).
    scoring
        What early stopping watches: None for r2 (with a preset, the validation loss), else as for
        `MLPClassifier`.
    preset
        As for `MLPClassifier`; also, values are standardized for the training, each column by
        itself, unless the loss (as "poisson") needs outputs above 0. Losses and their curves are in
        these units; scores and predictions are not.

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
        loss: str | Loss = "squared_error",
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
    def partial_fit(self, X: Inputs, y: Inputs, sample_weight: ArrayLike | None = None) -> Self:
        """Train by one pass over these rows."""
        refuse_checkpoint(self)
        return self._fit((X, y, sample_weight), partial=True)

    def predict(self, X: Inputs) -> Array:
        """Return the value of each row, (N,), or its K values, (N, K)."""
        return self._decoded(self._predictions(X))

    def _checked(self, X: Inputs, y: Inputs, partial: bool, reset: bool) -> tuple[Inputs, Array]:
        X, y = self._validated(X, y, reset, y_numeric=True)
        return X, _columns(y)

    def _encoded(self, y: Inputs) -> Array:
        return _columns(check_array(y, ensure_2d=False, dtype="numeric"))

    def _outputs(self, y: Array) -> int:
        return y.shape[1]

    def _decoded(self, y: Array) -> Array:
        return y.ravel() if y.shape[1] == 1 else y

    def _targets(self, y: Array, dtype: DTypeLike) -> Array:
        for layer in end_of(self):
            y = layer.invert(y)
        return np.ascontiguousarray(y, dtype)

    def _score_outputs(self, y: Array, truth: Array, rows: Rows) -> float:
        found = self._decoded(predict(end_of(self), y))
        if not np.isfinite(found).all():  # r2_score would raise
            return np.nan
        return float(r2_score(truth, found, sample_weight=rows.sample_weight))

    def _output(self) -> str:
        return output_for(self.loss)


def _columns(y: Array) -> Array:
    """Return values as (N, K); scikit-learn warns of a single column, (N, 1)."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return y.reshape(-1, 1) if y.ndim == 1 else y
