"""`pellucid data describe` for tables.

What each column holds, and what it would be for a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli import tables
from pellucid.cli.output import columns as room
from pellucid.cli.output import paragraph, tell, write_json
from pellucid.language import cell_width, say, translate

if TYPE_CHECKING:
    from pellucid.data.tables.survey import Survey

SHOWN = 3
"""Categories that are shown of a column."""

WIDEST = 24  # columns of the terminal that a name takes at most


def is_table(path: str) -> bool:
    """Tell whether this is the path of a table; arrays named x and t are none."""
    if Path(path).suffix.lower() in tables.SUFFIXES:
        return True
    if Path(path).suffix.lower() not in (".npy", ".npz") or not Path(path).is_file():
        return False
    from pellucid.cli.datasets import read_arrays

    return not {"x", "t"} <= read_arrays(path).keys()


def describe(path: str, as_json: bool) -> None:
    """Describe a table."""
    from pellucid.data.tables import read_table
    from pellucid.data.tables.survey import survey

    table = read_table(path)
    found = survey(table, counted=set())
    rows = max((known.rows for known in found.values()), default=0)
    facts = [_facts(name, known) for name, known in found.items()]
    if as_json:
        write_json({"name": path, "rows": rows, "columns": facts})
        return
    tell(say("{name}: {rows:,} rows, {columns} columns", name=path, rows=rows, columns=len(facts)))
    click.echo()
    for line in _lines(facts):
        click.echo(line)
    click.echo()
    tell(
        say("pellucid train --data {name} --target COLUMN learns to predict one of them", name=path)
    )


def _facts(name: str, known: Survey) -> dict[str, Any]:
    from pellucid.data.tables.choosing import reads_as_numbers, why_left_out

    reason = why_left_out(name, known)
    facts: dict[str, Any] = {"name": name, "missing": known.missing}
    if known.family == "other" or not known.filled:
        return {**facts, "kind": None, "left_out": reason and translate(reason)}
    if reads_as_numbers(known):
        facts |= {"kind": "number", "mean": known.mean, "deviation": known.deviation}
        facts |= {"range": [known.low, known.high] if known.readable else None}
        bad = {"unreadable": known.unreadable, "infinite": known.infinite}
        facts |= {
            key: {"rows": cell.times, "first": cell.row}
            for key, cell in bad.items()
            if cell is not None
        }
    else:
        counts = None if known.counts is None else dict(known.counts.most_common())
        facts |= {
            "kind": "category",
            "different": None if counts is None else len(counts),
            "counts": counts,
        }
    return facts if reason is None else {**facts, "left_out": translate(reason)}


def _lines(facts: list[dict[str, Any]]) -> list[str]:
    kinds = {"number": say("number"), "category": say("category"), None: "-"}
    names = [fact["name"] or say("(no name)") for fact in facts]
    width = min(max(map(cell_width, names)), WIDEST)
    second = max(map(cell_width, kinds.values()))
    lines = []
    for name, fact in zip(names, facts, strict=True):
        kind = kinds[fact["kind"]]
        head = (
            f"{name}{' ' * (width - cell_width(name))}  {kind}{' ' * (second - cell_width(kind))}  "
        )
        if cell_width(head) > max(room() - 20, 20):
            head = "  "
            lines.append(f"{name}  {kind}")
        lines.append(paragraph("; ".join(_told(fact)), head))
    return lines


def _told(fact: Mapping[str, Any]) -> list[str]:
    told = []
    if fact["kind"] == "number" and fact["range"] is not None:
        low, high = fact["range"]
        low, high, mean = (
            f"{f:.4g}" if abs(f) < 1000 else f"{f:,.0f}" for f in (low, high, fact["mean"])
        )
        told.append(say("{low} to {high}, mean {mean}", low=low, high=high, mean=mean))
    elif fact["kind"] == "category" and fact["counts"] is not None:
        shown = ", ".join(
            f"{name} {count:,}" for name, count in list(fact["counts"].items())[:SHOWN]
        )
        shown += ", ..." if len(fact["counts"]) > SHOWN else ""
        told.append(say("{count:,} different: {shown}", count=fact["different"], shown=shown))
    if fact["missing"]:
        told.append(say("{count:,} missing", count=fact["missing"]))
    if "unreadable" in fact:
        told.append(
            say(
                "cells that are no number: {count:,}, the first in row {row}",
                **_first(fact["unreadable"]),
            )
        )
    if "infinite" in fact:
        told.append(
            say("infinite cells: {count:,}, the first in row {row}", **_first(fact["infinite"]))
        )
    if "left_out" in fact:
        told.append(say("left out: {names}", names=fact["left_out"]))
    return told


def _first(found: Mapping[str, int]) -> dict[str, int]:
    return {"count": found["rows"], "row": found["first"]}
