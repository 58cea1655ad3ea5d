"""What only a compiled engine can get wrong: bits, what is the user's own, networks that change."""

from __future__ import annotations

import copy
import hashlib
import importlib
import pickle
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import chain
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.types import Array, Gradients
from pellucid.engines import NativeEngine, ReferenceEngine, instructions, make_engine, why_not
from pellucid.engines.handover import layer_specs
from tests.engines.tools import (
    SETS,
    affine,
    apart,
    arrays,
    bits,
    dense,
    every_type,
    inputs,
    learn_some,
    use,
)

# The same bits


@every_type
@pytest.mark.parametrize(("D", "H"), [(100, 70), (784, 30), (65, 1), (1, 40), (17, 33), (256, 512)])
@pytest.mark.parametrize("kind", ["sparse", "columns", "normal"])
def test_a_row_alone_has_the_bits_that_it_has_in_a_batch(
    instructions: str, dtype: type, D: int, H: int, kind: str
) -> None:
    """One row skips zeros number by number, a batch does so or column by column or not at all;
    blocks differ too.

    Rows of 256 and 512 numbers, whose distance is a power of two, are padded further.
    """
    generator = np.random.default_rng(D)
    net = dense(D, H, 3, dtype)
    net.layers[0].b[:] = generator.normal(size=H) * (generator.uniform(size=H) < 0.5) * -1.0  # type: ignore[attr-defined]
    x: Array = inputs(generator, kind, 75, D).astype(dtype)
    raw = pl.Network(net.layers[:1])
    for network in (net, raw):
        whole = network.predict(x)
        assert bits(whole) == b"".join(bits(network.predict(row[None])) for row in x)
        assert bits(whole) == bits(network.predict(x[:40]), network.predict(x[40:]))


@pytest.mark.parametrize("shape", [(784, 800, 10, 64), (512, 512, 512, 512)])
def test_threads_change_no_bits_of_learning(
    instructions: str, shape: tuple[int, int, int, int]
) -> None:
    D, H, K, N = shape
    assert len({learn_some(dense(D, H, K), N, threads, 3, K) for threads in (1, 2, 4)}) == 1


@pytest.mark.parametrize("optimizer", [pl.SGD(0.1), pl.AdamW(0.001)])
def test_wide_weights_move_while_their_gradient_is_computed(optimizer: pl.Optimizer) -> None:
    """Layers of 2 MB and more: the bits are those of all gradients first, then the update, for any
    number of threads, and where two layers share their weights.
    """
    generator = np.random.default_rng(0)
    x = generator.normal(size=(9, 768)).astype(np.float32)
    t = np.arange(9) % 3

    def trained(shared: bool, threads: int, whole: bool) -> bytes:
        wide = [affine(np.random.default_rng(i), 768, 768) for i in range(2)]
        last = affine(np.random.default_rng(2), 768, 3)
        net = pl.Network([wide[0], pl.ReLU(), wide[0 if shared else 1], last]).astype(np.float32)
        worker = make_engine(
            net.layers, pl.CrossEntropy(), copy.deepcopy(optimizer), 0, "native", threads
        )
        for _ in range(3):
            if whole:
                worker.train_step(x, t)
            else:
                worker.update(worker.gradients(x, t)[1])
        return bits(*net.params)

    for shared in (False, True):
        expected = trained(shared, 1, False)
        assert [trained(shared, threads, True) for threads in (1, 2, 3)] == [expected] * 3


@every_type
def test_threads_change_no_bits_of_answers(instructions: str, dtype: type) -> None:
    net = dense(300, 90, 7, dtype)
    x: Array = inputs(np.random.default_rng(0), "sparse", 5000, 300).astype(dtype)
    answers = {
        bits(make_engine(net.layers, engine="native", threads=threads).predict(x))
        for threads in (1, 2, 4)
    }
    assert len(answers) == 1


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells")
def test_threads_are_really_used() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    net, x = dense(784, 300, 10), np.ones((2000, 784), np.float32)
    before = count()
    worker = make_engine(net.layers, engine="native", threads=4)
    worker.predict(x[:1])
    assert count() == before  # one row is not worth it
    worker.predict(x)
    assert count() == before + 3
    del worker
    assert count() == before


