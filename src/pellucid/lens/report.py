"""The base of every result of lens: it prints as text, and turns into plain lists for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

PlainDict: TypeAlias = dict[str, Any]
"""Names and the values that JSON can hold: numbers, texts, lists, None."""


class Report:
    """A result whose attributes are numbers, texts, lists and arrays."""

    def to_dict(self) -> PlainDict:
        """Return every attribute as plain lists, numbers and texts."""
        return plain(vars(self))

    # The last line of a notebook cell or a prompt shows the same text as print().
    def __repr__(self) -> str:
        return str(self)


def plain(values: Mapping[str, Any]) -> PlainDict:
    """Return named values with their arrays as lists."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
