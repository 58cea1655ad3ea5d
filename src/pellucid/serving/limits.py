"""What a request may cost, and who may send one."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from pellucid.serving.http import Headers, Pairs, Refused

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this computer; whoever listens on another address needs a token."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What requests may cost.

    Parameters
    ----------
    body
        Bytes of a request's body, as it is sent and decompressed.
    bodies
        Bytes of all bodies together that are still being received.
    numbers
        Numbers or cells in a request.
    concurrent
        Requests that are computed at the same time outside the event loop: large ones and images.
    seconds
        For a request's headers, its body, its computation, and for reading the response: each.
    idle
        Seconds that a connection may wait for its next request.
    """

    body: int = 8 << 20
    bodies: int = 256 << 20
    numbers: int = 1_000_000
    concurrent: int = 64
    seconds: float = 30.0
    idle: float = 75.0


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may send requests.

    Parameters
    ----------
    token
        What `Authorization: Bearer` must hold; "" for nothing.
    hosts
        The names that `Host` may have, without port; none for any. On loopback they keep a web
        page from using a browser as a bridge to this computer (DNS rebinding).
    origins
        The web pages of other hosts that may use the server, such as "https://example.org".
    """

    token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def check(self, headers: Headers, open_to_all: bool) -> None:
        """Raise Refused for a foreign host, a foreign page, or a wrong token.

        `open_to_all` requests (is the server alive?) need no token.
        """
        host = headers.get(b"host", b"").decode("latin-1")
        if self.hosts and _name_of(host) not in self.hosts:
            raise Refused(421, f"this server is called {' or '.join(self.hosts)}, not {host!r}")
        origin = headers.get(b"origin")
        if origin is not None and not self.may_use(origin, host):
            raise Refused(403, "web pages of other hosts may not use this server")
        if self.token and not open_to_all:
            given = headers.get(b"authorization", b"")
            # Compared in constant time: how long it takes tells nothing about the token
            if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
                hint = [(b"www-authenticate", b"Bearer")]
                raise Refused(401, "send the header Authorization: Bearer TOKEN", hint)

    def may_use(self, origin: bytes, host: str) -> bool:
        """Return whether pages of this origin may use the server: its own, and those allowed."""
        text = origin.decode("latin-1")
        return text in self.origins or text in (f"http://{host}", f"https://{host}")

    def preflight(self) -> Pairs:
        """Return what a browser asks before it lets a page of another host send JSON."""
        allowed = b"authorization, content-type, inference-header-content-length"
        return [
            (b"access-control-allow-methods", b"GET, POST"),
            (b"access-control-allow-headers", allowed),
            (b"access-control-max-age", b"600"),
        ]


ONCE = (b"host", b"origin", b"authorization", b"content-encoding")


def check_once(headers: Pairs) -> None:
    """Raise Refused where a header that is believed is there twice: a proxy in front may have
    believed the other one.
    """
    names = [name for name, _ in headers]
    for name in ONCE:
        if names.count(name) > 1:
            raise Refused(400, f"the header {name.decode()} was sent twice")


def local(origins: Iterable[str] = (), token: str = "") -> Access:
    """Return the access of a server that listens on loopback only."""
    return Access(token=token, hosts=LOOPBACK, origins=tuple(origins))


def _name_of(host: str) -> str:
    """Return a Host header in lower case, without its port and an IPv6 address's brackets."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
