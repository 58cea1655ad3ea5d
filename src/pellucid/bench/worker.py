"""The process in which one contender works: `python -m pellucid.bench.worker NAME THREADS`.

It reads one JSON request a line and answers each with one line, {"error": ...} where it failed. It
is started with the variables that tell libraries their number of threads, which most of them read
once, when they are imported.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from pellucid.bench.contenders import Contender, contenders
from pellucid.bench.tasks import Task, digits, questions
from pellucid.core.types import Array

WARM = 0.05
"""Seconds for which a way to answer is used before it is measured."""


class Worker:
    """Does what the requests say, for one contender."""

    def __init__(self, kind: type[Contender], threads: int) -> None:
        self.kind, self.threads = kind, threads
        kind.use_threads(threads)
        self.contender: Contender | None = None
        self.ways: dict[str, Callable[[float], float]] = {}

    def about(self) -> dict[str, Any]:
        """Tell the version, and the most memory that was in use so far, in bytes."""
        return {
            "version": self.kind.version(),
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }

    def answer(self, task: dict[str, Any], kind: str, rows: int) -> dict[str, Any]:
        """Get ready to answer so many rows at a time; give the ways to do it."""
        contender = self.contender = self.kind(_task(task), self.threads)
        x = questions(kind, rows, contender.task.widths[0])
        answers = contender.answers()
        for way in answers.values():
            _repeat(way, x, WARM)
        self.ways = {
            name: lambda seconds, way=way: _repeat(way, x, seconds)  # type: ignore[misc]
            for name, way in answers.items()
        }
        return {"ways": list(self.ways)}

    def epoch(self, task: dict[str, Any], rows: int, warm: bool = True) -> dict[str, Any]:
        """Get ready to learn epochs of so many digits, `warm` after one that is not counted.

        Give the ways to do it.
        """
        contender = self.contender = self.kind(_task(task), self.threads)
        epochs = contender.epochs(digits(rows))
        for way in epochs.values() if warm else ():
            way()
        self.ways = {name: lambda seconds, way=way: way() for name, way in epochs.items()}  # type: ignore[misc]
        return {"ways": list(self.ways), "compiling": getattr(contender, "compiling", None)}

    def run(self, way: str, seconds: float) -> dict[str, Any]:
        """Measure one way.

        Seconds for one answer (many are given, for about `seconds`), or for one epoch.
        """
        return {"seconds": self.ways[way](seconds)}


def _task(settings: dict[str, Any]) -> Task:
    return Task(**{**settings, "widths": tuple(settings["widths"])})


def _repeat(answer: Callable[[Array], Array], questions: list[Array], seconds: float) -> float:
    """Answer all questions again and again until the time is over; give the mean seconds of one.

    The first round, in which threads and caches awake, is not counted.
    """
    for x in questions:
        answer(x)
    rounds, started = 0, time.perf_counter()
    while True:
        for x in questions:
            answer(x)
        rounds += 1
        spent = time.perf_counter() - started
        if spent >= seconds:
            return spent / (rounds * len(questions))


def main(name: str, threads: int) -> None:
    """Answer requests until there are no more."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints shall not mix with the answers
    worker = Worker(contenders()[name], threads)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(worker, request.pop("do"))(**request)
        except Exception as error:  # a peer that fails, in whatever way, is left out and told of
            reply = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(reply) + "\n")
        out.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
