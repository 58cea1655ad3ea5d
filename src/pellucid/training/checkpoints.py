"""Checkpoints of a training, and resuming from one with the same bits.

Everything that decides the future of a run is in its state (`Run.state`): parameters and buffers,
what the optimizer and the callbacks remember, place and sums within the epoch, the history. Order,
dropout and augmentation are functions of seed, epoch and step (`core/draws.py`), so no random state
is kept. What must be the same for the same bits is the run's promise (`promise.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from pellucid.core.arrays import are_finite
from pellucid.core.types import Array, Options
from pellucid.engines import instruction_set, runnable_sets, using_instructions
from pellucid.errors import FileError, InputError, Message, PellucidError
from pellucid.files.held_folder import LOCK, held_folder
from pellucid.training import promise
from pellucid.training.callbacks import Callback
from pellucid.training.checkpointing import Checkpointing, parse_every
from pellucid.training.run_folder import RunFolder


class Resumable(Protocol):
    """What checkpoints need of a run, be it of `train` or of an estimator's `fit`."""

    promise: Options
    own_callbacks: list[Callback]

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1."""

    @property
    def epochs(self) -> int:
        """How many epochs there will be."""

    @property
    def batch(self) -> int:
        """The last batch that was trained, from 1 within the epoch."""

    @property
    def batches(self) -> int:
        """How many batches an epoch has."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""

    @property
    def watched(self) -> Sequence[float]:
        """The loss of each epoch by which the best is known."""

    @property
    def arrays(self) -> Sequence[Array]:
        """Weights and buffers."""

    def factor(self, place: float, epochs: int, losses: Sequence[float]) -> float:
        """Return the schedule's factor after `place` of so many epochs."""

    def state(self) -> Options:
        """Return everything that decides how the run goes on, as plain values and arrays."""

    def load_state(self, state: Options) -> None:
        """Go to where the run was whose `state` this is."""


