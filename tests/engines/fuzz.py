"""Call everything that networks, engines and predictors offer with all that can be wrong.

`python -m tests.engines.fuzz TURNS SEED` ends with exit code 0, whatever it called: an exception
is a result, a crash is not. With a third word, every call is printed before it is made.
"""

from __future__ import annotations

import array
import contextlib
import gc
import inspect
import mmap
import os
import random
import re
import resource
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import pellucid as pl
from pellucid import engines
from pellucid.core.types import Array
from pellucid.engines import NativeEngine, ReferenceEngine
from pellucid.engines.handover import layer_specs
from pellucid.engines.instructions import native_module

N, D, H, K = 6, 12, 5, 3
MEMORY = 6 << 30  # bytes: what is too large fails here instead of slowing the machine
NEVER = {"save"}  # writes files


class Subclass(np.ndarray):
    """An array with more to it."""


class Fuzz:
    """One random walk over all calls, from one seed."""

    def __init__(self, seed: int, debug: bool = False) -> None:
        self.random, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.debug = debug
        self.calls: dict[str, int] = {}
        self.failures: list[str] = []
        self.renew()

    # What is called

    def renew(self) -> None:
        """Make new networks, engines and predictors; the old ones end while others are at work."""
        dtype = self.random.choice([np.float32, np.float64])
        net = pl.Network(self.layers(dtype))
        loss = self.random.choice([pl.CrossEntropy(), pl.MeanSquaredError(), pl.Huber(), None])
        optimizer = self.random.choice([pl.SGD(0.1, momentum=0.9), pl.AdamW(0.01, ema=0.9), None])
        threads = self.random.choice([1, 2, 3])
        try:
            native_engine = NativeEngine(net.layers, loss, optimizer, 1, threads)
        except pl.InputError:  # this loss does not fit
            native_engine = NativeEngine(net.layers)
        reference = ReferenceEngine(net.layers, pl.MeanSquaredError(), pl.SGD(0.1))
        self.net, self.engine, self.module = net, native_engine, native_module()
        self.things: list[Any] = [
            (net, 3),
            (native_engine, 6),
            (reference, 1),
            (native_engine._engine, 6),
            (self.module, 1),
            (engines, 1),
        ]
        forward: Callable[..., Any] = net.layers[0].forward
        self.callables: list[Callable[..., Any]] = [net, forward, net.predictor()]
        self.callables.append(native_engine.predictor())

    def layers(self, dtype: type) -> list[pl.Layer]:
        width = self.random.choice([H, 40])
        made = pl.mlp([D, width, K], self.random.choice(["relu", "gelu"]), seed=1, dtype=dtype)
        more: list[list[pl.Layer]] = [
            [],
            [pl.Scale(0.5)],
            [pl.Flatten(), pl.Scale(1 / 255)],
            [pl.Standardize(np.zeros(D, dtype), np.ones(D, dtype))],
            [pl.BatchNorm(np.ones(D, dtype)), pl.Dropout(0.5)],
            [pl.CategoryEmbedding.draw([3, 2] * (D // 2), self.numbers, size=1, dtype=dtype)],
            [
                pl.Affine(np.eye(D, dtype=dtype)),
                pl.CategoryEmbedding.draw([0, 9] * (D // 2), self.numbers, size=1, dtype=dtype),
            ],
            [pl.Residual([pl.Affine(np.eye(D, dtype=dtype)), pl.Tanh()])],
        ]
        return [*self.random.choice(more), *made.layers]

    # What it is called with

    def strange(self) -> Any:
        """Return anything at all."""
        return self.random.choice(
            [
                None, True, 0, 1, -1, 2**31, 2**63, 2**64, -(2**70), 0.5, float("nan"), "x", b"x",
                [], [1, 2], [[1.0], [2.0, 3.0]], (), {}, {"kind": "Affine"}, object(), len, np,
                array.array("d", [1, 2]), bytearray(8), memoryview(b"12345678"), slice(None),
                range(4), iter([1]), self.net, self.engine, np.float32(1), np.int64(3), "avx2",
            ]
        )  # fmt: skip

    def matrix(self, width: int = D) -> Array:
        """Return an array that may be wrong in shape, type, order, alignment or memory."""
        rows = self.random.choice([N, N, N, 0, 1, 300])
        width = self.random.choice([width, width, width, 0, 1, width + 1])
        shape = self.random.choice(
            [(rows, width)] * 6 + [(rows,), (), (rows, width, 1), (rows, 2, width // 2)]
        )
        types = ["f4", "f8", "u1", "i8", "i4", "?", "f2", "c8", ">f4", ">i8", "O", "U2", "M8[s]"]
        kind = np.dtype(self.random.choice(["f4", "f8", "u1", *types]))
        values = np.asarray(self.numbers.integers(0, 3, shape))
        if kind.kind == "f" and values.size and self.random.random() < 0.2:
            values = values.astype(np.float64)
            strange = [np.nan, np.inf, -np.inf, 1e30, -1e30, -1.0, 0.5, 2.0**31, 2.0**63]
            values.flat[self.random.randrange(values.size)] = self.random.choice(strange)
        made = values.astype(kind)
        return self.random.choice([self.as_it_is] * 5 + self.ways)(made)

    @property
    def ways(self) -> list[Callable[[Array], Array]]:
        return [
            np.asfortranarray,
            lambda a: a[::-1] if a.ndim else a,
            lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
            lambda a: np.broadcast_to(a[:1], a.shape) if a.ndim and len(a) else a,
            lambda a: a.view(Subclass),
            lambda a: np.ma.masked_array(a) if a.dtype.kind in "fiu" else a,
            self.unaligned,
            self.read_only,
            self.mapped,
            lambda a: a.T,
        ]

    def as_it_is(self, a: Array) -> Array:
        return a

    def unaligned(self, a: Array) -> Array:
        if a.dtype.hasobject:
            return a
        raw = np.zeros(a.nbytes + 1, np.uint8)
        view = raw[1:].view(a.dtype).reshape(a.shape)
        view[...] = a
        return view

    def read_only(self, a: Array) -> Array:
        a = a.copy()
        a.flags.writeable = False
        return a

    def mapped(self, a: Array) -> Array:
        if a.dtype.hasobject or a.size == 0:
            return a
        memory = mmap.mmap(-1, a.nbytes)
        memory.write(a.tobytes())
        return np.frombuffer(memory, a.dtype).reshape(a.shape)

    def right(self, name: str) -> Any:
        """Return what a parameter of that name expects, as far as its name tells."""
        dtype = self.net.dtype
        z = np.zeros((N, K), dtype)
        rows = np.array([0, 3, 3, 5])
        known: dict[str, Callable[[], Any]] = {
            "x": lambda: self.numbers.integers(0, 2, (N, D)).astype(dtype),
            "t": lambda: self.random.choice([np.arange(N) % K, z.copy()]),
            "y": lambda: z.copy(),
            "z": lambda: z.copy(),
            "dy": lambda: z.copy(),
            "dz": lambda: z.copy(),
            "trace": lambda: self.net.forward(self.right("x")),
            "classes": lambda: self.random.choice([np.arange(N) % K, None]),
            "values": lambda: self.random.choice([z.copy(), None]),
            "weights": lambda: self.random.choice([np.ones(N), None]),
            "sample_weight": lambda: self.random.choice([np.ones(N), None]),
            "rows": lambda: self.random.choice([rows, None]),
            "batch": lambda: self.random.choice([2, N]),
            "batch_size": lambda: self.random.choice([2, N]),
            "rates": lambda: np.full(self.random.choice([1, 2, 3]), 0.1),
            "losses": lambda: np.zeros(self.random.choice([1, 2, 3])),
            "l2": lambda: self.random.choice([None, 0.1, np.zeros(3)]),
            "ridge": lambda: self.random.choice([None, engines.Ridge(np.zeros(3), np.zeros(3))]),
            "grads": lambda: [np.zeros_like(p) for p in self.net.params],
            "step": lambda: 1,
            "learning_rate": lambda: 0.1,
            "layers": self.raw_layers,
            "engine": lambda: self.random.choice(["native", self.engine._engine]),
            "otherwise": lambda: self.random.choice([self.net.predict, None]),
            "loss": lambda: self.random.choice(["CrossEntropy", "", pl.Huber()]),
            "optimizer": lambda: self.random.choice([None, {"kind": "SGD", "slots": []}]),
            "threads": lambda: 2,
            "seed": lambda: 3,
            "depth": lambda: self.random.choice([0, 1, 2]),
            "float64": lambda: dtype == np.float64,
            "loss_options": dict,
            "dtype": lambda: np.float32,
        }
        return known.get(name, lambda: self.random.choice([True, False]))()

    def raw_layers(self) -> Any:
        specs = layer_specs(self.net.layers, D)
        for _ in range(self.random.choice([0, 0, 1, 2])):
            spec = self.random.choice(specs)
            spec[self.random.choice(list(spec))] = self.random.choice(
                [self.strange(), self.matrix(), specs, [self.matrix()], [None], 0, 64]
            )
        return self.random.choice([specs, self.net.layers])

    def arguments(self, parameters: list[str]) -> list[Any]:
        """Return right arguments, of which some are wrong."""
        given = [self.right(name) for name in parameters]
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            if given:
                place = self.random.randrange(len(given))
                given[place] = self.random.choice([self.matrix, self.matrix, self.strange])()
        if self.random.random() < 0.05:
            given = given[:-1]
        return given

    # How it is called

    def choose(self) -> tuple[str, Any, list[str]]:
        if self.random.random() < 0.25:
            call = self.random.choice(self.callables)
            return "predictor", call, ["x"]
        thing = self.random.choices(*zip(*self.things, strict=True))[0]
        names = [n for n in dir(thing) if not n.startswith("_") and n not in NEVER]
        name = self.random.choice(names)
        if isinstance(getattr(type(thing), name, None), property):
            return name, lambda: getattr(thing, name), []
        return name, getattr(thing, name), parameters_of(getattr(thing, name))

    def call(self) -> None:
        name, function, parameters = self.choose()
        if not callable(function) or inspect.ismodule(function):
            return
        arguments = self.arguments(parameters)
        if self.debug:
            print(name, *map(described, arguments), sep=" | ", flush=True)
        self.calls[name] = self.calls.get(name, 0) + 1
        try:
            function(*arguments)
        except SystemError as error:  # C returned an error without naming it, or the reverse
            self.failures.append(f"{name}: {error!r}")
        except Exception:  # any other error is a result
            return

    def meddle(self) -> None:
        """Exchange what an engine works on."""
        slots = [name for name in self.engine.state if name != "step"]
        if slots:
            slot = self.engine.state[self.random.choice(slots)]
            place = self.random.randrange(len(slot))
            slot[place] = self.random.choice([np.zeros_like(slot[place]), self.matrix()])
        self.net.params[0][...] = self.random.choice([0, 1, np.inf, np.nan])
        self.net.layers[-1].frozen = self.random.random() < 0.5

    def together(self) -> None:
        """Make calls in several threads at once; one changes the rows that the others use."""
        rows = np.array([0, 3, 3, 5] * 50)

        def spoil() -> None:
            for value in (2**62, -1, 5, 0) * 20:
                rows[:] = value

        def train() -> None:
            t = np.arange(N) % K
            for _ in range(5):
                with contextlib.suppress(Exception):
                    self.engine.train_step(self.right("x"), t, None, rows)

        work = [spoil, train, train, *[self.call] * 3]
        threads = [threading.Thread(target=target) for target in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def run(self, turns: int) -> None:
        for turn in range(turns):
            if turn % 40 == 0:
                self.renew()
            if turn % 100 == 50:
                gc.collect()
            self.random.choices([self.call, self.meddle, self.together], [40, 2, 1])[0]()


def parameters_of(function: Callable[..., Any]) -> list[str]:
    """Return the names of a function's parameters; of compiled ones, from the docstring."""
    try:
        return [n for n in inspect.signature(function).parameters if n not in ("args", "kwargs")]
    except (TypeError, ValueError):
        line = (function.__doc__ or "").partition("\n")[0]
        return re.findall(r"[(,] ?(\w+): ", line)


def described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{value.strides}"
    return f"{type(value).__name__} {str(value)[:60]}"


def main(turns: int, seed: int, debug: bool = False) -> int:
    """Fuzz for so many turns; return the exit code."""
    warnings.simplefilter("ignore")
    if "asan" not in os.environ.get("LD_PRELOAD", ""):  # which maps terabytes
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    fuzz = Fuzz(seed, debug)
    fuzz.run(turns)
    print(f"{sum(fuzz.calls.values())} calls of {len(fuzz.calls)} names")
    print(*fuzz.failures, sep="\n")
    return 1 if fuzz.failures else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3))
