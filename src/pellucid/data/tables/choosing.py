"""From the survey of a table to its columns: numbers, categories, columns left out; the task."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from pellucid.data.tables import booleans
from pellucid.data.tables.cells import INFINITE, NO_TARGET, NOT_A_DATE, NOT_A_NUMBER_YET
from pellucid.data.tables.dated import Dating
from pellucid.data.tables.forms import SHARE
from pellucid.data.tables.kinds import (
    CategoryColumn,
    Column,
    DateColumn,
    EmbeddedColumn,
    NumberColumn,
    Numeric,
    Target,
)
from pellucid.data.tables.survey import MOST_COUNTED, Spread, Survey
from pellucid.data.tables.written import Writing, plain
from pellucid.errors import InputError, Message

MOST_ONE_HOT = 100
"""Categories of a column up to which each is an input of its own; more are embedded."""

MOST_CLASSES = 1_000

FEW = 20
"""Whole numbers of up to this many different values, each in five rows on average, are classes."""

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")  # "007" is a text
_BLURRED = 4  # times the spread: beyond it float32 would lose more than a millionth of the spread


class Choice(NamedTuple):
    """The columns of a table and the facts behind them, as `Columns` has them."""

    columns: tuple[Column, ...]
    target: Target
    classes: list[str] | None
    left_out: dict[str, Message]
    rows: int
    why: Message
    counts: dict[str, int]
    spreads: dict[str, Spread]
    further: tuple[Target, ...]
    notes: dict[str, Message]


def choose(
    table: str,
    found: Mapping[str, Survey],
    targets: Sequence[str],
    task: str | None,
    ignore: Collection[str],
    categories: Collection[str],
    numbers: Collection[str],
    dates: Collection[str],
) -> Choice:
    """Choose what each column of the table is by the rules of `Columns.of`; raises its errors."""
    target = targets[0]
    if not found[target].rows:
        raise InputError("{table}: there are no rows to train on", table=table)
    goal, classes, why = _choose_target(table, target, found[target], task)
    further = tuple(_further(table, name, found[name], task) for name in targets[1:])
    if further and classes is not None:
        raise _no_values(table, target, why)
    columns: list[Column] = []
    left_out = {name: Message("as requested") for name in ignore}
    for name, known in found.items():
        if name in targets or name in left_out:
            continue
        declared = name in numbers or name in dates
        reason = why_left_out(name, known, declared, name in categories)
        if reason is not None:
            left_out[name] = reason
        elif name not in categories and (declared or reads_as_numbers(known)):
            column = _as_numbers(table, name, known, declared)
            # Declared a number, a date is its trend alone
            if name in numbers and isinstance(column, DateColumn):
                column = column._replace(cycles=())
            columns.append(column)
        else:
            columns.append(_as_categories(name, known))
    if not columns:
        raise InputError(
            "{table}: no column is left to train on: {left_out}",
            table=table,
            left_out=", ".join(f"{name} ({reason})" for name, reason in left_out.items())
            or Message("none"),
        )
    counts = dict(booleans.folded(found[target].counts or Counter())) if classes else {}
    numeric = [column for column in columns if not isinstance(column, CategoryColumn)]
    spreads = {column.name: found[column.name].spread for column in numeric}
    noted = {column.name: _note(column, found[column.name]) for column in numeric}
    notes = {name: note for name, note in noted.items() if note is not None}
    rows = found[target].rows
    chosen = (tuple(columns), goal, classes, left_out, rows, why, counts, spreads)
    return Choice(*chosen, further, notes)


def reads_as_numbers(known: Survey) -> bool:
    """Return whether a column is one of numbers or dates: stored so, or nine in ten cells are."""
    if known.family == "category":
        return False
    numbers = known.present - (known.unreadable.times if known.unreadable else 0)
    stored = known.family in ("number", "date")
    return stored or (known.present > 0 and numbers >= SHARE * known.present)


def why_left_out(
    name: str, known: Survey, numeric: bool = False, categories: bool = False
) -> Message | None:
    """Return why a column is left out, or None for one that is used.

    `numeric` is whether it is declared to hold numbers or dates, `categories` whether categories.
    """
    if known.family == "other":
        return Message("its cells are neither numbers nor texts")
    if not known.present:
        return Message("it is empty")
    too_many = Message("text of more than {count:,} different values", count=MOST_COUNTED)
    if numeric or categories:
        return too_many if categories and known.counts is None else None
    if not name:
        return Message("it has no name")
    if reads_as_numbers(known):
        return None
    if known.tally is not None and len(known.tally.units) > 1:
        units = ", ".join(sorted(known.tally.units))
        return Message("numbers of different units: {units}", units=units)
    if known.counts is None:
        return too_many
    # An identifier or a name: nothing general can be learned from it.
    if len(known.counts) > max(FEW, known.present / 2):
        return Message("text that differs in most rows")
    return None


def in_order(text: str) -> tuple[int, float, str]:
    """Return a key that sorts numbers by their size, before all other texts."""
    number = plain(text)
    return (1, 0.0, text) if number is None or math.isinf(number) else (0, number, text)


def _as_numbers(table: str, name: str, known: Survey, declared: bool) -> Numeric:
    _check_numbers(table, name, known, declared)
    offset = round_offset(known.mean, known.std)
    mistakes = known.unreadable is not None
    missing = known.missing > 0 or mistakes
    # Declared a number, a column may have no cell that is one
    low, high = (known.low, known.high) if known.readable else (0.0, 0.0)
    facts = (name, known.mean, known.std, missing, offset, low, high)
    if isinstance(known.form, Dating):
        cycles = known.moments.cycles(high - low)
        return DateColumn(*facts, cycles, *known.form, mistakes)
    return NumberColumn(*facts, known.form.decimal, known.form.unit or "", mistakes)


def _note(column: Numeric, known: Survey) -> Message | None:
    """Return what is worth knowing of how a column was read, if anything."""
    if known.unreadable is not None:
        return Message(
            "{count:,} cells are no numbers or dates and count as missing, the first in row {row}: "
            "{text}",
            count=known.unreadable.times,
            row=known.unreadable.row,
            text=repr(known.unreadable.text),
        )
    if known.is_date and known.tally is not None and known.tally.ambiguous:
        order = "31/12" if column.form == Dating("dmy") else "12/31"
        template = "its dates could have the day or the month first: read as {order}"
        return Message(template, order=order)
    return None


def round_offset(mean: float, std: float) -> float:
    """Return a round number near the mean, 2000 for years, where the numbers are large beside their
    spread; else 0.
    """
    if abs(mean) <= _BLURRED * std or std == 0:
        return 0.0
    rounded = (float(f"{mean:.{digits}g}") for digits in range(1, 17))
    return next((number for number in rounded if abs(number - mean) <= std), mean)


def _check_numbers(table: str, name: str, known: Survey, declared: bool = True) -> None:
    """Raise InputError for cells that are infinite or, of a declared column, no numbers."""
    if known.unreadable is not None and declared:
        problem = NOT_A_DATE if known.is_date else NOT_A_NUMBER_YET
        raise known.unreadable.error(table, name, problem)
    if known.infinite is not None:
        raise known.infinite.error(table, name, INFINITE)


def _as_categories(name: str, known: Survey) -> CategoryColumn:
    # All of them, however rare. On 3,000 rows of 1,000 categories, one of a single row raised the
    # test R2 by 0.07 over sharing index 0 with the others of its kind.
    counts = known.counts if known.counts is not None else Counter[str]()
    names = list(booleans.folded(counts))
    # No comes before yes in every spelling, so that the network does not depend on it.
    pair = booleans.is_pair(names)
    names.sort(key=lambda text: (pair and booleans.meaning(text) is True, in_order(text)))
    kind = CategoryColumn if len(names) <= MOST_ONE_HOT else EmbeddedColumn
    return kind(name, tuple(names), known.missing > known.dashes)


def _choose_target(
    table: str, name: str, known: Survey, task: str | None
) -> tuple[Target, list[str] | None, Message]:
    if known.family == "other":
        template = "{table}: column {column} has neither numbers nor texts: it cannot be predicted"
        raise InputError(template, table=table, column=name)
    classify, why = _task(known) if task is None else (task == "classify", Message("as requested"))
    # A dash is a class, and no number
    if known.absent is not None and not (classify and known.absent.times == known.dashes):
        raise known.absent.error(table, name, NO_TARGET)
    if classify:
        names = _class_names(table, name, known)
        return Target(name, "classes", labels=_labels(known, names)), names, why
    if known.is_date:
        template = "{table}: the target {column} has dates: use a number, such as days, instead"
        raise InputError(template, table=table, column=name)
    _check_numbers(table, name, known)
    if known.low == known.high:
        template = (
            "{table}: the target {column} is {value:g} in every row: expected different values"
        )
        raise InputError(template, table=table, column=name, value=known.low)
    target = Target(name, "values", known.mean, known.std)
    if isinstance(known.form, Writing):
        target = target._replace(decimal=known.form.decimal, unit=known.form.unit or "")
    return target, None, why


def _further(table: str, name: str, known: Survey, task: str | None) -> Target:
    target, classes, why = _choose_target(table, name, known, task)
    if classes is not None:
        raise _no_values(table, name, why)
    return target


def _no_values(table: str, name: str, why: Message) -> InputError:
    return InputError(
        "{table}: several targets must be values, and {column} is one of classes ({why}): predict "
        'it by a network of its own, or, if it is a number, use --task regress (task="regress")',
        table=table,
        column=repr(name),
        why=why,
    )


def _task(known: Survey) -> tuple[bool, Message]:
    """Choose between classes and values, and explain the choice."""
    if known.is_date or not reads_as_numbers(known):
        return True, Message("its cells are texts")
    different = MOST_COUNTED + 1 if known.counts is None else len(known.counts)
    if not known.whole:
        return False, Message("its numbers are not whole")
    if different <= 2 or (different <= FEW and 5 * different <= known.rows):
        return True, Message("it has {count} different whole numbers", count=different)
    return False, Message("it has many different numbers")


def _labels(known: Survey, names: Sequence[str]) -> str:
    """Return what the classes are: "int", "bool" or "text"."""
    if known.boolean or (not known.typed and set(names) == {"false", "true"}):
        return "bool"
    whole = all(_WHOLE.fullmatch(name) for name in names)
    return "int" if whole and (known.family == "number" or not known.typed) else "text"


def _class_names(table: str, name: str, known: Survey) -> list[str]:
    if known.counts is None or len(known.counts) > MOST_CLASSES:
        template = (
            "{table}: the target {column} has more than {most:,} classes: if it is a number, use "
            '--task regress (task="regress")'
        )
        raise InputError(template, table=table, column=name, most=MOST_CLASSES)
    names = sorted(booleans.folded(known.counts), key=in_order)
    if len(names) < 2:
        template = (
            "{table}: the target {column} is {value} in every row: expected at least two classes"
        )
        raise InputError(template, table=table, column=name, value=repr(names[0]))
    return names
