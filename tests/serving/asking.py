"""Asking an ASGI application in this process, as a server would."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pellucid.serving import App

Pairs = Sequence[tuple[bytes, bytes]]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        error: str = self.json["error"]
        return error


@dataclass
class Asker:
    """A client of an application, with an event loop of its own."""

    app: App

    def __post_init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, b"", **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """Send bytes, or anything else as JSON."""
        return self.ask("POST", path, body, **headers)

    def ask(self, method: str, path: str, body: Any, root: str = "", **headers: str) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.loop.run_until_complete(self.exchange(method, path, [content], root, headers))

    async def exchange(
        self,
        method: str,
        path: str,
        chunks: Sequence[bytes],
        root: str = "",
        headers: dict[str, str] | None = None,
        stated: bool = True,
    ) -> Answer:
        """Send a request in chunks; without `stated`, its length is not said."""
        pairs = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if stated:
            pairs.setdefault("content-length", str(sum(map(len, chunks))))
        pairs.setdefault("host", "localhost:8000")
        left, sent = list(chunks), []
        path, _, query = path.partition("?")

        async def receive() -> dict[str, Any]:
            if not left:
                return {"type": "http.disconnect"}
            body = left.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(left)}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "root_path": root,
            "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
        }
        await self.app(scope, receive, send)
        if not sent:
            return Answer(0, {}, b"")
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in sent[1:])
        assert int(found["content-length"]) == len(body)
        return Answer(sent[0]["status"], found, body)

    def close(self) -> None:
        self.loop.run_until_complete(self.app.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
