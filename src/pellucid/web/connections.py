"""Connections to the page's server: how many there may be, and how long a request may take.

uvicorn limits neither: an idle connection stays open for ever, and so does one that sends a request
byte by byte.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pellucid.files.descriptors import most_files

MOST_CONNECTIONS = 400
PATIENCE = 20.0
"""Seconds in which a whole request must have arrived."""

_REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def most_connections() -> int:
    """Return how many connections there may be: at most 3/8 of the files that may be open."""
    return max(8, min(MOST_CONNECTIONS, most_files() * 3 // 8))


def backlog() -> int:
    """Return how many connections are accepted together: asyncio accepts four times as many before
    the first of them can be refused.
    """
    return max(4, min(128, most_files() // 16))


class LimitedConnection(HttpToolsProtocol):
    """uvicorn's connection, refused beyond `most_connections()`, and ended where a request takes
    longer than `PATIENCE`.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.write(_REFUSAL)
            transport.close()
            return
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        super().connection_lost(exc)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._clear_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._set_deadline()

    def _set_deadline(self) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(PATIENCE, self.transport.close)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
