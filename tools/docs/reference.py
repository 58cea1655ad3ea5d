"""What entries of the Python API (`::: pellucid.mlp`) stand for, as Markdown.

The site renders them by mkdocstrings; the raw Markdown beside its pages has them from here. Both
read the source by griffe, without importing it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from textwrap import dedent
from typing import Any

import griffe

from tools.docs.docstrings import plain
from tools.docs.pages import DOCS

SRC = DOCS.parent / "src"

_ENTRY = re.compile(r"^::: pellucid\.(?P<name>[\w.]+)$", re.MULTILINE)


def expanded(text: str) -> str:
    """Return a page's text with signatures and docstrings in place of its entries."""
    return _ENTRY.sub(lambda match: "\n\n".join(_entry(match["name"])), text)


def _entry(name: str) -> Iterator[str]:
    thing = _object(name)
    yield f"### pellucid.{name} {{ #pellucid.{name} }}"
    yield from _described(thing)
    if thing.is_class or thing.is_module:
        for member in thing.members.values():
            if not member.is_alias and member.is_public and member.has_docstring:
                yield from _described(member)


def _described(thing: Any) -> Iterator[str]:
    if thing.is_function:
        yield f"```python\n{_head(thing)}\n```"
    elif thing.is_class and "__init__" in thing.members:
        yield f"```python\n{_head(thing.members['__init__'])}\n```"
    if thing.has_docstring:
        yield plain(thing.docstring.value)


def _head(function: Any) -> str:
    """Return the lines of a function's definition, as they are in the source."""
    lines = function.filepath.read_text(encoding="utf-8").splitlines()
    found: list[str] = []
    for line in lines[function.lineno - 1 :]:
        found.append(line)
        if line.rstrip().endswith(":") and "def " in "".join(found):
            break
    return dedent("\n".join(found))


@cache
def _package() -> Any:
    return griffe.load("pellucid", search_paths=[SRC], resolve_aliases=True)


def _object(name: str) -> Any:
    found = _package()[name]
    return found.final_target if found.is_alias else found
