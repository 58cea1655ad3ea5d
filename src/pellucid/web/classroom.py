"""A class's drawings: collected from pupils' devices, trained on, and measured before and after."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from threading import Event, Lock
from typing import NamedTuple, TypedDict

import numpy as np

from pellucid.core.checks import byte_factor
from pellucid.core.optimizers import AdamW
from pellucid.core.types import Array, Batch, Vector
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.callbacks import RunView
from pellucid.training.loop import train
from pellucid.web.digits import RefusedError, evaluation, training_digits
from pellucid.web.parts import model_bytes

PIXELS = 784
LONGEST_NAME = 20  # characters
LARGEST = 1 + PIXELS + 4 * LONGEST_NAME
"""Bytes of a drawing that is sent: its label, its pixels, and a nickname in UTF-8."""

MOST_OF_A_DEVICE, MOST = 300, 3000
"""Drawings: 3,000 are 3 MB here and 4 MB on the teacher's page."""

_HELD_OUT = 3  # every third drawing of a label measures, and never trains
_LEAST = 10  # drawings held out, or the accuracy says nothing
_OTHERS = 6000  # MNIST's digits that train beside the class's, so that the network keeps these
_EPOCHS = 20
_PERIOD = 0.2  # seconds between two pieces of news


class FullError(InputError):
    """More drawings than the limits allow."""


class Drawing(NamedTuple):
    """A drawing that was sent: `device` is its sender's number, `held_out` whether it measures."""

    number: int
    label: int
    pixels: bytes
    name: str
    device: int
    held_out: bool

    def news(self) -> dict[str, int | str | bool]:
        """Return it as JSON for the teacher's page."""
        return {**self._asdict(), "pixels": base64.b64encode(self.pixels).decode()}


class Score(TypedDict):
    """How many of the drawings held out are right, and the accuracy on MNIST's test digits."""

    right: int
    digits: float


class Trained(TypedDict):
    """The result of a training on the class's drawings; `weights` is a model file in base64."""

    trained: int
    held_out: int
    before: Score
    after: Score
    weights: str


class Classroom:
    """The drawings of a class, in memory, until pellucid ends."""

    def __init__(self) -> None:
        self._drawings: dict[int, Drawing] = {}
        self._devices: dict[str, int] = {}
        self._sent, self._labels = Counter[int](), Counter[int]()
        self._last = 0
        self._lock, self._training = Lock(), Lock()
        self._listeners: set[Callable[[], None]] = set()
        self.closed = False

    def __len__(self) -> int:
        return len(self._drawings)

    def add(self, address: str, content: bytes) -> int:
        """Keep a drawing that a device sent, and return how many this device has sent.

        Raises RefusedError for what the page never sends, FullError beyond the limits.
        """
        label, pixels, name = _parsed(content)
        with self._lock:
            device = self._devices.get(address, len(self._devices) + 1)
            # What was removed still counts: nobody can send for ever
            if self._sent[device] >= MOST_OF_A_DEVICE:
                template = "this device has sent {count} drawings, the most that a device may send"
                raise FullError(template, count=MOST_OF_A_DEVICE)
            if self._last >= MOST:
                template = "the class has sent {count} drawings, and no more are taken"
                raise FullError(template, count=MOST)
            self._devices[address] = device
            self._last += 1
            self._sent[device] += 1
            self._labels[label] += 1
            # For good, so that no drawing ever measures a network that was trained on it
            held_out = self._labels[label] % _HELD_OUT == 0
            drawing = Drawing(self._last, label, pixels, name, device, held_out)
            self._drawings[drawing.number] = drawing
            count = self._sent[device]
        self._notify()
        return count

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove drawings by their numbers; those that are gone already are ignored."""
        with self._lock:
            for number in numbers:
                self._drawings.pop(number, None)
        self._notify()

    def close(self) -> None:
        """End the streams of news. May be called at any time, even by a signal handler."""
        self.closed = True
        self._notify()

    async def events(self) -> AsyncIterator[dict[str, object]]:
        """Yield all drawings, then what was added and removed."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def notify() -> None:
            with suppress(RuntimeError):  # the server has stopped, and closed the loop
                loop.call_soon_threadsafe(changed.set)

        self._listeners.add(notify)
        known: set[int] = set()
        first = True
        try:
            while not self.closed:
                with self._lock:
                    held = dict(self._drawings)
                added = [each.news() for number, each in held.items() if number not in known]
                yield {"first": first, "added": added, "removed": sorted(known - held.keys())}
                known, first = set(held), False
                await asyncio.sleep(_PERIOD)  # what comes meanwhile is sent as one
                await changed.wait()
                changed.clear()
        finally:
            self._listeners.discard(notify)

    def train(self, net: Network, stop: Event | None = None) -> Trained:
        """Train a network on the class's drawings beside MNIST's digits, in place.

        Two thirds of the drawings of each label train; the others measure before and after. Raises
        InputError for too few drawings, and while another training is under way.
        """
        with self._lock:
            drawings = list(self._drawings.values())
        held_out = [each for each in drawings if each.held_out]
        if len(held_out) < _LEAST:
            template = (
                "{count} of {all} drawings are held out to measure the accuracy, at least {least} "
                "are needed: collect about {wanted} drawings"
            )
            counts = {"count": len(held_out), "all": len(drawings)}
            raise InputError(template, **counts, least=_LEAST, wanted=_HELD_OUT * _LEAST)
        if not self._training.acquire(blocking=False):
            raise InputError("a training is under way: wait for its end")
        try:
            kept = [each for each in drawings if not each.held_out]
            before = _score(net, held_out)
            _fine_tune(net, kept, stop or Event())
            after = _score(net, held_out)
        finally:
            self._training.release()
        return {
            "trained": len(kept),
            "held_out": len(held_out),
            "before": before,
            "after": after,
            "weights": base64.b64encode(model_bytes(net)).decode(),
        }

    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()


