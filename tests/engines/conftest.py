"""Each test may choose the native engine's instructions; the next one chooses anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pellucid.engines import instruction_set
from tests.engines.tools import SETS, choose_anew, use


@pytest.fixture(autouse=True)
def _chosen_anew() -> Iterator[None]:
    """Which module is used is chosen once a process; after each test it is chosen again."""
    yield
    choose_anew()


@pytest.fixture(params=SETS)
def instructions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    use(monkeypatch, request.param)
    assert instruction_set() == request.param
    return str(request.param)
