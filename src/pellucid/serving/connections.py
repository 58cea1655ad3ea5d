"""uvicorn's connections, with deadlines and limits, and responses that are sent together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from pellucid.files.descriptors import most_files
from pellucid.serving.limits import Limits

HEAD = 1 << 16  # bytes of a request's line and headers
SWEEP = 1.0  # seconds between two looks at all deadlines: a timer for each request costs more
TURN = 0.0005  # seconds for which a response waits for others
LAST_REQUESTS = 0.5  # seconds in which an idle connection may still send one when the server ends
SPARE_FILES = 64  # file descriptors that are left for everything but connections


class Config(uvicorn.Config):
    """uvicorn's settings, with the limits of a request."""

    def __init__(self, app: Callable[[], Any], limits: Limits, workers: int) -> None:
        self.limits = limits
        super().__init__(
            app,
            factory=True,
            interface="asgi3",
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            workers=workers,
            timeout_keep_alive=round(limits.idle),
            timeout_graceful_shutdown=round(limits.seconds) + 1,
        )


class Outbox:
    """Responses that are sent together at the end of a turn of the event loop.

    Each one that is sent wakes its client, which takes the processor or at least its caches. With
    many connections it saves a quarter of the server's time to compute a few responses first.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held: list[tuple[asyncio.Transport, bytes]] = []
        self._since = 0.0

    def add(self, transport: asyncio.Transport, data: bytes) -> None:
        """Send data in this turn, in the order of the calls."""
        if not self._held:
            self._since = perf_counter()
            self._loop.call_soon(self.send)
        self._held.append((transport, data))
        if perf_counter() - self._since > TURN:
            self.send()

    def send(self) -> None:
        """Send what is held."""
        held, self._held = self._held, []
        for transport, data in held:
            if not transport.is_closing():
                transport.write(data)


class Joined(asyncio.Transport):
    """A connection's transport, which sends the head of a response together with its body.

    uvicorn writes them one after the other, and each write goes through the whole network stack: it
    was half of the server's time.
    """

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        self._transport, self._outbox = transport, outbox
        self._head = b""

    def write(self, data: Any) -> None:
        """Hold a head until the next write; send anything else with what is held."""
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
        else:
            self._outbox.add(self._transport, self._head + data)
            self._head = b""

    def flush(self) -> None:
        """Send a head that has no body."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Send what is held, and close the connection."""
        self.flush()
        self._outbox.send()
        self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Return whether the connection is closing."""
        return self._transport.is_closing()


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with deadlines and limits where an ASGI application is too late.

    An application is called when the headers are complete, and never where they do not end.
    """

    def __init__(self, config: Config, *args: Any, **settings: Any) -> None:
        super().__init__(config, *args, **settings)
        self.seconds = config.limits.seconds
        # Chunks of a byte each take several; a body that is too large in itself gets 413 before
        self.largest = 2 * config.limits.body + HEAD
        self.deadline = 0.0  # of what the client has to send or read now; 0 for nothing
        self.in_head, self.taken = True, 0
        self.ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; refuse the connection where there are too many."""
        super().connection_made(transport)
        self.joined = self.transport = Joined(transport, shared(self.loop, self.server_state))
        self.deadline = self.loop.time() + self.seconds
        if len(self.connections) > most_files() - SPARE_FILES:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, within its limits."""
        if self.deadline == 0.0:
            self.deadline = self.loop.time() + self.seconds
        self.taken += len(data)
        super().data_received(data)
        if self.taken > (HEAD if self.in_head else self.largest):
            self.refuse(431 if self.in_head else 413)

    def on_headers_complete(self) -> None:
        """Start the application, and the deadline of the body."""
        super().on_headers_complete()
        self.headers = []  # takes the trailers of a chunked body, which are no headers
        self.in_head = False
        self.deadline = self.loop.time() + self.seconds
        if self.ending:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """End the deadline: what is left to do is the server's."""
        super().on_message_complete()
        self.in_head, self.taken, self.deadline = True, 0, 0.0

    def on_response_complete(self) -> None:
        """Send what is held: the head of a response without a body."""
        self.joined.flush()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Start the deadline of a response that the client does not read."""
        super().pause_writing()
        self.deadline = self.loop.time() + self.seconds

    def resume_writing(self) -> None:
        """End that deadline."""
        super().resume_writing()
        self.deadline = 0.0

    def refuse(self, status: int) -> None:
        """End a connection whose request cannot be finished, with a response if none has begun."""
        if self.transport.is_closing():
            self.transport.abort()
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        begun = answering and self.cycle.response_started
        if self.taken and not begun and not self.flow.write_paused:
            self.transport.write(_REFUSALS[status])
            self.transport.close()
            self.deadline = self.loop.time() + SWEEP  # for the client to take it
        else:
            self.transport.abort()

    def shutdown(self) -> None:
        """End after the request that is being served; an idle connection may send a last one.

        Its request may be under way already, and would be lost.
        """
        self.ending = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(LAST_REQUESTS, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


_REFUSALS = {
    status: f"HTTP/1.1 {status} {text}\r\ncontent-type: application/json\r\n"
    f"content-length: {len(text) + 12}\r\nconnection: close\r\n\r\n"
    f'{{"error":"{text}"}}'.encode()
    for status, text in (
        (408, "Request Timeout"),
        (413, "Content Too Large"),
        (431, "Request Header Fields Too Large"),
    )
}
_outboxes: WeakKeyDictionary[ServerState, Outbox] = WeakKeyDictionary()


def shared(loop: asyncio.AbstractEventLoop, state: ServerState) -> Outbox:
    """Return what the connections of a server send by; from the first on, look at the deadlines of
    all of them once a second.
    """
    if (outbox := _outboxes.get(state)) is not None:
        return outbox
    outbox = _outboxes[state] = Outbox(loop)

    def sweep() -> None:
        now = loop.time()
        for connection in list(state.connections):
            if isinstance(connection, Protocol) and 0.0 < connection.deadline < now:
                connection.refuse(408)
        loop.call_later(SWEEP, sweep)

    loop.call_later(SWEEP, sweep)
    return outbox
