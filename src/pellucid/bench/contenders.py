"""Who competes: what every contender can do, pellucid itself, and NumPy written by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any, ClassVar, TypeAlias

import numpy as np

from pellucid import __version__
from pellucid.bench.tasks import PIXEL, SEED, Rows, Task, order, scaled
from pellucid.core.types import Array
from pellucid.language import mark
from pellucid.training.loop import train

Answer: TypeAlias = Callable[[Array], Array]
Epoch: TypeAlias = Callable[[], float]


class Contender:
    """One library at its best on this task, with this many threads.

    Its ways to do a thing are named, and all are measured; "" is the only or the usual one.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    package: ClassVar[str]  # as it is imported
    distribution: ClassVar[str]  # as it is installed

    def __init__(self, task: Task, threads: int) -> None:
        self.task, self.threads = task, threads
        self.start = task.network()  # whose weights all begin with

    @classmethod
    def installed(cls) -> bool:
        """Tell whether it is there."""
        return find_spec(cls.package) is not None

    @classmethod
    def version(cls) -> str:
        """Give the version that is installed."""
        return metadata.version(cls.distribution)

    @classmethod
    def use_threads(cls, threads: int) -> None:
        """Do what must be done before anything is computed.

        The environment's variables are set already.
        """

    def answers(self) -> dict[str, Answer]:
        """Give functions from a NumPy array (N, D), of bytes where the task says so, to one of (N,
        K), by way.

        There are none where it only learns.
        """
        return {}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        """Give functions that learn one epoch and give its seconds, by way.

        None where it cannot learn this.
        """
        return {}

    def learned(self) -> list[Array]:
        """Give the weights after the epochs so far (of the way used last), as `Network.params`
        lists them.
        """
        raise NotImplementedError


class Pellucid(Contender):
    """pellucid through its public face."""

    name, title, package, distribution = "pellucid", "pellucid", "pellucid", "pellucid"

    @classmethod
    def version(cls) -> str:
        return __version__

    def answers(self) -> dict[str, Answer]:
        net = self.start
        return {"predictor(x)": net.predictor(), "net.predict(x)": net.predict}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        pixels = self.task.network(pixels=True)
        return {
            "": self._epoch(self.start, rows.x, rows, metrics=[]),
            mark("with accuracy"): self._epoch(self.task.network(), rows.x, rows),
            mark("bytes in"): self._epoch(pixels, rows.images, rows, metrics=[]),
        }

    def _epoch(self, net: Any, x: Array, rows: Rows, **settings: Any) -> Epoch:
        def epoch() -> float:
            settings["optimizer"] = self.task.make_optimizer()
            size, threads = self.task.batch_size, self.threads
            history = train(
                net,
                x,
                rows.t,
                epochs=1,
                batch_size=size,
                seed=SEED,
                threads=threads,
                progress=False,
                **settings,
            )
            return history["seconds"][0]

        return epoch

    def learned(self) -> list[Array]:
        return self.start.params


class NumPy(Contender):
    """NumPy by hand: what a careful student writes, in place where it is easy."""

    name, title, package, distribution = "numpy", mark("NumPy by hand"), "numpy", "numpy"
    params: list[Array]
    memory: list[tuple[Array, Array]]
    step: int

    def answers(self) -> dict[str, Answer]:
        pairs = list(zip(self.start.params[::2], self.start.params[1::2], strict=True))

        def answer(x: Array) -> Array:
            x = scaled(x) if self.task.pixels else x
            for W, b in pairs:
                x = 1 / (1 + np.exp(-(x @ W + b)))
            return x

        return {"": answer}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        if not self.task.plain:
            return {}
        images = rows.images.reshape(len(rows.t), -1)
        return {"": self._epoch(rows.x, rows.t), mark("bytes in"): self._epoch(images, rows.t)}

    def _epoch(self, x: Array, t: Array) -> Epoch:
        own, places, pixels = copy(self), order(1, len(t)), x.dtype == np.uint8
        own.params = [p.copy() for p in self.start.params]
        own.memory = [(np.zeros_like(p), np.zeros_like(p)) for p in own.params]
        own.step = 0

        def epoch() -> float:
            self.params = own.params
            started = time.perf_counter()
            for begin in range(0, len(places), self.task.batch_size):
                batch = places[begin : begin + self.task.batch_size]
                own._learn(x[batch] * PIXEL if pixels else x[batch], t[batch])
            return time.perf_counter() - started

        return epoch

    def learned(self) -> list[Array]:
        return self.params

    def _learn(self, x: Array, t: Array) -> None:
        Ws, bs = self.params[::2], self.params[1::2]
        ys = [x]
        for W, b in zip(Ws[:-1], bs[:-1], strict=True):
            ys.append(self._activate(ys[-1] @ W + b))
        dz = _softmax(ys[-1] @ Ws[-1] + bs[-1])
        dz[np.arange(len(t)), t] -= 1
        dz /= np.float32(len(t))
        grads: list[Array] = []
        for index in reversed(range(len(Ws))):
            grads += [dz.sum(axis=0), ys[index].T @ dz]
            if index:
                dz = (dz @ Ws[index].T) * self._slope(ys[index])
        self.step += 1
        for p, g, memory in zip(self.params, reversed(grads), self.memory, strict=True):
            self._update(p, g, *memory)

    def _activate(self, z: Array) -> Array:
        return np.maximum(z, 0) if self.task.activation == "relu" else 1 / (1 + np.exp(-z))

    def _slope(self, y: Array) -> Array:
        return y > 0 if self.task.activation == "relu" else y * (1 - y)

    def _update(self, p: Array, g: Array, m: Array, v: Array) -> None:
        rate = self.task.rate
        if self.task.optimizer == "sgd":
            p -= np.float32(rate) * g
            return
        m *= np.float32(0.9)
        m += np.float32(0.1) * g
        v *= np.float32(0.999)
        v += np.float32(0.001) * (g * g)
        root = np.sqrt(v) / np.float32((1 - 0.999**self.step) ** 0.5)
        root += np.float32(1e-8)
        p -= np.float32(rate / (1 - 0.9**self.step)) * m / root


def _softmax(z: Array) -> Array:
    y = np.exp(z - z.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    return y


def contenders() -> dict[str, type[Contender]]:
    """Give all contenders by name, those that are not installed too."""
    peers = import_module("pellucid.bench.peers")
    every: list[type[Contender]] = [
        Pellucid,
        NumPy,
        peers.PyTorch,
        peers.ScikitLearn,
        peers.ONNXRuntime,
        peers.JAX,
    ]
    return {each.name: each for each in every}
