"""Every check that scikit-learn has for estimators, for several settings of both."""

from collections.abc import Callable
from typing import Any
from unittest import SkipTest

import pytest
import sklearn.neural_network
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from pellucid.sklearn import MLPClassifier, MLPRegressor
from tests.sklearn.versions import newer

SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {},
    "lbfgs": {"solver": "lbfgs"},
    "sgd": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.01,
        "engine": "reference",
    },
    "adamw": {
        "solver": "adamw",
        "hidden_layer_sizes": (20, 10),
        "activation": ["gelu", "tanh"],
        "schedule": "cosine",
        "learning_rate_init": 0.01,
        "restore_best": True,
    },
}
BOTH = (MLPClassifier, MLPRegressor)
EVERY = [
    *[kind(max_iter=100, **more) for kind in BOTH for more in SETTINGS.values()],
    MLPClassifier(loss="cross_entropy", max_iter=100),
    MLPRegressor(loss="huber", max_iter=100),
]
# Both classes and both ways to descend; the others take as long again.
IN_THE_GATE = [
    MLPClassifier(max_iter=100),
    MLPRegressor(max_iter=100, **SETTINGS["lbfgs"]),
    MLPClassifier(max_iter=100, **SETTINGS["adamw"]),
]
REST = [each for each in EVERY if repr(each) not in map(repr, IN_THE_GATE)]

# What these checks do not look at, in scikit-learn's own words; they pass over its own MLP for the
# same reasons.
PASSED_OVER = (
    "SCIPY_ARRAY_API is not set",
    "MLPClassifier does not have a decision_function method",
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("default")
@parametrize_with_checks(IN_THE_GATE)
def test_sklearn_check(estimator: MLPClassifier | MLPRegressor, check: Callable[..., Any]) -> None:
    passes(estimator, check)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("default")
@parametrize_with_checks(REST)
def test_sklearn_check_of_other_settings(
    estimator: MLPClassifier | MLPRegressor, check: Callable[..., Any]
) -> None:
    passes(estimator, check)


def passes(estimator: MLPClassifier | MLPRegressor, check: Callable[..., Any]) -> None:
    try:
        check(estimator)
    except SkipTest as passed_over:
        assert str(passed_over).startswith(PASSED_OVER)


def test_ten_settings_are_checked() -> None:
    assert (len(IN_THE_GATE), len(REST)) == (3, 7)


@newer
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kind", [MLPClassifier, pytest.param(MLPRegressor, marks=pytest.mark.integration)]
)
def test_early_stopping_fails_only_where_scikit_learns_own_does(kind: type[Any]) -> None:
    """Early stopping holds rows out of data that have hardly any, and has no partial_fit."""
    failed = []
    for source in (kind, getattr(sklearn.neural_network, kind.__name__)):
        found = check_estimator(
            source(early_stopping=True, max_iter=20), on_fail=None, on_skip=None
        )
        failed.append({result["check_name"] for result in found if result["status"] == "failed"})
    # With weights or without, other rows are held out; scikit-learn checks its own classifier by
    # L-BFGS here.
    ours = failed[0] - {"check_sample_weight_equivalence_on_dense_data"}
    # scikit-learn's has no class_weight; rows that are held out weigh the same in every class.
    assert ours - {"check_class_weight_classifiers"} <= failed[1]
