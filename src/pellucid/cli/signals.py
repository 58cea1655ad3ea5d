"""What Ctrl-C, SIGTERM and a closed terminal do to a command."""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def end_at_interrupts() -> None:
    """Let Ctrl-C end this process at once, as it does programs that are not Python's.

    For its start, until `raise_interrupts`, and for its end: there Python would interrupt an import
    or its own cleaning up, and write a traceback. A handler of somebody else's stays, and so does
    the choice to ignore Ctrl-C.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler and _in_main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_interrupts() -> None:
    """Let Ctrl-C raise KeyboardInterrupt after `end_at_interrupts`: it leaves no file half written,
    and nothing else in memory.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL and _in_main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        atexit.unregister(end_at_interrupts)
        atexit.register(end_at_interrupts)


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Make SIGTERM and SIGHUP (the terminal was closed) do what Ctrl-C does.

    Training then ends after its batch and keeps the network.
    """
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    found = [getattr(signal, name) for name in names if _in_main_thread()]
    # A handler of the program's own is not ours to replace, nor `nohup`, which ignores SIGHUP.
    ours = [each for each in found if signal.getsignal(each) is signal.SIG_DFL]
    for each in ours:
        signal.signal(each, _interrupt)
    try:
        with _blocked_where_ignored():
            yield
    finally:
        for each in ours:
            signal.signal(each, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Both the shell and the system may send SIGHUP, and a second Ctrl-C would write no network.
    if number != signal.SIGTERM:
        signal.signal(number, signal.SIG_IGN)
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):  # directly: the signal itself may be blocked
        handler(signal.SIGINT, frame)
    else:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _blocked_where_ignored() -> Iterator[None]:
    """Block Ctrl-C where it was ignored, as by a script that starts a command with `&`.

    It stays without effect, but has the handler that SIGTERM and SIGHUP need.
    """
    ignored = _in_main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if not ignored or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # drops one that waits
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _in_main_thread() -> bool:  # signals are its affair alone
    return threading.current_thread() is threading.main_thread()
