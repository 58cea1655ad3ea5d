"""Randomness is an argument: tests that draw numbers ask for `generator`, which every test starts anew."""

import numpy as np
import pytest


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(20240213)
