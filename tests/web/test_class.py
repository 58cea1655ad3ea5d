"""The door for a class: who may send what, how much, and what else is there (nothing)."""

import contextlib
import gzip
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pytest
import uvicorn

import pellucid as pl
from pellucid.web import SHIPPED, classroom, connections, door, server
from pellucid.web.classroom import LARGEST, Classroom, FullError
from pellucid.web.digits import RefusedError
from pellucid.web.door import Door, own_address, qr_code
from tests.web.kinds import PATIENCE
from tests.web.test_server import ask

DRAWING = bytes([3]) + bytes(300) + bytes([255] * 50) + bytes(434)
HOST = "127.0.0.1"


class Class(NamedTuple):
    """A class's two addresses, and what keeps the drawings."""

    teacher: str
    link: str
    room: Classroom


@contextlib.contextmanager
def running() -> Iterator[Class]:
    with socket.create_server((HOST, 0)) as own, socket.create_server((HOST, 0)) as other:
        gate, room = Door(other), Classroom()
        app = server.application(pl.load(SHIPPED), "digits", door=gate, classroom=room)
        serving = uvicorn.Server(server.settings(app, gate))
        thread = threading.Thread(target=serving.run, args=([own, other],))
        thread.start()
        yield Class(f"http://{HOST}:{own.getsockname()[1]}/", gate.address, room)
        room.close()
        serving.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def lesson() -> Iterator[Class]:
    with running() as found:
        yield found


def path_in(link: str, more: str = "") -> str:
    return urlsplit(link).path + more


def test_the_link_gives_a_page_that_sends(lesson: Class) -> None:
    answer, html = ask(lesson.link, path_in(lesson.link), Accept_Encoding="gzip")
    assert answer.status == 200 and answer.getheader("connection") == "close"
    text = gzip.decompress(html).decode()
    assert '"sends":true' in text and '"server":false' in text and "connect-src 'self'" in text
    assert ask(lesson.link, path_in(lesson.link))[1].decode() == text
    assert '"sends":false' not in text and lesson.teacher not in text
    assert re.fullmatch(r"/[a-z2-9]{10}/", path_in(lesson.link))


def test_a_drawing_arrives(lesson: Class) -> None:
    answer, said = ask(
        lesson.link, path_in(lesson.link, "digit"), "POST", DRAWING + "하늘".encode()
    )
    assert (answer.status, said) == (200, b"1")
    drawing = next(iter(lesson.room._drawings.values()))
    assert (drawing.label, drawing.name, drawing.device) == (3, "하늘", 1)
    assert drawing.pixels == DRAWING[1:]


def test_a_wrong_token_finds_nothing(lesson: Class) -> None:
    before = len(lesson.room)
    for path in ("/", "/aaaaaaaaaa/", path_in(lesson.link)[:-2] + "/", "/digit"):
        assert ask(lesson.link, path)[0].status == 404, path
    assert ask(lesson.link, "/aaaaaaaaaa/digit", "POST", DRAWING)[0].status == 404
    assert len(lesson.room) == before


@pytest.mark.parametrize("path", ["learn", "class/drawings", "page.json", "model.bin", "digit/1"])
def test_nothing_else_is_behind_the_door(lesson: Class, path: str) -> None:
    """Nor with the token, nor with the teacher's own `Host`."""
    for whole in (f"/{path}", path_in(lesson.link, path)):
        assert ask(lesson.link, whole)[0].status == 404
    for order in ("learn/x/play", "evaluate", "class/train", "class/remove"):
        assert ask(lesson.link, f"/{order}", "POST", b"1")[0].status == 404
    assert ask(lesson.link, f"/{path}", Host=urlsplit(lesson.teacher).netloc)[0].status == 400


def test_the_teachers_page_refuses_the_class(lesson: Class) -> None:
    """By the class's name, and from the class's page."""
    net = SHIPPED.read_bytes()
    teacher = lesson.teacher
    assert ask(teacher, "/class/train", "POST", net, Origin=lesson.link[:-12])[0].status == 403
    assert ask(teacher, path_in(lesson.link))[0].status == 404
    assert ask(teacher, "/class/remove", "POST", b"1", Host="192.168.0.7")[0].status == 400
    assert ask(teacher, "/class/code.svg")[1] == qr_code(lesson.link)


