"""Write the pages of docs/en and docs/ko that hold measurements.

A page has two templates, pages/NAME.en.md and pages/NAME.ko.md, and one set of figures, which its
generator reads from a JSON file beside this module. So both languages show the same measurement,
and a change of the text needs no new one.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pellucid.files.atomic import write_whole

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
LANGUAGES = ("en", "ko")


def write(page: str, figures: Callable[[str], Mapping[str, str]], docs: Path = DOCS) -> None:
    """Fill the templates of `page` ("measured/tables") with `figures(language)`."""
    name = page.rpartition("/")[2]
    for language in LANGUAGES:
        path = docs / language / f"{page}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, filled(name, language, figures(language)).encode())


def filled(name: str, language: str, figures: Mapping[str, str]) -> str:
    """Return a template with its figures."""
    template = (HERE / "pages" / f"{name}.{language}.md").read_text(encoding="utf-8")
    return string.Template(template).substitute(figures)


def translate(text: str, language: str, words: Mapping[str, str]) -> str:
    """Replace English phrases, outside of code and ids; the longest match wins.

    >>> translate("| one row, 2 threads | `one row` |", "ko", {"one row": "한 행"})
    '| 한 행, 스레드 2개 | `one row` |'
    """
    if language == "en":
        return text
    phrases = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    pattern = re.compile(
        rf"`[^`]*`|\{{ #.*? \}}|(?<!\w)(?:(?P<count>\d+) threads?|{phrases})(?!\w)"
    )
    return pattern.sub(lambda found: _korean(found, words), text)


def _korean(found: re.Match[str], words: Mapping[str, str]) -> str:
    count = found["count"]
    return words.get(found[0], found[0]) if count is None else f"스레드 {count}개"


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table: the first column aligned left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
