"""Lessons as notebooks: the same text and code, as cells.

What a lesson shows as output is left out: running the notebook makes it. Images come along, links
to other pages are text only, because a notebook is read anywhere.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from tools.docs.pages import DOCS, HEADING_ID, Page

_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:)[^)]*\)")
_IMAGE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<to>[^)]+)\)")
_PICTURE = re.compile(
    r"<picture>.*?<img src=\"(?P<to>[^\"]+)\" alt=\"(?P<text>[^\"]*)\">.*?</picture>", re.DOTALL
)
_DROPPED = re.compile(r"<!--.*?-->\n?|</?details[^>]*>\n?", re.DOTALL)
_SUMMARY = re.compile(r"<summary>(?P<text>.*?)</summary>")


def notebook(page: Page, docs: Path = DOCS) -> str:
    """Return a page as a notebook (nbformat 4.5)."""
    lines, cells, done = page.text.splitlines(), [], 0
    for part in page.of("code"):
        end = part.line + 1 + part.text.count("\n")
        before = lines[done : part.line - 1]
        if part.key not in ("python", "sh", "text"):
            continue
        cells += _prose("\n".join(before), page, docs)
        if part.key != "text":
            cells.append(_code(part.text if part.key == "python" else _commands(part.text)))
        done = end
    cells += _prose("\n".join(lines[done:]), page, docs)
    for place, cell in enumerate(cells):
        cell["id"] = sha256(f"{place}{cell['source']}".encode()).hexdigest()[:8]
    document = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def _code(text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": text.rstrip("\n")}
    return cell | {"execution_count": None, "outputs": []}


def _commands(text: str) -> str:
    """Return shell commands as a notebook runs them."""
    return f"%%sh\n{text}"


def _prose(text: str, page: Page, docs: Path) -> list[dict[str, Any]]:
    text = _SUMMARY.sub(r"**\g<text>**", _DROPPED.sub("", text))
    text = _PICTURE.sub(r"![\g<text>](\g<to>)", text)
    text = "\n".join(
        HEADING_ID.sub("", line) if line.startswith("#") else line for line in text.splitlines()
    )
    attachments: dict[str, dict[str, str]] = {}

    def attached(match: re.Match[str]) -> str:
        file = Path(os.path.normpath((docs / page.language / page.path).parent / match["to"]))
        kind = mimetypes.guess_type(file.name)[0] or "image/webp"
        attachments[file.name] = {kind: base64.b64encode(file.read_bytes()).decode()}
        return f"![{match['text']}](attachment:{file.name})"

    text = _LINK.sub(lambda match: match["text"], _IMAGE.sub(attached, text)).strip()
    if not text:
        return []
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": text}
    return [cell | {"attachments": attachments} if attachments else cell]
