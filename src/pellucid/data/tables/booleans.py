"""Truth values in every spelling: true and false, yes and no, 1 and 0, 예 and 아니오."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

_PAIRS = (
    ("false", "true"),
    ("no", "yes"),
    ("n", "y"),
    ("f", "t"),
    ("0", "1"),
    ("off", "on"),
    ("아니오", "예"),
    ("아니요", "예"),
    ("거짓", "참"),
)
_MEANINGS = {word: bool(place) for pair in _PAIRS for place, word in enumerate(pair)}


def meaning(text: str) -> bool | None:
    """Return what a text means as a truth value, in capitals or not; None for any other text.

    >>> [meaning(text) for text in ("TRUE", "no", "예", "0", "maybe")]
    [True, False, True, False, None]
    """
    return _MEANINGS.get(text.casefold())


def is_pair(names: Collection[str]) -> bool:
    """Return whether names are the two truth values of one spelling, capitals aside.

    A mixture, such as "yes" and "false", is none: nothing says that it means truth values.
    """
    return {name.casefold() for name in names} in [set(pair) for pair in _PAIRS]


def folded(counts: Counter[str]) -> Counter[str]:
    """Return counts of texts with the capitals of truth values made alike; others as they are.

    >>> folded(Counter({"Yes": 5, "yes": 1, "No": 3}))
    Counter({'Yes': 6, 'No': 3})
    """
    if not is_pair(counts):
        return counts
    merged = Counter[str]()
    for name, times in counts.items():
        alike = [other for other in counts if other.casefold() == name.casefold()]
        # By text where counts are equal, so that the order of the rows does not matter.
        merged[max(alike, key=lambda other: (counts[other], other))] += times
    return merged


def spellings(names: Sequence[str]) -> dict[str, int]:
    """Return the place among names of every text that means the same, by its small letters.

    Empty unless the names are the two truth values of one spelling.

    >>> spellings(["no", "yes"])["참"], spellings(["red", "blue"])
    (1, {})
    """
    if len(names) != 2 or not is_pair(names):
        return {}
    places = {meaning(name): place for place, name in enumerate(names)}
    return {word: places[value] for word, value in _MEANINGS.items()}
