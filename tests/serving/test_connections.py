"""Responses of one turn of the event loop are sent together, in their order, and none is lost."""

import asyncio
from typing import Any

import pytest

from pellucid.serving import connections
from pellucid.serving.connections import Joined, Outbox

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire(asyncio.Transport):
    """A transport that remembers what it was asked."""

    def __init__(self, sent: list[Any]) -> None:
        self.sent, self.closed = sent, False

    def write(self, data: Any) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True
        self.sent.append("closed")

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def turn(scene: Any) -> list[Any]:
    """Return what two connections sent in a turn, and in the next one."""
    sent: list[Any] = []

    async def run() -> None:
        outbox = Outbox(asyncio.get_running_loop())
        scene(sent, *(Joined(Wire(sent), outbox) for _ in range(2)))
        sent.append("turn")
        await asyncio.sleep(0)

    asyncio.run(run())
    return sent


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "TURN", 60.0)


def test_a_head_goes_with_its_body_and_responses_at_the_end_of_the_turn() -> None:
    def scene(_: list[Any], one: Joined, other: Joined) -> None:
        one.write(HEAD)
        other.write(HEAD)
        one.write(b"1")
        other.write(b"2")
        one.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # has no body to wait for

    expected = ["turn", HEAD + b"1", HEAD + b"2", b"HTTP/1.1 100 Continue\r\n\r\n"]
    assert turn(scene) == expected


def test_closing_sends_what_is_held_before() -> None:
    def scene(_: list[Any], one: Joined, other: Joined) -> None:
        for each in (other, one):
            each.write(HEAD)
            each.write(b"1")
        one.write(HEAD)
        one.close()

    assert turn(scene) == [HEAD + b"1", HEAD + b"1", HEAD, "closed", "turn"]


def test_a_connection_that_was_lost_gets_nothing() -> None:
    def scene(_: list[Any], one: Joined, other: Joined) -> None:
        for each in (one, other):
            each.write(b"1")
        one.abort()
        assert one.is_closing() and not other.is_closing()

    assert turn(scene) == ["turn", b"1"]


def test_nobody_waits_for_a_long_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "TURN", 0.0)

    def scene(sent: list[Any], one: Joined, other: Joined) -> None:
        one.write(b"1")
        assert sent == [b"1"]
        other.write(b"2")

    assert turn(scene) == [b"1", b"2", "turn"]
