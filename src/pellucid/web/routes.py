"""Requests of the page: train and be notified, evaluate, measure robustness, get test digits."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, TypeAlias

from pellucid.building import mlp
from pellucid.errors import PellucidError
from pellucid.language import speaking, translate
from pellucid.lens.robustness import CHANGES
from pellucid.network import Network
from pellucid.web.computing import BusyError, Computing, LeftError
from pellucid.web.digits import (
    Evaluation,
    RefusedError,
    digit,
    evaluation,
    network_of,
    pixels,
    robust,
)
from pellucid.web.live_training import PERIOD, News, Training

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route

Query: TypeAlias = Mapping[str, str]  # the parameters of path and query
Work: TypeAlias = Callable[[Query, bytes, Event], Any]
"""Of query, body and whether to stop; returns bytes, or JSON's data."""

# Limits that keep a page left open, or a script, from filling memory and processors.
MOST_PAGES = 16  # that train at once
MOST_NEURONS, MOST_LAYERS, MOST_DIGITS = 512, 4, 100
MOST_BATCH = 5000
EVALUATIONS, ORDERS_AT_ONCE = 2, MOST_PAGES
ORDERS = ("play", "pause", "batch", "epoch")
PACES = ("slow", "epoch", "full")
MOST_RATE = 1e6


class Trainings:
    """The trainings of all open pages, by name, and what else is computed for them."""

    def __init__(self) -> None:
        self._held: dict[str, Training] = {}
        # Orders must not wait for evaluations.
        self.evaluating, self.ordering = Computing(EVALUATIONS), Computing(ORDERS_AT_ONCE)

    def __getitem__(self, name: str) -> Training:
        if name not in self._held:
            raise RefusedError("no such training: its page was closed")
        return self._held[name]

    def close(self) -> None:
        """End all of them. May be called by a signal handler."""
        for training in list(self._held.values()):
            training.close()
        self.evaluating.close()
        self.ordering.close()

    async def events(self) -> AsyncIterator[str]:
        """Open a training, and yield its news as server-sent events until page or training end."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def notify() -> None:
            with suppress(RuntimeError):  # the server has stopped, and closed the loop
                loop.call_soon_threadsafe(changed.set)

        # Only the page that opened a training can know its name, and so steer it.
        name, training = secrets.token_urlsafe(9), Training(notify)
        self._held[name] = training
        try:
            if len(self._held) > MOST_PAGES:
                yield _event({"name": None})
                return
            yield _event({"name": name})
            while not training.closed:
                await changed.wait()
                changed.clear()
                if not training.closed:
                    yield _event(training.news())
                    await asyncio.sleep(PERIOD)  # news that come meanwhile are sent as one
        finally:
            del self._held[name]
            training.close()


def routes(trainings: Trainings) -> list[Route]:
    """Return the routes of a page whose network classifies digits."""
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    async def learn(request: Request) -> StreamingResponse:
        return StreamingResponse(trainings.events(), media_type="text/event-stream")

    def order(query: Query, body: bytes, stop: Event) -> None:
        _order(trainings[query["name"]], query, body)

    def digits(query: Query, body: bytes, stop: Event) -> bytes:
        return pixels(numbers(query["rows"], MOST_DIGITS))

    evaluating, ordering = trainings.evaluating, trainings.ordering
    return [
        Route("/learn", learn),
        Route("/learn/{name}/{order}", endpoint(order, ordering), methods=["POST"]),
        Route("/evaluate", endpoint(_evaluation, evaluating), methods=["POST"]),
        Route("/robustness/{change}", endpoint(_robustness, evaluating), methods=["POST"]),
        Route("/digit/{row}", endpoint(_digit, ordering)),
        Route("/digits/{rows}", endpoint(digits, ordering)),
    ]


def endpoint(work: Work, computing: Computing) -> Callable[[Request], Any]:
    """Return an endpoint that works in a thread: 200 with JSON or bytes, 400 with the reason, 503
    where too many wait.

    Reasons are in the language of the request, which the page sends as its own.
    """
    from starlette.responses import JSONResponse, PlainTextResponse, Response

    async def respond(request: Request) -> Response:
        body = await request.body()
        query = {**request.query_params, **request.path_params}
        try:
            # After the body, the next message tells that the client has left.
            found = await computing.run(partial(work, query, body), request.receive)
        except LeftError:
            return Response(status_code=503)  # which nobody reads
        except BusyError:
            return PlainTextResponse("too many computations wait: try again", 503)
        except RefusedError as error:
            return PlainTextResponse(str(error), 400)
        except PellucidError as error:
            korean = request.headers.get("accept-language", "").startswith("ko")
            with speaking("ko" if korean else "en"):
                return PlainTextResponse(translate(error), 400)
        return Response(found) if isinstance(found, bytes) else JSONResponse(found)

    return respond


def _order(training: Training, query: Query, body: bytes) -> None:
    order, seed = query["order"], _whole(query.get("seed", "0"))
    rate, batch_size = _number(query.get("rate", "1")), _whole(query.get("batch", "100"))
    pace = query.get("pace", "full")
    if not (0 < rate <= MOST_RATE and 1 <= batch_size <= MOST_BATCH and pace in PACES):
        raise RefusedError(
            f"rate must be above 0 and at most {MOST_RATE:g}, batch from 1 to {MOST_BATCH}, "
            f"pace one of {', '.join(PACES)}"
        )
    training.settle(rate, batch_size, pace)
    if order == "start":
        training.start(network_of(body) if body else _new_network(query, seed), seed)
    elif order == "show":
        training.show(_whole(query.get("epoch", "0")))
    elif order in ORDERS:
        training.order(order)
    elif order != "set":
        raise RefusedError(f"an order is one of {', '.join(ORDERS)}, start, show or set")


def _new_network(query: Query, seed: int) -> Network:
    """Build the requested network with new weights."""
    hidden = numbers(query.get("hidden", ""), MOST_LAYERS)
    if any(not 1 <= size <= MOST_NEURONS for size in hidden):
        raise RefusedError(f"a hidden layer has 1 to {MOST_NEURONS} neurons")
    activation = query.get("activation", "sigmoid")
    output = "sigmoid" if activation == "sigmoid" else "softmax"
    return mlp([784, *hidden, 10], activation, output, pixels=True, seed=seed)


def _evaluation(query: Query, body: bytes, stop: Event) -> Evaluation:
    return evaluation(network_of(body))


def _robustness(query: Query, body: bytes, stop: Event) -> dict[str, Any] | None:
    if query["change"] not in CHANGES:
        raise RefusedError(f"a change is one of {', '.join(CHANGES)}")
    return robust(network_of(body), query["change"], stop)


def _digit(query: Query, body: bytes, stop: Event) -> bytes:
    return digit(_whole(query["row"]))


def _event(news: News | dict[str, str | None]) -> str:
    return f"data: {json.dumps(news)}\n\n"


def numbers(text: str, most: int) -> list[int]:
    """Return whole numbers that commas separate; raises RefusedError for anything else."""
    words = [word for word in text.split(",") if word]
    if len(words) > most:
        raise RefusedError(f"expected at most {most} numbers, got {len(words)}")
    return [_whole(word) for word in words]


def _whole(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10):  # `int` refuses thousands of digits
        raise RefusedError(f"expected a whole number, got {text!r}")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RefusedError(f"expected a number, got {text!r}") from None
