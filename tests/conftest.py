"""Randomness is an argument.

Tests that draw numbers ask for `generator`, which every test starts anew.
"""

import shutil
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from tests.proving import EVERYTHING, examples

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")  # the first is the quickest

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


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium, one for all tests of a process: Playwright allows no second one beside it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Debian's Chromium where it is installed, else the one that `playwright install` brought.
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
