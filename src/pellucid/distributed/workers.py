"""Who does the parts of a job: this process, processes of this machine, tasks of a cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from pellucid.errors import FileError, InputError

ATTEMPTS = 3
"""How often parts are begun before a job gives up: a worker may be killed for its memory."""

J = TypeVar("J")
P = TypeVar("P")
R = TypeVar("R")
P_ = TypeVar("P_", contravariant=True)
R_ = TypeVar("R_", covariant=True)


class Crew(Protocol[P_, R_]):
    """Workers that hold one job, and do its parts in any order."""

    @property
    def waiting(self) -> int:
        """How many parts were submitted whose result was not taken."""
        ...

    def submit(self, part: P_) -> None:
        """Begin a part as soon as a worker is free."""
        ...

    def take(self, seconds: float | None = None) -> R_ | None:
        """Wait for the result of a part and return it; None where none came in so many seconds.

        Raises what the work raised.
        """
        ...

    def close(self, at_once: bool) -> None:
        """End; `at_once` stops workers within their parts."""
        ...


class Workers(Protocol):
    """What `score` and `search` are given to work with."""

    @property
    def count(self) -> int:
        """How many parts are done at the same time."""
        ...

    def crew(self, work: Callable[[J, P], R], job: J) -> Crew[P, R]:
        """Return workers that do `work(job, part)`; each is given the job once."""
        ...


@contextmanager
def crew_of(workers: Workers, work: Callable[[J, P], R], job: J) -> Iterator[Crew[P, R]]:
    """Hold a crew; whatever ends the block early stops its workers, too."""
    crew = workers.crew(work, job)
    try:
        yield crew
    except BaseException:
        crew.close(at_once=True)
        raise
    crew.close(at_once=crew.waiting > 0)


def each(workers: Workers, work: Callable[[J, P], R], job: J, parts: Iterable[P]) -> Iterator[R]:
    """Yield the result of every part, in the order in which they end.

    Only a few parts are submitted ahead: there may be millions.
    """
    with crew_of(workers, work, job) as crew:
        for part in parts:
            crew.submit(part)
            if crew.waiting > 2 * workers.count:
                yield _taken(crew)
        while crew.waiting:
            yield _taken(crew)


def _taken(crew: Crew[Any, R]) -> R:
    found = crew.take()
    assert found is not None  # there is no limit of time
    return found


class OneProcess:
    """This process does one part after the other, with all of its threads."""

    count = 1

    def crew(self, work: Callable[[J, P], R], job: J) -> Crew[P, R]:
        """Return a crew of this process alone, which works while a result is waited for."""
        return _Alone(work, job)


class Processes:
    """Processes of this machine, each with one thread."""

    def __init__(self, count: int) -> None:
        if count < 1:
            raise InputError("workers must be at least 1, got {got}", got=count)
        self.count = count

    def crew(self, work: Callable[[J, P], R], job: J) -> Crew[P, R]:
        """Return a crew of processes; a part whose worker was killed is begun again."""
        return _Pool(self.count, work, job)


class _Alone:
    def __init__(self, work: Callable[[Any, Any], Any], job: Any) -> None:
        self._work, self._job = work, job
        self._parts: deque[Any] = deque()

    @property
    def waiting(self) -> int:
        return len(self._parts)

    def submit(self, part: Any) -> None:
        self._parts.append(part)

    def take(self, seconds: float | None = None) -> Any:
        return self._work(self._job, self._parts.popleft())

    def close(self, at_once: bool) -> None:
        self._parts.clear()


class _Pool:
    """Processes that are started again, with the parts that have no result, when one is killed."""

    def __init__(self, count: int, work: Callable[[Any, Any], Any], job: Any) -> None:
        self._count, self._work, self._job = count, work, job
        self._parts: dict[Future[Any], Any] = {}
        self._failures = 0  # in a row
        self._start()

    def _start(self) -> None:
        self._others = set(multiprocessing.active_children())
        # Spawned: a fork of a process with threads may hang
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(self._count, context, _begin, (self._work, self._job))

    @property
    def waiting(self) -> int:
        return len(self._parts)

    def submit(self, part: Any) -> None:
        with _one_thread_each():  # the process may start here
            try:
                self._parts[self._pool.submit(_do, part)] = part
            except BrokenProcessPool as error:
                self._again([part], error)

    def take(self, seconds: float | None = None) -> Any:
        while True:
            ended, _ = wait(self._parts, seconds, return_when=FIRST_COMPLETED)
            if not ended:
                return None
            future = ended.pop()
            try:
                found = future.result()
            except BrokenProcessPool as error:
                self._again([], error)
                continue
            self._failures = 0
            del self._parts[future]
            return found

    def _again(self, more: list[Any], error: BrokenProcessPool) -> None:
        """Start new processes, and in them the parts that have no result."""
        self._failures += 1
        if self._failures >= ATTEMPTS:
            raise FileError(
                "a worker was killed {count} times; is there enough memory for {workers} "
                "workers? What is finished stays: run it again with fewer",
                count=self._failures,
                workers=self._count,
            ) from error
        done = [future for future in self._parts if future.done() and not future.exception()]
        left = [part for future, part in self._parts.items() if future not in done]
        self._parts = {future: self._parts[future] for future in done}
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._start()
        for part in [*left, *more]:
            self.submit(part)

    def close(self, at_once: bool) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        if at_once:
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()  # no file is ever half written
        self._pool.shutdown(wait=True)


_held: list[Any] = []  # of a worker: what it does, and its job


def _begin(work: Callable[[Any, Any], Any], job: Any) -> None:
    """Begin a worker: Ctrl-C is for the process that started it, whose end is its own, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _held[:] = work, job
    follow_parent()


def follow_parent() -> None:
    """End this process when the one that started it ends, however that is."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _do(part: Any) -> Any:
    work, job = _held
    return work(job, part)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Start processes with one thread each: there are as many as cores."""
    before = os.environ.get("PELLUCID_THREADS")
    os.environ["PELLUCID_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PELLUCID_THREADS"]
        else:
            os.environ["PELLUCID_THREADS"] = before
