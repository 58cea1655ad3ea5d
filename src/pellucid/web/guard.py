"""The guard of the page's servers: only the page itself, in the browser of this user, may use it.

Any web page can let a browser send requests to 127.0.0.1. So `Host` must name this computer (DNS
rebinding points another site's name here), `Origin` and `Sec-Fetch-Site`, where there are such
headers, must name this page, and a body may have a few megabytes at most. Other users of this
computer can send requests, too: so the address that is opened first has a key, which becomes a
cookie. Browsers send that cookie with a link on another site to the page, and with nothing else of
another site (`SameSite=Lax`).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from pellucid.language import say, speaking

# As ASGI defines them: dicts whose values depend on "type".
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

LARGEST_BODY = 8 << 20  # bytes: a model of two million parameters in float32
NAMES = ("127.0.0.1", "localhost")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # the next `pellucid open` may serve another network here
}


Refusal: TypeAlias = tuple[int, bytes]  # status and reason
TEXT, HTML = b"text/plain; charset=utf-8", b"text/html; charset=utf-8"
TOO_LARGE: Refusal = 413, b"the request is too large"


class _TooLargeError(Exception):
    pass


class _Body:
    """A request's body, which is not read beyond the limit: its stated length may be missing."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self._receive, self._taken, self._largest = receive, 0, largest

    @property
    def too_large(self) -> bool:
        return self._taken > self._largest

    async def receive(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self.too_large:
            raise _TooLargeError
        return message


class Guard:
    """An ASGI application around another one: it refuses foreign requests, and adds the security
    headers to every response.

    Parameters
    ----------
    app
        The application.
    key
        What the first request must have as `?key=`, and all others as a cookie; None for no key.
    hosts
        Names of this server, as `Host` has them, with or without a port.
    entrance
        The path to which other sites may link.
    largest
        Bytes of a body.
    policy
        The Content-Security-Policy.
    """

    def __init__(
        self,
        app: App,
        key: str | None = None,
        *,
        hosts: Sequence[str] = NAMES,
        entrance: str = "/",
        largest: int = LARGEST_BODY,
        policy: str = POLICY,
    ) -> None:
        self.app, self.key = app, key
        self.hosts, self.entrance, self.largest = hosts, entrance, largest
        self.headers = {"content-security-policy": policy, **HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond 400 (host), 403 (origin, key) or 413 (size)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        send = _with_headers(send, self.headers)
        if refusal := self._refusal(headers, scope["path"]):
            await respond(send, *refusal)
        elif self.key is not None and not _knows(self.key, headers):
            await self._admit(scope, headers["host"], send)
        else:
            await self._passed_on(scope, receive, send)

    async def _passed_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(receive, self.largest)

        async def unless_too_large(message: Message) -> None:
            if not body.too_large:  # then the application responds to an error of its own
                await send(message)

        try:
            await self.app(scope, body.receive, unless_too_large)
        except _TooLargeError:
            await respond(send, *TOO_LARGE)

    async def _admit(self, scope: Scope, host: str, send: Send) -> None:
        """Turn the key of the address into a cookie, or refuse the request."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if self.key is None or not _same(given, self.key):
            await self._explain(scope, send)
            return
        cookie = f"{_cookie_name(host)}={self.key}; Path=/; HttpOnly; SameSite=Lax"
        # The browser keeps what follows the # of the first address.
        headers = [(b"location", b"/"), (b"set-cookie", cookie.encode("latin-1"))]
        await respond(send, 303, b"", headers)

    async def _explain(self, scope: Scope, send: Send) -> None:
        """Refuse a request without the key: at the entrance a reader may be waiting."""
        if scope["path"] != self.entrance:
            await respond(send, 403, b"open the address that pellucid printed: it ends in a key")
            return
        language = dict(scope["headers"]).get(b"accept-language", b"")
        with speaking("ko" if language.startswith(b"ko") else "en"):
            await respond(send, 403, _without_key().encode(), kind=HTML)

    def _refusal(self, headers: dict[str, str], path: str) -> Refusal | None:
        host = headers.get("host", "")
        # With or without a port: browsers leave out the default one.
        if host.rpartition(":")[0] not in self.hosts and host not in self.hosts:
            return 400, f"this server responds to {' and '.join(self.hosts)} only".encode()
        # Browsers send no Origin with a plain GET, which cannot change anything here.
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return 403, b"this server responds to its own page only"
        # Browsers say where a request comes from. A link to the page itself may be anywhere.
        own = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        if path != self.entrance and not own:
            return 403, b"this server responds to its own page only"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.largest:
            return TOO_LARGE
        return None


def _without_key() -> str:
    """Return a page for a browser that has no key, in the current language."""
    title = say("This page opens with its key")
    what = say(
        "Open the address that pellucid has printed in the terminal: it ends in a key. After "
        "that, links to this page work in this browser until pellucid stops."
    )
    again = say("If pellucid has stopped or was started again, its old address no longer works.")
    return (
        '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><h1>{title}</h1><p>{what}</p><p>{again}</p>"
    )


def _knows(key: str, headers: dict[str, str]) -> bool:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return False
    found = cookies.get(_cookie_name(headers["host"]))
    return found is not None and _same(found.value, key)


def _same(given: str, key: str) -> bool:
    # How long it takes tells nothing of where they differ.
    return hmac.compare_digest(given.encode(), key.encode())


def _cookie_name(host: str) -> str:
    """Return the cookie's name: cookies do not know ports, and there may be several servers."""
    port = host.rpartition(":")[2] if ":" in host else "80"
    return f"pellucid-{port if port.isdecimal() else '80'}"


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = message.get("headers", ())
            own = [(name, value) for name, value in given if name.decode() not in headers]
            added = [(name.encode(), value.encode()) for name, value in headers.items()]
            message = {**message, "headers": own + added}
        await send(message)

    return with_headers


async def respond(
    send: Send, status: int, content: bytes, more: Headers = (), kind: bytes = TEXT
) -> None:
    """Send a whole response."""
    length = str(len(content)).encode()
    headers = [(b"content-type", kind), (b"content-length", length), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
