"""scikit-learn's contracts that the estimators keep: constraints of parameters, and callbacks.

The kinds of constraints (`Interval`, `StrOptions`, ...) are in a private module of scikit-learn.
There is no public one, and scikit-learn's own messages come from them, whatever its version.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from pellucid.core.losses import LOSSES
from pellucid.core.schedules import SCHEDULES, Schedule
from pellucid.engines import ENGINES
from pellucid.sklearn.mlp_layers import NAMES, UNTRAINED

# An MLPClassifier or MLPRegressor: scikit-learn sets its parameters by name, so no type has them.
Estimator: TypeAlias = Any

# scikit-learn has callbacks since 1.9.
CallbackSupportMixin: Any = type("NoCallbacks", (), {})
with_callbacks: Any = lambda method: method  # noqa: E731
if importlib.util.find_spec("sklearn.callback"):
    _callback = importlib.import_module("sklearn.callback")
    CallbackSupportMixin, with_callbacks = _callback.CallbackSupportMixin, _callback.with_callbacks

STOCHASTIC = ("sgd", "adam", "adamw")

LOSS = [StrOptions({"log_loss", *LOSSES} - {"poisson"}), HasMethods(["value", "gradient"])]
REGRESSION_LOSS = [StrOptions({"squared_error", *LOSSES}), HasMethods(["value", "gradient"])]

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_BELOW_ONE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_SWITCHES = "shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "restore_best"

PARAMETERS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions({*NAMES, *UNTRAINED}), "array-like"],
    "solver": [StrOptions({"lbfgs", *STOCHASTIC})],
    **{name: [_NOT_NEGATIVE] for name in ("alpha", "power_t", "tol", "weight_decay")},
    **{name: [_POSITIVE] for name in ("learning_rate_init", "epsilon")},
    **{name: [_BELOW_ONE] for name in ("validation_fraction", "beta_1", "beta_2")},
    **{name: [_COUNT] for name in ("max_iter", "max_fun")},
    **{name: ["boolean"] for name in _SWITCHES},
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "dropout": [_BELOW_ONE, "array-like"],
    "schedule": [StrOptions(set(SCHEDULES)), Schedule, None],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "callbacks": "no_validation",
    "engine": [StrOptions(set(ENGINES))],
    "threads": [_COUNT, None],
    "preset": [StrOptions({"tabular"}), None],
    "checkpoint": [str, os.PathLike, None],
    "every": [str],
    "resume": ["boolean", StrOptions({"auto", "force"})],
}
