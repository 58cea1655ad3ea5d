"""The kinds of columns and targets that a network knows, and their form in a model file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

from pellucid.core.types import Options
from pellucid.data.tables.cells import ANY, LARGEST, Form
from pellucid.data.tables.dated import ORDERS, Dating
from pellucid.data.tables.moments import PERIODS
from pellucid.data.tables.written import Writing
from pellucid.errors import InputError
from pellucid.files import limits
from pellucid.language import say

_MOST_DAYS = 2e8  # beyond Arrow's dates, within NumPy's
_CYCLES = [list(some) for n in range(4) for some in combinations(PERIODS, n)]
MARGIN = 0.1  # share of a column's range by which a number may be beyond it without a report


class NumberColumn(NamedTuple):
    """A column of numbers.

    It becomes one number, cell - offset, `mean` where the cell is missing; and, where cells were
    `missing` in training, a second one, 1 for missing and 0 for not. `offset` is 0, or a round
    number near the mean where the numbers are so large beside their spread (years, times) that
    float32 would lose digits of it. `std` is the standard deviation of the imputed column, `low`
    and `high` are its least and greatest number in training. Texts are numbers with the sign
    `decimal` before decimals and the `unit` of training ("$", "%") or none. With `mistakes`, some
    cells of training were no numbers, and such cells count as missing.
    """

    name: str
    mean: float
    std: float
    missing: bool = False
    offset: float = 0.0
    low: float = -LARGEST
    high: float = LARGEST
    decimal: str = "."
    unit: str = ""
    mistakes: bool = False

    @property
    def width(self) -> int:
        """How many numbers of a row it becomes."""
        return 1 + self.missing

    @property
    def form(self) -> Form:
        """How its texts are read as numbers."""
        return Writing(self.decimal, self.unit)

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


class DateColumn(NamedTuple):
    """A column of dates, with or without times.

    It becomes the trend, days since 1970 - offset, which goes on beyond the dates of training; 1 or
    0 for missing cells, as of a `NumberColumn`; and for each of its `cycles`, which the dates of
    training cover ("year", "week", "day"), sine and cosine of 2 pi t / period. Where the cell is
    missing, the trend is `mean`, sine and cosine are 0. `order` and `compact` say how texts are
    read (`Dating`); the other attributes are those of a `NumberColumn`, in days.
    """

    name: str
    mean: float
    std: float
    missing: bool
    offset: float
    low: float
    high: float
    cycles: tuple[str, ...] = ()
    order: str = "ymd"
    compact: bool = False
    mistakes: bool = False

    @property
    def form(self) -> Form:
        """How its texts are read as days since 1970."""
        return Dating(self.order, self.compact)

    @property
    def limits(self) -> tuple[float, float]:
        """The first and last date that are not reported, those of training."""
        return self.low, self.high

    @property
    def width(self) -> int:
        """How many numbers of a row it becomes."""
        return 1 + self.missing + 2 * len(self.cycles)

    @property
    def names(self) -> list[str]:
        """The names of these numbers."""
        missing = [say("{column} missing", column=self.name)] if self.missing else []
        waves = [f"{self.name}: {wave} {cycle}" for cycle in self.cycles for wave in ("sin", "cos")]
        return [self.name, *missing, *waves]

    def to_dict(self) -> Options:
        """Return the column as JSON can hold it."""
        return {"kind": "date", **self._asdict(), "cycles": list(self.cycles)}


class CategoryColumn(NamedTuple):
    """A column of categories.

    It becomes one number for each category, 1 for the cell's and 0 for the others, and one more for
    missing cells where there were some in training. A cell of any other category is 0 everywhere.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool = False

    @property
    def form(self) -> Form:
        """How its texts are read as numbers, which it has none of."""
        return ANY

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


class EmbeddedColumn(CategoryColumn):
    """A column of so many categories that a network learns a few numbers for each.

    It becomes one number, the index of the cell's category for a `CategoryEmbedding`: from 1 on in
    the order of `categories`, one more for missing cells where there were some in training, and 0
    for a cell of any other category.
    """

    @property
    def size(self) -> int:
        """How many indices there are."""
        return 1 + len(self.categories) + self.missing

    @property
    def width(self) -> int:
        """How many numbers of a row it becomes."""
        return 1

    @property
    def names(self) -> list[str]:
        """The name of this number."""
        return [self.name]

    def to_dict(self) -> Options:
        """Return the column as JSON can hold it."""
        return super().to_dict() | {"kind": "embedded"}


class Target(NamedTuple):
    """The column to predict.

    `kind` is "classes" (whose names the network has), or "values" with their mean and standard
    deviation, whose texts are written as those of a `NumberColumn`. `labels` says what classes are:
    "text", "int" for whole numbers, "bool" for truth values.
    """

    name: str
    kind: str
    mean: float = 0.0
    std: float = 1.0
    labels: str = "text"
    decimal: str = "."
    unit: str = ""

    @property
    def form(self) -> Form:
        """How its texts are read as numbers."""
        return Writing(self.decimal, self.unit)

    def to_dict(self) -> Options:
        """Return the target as JSON can hold it."""
        entry = self._asdict()
        for unused in ("labels",) if self.kind == "values" else _OF_VALUES:
            del entry[unused]
        return entry

    def label(self, name: str) -> Label:
        """Return a class by its name: the whole number or truth value that it is, or the name."""
        try:
            return LABELS[self.labels](name)
        except ValueError:  # names that were changed since
            return name


