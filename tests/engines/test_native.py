"""The native engine against the reference engine: the contract table, and what only a compiled engine can get wrong.

Chaos proves nothing, so cases stay where rounding is not blown up: gradients that are 0 but for rounding (a bias below
BatchNorm) meet only SGD, as Adam, RMSprop and Adagrad divide them by their own size; targets of MeanAbsoluteError and
Quantile, whose slopes jump, lie too far away to be crossed; layers that normalise few numbers have a wide epsilon;
large networks have no ReLU, of which among millions one would fall on the other side of 0 (small ones have it).
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import math
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from core.tools import classes as classes_in_core
from core.witnesses import COMMON, classes_of, values_of
from core.witnesses import LAYERS as LAYER_WITNESSES
from core.witnesses import LOSSES as LOSS_WITNESSES
from core.witnesses import OPTIMIZERS as OPTIMIZER_WITNESSES
from numpy.random import Generator

import pellucid as pl
from pellucid.core import LAYERS, chain
from pellucid.core.layer import Layer, Learning
from pellucid.core.losses import LOSSES, Loss
from pellucid.core.optimizers import OPTIMIZERS, Optimizer
from pellucid.core.types import Array
from pellucid.engines import NativeEngine, ReferenceEngine, instruction_set, make_engine, native, why_not

baseline = importlib.import_module("pellucid.engines._native_baseline")  # missing is a failure, never a skip
SETS = [name for name in native.INSTRUCTION_SETS if baseline.supported(name)]
STEPS = 100

every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def use(monkeypatch: pytest.MonkeyPatch, instructions: str) -> None:
    monkeypatch.setenv("PELLUCID_INSTRUCTIONS", instructions)
    native.native_module.cache_clear()


@pytest.fixture(autouse=True)
def _chosen_anew() -> Iterator[None]:
    """Which module is used is chosen once a process; after each test it is chosen again."""
    yield
    native.native_module.cache_clear()


@pytest.fixture(params=SETS)
def instructions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    use(monkeypatch, request.param)
    assert instruction_set() == request.param
    return str(request.param)


# The contract table


class Case(NamedTuple):
    """What is learned: layers in float64 whose numbers float32 can hold, and data likewise."""

    layers: Callable[[Generator], list[Layer]]
    loss: Loss
    optimizer: Optimizer
    N: int
    D: int
    targets: Callable[[Generator, int, int], Array]
    inputs: str = "normal"
    weighted: bool = False
    frozen: int | None = None

    def net(self, dtype: type) -> pl.Network:
        return pl.Network(self.layers(np.random.default_rng(1))).astype(np.float32).astype(dtype)

    def data(self, dtype: type) -> tuple[Array, Array, Array | None]:
        generator = np.random.default_rng(2)
        x = inputs(generator, self.inputs, self.N, self.D)
        t = self.targets(generator, self.N, chain.widths(self.net(dtype).layers, self.D)[-1])
        t = t if t.ndim == 1 else t.astype(np.float32).astype(dtype)
        weights = generator.uniform(0, 2, self.N).round(1) if self.weighted else None
        return (x if self.inputs in ("bytes", "doubles") else x.astype(dtype)), t, weights


def inputs(generator: Generator, kind: str, N: int, D: int) -> Array:
    if kind == "bytes":
        return generator.integers(0, 256, (N, D), np.uint8) * (generator.uniform(size=(N, D)) < 0.2)
    x = generator.normal(size=(N, D)).astype(np.float32).astype(np.float64)
    if kind == "sparse":  # numbers, rows and columns that are 0, and zeros with a sign
        x *= generator.uniform(size=(N, D)) < 0.2
        x[:: max(2, N // 4)] = 0
        x[:, 5:15] = -0.0
    if kind == "columns":
        x[:, generator.uniform(size=D) < 0.5] = 0
    return x


def affine(generator: Generator, D: int, H: int, bias: bool = True) -> Layer:
    return pl.Affine(generator.normal(size=(D, H)) / math.sqrt(D), generator.normal(size=H) / 3 if bias else None)


def vectors(generator: Generator, count: int, H: int) -> list[Array]:
    return [generator.uniform(0.5, 1.5, H) for _ in range(count)]


OF_A_WIDTH: dict[str, Callable[[Generator, int], Layer]] = {
    "Affine": lambda generator, H: affine(generator, H, H),
    "Standardize": lambda generator, H: pl.Standardize(*vectors(generator, 2, H)),
    "PeriodicEmbedding": lambda generator, H: pl.PeriodicEmbedding.draw(
        (np.arange(H) % 3 != 1).astype(float), generator, waves=5, size=2, deviation=0.3, dtype=np.float64
    ),
    "BatchNorm": lambda generator, H: pl.BatchNorm(*vectors(generator, 4, H), epsilon=0.1),
    "LayerNorm": lambda generator, H: pl.LayerNorm(*vectors(generator, 2, H), epsilon=0.1),
    "Residual": lambda generator, H: pl.Residual(
        [
            affine(generator, H, 3),
            pl.Tanh(),
            pl.Residual([pl.Dropout(0.3), affine(generator, 3, 3)]),
            affine(generator, 3, H),
        ]
    ),
}
"""Layers that own arrays, made for a width; those that own none fit any, and come from core's table."""

SHAPES = [(1, 3, 1), (2, 1, 7), (37, 70, 33), (200, 19, 50)]  # rows, inputs, hidden
GENTLE = pl.SGD(0.01, momentum=0.9)


def about(layer: Callable[[Generator], Layer], D: int, H: int, generator: Generator) -> list[Layer]:
    """Put a layer between two Affine layers."""
    middle = layer(generator)
    return [affine(generator, D, H), middle, affine(generator, middle.width(H), 3)]


def far_values(generator: Generator, N: int, K: int) -> Array:
    t = generator.normal(size=(N, K))
    return t + np.where(t > 0, 9, -9)


