"""The query under construction: one common table expression (CTE) a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pellucid.exchange.layer_walk import Source
from pellucid.exchange.sql import words

AT_ONCE = 4  # columns that are compared in one expression for the largest


class Query(Source[list[str]]):
    """A row on its way through the layers.

    Each step selects from the one before, so every number is computed once and the text grows with
    the number of weights. MATERIALIZED forbids a database to put one step into the next, which
    would multiply the text by each layer's width.

    Attributes
    ----------
    key
        The column, quoted, by which a row is recognized; every step passes it on.
    columns
        The names of the row's numbers in the latest step.
    source
        The name of that step; at first the table.
    steps
        The text of each step.
    """

    language = "SQL"

    def __init__(self, table: str, key: str) -> None:
        self.source, self.key = table, key
        self.columns: list[str] = []
        self.steps: list[str] = []
        self._held: list[list[str]] = []

    def add(self, expressions: Sequence[str], what: str = "") -> None:
        """Add a step that computes these numbers from the columns of the one before."""
        count = len(self.steps)
        columns = [f"s{count}_{index}" for index in range(len(expressions))]
        computed = [f"{e} AS {c}" for e, c in zip(expressions, columns, strict=True)]
        kept = dict.fromkeys(column for held in self._held for column in held)
        about = words.comment(what or f"layer {self.current['index']}, {self.kind}")
        lines = ",\n    ".join([", ".join([self.key, *kept]), *computed])
        head = f"step_{count} AS MATERIALIZED ( {about}"
        self.steps.append(f"{head}\n  SELECT\n    {lines}\n  FROM {self.source}\n)")
        self.columns, self.source = columns, f"step_{count}"

    def each(self, expression: Callable[[str], str]) -> None:
        """Replace each number by an expression of it."""
        self.add([expression(column) for column in self.columns])

    def hold(self) -> list[str]:
        self._held.append(self.columns)
        return self.columns

    def back_to(self, row: list[str]) -> None:
        self.columns = row

    def release(self, row: list[str]) -> None:
        self._held.remove(row)

    def beside(self, expression: str, what: str) -> str:
        """Compute one more number of the row, and return its column; the row itself stays."""
        row = self.hold()
        self.add([expression], what)
        return self._found(row)

    def largest(self) -> str:
        """Compute the largest number of the row, and return its column; the row itself stays."""
        row = self.hold()
        while len(self.columns) > 1:
            starts = range(0, len(self.columns), AT_ONCE)
            groups = [self.columns[start : start + AT_ONCE] for start in starts]
            self.add(list(map(words.largest, groups)), f"the largest of each {AT_ONCE}")
        return self._found(row)

    def _found(self, row: list[str]) -> str:
        """Go back to a held row from the one number that was computed of it."""
        (found,) = self.columns
        self.back_to(row)
        self.release(row)
        return found
