"""`pellucid data` for tables: what each column holds, and what it would be for a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pellucid.cli.output import echo, emit, rows_text, write_json
from pellucid.cli.table_rows import is_named_as_table
from pellucid.data.numpy_files import array_names
from pellucid.data.tables import read_table
from pellucid.data.tables.choosing import reads_as_numbers, why_left_out
from pellucid.data.tables.dated import iso
from pellucid.data.tables.survey import Survey, survey
from pellucid.display.text_table import number_text
from pellucid.errors import Message
from pellucid.language import mark, say, translate

SHOWN = 3  # categories that are shown of a column


def is_table(path: str) -> bool:
    """Return whether this is the path of a table; a file with arrays x and t is not."""
    extension = Path(path).suffix.lower()
    if is_named_as_table(path):
        return True
    if extension not in (".npy", ".npz") or not Path(path).is_file():
        return False
    return not {"x", "t"} <= set(array_names(path))


def describe(path: str, as_json: bool) -> None:
    """Describe a table."""
    # No target is chosen yet: no column needs all of its values counted
    found = survey(read_table(path), counted=set())
    rows = max((known.rows for known in found.values()), default=0)
    columns = [_Column.of(name, known) for name, known in found.items()]
    if as_json:
        write_json({"name": path, "rows": rows, "columns": [each.to_dict() for each in columns]})
        return
    emit("{name}: {rows:,} rows, {columns} columns", name=path, rows=rows, columns=len(found))
    echo()
    kinds = {
        "number": say("number"), "date": say("date"), "category": say("category"), None: "-",
    }  # fmt: skip
    echo(
        rows_text(
            (each.name or say("(no name)"), kinds[each.kind], "; ".join(each.sentences()))
            for each in columns
        )
    )
    echo()
    emit("predict one of them: pellucid train --data {name} --target COLUMN", name=path)


@dataclass(frozen=True)
class _Column:
    """One column: its name, "number", "date", "category" or None, and what its cells hold."""

    name: str
    kind: str | None
    known: Survey
    left_out: Message | None

    @classmethod
    def of(cls, name: str, known: Survey) -> _Column:
        kind: str | None = "category"
        if known.family == "other" or not known.present:
            kind = None
        elif reads_as_numbers(known):
            kind = "date" if known.is_date else "number"
        return cls(name, kind, known, why_left_out(name, known))

    @property
    def counts(self) -> dict[str, int] | None:
        """How many cells each category has, the most frequent first; None where not counted."""
        counts = self.known.counts
        return None if counts is None else dict(counts.most_common())

    def to_dict(self) -> dict[str, object]:
        known = self.known
        facts: dict[str, object] = {"name": self.name, "missing": known.missing, "kind": self.kind}
        if self.kind in ("number", "date"):
            form = iso if known.is_date else float
            facts |= {"mean": form(known.mean), "std": known.std}
            facts["range"] = [form(known.low), form(known.high)] if known.readable else None
            for name, cell in (("unreadable", known.unreadable), ("infinite", known.infinite)):
                if cell is not None:
                    facts[name] = {"rows": cell.times, "first": cell.row}
        elif self.kind == "category":
            counts = self.counts
            facts |= {"different": None if counts is None else len(counts), "counts": counts}
        if self.left_out is not None or self.kind is None:
            facts["left_out"] = self.left_out and translate(self.left_out)
        return facts

    def sentences(self) -> list[str]:
        known, lines = self.known, []
        if self.kind == "number" and known.readable:
            low, high, mean = map(number_text, (known.low, known.high, known.mean))
            lines.append(say("{low} to {high}, mean {mean}", low=low, high=high, mean=mean))
        elif self.kind == "date" and known.readable:
            lines.append(say("{low} to {high}", low=iso(known.low), high=iso(known.high)))
        elif self.kind == "category" and (counts := self.counts) is not None:
            shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:SHOWN])
            shown += ", ..." if len(counts) > SHOWN else ""
            lines.append(say("{count:,} different: {shown}", count=len(counts), shown=shown))
        if known.missing:
            lines.append(say("{count:,} missing", count=known.missing))
        bad = {
            (
                mark("cells that are not dates: {count:,}, the first in row {row}")
                if known.is_date
                else mark("cells that are not numbers: {count:,}, the first in row {row}")
            ): known.unreadable,
            mark("infinite cells: {count:,}, the first in row {row}"): known.infinite,
        }
        for text, cell in bad.items():
            # A category may be called "inf"
            if self.kind in ("number", "date") and cell is not None:
                lines.append(say(text, count=cell.times, row=cell.row))
        if self.left_out is not None:
            lines.append(say("left out: {names}", names=translate(self.left_out)))
        return lines
