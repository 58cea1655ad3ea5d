"""scikit-learn's contracts that pellucid's estimators keep: what parameters may be, and callbacks
of scikit-learn's.

The kinds of constraints (`Interval`, `StrOptions`, ...) stand in a module of scikit-learn that
begins with an underscore. They are used all the same: scikit-learn's own messages come from them,
in whatever version is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from pellucid.core import ACTIVATIONS
from pellucid.core.losses import LOSSES
from pellucid.core.schedules import SCHEDULES, Schedule
from pellucid.engines import ENGINES
from pellucid.sklearn.building import NAMES

# scikit-learn has callbacks since 1.9.
_callback: Any = (
    importlib.import_module("sklearn.callback")
    if importlib.util.find_spec("sklearn.callback")
    else None
)
CallbackSupportMixin: Any = (
    _callback.CallbackSupportMixin if _callback else type("NoCallbacks", (), {})
)
with_callbacks: Any = _callback.with_callbacks if _callback else lambda method: method

STOCHASTIC = ("sgd", "adam", "adamw")

LOSS: list[Any] = [
    StrOptions({"log_loss", *LOSSES} - {"poisson"}),
    HasMethods(["value", "gradient"]),
]
REGRESSION_LOSS: list[Any] = [
    StrOptions({"squared_error", *LOSSES}),
    HasMethods(["value", "gradient"]),
]

PARAMETERS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({*NAMES, *ACTIVATIONS}), "array-like"],
    "solver": [StrOptions({"lbfgs", *STOCHASTIC})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "schedule": [StrOptions(set(SCHEDULES)), Schedule, None],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "restore_best": ["boolean"],
    "callbacks": "no_validation",  # type: ignore[dict-item]
    "engine": [StrOptions(set(ENGINES))],
    "threads": [Interval(Integral, 1, None, closed="left"), None],
    "preset": [StrOptions({"tabular"}), None],
}
