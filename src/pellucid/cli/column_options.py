"""The options that say what the columns of a table are."""

from __future__ import annotations

from typing import Any

from pellucid.cli.help import option


def ignore_option() -> Any:
    """Return --ignore."""
    return option(
        "--ignore COLUMN",
        "A column to leave out, such as an identifier; may be repeated.",
        multiple=True,
    )


def category_option() -> Any:
    """Return --category."""
    return option(
        "--category COLUMN",
        "A column whose numbers are names of categories; may be repeated.",
        multiple=True,
    )


def number_option() -> Any:
    """Return --number."""
    return option(
        "--number COLUMN",
        "A column to read as numbers, whatever its cells; may be repeated.",
        multiple=True,
    )


def date_option() -> Any:
    """Return --date."""
    return option(
        "--date COLUMN", "A column to read as dates, 20240131 too; may be repeated.", multiple=True
    )


def increasing_option() -> Any:
    """Return --increasing."""
    return option(
        "--increasing COLUMN",
        "A column of numbers with which the prediction only rises, other columns being equal; of "
        "two classes, the probability of the second. May be repeated.",
        multiple=True,
    )


def decreasing_option() -> Any:
    """Return --decreasing."""
    return option("--decreasing COLUMN", "The same, only falling; may be repeated.", multiple=True)
