"""How the texts of a column of categories become codes, for exporters of raw columns.

`data.tables.reading` is the definition. Exported code knows no more than a list of texts, so the
spellings that mean the same are listed here: "TRUE" for "true", "3.0" for "3", "NA" for missing.
"""

from __future__ import annotations

from pellucid.data.tables import booleans
from pellucid.data.tables.cells import MISSING, canonical
from pellucid.data.tables.kinds import CategoryColumn
from pellucid.errors import InputError
from pellucid.network import Network


def text_codes(column: CategoryColumn) -> dict[str, int]:
    """Return the code of each text of a column: the place of its number among the column's.

    Texts that mean a missing cell have a code where training had missing cells. Any other text is
    unseen: all numbers are 0.

    >>> text_codes(CategoryColumn("c", ("3", "true")))
    {'3': 0, '3.0': 0, 'true': 1, 'True': 1, 'TRUE': 1}
    """
    codes: dict[str, int] = {}
    for code, category in enumerate(column.categories):
        codes |= dict.fromkeys(_spellings(category), code)
    for word, code in booleans.spellings(column.categories).items():
        for spelling in (word, word.capitalize(), word.upper()):
            # A spelling of the column's own categories comes first.
            codes.setdefault(spelling, code)
    if column.missing:
        codes |= dict.fromkeys(["", *sorted(MISSING)], len(column.categories))
    return codes


def check_raw(net: Network) -> None:
    """Raise InputError for a network that has no columns of a table."""
    columns = net.columns
    if unnamed := [column for column in columns.columns if not column.name]:
        template = "raw columns need names, and {count} of this network's has none"
        raise InputError(template, count=len(unnamed))


def _spellings(category: str) -> list[str]:
    """Return the usual texts whose canonical form is this category, itself first."""
    usual = (category, category.capitalize(), category.upper(), f"{category}.0")
    return [text for text in dict.fromkeys(usual) if canonical(text) == category]
