"""JSON in which no name occurs twice: readers would take either of the two values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from pellucid.errors import InputError


def loads(text: str | bytes, constant: Callable[[str], Any] | None = None) -> Any:
    """Return what JSON says; `constant` makes a value of NaN and Infinity.

    Raises InputError for a name that an object has twice, and what `json.loads` raises.
    """
    return json.loads(text, object_pairs_hook=_unique, parse_constant=constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise InputError("it has {name} twice", name=repr(twice))
    return found
