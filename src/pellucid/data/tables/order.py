"""Which numbers of a row predictions must rise or fall with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.types import Vector
from pellucid.data.tables.kinds import DateColumn, NumberColumn
from pellucid.errors import InputError

if TYPE_CHECKING:
    from pellucid.data.tables.columns import Columns


def order_of(columns: Columns, increasing: Sequence[str], decreasing: Sequence[str]) -> Vector:
    """Return the order of each of the D numbers of a row; see `Columns.order`."""
    order = np.zeros(columns.width)
    known = dict(zip((each.name for each in columns.columns), columns.starts, strict=True))
    kinds = {each.name: each for each in columns.columns}
    for what, names, sign in (("increasing", increasing, 1), ("decreasing", decreasing, -1)):
        if isinstance(names, str):
            raise InputError('{what} must be a list of column names such as ["id"]', what=what)
        for name in names:
            if name not in known:
                raise InputError(
                    "{what}: {name} is no input of the network; its columns are {known}",
                    what=what,
                    name=repr(name),
                    known=", ".join(known),
                )
            if not isinstance(kinds[name], NumberColumn):
                raise _no_number(what, name, dated=isinstance(kinds[name], DateColumn))
            if order[known[name]] == -sign:
                template = "column {name} cannot be both increasing and decreasing"
                raise InputError(template, name=repr(name))
            order[known[name]] = sign
    return order


def _no_number(what: str, name: str, dated: bool) -> InputError:
    if dated:
        template = (
            "{what}: column {name} holds dates, whose cycles rise and fall; declare it as a number "
            "(numbers=, --number) to keep its trend alone"
        )
    else:
        template = (
            "{what}: column {name} holds categories, which have no order; declare it as a number "
            "(numbers=, --number) if its cells are numbers"
        )
    return InputError(template, what=what, name=repr(name))
