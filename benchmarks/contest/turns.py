"""Let contenders work in turns, each in a process of its own.

A moment in which the machine is slow then slows all of them alike.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from contest.tasks import Task

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "PELLUCID_THREADS",
)

REST = 0.06
"""Seconds between turns with several threads.

OpenBLAS's threads, and others', wait busily for more work before they sleep.
"""

PATIENCE = 180.0
"""Seconds without a reply after which a contender's process is ended."""


@dataclass
class Result:
    """What one contender needed in one case, by one way: seconds of each repetition."""

    case: str
    threads: int
    contender: str
    way: str
    seconds: list[float] = field(default_factory=list)
    compiling: float | None = None

    @property
    def median(self) -> float:
        """The median of the repetitions, in seconds."""
        return statistics.median(self.seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        spread = {"median": self.median, "min": min(self.seconds), "max": max(self.seconds)}
        return {**asdict(self), **spread}


class Seat:
    """A contender's process."""

    def __init__(self, name: str, threads: int) -> None:
        self.name, self.threads, self.errors = name, threads, list[str]()
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        # The worker imports this package, which is not installed.
        paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        return subprocess.Popen(
            [sys.executable, "-m", "contest.worker", self.name, str(self.threads)],
            env={
                **os.environ,
                **dict.fromkeys(VARIABLES, str(self.threads)),
                "JAX_PLATFORMS": "cpu",
                "PYTHONPATH": os.pathsep.join(paths),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send a request; return the reply, {"error": ...} if the process has ended.

        A process that has ended is started again for the next task.
        """
        if do != "run" and self._process.poll() is not None:
            self.close()
            self._process = self._start()
        assert self._process.stdin is not None and self._process.stdout is not None
        line = ""
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        watch.cancel()
        reply: dict[str, Any] = json.loads(line) if line else {"error": f"{self.name} ended"}
        if "error" in reply:
            self.errors.append(reply["error"])
        return reply

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()
        self._process.wait()


class Contest:
    """Contenders at work with the same number of threads."""

    def __init__(self, seats: list[Seat]) -> None:
        self.seats = seats
        self.threads = seats[0].threads

    @property
    def errors(self) -> dict[str, list[str]]:
        """The errors of each contender that had any."""
        return {seat.name: seat.errors for seat in self.seats if seat.errors}

    def about(self) -> dict[str, dict[str, Any]]:
        """Return version and peak memory of each contender."""
        return {seat.name: seat.ask("about") for seat in self.seats}

    def predict(
        self, case: str, task: Task, kind: str, rows: int, repeats: int, seconds: float
    ) -> list[Result]:
        """Measure each way to predict; each repetition takes about `seconds`."""
        request = {"task": asdict(task), "kind": kind, "rows": rows}
        return self._measure(case, repeats, seconds, "predict", request)

    def epoch(
        self, case: str, task: Task, rows: int, repeats: int, warm: bool = True
    ) -> list[Result]:
        """Measure each way to train an epoch, `warm` after one that is not counted."""
        request = {"task": asdict(task), "rows": rows, "warm": warm}
        return self._measure(case, repeats, 0, "epoch", request)

    def _measure(
        self, case: str, repeats: int, seconds: float, do: str, request: dict[str, Any]
    ) -> list[Result]:
        entrants: list[tuple[Seat, Result]] = []
        for seat in self.seats:
            ready = seat.ask(do, **request)
            for way in ready.get("ways", []):
                result = Result(case, seat.threads, seat.name, way)
                result.compiling = ready.get("compiling")
                entrants.append((seat, result))
        for _ in range(repeats):
            for seat, result in entrants:
                if seat.threads > 1:
                    time.sleep(REST)
                taken = seat.ask("run", way=result.way, seconds=seconds)
                result.seconds += [taken["seconds"]] if "seconds" in taken else []
        return [result for _, result in entrants if result.seconds]


@contextmanager
def contest(names: Iterable[str], threads: int) -> Iterator[Contest]:
    """Start the contenders with so many threads each, and end them afterwards."""
    seats: list[Seat] = []
    try:
        seats += [Seat(name, threads) for name in names]
        held = Contest(seats)
        held.about()  # all have started
        yield held
    finally:
        for seat in seats:
            seat.close()
