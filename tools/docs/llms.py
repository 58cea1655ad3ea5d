"""`llms.txt`: the list of pages for programs that read, and `llms-full.txt`: all of them as one."""

from __future__ import annotations

from collections.abc import Mapping

from tools.docs.contents import Contents
from tools.docs.pages import HEADING_ID, Page
from tools.docs.reference import expanded


def listing(contents: Contents, language: str, found: Mapping[str, Page], folder: str) -> str:
    """Return a language's pages with a sentence about each; links begin with `folder`."""
    lines = [
        f"# {contents.texts[language]['name']}",
        "",
        f"> {contents.texts[language]['description']}",
    ]
    for section in contents.sections:
        pages = [found[path] for path in section.pages if path in found]
        if pages:
            lines += ["", f"## {section.titles[language]}", ""]
            lines += [f"- [{page.title}]({folder}{page.path}): {about(page)}" for page in pages]
    return "\n".join(lines) + "\n"


def full(contents: Contents, found: Mapping[str, Page]) -> str:
    """Return all pages of a language, one after another, the API with its docstrings."""
    order = [path for path in contents.order() if path in found]
    return "\n\n".join(raw(found[path]).strip() for path in order) + "\n"


def raw(page: Page) -> str:
    """Return a page as Markdown that needs no program to complete it."""
    return expanded(page.text)


def about(page: Page) -> str:
    """Return the first sentence of a page."""
    paragraph: list[str] = []
    for line in page.text.splitlines():
        line = HEADING_ID.sub("", line).strip()
        if line and not line.startswith(("#", "<", "|", "`", "!", ":", "-")):
            paragraph.append(line)
        elif paragraph:
            break
    text = " ".join(paragraph)
    return text.split(". ")[0].rstrip(".") + "." if text else ""
