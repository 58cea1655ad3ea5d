"""Docstrings as the site's tools read them.

Ours are numpydoc's up to the parameters. Behind those follow plain paragraphs ("Raises InputError
where ...") and doctests, which numpydoc takes for more parameters, and Markdown for quotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import griffe

_SECTION = re.compile(r"(?P<name>Parameters|Attributes|Returns|Yields)\n-{3,}\n")
_TITLE = re.compile(r"^(?!Parameters|Attributes|Returns|Yields)(?P<name>[A-Z][\w ]*)\n-{3,}\n")
_ITEM = re.compile(r"[*\w]+(?:, [*\w]+)*(?: : .*)?\n {4}\S")
_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)


def plain(text: str) -> str:
    """Return a docstring as Markdown, its sections as lists."""
    return "\n\n".join(_listed(part) if section else part for section, part in _parts(text))


class Sections(griffe.Extension):
    """Parses docstrings: sections of parameters by griffe, what is around them as Markdown."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Parse the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.parsed = list(_parsed(obj.docstring))


def _parsed(docstring: griffe.Docstring) -> Iterator[griffe.DocstringSection]:
    for section, text in _parts(docstring.value):
        if section:
            whole = griffe.Docstring(text, parent=docstring.parent)
            yield from whole.parse("numpy", warnings=False)
        else:
            yield griffe.DocstringSectionText(text)


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the sections of a docstring and what is between them; True for sections."""
    parts: list[tuple[bool, list[str]]] = []
    for block in _blocks(text):
        begins = bool(_SECTION.match(block))
        inside = bool(parts) and parts[-1][0]
        goes_on = inside and not begins and bool(_ITEM.match(block) or block.startswith("    "))
        if parts and (goes_on or (not inside and not begins)):
            parts[-1][1].append(block)
        else:
            parts.append((begins, [block]))
    return ((section, "\n\n".join(blocks)) for section, blocks in parts)


def _blocks(text: str) -> list[str]:
    """Return the paragraphs of a docstring, doctests fenced, brackets that are no links escaped."""
    return [_readable(block) for block in re.split(r"\n\s*\n", text.strip("\n"))]


def _readable(block: str) -> str:
    if block.lstrip().startswith(">>>"):
        return f"```pycon\n{block}\n```"
    pieces = _CODE.split(_TITLE.sub(r"**\g<name>**\n\n", block))
    return "".join(
        piece if place % 2 else piece.replace("][", "]\\[") for place, piece in enumerate(pieces)
    )


def _listed(section: str) -> str:
    """Return a section as a list of its items."""
    name, _, body = section.partition("\n")
    lines = [
        f"  {line.strip()}" if line.startswith("    ") else f"- **{line}**" if line else ""
        for line in body.splitlines()[1:]
    ]
    return "\n".join([f"**{name}**", "", *lines])
