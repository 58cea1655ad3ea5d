"""What has been measured: one line of tables.csv for each table, contender and split."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parents[1] / "tables.csv"


class Result(NamedTuple):
    """A measurement; `score` and `loss` are None where `note` says why there is none."""

    table: str
    contender: str
    split: int
    score: float | None
    loss: float | None
    seconds: float | None
    note: str = ""


def read(path: Path = RESULTS) -> list[Result]:
    """Return what has been measured so far."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return [
        Result(
            line["table"],
            line["contender"],
            int(line["split"]),
            _number(line["score"]),
            _number(line["loss"]),
            _number(line["seconds"]),
            line["note"],
        )
        for line in lines
    ]


def append(result: Result, path: Path = RESULTS) -> None:
    """Add a measurement, so that a run that is stopped loses none."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(Result._fields)
        writer.writerow(_texts(result))
        file.flush()
        os.fsync(file.fileno())


def rewrite(results: Iterable[Result], path: Path = RESULTS) -> None:
    """Write all measurements, sorted, so that a run changes few lines of the file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Result._fields)
        writer.writerows(_texts(result) for result in sorted(results, key=lambda each: each[:3]))


def _texts(result: Result) -> list[str]:
    numbers = ["" if each is None else f"{each:.6g}" for each in result[3:6]]
    return [result.table, result.contender, str(result.split), *numbers, result.note]


def _number(text: str) -> float | None:
    return float(text) if text else None
