"""The server as a process: deadlines, limits and hostile requests below the application."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import PATIENCE, Running, running

LIMIT = 100_000
DEADLINE = 1  # second
INFER = b"POST /predict/digits HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = INFER + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
ZEROS = json.dumps([0] * 784).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running("--timeout", str(DEADLINE), "--max-body", str(LIMIT), "--log", "off") as server:
        yield server
        assert server.stop() == 0


@pytest.fixture(autouse=True)
def _alive(server: Running) -> Iterator[None]:
    """Whatever a test sends, the server lives and answers others."""
    yield
    assert server.get("/v2/health/live")["live"]
    assert server.get("/predict/digits", ZEROS)["predictions"]


def connected(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def all_of(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    found = b""
    try:
        while part := connection.recv(1 << 16):
            found += part
    except ConnectionResetError:
        pass
    return found


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def talk(server: Running, content: bytes) -> int:
    """Send bytes; return the status that comes before the connection is closed."""
    with connected(server) as connection:
        connection.sendall(content)
        return status_of(all_of(connection))


def post(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    stated = b"Content-Length: %d\r\n" % (len(body) if length is None else length)
    return INFER + stated + b"".join(each + b"\r\n" for each in headers) + b"\r\n" + body


@pytest.mark.parametrize(
    "content",
    [
        b"",  # nothing at all: closed without a word
        b"\r\n",
        b"POST /predict/digits HTTP/1.1\r\nHost: loc",
        INFER + b"Content-Length: 5\r\n\r\n",
        post(b"[1, 2", length=1000),
        INFER + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[1, 2",
    ],
)
def test_what_does_not_end_is_ended(server: Running, content: bytes) -> None:
    begun = time.monotonic()
    assert talk(server, content) == (408 if content else 0)
    assert time.monotonic() - begun >= DEADLINE  # no sooner


def test_a_byte_now_and_then_is_not_enough(server: Running) -> None:
    """The deadline is of the whole head, and of the whole body, not of the next byte."""
    for start in (b"", INFER + b"Content-Length: 1000\r\n\r\n"):
        with connected(server) as connection:
            connection.sendall(start)
            try:
                for _ in range(600):
                    connection.sendall(b"G" if not start else b" ")
                    time.sleep(0.02)
            except OSError:
                pass
            else:
                pytest.fail("the server waited for ever")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),  # a browser that tries https
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET " + b"/" * 70_000, 431),
        (INFER + b"X: " + b"a" * 70_000, 431),
        (INFER + b"a: b\r\n" * 20_000, 431),
        (post(b"", length=1 << 30), 413),
        (post(b"", length=10**30), 400),
        (post(b"", b"Expect: 100-continue", length=1 << 30), 413),
        (INFER + b"Content-Length: -1\r\n\r\n", 400),
        (INFER + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (INFER + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n[]", 400),
        (INFER + b"Transfer-Encoding: chunked\r\n\r\nZ\r\n", 400),
        (b"GET http://[::1 HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: evil\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (post(ZEROS, b"Connection: close", *[b"Content-Encoding: identity"] * 2), 400),
        (CHUNKED + b"%x;a=b\r\n" % len(ZEROS) + ZEROS + b"\r\n0\r\nHost: evil\r\n\r\n", 200),
        (CHUNKED.replace(b"localhost", b"evil") + b"0\r\nHost: localhost\r\n\r\n", 421),
        (CHUNKED + b"1;" + b"a" * 300_000, 413),
        (b"GET /v2 HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        (b"CONNECT evil:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (INFER + b"Content-Length: 2, 2\r\n\r\n[]", 400),
        (INFER + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        (post(b"[]", b"Connection: close", b"Content-Encoding: gzip, gzip"), 415),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"CONNECT evil:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421),
        (post(b"[1]", b"Origin: https://evil.example"), 403),
        (post(b"[" * 50_000, b"Connection: close"), 400),
        (post(b'{"inputs":NaN}', b"Connection: close"), 400),
        (post(ZEROS, b"Connection: close"), 200),
        (post(ZEROS, b"Connection: close", b"Upgrade: websocket"), 200),
    ],
)
def test_hostile_requests_get_the_right_status(
    server: Running, content: bytes, status: int
) -> None:
    assert talk(server, content) == status


def test_an_endless_body_is_refused_and_the_client_is_told(server: Running) -> None:
    with connected(server) as connection:
        connection.sendall(INFER + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"%x\r\n" % 50_000 + b"0" * 50_000 + b"\r\n"
        try:
            for _ in range(10_000):  # 500 MB
                connection.sendall(chunk)
        except OSError:
            pass
        else:
            pytest.fail("the server took it all")
        found = all_of(connection)
    assert status_of(found) in (413, 0)  # the reset may overtake the answer


def test_a_stated_length_of_a_gigabyte_is_refused_before_it_is_sent(server: Running) -> None:
    with connected(server) as connection:
        connection.sendall(post(b"0" * 1000, length=1 << 30))
        assert connection.recv(13) == b"HTTP/1.1 413 "


def test_an_answer_that_nobody_reads_is_given_up(server: Running) -> None:
    """Requests whose answers are left in the socket: the server must not keep them for ever."""
    rows = json.dumps([[0] * 784] * 60).encode()
    assert len(rows) > 90_000
    with connected(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10 * DEADLINE)
        try:
            for _ in range(2000):
                connection.sendall(post(rows))
        except (OSError, TimeoutError):
            pass
        else:
            pytest.fail("the server kept everything")


def test_pipelined_requests_are_answered_in_their_order(server: Running) -> None:
    asked = [post(ZEROS), b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n", post(b"[]")]
    last = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with connected(server) as connection:
        connection.sendall(b"".join([*asked, last]))
        found = all_of(connection)
    statuses = [int(part[:3]) for part in found.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 200, 400, 404]


def test_sigterm_finishes_what_was_accepted(tmp_path: Path) -> None:
    """A request that has begun is answered, and one on an idle connection, too."""
    with running() as server:
        begun, idle = connected(server), connected(server)
        body = post(ZEROS)
        begun.sendall(body[:-10])
        idle.sendall(post(ZEROS))
        assert idle.recv(1) == b"H"
        server.process.terminate()
        idle.sendall(post(ZEROS))
        with pytest.raises((ConnectionRefusedError, ConnectionResetError)):
            while True:
                connected(server).close()
        begun.sendall(body[-10:])
        for connection, answers in ((begun, 1), (idle, 2)):
            assert all_of(connection).count(b'"label":"5"') == answers
            connection.close()
        assert server.process.wait(PATIENCE) == 0
