"""Each test may choose the native engine's instructions; the next one chooses anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pellucid.engines import instruction_set, native
from tests.engines.tools import SETS, use


@pytest.fixture(autouse=True)
def _chosen_anew() -> Iterator[None]:
    """Which module is used is chosen once a process; after each test it is chosen again."""
    yield
    native.native_module.cache_clear()


@pytest.fixture(params=SETS)
def instructions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    use(monkeypatch, request.param)
    assert instruction_set() == request.param
    return str(request.param)
