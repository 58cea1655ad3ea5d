"""Randomness is an argument.

Tests that draw numbers ask for `generator`, which every test starts anew.
"""

import signal

import numpy as np
import pytest


def pytest_configure() -> None:
    """Let Ctrl-C be what it is in a terminal.

    A script that starts the tests by `&` has it ignored, and so would we.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(20240213)
