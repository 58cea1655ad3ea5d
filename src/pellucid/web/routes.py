"""What the page asks its server to do: train and be told, evaluate, measure, give test digits."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

from pellucid.building import mlp
from pellucid.errors import PellucidError
from pellucid.extras import library
from pellucid.language import translate
from pellucid.lens.robustness import CHANGES
from pellucid.network import Network
from pellucid.web.digits import LEARNED, Refused, digit, evaluation, network_of, pictures, robust
from pellucid.web.training import PERIOD, Training

MOST_PAGES = 16  # that train at once
MOST_NEURONS, MOST_LAYERS, MOST_PICTURES = 512, 4, 100
ORDERS = ("play", "pause", "batch", "epoch")
PACES = ("slow", "epoch", "full")
MOST_RATE = 1e6


class Trainings:
    """The trainings of all pages that are open, by name."""

    def __init__(self) -> None:
        self._held: dict[str, Training] = {}

    def __getitem__(self, name: str) -> Training:
        if name not in self._held:
            raise Refused("there is no such training: its page was closed")
        return self._held[name]

    def close(self) -> None:
        """End all of them."""
        for training in list(self._held.values()):
            training.close()

    async def events(self) -> AsyncIterator[str]:
        """Open a training, and give its news as server-sent events until the page goes away or the
        training ends.
        """
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop was closed, as the server stopped
                loop.call_soon_threadsafe(changed.set)

        name, training = secrets.token_urlsafe(9), Training(tell)
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
                    await asyncio.sleep(PERIOD)
        finally:
            del self._held[name]
            training.close()


def routes(trainings: Trainings) -> list[Any]:
    """Give the routes of a page whose network reads digits."""
    responses = library("starlette.responses", "web")
    routing = library("starlette.routing", "web")
    in_thread = library("starlette.concurrency", "web").run_in_threadpool

    async def learn(request: Any) -> Any:
        return responses.StreamingResponse(trainings.events(), media_type="text/event-stream")

    def answering(work: Callable[[Mapping[str, str], bytes], Any]) -> Callable[[Any], Any]:
        """Give an endpoint that works beside the loop.

        What it gives is JSON or bytes, what it refuses is 400.
        """

        async def answer(request: Any) -> Any:
            body = await request.body()
            try:
                found = await in_thread(work, {**request.query_params, **request.path_params}, body)
            except (PellucidError, Refused) as error:
                return responses.PlainTextResponse(
                    translate(error) if isinstance(error, PellucidError) else str(error), 400
                )
            return (
                responses.Response(found)
                if isinstance(found, bytes)
                else responses.JSONResponse(found)
            )

        return answer

    def order(said: Mapping[str, str], body: bytes) -> None:
        _order(trainings[said["name"]], said, body)

    return [
        routing.Route("/learn", learn),
        routing.Route("/learn/{name}/{order}", answering(order), methods=["POST"]),
        routing.Route(
            "/evaluate", answering(lambda _, body: evaluation(network_of(body))), methods=["POST"]
        ),
        routing.Route("/robustness/{change}", answering(_robustness), methods=["POST"]),
        routing.Route("/digit/{row}", answering(lambda said, _: digit(_whole(said["row"])))),
        routing.Route(
            "/digits/{rows}",
            answering(lambda said, _: pictures(_numbers(said["rows"], MOST_PICTURES))),
        ),
    ]


def _order(training: Training, said: Mapping[str, str], body: bytes) -> None:
    order, seed = said["order"], _whole(said.get("seed", "0"))
    rate, batch_size, pace = (
        _number(said.get("rate", "1")),
        _whole(said.get("batch", "100")),
        said.get("pace", "full"),
    )
    if not (0 < rate <= MOST_RATE and 1 <= batch_size <= LEARNED and pace in PACES):
        raise Refused(
            f"rate is above 0, up to {MOST_RATE:g}; batch from 1 to {LEARNED}; pace one of {PACES}"
        )
    training.settle(rate, batch_size, pace)
    if order == "start":
        training.start(network_of(body) if body else _fresh(said, seed), seed)
    elif order == "show":
        training.show(_whole(said.get("epoch", "0")))
    elif order in ORDERS:
        training.order(order)
    elif order != "set":
        raise Refused(f"an order is one of {ORDERS}, start, show or set")


def _fresh(said: Mapping[str, str], seed: int) -> Network:
    """Build the network that is asked for, with fresh weights."""
    hidden = _numbers(said.get("hidden", ""), MOST_LAYERS)
    if any(not 1 <= size <= MOST_NEURONS for size in hidden):
        raise Refused(f"a hidden layer has 1 to {MOST_NEURONS} neurons")
    activation = said.get("activation", "sigmoid")
    output = "sigmoid" if activation == "sigmoid" else "softmax"
    return mlp([784, *hidden, 10], activation, output, pixels=True, seed=seed)


def _robustness(said: Mapping[str, str], body: bytes) -> dict[str, Any]:
    if said["change"] not in CHANGES:
        raise Refused(f"a change is one of {', '.join(CHANGES)}")
    return robust(network_of(body), said["change"])


def _event(news: dict[str, Any]) -> str:
    return f"data: {json.dumps(news)}\n\n"


def _numbers(text: str, most: int) -> list[int]:
    words = [word for word in text.split(",") if word]
    if len(words) > most:
        raise Refused(f"expected at most {most} numbers, got {len(words)}")
    return [_whole(word) for word in words]


def _whole(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10):
        raise Refused(f"expected a whole number, got {text!r}")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refused(f"expected a number, got {text!r}") from None
