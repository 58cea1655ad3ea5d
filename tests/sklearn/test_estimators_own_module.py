"""scikit-learn's own tests of its MLP, from the installed package, with pellucid's classes in the
place of its own.

The module is read when the tests are collected; nothing of it is copied. Left out is what reaches
into private names that pellucid has not.
"""

import importlib.util
from typing import Any
from unittest import mock

import pytest
import sklearn.neural_network

from pellucid.sklearn import MLPClassifier, MLPRegressor
from tests.narrowing import present

# Test by test, what it needs that is private to scikit-learn's MLP.
LEFT_OUT = {
    "test_gradient": "it calls _loss_grad_lbfgs with scikit-learn's lists of activations, deltas "
    "and gradients"
}


def own_module() -> Any:
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(present(spec))
    with (
        mock.patch.object(sklearn.neural_network, "MLPClassifier", MLPClassifier),
        mock.patch.object(sklearn.neural_network, "MLPRegressor", MLPRegressor),
    ):
        present(present(spec).loader).exec_module(module)
    return module


MODULE = own_module()
FOUND = {
    name: value
    for name, value in vars(MODULE).items()
    if name.startswith("test_") and callable(value)
}
globals().update({name: test for name, test in FOUND.items() if name not in LEFT_OUT})

# As scikit-learn's own configuration has it: its tests let warnings of convergence pass.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture
def global_random_seed() -> int:
    """Give what scikit-learn's conftest gives where no other seeds are asked for."""
    return 42


def test_the_module_is_the_installed_one_and_tests_pellucid() -> None:
    assert MODULE.__spec__.origin.startswith(str(sklearn.__path__[0]))
    assert MODULE.MLPClassifier is MLPClassifier
    assert MODULE.MLPRegressor is MLPRegressor
    assert set(FOUND) >= set(LEFT_OUT)
    assert len(FOUND) >= 35
