"""Computing for requests: a few at once, in threads that end when their page leaves.

The threads are daemons, so that Ctrl-C ends the server in the middle of a computation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any, TypeAlias

Work: TypeAlias = Callable[[Event], Any]  # looks from time to time whether the event is set


class BusyError(Exception):
    """As many computations wait as may."""


class LeftError(Exception):
    """The client left before its computation ended, or the server ends."""


class Computing:
    """At most `at_once` computations, while `most_waiting` others wait for their turn."""

    def __init__(self, at_once: int, most_waiting: int = 16) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._watchers: set[asyncio.Future[Any]] = set()
        self._most_held = at_once + most_waiting

    async def run(self, work: Work, left: Callable[[], Awaitable[Any]]) -> Any:
        """Return the result of `work`, computed in a thread.

        `left()` returns when the client leaves: then `work` is asked to stop. Raises BusyError,
        LeftError, and what `work` raises.
        """
        if len(self._watchers) >= self._most_held:
            raise BusyError
        loop, stop = asyncio.get_running_loop(), Event()
        watcher = asyncio.ensure_future(left())
        self._watchers.add(watcher)
        try:
            await _first(asyncio.ensure_future(self._turns.acquire()), watcher)
            result: asyncio.Future[Any] = loop.create_future()
            # The turn ends with the thread, also where nobody waits for its result any more.
            result.add_done_callback(lambda _: self._turns.release())
            Thread(target=_computed, args=(work, stop, loop, result), daemon=True).start()
            return await _first(result, watcher)
        finally:
            self._watchers.discard(watcher)
            stop.set()
            watcher.cancel()

    def close(self) -> None:
        """End all computations, as if all clients had left. May be called by a signal handler."""
        for watcher in list(self._watchers):
            watcher.get_loop().call_soon_threadsafe(watcher.cancel)


async def _first(wanted: asyncio.Future[Any], watcher: asyncio.Future[Any]) -> Any:
    """Return the result of `wanted`, or raise LeftError if the watcher ends before it."""
    await asyncio.wait((wanted, watcher), return_when=asyncio.FIRST_COMPLETED)
    if wanted.done():
        return wanted.result()
    # A thread cannot be cancelled, but waiting for a turn can.
    if isinstance(wanted, asyncio.Task):
        wanted.cancel()
    raise LeftError


def _computed(
    work: Work, stop: Event, loop: asyncio.AbstractEventLoop, result: asyncio.Future[Any]
) -> None:
    """Compute in this thread, and hand the result to the server's."""
    try:
        found, error = work(stop), None
    except Exception as raised:
        found, error = None, raised

    def hand_over() -> None:
        if result.done():  # cancelled
            return
        if error is None:
            result.set_result(found)
        else:
            result.set_exception(error)
            result.exception()  # seen, also where the client has left

    with suppress(RuntimeError):  # the server has stopped, and closed the loop
        loop.call_soon_threadsafe(hand_over)
