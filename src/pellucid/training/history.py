"""What learning leaves behind: one record for each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pellucid.core.metrics import HIGHER_IS_BETTER
from pellucid.core.table import table
from pellucid.errors import InputError
from pellucid.language import say


class History:
    """The records of a training, one for each whole epoch.

    Attributes
    ----------
    records
        A dict for each epoch: "epoch" (from 1), "loss", the metrics, "learning_rate" (of its last
        batch), "seconds"; with validation data also "validation_loss" and the metrics with
        "validation_" before their names.
    unfinished
        Seconds spent in an epoch that was stopped halfway and has no record; 0 if there was none.
    stopped
        Why learning ended: "finished", "early" (stopped improving), "interrupted" (Ctrl-C) or a
        callback's reason.
    engine
        Who did the arithmetic.

    `history["loss"]` gives one column as a list; a loop over a history goes through its records.
    """

    def __init__(self, engine: str) -> None:
        self.records: list[dict[str, float]] = []
        self.unfinished = 0.0
        self.stopped = "finished"
        self.engine = engine

    def __getitem__(self, name: str) -> list[float]:
        if not isinstance(name, str):
            raise InputError(
                'history["loss"] is a column; an epoch is history.records[{got}]', got=name
            )
        if self.records and name not in self.records[-1]:
            raise InputError(
                "the history has no {name}; it has {known}",
                name=repr(name),
                known=", ".join(self.records[-1]),
            )
        return [record[name] for record in self.records]

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def seconds(self) -> float:
        """Time spent in all epochs, validation and one that was stopped halfway included, in
        seconds.
        """
        return sum((record["seconds"] for record in self.records), self.unfinished)

    def best(self, name: str) -> dict[str, float]:
        """Give the record of the epoch in which this column was best.

        Lowest, or highest for accuracy and r2.
        """
        column = self[name]
        if not column:
            raise InputError("the history is empty: no epoch was finished")
        pick = max if name.removeprefix("validation_") in HIGHER_IS_BETTER else min
        return self.records[column.index(pick(column))]

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain lists and numbers."""
        return {"records": self.records, "stopped": self.stopped, "engine": self.engine}

    def lines(self) -> list[list[str]]:
        """Give the records as cells: the names of the columns, then a line for each epoch."""
        names = list(self.records[0]) if self.records else []
        return [names, *([_cell(name, record[name]) for name in names] for record in self.records)]

    def __str__(self) -> str:
        if not self.records:
            return say("the history is empty: no epoch was finished")
        return table(self.lines(), total=False)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from pellucid.training import notebook

        return notebook.of_history(self)


def _cell(name: str, value: float) -> str:
    if name == "epoch":
        return str(value)
    return (
        f"{value:.2f}"
        if name == "seconds"
        else f"{value:.4g}"
        if name == "learning_rate"
        else f"{value:.4f}"
    )