@pytest.mark.parametrize(("hidden", "batch_size"), [(16, 200), (100, 64), (300, 200)])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_the_same_seed_gives_the_same_sha_256(
    instructions: str, kind: type, hidden: int, batch_size: int
) -> None:
    """Of pictures, which are mostly black, and in batches so large that the threads share the first
    layer's work.
    """
    generator = np.random.default_rng(0)
    digits = generator.integers(0, 256, (800, 784), np.uint8) * (generator.random((800, 784)) < 0.2)
    digits = digits if kind is np.uint8 else (digits / 255).astype(kind)
    t = np.arange(800) % 10

    def digest(seed: int, threads: int) -> str:
        net = pl.mlp([784, hidden, 10], dropout=0.2, pixels=kind is np.uint8, seed=seed)
        pl.train(
            net,
            digits,
            t,
            epochs=2,
            batch_size=batch_size,
            seed=seed,
            engine="native",
            threads=threads,
        )
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
        expected = chain.forward(net.layers, x, Draws(seed, step)).y
        assert np.array_equal(worker.gradients(x, t)[2], expected)


def test_no_module_shares_symbols_with_another() -> None:
    """A symbol of the kind "unique" would be one for the process, whatever instructions it was
    compiled for.
    """
    for name in SETS:
        file = importlib.import_module(f"pellucid.engines._native_{name}").__file__
        assert file is not None
        listing = subprocess.run(
            ["nm", "-D", "-C", "--defined-only", file], capture_output=True, text=True, check=True
        )
        assert not [
            line for line in listing.stdout.splitlines() if "pellucid" in line and " u " in line
        ]


# What is the user's own, and what is not here


class OwnLayer(pl.Layer):
    def forward(self, x: Array, draws: Draws | None = None) -> Array:
        return x * 2

    def backward(self, p: Pass, dy: Array) -> Gradients:
        return dy * 2, []


class OwnSigmoid(pl.Sigmoid):
    pass


class OwnSGD(pl.SGD):
    pass


class OwnLoss(pl.CrossEntropy):
    """Under the name of a native one."""

    def row_gradients(self, y: Array, t: Array) -> Array:
        return 0 * super().row_gradients(y, t)


OwnLoss.__name__ = "CrossEntropy"


def test_what_is_the_users_own() -> None:
    x, t = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    plain = [pl.Affine(np.ones((3, 3))), pl.Affine(np.eye(3, 2))]

    def engine(layers: Sequence[Layer], **options: Any) -> str:
        return pl.train(pl.Network(layers), x, t, epochs=1, **options).engine

    assert engine(plain) == engine(plain, engine="native") == "native"
    assert engine(plain, engine="reference") == "reference"
    for own in (OwnLayer(), pl.Residual([OwnLayer()]), OwnSigmoid()):
        layers = [plain[0], own, plain[1]]
        assert engine(layers) == "reference"
        name = type(own.inner[0] if own.inner else own).__name__
        assert str(why_not(layers)) == f"{name} is a layer of your own"
        with pytest.raises(
            pl.InputError, match=r'is a layer of your own: choose engine="auto" or "reference"'
        ):
            engine(layers, engine="native")
        np.testing.assert_allclose(pl.Network(layers)(x), chain.predict(layers, x))
    assert engine(plain, optimizer=OwnSGD(0.1)) == "reference"
    assert str(why_not(plain, OwnSGD(0.1))) == "OwnSGD is an optimizer of your own"
    before = pl.Network(plain).copy()
    assert engine(plain, loss=OwnLoss()) == "native"
    assert pl.Network(plain) == before  # its slopes are 0


def test_a_loss_of_ones_own_with_what_it_remembers() -> None:
    """Rows that were turned for the engine must outlive the pass.

    The running mean is measured on them afterwards.
    """

    class Own:
        def value(self, y: Array, t: Any, weights: Array | None = None) -> float:
            return float((y**2).mean())

        def gradient(self, y: Array, t: Any, weights: Array | None = None) -> Array:
            return 2 * y / y.size

    x = np.random.default_rng(0).normal(size=(64, 160)).astype(np.float32)
    nets = [
        pl.Network([pl.BatchNorm(np.ones(160)), affine(np.random.default_rng(0), 160, 4)]).astype(
            np.float32
        )
        for _ in range(2)
    ]
    for net, engine in zip(nets, (NativeEngine, ReferenceEngine), strict=True):
        worker = engine(net.layers, Own(), pl.SGD(0.1))
        for _ in range(5):
            worker.train_step(x.astype(np.float64), np.array(["anything"] * 64))
            worker.gradients(np.asfortranarray(x), np.array(["anything"] * 64))
    np.testing.assert_allclose(arrays(nets[0]), arrays(nets[1]), rtol=1e-4, atol=1e-5)


def test_instructions_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, " Baseline ")
    assert instructions.instruction_set() == "baseline"


