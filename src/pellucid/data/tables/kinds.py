"""The kinds of columns and targets that a network knows, and their form in a model file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeAlias

from pellucid.core.types import Options
from pellucid.data.tables.cells import LARGEST
from pellucid.errors import InputError
from pellucid.language import say

MOST_COLUMNS = 100_000
MARGIN = 0.1  # share of a column's range by which a number may be beyond it without a report
MOST_NUMBERS = 1_000_000  # of a row: the memory that a hostile file could make us reserve


class NumberColumn(NamedTuple):
    """A column of numbers.

    It becomes one number, cell - offset, `mean` where the cell is missing; and, where cells were
    `missing` in training, a second one, 1 for missing and 0 for not. `offset` is 0, or a round
    number near the mean where the numbers are so large beside their spread (years, times) that
    float32 would lose digits of it. `std` is the standard deviation of the imputed column, `low`
    and `high` are its least and greatest number in training.
    """

    name: str
    mean: float
    std: float
    missing: bool = False
    offset: float = 0.0
    low: float = -LARGEST
    high: float = LARGEST

    @property
    def width(self) -> int:
        """How many numbers of a row it becomes."""
        return 1 + self.missing

    @property
    def limits(self) -> tuple[float, float]:
        """The least and greatest number that are not reported: `MARGIN` beyond those of training.

        A new row of the same population is beyond the extremes of n training rows with probability
        2 / (n + 1) by chance alone, but rarely far beyond: a report of every such cell would cry
        wolf.
        """
        room = MARGIN * (self.high - self.low)
        return self.low - room, self.high + room

    @property
    def names(self) -> list[str]:
        """The names of these numbers."""
        return [self.name, *([say("{column} missing", column=self.name)] if self.missing else [])]

    def to_dict(self) -> Options:
        """Return the column as JSON can hold it."""
        return {"kind": "number", **self._asdict()}


class CategoryColumn(NamedTuple):
    """A column of categories.

    It becomes one number for each category, 1 for the cell's and 0 for the others, and one more for
    missing cells where there were some in training. A cell of any other category is 0 everywhere.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool = False

    @property
    def width(self) -> int:
        """How many numbers of a row it becomes."""
        return len(self.categories) + self.missing

    @property
    def names(self) -> list[str]:
        """The names of these numbers."""
        own = [f"{self.name}={category}" for category in self.categories]
        return [*own, *([say("{column} missing", column=self.name)] if self.missing else [])]

    def to_dict(self) -> Options:
        """Return the column as JSON can hold it."""
        return {"kind": "category", **self._asdict(), "categories": list(self.categories)}


class Target(NamedTuple):
    """The column to predict.

    `kind` is "classes" (whose names the network has), or "values" with their mean and standard
    deviation. `labels` says what classes are: "text", "int" for whole numbers, "bool" for truth
    values.
    """

    name: str
    kind: str
    mean: float = 0.0
    std: float = 1.0
    labels: str = "text"

    def to_dict(self) -> Options:
        """Return the target as JSON can hold it."""
        entry = self._asdict()
        for unused in ("labels",) if self.kind == "values" else ("mean", "std"):
            del entry[unused]
        return entry

    def label(self, name: str) -> Label:
        """Return a class by its name: the whole number or truth value that it is, or the name."""
        try:
            return LABELS[self.labels](name)
        except ValueError:  # names that were changed since
            return name


Label: TypeAlias = str | int | bool
LABELS: dict[str, Callable[[str], Label]] = {"text": str, "int": int, "bool": "true".__eq__}

Column: TypeAlias = NumberColumn | CategoryColumn


def columns_from(entries: Any) -> tuple[Column, ...]:
    """Return the columns that a file describes.

    Trusts nothing; raises InputError for anything that does not fit.
    """
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_COLUMNS:
        raise malformed()
    columns = tuple(_column(entry) for entry in entries)
    names, width = {column.name for column in columns}, sum(column.width for column in columns)
    if len(names) < len(columns) or width > MOST_NUMBERS:
        raise malformed()
    return columns


def target_from(entry: Any) -> Target | None:
    """Return the target that a file describes; raises InputError as `columns_from` does."""
    if entry is None:
        return None
    if isinstance(entry, dict) and entry.get("kind") == "classes":
        _check_fields(entry, {"name", "kind", "labels"})
        if not isinstance(entry["labels"], str) or entry["labels"] not in LABELS:
            raise malformed()
        return Target(entry["name"], "classes", labels=entry["labels"])
    _check_fields(entry, {"name", "kind", "mean", "std"})
    mean, std = _number(entry["mean"]), _number(entry["std"])
    if entry["kind"] != "values" or std <= 0:
        raise malformed()
    return Target(entry["name"], "values", mean, std)


def targets_from(entry: Any) -> tuple[Target, ...]:
    """Return the targets that a file describes, none, one, or several of values.

    Raises InputError as `columns_from` does.
    """
    if not isinstance(entry, list):
        target = target_from(entry)
        return () if target is None else (target,)
    if not 2 <= len(entry) <= MOST_COLUMNS:
        raise malformed()
    found = [target_from(each) for each in entry]
    targets = tuple(target for target in found if target is not None and target.kind == "values")
    if len({target.name for target in targets}) < len(entry):
        raise malformed()
    return targets


def malformed() -> InputError:
    """Return the error of a file whose description of columns does not fit."""
    return InputError("its description of the table's columns is malformed")


def _column(entry: Any) -> Column:
    if isinstance(entry, dict) and entry.get("kind") == "number":
        numbers = ("mean", "std", "offset", "low", "high")
        _check_fields(entry, {"name", "kind", "missing", *numbers})
        mean, std, offset, low, high = (_number(entry[name]) for name in numbers)
        if std < 0 or low > high:
            raise malformed()
        return NumberColumn(entry["name"], mean, std, entry["missing"], offset, low, high)
    _check_fields(entry, {"name", "kind", "categories", "missing"})
    names = entry["categories"]
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if entry["kind"] != "category" or not texts or len(set(names)) < len(names):
        raise malformed()
    column = CategoryColumn(entry["name"], tuple(names), entry["missing"])
    if column.width == 0:
        raise malformed()
    return column


def _check_fields(entry: Any, fields: Collection[str]) -> None:
    if not isinstance(entry, dict) or set(entry) != set(fields):
        raise malformed()
    if not isinstance(entry["name"], str) or type(entry.get("missing", False)) is not bool:
        raise malformed()


def _number(value: Any) -> float:
    # The limit comes before float(), which raises OverflowError for a number of a thousand digits.
    if type(value) not in (int, float) or not -LARGEST <= value <= LARGEST:
        raise malformed()
    return float(value)
