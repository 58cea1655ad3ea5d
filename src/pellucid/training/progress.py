"""Progress that suits where it is shown.

A live line in a terminal, one block in a notebook, plain lines in a pipe.
"""

from __future__ import annotations

import html
import sys
import time
from typing import TYPE_CHECKING, Any

from pellucid.language import say
from pellucid.training.callbacks import Callback

if TYPE_CHECKING:
    from pellucid.training.run import Run


def progress_callback(wanted: bool | None) -> list[Callback]:
    """Give the callback that shows progress here, if it is wanted (None.

    Only where somebody watches).
    """
    if wanted is False:
        return []
    if _in_notebook():
        return [NotebookProgress()]
    if sys.stderr is None:  # a process without a console
        return []
    if sys.stderr.isatty():
        return [TerminalProgress()]
    return [LineProgress()] if wanted else []


def epoch_text(run: Run) -> str:
    """Say in one line how the last whole epoch went.

    Loss and metrics, for training and validation rows.
    """
    parts = []
    for name, value in run.history.records[-1].items():
        if name in ("epoch", "learning_rate", "seconds"):
            continue
        label = name.removeprefix("validation_")
        known = {"loss": say("loss"), "accuracy": say("accuracy")}
        label = known.get(label, label)
        if name.startswith("validation_"):
            label = say("validation {name}", name=label)
        shown = (
            f"{value:.1%}"
            if name.endswith("accuracy")
            else f"{value:.4f}"
            if abs(value) < 1e6
            else f"{value:.4g}"
        )
        parts.append(f"{label} {shown}")
    return "  ".join(parts)


LINES = 50
"""Lines at most, about, that a run of short epochs writes into a pipe or a log file."""

PATIENCE = 5.0
"""Seconds without a line after which the next epoch has one."""


class LineProgress(Callback):
    """A plain line for an epoch, for pipes and log files.

    Of many short epochs only for some, and for the last.
    """

    def on_start(self, run: Run) -> None:
        self._told, self._when = 0, 0.0

    def on_epoch(self, run: Run) -> None:
        every = -(-run.epochs // LINES)
        if run.epoch == 1 or run.epoch % every == 0 or time.monotonic() - self._when > PATIENCE:
            self._tell(run)

    def on_end(self, run: Run) -> None:
        if self._told < len(run.history):
            self._tell(run)

    def _tell(self, run: Run) -> None:
        self._told, self._when = len(run.history), time.monotonic()
        taken = say("{seconds:.2f} s", seconds=run.history.records[-1]["seconds"])
        head = say("epoch {epoch}/{epochs}", epoch=self._told, epochs=run.epochs)
        print(f"{head}  {epoch_text(run)}  {taken}", file=sys.stderr, flush=True)  # noqa: T201


class TerminalProgress(Callback):
    """A bar that moves with the batches, what is left of the time, and the last epoch's figures."""

    each_batch = False

    def on_start(self, run: Run) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None if console.width < 60 else 24),
            TextColumn("{task.fields[figures]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=run.epochs * run.batches, figures="")
        self._shown = 0.0
        self._bar.start()

    def on_batch(self, run: Run) -> None:
        now = time.monotonic()
        if now - self._shown > 0.1:
            self._shown = now
            head = say("epoch {epoch}/{epochs}", epoch=run.epoch, epochs=run.epochs)
            done = (run.epoch - 1) * run.batches + run.batch
            self._bar.update(self._task, description=head, completed=done)

    def on_epoch(self, run: Run) -> None:
        self._bar.update(self._task, completed=run.epoch * run.batches, figures=epoch_text(run))

    def on_end(self, run: Run) -> None:
        self._bar.stop()


class NotebookProgress(Callback):
    """One block of HTML that is written anew after each epoch."""

    def on_start(self, run: Run) -> None:
        from IPython.display import HTML, display

        self._html: Any = HTML
        self._handle: Any = display(HTML(""), display_id=True)

    def on_epoch(self, run: Run) -> None:
        head = say("epoch {epoch}/{epochs}", epoch=run.epoch, epochs=run.epochs)
        bar = f'<progress value="{run.epoch}" max="{run.epochs}"></progress>'
        self._handle.update(
            self._html(f"{bar} {html.escape(head)} &nbsp; {html.escape(epoch_text(run))}")
        )


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