_OF_VALUES = ("mean", "std", "decimal", "unit")  # what only targets of values have
Label: TypeAlias = str | int | bool
LABELS: dict[str, Callable[[str], Label]] = {"text": str, "int": int, "bool": "true".__eq__}

Numeric: TypeAlias = NumberColumn | DateColumn
Column: TypeAlias = Numeric | CategoryColumn


def columns_from(entries: Any) -> tuple[Column, ...]:
    """Return the columns that a file describes.

    Trusts nothing; raises InputError for anything that does not fit.
    """
    if not isinstance(entries, list) or not 0 < len(entries) <= limits.COLUMNS:
        raise malformed()
    columns = tuple(_column(entry) for entry in entries)
    names, width = {column.name for column in columns}, sum(column.width for column in columns)
    if len(names) < len(columns) or width > limits.NUMBERS_OF_A_ROW:
        raise malformed()
    return columns


def target_from(entry: Any) -> Target | None:
    """Return the target that a file describes; raises InputError as `columns_from` does."""
    if entry is None:
        return None
    if isinstance(entry, dict) and entry.get("kind") == "classes":
        entry = {"labels": Target._field_defaults["labels"], **entry}
        _check_fields(entry, {"name", "kind", "labels"})
        if not isinstance(entry["labels"], str) or entry["labels"] not in LABELS:
            raise malformed()
        return Target(entry["name"], "classes", labels=entry["labels"])
    entry = _current(entry, {name: Target._field_defaults[name] for name in ("decimal", "unit")})
    _check_fields(entry, {"name", "kind", *_OF_VALUES})
    mean, std = _number(entry["mean"]), _number(entry["std"])
    if entry["kind"] != "values" or std <= 0:
        raise malformed()
    decimal, unit = _written(entry)
    return Target(entry["name"], "values", mean, std, decimal=decimal, unit=unit)


def targets_from(entry: Any) -> tuple[Target, ...]:
    """Return the targets that a file describes, none, one, or several of values.

    Raises InputError as `columns_from` does.
    """
    if not isinstance(entry, list):
        target = target_from(entry)
        return () if target is None else (target,)
    if not 2 <= len(entry) <= limits.COLUMNS:
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
        entry = _current(entry, NumberColumn._field_defaults)
        _check_fields(entry, {"kind", *NumberColumn._fields})
        known = _numeric(entry, LARGEST)
        decimal, unit = _written(entry)
        return NumberColumn(*known, decimal, unit, entry["mistakes"])
    if isinstance(entry, dict) and entry.get("kind") == "date":
        _check_fields(entry, {"kind", *DateColumn._fields})
        known = _numeric(entry, _MOST_DAYS)
        cycles, order = entry["cycles"], entry["order"]
        if not isinstance(cycles, list) or cycles not in _CYCLES or order not in ORDERS:
            raise malformed()
        return DateColumn(*known, tuple(cycles), order, entry["compact"], entry["mistakes"])
    _check_fields(entry, {"name", "kind", "categories", "missing"})
    names = entry["categories"]
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not texts or len(set(names)) < len(names):
        raise malformed()
    if entry["kind"] == "embedded":
        return EmbeddedColumn(entry["name"], tuple(names), entry["missing"])
    column = CategoryColumn(entry["name"], tuple(names), entry["missing"])
    if entry["kind"] != "category" or column.width == 0:
        raise malformed()
    return column


def _current(entry: Any, defaults: Options) -> Any:
    """Return an entry of any version of pellucid with today's names.

    Earlier versions wrote "deviation" for "std", and not yet what has a default now.
    """
    if not isinstance(entry, dict):
        return entry
    entry = {**defaults, **entry}
    if "deviation" in entry and "std" not in entry:
        entry["std"] = entry.pop("deviation")
    return entry


def _numeric(entry: Options, largest: float) -> tuple[str, float, float, bool, float, float, float]:
    names = ("mean", "std", "offset", "low", "high")
    mean, std, offset, low, high = (_number(entry[name], largest) for name in names)
    if std < 0 or low > high:
        raise malformed()
    return entry["name"], mean, std, entry["missing"], offset, low, high


def _written(entry: Options) -> tuple[str, str]:
    decimal, unit = entry["decimal"], entry["unit"]
    if decimal not in (".", ",") or not isinstance(unit, str):
        raise malformed()
    return decimal, unit


def _check_fields(entry: Any, fields: Collection[str]) -> None:
    if not isinstance(entry, dict) or set(entry) != set(fields):
        raise malformed()
    flags = [entry.get(name, False) for name in ("missing", "mistakes", "compact")]
    if not isinstance(entry["name"], str) or any(type(flag) is not bool for flag in flags):
        raise malformed()


def _number(value: Any, largest: float = LARGEST) -> float:
    # The limit comes before float(), which raises OverflowError for a number of a thousand digits.
    if type(value) not in (int, float) or not -largest <= value <= largest:
        raise malformed()
    return float(value)
