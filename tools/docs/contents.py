"""The contents of the site, from docs/site/site.toml: sections, the order of pages, texts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.docs.pages import DOCS

LESSONS = "learn/"
"""The folder of the pages that are also notebooks."""


@dataclass(frozen=True)
class Section:
    """A section of the site: its title by language, and its pages in order."""

    titles: dict[str, str]
    pages: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """Sections, and texts by language and name."""

    texts: dict[str, dict[str, str]]
    sections: tuple[Section, ...]

    def order(self) -> list[str]:
        """Return the pages in the order of the navigation."""
        return ["index.md", *(path for section in self.sections for path in section.pages)]


def contents(docs: Path = DOCS) -> Contents:
    """Return the contents of the site."""
    with (docs / "site" / "site.toml").open("rb") as file:
        found = tomllib.load(file)
    sections = [
        Section({"en": each["en"], "ko": each["ko"]}, tuple(each["pages"]))
        for each in found["sections"]
    ]
    return Contents(found["texts"], tuple(sections))


def unlisted(plan: Contents, found: Iterable[str]) -> Iterator[str]:
    """Yield the pages that site.toml lacks, and those that it lists in vain."""
    there, listed = set(found), plan.order()
    for path in sorted(there.symmetric_difference(listed)):
        yield f"docs/site/site.toml: {path}: {'missing' if path in there else 'no such page'}"
