"""How a training is asked to keep checkpoints."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pellucid.errors import CheckpointWarning, InputError, Message

USUAL_INTERVAL = "60 s"
_EVERY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|second|min|minute|h|hour|batch|epoch)(?:e?s)?\s*")
_SECONDS = {"s": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}


def _warn(message: Message, serious: bool) -> None:
    if serious:
        warnings.warn(str(message), CheckpointWarning, stacklevel=2)


class Every(NamedTuple):
    """How often to write a checkpoint: a number of a unit, "seconds", "batch" or "epoch"."""

    number: float
    unit: str


def parse_every(text: str) -> Every:
    """Return the interval that a text such as "60 s", "1000 batches" or "1 epoch" is.

    Raises InputError for anything else.
    """
    match = _EVERY.fullmatch(text) if isinstance(text, str) else None
    if match is not None:
        count, unit = float(match[1]), match[2]
        if unit in _SECONDS:
            return Every(count * _SECONDS[unit], "seconds")
        if count >= 1 and count == int(count):
            return Every(count, unit)
    template = 'every must be an interval such as "60 s", "1000 batches" or "1 epoch", got {got}'
    raise InputError(template, got=repr(text))


@dataclass(frozen=True)
class Checkpointing:
    """Where a run keeps its checkpoints, how often it writes one, and whether it resumes.

    `tell` gets what happens to the folder, and whether that is serious; by default what is serious
    becomes a `CheckpointWarning`.
    """

    folder: str | os.PathLike[str]
    every: str = USUAL_INTERVAL
    resume: bool | str = "auto"
    tell: Callable[[Message, bool], None] = _warn

    def __post_init__(self) -> None:
        parse_every(self.every)
        if not isinstance(self.resume, bool) and self.resume not in ("auto", "force"):
            template = 'resume must be "auto", True, False or "force", got {got}'
            raise InputError(template, got=repr(self.resume))


def checkpointing(
    folder: str | os.PathLike[str] | None, every: str, resume: bool | str
) -> Checkpointing | None:
    """Return what `train` is asked for, or None without a folder; raises InputError."""
    wanted = Checkpointing("" if folder is None else folder, every, resume)
    if folder is None and resume in (True, "force"):
        raise InputError("resume goes with checkpoint=FOLDER: name the folder of the run")
    return None if folder is None else wanted
