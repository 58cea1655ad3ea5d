"""What a column can be for a network, and how each kind is written down; the target likewise."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from pellucid.core.types import Options
from pellucid.data.tables.cells import LARGEST
from pellucid.errors import InputError, Message
from pellucid.language import say

MOST_COLUMNS = 100_000
MOST_NUMBERS = 1_000_000  # that a row may become: what a hostile file could make us reserve


class NumberColumn(NamedTuple):
    """A column of numbers.

    It becomes one number, cell - offset, `mean` where the cell is missing; and, where cells were
    `missing` in training, a second one, 1 for missing and 0 for not. `offset` is 0, or a round
    number near the mean where the numbers are so large beside their spread (years, times) that
    float32 would blur them. `deviation` is that of the filled column.
    """

    name: str
    mean: float
    deviation: float
    missing: bool = False
    offset: float = 0.0

    @property
    def names(self) -> list[str]:
        """What to call the numbers that it becomes."""
        return [self.name, *([say("{column} missing", column=self.name)] if self.missing else [])]


class CategoryColumn(NamedTuple):
    """A column of categories.

    It becomes one number for each category, 1 for the cell's and 0 for the others, and one more for
    missing cells where there were some in training. A cell of any other category is 0 everywhere.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool = False

    @property
    def names(self) -> list[str]:
        """What to call the numbers that it becomes."""
        own = [f"{self.name}={category}" for category in self.categories]
        return [*own, *([say("{column} missing", column=self.name)] if self.missing else [])]


class Target(NamedTuple):
    """The column to predict.

    "classes" (whose names the network has), or "values" with their mean and deviation.
    """

    name: str
    kind: str
    mean: float = 0.0
    deviation: float = 1.0


Column: TypeAlias = NumberColumn | CategoryColumn

_FIELDS = {
    "number": {"name", "kind", "mean", "deviation", "missing", "offset"},
    "category": {"name", "kind", "categories", "missing"},
    "classes": {"name", "kind"},
    "values": {"name", "kind", "mean", "deviation"},
}


def column_to_dict(column: Column) -> Options:
    """Give a column as JSON can hold it."""
    if isinstance(column, NumberColumn):
        return {"kind": "number", **column._asdict()}
    return {"kind": "category", **column._asdict(), "categories": list(column.categories)}


def target_to_dict(target: Target) -> Options:
    """Give a target as JSON can hold it."""
    if target.kind == "classes":
        return {"name": target.name, "kind": "classes"}
    return target._asdict()


def columns_of(entries: Any) -> tuple[Column, ...]:
    """Make columns from what a file says.

    Trusts nothing, and raises InputError for anything that does not fit.
    """
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_COLUMNS:
        raise InputError(_malformed())
    columns = tuple(_column(entry) for entry in entries)
    if len({column.name for column in columns}) < len(columns):
        raise InputError(_malformed())
    if sum(1 if isinstance(c, NumberColumn) else len(c.categories) for c in columns) > MOST_NUMBERS:
        raise InputError(_malformed())
    return columns


def target_of(entry: Any) -> Target | None:
    """Make a target from what a file says, as `columns_of` makes columns."""
    if entry is None:
        return None
    _check_fields(entry, ("classes", "values"))
    if entry["kind"] == "classes":
        return Target(entry["name"], "classes")
    mean, deviation = _number(entry["mean"]), _number(entry["deviation"])
    if deviation <= 0:
        raise InputError(_malformed())
    return Target(entry["name"], "values", mean, deviation)


def _column(entry: Any) -> Column:
    _check_fields(entry, ("number", "category"))
    if type(entry["missing"]) is not bool:
        raise InputError(_malformed())
    if entry["kind"] == "number":
        mean, deviation, offset = (_number(entry[name]) for name in ("mean", "deviation", "offset"))
        if deviation < 0:
            raise InputError(_malformed())
        return NumberColumn(entry["name"], mean, deviation, entry["missing"], offset)
    names = entry["categories"]
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not texts or len(set(names)) < len(names) or len(names) + entry["missing"] == 0:
        raise InputError(_malformed())
    return CategoryColumn(entry["name"], tuple(names), entry["missing"])


def _check_fields(entry: Any, kinds: tuple[str, str]) -> None:
    known = (
        isinstance(entry, dict) and isinstance(entry.get("kind"), str) and entry["kind"] in kinds
    )
    if not known or set(entry) != _FIELDS[entry["kind"]] or not isinstance(entry["name"], str):
        raise InputError(_malformed())


def _number(value: Any) -> float:
    # A whole number of a thousand digits is JSON, too, and no float.
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not -LARGEST <= value <= LARGEST
    ):
        raise InputError(_malformed())
    return float(value)


def _malformed() -> Message:
    return Message("its description of the table's columns is malformed")
