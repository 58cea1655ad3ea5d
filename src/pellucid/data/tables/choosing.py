"""From a survey of a table to its columns.

Which are numbers, which categories, which are left out, and the task.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

from pellucid.data.tables.cells import LARGEST, as_number
from pellucid.data.tables.kinds import CategoryColumn, Column, NumberColumn, Target
from pellucid.data.tables.survey import MOST_COUNTED, Cell, Survey
from pellucid.errors import InputError, Message

MOST_CATEGORIES = 100
"""Categories of a column that are told apart, the most frequent ones.

The others are as unseen ones.
"""

MOST_CLASSES = 1_000

FEW = 20
"""Whole numbers of up to this many different values, each in five rows on average, are classes."""

_READABLE = 0.9  # share of a column's cells that must be numbers for the others to be mistakes
_BLURRED = 4  # times the spread: from there on float32 would lose more than a millionth of it


class Choice(NamedTuple):
    """What was chosen.

    Columns in the table's order, the target, names of its classes, what is left out and why.
    """

    columns: tuple[Column, ...]
    target: Target
    classes: list[str] | None
    left_out: dict[str, Message]
    why: Message


def choose(
    table: str,
    found: Mapping[str, Survey],
    target: str,
    task: str | None,
    ignore: Collection[str],
    categories: Collection[str],
    numbers: Collection[str],
) -> Choice:
    """Choose what each column of the table is; see `Columns.of` for the rules.

    Raises InputError.
    """
    if not found[target].rows:
        raise InputError("{table}: there are no rows to learn from", table=table)
    goal, classes, why = _choose_target(table, target, found[target], task)
    columns: list[Column] = []
    left_out = {name: Message("as asked for") for name in ignore}
    for name, known in found.items():
        if name == target or name in ignore:
            continue
        reason = why_left_out(name, known, name in categories or name in numbers)
        if reason is not None:
            left_out[name] = reason
        elif name in numbers or (name not in categories and reads_as_numbers(known)):
            columns.append(_as_numbers(table, name, known))
        else:
            columns.append(_as_categories(name, known))
    if not columns:
        raise InputError(
            "{table}: there is no column left to learn from: {left_out}",
            table=table,
            left_out=", ".join(f"{name} ({reason})" for name, reason in left_out.items())
            or Message("none"),
        )
    return Choice(tuple(columns), goal, classes, left_out, why)


def reads_as_numbers(known: Survey) -> bool:
    """Tell whether a column is one of numbers.

    Stored as such, or nine in ten of its filled cells are.
    """
    if known.family == "category":
        return False
    numbers = known.filled - (known.unreadable.times if known.unreadable else 0)
    return known.family == "number" or (known.filled > 0 and numbers >= _READABLE * known.filled)


def why_left_out(name: str, known: Survey, declared: bool = False) -> Message | None:
    """Say why a column is left out, or give None."""
    if known.family == "other":
        return Message("its cells are neither numbers nor texts")
    if not known.filled:
        return Message("it is empty")
    if declared:
        return None
    if not name:
        return Message("it has no name")
    if reads_as_numbers(known):
        return None
    if known.counts is None:
        return Message("text of more than {count:,} different values", count=MOST_COUNTED)
    if len(known.counts) > max(FEW, known.filled / 2):
        return Message("text that differs in most rows")
    return None


def _as_numbers(table: str, name: str, known: Survey) -> NumberColumn:
    _check_numbers(table, name, known)
    return NumberColumn(
        name, known.mean, known.deviation, known.missing > 0, _offset(known.mean, known.deviation)
    )


def _offset(mean: float, deviation: float) -> float:
    """Give a round number near the mean, 2000 for years, where the numbers are large beside their
    spread; else 0.
    """
    if abs(mean) <= _BLURRED * deviation or deviation == 0:
        return 0.0
    rounded = (float(f"{mean:.{digits}g}") for digits in range(1, 17))
    return next((number for number in rounded if abs(number - mean) <= deviation), mean)


def _check_numbers(table: str, name: str, known: Survey) -> None:
    if known.unreadable is not None:
        raise InputError(unreadable(table, name, known.unreadable))
    if known.infinite is not None:
        raise InputError(infinite(table, name, known.infinite))


def _as_categories(name: str, known: Survey) -> CategoryColumn:
    # The most frequent, ties by name, so that the order of rows does not matter; then in the order
    # of names.
    counts = known.counts if known.counts is not None else Counter[str]()
    kept = sorted(counts, key=lambda text: (-counts[text], text))[:MOST_CATEGORIES]
    return CategoryColumn(name, tuple(sorted(kept, key=in_order)), known.missing > 0)


def _choose_target(
    table: str, name: str, known: Survey, task: str | None
) -> tuple[Target, list[str] | None, Message]:
    if known.family == "other":
        raise InputError(
            "{table}: column {column} holds neither numbers nor texts: it cannot be predicted",
            table=table,
            column=name,
        )
    if known.absent is not None:
        raise InputError(missing_target(table, name, known.absent))
    classify, why = _task(known) if task is None else (task == "classify", Message("as asked for"))
    if classify:
        return Target(name, "classes"), _class_names(table, name, known), why
    _check_numbers(table, name, known)
    if known.low == known.high:
        raise InputError(
            "{table}: the target {column} is {value:g} in every row: there is nothing to learn",
            table=table,
            column=name,
            value=known.low,
        )
    return Target(name, "values", known.mean, known.deviation), None, why


def _task(known: Survey) -> tuple[bool, Message]:
    """Choose between classes and values, and say why."""
    if not reads_as_numbers(known):
        return True, Message("its cells are texts")
    different = MOST_COUNTED + 1 if known.counts is None else len(known.counts)
    if not known.whole:
        return False, Message("its numbers are not whole")
    if different <= 2 or (different <= FEW and 5 * different <= known.rows):
        return True, Message("it has {count} different whole numbers", count=different)
    return False, Message("it has many different numbers")


def _class_names(table: str, name: str, known: Survey) -> list[str]:
    if known.counts is None or len(known.counts) > MOST_CLASSES:
        raise InputError(
            "{table}: the target {column} has more than {most:,} classes: is it a name or a "
            "number of the row? "
            'Numbers are predicted by --task regress (task="regress")',
            table=table,
            column=name,
            most=MOST_CLASSES,
        )
    names = sorted(known.counts, key=in_order)
    if len(names) < 2:
        raise InputError(
            "{table}: the target {column} is {value} in every row: learning needs rows of at "
            "least two classes",
            table=table,
            column=name,
            value=repr(names[0]),
        )
    return names


def in_order(text: str) -> tuple[int, float, str]:
    """Give what texts are sorted by: numbers by their size, before all others."""
    number = as_number(text)
    return (1, 0.0, text) if number is None or math.isinf(number) else (0, number, text)


def unreadable(table: str, column: str, cell: Cell) -> Message:
    """Say that a cell of a numeric column is no number."""
    return Message(
        "{table}: row {row} (counted from 1 below the names), column {column}: {text} is no "
        "number ({count} such cells "
        "found): mend it, or, where it is no target, leave it empty; in training --category takes "
        "it as categories",
        table=table,
        row=cell.row,
        column=column,
        text=repr(cell.text),
        count=cell.times,
    )


def infinite(table: str, column: str, cell: Cell) -> Message:
    """Say that a cell is infinite, or as good as that."""
    return Message(
        "{table}: row {row} (counted from 1 below the names), column {column}: {text} is infinite "
        "or beyond {limit:g} "
        "({count} such cells found): mend it or leave the cell empty",
        table=table,
        row=cell.row,
        column=column,
        text=repr(cell.text),
        limit=LARGEST,
        count=cell.times,
    )


def missing_target(table: str, column: str, cell: Cell) -> Message:
    """Say that a target is missing."""
    return Message(
        "{table}: row {row} (counted from 1 below the names), column {column}: the target is "
        "missing ({count} such "
        "rows found): fill it in or take the rows out",
        table=table,
        row=cell.row,
        column=column,
        count=cell.times,
    )
