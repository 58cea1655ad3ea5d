"""Pages of the documentation as their parts: headings, code, links, images, tables, API entries.

The Markdown is what GitHub, the site and the notebooks have in common: CommonMark with tables,
explicit heading ids (`## Train it { #train-it }`) and entries of the API (`::: pellucid.mlp`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = ("en", "ko")

HEADING_ID = re.compile(r"\s*\{\s*#(?P<id>[\w.-]+)\s*\}\s*$")
ENTRY = re.compile(r"::: (?P<name>[\w.]+)")
_COMMENT = re.compile(r"<!--\s*(?P<note>.*?)\s*-->", re.DOTALL)
_ADDRESS = re.compile(
    r"<(?P<tag>a|img|source|iframe)\b[^>]*?\b(?:href|src|srcset)=\"(?P<to>[^\"]*)"
)


@dataclass(frozen=True)
class Part:
    """A part of a page: what translations have in common.

    `kind` is "heading", "code", "link", "image", "table", "list", "entry" or "note" (a comment).
    `key` names it: the level and id of a heading, the language of code, where a link leads, the
    size of a table or a list. `text` is the heading's or note's text, or the code.
    """

    kind: str
    key: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page: its path below `docs/en` or `docs/ko`, its text and its parts from top to bottom."""

    language: str
    path: str
    text: str
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        """Return the text of the first heading."""
        return next((part.text for part in self.parts if part.kind == "heading"), self.path)

    @property
    def ids(self) -> list[str]:
        """Return the ids of headings and API entries."""
        headings = [part.key.partition("#")[2] for part in self.of("heading")]
        return headings + [part.key for part in self.of("entry")]

    def of(self, kind: str) -> list[Part]:
        """Return the parts of one kind."""
        return [part for part in self.parts if part.kind == kind]

    def place(self, part: Part) -> str:
        """Return where a part is, as compilers write it."""
        return f"docs/{self.language}/{self.path}:{part.line}"


def pages(language: str, docs: Path = DOCS) -> dict[str, Page]:
    """Return the pages of a language by their paths."""
    folder = docs / language
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    return {path: read(language, path, docs) for path in paths}


def read(language: str, path: str, docs: Path = DOCS) -> Page:
    """Return one page."""
    return parsed(language, path, (docs / language / path).read_text(encoding="utf-8"))


@cache
def parsed(language: str, path: str, text: str) -> Page:
    """Return the page that a text is."""
    return Page(language, path, text, tuple(_parts(tokens(text))))


def tokens(text: str) -> list[Token]:
    """Return a text's tokens."""
    return MarkdownIt("commonmark").enable("table").parse(text)


def _parts(found: list[Token]) -> Iterator[Part]:
    for place, token in enumerate(found):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "heading_open":
            yield _heading(token, found[place + 1].content, line)
        elif token.type == "fence":
            yield Part("code", token.info.strip(), token.content, line)
        elif token.type == "table_open":
            yield Part("table", _size(found[place:], "table", "tr"), "", line)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            kind = token.type.removesuffix("_open")
            yield Part("list", _size(found[place:], kind, "list_item"), "", line)
        elif token.type == "html_block":
            yield from _html(token.content, line)
        elif token.type == "inline":
            yield from _inline(token, line)


def _heading(token: Token, text: str, line: int) -> Part:
    match = HEADING_ID.search(text)
    level = token.tag.removeprefix("h")
    return Part(
        "heading", f"{level}#{match['id'] if match else ''}", HEADING_ID.sub("", text), line
    )


def _size(found: list[Token], outer: str, inner: str) -> str:
    """Return how many rows a table has and how many columns, or how many items a list."""
    depth, rows, cells = 0, 0, 0
    for token in found:
        depth += (token.type == f"{outer}_open") - (token.type == f"{outer}_close")
        if depth == 0:
            break
        if depth == 1:
            rows += token.type == f"{inner}_open"
            cells += token.type in ("th_open", "td_open")
    return f"{rows} x {cells // rows}" if outer == "table" else str(rows)


def _inline(token: Token, line: int) -> Iterator[Part]:
    """Yield a paragraph's parts, sorted: the order of words is each language's own."""
    if entry := ENTRY.match(token.content):
        yield Part("entry", entry["name"], token.content, line)
        return
    found: list[Part] = []
    for child in token.children or []:
        if child.type == "link_open":
            found.append(Part("link", str(child.attrs["href"]), "", line))
        elif child.type == "image":
            found.append(Part("image", str(child.attrs["src"]), child.content, line))
        elif child.type == "html_inline":
            found.extend(_html(child.content, line))
    yield from sorted(found, key=lambda part: (part.kind, part.key))


def _html(text: str, line: int) -> Iterator[Part]:
    for match in _COMMENT.finditer(text):
        yield Part("note", match["note"].partition(":")[0], match["note"], line)
    for match in _ADDRESS.finditer(text):
        yield Part("link" if match["tag"] == "a" else "image", match["to"], "", line)
