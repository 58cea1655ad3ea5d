"""A client for load: many connections, an id and an input of its own in every request."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import pellucid as pl

CONNECTIONS = 64


@dataclass
class Load:
    """What became of the requests: how many were right, and what was wrong."""

    answered: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def small_net(seed: int = 0) -> pl.Network:
    """Return a network whose outputs tell its inputs apart."""
    return pl.mlp([2, 8, 3], activation="tanh", seed=seed)


def inputs(count: int) -> np.ndarray[Any, Any]:
    places = np.arange(count)
    return np.stack([np.cos(places), places / count], axis=1).astype(np.float32)


class Connection:
    """A connection that is kept: sends a request, returns the status and the body."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.closing = False

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, path: str, body: bytes) -> tuple[int, bytes]:
        assert self.reader is not None and self.writer is not None
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        found = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(found.partition(b"content-length: ")[2].partition(b"\r")[0])
        self.closing = b"connection: close" in found
        return int(found[9:12]), await self.reader.readexactly(length)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


def body_of(place: int, row: np.ndarray[Any, Any]) -> bytes:
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": row.tolist()}
    return json.dumps({"id": f"request {place}", "inputs": [tensor]}).encode()


async def send(
    port: int,
    places: Iterator[int],
    rows: np.ndarray[Any, Any],
    expected: list[np.ndarray[Any, Any]],
    load: Load,
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Send requests on one connection until there are no more, or `until` says so.

    Each answer must have its request's id and the outputs of one of the networks. When the server
    has said "Connection: close", or cannot be connected to, nothing is lost: nothing was sent.
    """
    clock = asyncio.get_running_loop().time
    connection = Connection(port)
    try:
        await connection.open()
        for place in places:
            if until():
                break
            begun = clock()
            status, body = await connection.ask("/v2/models/m/infer", body_of(place, rows[place]))
            load.seconds.append(clock() - begun)
            found = json.loads(body)
            data = found["outputs"][0]["data"] if status == 200 else []
            y = np.array(data, np.float32)
            if status != 200 or found["id"] != f"request {place}":
                load.wrong.append(f"{place}: {status} {body[:200]!r}")
            elif not any(np.array_equal(y, each[place]) for each in expected):
                load.wrong.append(f"{place}: the outputs of another request")
            else:
                load.answered += 1
            if connection.closing:
                break
    except ConnectionRefusedError:
        pass
    except (OSError, asyncio.IncompleteReadError) as error:
        load.wrong.append(f"lost: {error!r}")
    finally:
        connection.close()


async def send_all(
    port: int, count: int, nets: list[pl.Network], until: Callable[[], bool] = lambda: False
) -> Load:
    """Send `count` requests over all connections."""
    rows = inputs(count)
    # One by one, as the server predicts them; the bits are the same as in one batch
    expected = [net.predict(rows) for net in nets]
    places, load = iter(range(count)), Load()
    tasks = (send(port, places, rows, expected, load, until) for _ in range(CONNECTIONS))
    await asyncio.gather(*tasks)
    return load