def layer_cases() -> Iterator[tuple[str, Case]]:
    for name, witness in LAYER_WITNESSES.items():
        for index, example in enumerate(witness.examples):
            for N, D, H in [(13, 4, 5)] if name in OF_A_WIDTH else SHAPES:
                yield (
                    f"{name}-{index}-{N}x{D}x{H}",
                    Case(partial(about, example, D, H), pl.MeanSquaredError(), GENTLE, N, D, values_of),
                )
        for N, D, H in SHAPES if name in OF_A_WIDTH else []:
            N = max(N, 20) if name == "BatchNorm" else N  # of one row its slopes are 0 but for rounding
            make = partial(OF_A_WIDTH[name], H=H)
            case = Case(partial(about, make, D, H), pl.MeanSquaredError(), GENTLE, N, D, values_of)
            yield f"{name}-{N}x{D}x{H}", case
            yield f"{name}-{N}x{D}x{H}-frozen", case._replace(frozen=1)


def loss_cases() -> Iterator[tuple[str, Case]]:
    for name, witness in LOSS_WITNESSES.items():
        for index, loss in enumerate(witness.examples):
            for targets in witness.targets:
                wanted = far_values if name in ("MeanAbsoluteError", "Quantile") and targets is values_of else targets
                for N, K in [(1, 2), (33, 1), (60, 19)]:
                    for end in (None, getattr(loss, "activation", None)):
                        if targets is classes_of and K == 1:
                            continue  # one output has no classes to choose from; test_targets has what there is
                        layers = partial(ending, end, K)
                        case = Case(layers, loss, GENTLE, N, 6, wanted, weighted=index % 2 == 1 or end is not None)
                        yield f"{name}-{index}-{targets.__name__}-{N}x{K}-{end and end.__name__}", case


def ending(end: type[Layer] | None, K: int, generator: Generator) -> list[Layer]:
    return [affine(generator, 6, 9), pl.Tanh(), affine(generator, 9, K), *([end()] if end else [])]


def optimizer_cases() -> Iterator[tuple[str, Case]]:
    def layers(generator: Generator) -> list[Layer]:
        return [affine(generator, 7, 18), pl.Tanh(), OF_A_WIDTH["LayerNorm"](generator, 18), affine(generator, 18, 2)]

    for name, witness in OPTIMIZER_WITNESSES.items():
        made = classes_in_core(Optimizer, "step")[name]
        for index, (own, _) in enumerate(witness.examples):
            for number, common in enumerate(COMMON):
                optimizer = made(**own, **common)
                # The table's rates are for a few steps. In a hundred, rounding grows exponentially wherever a step
                # passes over its minimum: rate / (sqrt(v) + epsilon) must stay below 2 / curvature.
                optimizer.learning_rate /= 10 if name == "SGD" else 100
                case = Case(layers, pl.MeanSquaredError(), optimizer, 40, 7, values_of)
                yield f"{name}-{index}-{number}", case
    hat = pl.Adam(0.0002, epsilon=1e-3, epsilon_hat=True)
    yield "Adam-epsilon_hat", Case(layers, pl.MeanSquaredError(), hat, 40, 7, values_of)


def mixed_cases() -> Iterator[tuple[str, Case]]:
    """Networks of the usual kinds on the inputs whose zeros are skipped."""

    def dense(D: int, H: int, generator: Generator) -> list[Layer]:
        return [affine(generator, D, H), pl.Tanh(), pl.Dropout(0.2), affine(generator, H, 5), pl.Softmax()]

    def pictures(D: int, H: int, generator: Generator) -> list[Layer]:
        middle = [affine(generator, D, H, bias=False), OF_A_WIDTH["BatchNorm"](generator, H), pl.Sigmoid()]
        return [pl.Flatten(), pl.Scale(1 / 255), *middle, affine(generator, H, 5), pl.Softmax()]

    def measured(D: int, H: int, generator: Generator) -> list[Layer]:
        return [pl.Standardize(np.full(D, 25.0), generator.uniform(60, 70, D)), *dense(D, H, generator)]

    for N, D, H in [(1, 100, 70), (3, 90, 9), (64, 131, 70), (64, 131, 9), (150, 300, 130)]:
        for kind, layers in [
            ("sparse", dense),
            ("columns", dense),
            ("doubles", dense),
            ("bytes", pictures),
            ("bytes", measured),
        ]:
            N = max(N, 20) if layers is pictures else N
            for optimizer in (GENTLE, pl.AdamW(0.003, ema=0.9)):
                case = Case(
                    partial(layers, D, H), pl.CrossEntropy(), optimizer, N, D, classes_of, kind, weighted=N % 2 == 0
                )
                yield f"{layers.__name__}-{kind}-{N}x{D}x{H}-{type(optimizer).__name__}", case


CASES = dict([*layer_cases(), *loss_cases(), *optimizer_cases(), *mixed_cases()])


def test_nothing_is_left_out() -> None:
    """What core has and this table lacks would be found here."""
    assert set(LAYER_WITNESSES) == set(LAYERS)
    assert {type(loss) for witness in LOSS_WITNESSES.values() for loss in witness.examples} == set(LOSSES.values())
    made = {type(case.optimizer) for case in CASES.values()}
    assert made == set(OPTIMIZERS.values()) == set(classes_in_core(Optimizer, "step").values())
    owning = {
        name
        for name, witness in LAYER_WITNESSES.items()
        if any(example(np.random.default_rng(0)).arrays() for example in witness.examples)
    }
    assert owning == set(OF_A_WIDTH)
    settings = set().union(*COMMON)
    signature = set(pl.SGD(0.1).__dict__) - {"learning_rate", "momentum", "nesterov", "slots"}
    assert settings == signature


def arrays(net: pl.Network) -> Array:
    return np.concatenate([a.ravel() for layer in net.layers for a in layer.arrays().values()]).astype(np.float64)


def learned(case: Case, engine: type, dtype: type, steps: int) -> tuple[Array, list[Array], list[Array]]:
    """Give all arrays after some steps, and the first step's gradients and the last one's answers and loss."""
    net = case.net(dtype)
    if case.frozen is not None:
        net.freeze(case.frozen)
    x, t, weights = case.data(dtype)
    worker = engine(net.layers, case.loss, case.optimizer, 7)
    _, grads, _ = engine(net.copy().layers, case.loss, None, 7).gradients(x, t, weights)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            loss, y = worker.learn(x, t, weights)
    memory = [a.ravel().astype(np.float64) for name, found in worker.state.items() if name != "step" for a in found]
    return np.concatenate([arrays(net), *memory]), grads, [y, np.array(loss)]


