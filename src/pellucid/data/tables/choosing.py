"""From the survey of a table to its columns: numbers, categories, columns left out; the task."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from pellucid.data.tables import booleans
from pellucid.data.tables.cells import INFINITE, NO_TARGET, NOT_A_NUMBER, as_number
from pellucid.data.tables.kinds import CategoryColumn, Column, NumberColumn, Target
from pellucid.data.tables.survey import MOST_COUNTED, Spread, Survey
from pellucid.errors import InputError, Message

MOST_CATEGORIES = 100
"""The most frequent categories of a column that are kept; others are as unseen ones."""

MOST_CLASSES = 1_000

FEW = 20
"""Whole numbers of up to this many different values, each in five rows on average, are classes."""

_READABLE = 0.9  # share of a column's cells that must be numbers for the others to be mistakes
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


def choose(
    table: str,
    found: Mapping[str, Survey],
    targets: Sequence[str],
    task: str | None,
    ignore: Collection[str],
    categories: Collection[str],
    numbers: Collection[str],
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
        reason = why_left_out(name, known, name in categories or name in numbers)
        if reason is not None:
            left_out[name] = reason
        elif name in numbers or (name not in categories and reads_as_numbers(known)):
            columns.append(_as_numbers(table, name, known))
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
    spreads = {c.name: found[c.name].spread for c in columns if isinstance(c, NumberColumn)}
    rows = found[target].rows
    return Choice(tuple(columns), goal, classes, left_out, rows, why, counts, spreads, further)


def reads_as_numbers(known: Survey) -> bool:
    """Return whether a column is one of numbers: stored so, or nine in ten of its cells are."""
    if known.family == "category":
        return False
    numbers = known.present - (known.unreadable.times if known.unreadable else 0)
    return known.family == "number" or (known.present > 0 and numbers >= _READABLE * known.present)


def why_left_out(name: str, known: Survey, declared: bool = False) -> Message | None:
    """Return why a column is left out, or None for one that is used."""
    if known.family == "other":
        return Message("its cells are neither numbers nor texts")
    if not known.present:
        return Message("it is empty")
    if declared:
        return None
    if not name:
        return Message("it has no name")
    if reads_as_numbers(known):
        return None
    if known.counts is None:
        return Message("text of more than {count:,} different values", count=MOST_COUNTED)
    # An identifier or a name: nothing general can be learned from it.
    if len(known.counts) > max(FEW, known.present / 2):
        return Message("text that differs in most rows")
    return None


def in_order(text: str) -> tuple[int, float, str]:
    """Return a key that sorts numbers by their size, before all other texts."""
    number = as_number(text)
    return (1, 0.0, text) if number is None or math.isinf(number) else (0, number, text)


def _as_numbers(table: str, name: str, known: Survey) -> NumberColumn:
    _check_numbers(table, name, known)
    offset = round_offset(known.mean, known.std)
    # Declared a number, a column may have no cell that is one
    low, high = (known.low, known.high) if known.readable else (0.0, 0.0)
    return NumberColumn(name, known.mean, known.std, known.missing > 0, offset, low, high)


def round_offset(mean: float, std: float) -> float:
    """Return a round number near the mean, 2000 for years, where the numbers are large beside their
    spread; else 0.
    """
    if abs(mean) <= _BLURRED * std or std == 0:
        return 0.0
    rounded = (float(f"{mean:.{digits}g}") for digits in range(1, 17))
    return next((number for number in rounded if abs(number - mean) <= std), mean)


def _check_numbers(table: str, name: str, known: Survey) -> None:
    if known.unreadable is not None:
        raise known.unreadable.error(table, name, NOT_A_NUMBER)
    if known.infinite is not None:
        raise known.infinite.error(table, name, INFINITE)


def _as_categories(name: str, known: Survey) -> CategoryColumn:
    # Ties are broken by name, so that the order of rows does not matter.
    counts = known.counts if known.counts is not None else Counter[str]()
    counts = booleans.folded(counts)
    kept = sorted(counts, key=lambda text: (-counts[text], text))[:MOST_CATEGORIES]
    return CategoryColumn(name, tuple(sorted(kept, key=in_order)), known.missing > 0)


def _choose_target(
    table: str, name: str, known: Survey, task: str | None
) -> tuple[Target, list[str] | None, Message]:
    if known.family == "other":
        template = "{table}: column {column} has neither numbers nor texts: it cannot be predicted"
        raise InputError(template, table=table, column=name)
    if known.absent is not None:
        raise known.absent.error(table, name, NO_TARGET)
    classify, why = _task(known) if task is None else (task == "classify", Message("as requested"))
    if classify:
        names = _class_names(table, name, known)
        return Target(name, "classes", labels=_labels(known, names)), names, why
    _check_numbers(table, name, known)
    if known.low == known.high:
        template = (
            "{table}: the target {column} is {value:g} in every row: expected different values"
        )
        raise InputError(template, table=table, column=name, value=known.low)
    return Target(name, "values", known.mean, known.std), None, why


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
    if not reads_as_numbers(known):
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
