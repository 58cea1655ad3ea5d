"""`llms.txt`: the list of pages for programs that read, and `llms-full.txt`: all of them as one."""

from __future__ import annotations

from collections.abc import Mapping

from tools.docs.contents import Contents
from tools.docs.pages import Page, tokens
from tools.docs.reference import expanded


def listing(contents: Contents, language: str, found: Mapping[str, Page], folder: str) -> str:
    """Return a language's pages with a sentence about each; links begin with `folder`."""
    lines = [
        f"# {contents.texts[language]['name']}",
        "",
        f"> {contents.texts[language]['description']}",
    ]
    for section in contents.sections:
        lines += ["", f"## {section.titles[language]}", ""]
        for page in map(found.__getitem__, section.pages):
            lines.append(f"- [{page.title}]({folder}{page.path}): {about(page)}")
    return "\n".join(lines) + "\n"


def full(contents: Contents, found: Mapping[str, Page]) -> str:
    """Return all pages of a language, one after another, the API with its docstrings."""
    return "\n\n".join(raw(found[path]).strip() for path in contents.order()) + "\n"


def raw(page: Page) -> str:
    """Return a page as Markdown that needs no program to complete it."""
    return expanded(page.text)


def about(page: Page) -> str:
    """Return the first sentence of a page."""
    found = tokens(page.text)
    start = next(place for place, token in enumerate(found) if token.type == "paragraph_open")
    words = found[start + 1].children or []
    text = "".join(" " if word.type == "softbreak" else word.content for word in words)
    return f"{' '.join(text.split()).split('. ')[0].rstrip('.:')}."
