"""Small data and plain witnesses that the tests of learning share."""

import numpy as np
import pytest


@pytest.fixture
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """60 rows of three classes (30, 20, 10 of them) around three places, float64."""
    generator = np.random.default_rng(5)
    t = np.repeat([0, 1, 2], [30, 20, 10])
    order = generator.permutation(60)
    x = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])[t] + generator.normal(
        scale=0.7, size=(60, 2)
    )
    return x[order], t[order]
