"""Randomness is an argument.

Tests that draw numbers ask for `generator`, which every test starts anew.
"""

import signal

import numpy as np
import pytest
from hypothesis import settings

from tests.proving import EVERYTHING, examples

# No deadline: how long an example takes says something about the machine.
settings.register_profile("pellucid", max_examples=examples(100), deadline=None)
settings.load_profile("pellucid")


def pytest_configure() -> None:
    """Let Ctrl-C be what it is in a terminal.

    A script that starts the tests by `&` has it ignored, and so would we.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count tests by Hypothesis to the integration where all of their examples are tried."""
    for item in items if EVERYTHING else []:
        by_hypothesis = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if by_hypothesis and not item.get_closest_marker("soak"):
            item.add_marker("integration")


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(20240213)
