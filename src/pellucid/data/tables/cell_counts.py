"""How many cells of each column were unusual, added up over the many parts of a long table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pellucid.data.tables.reading import IMPUTED, UNREADABLE, UNSEEN, Report, counted
from pellucid.language import mark, translate

Counts: TypeAlias = dict[str, dict[str, int]]
"""The number of cells by kind ("unseen", "outside", "imputed", "unreadable") and column."""

_OUTSIDE = mark("cells far outside the range of training: {count:,} ({parts})")
_SENTENCES = {"unseen": UNSEEN, "outside": _OUTSIDE, "unreadable": UNREADABLE, "imputed": IMPUTED}


def counts_of(report: Report) -> Counts:
    """Return the unusual cells of a report without their texts, which may be many."""
    found: Counts = {
        "unseen": {name: texts.total() for name, texts in report.unseen.items()},
        "outside": {name: outside.cells for name, outside in report.outside.items()},
        "unreadable": {name: texts.total() for name, texts in report.unreadable.items()},
        "imputed": dict(report.imputed),
    }
    return {kind: columns for kind, columns in found.items() if columns}


def add_counts(total: Counts, more: Mapping[str, Mapping[str, int]]) -> None:
    """Add the counts of a part to a total."""
    for kind, columns in more.items():
        known = total.setdefault(kind, {})
        for name, count in columns.items():
            known[name] = known.get(name, 0) + count


def counts_in_words(counts: Counts) -> list[str]:
    """Return a sentence for each kind of cells of which there are any."""
    return [
        translate(counted(template, counts[kind]))
        for kind, template in _SENTENCES.items()
        if counts.get(kind)
    ]