@cache
def reference(name: str, dtype: type) -> tuple[Array, list[Array], list[Array]]:
    return learned(CASES[name], ReferenceEngine, dtype, STEPS)


def apart(a: Array, b: Array) -> float:
    """Give the distance in units of b's norm."""
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-300))


@pytest.mark.parametrize("name", CASES)
def test_the_contract(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, _, ends = reference(name, np.float64)
    rough, rough_grads, _ = reference(name, np.float32)
    assert np.isfinite(exact).all(), "a case that proves nothing"
    for instructions in SETS:
        use(monkeypatch, instructions)
        ours, _, our_ends = learned(CASES[name], NativeEngine, np.float64, STEPS)
        assert apart(ours, exact) <= 1e-10, instructions
        for a, b in zip(our_ends, ends, strict=True):
            assert apart(a, b) <= 1e-9, instructions
        narrow, narrow_grads, _ = learned(CASES[name], NativeEngine, np.float32, STEPS)
        largest = max((float(np.abs(g).max()) for g in rough_grads if g.size), default=0.0)
        for a, b in zip(narrow_grads, rough_grads, strict=True):
            assert np.abs(a - b).max(initial=0) <= 1e-5 * largest, instructions
        assert apart(narrow, exact) <= 4 * apart(rough, exact) + 1e-6, instructions


# The same bits


def bits(*found: Array) -> bytes:
    return b"".join(array.tobytes() for array in found)


def dense(D: int, H: int, K: int, dtype: type = np.float32, seed: int = 0) -> pl.Network:
    return pl.mlp([D, H, K], "gelu", "softmax", dropout=0.1, seed=seed, dtype=dtype)


@every_type
@pytest.mark.parametrize(("D", "H"), [(100, 70), (784, 30), (65, 1), (1, 40), (17, 33), (256, 512)])
@pytest.mark.parametrize("kind", ["sparse", "columns", "normal"])
def test_a_row_alone_has_the_bits_that_it_has_in_a_batch(
    instructions: str, dtype: type, D: int, H: int, kind: str
) -> None:
    """One row skips zeros number by number, a batch does so or column by column or not at all; blocks differ too.

    Rows of 256 and 512 numbers, whose distance is a power of two, are padded further.
    """
    generator = np.random.default_rng(D)
    net = dense(D, H, 3, dtype)
    net.layers[0].b[:] = generator.normal(size=H) * (generator.uniform(size=H) < 0.5) * -1.0  # type: ignore[attr-defined]
    x = inputs(generator, kind, 75, D).astype(dtype)
    raw = pl.Network(net.layers[:1])
    for network in (net, raw):
        whole = network.predict(x)
        assert bits(whole) == b"".join(bits(network.predict(row[None])) for row in x)
        assert bits(whole) == bits(network.predict(x[:40]), network.predict(x[40:]))


def learn_some(net: pl.Network, N: int, threads: int, steps: int, width: int) -> bytes:
    generator = np.random.default_rng(3)
    D = chain.input_width(net.layers)
    assert D is not None
    x = inputs(generator, "sparse", N, D).astype(net.dtype)
    t = generator.integers(0, width, N)
    worker = make_engine(net.layers, pl.CrossEntropy(), pl.AdamW(0.001, clip_norm=1.0), 5, "native", threads)
    y = [worker.learn(x, t)[1] for _ in range(steps)]
    return bits(*y, *net.params)


@pytest.mark.parametrize("shape", [(784, 800, 10, 64), (512, 512, 512, 512)])
def test_threads_change_no_bits_of_learning(instructions: str, shape: tuple[int, int, int, int]) -> None:
    D, H, K, N = shape
    assert len({learn_some(dense(D, H, K), N, threads, 3, K) for threads in (1, 2, 4)}) == 1


@every_type
def test_threads_change_no_bits_of_answers(instructions: str, dtype: type) -> None:
    net = dense(300, 90, 7, dtype)
    x = inputs(np.random.default_rng(0), "sparse", 5000, 300).astype(dtype)
    answers = {bits(make_engine(net.layers, engine="native", threads=threads).answer(x)) for threads in (1, 2, 4)}
    assert len(answers) == 1


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells")
def test_threads_are_really_used() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    net, x = dense(784, 300, 10), np.ones((2000, 784), np.float32)
    before = count()
    worker = make_engine(net.layers, engine="native", threads=4)
    worker.answer(x[:1])
    assert count() == before  # one row is not worth it
    worker.answer(x)
    assert count() == before + 3
    del worker
    assert count() == before


@pytest.mark.parametrize(("hidden", "batch_size"), [(16, 200), (100, 64), (300, 200)])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_the_same_seed_gives_the_same_sha_256(instructions: str, kind: type, hidden: int, batch_size: int) -> None:
    """Of pictures, which are mostly black, and in batches so large that the threads share the first layer's work."""
    generator = np.random.default_rng(0)
    digits = generator.integers(0, 256, (800, 784), np.uint8) * (generator.random((800, 784)) < 0.2)
    digits = digits if kind is np.uint8 else (digits / 255).astype(kind)
    t = np.arange(800) % 10

    def digest(seed: int, threads: int) -> str:
        net = pl.mlp([784, hidden, 10], dropout=0.2, pixels=kind is np.uint8, seed=seed)
        pl.train(net, digits, t, epochs=2, batch_size=batch_size, seed=seed, engine="native", threads=threads)
        return hashlib.sha256(bits(*net.params)).hexdigest()

    first = digest(0, 1)
    assert [digest(0, threads) for threads in (1, 2, 4)] == [first] * 3
    assert digest(1, 1) != first


@pytest.mark.parametrize("layer", [pl.Dropout(0.3), pl.Residual([pl.Residual([pl.Dropout(0.6)])])])
@pytest.mark.parametrize("N", [1, 70])
def test_the_same_mask_as_the_reference(instructions: str, layer: Layer, N: int) -> None:
    layers = [pl.Standardize(np.zeros(37), np.ones(37)), layer]
    x, t = np.ones((N, 37)), np.zeros((N, 37))
    for seed, step in [(0, 0), (2**63 + 5, 3), (-1, 10**6)]:
        net = pl.Network(layers).astype(np.float64)
        worker = make_engine(net.layers, pl.MeanSquaredError(), seed=seed, engine="native")
        worker.state["step"] = step
        expected = chain.forward(net.layers, x, Learning(seed, step)).y
        assert np.array_equal(worker.gradients(x, t)[2], expected)


def test_no_module_shares_symbols_with_another() -> None:
    """A symbol of the kind "unique" would be one for the process, whatever instructions it was compiled for."""
    for name in SETS:
        file = importlib.import_module(f"pellucid.engines._native_{name}").__file__
        assert file is not None
        listing = subprocess.run(["nm", "-D", "-C", "--defined-only", file], capture_output=True, text=True, check=True)
        assert not [line for line in listing.stdout.splitlines() if "pellucid" in line and " u " in line]


# Rows, targets, weights


@every_type
@pytest.mark.parametrize("kind", ["bytes", "doubles", "normal"])
def test_rows_are_gathered_as_the_reference_gathers_them(instructions: str, dtype: type, kind: str) -> None:
    generator = np.random.default_rng(4)
    x = inputs(generator, kind, 30, 9)
    x = x if kind != "normal" else x.astype(dtype)
    t, weights, rows = generator.integers(0, 3, 30), generator.uniform(0, 2, 30), np.array([29, 0, 0, 7, 15])
    nets = [pl.mlp([9, 5, 3], "tanh", "softmax", pixels=True, seed=0, dtype=dtype) for _ in range(2)]
    for net, engine in zip(nets, (NativeEngine, ReferenceEngine), strict=True):
        worker = engine(net.layers, pl.CrossEntropy(), pl.SGD(0.1), 0)
        for _ in range(10):
            worker.learn(x, t, weights, rows)
    assert apart(arrays(nets[0]), arrays(nets[1])) < (1e-12 if dtype is np.float64 else 1e-5)


def outcome(engine: Callable[..., Any], layers: list[Layer], loss: Loss, t: Any, **given: Any) -> Any:
    """Give what an engine answers to the targets: a loss and gradients, or an error's type and text."""
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    try:
        with np.errstate(all="ignore"):
            value, grads, _ = engine(layers, loss).gradients(x, t, **given)
    except pl.InputError as error:
        return str(error)
    return value, grads


@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("loss", [loss for witness in LOSS_WITNESSES.values() for loss in witness.examples], ids=repr)
@pytest.mark.parametrize(
    "t",
    [
        np.array([0, 0, 0, 0]),
        np.array([0, 1, 0, 1]),
        np.array([0, 1, 2, 1], np.uint8),
        np.array([0, -1, 0, 1]),
        np.array([0, 3, 0, 1]),
        np.array([True, False, True, True]),
        np.array([0.0, 1.0, 1.0, 0.0]),
        np.array([0.5, 1.0, 2.0, 0.0]),
        np.array([np.nan, 1.0, 0.0, 0.0]),
        np.array([0, 1, 0]),
        np.full((4, 1), 0.5),
        np.full((4, 3), 0.25),
        np.full((4, 3), -0.25),
        np.full((4, 3), 1.25),
        np.full((4, 3), np.nan),
        np.full((4, 3), np.inf),
        np.full((4, 2), 0.5),
        np.full((4, 3, 1), 0.5),
        np.full((3, 3), 0.5),
    ],
    ids=lambda t: f"{t.dtype}{t.shape}{t.ravel()[0]}",
)
def test_targets(K: int, loss: Loss, t: Array) -> None:
    """Taken, or refused in the same words, just as the reference does."""
    layers: list[Layer] = [pl.Affine(np.random.default_rng(0).normal(size=(3, K)), np.ones(K))]
    ours, expected = outcome(NativeEngine, layers, loss, t), outcome(ReferenceEngine, layers, loss, t)
    if isinstance(expected, str):
        assert ours == expected
        return
    if np.isinf(t).any():  # nothing is learned then: it need not be the same infinity
        assert not math.isfinite(ours[0]) and not math.isfinite(expected[0])
        return
    np.testing.assert_allclose(ours[0], expected[0], rtol=1e-12, atol=1e-12)
    for a, b in zip(ours[1], expected[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("weights", [[0, 0, 0, 0], [1, -2, 0, -1], [1, np.nan, 0, 2], [1, np.inf, 1, 1], [0, 0, 2, 0]])
def test_weights_of_rows(weights: list[float]) -> None:
    layers: list[Layer] = [pl.Affine(np.ones((3, 2)))]
    given = {"weights": np.array(weights, np.float64)}
    ours, expected = (
        outcome(engine, layers, pl.MeanSquaredError(), np.ones((4, 2)), **given)
        for engine in (NativeEngine, ReferenceEngine)
    )
    np.testing.assert_allclose(ours[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(ours[1][0], expected[1][0], rtol=1e-12)


@pytest.mark.parametrize("classes", [False, True])
def test_a_batch_of_no_rows(classes: bool) -> None:
    nets = [dense(20, 5, 3, np.float64) for _ in range(2)]
    t = np.zeros(0, np.int64) if classes else np.zeros((0, 3))
    for net, engine in zip(nets, (NativeEngine, ReferenceEngine), strict=True):
        loss, y = engine(net.layers, pl.CrossEntropy(), pl.SGD(0.1)).learn(np.zeros((0, 20)), t)
        assert (loss, y.shape) == (0, (0, 3))
    assert nets[0] == nets[1] == dense(20, 5, 3, np.float64)


@pytest.mark.parametrize("shape", [(), (5,), (5, 1)])
def test_rows_of_one_number(shape: tuple[int, ...]) -> None:
    """What is no rows is refused, also where one number a row makes it look like some."""
    net = pl.Network([pl.Flatten(), pl.Affine(np.ones((1, 2)))])
    made = NativeEngine(net.layers, pl.MeanSquaredError(), pl.SGD(0.1))
    if len(shape) == 2:
        made.learn(np.ones(shape), np.ones((5, 2)))
        return
    with pytest.raises(pl.InputError, match="rows of shape"):
        made.learn(np.ones(shape), np.ones((5, 2)))
    with pytest.raises(pl.InputError, match="rows of shape"):
        net.predict(np.ones(shape))


# NaN and infinity

STRANGE = [
    math.nan,
    math.inf,
    -math.inf,
    0.0,
    -0.0,
    1e30,
    -1e30,
    88.8,
    -88.8,
    104.0,
    -104.0,
    1e-30,
    -1e-30,
    1e-40,
    710.0,
]


@every_type
@pytest.mark.parametrize("name", LAYER_WITNESSES)
def test_strange_numbers_do_what_they_do_in_numpy(instructions: str, dtype: type, name: str) -> None:
    for example in LAYER_WITNESSES[name].examples:
        layer = example(np.random.default_rng(0))
        net = pl.Network([pl.Standardize(np.zeros(5), np.ones(5)), layer]).astype(dtype)
        x = np.random.default_rng(1).normal(size=(len(STRANGE), 5)).astype(dtype)
        x[:, 2] = STRANGE
        with np.errstate(all="ignore"):
            expected = chain.answer(net.layers, x)
        # A wave of a hundred turns is known to a hundred roundings of one turn.
        least = 2_000 * float(np.finfo(dtype).eps) if name == "PeriodicEmbedding" else 1e-37
        np.testing.assert_allclose(net.predict(x), expected, rtol=2e-5 if dtype is np.float32 else 1e-12, atol=least)
        assert np.isnan(net.predict(x)[0, 2 if expected.shape[1] >= 5 else 0])


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["W", "b"])
def test_strange_weights(instructions: str, strange: float, place: str) -> None:
    """Met by inputs that are not 0, they do what they do in NumPy; what they do to inputs of 0, the engine says."""
    net = dense(100, 70, 4)
    getattr(net.layers[0], place)[..., 3] = strange
    for kind in ("normal", "sparse"):
        x = inputs(np.random.default_rng(0), kind, 9, 100).astype(np.float32)
        x[:, 50] = 1
        with np.errstate(all="ignore"):
            expected = chain.answer(net.layers, x)
        ours = net.predict(x)
        if kind == "normal" or place == "b":
            np.testing.assert_allclose(ours, expected, rtol=1e-4)
        t, before = np.zeros(9, np.int64), bits(*net.params)
        loss, _ = NativeEngine(net.layers, pl.CrossEntropy(), pl.SGD(0.1)).learn(x, t)
        assert not math.isfinite(loss) or kind == "sparse"
        assert math.isfinite(loss) or bits(*net.params) == before


# Threads, forks, signals, the end


def run_script(script: str, *arguments: str, ok: int = 0) -> str:
    """Run a script in a process of its own; it must end well and complain of nothing."""
    process = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"OMP_NUM_THREADS": "2"},
    )
    assert (process.returncode, process.stderr) == (ok, ""), process.stdout
    return process.stdout


FORK = """
import os, sys
import numpy as np
import pellucid as pl
net = pl.mlp([784, 300, 10], output="softmax", seed=0)
x, t = np.random.default_rng(0).normal(size=(2000, 784)).astype("float32"), np.arange(2000) % 10
expected = net(x)  # the crew of threads is at hand
child = os.fork()
if child == 0:
    if sys.argv[1] == "used":
        assert net(x).tobytes() == expected.tobytes()
        pl.train(net, x, t, epochs=1, engine="native")
    if sys.argv[1] == "dropped":
        del net
    sys.exit(0)  # the usual end, with all that is destroyed then
assert os.waitpid(child, 0)[1] == 0
assert net(x).tobytes() == expected.tobytes()
print("parent", pl.train(net, x, t, epochs=1).engine)
"""


@pytest.mark.parametrize("child", ["used", "dropped", "untouched"])
def test_a_fork_after_use(child: str) -> None:
    assert run_script(FORK, child) == "parent native\n"


PROCESSES = """
import multiprocessing
import numpy as np
import pellucid as pl
net = pl.mlp([784, 300, 10], output="softmax", seed=0)
x = np.random.default_rng(0).normal(size=(2000, 784)).astype("float32")
expected = net(x)
def right(_):
    return net(x).tobytes() == expected.tobytes()
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(right, range(4)))
"""


def test_forked_workers() -> None:
    assert run_script(PROCESSES) == "[True, True, True, True]\n"


END = """
import threading
import numpy as np
import pellucid as pl
net = pl.mlp([784, 300, 10], seed=0)
x = np.ones((2000, 784), "float32")
predict = net.predictor()
started = threading.Event()
def work():
    while True:
        predict(x)
        started.set()
if "daemon" in __import__("sys").argv:
    threading.Thread(target=work, daemon=True).start()
    started.wait(30)
net.predict(x)
"""


@pytest.mark.parametrize("how", ["alone", "daemon"])
def test_the_end_of_the_interpreter(how: str) -> None:
    """Threads, networks and predictors that are still there end without a word, as does a thread that still works."""
    for _ in range(3):
        assert run_script(END, how) == ""


INTERRUPT = """
import os, signal, sys, threading
import numpy as np
import pellucid as pl

after = []
class Count(pl.Callback):
    def on_batch(self, run):
        if run.batch == 2:
            threading.Timer(0.02, lambda: (after.append("sent"), os.kill(os.getpid(), signal.SIGINT))).start()
        if after:
            after.append("batch")

net = pl.mlp([1000, 1500, 10], seed=0)
x = np.random.default_rng(0).normal(size=(1024, 1000)).astype("float32")
history = pl.train(net, x, np.arange(1024) % 10, epochs=10**6, batch_size=1024, engine="native", callbacks=[Count()])
print(history.engine, history.stopped, after.count("batch") <= 2)
"""


def test_ctrl_c_stops_within_a_batch() -> None:
    assert run_script(INTERRUPT.replace("run.batch == 2", "len(run.history) == 1")) == "native interrupted True\n"


def test_networks_learn_in_several_threads_at_once(instructions: str) -> None:
    expected = [learn_some(dense(120, 200, 10, seed=seed), 300, 1, 8, 10) for seed in range(3)]
    with ThreadPoolExecutor(6) as pool:
        futures = [
            pool.submit(learn_some, dense(120, 200, 10, seed=seed % 3), 300, 1 + seed % 2, 8, 10) for seed in range(12)
        ]
        assert [future.result() for future in futures] == [expected[seed % 3] for seed in range(12)]


def test_one_predictor_in_eight_threads_with_a_crew_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELLUCID_THREADS", "2")
    net = dense(784, 100, 10)
    predict = net.predictor()
    blocks = [inputs(np.random.default_rng(seed), "sparse", 300, 784).astype(np.float32) for seed in range(8)]
    expected = [bits(predict(block)) for block in blocks]
    together = threading.Barrier(8)

    def answer(index: int) -> bool:
        together.wait(30)
        return all(bits(predict(blocks[index])) == expected[index] for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(answer, range(8)))


def test_more_threads_than_there_can_be() -> None:
    net, x = dense(784, 300, 10), np.ones((3000, 784), np.float32)
    few, many = (make_engine(net.layers, engine="native", threads=threads) for threads in (1, 10**30))
    assert bits(few.answer(x)) == bits(many.answer(x))


# The raw module: whatever it is given, it raises


def raw(loss: str = "CrossEntropy", optimizer: dict[str, Any] | None = None, **changed: Any) -> Any:
    W, b = np.ones((3, 2), np.float32), np.zeros(2, np.float32)
    layer = {"kind": "Affine", "options": [], "inputs": 3, "outputs": 2, "frozen": False, "arrays": [W, b], "inner": []}
    settings = {"loss": loss, "loss_option": 0.0, "depth": 1, "seed": 0, "threads": 1, "float64": False}
    engine = settings.keys() & changed.keys()
    settings |= {name: changed.pop(name) for name in engine}
    made = baseline.make_engine(layers=[layer | changed], optimizer=optimizer, **settings)
    raw.held = layer | changed  # type: ignore[attr-defined]
    return made


X, Y, T = np.ones((4, 3), np.float32), np.zeros((4, 2), np.float32), np.zeros(4, np.int64)
VALUES = np.full((4, 2), 0.5, np.float32)
SGD = {"kind": "SGD", "momentum": 0.0, "slots": [], "average": []}


def raw_gradients(engine: Any = None, **changed: Any) -> float:
    given = {"x": X, "classes": T, "values": None, "weights": None, "rows": None, "step": 0, "y": Y}
    return float((engine or raw()).gradients(**(given | changed)))


def raw_learn(engine: Any = None, **changed: Any) -> int:
    given = {
        "x": X,
        "classes": T,
        "values": None,
        "weights": None,
        "rows": None,
        "batch": 3,
        "step": 0,
        "rates": np.full(2, 0.1),
        "losses": np.zeros(2),
        "y": Y,
    }
    return int((engine or raw(optimizer=SGD)).learn(**(given | changed)))


def read_only(array: Array) -> Array:
    array = array.copy()
    array.flags.writeable = False
    return array


WRONG: dict[str, Callable[[], Any]] = {
    "x of another width": lambda: raw().answer(np.ones((4, 2), np.float32), Y),
    "x of whole numbers": lambda: raw().answer(np.ones((4, 3), np.int32), Y),
    "x of no dimensions": lambda: raw().answer(np.float32(1.0).reshape(()), Y),
    "x in Fortran's order": lambda: raw().answer(np.asfortranarray(X), Y),
    "x is none": lambda: raw().answer(None, Y),
    "y of other rows": lambda: raw().answer(X, Y[:3]),
    "y of another type": lambda: raw().answer(X, Y.astype(np.float64)),
    "y in steps": lambda: raw().answer(X, np.zeros((4, 4), np.float32)[:, ::2]),
    "y for reading": lambda: raw().answer(X, read_only(Y)),
    "y of one dimension": lambda: raw().answer(X, Y.ravel()),
    "y of no dimensions": lambda: raw().answer(X, np.zeros((), np.float32)),
    "a row beyond the end": lambda: raw_gradients(rows=np.array([0, 1, 2, 4])),
    "a row before the start": lambda: raw_gradients(rows=np.array([0, 1, 2, -1])),
    "rows of two dimensions": lambda: raw_gradients(rows=np.zeros((4, 1), np.int64)),
    "rows of fractions": lambda: raw_gradients(rows=np.zeros(4)),
    "too few classes": lambda: raw_gradients(classes=T[:3]),
    "a class beyond the last": lambda: raw_gradients(classes=T + 2),
    "a class below 0": lambda: raw_gradients(classes=T - 1),
    "a class beyond all numbers": lambda: raw_gradients(classes=T + 2**62),
    "neither classes nor values": lambda: raw_gradients(classes=None),
    "both classes and values": lambda: raw_gradients(values=VALUES),
    "values of another shape": lambda: raw_gradients(classes=None, values=VALUES[:, :1]),
    "values of another type": lambda: raw_gradients(classes=None, values=VALUES.astype(np.float64)),
    "values of no dimensions": lambda: raw_gradients(classes=None, values=np.zeros((), np.float32)),
    "values out of range": lambda: raw_gradients(raw("BinaryCrossEntropy"), classes=None, values=VALUES + 1),
    "values that are NaN": lambda: raw_gradients(
        raw("BinaryCrossEntropy"), classes=None, values=VALUES * np.float32("nan")
    ),
    "counts below 0": lambda: raw_gradients(raw("Poisson"), classes=None, values=VALUES - 1),
    "too few weights": lambda: raw_gradients(weights=np.ones(3)),
    "a step below 0": lambda: raw_gradients(step=-1),
    "no optimizer to learn with": lambda: raw_learn(raw()),
    "batches of no rows": lambda: raw_learn(batch=0),
    "too few rates": lambda: raw_learn(rates=np.ones(1)),
    "too few losses": lambda: raw_learn(losses=np.zeros(1)),
    "losses for reading": lambda: raw_learn(losses=read_only(np.zeros(2))),
    "rates of another type": lambda: raw_learn(rates=np.ones(2, np.float32)),
    "a class beyond the last, when learning": lambda: raw_learn(classes=T + 2),
    "a row beyond the end, when learning": lambda: raw_learn(rows=np.array([0, 1, 2, 4])),
    "no optimizer to update with": lambda: raw().update(0.1, 1),
    "no loss": lambda: raw_gradients(raw("")),
    "an unknown loss": lambda: raw("Own"),
    "an unknown layer": lambda: raw(kind="Own"),
    "an unknown optimizer": lambda: raw(optimizer=SGD | {"kind": "Own"}),
    "a memory that is missing": lambda: raw(optimizer=SGD | {"momentum": 0.9}),
    "a memory of another shape": lambda: raw(
        optimizer=SGD | {"momentum": 0.9, "slots": [[np.zeros(5, np.float32)] * 2]}
    ),
    "an average of another shape": lambda: raw(optimizer=SGD | {"ema": 0.9, "average": []}),
    "a depth beyond the last layer": lambda: raw(depth=2),
    "a depth below 0": lambda: raw(depth=-1),
    "arrays of another type": lambda: raw(float64=True),
    "arrays of another shape": lambda: raw(inputs=2),
    "arrays that are missing": lambda: raw(arrays=[]),
    "arrays in steps": lambda: raw(arrays=[np.ones((3, 4), np.float32)[:, ::2], None]),
    "a setting that is missing": lambda: raw(kind="LeakyReLU", inputs=2),
    "an activation that widens": lambda: raw(kind="Sigmoid"),
    "a Residual of nothing": lambda: raw(kind="Residual", inputs=2),
    "a width below 0": lambda: raw(kind="Sigmoid", inputs=-1, outputs=-1),
    "no layers": lambda: baseline.make_engine(False, [], "", 0.0, None, 0, 0, 1),
    "backward without forward": lambda: raw().backward(Y),
    "backward after the rows are gone": lambda: (lambda e: (raw_gradients(e), e.backward(Y)))(raw()),
    "backward of other rows": lambda: (lambda e: (e.forward(X, None, 0, Y, Y.copy()), e.backward(Y[:3])))(raw()),
    "backward of no dimensions": lambda: raw().backward(np.zeros((), np.float32)),
    "gradients that are too few": lambda: raw().read_gradients([np.zeros((3, 2), np.float32)]),
    "gradients of another shape": lambda: raw().read_gradients([np.zeros(5, np.float32), np.zeros(2, np.float32)]),
    "gradients of another type": lambda: raw().write_gradients([np.zeros((3, 2)), np.zeros(2)]),
    "gradients for reading": lambda: raw().read_gradients([read_only(np.zeros((3, 2), np.float32)), Y[0]]),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments_raise(what: str) -> None:
    with pytest.raises((TypeError, ValueError, IndexError, RuntimeError)):
        WRONG[what]()


def test_right_arguments_do_not() -> None:
    """What the wrong ones above were made from is right, or they would prove nothing."""
    assert raw_learn() == raw_learn(rows=np.array([0, 1, 2, 3]), weights=np.ones(4)) == 2
    assert math.isfinite(raw_gradients(classes=None, values=VALUES, weights=np.ones(4), rows=np.array([0, 1, 2, 3])))
    engine = raw()
    engine.forward(X, None, 0, Y, Y.copy())
    engine.backward(VALUES)
    grads = [np.zeros((3, 2), np.float32), np.zeros(2, np.float32)]
    engine.read_gradients(grads)
    assert np.array_equal(grads[0], np.full((3, 2), 2.0)) and np.array_equal(grads[1], [2.0, 2.0])
    engine.observe()


def test_targets_that_are_refused_change_nothing() -> None:
    net = pl.Network([pl.BatchNorm(np.ones(3)), pl.Affine(np.ones((3, 2)))])
    before = net.copy()
    worker = NativeEngine(net.layers, pl.CrossEntropy(), pl.SGD(0.1))
    with pytest.raises(pl.InputError, match="class indices for 2 outputs go from 0 to 1, got 0 to 2"):
        worker.learn(np.eye(3), np.array([0, 1, 2]))
    assert net == before
    assert worker.state["step"] == 0


@pytest.mark.parametrize("call", ["learn", "gradients"])
def test_an_engine_that_was_made_for_answers_does_not_learn(call: str) -> None:
    made = NativeEngine([pl.Affine(np.ones((3, 2)))])
    with pytest.raises((TypeError, ValueError, AssertionError)):
        getattr(made, call)(np.ones((4, 3), np.float32), np.zeros((4, 2)))


# What is the user's own, and what is not here


class OwnLayer(pl.Layer):
    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return x * 2

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return dy * 2, []


class OwnSigmoid(pl.Sigmoid):
    pass


class OwnSGD(pl.SGD):
    pass


class OwnLoss(pl.CrossEntropy):
    """Under the name of a native one."""

    def slopes(self, y: Array, t: Array) -> Array:
        return 0 * super().slopes(y, t)


OwnLoss.__name__ = "CrossEntropy"


def test_what_is_the_users_own() -> None:
    x, t = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    plain = [pl.Affine(np.ones((3, 3))), pl.Affine(np.eye(3, 2))]

    def engine(layers: list[Layer], **options: Any) -> str:
        return pl.train(pl.Network(layers), x, t, epochs=1, **options).engine

    assert engine(plain) == engine(plain, engine="native") == "native"
    assert engine(plain, engine="reference") == "reference"
    for own in (OwnLayer(), pl.Residual([OwnLayer()]), OwnSigmoid()):
        layers = [plain[0], own, plain[1]]
        assert engine(layers) == "reference"
        assert why_not(layers) == f"{type(own.inner[0] if own.inner else own).__name__} is a layer of your own"
        with pytest.raises(pl.InputError, match=r'is a layer of your own: choose engine="auto" or "reference"'):
            engine(layers, engine="native")
        np.testing.assert_allclose(pl.Network(layers)(x), chain.answer(layers, x))
    assert engine(plain, optimizer=OwnSGD(0.1)) == "reference"
    assert why_not(plain, OwnSGD(0.1)) == "OwnSGD is an optimizer of your own"
    before = pl.Network(plain).copy()
    assert engine(plain, loss=OwnLoss()) == "native"
    assert pl.Network(plain) == before  # its slopes are 0


def test_a_loss_of_ones_own_with_what_it_remembers() -> None:
    """Rows that were turned for the engine must outlive the pass: the running mean is measured on them afterwards."""

    class Own:
        def value(self, y: Array, t: Any, weights: Array | None = None) -> float:
            return float((y**2).mean())

        def gradient(self, y: Array, t: Any, weights: Array | None = None) -> Array:
            return 2 * y / y.size

    x = np.random.default_rng(0).normal(size=(64, 160)).astype(np.float32)
    nets = [
        pl.Network([pl.BatchNorm(np.ones(160)), affine(np.random.default_rng(0), 160, 4)]).astype(np.float32)
        for _ in range(2)
    ]
    for net, engine in zip(nets, (NativeEngine, ReferenceEngine), strict=True):
        worker = engine(net.layers, Own(), pl.SGD(0.1))
        for _ in range(5):
            worker.learn(x.astype(np.float64), np.array(["anything"] * 64))
            worker.gradients(np.asfortranarray(x), np.array(["anything"] * 64))
    np.testing.assert_allclose(arrays(nets[0]), arrays(nets[1]), rtol=1e-4, atol=1e-5)


def test_instructions_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, " Baseline ")
    assert native.instruction_set() == "baseline"


@pytest.mark.parametrize("wrong", ["sse9", "avx", "avx2,avx512"])
def test_instructions_that_there_are_not(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    use(monkeypatch, wrong)
    with pytest.raises(
        pl.InputError, match=rf"PELLUCID_INSTRUCTIONS is one of .*baseline on this processor, not '{wrong}'"
    ):
        make_engine([pl.Affine(np.ones((2, 2)))])
    assert make_engine([pl.Affine(np.ones((2, 2)))], engine="reference").name == "reference"


# One network, always as it is now


def change_a_setting(net: pl.Network) -> None:
    net.layers[1].negative_slope = 0.9  # type: ignore[attr-defined]


def exchange_a_layer(net: pl.Network) -> None:
    net.layers[1] = pl.Sigmoid()


def exchange_within(net: pl.Network) -> None:
    """The old one is freed first, so that the new one may well stand where it stood."""
    inner: Any = net.layers[2].inner
    W = inner[0].W * 2
    inner[0] = None
    inner[0] = pl.Affine(W)


def add_within(net: pl.Network) -> None:
    net.layers[2].inner.append(pl.Tanh())  # type: ignore[attr-defined]


def assign_weights(net: pl.Network) -> None:
    net.layers[0].W = net.layers[0].W * 2  # type: ignore[attr-defined]


def change_in_place(net: pl.Network) -> None:
    net.params[1][...] += 1


def freeze(net: pl.Network) -> None:
    net.freeze(0)
    net.layers[2].inner[0].W += 1  # type: ignore[attr-defined]


def change_a_buffer(net: pl.Network) -> None:
    net.layers[3].running_mean = np.ones(4)  # type: ignore[attr-defined]


CHANGES = [exchange_a_layer, exchange_within, add_within, assign_weights, change_in_place, freeze, change_a_buffer]


@pytest.mark.parametrize("change", [change_a_setting, *CHANGES], ids=lambda change: str(change.__name__))
@pytest.mark.parametrize(
    "twin",
    [lambda net: net, pl.Network.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],  # noqa: S301
)
def test_answers_are_never_stale(
    change: Callable[[pl.Network], None], twin: Callable[[pl.Network], pl.Network]
) -> None:
    generator = np.random.default_rng(0)
    residual = pl.Residual([affine(generator, 4, 4, bias=False)])
    net = pl.Network([affine(generator, 3, 4), pl.LeakyReLU(0.1), residual, pl.BatchNorm(np.ones(4))])
    x = generator.normal(size=(10, 3))
    for _ in range(5):
        before = net.predict(x)
        other = twin(net)
        change(other)
        np.testing.assert_allclose(other.predict(x), chain.answer(other.layers, x), rtol=1e-12)
        assert not np.allclose(other.predict(x), before)
        if other is not net:
            assert bits(net.predict(x)) == bits(before)
            assert not any(np.shares_memory(a, b) for a, b in zip(net.params, other.params, strict=True))
        net = other
        if change in (exchange_a_layer, change_a_setting, change_a_buffer):
            return


def test_settings_and_memory_may_change_while_learning(instructions: str) -> None:
    x, t = np.random.default_rng(0).normal(size=(30, 6)), np.arange(30) % 3
    nets = [dense(6, 8, 3, np.float64) for _ in range(2)]
    for net, engine in zip(nets, (NativeEngine, ReferenceEngine), strict=True):
        worker = engine(net.layers, pl.CrossEntropy(), pl.Adam(0.01), 1)
        worker.learn(x, t)
        net.layers[2].rate = 0.5  # type: ignore[attr-defined]
        worker.learn(x, t)
        worker.state = copy.deepcopy(worker.state)
        worker.learn(x, t)
        worker.state["m"] = [np.zeros_like(m) for m in worker.state["m"]]
        worker.learn(x, t)
        worker.state["v"][0] = np.ones_like(worker.state["v"][0])
        worker.update(worker.gradients(x, t)[1])
        assert worker.state["step"] == 5
    assert apart(arrays(nets[0]), arrays(nets[1])) < 1e-12


def test_a_layer_that_is_frozen_while_learning_is_refused() -> None:
    net = dense(6, 8, 3)
    worker = NativeEngine(net.layers, pl.CrossEntropy(), pl.Adam(0.01))
    net.freeze(0)
    with pytest.raises(ValueError, match="memory does not fit what learns"):
        worker.learn(np.ones((2, 6), np.float32), np.zeros(2, np.int64))
