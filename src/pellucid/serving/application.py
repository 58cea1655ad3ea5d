"""The ASGI application: routes, access, errors, counting, and models that change."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, TypeAlias

from pellucid.errors import PellucidError
from pellucid.serving import aliases, openapi, people, protocol
from pellucid.serving.access_log import AccessLog
from pellucid.serving.computing import Computing
from pellucid.serving.http import (
    CLOSE,
    TEXT,
    Bodies,
    Disconnected,
    Headers,
    Receive,
    Refused,
    Request,
    Response,
    Scope,
    Send,
    compressed,
    json_response,
    respond,
)
from pellucid.serving.limits import Access, Limits, check_once
from pellucid.serving.metrics import Counts
from pellucid.serving.models import Model, Served, Source, named

Answer: TypeAlias = "Callable[[Model, Request, Computing], Awaitable[tuple[Response, int]]]"
CLIENT_LEFT = 499  # as nginx calls it
WATCH = 1.0  # seconds between two looks at the models' files


class Route(NamedTuple):
    """What is at a path: `get` for GET, `post` of a model for POST, and how it is counted."""

    get: Callable[[], Response] | None = None
    post: Answer | None = None
    served: Served | None = None
    endpoint: str = "other"
    open_to_all: bool = False

    @property
    def methods(self) -> str:
        """The methods that the path takes."""
        read = ["GET", "HEAD"] if self.get is not None else []
        return ", ".join([*read, *(["POST"] if self.post is not None else [])])


class App:
    """Serves models; an ASGI application, for any server, or mounted in another application.

    Attributes
    ----------
    served
        The models by name; their `model` is replaced when its file changes.
    """

    def __init__(
        self,
        served: dict[str, Served],
        limits: Limits,
        access: Access,
        log: AccessLog,
        counts: Counts,
    ) -> None:
        self.served, self.limits, self.access = served, limits, access
        self.log, self.counts = log, counts
        self.bodies = Bodies(limits.body, limits.bodies)
        self.computing = Computing(limits)
        self.document = self._described()
        # All paths are known now: no name in a request is ever looked up anywhere else
        self.routes = self._routes()
        self._watching: asyncio.Task[None] | None = None

    def _routes(self) -> dict[str, Route]:
        names = list(self.served)
        everything = {"status": "alive", "models": names, "openapi": "/openapi.json"}
        alive = Route(protocol.health, open_to_all=True)
        routes = {
            "/": Route(lambda: json_response(everything)),
            "/ping": Route(protocol.health, open_to_all=True),
            "/metrics": Route(lambda: Response(self.counts.text(), (TEXT,))),
            "/openapi.json": Route(lambda: self.document),
            "/v2": Route(protocol.server_metadata),
            "/v2/health/live": alive,
            "/v2/health/ready": alive,
            "/v1/models": Route(lambda: json_response({"models": names})),
        }
        for name, served in self.served.items():
            routes |= _model_routes(name, served)
        # Which model, if there are several, the address cannot say
        if len(self.served) == 1:
            only = next(iter(self.served.values()))
            routes["/invocations"] = Route(None, aliases.invocations, only, "invocations")
        return routes

    def _described(self) -> Response:
        found = openapi.document(self.served, self.limits, bool(self.access.token))
        return json_response(found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or the server's start and end."""
        if scope["type"] == "http":
            if self._watching is None:  # mounted, without a lifespan of its own
                self._watch()
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        self.counts.begin()
        headers: Headers = dict(scope["headers"])
        path: str = scope["path"]
        route = self.routes.get(path.removeprefix(scope.get("root_path", "")).rstrip("/") or "/")
        rows, status = 0, CLIENT_LEFT
        try:
            response, rows = await self._response(scope, route, headers, receive)
            status = response.status
            await respond(send, compressed(self._allowed(response, headers), headers), receive)
        except Disconnected:
            pass
        finally:
            seconds = perf_counter() - begun
            model = "" if route is None or route.served is None else route.served.name
            endpoint = "other" if route is None else route.endpoint
            self.counts.end(model, endpoint, status, seconds, rows)
            client = (scope.get("client") or ("-",))[0]
            self.log.request(scope["method"], path, client, status, seconds, rows)

    async def _response(
        self, scope: Scope, route: Route | None, headers: Headers, receive: Receive
    ) -> tuple[Response, int]:
        """Return the response to a request and the rows that it predicted; an error is one, too."""
        try:
            if len(headers) < len(scope["headers"]):
                check_once(scope["headers"])
            asked_first = scope["method"] == "OPTIONS" and b"origin" in headers
            open_to_all = asked_first or (route is not None and route.open_to_all)
            self.access.check(headers, open_to_all)
            if asked_first:
                return Response(b"", self.access.preflight(), 204), 0
            if route is None:
                names = ", ".join(self.served)
                raise Refused(404, f"nothing is at this address; the models are {names}")
            if scope["method"] in ("GET", "HEAD") and route.get is not None:
                return route.get(), 0
            if scope["method"] != "POST" or route.post is None:
                raise Refused(405, f"use {route.methods}", [(b"allow", route.methods.encode())])
        except Refused as error:
            return _refusal(error, unread=_has_body(headers)), 0
        try:
            body = await self.bodies.read(headers, receive)
            assert route.served is not None
            request = Request(headers, body, scope.get("query_string", b""))
            return await route.post(route.served.model, request, self.computing)
        except Refused as error:
            return _refusal(error), 0
        except PellucidError as error:
            return _refusal(Refused(400, str(error))), 0
        except Disconnected:
            raise
        except Exception:
            self.log.event(traceback.format_exc())
            return _refusal(Refused(500, "the server failed; its log has the reason")), 0

    def _allowed(self, response: Response, headers: Headers) -> Response:
        """Return the response with the header that lets a web page read it, if that is allowed."""
        origin = headers.get(b"origin")
        if origin is None or origin.decode("latin-1") not in self.access.origins:
            return response
        added = [(b"access-control-allow-origin", origin), (b"vary", b"origin")]
        return response._replace(headers=(*response.headers, *added))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._watch()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _watch(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._reload_for_ever())

    async def _reload_for_ever(self) -> None:
        # Beside the requests: a server is ready before it has imported what tables need
        await asyncio.to_thread(self._warm_up)
        while True:
            await asyncio.sleep(WATCH)
            await self.reload_changed()

    def _warm_up(self) -> None:
        for served in self.served.values():
            served.model.warm_up()

    async def reload_changed(self) -> None:
        """Load each model whose file has changed; one that cannot be read leaves the old one."""
        for name, served in self.served.items():
            if not served.changed:
                continue
            try:
                await asyncio.to_thread(served.reload)
            except Exception as error:  # whatever a damaged file raises: the old model serves on
                self.counts.reload(name, succeeded=False)
                self.log.event(
                    f"{name}: the changed file was refused, the old model stays: {error}"
                )
            else:
                self.document = self._described()  # it may have other inputs
                self.counts.reload(name, succeeded=True)
                self.log.event(f"{name}: loaded anew")

    async def close(self) -> None:
        """End what runs beside the requests, and write the log."""
        if self._watching is not None:
            self._watching.cancel()
        await self.computing.close()
        self.log.flush()


