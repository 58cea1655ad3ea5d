"""The page of errors quotes messages that pellucid has."""

import gettext
import re

import pytest

from pellucid.language import LOCALE_FOLDER
from tools.docs.pages import DOCS, LANGUAGES


def unfilled(text: str) -> str:
    """Return a message or template without what varies: values, and numbers in their place."""
    return re.sub(r"\{[^}]*\}|\d+", "#", text)


@pytest.fixture(scope="module")
def templates() -> list[str]:
    catalogue = gettext.translation("pellucid", LOCALE_FOLDER, ["ko"])
    return [unfilled(str(key)) for key in vars(catalogue)["_catalog"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_one_of_pellucid(language: str, templates: list[str]) -> None:
    page = (DOCS / language / "reference" / "errors.md").read_text(encoding="utf-8")
    tables = page.partition("{ #messages }")[2].partition("{ #divergence }")[0]
    quoted = re.findall(r"^\| `([^`]+)`", tables, re.MULTILINE)
    assert len(quoted) > 10
    for message in quoted:
        parts = [part for part in unfilled(message).split("...") if part]
        found = [text for text in templates if all(part in text for part in parts)]
        assert found or _in_two(message, templates), message


def _in_two(message: str, templates: list[str]) -> bool:
    """Return whether a message is a template with another one in a bracket or behind a colon."""
    parts = [part.strip(" ()") for part in re.split(r": | \(", message)]
    return len(parts) > 1 and all(any(part in text for text in templates) for part in parts)
