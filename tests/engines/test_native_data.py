"""What the native engine is given.

Rows, targets, weights, NaN and infinity, as the reference engine takes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import chain
from pellucid.core.layer import Layer
from pellucid.core.losses import Loss
from pellucid.core.types import Array
from pellucid.engines import NativeEngine, ReferenceEngine
from tests.core.witnesses import LAYERS as LAYER_WITNESSES
from tests.core.witnesses import LOSSES as LOSS_WITNESSES
from tests.engines.tools import apart, arrays, bits, dense, every_type, inputs

# Rows, targets, weights


@every_type
@pytest.mark.parametrize("kind", ["bytes", "doubles", "normal"])
def test_rows_are_gathered_as_the_reference_gathers_them(
    instructions: str, dtype: type, kind: str
) -> None:
    generator = np.random.default_rng(4)
    x = inputs(generator, kind, 30, 9)
    x = x if kind != "normal" else x.astype(dtype)
    t, weights, rows = (
        generator.integers(0, 3, 30),
        generator.uniform(0, 2, 30),
        np.array([29, 0, 0, 7, 15]),
    )
    nets = [
        pl.mlp([9, 5, 3], "tanh", "softmax", pixels=True, seed=0, dtype=dtype) for _ in range(2)
    ]
    for net, engine in zip(nets, (NativeEngine, ReferenceEngine), strict=True):
        worker = engine(net.layers, pl.CrossEntropy(), pl.SGD(0.1), 0)
        for _ in range(10):
            worker.train_step(x, t, weights, rows)
    assert apart(arrays(nets[0]), arrays(nets[1])) < (1e-12 if dtype is np.float64 else 1e-5)


def outcome(
    engine: Callable[..., Any], layers: list[Layer], loss: Loss, t: Any, **given: Any
) -> Any:
    """Return what an engine makes of the targets.

    A loss and gradients, or an error's type and text.
    """
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    try:
        with np.errstate(all="ignore"):
            value, grads, _ = engine(layers, loss).gradients(x, t, **given)
    except pl.InputError as error:
        return str(error)
    return value, grads


@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize(
    "loss", [loss for witness in LOSS_WITNESSES.values() for loss in witness.examples], ids=repr
)
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
    ours, expected = (
        outcome(NativeEngine, layers, loss, t),
        outcome(ReferenceEngine, layers, loss, t),
    )
    if isinstance(expected, str):
        assert ours == expected
        return
    if np.isinf(t).any():  # nothing is learned then: it need not be the same infinity
        assert not math.isfinite(ours[0]) and not math.isfinite(expected[0])
        return
    np.testing.assert_allclose(ours[0], expected[0], rtol=1e-12, atol=1e-12)
    for a, b in zip(ours[1], expected[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "weights", [[0, 0, 0, 0], [1, -2, 0, -1], [1, np.nan, 0, 2], [1, np.inf, 1, 1], [0, 0, 2, 0]]
)
def test_weights_of_rows(weights: list[float]) -> None:
    layers: list[Layer] = [pl.Affine(np.ones((3, 2)))]
    given = {"sample_weight": np.array(weights, np.float64)}
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
        loss, y = engine(net.layers, pl.CrossEntropy(), pl.SGD(0.1)).train_step(
            np.zeros((0, 20)), t
        )
        assert (loss, y.shape) == (0, (0, 3))
    assert nets[0] == nets[1] == dense(20, 5, 3, np.float64)


@pytest.mark.parametrize("shape", [(), (5,), (5, 1)])
def test_rows_of_one_number(shape: tuple[int, ...]) -> None:
    """What is no rows is refused, also where one number a row makes it look like some."""
    net = pl.Network([pl.Flatten(), pl.Affine(np.ones((1, 2)))])
    made = NativeEngine(net.layers, pl.MeanSquaredError(), pl.SGD(0.1))
    if len(shape) == 2:
        made.train_step(np.ones(shape), np.ones((5, 2)))
        return
    with pytest.raises(pl.InputError, match="rows of shape"):
        made.train_step(np.ones(shape), np.ones((5, 2)))
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
def test_strange_numbers_do_what_they_do_in_numpy(
    instructions: str, dtype: type, name: str
) -> None:
    for example in LAYER_WITNESSES[name].examples:
        layer = example(np.random.default_rng(0))
        net = pl.Network([pl.Standardize(np.zeros(5), np.ones(5)), layer]).astype(dtype)
        x: Array = np.random.default_rng(1).normal(size=(len(STRANGE), 5)).astype(dtype)
        x[:, 2] = STRANGE
        with np.errstate(all="ignore"):
            expected = chain.predict(net.layers, x)
        # A wave of a hundred turns is known to a hundred roundings of one turn.
        least = 2_000 * float(np.finfo(dtype).eps) if name == "PeriodicEmbedding" else 1e-37
        ours = NativeEngine(net.layers).predict(x)  # which refuses nothing
        np.testing.assert_allclose(
            ours, expected, rtol=2e-5 if dtype is np.float32 else 1e-12, atol=least
        )
        assert np.isnan(ours[0, 2 if expected.shape[1] >= 5 else 0])


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["W", "b"])
def test_strange_weights(instructions: str, strange: float, place: str) -> None:
    """Met by inputs that are not 0, they do what they do in NumPy.

    What they do to inputs of 0, the engine says.
    """
    net = dense(100, 70, 4)
    getattr(net.layers[0], place)[..., 3] = strange
    for kind in ("normal", "sparse"):
        x = inputs(np.random.default_rng(0), kind, 9, 100).astype(np.float32)
        x[:, 50] = 1
        with np.errstate(all="ignore"):
            expected = chain.predict(net.layers, x)
        ours = NativeEngine(net.layers).predict(x)
        if kind == "normal" or place == "b":
            np.testing.assert_allclose(ours, expected, rtol=1e-4)
        t, before = np.zeros(9, np.int64), bits(*net.params)
        loss, _ = NativeEngine(net.layers, pl.CrossEntropy(), pl.SGD(0.1)).train_step(x, t)
        assert not math.isfinite(loss) or kind == "sparse"
        assert math.isfinite(loss) or bits(*net.params) == before
