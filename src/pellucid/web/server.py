"""The server of the page, on this computer only."""

from __future__ import annotations

import errno
import gzip
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

from pellucid.errors import InputError, reason_of
from pellucid.extras import library
from pellucid.lens.neurons import reads_digits
from pellucid.network import Network
from pellucid.web.guard import App, Guard
from pellucid.web.parts import INDEX, media_type, parts
from pellucid.web.routes import Trainings, routes

if TYPE_CHECKING:
    import uvicorn
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

HOST = "127.0.0.1"
PORT = 8765
"""The default port; where it is taken, any free one."""

COMPRESSED = (".html", ".js", ".css", ".svg", ".json")
"""Extensions of texts, which gzip reduces to a quarter."""


def serve(
    net: Network, name: str, port: int | None = None, ready: Callable[[str], None] | None = None
) -> None:
    """Serve the page of a network on 127.0.0.1 until Ctrl-C.

    Parameters
    ----------
    name
        Of the network, on the page.
    port
        None for 8765, or any free port where that is taken; 0 for any free port.
    ready
        Called with the page's address, once it can be opened. It ends in a key, without which this
        computer's other users cannot open the page.

    Raises MissingLibraryError without the libraries of the extra `web`, and InputError where the
    port is taken.
    """
    library("starlette", "web")
    library("uvicorn", "web")
    library("httptools", "web")
    import uvicorn

    trainings, key = Trainings(), secrets.token_urlsafe(16)
    app = application(net, name, trainings, key)
    with listening(port) as listener:

        class Server(uvicorn.Server):
            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                trainings.close()  # first, as their streams of news would never end by themselves
                super().handle_exit(sig, frame)

        with suppress(KeyboardInterrupt):
            if ready is not None:  # connections wait in the socket's queue until the server runs
                ready(f"http://{HOST}:{listener.getsockname()[1]}/?key={key}")
            Server(settings(app)).run(sockets=[listener])


def settings(app: App) -> uvicorn.Config:
    """Return the settings with which uvicorn serves the page."""
    import uvicorn

    from pellucid.web.connections import LimitedConnection, backlog

    return uvicorn.Config(
        app,
        http=LimitedConnection,
        ws="none",
        backlog=backlog(),
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )


def application(
    net: Network, name: str, trainings: Trainings | None = None, key: str | None = None
) -> App:
    """Return the ASGI application of a network's page: its files, the model and facts about it.

    For a network that classifies digits it also trains and evaluates.

    Parameters
    ----------
    trainings
        Those of the pages, which the caller can then end.
    key
        What the page's address must have to be opened; see `Guard`.
    """
    from starlette.applications import Starlette

    files = parts(net, name, server=True)
    found = [_file_route(file, content) for file, content in files.items()]
    if reads_digits(net):
        found += routes(trainings or Trainings())
    # Outermost, so that no route can be reached past it.
    return Guard(Starlette(routes=found), key)


def _file_route(file: str, content: bytes) -> Route:
    from starlette.responses import Response
    from starlette.routing import Route

    compressible = file.endswith(COMPRESSED)
    # Once at the start and not for each request.
    compressed = gzip.compress(content, mtime=0) if compressible else content

    async def endpoint(request: Request) -> Response:
        if not compressible or "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(content, media_type=media_type(file))
        return Response(compressed, 200, {"content-encoding": "gzip"}, media_type(file))

    return Route("/" if file == INDEX else f"/{file}", endpoint)


def listening(port: int | None) -> socket.socket:
    """Return a socket that listens; see `serve`."""
    # The protocol by name: else asyncio leaves out TCP_NODELAY, and a response waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A port that was just closed may be used again at once.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listener.bind((HOST, PORT if port is None else port))
        except OSError as error:
            if port is not None or error.errno != errno.EADDRINUSE:
                raise
            listener.bind((HOST, 0))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = reason_of(error) if isinstance(error, OSError) else error
        template = "port {port} cannot be used ({reason}): choose another one, or 0 for any"
        raise InputError(template, port=port, reason=reason) from error
    return listener
