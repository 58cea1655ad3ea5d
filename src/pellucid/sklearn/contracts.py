"""scikit-learn's contracts that the estimators keep: constraints of parameters, and callbacks.

The kinds of constraints (`Interval`, `StrOptions`, ...) are in a private module of scikit-learn.
There is no public one, and scikit-learn's own messages come from them, whatever its version.
"""

from __future__ import annotations

import importlib
import importlib.util
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from pellucid.core import ACTIVATIONS
from pellucid.core.losses import LOSSES
from pellucid.core.schedules import SCHEDULES, Schedule
from pellucid.engines import ENGINES
from pellucid.sklearn.mlp_layers import NAMES

# An MLPClassifier or MLPRegressor: scikit-learn sets its parameters by name, so no type has them.
Estimator: TypeAlias = Any

# scikit-learn has callbacks since 1.9.
_callback = (
    importlib.import_module("sklearn.callback")
    if importlib.util.find_spec("sklearn.callback")
    else None
)
CallbackSupportMixin: Any = (
    _callback.CallbackSupportMixin if _callback else type("NoCallbacks", (), {})
)
with_callbacks: Any = _callback.with_callbacks if _callback else lambda method: method

STOCHASTIC = ("sgd", "adam", "adamw")

LOSS = [StrOptions({"log_loss", *LOSSES} - {"poisson"}), HasMethods(["value", "gradient"])]
REGRESSION_LOSS = [StrOptions({"squared_error", *LOSSES}), HasMethods(["value", "gradient"])]

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_BELOW_ONE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")

PARAMETERS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions({*NAMES, *ACTIVATIONS}), "array-like"],
    "solver": [StrOptions({"lbfgs", *STOCHASTIC})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_BELOW_ONE],
    "beta_1": [_BELOW_ONE],
    "beta_2": [_BELOW_ONE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    "dropout": [_BELOW_ONE, "array-like"],
    "weight_decay": [_NOT_NEGATIVE],
    "schedule": [StrOptions(set(SCHEDULES)), Schedule, None],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "restore_best": ["boolean"],
    "callbacks": "no_validation",
    "engine": [StrOptions(set(ENGINES))],
    "threads": [_COUNT, None],
    "preset": [StrOptions({"tabular"}), None],
}
