"""Running the application by uvicorn: deadlines and limits below ASGI, signals, several workers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from uvicorn.supervisors import Multiprocess

from pellucid.errors import InputError, reason_of
from pellucid.serving import metrics
from pellucid.serving.application import App, app
from pellucid.serving.limits import LOOPBACK, Access, Limits
from pellucid.serving.models import named

HEAD = 1 << 16  # bytes of a request's line and headers
SWEEP = 1.0  # seconds between two looks at all deadlines: a timer for each request costs more
LAST_REQUESTS = 0.5  # seconds in which an idle connection may still send one when the server ends
SPARE_FILES = 64  # file descriptors that are left for everything but connections


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a process serves: models by name and file, with what `app` takes."""

    models: dict[str, str]
    limits: Limits
    access: Access
    log: str = "text"
    counts: str | None = None

    def app(self) -> App:
        """Return the application; each worker makes its own."""
        return app(self.models, self.limits, self.access, log=self.log, counts=self.counts)


class Config(uvicorn.Config):
    """uvicorn's settings, with the limits of a request."""

    def __init__(self, service: Service, workers: int) -> None:
        self.limits = service.limits
        super().__init__(
            service.app,
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
            timeout_keep_alive=round(service.limits.idle),
            timeout_graceful_shutdown=round(service.limits.seconds) + 1,
        )


class _Joined(asyncio.Transport):
    """Sends the head of a response together with its body.

    uvicorn writes them one after the other, and each write goes through the whole network stack: it
    was half of the server's time.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: Any) -> None:
        """Hold a head until the next write; write anything else with what is held."""
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
        else:
            self._transport.write(self._head + data)
            self._head = b""

    def flush(self) -> None:
        """Write what is held."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Write what is held, and close the connection."""
        self.flush()
        self._transport.close()

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
        self.joined = _Joined(transport)
        self.deadline = self.loop.time() + self.seconds
        if len(self.connections) > most_connections():
            transport.abort()
        watch(self.loop, self.server_state)

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
        self.cycle.transport = self.joined
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
_watched: WeakSet[ServerState] = WeakSet()


def watch(loop: asyncio.AbstractEventLoop, state: ServerState) -> None:
    """Look at the deadlines of all connections of a server once a second, from the first on."""
    if state in _watched:
        return
    _watched.add(state)

    def sweep() -> None:
        now = loop.time()
        for connection in list(state.connections):
            if isinstance(connection, Protocol) and 0.0 < connection.deadline < now:
                connection.refuse(408)
        loop.call_later(SWEEP, sweep)

    loop.call_later(SWEEP, sweep)


def most_connections() -> int:
    """Return how many connections a process may have: as many as it may open files."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 1 << 16
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES


def _raise_most_files() -> None:
    """Allow as many open files as the system lets this process have."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve(
    service: Service, host: str, port: int, workers: int, ready: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or Ctrl-C; then finish what was accepted.

    Parameters
    ----------
    host, port
        The address to listen on; port 0 is any free one.
    workers
        Processes that share the port; one that dies is replaced.
    ready
        Called with the address once connections are accepted.

    Raises InputError where the address cannot be used, or is not loopback and there is no token;
    FileError for a model that cannot be read.
    """
    if host not in LOOPBACK and not service.access.token:
        raise InputError(
            "{host} can be reached from other computers: give --token-file, or listen on 127.0.0.1",
            host=host,
        )
    _raise_most_files()
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    with _listening(host, port) as listener, _counted(service, workers) as counted:
        address, port = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        config = Config(counted, workers)
        if workers > 1:
            named(service.models)  # an unreadable file is an error here, not of every worker
            ready(f"http://{shown}:{port}")
            Multiprocess(config, sockets=[listener]).run()
            return
        config.load()
        server = uvicorn.Server(config)

        def end(*_: object) -> None:
            server.should_exit = True

        # Before uvicorn takes the signal, and after: it raises it again when all is finished, and
        # the end is a success.
        signal.signal(signal.SIGTERM, end)
        ready(f"http://{shown}:{port}")
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


@contextmanager
def _counted(service: Service, workers: int) -> Iterator[Service]:
    """Yield the service with a file in which several workers count together."""
    if workers == 1:
        yield service
        return
    if os.name == "nt":
        raise InputError("several workers need file locks that Windows does not have: use one")
    with tempfile.TemporaryDirectory(prefix="pellucid.") as folder:
        path = Path(folder, "counts")
        metrics.shared([*service.models], workers, str(path))
        fields = {**vars(service), "counts": str(path)}
        yield Service(**fields)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio, where uvloop is not, sends small responses at once
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.set_inheritable(True)
    except (OSError, OverflowError) as error:
        listener.close()
        template = "{host}:{port} cannot be used ({reason}): choose another port, or 0 for any"
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise InputError(template, host=host, port=port, reason=reason) from error
    return listener