class Checkpoints:
    """The checkpoints of a run under way; `state` is the one to resume from, or None."""

    def __init__(self, folder: RunFolder, wanted: Checkpointing) -> None:
        self.folder, self.every = folder, parse_every(wanted.every)
        self.resume, self.tell = wanted.resume, wanted.tell
        self.state = None if self.resume is False else folder.newest()
        for path in folder.damaged:
            template = "a damaged checkpoint was moved to {path}; the one before it is used"
            self.tell(Message(template, path=path), True)
        if self.resume is True and self.state is None:
            template = "{path}: no run to resume: train without resume=True (--resume)"
            raise InputError(template, path=folder.folder)
        self._when, self._batches, self._epochs = time.monotonic(), 0, 0

    @property
    def instructions(self) -> str | None:
        """The instruction set of the run to resume, or None."""
        kept = {} if self.state is None else self.state.get("promise")
        found = kept.get("instruction set") if isinstance(kept, dict) else None
        return found if isinstance(found, str) else None

    @property
    def batches_at_most(self) -> int | None:
        """The number of batches after which one is due; None where time or epochs decide."""
        return int(self.every.number) if self.every.unit == "batch" else None

    def begin(self, run: Resumable) -> None:
        """Check that a run can be kept, and bring it to where its newest checkpoint is.

        Raises InputError for callbacks without state, and where the run that was kept is another
        one, unless `resume` is "force"; FileError for a file that is no checkpoint of a run.
        """
        check_callbacks(run.own_callbacks)
        if self.resume is False and (aside := self.folder.set_aside()) is not None:
            template = "the checkpoints of an earlier run are now in {path}"
            self.tell(Message(template, path=aside), False)
        if self.state is None:
            return
        try:
            self._compare(run, self.state)
            run.load_state(self.state)
            self.folder.remember({int(step): score for step, score in self.state["scores"]})
            self._tell_where(run, self.state)
        except PellucidError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # Its digest is right, so it was written so: by other code, or by somebody else
            path = self.folder.path(self.folder.steps()[-1])
            raise FileError("{path}: not the checkpoint of a run", path=path) from error

    def _compare(self, run: Resumable, state: Options) -> None:
        """Raise InputError where the run that was kept is another one."""
        found = promise.differences(state["promise"], run.promise)
        if state["epoch"] > run.epochs:
            template = "epochs: {then} done, {now} asked for"
            found.append(Message(template, then=state["epoch"], now=run.epochs))
        lost = self.instructions is not None and self.instructions not in runnable_sets()
        if found and self.resume != "force" and not (lost and len(found) == 1):
            raise InputError(
                "{path}: the run there is another one: {differences}. Train as before, choose "
                "another folder, start anew (resume=False, --fresh), or go on without the promise "
                'of the same bits (resume="force", --force-resume)',
                path=self.folder.folder,
                differences=promise.in_one(found),
            )
        if found:
            template = "resumed in spite of differences, so the bits may be others: {differences}"
            self.tell(Message(template, differences=promise.in_one(found)), True)

    def _tell_where(self, run: Resumable, state: Options) -> None:
        if run.is_over:
            self.tell(Message("{path}: this run is finished", path=self.folder.folder), False)
            return
        place = Message("epoch {epoch}, batch {batch}", epoch=run.epoch, batch=run.batch)
        self.tell(Message("resumed after {place}", place=place), False)
        if not promise.same_rates(run, state["epochs"]):
            template = (
                "with {now} epochs instead of {then}, the learning rates so far were others than "
                "those of a run of {now} epochs from its start"
            )
            self.tell(Message(template, now=run.epochs, then=state["epochs"]), True)

    def after_batches(self, run: Resumable, count: int) -> None:
        """Write a checkpoint within the epoch, if one is due."""
        self._batches += count
        if run.batch < run.batches and self._due(self._batches, "batch"):
            self.write(run)

    def after_epoch(self, run: Resumable) -> None:
        """Write a checkpoint after a whole epoch, if one is due."""
        self._epochs += 1
        if self._due(self._epochs, "epoch") or self._due(self._batches, "batch"):
            self.write(run)

    def write(self, run: Resumable) -> None:
        """Write a checkpoint now, unless the weights have left the finite numbers.

        From such a state nothing could go on; the checkpoint before it stays the newest.
        """
        if not are_finite(run.arrays):
            return
        scores = [[step, score] for step, score in self.folder.scores.items()]
        step = (run.epoch - 1) * run.batches + run.batch if run.epoch else 0
        score = run.watched[-1] if run.watched else None
        self.folder.save(step, {**run.state(), "scores": scores}, score)
        self._when, self._batches, self._epochs = time.monotonic(), 0, 0

    def forget_divergence(self, run: Resumable, epoch: int) -> Path | None:
        """Set aside what was written within an epoch that diverged, and return the newest left.

        There the weights may be finite and beyond saving. If nothing is older, the oldest stays.
        """
        steps = self.folder.steps()
        good = [step for step in steps if step <= (epoch - 1) * run.batches] or steps[:1]
        for step in steps:
            if step not in good:
                self.folder.move(step, ".diverged")
        return self.folder.path(good[-1]) if good else None

    def _due(self, done: float, unit: str) -> bool:
        if self.every.unit == "seconds":
            return time.monotonic() - self._when >= self.every.number
        return self.every.unit == unit and done >= self.every.number


@contextmanager
def opened(wanted: Checkpointing | None) -> Iterator[Checkpoints | None]:
    """Hold a folder of checkpoints while a run goes on; yield None where none are wanted.

    Meanwhile engines compute with the instruction set of the run to resume.

    Raises FileError where the folder is held or cannot be read or written, and InputError where
    `resume` is True and there is no run.
    """
    if wanted is None:
        yield None
        return
    held_before = False
    with suppress(OSError):  # which `held_folder` reports
        held_before = Path(wanted.folder, LOCK).exists()
    with held_folder(wanted.folder) as folder:
        checkpoints = Checkpoints(RunFolder(folder), wanted)
        if held_before and checkpoints.state is None and wanted.resume is not False:
            template = (
                "{path}: an earlier run ended before its first checkpoint, so this one starts anew "
                "(every, --every: {every})"
            )
            wanted.tell(Message(template, path=folder, every=wanted.every), False)
        with _same_instructions(checkpoints):
            yield checkpoints


@contextmanager
def _same_instructions(checkpoints: Checkpoints) -> Iterator[None]:
    """Compute with the instruction set of the run to resume, if this processor has it."""
    wanted = checkpoints.instructions
    if wanted is None or wanted == instruction_set() or wanted not in runnable_sets():
        yield  # a set that is missing here is one of the differences
        return
    with using_instructions(wanted):
        yield


def check_callbacks(callbacks: list[Callback]) -> None:
    """Raise InputError for a callback that a checkpoint cannot keep, by name."""
    for each in callbacks:
        if type(each).state is Callback.state:
            raise InputError(
                "the callback {name} has no state(): give it state() and load_state(state), which "
                "return and take plain values, or train without checkpoint",
                name=type(each).__name__,
            )
