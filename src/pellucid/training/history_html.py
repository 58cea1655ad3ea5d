"""A history as HTML for notebooks; loaded when a notebook asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.core.metrics import METRICS
from pellucid.display import blocks, charts
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.training.history import History


def of_history(history: History) -> str:
    """Return loss and metrics by epoch as curves, with every number in a table to unfold."""
    if not len(history):
        return blocks.frame(blocks.paragraph(str(history)))
    head = say(
        "{epochs} epochs in {seconds:.2f} s, engine {engine}",
        epochs=len(history),
        seconds=history.seconds,
        engine=history.engine,
    )
    if history.stopped != "finished":
        head += ", " + say("stopped: {reason}", reason=history.stopped)
    parts = [_curve(history, name) for name in ("loss", *METRICS) if name in history.records[0]]
    unfolded = blocks.details(say("epoch by epoch"), blocks.table(history.lines()))
    hints = [blocks.paragraph(hint.line) for hint in history.hints]
    return blocks.frame(blocks.paragraph(head), *hints, *parts, unfolded)


def _curve(history: History, name: str) -> str:
    lines = [(say("training"), history[name])]
    if f"validation_{name}" in history.records[0]:
        lines.append((say("validation"), history[f"validation_{name}"]))
    title = {"loss": say("loss"), "accuracy": say("accuracy")}.get(name, name)
    return charts.curves(title, say("epoch"), history["epoch"], lines, percent=name == "accuracy")
