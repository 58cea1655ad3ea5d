"""The guard of the page's server: only the page itself, on this computer, may use it.

Any web page can let a browser send requests to 127.0.0.1. So `Host` must name this computer (DNS
rebinding points another site's name here), `Origin`, where there is one, must be this page, and a
body may have a few megabytes at most.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

# As ASGI defines them: dicts whose values depend on "type".
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 8 << 20  # bytes: a model of two million parameters in float32
NAMES = ("127.0.0.1", "localhost")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # the next `pellucid open` may serve another network here
}


class Guard:
    """An ASGI application around another one: it refuses foreign requests, and adds the security
    headers to every response.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond 400 (host), 403 (origin) or 413 (size)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if refusal := _refusal(headers):
            await _respond(send, *refusal)
            return
        await self.app(scope, _limited(receive), _with_headers(send))


def _refusal(headers: dict[str, str]) -> tuple[int, bytes] | None:
    host = headers.get("host", "")
    # With or without a port: browsers leave out the default one.
    if host.rpartition(":")[0] not in NAMES and host not in NAMES:
        return 400, b"this server responds to 127.0.0.1 and localhost only"
    # Browsers send no Origin with a plain GET, which cannot change anything here.
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return 403, b"this server responds to its own page only"
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        return 413, b"the request is too large"
    return None


def _limited(receive: Receive) -> Receive:
    """Stop reading a body beyond the limit: its stated length may be missing or wrong."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > LARGEST_BODY else message

    return limited


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = message.get("headers", ())
            own = [(name, value) for name, value in given if name.decode() not in HEADERS]
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": own + added}
        await send(message)

    return with_headers


async def _respond(send: Send, status: int, text: bytes) -> None:
    length = str(len(text)).encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
    send = _with_headers(send)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
