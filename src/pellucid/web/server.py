"""The server of the page, on this computer only; for a class also a door for pupils' devices."""

from __future__ import annotations

import errno
import gzip
import secrets
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import FrameType
from typing import TYPE_CHECKING

from pellucid.errors import InputError, reason_of
from pellucid.extras import library
from pellucid.lens.neurons import reads_digits
from pellucid.network import Network
from pellucid.web.class_routes import class_routes
from pellucid.web.classroom import Classroom
from pellucid.web.door import Door
from pellucid.web.guard import App, Guard, Receive, Scope, Send
from pellucid.web.parts import INDEX, media_type, parts
from pellucid.web.routes import Trainings, routes
from pellucid.web.single_file import page_text

if TYPE_CHECKING:
    import uvicorn
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

HOST = "127.0.0.1"
PORT = 8765
"""The default port; where it is taken, any free one. A class's is the next."""

COMPRESSED = (".html", ".js", ".css", ".svg", ".json")
"""Extensions of texts, which gzip reduces to a quarter."""


def serve(
    net: Network,
    name: str,
    port: int | None = None,
    ready: Callable[[str, str | None], None] | None = None,
    class_address: str | None = None,
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
        computer's other users cannot open the page. With it the class's address, or None.
    class_address
        An address of this computer (`own_address`) at which pupils' devices get a page that sends
        drawings; None for no class.

    Raises MissingLibraryError without the libraries of the extra `web`, and InputError where the
    port or the address cannot be used or a class's network does not classify digits.
    """
    library("starlette", "web")
    library("uvicorn", "web")
    library("httptools", "web")
    import uvicorn

    trainings, key, classroom = Trainings(), secrets.token_urlsafe(16), Classroom()
    with ExitStack() as stack:
        sockets = [stack.enter_context(listening(port))]
        door = None
        if class_address is not None:
            sockets.append(stack.enter_context(listening(None, class_address, PORT + 1)))
            door = Door(sockets[1])
        app = application(net, name, trainings, key, door, classroom)

        class Server(uvicorn.Server):
            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                # First, as their streams of news would never end by themselves
                trainings.close()
                classroom.close()
                super().handle_exit(sig, frame)

        with suppress(KeyboardInterrupt):
            if ready is not None:  # connections wait in the socket's queue until the server runs
                address = f"http://{HOST}:{sockets[0].getsockname()[1]}/?key={key}"
                ready(address, None if door is None else door.address)
            Server(settings(app, door)).run(sockets=sockets)


def settings(app: App, door: Door | None = None) -> uvicorn.Config:
    """Return the settings with which uvicorn serves the page, and a class at its door."""
    import uvicorn

    from pellucid.web.connections import LimitedConnection, backlog

    return uvicorn.Config(
        app,
        http=LimitedConnection if door is None else door.connection(),
        ws="none",
        backlog=backlog(),
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )


def application(
    net: Network,
    name: str,
    trainings: Trainings | None = None,
    key: str | None = None,
    door: Door | None = None,
    classroom: Classroom | None = None,
) -> App:
    """Return the ASGI application of a network's page: its files, the model and facts about it.

    For a network that classifies digits it also trains and evaluates.

    Parameters
    ----------
    trainings
        Those of the pages, which the caller can then end.
    key
        What the page's address must have to be opened; see `Guard`.
    door, classroom
        Where pupils' devices send drawings, and what keeps these; the caller can end its streams.

    Raises InputError for a door with a network that does not classify digits.
    """
    from starlette.applications import Starlette

    address = "" if door is None else door.address
    files = parts(net, name, server=True, class_address=address)
    found = [_file_route(file, content) for file, content in files.items()]
    trainings = trainings or Trainings()
    digits = reads_digits(net)
    if digits:
        found += routes(trainings)
    # Outermost, so that no route can be reached past it.
    if door is None:
        return Guard(Starlette(routes=found), key)
    if not digits:
        raise InputError("a class draws digits: open a network with 28 x 28 pixels and ten classes")
    classroom = Classroom() if classroom is None else classroom
    found += class_routes(door.address, classroom, trainings)
    own = Guard(Starlette(routes=found), key)
    page = page_text(net, name, sends=True).encode()
    behind = door.application(page, gzip.compress(page, mtime=0), classroom)
    place = (door.host, door.port)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # The address of the socket that took the connection, which no request can choose
        await (behind if tuple(scope["server"]) == place else own)(scope, receive, send)

    return app


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


def listening(port: int | None, host: str = HOST, usual: int = PORT) -> socket.socket:
    """Return a socket that listens, at the usual port or any free one for None; see `serve`."""
    # The protocol by name: else asyncio leaves out TCP_NODELAY, and a response waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A port that was just closed may be used again at once.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listener.bind((host, usual if port is None else port))
        except OSError as error:
            if port is not None or error.errno != errno.EADDRINUSE:
                raise
            listener.bind((host, 0))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = reason_of(error) if isinstance(error, OSError) else error
        if host != HOST:
            template = "{host} cannot be used ({reason}): name an address of this computer"
            raise InputError(template, host=host, reason=reason) from error
        template = "port {port} cannot be used ({reason}): choose another one, or 0 for any"
        raise InputError(template, port=port, reason=reason) from error
    return listener
