"""Mistakes of the built site: dead links, requests to other hosts, Markdown that is misread.

The pages were checked before the build (`links.py`); this sees what the theme and the docstrings
add, and what the site's renderer takes for something else than GitHub does.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.docs.pages import Page, tokens

LOADED = {"script": "src", "img": "src", "source": "srcset", "iframe": "src", "link": "href"}
"""Elements that make the browser ask for another file, by the attribute that names it."""
_COUNTED = {"li": "list_item_open", "table": "table_open", "blockquote": "blockquote_open"}


class Html(HTMLParser):
    """A built page: its ids, its links, what it loads, and how often the elements of text occur."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[tuple[int, str]] = []
        self.loads: list[tuple[int, str]] = []
        self.elements: Counter[str] = Counter()
        self.language = ""
        self._article = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        has = {name: value or "" for name, value in attrs}
        self.ids |= {has[name] for name in ("id", "name") if has.get(name)}
        line = self.getpos()[0]
        if tag == "html":
            self.language = has.get("lang", "")
        self._article |= tag == "article"
        if self._article:
            self.elements[tag] += 1
        if tag == "a" and has.get("href"):
            self.links.append((line, has["href"]))
        address = has.get(LOADED.get(tag, ""))
        if address and not (tag == "link" and has.get("rel") in ("canonical", "next", "prev")):
            self.loads.append((line, address))

    def handle_endtag(self, tag: str) -> None:
        """Note where the article ends."""
        self._article &= tag != "article"


def mistakes(site: Path, found: Mapping[str, Mapping[str, Page]]) -> list[str]:
    """Return the mistakes of a built site."""
    built = {
        path.relative_to(site).as_posix(): Html(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
        if not path.relative_to(site).as_posix().startswith("live/")
    }
    wrong = [each for path, page in built.items() for each in _dead(path, page, built, site)]
    for language, pages in found.items():
        for page in pages.values():
            wrong += _misread(page, built[f"{language}/{built_name(page.path)}"])
    return wrong


def built_name(path: str) -> str:
    """Return the file that a page becomes."""
    folder, name = posixpath.split(path.removesuffix(".md"))
    return posixpath.join(folder, "" if name == "index" else name, "index.html")


def _dead(path: str, page: Html, built: Mapping[str, Html], site: Path) -> list[str]:
    wrong = []
    for line, address in [*page.links, *page.loads]:
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            if (line, address) in page.loads:
                wrong.append(f"{path}:{line}: asks another host: {address}")
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
        if not parts.path:
            target = path
        elif (site / target).is_dir():
            target = posixpath.join(target, "index.html")
        if target.startswith("..") or not (site / target).is_file():
            wrong.append(f"{path}:{line}: leads nowhere: {address}")
        elif (
            parts.fragment and target in built and unquote(parts.fragment) not in built[target].ids
        ):
            wrong.append(f"{path}:{line}: nothing has this id: {address}")
    return wrong


def _misread(page: Page, built: Html) -> list[str]:
    """Return where a built page has other lists, tables or quotations than its Markdown."""
    where = f"docs/{page.language}/{page.path}"
    wrong = []
    if built.language != page.language:
        wrong.append(f"{where}: built as {built.language or 'no language'}")
    if page.of("entry"):
        return wrong  # docstrings have lists of their own
    expected = Counter(token.type for token in tokens(page.text))
    for element, name in _COUNTED.items():
        if built.elements[element] != expected[name]:
            wrong.append(
                f"{where}: {expected[name]} <{element}> in the Markdown, "
                f"{built.elements[element]} on the site"
            )
    return wrong