def _model_routes(name: str, served: Served) -> dict[str, Route]:
    def get(answer: Callable[[Model], Response]) -> Route:
        return Route(lambda: answer(served.model), None, served)

    infer = Route(None, protocol.infer, served, "infer")
    ready = get(protocol.model_ready)
    routes = {
        f"/predict/{name}": Route(
            lambda: people.example(served.model), people.predict, served, "predict"
        ),
        f"/v1/models/{name}": ready,
        f"/v1/models/{name}:predict": Route(None, aliases.predict_v1, served, "v1"),
    }
    # The version is optional in the protocol; there is one
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/1"):
        routes |= {path: get(protocol.model_metadata), f"{path}/ready": ready}
        routes |= {f"{path}/infer": infer}
    return routes


def _has_body(headers: Headers) -> bool:
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def _refusal(error: Refused, unread: bool = False) -> Response:
    close = [CLOSE] if unread and CLOSE not in error.headers else []
    return json_response({"error": str(error)}, error.status, [*error.headers, *close])


def app(
    models: Mapping[str, Source] | Sequence[str | Path],
    limits: Limits | None = None,
    access: Access | None = None,
    *,
    log: str = "off",
    counts: str | None = None,
) -> App:
    """Return an ASGI application that serves models.

    Parameters
    ----------
    models
        Files of models, or networks, by name; of a list of files, the name is the file's without
        its extension. A file that changes is loaded anew.
    limits
        What a request may cost. Default: `Limits()`.
    access
        Who may send requests: a token, names of this server, origins. Default: everybody whom the
        server that runs the application lets through.
    log
        The access log on standard error: "text", "json" (a JSON object a line) or "off".
    counts
        A file from `metrics.shared`, in which several workers count together.

    Raises FileError for a file that cannot be read, and InputError for two models of one name.
    """
    served = named(models)
    written = AccessLog(log)
    return App(served, limits or Limits(), access or Access(), written, Counts([*served], counts))
