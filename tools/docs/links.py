"""Mistakes in the pages themselves, each with its file and line: dead links, missing ids."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.docs.pages import DOCS, LANGUAGES, Page, Part

MADE = ("live/",)
"""Folders beside docs/en on the site that the build makes: the page with the shipped network."""
SHARED = ("pictures/", "page/")
"""Folders of docs/ whose files the languages share."""

_ELSEWHERE = re.compile(r"(?:https?|mailto):")


def mistakes(sites: Mapping[str, Mapping[str, Page]], docs: Path = DOCS) -> Iterator[str]:
    """Yield the mistakes of all pages, given by language and path."""
    for found in sites.values():
        for page in found.values():
            yield from _headings(page)
            for part in page.parts:
                if part.kind in ("link", "image") and (why := _dead(page, part, sites, docs)):
                    yield f"{page.place(part)}: {why}: {part.key}"
                if part.kind == "code" and not part.key:
                    yield f"{page.place(part)}: code without a language: ```text for none"


def _headings(page: Page) -> Iterator[str]:
    headings = page.of("heading")
    levels = [int(part.key[0]) for part in headings]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield f"docs/{page.language}/{page.path}:1: one # heading, at the top"
    for part, level, above in zip(headings[1:], levels[1:], levels, strict=False):
        if level > above + 1:
            yield f"{page.place(part)}: a heading of level {level} below one of level {above}"
    seen: set[str] = set()
    for part in headings:
        name = part.key.partition("#")[2]
        if not name:
            yield f"{page.place(part)}: a heading without an id: ## {part.text} {{ #id }}"
        elif name in seen:
            yield f"{page.place(part)}: the id {name} is taken"
        seen.add(name)


def _dead(
    page: Page, part: Part, sites: Mapping[str, Mapping[str, Page]], docs: Path
) -> str | None:
    """Return why a link or an image leads nowhere; None if it leads somewhere."""
    if _ELSEWHERE.match(part.key):
        return "an image of another host" if part.kind == "image" else None
    path, _, name = part.key.partition("#")
    folder = posixpath.dirname(f"{page.language}/{page.path}")
    target = (
        posixpath.normpath(posixpath.join(folder, path)) if path else f"{page.language}/{page.path}"
    )
    language, _, inside = target.partition("/")
    if language in LANGUAGES and inside in sites.get(language, {}):
        known = sites[language][inside].ids
        return f"no heading {name} there" if name and name not in known else None
    if target.startswith(MADE):
        return None
    if not target.startswith(SHARED):
        return "no page of that name"
    return None if (docs / target).is_file() else "no file of that name"
