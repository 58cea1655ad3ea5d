"""The base of every result of lens: it prints as text, and turns into plain lists for JSON."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

import numpy as np

PlainDict: TypeAlias = dict[str, Any]
"""Names and the values that JSON can hold: numbers, texts, lists, None."""


class Report:
    """A result whose attributes are numbers, texts, lists and arrays.

    `LEFT_OUT` names the attributes that `to_dict` leaves out.
    """

    LEFT_OUT: ClassVar[tuple[str, ...]] = ()

    def to_dict(self) -> PlainDict:
        """Return the attributes as plain lists, numbers and texts."""
        kept = {name: value for name, value in vars(self).items() if name not in self.LEFT_OUT}
        return {name: plain(value) for name, value in kept.items()}

    # The last line of a notebook cell or a prompt shows the same text as print().
    def __repr__(self) -> str:
        return str(self)


def plain(value: Any) -> Any:
    """Return arrays as lists, and named tuples, also those of a list, as dictionaries."""
    if isinstance(value, np.ndarray):
        found = value.astype(object)
        found[~np.isfinite(value)] = None  # JSON has neither NaN nor infinity
        return found.tolist()
    if isinstance(value, list):
        return [plain(one) for one in value]
    named = value._asdict() if hasattr(value, "_asdict") else None
    return value if named is None else {name: plain(one) for name, one in named.items()}
