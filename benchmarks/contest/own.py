"""pellucid itself, and NumPy written by hand."""

from __future__ import annotations

import time
from copy import copy

import numpy as np

from contest.contender import Contender, Epoch, Predict
from contest.tasks import PIXEL, SEED, Rows, order, scaled
from pellucid import __version__
from pellucid.core.types import Array
from pellucid.network import Network
from pellucid.training import train


class Pellucid(Contender):
    """pellucid through its public names."""

    name, title, package, distribution = "pellucid", "pellucid", "pellucid", "pellucid"

    @classmethod
    def version(cls) -> str:
        return __version__

    def predictors(self) -> dict[str, Predict]:
        net = self.start
        return {"predictor(x)": net.predictor(), "net.predict(x)": net.predict}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        ways = {
            "": self._epoch(self.start, rows.x, rows.t, metrics=[]),
            "whole call": self._epoch(self.task.network(), rows.x, rows.t, metrics=[], whole=True),
        }
        if rows.images is None:
            return ways
        pixels = self.task.network(pixels=True)
        return {
            **ways,
            "with accuracy": self._epoch(self.task.network(), rows.x, rows.t, metrics=None),
            "bytes in": self._epoch(pixels, rows.images, rows.t, metrics=[]),
        }

    def _epoch(
        self, net: Network, x: Array, t: Array, metrics: list[str] | None, whole: bool = False
    ) -> Epoch:
        def epoch() -> float:
            started = time.perf_counter()
            history = train(
                net,
                x,
                t,
                optimizer=self.task.make_optimizer(),
                epochs=1,
                batch_size=self.task.batch_size,
                metrics=metrics,
                seed=SEED,
                threads=self.threads,
                progress=False,
            )
            return time.perf_counter() - started if whole else history["seconds"][0]

        return epoch

    def params(self) -> list[Array]:
        return self.start.params


class NumPy(Contender):
    """NumPy by hand: what a careful student writes, in place where that is easy."""

    name, title, package, distribution = "numpy", "NumPy by hand", "numpy", "numpy"
    weights: list[Array]
    memory: list[tuple[Array, Array]]
    step: int

    def predictors(self) -> dict[str, Predict]:
        pairs = list(zip(self.start.params[::2], self.start.params[1::2], strict=True))

        def predict(x: Array) -> Array:
            x = scaled(x) if self.task.pixels else x
            for W, b in pairs[:-1]:
                x = self._activate(x @ W + b)
            z = x @ pairs[-1][0] + pairs[-1][1]
            return _softmax(z) if self.task.output == "softmax" else 1 / (1 + np.exp(-z))

        return {"": predict}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        if not self.task.plain:
            return {}
        ways = {"": self._epoch(rows.x, rows.t)}
        if rows.images is not None:
            ways["bytes in"] = self._epoch(rows.images.reshape(len(rows.t), -1), rows.t)
        return ways

    def _epoch(self, x: Array, t: Array) -> Epoch:
        own, places, pixels = copy(self), order(1, len(t)), x.dtype == np.uint8
        own.weights = [p.copy() for p in self.start.params]
        own.memory = [(np.zeros_like(p), np.zeros_like(p)) for p in own.weights]
        own.step = 0

        def epoch() -> float:
            self.weights = own.weights
            started = time.perf_counter()
            for begin in range(0, len(places), self.task.batch_size):
                batch = places[begin : begin + self.task.batch_size]
                own._train_step(x[batch] * PIXEL if pixels else x[batch], t[batch])
            return time.perf_counter() - started

        return epoch

    def params(self) -> list[Array]:
        return self.weights

    def _train_step(self, x: Array, t: Array) -> None:
        Ws, bs = self.weights[::2], self.weights[1::2]
        ys = [x]
        for W, b in zip(Ws[:-1], bs[:-1], strict=True):
            ys.append(self._activate(ys[-1] @ W + b))
        dz = _softmax(ys[-1] @ Ws[-1] + bs[-1])
        dz[np.arange(len(t)), t] -= 1  # the gradient of cross-entropy behind softmax: y - t
        dz /= np.float32(len(t))
        grads: list[Array] = []
        for index in reversed(range(len(Ws))):
            grads += [dz.sum(axis=0), ys[index].T @ dz]
            if index:
                dz = (dz @ Ws[index].T) * self._slope(ys[index])
        self.step += 1
        for p, g, memory in zip(self.weights, reversed(grads), self.memory, strict=True):
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
