"""Requests and responses as the handlers see them, and how bodies are read from ASGI."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import orjson

Headers: TypeAlias = dict[bytes, bytes]  # names in lower case
Pairs: TypeAlias = Sequence[tuple[bytes, bytes]]
# As ASGI defines them: dicts whose values depend on "type"
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
CLOSE = (b"connection", b"close")
RETRY = (b"retry-after", b"1")
LARGE = 1 << 16  # bytes of a response that is worth compressing
LINGER = 2.0  # seconds for which the rest of a refused body is thrown away


class Refused(Exception):
    """A request that gets no prediction: the HTTP status, a sentence, further headers."""

    def __init__(self, status: int, text: str, headers: Pairs = ()) -> None:
        super().__init__(text)
        self.status, self.headers = status, headers


class Disconnected(Exception):
    """The client left before its request was complete."""


class Request(NamedTuple):
    """What a handler gets: headers, the whole body, decompressed, and what follows the path's ?."""

    headers: Headers
    body: bytes
    query: bytes = b""


class Response(NamedTuple):
    """What a handler returns."""

    body: bytes
    headers: Pairs = (JSON,)
    status: int = 200


def json_response(value: Any, status: int = 200, headers: Pairs = ()) -> Response:
    """Return a JSON response; arrays of NumPy are written as lists.

    Floats are as short as their own type needs: 0.1 for a float32, not 0.10000000149.
    """
    body = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, (JSON, *headers), status)


def parse_json(body: bytes | memoryview) -> Any:
    """Return the value of a JSON text.

    Raises Refused for anything else: NaN and Infinity, which JSON does not have, and nesting deeper
    than 1,024, too.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        there = error.doc[error.pos : error.pos + len("Infinity")]
        name = next((each for each in ("NaN", "Infinity") if there.startswith(each)), None)
        why = str(error)
        if name is not None:  # as json.dumps of Python writes them
            place = f"line {error.lineno} column {error.colno}"
            why = f"{name} at {place}; send null for a missing cell of a table"
        raise Refused(400, f"the body is not JSON: {why}") from error


class Bodies:
    """The bytes of all bodies that are being received, and how many there may be.

    Without this limit, thousands of clients that send slowly would fill the memory together.
    """

    def __init__(self, most: int, most_together: int) -> None:
        self.most, self.left = most, most_together

    async def read(self, headers: Headers, receive: Receive) -> bytes:
        """Return a request's body, decompressed.

        Raises Refused for one that is too large or in an unknown encoding, Disconnected where the
        client leaves.
        """
        length = headers.get(b"content-length", b"0")
        # Before the first `receive`, which answers "Expect: 100-continue" with yes
        if not length.isdigit() or int(length) > self.most:
            raise self._too_large(CLOSE)
        message = await receive()
        body = message.get("body", b"")
        if message.get("more_body", False):
            body = await self._rest(bytearray(body), receive)
        elif message["type"] == "http.disconnect":
            raise Disconnected
        if len(body) > self.most:
            raise self._too_large()
        encoding = headers.get(b"content-encoding")
        return body if encoding is None else self._decompressed(body, encoding.strip().lower())

    async def _rest(self, body: bytearray, receive: Receive) -> bytes:
        taken, more = len(body), True
        self.left -= taken
        try:
            while more:
                if taken > self.most:
                    raise self._too_large(CLOSE)
                if self.left < 0:
                    raise Refused(503, "too many bodies are being received", [RETRY, CLOSE])
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                part = message.get("body", b"")
                body += part
                taken += len(part)
                self.left -= len(part)
                more = message.get("more_body", False)
            return bytes(body)
        finally:
            self.left += taken

    def _decompressed(self, body: bytes, encoding: bytes) -> bytes:
        if encoding == b"identity":
            return body
        if encoding not in (b"gzip", b"deflate"):
            accepted = [(b"accept-encoding", b"gzip, deflate")]
            raise Refused(415, "content-encoding must be gzip, deflate or identity", accepted)
        try:
            stream = zlib.decompressobj(32 + zlib.MAX_WBITS)  # either of the two
            # One byte more shows that there is more, and a bomb never unfolds
            content = stream.decompress(body, self.most + 1)
        except zlib.error as error:
            raise Refused(400, f"the body is not {encoding.decode()}: {error}") from error
        if len(content) > self.most:
            raise self._too_large()
        if not stream.eof or stream.unused_data:
            raise Refused(400, f"the body is not one whole {encoding.decode()} stream")
        return content

    def _too_large(self, *headers: tuple[bytes, bytes]) -> Refused:
        return Refused(413, f"a body may have {self.most:,} bytes, decompressed, too", headers)


def compressed(response: Response, headers: Headers) -> Response:
    """Return a large response compressed, if the client accepts gzip."""
    if len(response.body) < LARGE or b"gzip" not in headers.get(b"accept-encoding", b""):
        return response
    stream = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    body = stream.compress(response.body) + stream.flush()
    return Response(body, (*response.headers, (b"content-encoding", b"gzip")), response.status)


async def respond(send: Send, response: Response, receive: Receive) -> None:
    """Send a response; where it closes the connection, throw the rest of the request away first.

    Closing with bytes unread resets the connection, and the client might never see the response.
    """
    length = (b"content-length", b"%d" % len(response.body))
    headers = [*response.headers, length]
    start = {"type": "http.response.start", "status": response.status, "headers": headers}
    await send(start)
    body = {"type": "http.response.body", "body": response.body}
    if CLOSE not in response.headers:
        await send(body)
        return
    await send({**body, "more_body": True})
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_drain(receive), LINGER)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
