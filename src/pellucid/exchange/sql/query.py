"""The query under construction: one common table expression (CTE) a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pellucid.core.layer import Layer
from pellucid.exchange.sql import words

AT_ONCE = 4  # columns that are compared in one expression for the largest


class Query:
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
    place
        Where the current layer is: "3", or "3_0" for one within it.
    steps
        The text of each step.
    """

    def __init__(self, table: str, key: str) -> None:
        self.source, self.key = table, key
        self.columns: list[str] = []
        self.steps: list[str] = []
        self.place = self.layer = ""
        self._held: list[list[str]] = []

    @property
    def current(self) -> dict[str, str]:
        """The place and the kind of the current layer, as errors name it."""
        return {"index": self.place.replace("_", "."), "layer": self.layer}

    def begin(self, place: str, layer: Layer) -> None:
        """Begin the steps of a layer."""
        self.place, self.layer = place, type(layer).__name__

    def add(self, expressions: Sequence[str], what: str = "") -> None:
        """Add a step that computes these numbers from the columns of the one before."""
        count = len(self.steps)
        columns = [f"s{count}_{index}" for index in range(len(expressions))]
        computed = [f"{e} AS {c}" for e, c in zip(expressions, columns, strict=True)]
        kept = dict.fromkeys(column for held in self._held for column in held)
        about = words.comment(what or f"layer {self.current['index']}, {self.layer}")
        lines = ",\n    ".join([", ".join([self.key, *kept]), *computed])
        head = f"step_{count} AS MATERIALIZED ( {about}"
        self.steps.append(f"{head}\n  SELECT\n    {lines}\n  FROM {self.source}\n)")
        self.columns, self.source = columns, f"step_{count}"

    def each(self, expression: Callable[[str], str]) -> None:
        """Replace each number by an expression of it."""
        self.add([expression(column) for column in self.columns])

    def hold(self) -> None:
        """Keep the row's numbers beside those of the steps to come."""
        self._held.append(self.columns)

    def release(self) -> list[str]:
        """Return the columns that were held last; the next step is the last that can use them."""
        return self._held.pop()

    def beside(self, expression: str, what: str) -> str:
        """Compute one more number of the row, and return its column; the row itself stays."""
        self.hold()
        self.add([expression], what)
        (found,), self.columns = self.columns, self.release()
        return found

    def largest(self) -> str:
        """Compute the largest number of the row, and return its column; the row itself stays."""
        self.hold()
        while len(self.columns) > 1:
            starts = range(0, len(self.columns), AT_ONCE)
            groups = [self.columns[start : start + AT_ONCE] for start in starts]
            self.add(list(map(words.largest, groups)), f"the largest of each {AT_ONCE}")
        (found,), self.columns = self.columns, self.release()
        return found
