"""Run one contender in a process of its own: `python -m contest.worker NAME THREADS`.

The worker reads one JSON request a line and replies with one line each, {"error": ...} for one that
failed. It is started with the environment variables that set libraries' numbers of threads, since
most libraries read them only once, when imported.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from contest.contender import Contender, Epoch, Predict
from contest.contenders import CONTENDERS
from contest.tasks import Task, digits, inputs, noise
from pellucid.core.types import Array

T = TypeVar("T")

WARM = 0.05
"""Seconds for which a way to predict is used before it is measured."""


class Worker:
    """Carries out requests for one contender."""

    def __init__(self, kind: type[Contender], threads: int) -> None:
        self.kind, self.threads = kind, threads
        kind.use_threads(threads)
        self.ways: dict[str, Callable[[float], float]] = {}

    def about(self) -> dict[str, Any]:
        """Return the version, and the peak memory so far, in bytes."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"version": self.kind.version(), "peak": peak}

    def predict(
        self, task: dict[str, Any], kind: str, rows: int, compiled: bool = False
    ) -> dict[str, Any]:
        """Prepare to predict `rows` rows at a time; return the ways to do so.

        `first` are the seconds of the first prediction by each of them.
        """
        contender = self.kind(_task(task), self.threads)
        x = inputs(kind, rows, contender.task.widths[0], contender.task.dtype)
        predictors = contender.predictors()
        first = {name: _first(predict, x[0]) for name, predict in predictors.items()}
        if compiled:
            more = contender.compiled_predictors()
            predictors |= more
            _where_it_works(
                predictors, first, {n: partial(_first, p, x[0]) for n, p in more.items()}
            )
        for predict in predictors.values():
            _repeat(predict, x, WARM)
        self.ways = {name: partial(_repeat, predict, x) for name, predict in predictors.items()}
        return {"ways": list(self.ways), "first": first}

    def epoch(
        self,
        task: dict[str, Any],
        rows: int,
        warm: bool = True,
        kind: str = "digits",
        compiled: bool = False,
    ) -> dict[str, Any]:
        """Prepare to train epochs of `rows` digits or noise, `warm` after one that is not counted.

        Return the ways to do so; `first` are the seconds of that first epoch by each of them.
        """
        contender = self.kind(_task(task), self.threads)
        data = digits(rows) if kind == "digits" else noise(kind, rows, contender.task)
        epochs = contender.epochs(data)
        first = {name: epoch() for name, epoch in epochs.items()} if warm else {}
        if compiled:
            more = contender.compiled_epochs(data)
            epochs |= more
            _where_it_works(epochs, first, more)
        self.ways = {name: partial(_several, epoch) for name, epoch in epochs.items()}
        return {"ways": list(self.ways), "compiling": contender.compiling, "first": first}

    def run(self, way: str, seconds: float) -> dict[str, Any]:
        """Measure one way: seconds of one epoch or prediction, the mean of all in `seconds`."""
        return {"seconds": self.ways[way](seconds)}


def _task(settings: dict[str, Any]) -> Task:
    return Task(**{**settings, "widths": tuple(settings["widths"])})


def _where_it_works(
    ways: dict[str, T], first: dict[str, float], calls: dict[str, Callable[[], float]]
) -> None:
    """Make the first call of each way that compiles; a way that fails is no way."""
    for name, call in calls.items():
        try:
            first[name] = call()
        except Exception as error:
            del ways[name]
            sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")


def _several(epoch: Epoch, seconds: float) -> float:
    """Train epochs until the time is over; return the mean seconds of one."""
    found = [epoch()]
    while sum(found) < seconds:
        found.append(epoch())
    return sum(found) / len(found)


def _first(predict: Predict, x: Array) -> float:
    started = time.perf_counter()
    predict(x)
    return time.perf_counter() - started


def _repeat(predict: Predict, arrays: list[Array], seconds: float) -> float:
    """Predict all arrays again and again until the time is over; return the mean seconds of one.

    The first round, which wakes threads and fills caches, is not counted.
    """
    for x in arrays:
        predict(x)
    rounds, started = 0, time.perf_counter()
    while True:
        for x in arrays:
            predict(x)
        rounds += 1
        spent = time.perf_counter() - started
        if spent >= seconds:
            return spent / (rounds * len(arrays))


def main(name: str, threads: int) -> None:
    """Reply to requests until there are no more."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not mix with the replies
    worker = Worker(CONTENDERS[name], threads)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(worker, request.pop("do"))(**request)
        except Exception as error:  # a peer that fails, in whatever way, is left out and reported
            reply = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(reply) + "\n")
        out.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
