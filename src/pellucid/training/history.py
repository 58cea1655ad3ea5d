"""The history of a training: one record for each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np

from pellucid.core.metrics import HIGHER_IS_BETTER
from pellucid.core.types import Options
from pellucid.display.text_table import table
from pellucid.errors import InputError
from pellucid.language import mark, say
from pellucid.training.hints import Hint, as_state, of_state

_KNOWN = mark("epoch"), mark("loss"), mark("accuracy"), mark("learning_rate"), mark("seconds")


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
        Why the training ended: "finished", "early" (stopped improving), "interrupted" (Ctrl-C) or
        a callback's reason.
    engine
        The engine that did the arithmetic.
    hints
        What looked wrong while it trained, with what to try: a tuple of `Hint`, empty while all is
        well. `print(history)` shows them.

    `history["loss"]` is one column as a list; iterating over a history yields its records.
    """

    def __init__(self, engine: str) -> None:
        self.records: list[dict[str, float]] = []
        self.unfinished = 0.0
        self.stopped = "finished"
        self.engine = engine
        self.hints: tuple[Hint, ...] = ()

    def __getitem__(self, name: str) -> list[float]:
        if not isinstance(name, str):
            raise InputError(
                'history["loss"] is a column; an epoch is history.records[{got}]', got=name
            )
        if self.records and name not in self.records[-1]:
            template = "the history has no {name}; it has {known}"
            raise InputError(template, name=repr(name), known=", ".join(self.records[-1]))
        return [record[name] for record in self.records]

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def state(self) -> Options:
        """Return records and hints as plain values and arrays, for a checkpoint."""
        # A list of dicts would be several times as long; a later fit may have other columns.
        return {
            "parts": [
                {"columns": names, "rows": np.array([list(each.values()) for each in records])}
                for names, records in groupby(self.records, key=list)
            ],
            "hints": as_state(self.hints),
        }

    def load_state(self, state: Options) -> None:
        """Take over the records and hints that `state` returned."""
        records = (
            dict(zip(part["columns"], row, strict=True))
            for part in state["parts"]
            for row in part["rows"].tolist()
        )
        self.records = [{**record, "epoch": index} for index, record in enumerate(records, 1)]
        self.hints = of_state(state.get("hints", ()))

    @property
    def seconds(self) -> float:
        """Time spent in all epochs, in seconds, validation and an unfinished epoch included."""
        return sum((record["seconds"] for record in self.records), self.unfinished)

    def best(self, name: str) -> dict[str, float]:
        """Return the record of the epoch in which this column was lowest (accuracy, r2: highest).

        Raises InputError for an unknown column, and when no epoch was finished.
        """
        column = self[name]
        if not column:
            raise InputError("the history is empty: no epoch was finished")
        pick = max if name.removeprefix("validation_") in HIGHER_IS_BETTER else min
        return self.records[column.index(pick(column))]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists and numbers."""
        hints = [{"kind": each.kind, "epoch": each.epoch, "text": str(each)} for each in self.hints]
        own = {"records": self.records, "stopped": self.stopped, "engine": self.engine}
        return {**own, "hints": hints}

    def lines(self) -> list[list[str]]:
        """Return the records as cells: names of the columns, then a line for each epoch."""
        names = list(self.records[0]) if self.records else []
        cells = ([_cell(name, record[name]) for name in names] for record in self.records)
        return [[_head(name) for name in names], *cells]

    def __str__(self) -> str:
        if not self.records:
            return say("the history is empty: no epoch was finished")
        return "\n".join([table(self.lines(), total=False), *(hint.line for hint in self.hints)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from pellucid.training import history_html

        return history_html.of_history(self)


def label(measure: str) -> str:
    """Return a column's name in the current language; in English it is the key of the column."""
    return say(measure) if measure in _KNOWN else measure


def _head(column: str) -> str:
    name = label(column.removeprefix("validation_"))
    return say("validation_{name}", name=name) if column.startswith("validation_") else name


def _cell(name: str, value: float) -> str:
    digits = {"epoch": ".0f", "seconds": ".2f", "learning_rate": ".4g"}
    return format(value, digits.get(name, ".4f"))
