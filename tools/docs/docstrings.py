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
_ITEM = re.compile(r"[*\w]+(?:, [*\w]+)*(?: : .*)?\n {4}\S")
_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)


def plain(text: str) -> str:
    """Return a docstring as Markdown."""
    return "\n\n".join(_listed(block) for block in _blocks(text))


class Sections(griffe.Extension):
    """Parses docstrings: sections of parameters by griffe, what is around them as Markdown."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Parse the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.parsed = list(_sections(obj.docstring))


def _sections(docstring: griffe.Docstring) -> Iterator[griffe.DocstringSection]:
    prose: list[str] = []
    section: list[str] = []
    for block in [*_blocks(docstring.value), ""]:
        begins = bool(_SECTION.match(block))
        if section and (begins or not _ITEM.match(block)):
            text = "\n\n".join(section)
            yield from griffe.Docstring(text, parent=docstring.parent).parse(
                "numpy", warnings=False
            )
            section = []
        if begins or section:
            if prose:
                yield griffe.DocstringSectionText("\n\n".join(prose))
            prose = []
            section.append(block)
        else:
            prose.append(block)
    if prose := [block for block in prose if block]:
        yield griffe.DocstringSectionText("\n\n".join(prose))


def _blocks(text: str) -> list[str]:
    """Return the paragraphs of a docstring, doctests fenced, brackets that are no links escaped."""
    return [_readable(block) for block in re.split(r"\n\s*\n", text.strip("\n"))]


def _readable(block: str) -> str:
    if block.lstrip().startswith(">>>"):
        return f"```pycon\n{block}\n```"
    pieces = _CODE.split(block)
    return "".join(
        piece if place % 2 else piece.replace("][", "]\\[") for place, piece in enumerate(pieces)
    )


def _listed(block: str) -> str:
    """Return a section as a list of its items."""
    section = _SECTION.match(block)
    body = block[section.end() :] if section else block
    if not _ITEM.match(body):
        return block
    lines = [f"**{section['name']}**\n"] if section else []
    lines += [
        f"  {line.strip()}" if line.startswith("    ") else f"- **{line}**"
        for line in body.splitlines()
    ]
    return "\n".join(lines)
