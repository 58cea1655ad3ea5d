"""Progress of a training: a bar in a terminal, one block in a notebook, lines in a pipe."""

from __future__ import annotations

import html
import sys
import time
from contextlib import suppress
from typing import Any

from pellucid.language import say
from pellucid.training.callbacks import Callback, RunView
from pellucid.training.history import label


def progress_callback(wanted: bool | None) -> list[Callback]:
    """Return the callback that shows progress here; with None only for a terminal or notebook."""
    if wanted is False:
        return []
    if _in_notebook():
        return [NotebookProgress()]
    if sys.stderr is None:  # a process without a console
        return []
    if sys.stderr.isatty():
        return [TerminalProgress()]
    return [LineProgress()] if wanted else []


def epoch_text(run: RunView) -> str:
    """Return loss and metrics of the last whole epoch in one line, validation's too."""
    parts = []
    for name, value in run.history.records[-1].items():
        if name in ("epoch", "learning_rate", "seconds"):
            continue
        measure = name.removeprefix("validation_")
        head = label(measure)
        if measure != name:
            head = say("validation {name}", name=head)
        digits = ".1%" if measure == "accuracy" else ".4f" if abs(value) < 1e6 else ".4g"
        parts.append(f"{head} {value:{digits}}")
    return "  ".join(parts)


class NewHints:
    """The hints of a run that were not shown yet."""

    def __init__(self) -> None:
        self._shown = 0

    def lines(self, run: RunView) -> list[str]:
        """Return the texts of the hints since the last call."""
        hints = run.history.hints[self._shown :]
        self._shown += len(hints)
        return [hint.line for hint in hints]


LINES = 50  # about as many a run of short epochs writes into a pipe or a log file at most
PATIENCE = 5.0  # seconds without a line after which the next epoch writes one


class LineProgress(Callback):
    """A plain line for an epoch, for pipes and log files.

    Of many short epochs only some have a line, and the last.
    """

    def on_start(self, run: RunView) -> None:
        self._written, self._when = 0, 0.0
        self._hints = NewHints()

    def on_epoch(self, run: RunView) -> None:
        self._write_hints(run)
        every = -(-run.epochs // LINES)
        if run.epoch == 1 or run.epoch % every == 0 or time.monotonic() - self._when > PATIENCE:
            self._write(run)

    def on_end(self, run: RunView) -> None:
        if self._written < len(run.history):
            self._write(run)
        self._write_hints(run)

    def _write_hints(self, run: RunView) -> None:
        with suppress(OSError):
            for text in self._hints.lines(run):
                print(text, file=sys.stderr, flush=True)  # noqa: T201

    def _write(self, run: RunView) -> None:
        self._written, self._when = len(run.history), time.monotonic()
        taken = say("{seconds:.2f} s", seconds=run.history.records[-1]["seconds"])
        head = say("epoch {epoch}/{epochs}", epoch=self._written, epochs=run.epochs)
        # A closed terminal or pipe ends no training.
        with suppress(OSError):
            print(f"{head}  {epoch_text(run)}  {taken}", file=sys.stderr, flush=True)  # noqa: T201


class TerminalProgress(Callback):
    """A bar that moves with the batches, the time left, and the last epoch's scores."""

    each_batch = False

    def on_start(self, run: RunView) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None if console.width < 60 else 24),
            TextColumn("{task.fields[scores]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=run.epochs * run.batches, scores="")
        self._shown = 0.0
        self._hints = NewHints()
        self._bar.start()

    def on_batch(self, run: RunView) -> None:
        now = time.monotonic()
        if now - self._shown > 0.1:  # drawing takes longer than a small batch
            self._shown = now
            head = say("epoch {epoch}/{epochs}", epoch=run.epoch, epochs=run.epochs)
            done = (run.epoch - 1) * run.batches + run.batch
            self._update(description=head, completed=done)

    def on_epoch(self, run: RunView) -> None:
        self._update(completed=run.epoch * run.batches, scores=epoch_text(run))
        self._print_hints(run)

    def on_end(self, run: RunView) -> None:
        self._print_hints(run)
        with suppress(OSError):
            self._bar.stop()

    def _update(self, **shown: Any) -> None:
        with suppress(OSError):  # a closed terminal ends no training
            self._bar.update(self._task, **shown)

    def _print_hints(self, run: RunView) -> None:
        with suppress(OSError):
            for text in self._hints.lines(run):  # above the bar, where they stay
                self._bar.console.print(text, markup=False, highlight=False)


class NotebookProgress(Callback):
    """One block of HTML that is replaced after each epoch."""

    def on_start(self, run: RunView) -> None:
        from IPython.display import HTML, display

        self._html: Any = HTML
        self._handle: Any = display(HTML(""), display_id=True)

    def on_epoch(self, run: RunView) -> None:
        head = say("epoch {epoch}/{epochs}", epoch=run.epoch, epochs=run.epochs)
        bar = f'<progress value="{run.epoch}" max="{run.epochs}"></progress>'
        lines = [f"{bar} {html.escape(head)} &nbsp; {html.escape(epoch_text(run))}"]
        lines += [html.escape(hint.line) for hint in run.history.hints]
        self._handle.update(self._html("<br>".join(lines)))


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
