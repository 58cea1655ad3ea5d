"""The optimizers that scikit-learn's solvers need beside core's."""

from __future__ import annotations

import numpy as np

import pellucid as pl
from pellucid.engines import make_engine
from pellucid.sklearn.solvers import EpsilonHatAdam


def test_adam_with_epsilon_hat_by_hand() -> None:
    """With g = 2 and beta_2 = 0.75, sqrt(v) is 1 and sqrt(1 - beta_2) a half.

    A step is rate m_hat / 2 / (1 + 1).
    """
    p = np.array([1.0])
    optimizer = EpsilonHatAdam(0.9, 0.75, epsilon=1.0)
    optimizer.update([p], [np.array([2.0])], optimizer.start([p]), 0.1)
    np.testing.assert_allclose(p, [1 - 0.1 * 2 * 0.5 / (1 + 1)], rtol=0, atol=1e-15)


def test_adam_with_epsilon_hat_is_native() -> None:
    layers = pl.mlp([2, 3]).layers
    assert make_engine(layers, pl.CrossEntropy(), EpsilonHatAdam(0.9, 0.999, 1e-8)).name == "native"
    assert "epsilon_hat" not in vars(pl.Adam())
