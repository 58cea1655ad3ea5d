"""Ctrl-C within a training: it ends after its batch, and the network stays usable."""

from __future__ import annotations

# The functions of `signal` make enumerations of what these return, a tenth of a short training.
import _signal  # type: ignore[import-not-found]
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pellucid.training.callbacks import RunState


@contextmanager
def stopping_on_interrupt(run: RunState) -> Iterator[None]:
    """Stop the run after its batch at the first Ctrl-C; the second one interrupts at once."""
    # Signals reach the main thread only, and a handler of the program's own is not ours to replace.
    ours = _signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        run.stop("interrupted")
        _signal.signal(signal.SIGINT, signal.default_int_handler)

    _signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        _signal.signal(signal.SIGINT, signal.default_int_handler)