def _parsed(content: bytes) -> tuple[int, bytes, str]:
    """Return label, pixels and nickname of what a device sent."""
    if not 1 + PIXELS <= len(content) <= LARGEST:
        raise RefusedError(f"expected {1 + PIXELS} to {LARGEST} bytes, got {len(content)}")
    label, pixels = content[0], content[1 : 1 + PIXELS]
    if label > 9:
        raise RefusedError(f"expected a label from 0 to 9, got {label}")
    if not any(pixels):
        raise RefusedError("the drawing is empty")
    try:
        name = content[1 + PIXELS :].decode()
    except UnicodeDecodeError:
        raise RefusedError("a nickname is text in UTF-8") from None
    # Characters that command a terminal or turn the direction of writing are not printable
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise RefusedError(f"a nickname has at most {LONGEST_NAME} printable characters")
    return label, pixels, name.strip()


def _inputs(net: Network, drawings: Sequence[Drawing]) -> tuple[Batch, Vector]:
    pixels = np.frombuffer(b"".join(each.pixels for each in drawings), np.uint8)
    x: Array = pixels.reshape(-1, 28, 28)
    if byte_factor(net.layers) is None:
        x = x.astype(np.float32) / 255
    return x, np.array([each.label for each in drawings])


def _score(net: Network, held_out: Sequence[Drawing]) -> Score:
    x, t = _inputs(net, held_out)
    tested = evaluation(net)
    pairs = zip(tested["labels"], tested["predictions"], strict=True)
    right = int((net.classify(x) == t).sum())
    return {"right": right, "digits": sum(a == b for a, b in pairs) / len(tested["labels"])}


def _fine_tune(net: Network, drawings: Sequence[Drawing], stop: Event) -> None:
    """Train on drawings and digits that weigh as much together; docs/en/how-to/fine-tune.md."""
    x, t = _inputs(net, drawings)
    others, labels, _ = training_digits(net)
    others, labels = others[:_OTHERS], labels[:_OTHERS]

    def look(run: RunView) -> None:
        if stop.is_set():
            run.stop("left")

    weights = np.ones(len(x) + len(others))
    weights[: len(x)] = len(others) / len(x)
    train(
        net,
        np.concatenate([x, others]),
        np.concatenate([t, labels]),
        optimizer=AdamW(0.003),
        schedule="cosine",
        epochs=_EPOCHS,
        batch_size=64,
        sample_weight=weights,
        callbacks=look,
        progress=False,
    )
