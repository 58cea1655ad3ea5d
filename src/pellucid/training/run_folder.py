"""The checkpoints of one run in a folder: which there are, which is the newest, which are kept."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from pellucid.core.types import Options
from pellucid.errors import FileError
from pellucid.files import checkpoint
from pellucid.files.atomic import unwritable

KEPT = 2  # of the newest; the best of all is kept besides
_NAME = re.compile(r"step-(\d{9,})\.safetensors")


class RunFolder:
    """The checkpoints in a folder, which is held (`held_folder`).

    `damaged` are the files that were found damaged and moved aside.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: list[Path] = []
        self._scores: dict[int, float] = {}  # by step, lower is better

    def steps(self) -> list[int]:
        """Return the steps of which there are checkpoints, in order."""
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def path(self, step: int) -> Path:
        """Return the file of a step."""
        return self.folder / f"step-{step:09}.safetensors"

    def newest(self) -> Options | None:
        """Return the state in the newest whole checkpoint, or None without any.

        A damaged file gets the extension `.damaged`, and the one before is read. Raises FileError
        where files were there and none is whole, and for one that cannot be read at all.
        """
        steps = self.steps()
        for step in reversed(steps):
            try:
                return checkpoint.read(self.path(step))
            except checkpoint.DamagedError:
                self.damaged.append(self.move(step, ".damaged"))
        if steps:
            raise FileError(
                "{path}: every checkpoint is damaged; start anew (resume=False, or --fresh)",
                path=self.folder,
            )
        return None

    def save(self, step: int, state: Options, score: float | None) -> None:
        """Write a checkpoint; then remove older ones, but the one before and the best of all.

        `score` is the loss by which the best is known, None before there is one.
        """
        checkpoint.save(self.path(step), state)
        if score is not None:
            self._scores[step] = score
        steps = self.steps()
        known = [step for step in steps if step in self._scores]
        best = min(known, key=self._scores.__getitem__, default=None)
        for old in steps[:-KEPT]:
            if old != best:
                with suppress(OSError):
                    self.path(old).unlink()

    def remember(self, scores: dict[int, float]) -> None:
        """Take over the scores that an earlier process knew."""
        self._scores = scores

    @property
    def scores(self) -> dict[int, float]:
        """The scores of the checkpoints that are there, by step."""
        return {step: self._scores[step] for step in self.steps() if step in self._scores}

    def set_aside(self) -> Path | None:
        """Move all checkpoints into a folder of their own; return it, or None without any."""
        steps = self.steps()
        if not steps:
            return None
        number = 1
        while (aside := self.folder / f"before-{number}").exists():
            number += 1
        try:
            aside.mkdir()
        except OSError as error:
            raise unwritable(self.folder, error) from error
        for step in steps:
            self._rename(step, aside / self.path(step).name)
        return aside

    def move(self, step: int, extension: str) -> Path:
        """Rename the file of a step to another extension, and return its path."""
        return self._rename(step, self.path(step).with_suffix(extension))

    def _rename(self, step: int, aside: Path) -> Path:
        try:
            return self.path(step).replace(aside)
        except OSError as error:
            raise unwritable(self.path(step), error) from error