@pytest.mark.parametrize("host", ["evil.example", "localhost", HOST, f"{HOST}:1", ""])
def test_other_names_of_the_door_are_refused(lesson: Class, host: str) -> None:
    assert ask(lesson.link, path_in(lesson.link), Host=host)[0].status == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"http://{HOST}:1"])
def test_other_pages_cannot_send(lesson: Class, origin: str) -> None:
    before = len(lesson.room)
    answer, _ = ask(lesson.link, path_in(lesson.link, "digit"), "POST", DRAWING, Origin=origin)
    assert answer.status == 403 and len(lesson.room) == before
    own = lesson.link.rpartition("/")[0].rpartition("/")[0]
    answer, _ = ask(lesson.link, path_in(lesson.link, "digit"), "POST", DRAWING, Origin=own)
    assert answer.status == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        DRAWING[:-1],
        bytes([10]) + DRAWING[1:],
        bytes(785),
        DRAWING + b"\xff",
        DRAWING + b"x" * 21,
        DRAWING + "\u202egnp.exe".encode(),
        DRAWING + b"a\x1b[2J",
    ],
)
def test_what_is_no_drawing_is_refused(lesson: Class, content: bytes) -> None:
    before = len(lesson.room)
    assert ask(lesson.link, path_in(lesson.link, "digit"), "POST", content)[0].status == 400
    assert len(lesson.room) == before
    with pytest.raises(RefusedError):
        Classroom().add("x", content)


def connected(lesson: Class) -> socket.socket:
    place = urlsplit(lesson.link)
    return socket.create_connection((HOST, place.port or 0), timeout=PATIENCE)


def head(lesson: Class, more: str) -> bytes:
    place = urlsplit(lesson.link)
    return f"POST {place.path}digit HTTP/1.1\r\nHost: {place.netloc}\r\n{more}\r\n".encode()


def ended(connection: socket.socket) -> bool:
    """Wait for the end of a connection; return whether nothing was said before."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def status_of(connection: socket.socket) -> int:
    with connection.makefile("rb") as file:
        return int(file.readline().split()[1])


def test_a_large_body_is_refused(lesson: Class) -> None:
    """By its stated length, and by its bytes where that is missing."""
    large = DRAWING + bytes(LARGEST)
    assert ask(lesson.link, path_in(lesson.link, "digit"), "POST", large)[0].status == 413
    with connected(lesson) as connection:
        connection.sendall(head(lesson, "Transfer-Encoding: chunked\r\n"))
        connection.sendall(b"2000\r\n" + bytes(0x2000) + b"\r\n")
        assert status_of(connection) == 413


@pytest.mark.parametrize("limit", [(connections, "PATIENCE"), (door, "LONGEST")])
def test_slow_requests_end(monkeypatch: pytest.MonkeyPatch, limit: tuple[ModuleType, str]) -> None:
    """A connection that says nothing, a part of a head, or less than its body."""
    monkeypatch.setattr(*limit, 0.05)
    with running() as lesson:
        whole = head(lesson, f"Content-Length: {len(DRAWING)}\r\n")
        for said in (b"", whole[:-2], whole + DRAWING[:99]):
            with connected(lesson) as connection:
                connection.sendall(said)
                assert ended(connection)
        assert len(lesson.room) == 0


def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a device, and all of them; who is refused comes in once another leaves."""
    monkeypatch.setattr(door, "MOST_OF_A_DEVICE", 2)
    with running() as lesson, connected(lesson), connected(lesson) as second:
        with connected(lesson) as third:
            assert ended(third)
        second.close()
        while True:  # until the server has seen that
            with contextlib.suppress(OSError, http.client.HTTPException):
                assert ask(lesson.link, path_in(lesson.link))[0].status == 200
                break
        monkeypatch.setattr(door, "MOST_CONNECTIONS", 1)
        with connected(lesson) as third:
            assert ended(third)


