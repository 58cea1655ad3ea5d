"""The door for a class: all that a pupil's device can reach.

It is an address of its own (`pellucid open --class`), with one page and one order, to send a
drawing. The link holds a token; whoever does not know it finds nothing. Every connection serves one
request, so that a slow one ends soon.
"""

from __future__ import annotations

import hmac
import io
import ipaddress
import secrets
import socket
from collections import Counter
from typing import TYPE_CHECKING

from pellucid.errors import InputError, PellucidError
from pellucid.extras import library
from pellucid.language import speaking, translate
from pellucid.web.classroom import LARGEST, Classroom, FullError
from pellucid.web.digits import RefusedError
from pellucid.web.guard import App, Guard, Message, Receive, Scope, Send, respond

if TYPE_CHECKING:
    from asyncio import Transport

    from pellucid.web.connections import LimitedConnection

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
TOKEN = 10  # letters: 31^10 links, too many to try

LONGEST = 60.0
"""Seconds that a connection may last."""

MOST_CONNECTIONS, MOST_OF_A_DEVICE = 240, 80
"""At once, of the 400 that the server takes; devices behind one address share the second."""


class Door:
    """The address of a class, and what is there.

    Parameters
    ----------
    listener
        A socket that listens on that address.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.host, self.port = listener.getsockname()[:2]
        self.token = "".join(secrets.choice(LETTERS) for _ in range(TOKEN))
        self.address = f"http://{self.host}:{self.port}/{self.token}/"
        self.here = Counter[str]()

    def application(self, page: bytes, packed: bytes, classroom: Classroom) -> App:
        """Return what is behind the door: the page, also packed by gzip, and the classroom."""
        root = f"/{self.token}/".encode()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            send = _closing(send)
            path, method = scope["path"].encode(), scope["method"]
            if hmac.compare_digest(path, root) and method == "GET":
                await _send_page(scope, send, page, packed)
            elif hmac.compare_digest(path, root + b"digit") and method == "POST":
                await _take(scope, receive, send, classroom)
            else:
                await respond(send, 404, b"there is nothing here: check the link")

        return Guard(
            app,
            hosts=(f"{self.host}:{self.port}",),
            entrance=root.decode(),
            largest=LARGEST,
            policy="frame-ancestors 'none'",  # the page has its own, with its scripts' digests
        )

    def connection(self) -> type[LimitedConnection]:
        """Return uvicorn's connection with more limits for this door."""
        from pellucid.web.connections import LimitedConnection

        door = self

        class DoorConnection(LimitedConnection):
            peer: str | None = None

            def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.server != (door.host, door.port) or transport.is_closing():
                    return
                self.peer = self.client[0] if self.client else ""
                door.here[self.peer] += 1
                self.end = self.loop.call_later(LONGEST, transport.abort)
                if door.here[self.peer] > MOST_OF_A_DEVICE or door.here.total() > MOST_CONNECTIONS:
                    transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                if self.peer is not None:
                    self.end.cancel()
                    door.here -= Counter([self.peer])  # without those of 0
                    self.peer = None
                super().connection_lost(exc)

        return DoorConnection


def own_address(wanted: str | None = None) -> str:
    """Return the address of this computer that the devices of its network reach.

    Raises InputError for what is no address, and where none is found.
    """
    if wanted is not None:
        try:
            found = ipaddress.IPv4Address(wanted)
        except ValueError:
            found = ipaddress.IPv4Address("0.0.0.0")
        if found.is_unspecified or found.is_multicast:
            template = "expected an IPv4 address of this computer, such as 192.168.0.7, got {got}"
            raise InputError(template, got=wanted)
        return str(found)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: only asks the system which of its addresses leads outward
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            template = "this computer is in no network: join one, or name its address by --address"
            raise InputError(template) from None


def qr_code(address: str) -> bytes:
    """Return the QR code of an address as SVG, black on white; needs segno."""
    library("segno", "web")
    import segno

    out = io.BytesIO()
    segno.make(address, micro=False).save(out, kind="svg", scale=8, dark="#000", light="#fff")
    return out.getvalue()


def qr_text(address: str) -> str:
    """Return the QR code of an address as lines of half blocks, for a terminal."""
    library("segno", "web")
    import segno

    out = io.StringIO()
    segno.make(address, micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


def _closing(send: Send) -> Send:
    """Close the connection with the response: the next request gets one of its own."""

    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return closing


async def _send_page(scope: Scope, send: Send, page: bytes, packed: bytes) -> None:
    headers = dict(scope["headers"])
    gzips = b"gzip" in headers.get(b"accept-encoding", b"")
    more = [(b"content-encoding", b"gzip")] if gzips else []
    await respond(send, 200, packed if gzips else page, more, b"text/html; charset=utf-8")


async def _take(scope: Scope, receive: Receive, send: Send, classroom: Classroom) -> None:
    content = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        content += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        count = classroom.add((scope.get("client") or ("",))[0], content)
    except RefusedError as error:
        await respond(send, 400, str(error).encode())
    except FullError as error:
        await respond(send, 429, _reason(scope, error))
    else:
        await respond(send, 200, str(count).encode())


def _reason(scope: Scope, error: PellucidError) -> bytes:
    """Return an error in the language of the request, which the page sends as its own."""
    language = dict(scope["headers"]).get(b"accept-language", b"")
    with speaking("ko" if language.startswith(b"ko") else "en"):
        return translate(error).encode()