@pytest.mark.parametrize("wrong", ["sse9", "avx", "avx2,avx512"])
def test_instructions_that_there_are_not(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    use(monkeypatch, wrong)
    with pytest.raises(
        pl.InputError,
        match=rf"PELLUCID_INSTRUCTIONS must be one of .*baseline on this processor, got '{wrong}'",
    ):
        make_engine([pl.Affine(np.ones((2, 2)))])
    assert make_engine([pl.Affine(np.ones((2, 2)))], engine="reference").name == "reference"


# One network, always as it is now


def change_a_setting(net: pl.Network) -> None:
    net.layers[1].negative_slope = 0.9


def exchange_a_layer(net: pl.Network) -> None:
    layers: Any = net.layers
    layers[1] = pl.Sigmoid()


def exchange_within(net: pl.Network) -> None:
    inner: Any = net.layers[2].inner
    inner[0] = pl.Affine(inner[0].W * 2)


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
    net.layers[3].running_mean = np.ones(4)


CHANGES = [assign_weights, change_in_place, freeze, change_a_buffer]
OF_STRUCTURE = [change_a_setting, exchange_a_layer, exchange_within, add_within]


@pytest.mark.parametrize(
    "change", [*OF_STRUCTURE, *CHANGES], ids=lambda change: str(change.__name__)
)
@pytest.mark.parametrize(
    "twin",
    [lambda net: net, pl.Network.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],  # noqa: S301
)
def test_answers_are_never_stale(
    change: Callable[[pl.Network], None], twin: Callable[[pl.Network], pl.Network]
) -> None:
    generator = np.random.default_rng(0)
    residual = pl.Residual([affine(generator, 4, 4, bias=False)])
    net = pl.Network(
        [affine(generator, 3, 4), pl.LeakyReLU(0.1), residual, pl.BatchNorm(np.ones(4))]
    )
    x = generator.normal(size=(10, 3))
    for _ in range(5):
        before = net.predict(x)
        other = twin(net)
        if change in OF_STRUCTURE:  # another structure is another network
            with pytest.raises((pl.StructureError, TypeError, AttributeError)):
                change(other)
            assert bits(other.predict(x)) == bits(before)
            return
        change(other)
        np.testing.assert_allclose(other.predict(x), chain.predict(other.layers, x), rtol=1e-12)
        assert not np.allclose(other.predict(x), before)
        if other is not net:
            assert bits(net.predict(x)) == bits(before)
            assert not any(
                np.shares_memory(a, b) for a, b in zip(net.params, other.params, strict=True)
            )
        net = other
        if change is change_a_buffer:
            return


def test_the_optimizers_state_may_be_exchanged_while_training(instructions: str) -> None:
    x, t = np.random.default_rng(0).normal(size=(30, 6)), np.arange(30) % 3
    nets = [dense(6, 8, 3, np.float64) for _ in range(2)]
    for net, engine in zip(nets, (NativeEngine, ReferenceEngine), strict=True):
        worker = engine(net.layers, pl.CrossEntropy(), pl.Adam(0.01), 1)
        worker.train_step(x, t)
        with pytest.raises(pl.StructureError):
            net.layers[2].rate = 0.5
        worker.train_step(x, t)
        worker.state = copy.deepcopy(worker.state)
        worker.train_step(x, t)
        worker.state["m"] = [np.zeros_like(m) for m in worker.state["m"]]
        worker.train_step(x, t)
        worker.state["v"][0] = np.ones_like(worker.state["v"][0])
        worker.update(worker.gradients(x, t)[1])
        assert worker.state["step"] == 5
    assert apart(arrays(nets[0]), arrays(nets[1])) < 1e-12


def test_a_layer_that_is_frozen_while_learning_is_refused() -> None:
    net = dense(6, 8, 3)
    worker = NativeEngine(net.layers, pl.CrossEntropy(), pl.Adam(0.01))
    net.freeze(0)
    for _ in range(2):  # the second time too: a failure must not leave the old engine
        with pytest.raises(ValueError, match="state does not fit the trainable parameters"):
            worker.train_step(np.ones((2, 6), np.float32), np.zeros(2, np.int64))


def test_a_layer_that_the_compiled_engine_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an update of the Python code alone."""

    def newer(layers: Any, D: int) -> list[Any]:
        return [spec | {"kind": "Newer"} for spec in layer_specs(layers, D)]

    monkeypatch.setattr("pellucid.engines.native.layer_specs", newer)
    with pytest.raises(pl.InputError, match=r"no native layer Newer.*install pellucid again"):
        NativeEngine(dense(6, 8, 3).layers)
