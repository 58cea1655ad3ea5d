"""The finished parts of a search in a folder: one small file each, written whole or not at all."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from pellucid.core.types import Options
from pellucid.distributed.halving import Part
from pellucid.errors import InputError, Message
from pellucid.files import strict_json
from pellucid.files.atomic import write_whole
from pellucid.files.held_folder import held_folder
from pellucid.files.limits import SEARCH_BYTES
from pellucid.files.opening import read_bytes
from pellucid.training.promise import differences, in_one
from pellucid.training.trial import Fit, TrialSettings

PROMISE = "search.json"
_LARGEST = sys.float_info.max
_NAME = re.compile(r"trial-(\d{6,})-(?:quick|fold-(\d+))\.json")


class Kept(Protocol):
    """Where the results of parts are kept."""

    found: dict[Part, Fit]

    def keep(self, part: Part, settings: TrialSettings, fit: Fit) -> None:
        """Keep the result of a part."""
        ...


class InMemory:
    """Results that end with the search."""

    def __init__(self) -> None:
        self.found: dict[Part, Fit] = {}

    def keep(self, part: Part, settings: TrialSettings, fit: Fit) -> None:
        """Keep the result of a part."""
        self.found[part] = fit


class InFolder(InMemory):
    """Results in a folder, from which the same search goes on."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        for path in folder.iterdir():
            if match := _NAME.fullmatch(path.name):
                quick = match[2] is None
                part = Part(int(match[1]), 0 if quick else int(match[2]), quick)
                with suppress(OSError, ValueError):  # what is no trial is done again
                    self.found[part] = _fit(_read(path))

    def keep(self, part: Part, settings: TrialSettings, fit: Fit) -> None:
        """Keep the result of a part; raises FileError where it cannot be written."""
        known = {"settings": asdict(settings), **fit._asdict()}
        if not math.isfinite(fit.loss):  # JSON has no infinity
            known |= {"loss": None, "score": None}
        write_whole(self.folder / part.name, (json.dumps(known, indent=1) + "\n").encode())
        super().keep(part, settings, fit)


@contextmanager
def kept_in(folder: str | None, promise: Mapping[str, str]) -> Iterator[Kept]:
    """Hold a folder for the results of a search, or memory where it is None.

    Raises InputError where the folder has the trials of another search, by what differs, and
    FileError where another process holds it.
    """
    if folder is None:
        yield InMemory()
        return
    with held_folder(folder) as held:
        file = held / PROMISE
        if file.exists():
            _compare(held, _read(file), dict(promise))
        else:
            write_whole(file, (json.dumps(promise, indent=1) + "\n").encode())
        yield InFolder(held)


def _compare(folder: Path, then: Options, now: Options) -> None:
    found = differences(then, now)
    if not found:
        return
    raise InputError(
        "{path}: the search there is another one: {differences}. Search as before, or choose "
        "another folder",
        path=folder,
        differences=in_one(found),
    )


def _read(file: Path) -> Options:
    """Return what a file of a search says; raises FileError or InputError where it is none."""
    content = read_bytes(file, Message("a file of a search"), SEARCH_BYTES)
    try:
        found = strict_json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("{path}: not the file of a search: choose another folder", path=file)
    return found


def _fit(entry: Options) -> Fit:
    """Return the fit that a trial's file describes; raises ValueError where there is none."""
    numbers: list[Any] = [entry.get(name) for name in Fit._fields]
    if entry.get("loss", "") is None:
        return Fit(math.inf, -math.inf)
    if not all(type(each) in (int, float) and abs(each) <= _LARGEST for each in numbers):
        raise ValueError("no fit")
    loss, score, epochs, seconds = numbers
    return Fit(float(loss), float(score), int(epochs), float(seconds))
