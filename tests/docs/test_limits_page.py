"""The page of limits has every number of the module that holds them, in both languages."""

from __future__ import annotations

import pytest

from pellucid.files import limits
from tools.docs.pages import DOCS, LANGUAGES

LIMITS = {name: value for name, value in vars(limits).items() if isinstance(value, int)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_limit_is_on_the_page(language: str) -> None:
    page = (DOCS / language / "reference" / "limits.md").read_text(encoding="utf-8")
    assert len(LIMITS) > 20
    missing = {name: value for name, value in LIMITS.items() if f"{value:,}" not in page}
    assert not missing