def test_limits_on_drawings(lesson: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a device, and of all; removing makes no room, or one device could send for ever."""
    room = Classroom()
    monkeypatch.setattr(classroom, "MOST_OF_A_DEVICE", 2)
    monkeypatch.setattr(classroom, "MOST", 3)
    assert [room.add("a", DRAWING), room.add("a", DRAWING)] == [1, 2]
    with pytest.raises(FullError, match="this device has sent 2"):
        room.add("a", DRAWING)
    room.remove([1, 2, 77])
    assert len(room) == 0
    with pytest.raises(FullError, match="this device"):
        room.add("a", DRAWING)
    assert room.add("b", DRAWING) == 1
    with pytest.raises(FullError, match="the class has sent 3"):
        room.add("c", DRAWING)
    monkeypatch.setattr(classroom, "MOST", 0)
    path = path_in(lesson.link, "digit")
    answer, reason = ask(lesson.link, path, "POST", DRAWING, Accept_Language="ko")
    assert answer.status == 429 and re.search("[가-힣]", reason.decode())


def test_the_news(lesson: Class) -> None:
    """The teacher's page hears of all drawings, then of what comes and goes."""
    place = urlsplit(lesson.teacher)
    start = lesson.room.add("127.0.0.9", DRAWING)
    assert start == 1
    with contextlib.closing(
        http.client.HTTPConnection(HOST, place.port, timeout=PATIENCE)
    ) as connection:
        connection.request("GET", "/class/drawings")
        stream = connection.getresponse()

        def news() -> dict[str, list[dict[str, object]]]:
            while not (line := stream.readline()).startswith(b"data: "):
                pass
            found: dict[str, list[dict[str, object]]] = json.loads(line[6:])
            return found

        first = news()
        assert first["first"] and len(first["added"]) == len(lesson.room)
        number = first["added"][-1]["number"]
        assert ask(lesson.teacher, "/class/remove", "POST", f"{number}".encode())[0].status == 200
        assert news() == {"first": False, "added": [], "removed": [number]}
    for wrong in (b"a", b"1,x", "\u00b2".encode()):
        assert ask(lesson.teacher, "/class/remove", "POST", wrong)[0].status == 400


def test_a_third_of_each_label_is_held_out_for_good() -> None:
    room = Classroom()
    for label in (1, 2, 1, 1, 2, 2, 1, 1, 1):
        room.add("a", bytes([label]) + DRAWING[1:])
    held = {each.number: each.held_out for each in room._drawings.values()}
    assert [number for number, out in held.items() if out] == [4, 6, 9]
    room.remove([1, 2])
    assert all(each.held_out == held[each.number] for each in room._drawings.values())


def test_few_drawings_are_refused(lesson: Class) -> None:
    room = Classroom()
    room.add("a", DRAWING)
    with pytest.raises(pl.InputError, match=r"0 of 1 drawings are held out.*about 30"):
        room.train(pl.load(SHIPPED))
    answer, reason = ask(lesson.teacher, "/class/train", "POST", SHIPPED.read_bytes())
    assert answer.status == 400 and b"held out" in reason


def test_training_on_a_class() -> None:
    """A class that writes its digits upside down: unread before, mostly read after."""
    digits, room = pl.mnist().train, Classroom()
    for image, label in zip(digits.images[:240], digits.labels[:240], strict=True):
        room.add("a", bytes([label]) + image[::-1].tobytes())
    net = pl.load(SHIPPED)
    found = room.train(net)
    assert found["trained"] + found["held_out"] == 240
    before, after = found["before"], found["after"]
    assert before["right"] < 0.5 * found["held_out"] < 0.65 * found["held_out"] < after["right"]
    assert before["digits"] > 0.95 and after["digits"] > 0.9
    held = [each for each in room._drawings.values() if each.held_out]
    x = np.frombuffer(b"".join(each.pixels for each in held), np.uint8).reshape(-1, 28, 28)
    right = int((net.classify(x) == [each.label for each in held]).sum())
    assert right == after["right"]


@pytest.mark.parametrize("wanted", ["", "school", "0.0.0.0", "224.0.0.1", "::1", "1.2.3"])
def test_an_address_must_be_one(wanted: str) -> None:
    with pytest.raises(pl.InputError, match="IPv4 address"):
        own_address(wanted)


def test_an_address_must_be_this_computers() -> None:
    with pytest.raises(pl.InputError, match=r"192\.0\.2\.7 cannot be used"):
        server.serve(pl.load(SHIPPED), "digits", 0, class_address="192.0.2.7")


def test_a_class_draws_digits() -> None:
    with socket.create_server((HOST, 0)) as other, pytest.raises(pl.InputError, match="28 x 28"):
        server.application(pl.mlp([4, 3]), "plants", door=Door(other))
