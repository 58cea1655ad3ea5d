"""Requests of the teacher's page: the class's drawings, its QR code, and training on them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from threading import Event
from typing import TYPE_CHECKING

from pellucid.web.classroom import MOST, Classroom, Trained
from pellucid.web.digits import RefusedError, network_of
from pellucid.web.door import qr_code
from pellucid.web.routes import Query, Trainings, endpoint, numbers

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route


def class_routes(address: str, classroom: Classroom, trainings: Trainings) -> list[Route]:
    """Return the routes for the teacher; `address` is the pupils'."""
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route

    code = qr_code(address)

    async def picture(request: Request) -> Response:
        return Response(code, media_type="image/svg+xml")

    async def drawings(request: Request) -> Response:
        return StreamingResponse(_events(classroom), media_type="text/event-stream")

    def remove(query: Query, body: bytes, stop: Event) -> None:
        try:
            classroom.remove(numbers(body.decode("ascii"), MOST))
        except UnicodeDecodeError:
            raise RefusedError("expected numbers of drawings") from None

    def train(query: Query, body: bytes, stop: Event) -> Trained:
        return classroom.train(network_of(body), stop)

    return [
        Route("/class/code.svg", picture),
        Route("/class/drawings", drawings),
        Route("/class/remove", endpoint(remove, trainings.ordering), methods=["POST"]),
        Route("/class/train", endpoint(train, trainings.evaluating), methods=["POST"]),
    ]


async def _events(classroom: Classroom) -> AsyncIterator[str]:
    async for news in classroom.events():
        yield f"data: {json.dumps(news)}\n\n"
