"""The server of the page: on this computer only, for as long as it is wanted."""

from __future__ import annotations

import errno
import gzip
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pellucid.errors import InputError, reason_of
from pellucid.extras import library
from pellucid.lens.neurons import reads_digits
from pellucid.network import Network
from pellucid.web.guard import App, Guard
from pellucid.web.parts import INDEX, media_type, parts
from pellucid.web.routes import Trainings
from pellucid.web.routes import routes as work

HOST = "127.0.0.1"
PORT = 8765
"""Where the page is, unless another port is asked for; where it is taken, any free one."""

PACKED = (".html", ".js", ".css", ".svg", ".json")
"""What browsers are sent packed: texts, which become a quarter as large."""


def serve(
    net: Network, name: str, port: int | None = None, ready: Callable[[str], None] | None = None
) -> None:
    """Serve the page of a network on 127.0.0.1 until Ctrl-C.

    Parameters
    ----------
    name
        What to call the network.
    port
        None for 8765, or any free port where that is taken; 0 for any free port.
    ready
        Is called with the page's address, once it answers.

    Raises InputError where the libraries of the extra `web` are missing, and where the port is
    taken.
    """
    uvicorn = library("uvicorn", "web")
    trainings = Trainings()
    app = application(net, name, trainings)
    with _listening(port) as listener:
        settings = uvicorn.Config(
            app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(settings)
        ends = server.handle_exit

        def stop(
            *signal: Any,
        ) -> None:  # the pages' streams of news end first, as they would never by themselves
            trainings.close()
            ends(*signal)

        server.handle_exit = stop
        if ready is not None:  # connections wait in the socket's queue until the server takes them
            ready(f"http://{HOST}:{listener.getsockname()[1]}/")
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def application(net: Network, name: str, trainings: Trainings | None = None) -> App:
    """Give the ASGI application of a network's page: the files of `static/`, the model, and what is
    known of it.

    For a network that reads digits it trains and evaluates as well; `trainings` lets these be ended
    from outside.
    """
    applications = library("starlette.applications", "web")
    responses = library("starlette.responses", "web")
    routing = library("starlette.routing", "web")

    def route(file: str, content: bytes) -> Any:
        packed = gzip.compress(content, mtime=0) if file.endswith(PACKED) else content

        async def answer(request: Any) -> Any:
            if packed is content or "gzip" not in request.headers.get("accept-encoding", ""):
                return responses.Response(content, media_type=media_type(file))
            return responses.Response(packed, 200, {"content-encoding": "gzip"}, media_type(file))

        return routing.Route("/" if file == INDEX else f"/{file}", answer)

    routes = [route(file, content) for file, content in parts(net, name, server=True).items()]
    if reads_digits(net):
        routes += work(trainings or Trainings())
    app: App = Guard(applications.Starlette(routes=routes))
    return app


def _listening(port: int | None) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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
        raise InputError(
            "port {port} cannot be used ({reason}): choose another one, or 0 for any",
            port=port,
            reason=reason,
        ) from error
    return listener
