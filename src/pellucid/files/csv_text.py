"""Lines of CSV files that a spreadsheet shows and does not compute.

Excel, LibreOffice and Google Sheets take a cell for a formula by its first character, whatever
wrote the file (OWASP, "CSV Injection"); class names, column names and paths come from strangers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Also as full-width characters, which some spreadsheets take for the same.
_FORMULA = re.compile("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Semicolons and tabs separate cells where a comma is the decimal sign.
_QUOTED = re.compile('[",;|\t\r\n]')


def csv_line(cells: Iterable[object]) -> str:
    r"""Return one line of a CSV file, with its newline.

    A text that begins as a formula does, and is no number, gets an apostrophe in front: then it
    begins a text.

    >>> csv_line(["=1+1", -1.5, "-1e-7", "a;=b"])
    '\'=1+1,-1.5,-1e-7,"a;=b"\n'
    """
    return ",".join(map(_cell, map(str, cells))) + "\n"


def _cell(text: str) -> str:
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    if not _QUOTED.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
