"""What every engine keeps when it trains."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import chain
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer
from pellucid.core.losses import Loss
from pellucid.core.types import Array
from pellucid.engines import ReferenceEngine, Ridge, make_engine
from tests.engines.every_engine import bits, close, data, every_engine, network, worker
from tests.engines.tools import every_type


@every_engine
@every_type
@pytest.mark.parametrize("weighted", [False, True])
def test_learning_is_gradients_and_then_an_update(engine: str, dtype: type, weighted: bool) -> None:
    one, two = network(dtype), network(dtype)
    x, t, weights = data(dtype=dtype)
    first, second = worker(one, engine), worker(two, engine)
    for step in range(1, 5):
        first.learning_rate = second.learning_rate = 0.05 / step
        given = (x, t, weights if weighted else None)
        loss, y = first.train_step(*given)
        y = y.copy()
        other_loss, grads, other_y = second.gradients(*given)
        assert second.state["step"] == step - 1
        second.update(grads)
        assert loss == other_loss
        assert y.tobytes() == other_y.tobytes()
        assert bits(one) == bits(two)
        assert first.state["step"] == second.state["step"] == step


@every_engine
@every_type
def test_gradients_are_the_chains(engine: str, dtype: type) -> None:
    net, twin = network(dtype), network(dtype)
    x, t, weights = data(dtype=dtype)
    loss, grads, y = worker(net, engine).gradients(x, t, weights)
    trace = chain.forward(twin.layers, x, Draws(3, 0))
    sums = trace[-2]
    assert loss == pytest.approx(pl.CrossEntropy().value(sums, t, weights), rel=1e-5)
    _, expected = chain.backward(
        twin.layers[:-1], trace, pl.CrossEntropy().gradient(sums, t, weights)
    )
    close(y, trace.y)
    assert len(grads) == len(net.params)
    for ours, theirs in zip(grads, expected, strict=True):
        close(ours, theirs)
    chain.observe(twin.layers, trace)
    for ours, theirs in zip(net.layers[1].buffers, twin.layers[1].buffers, strict=True):
        close(ours, theirs)
        assert not np.array_equal(ours, [0] * 6)


@every_engine
@every_type
def test_an_engine_learns_what_the_reference_learns(engine: str, dtype: type) -> None:
    net, twin = network(dtype), network(dtype)
    x, t, weights = data(dtype=dtype)
    ours, reference = (
        worker(net, engine),
        ReferenceEngine(twin.layers, pl.CrossEntropy(), pl.AdamW(0.05, ema=0.9), 3),
    )
    for _ in range(5):
        assert ours.train_step(x, t, weights)[0] == pytest.approx(
            reference.train_step(x, t, weights)[0], rel=1e-5
        )
    for a, b in zip(net.params, twin.params, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3 if dtype is np.float32 else 1e-9, atol=1e-5)


@every_engine
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_are_gathered(engine: str, weighted: bool) -> None:
    one, two = network(), network()
    x, t, weights = data()
    rows = np.array([7, 3, 3, 49, 0])
    first = worker(one, engine).train_step(x, t, weights if weighted else None, rows)
    second = worker(two, engine).train_step(x[rows], t[rows], weights[rows] if weighted else None)
    assert first[0] == second[0]
    assert first[1].tobytes() == second[1].tobytes()
    assert bits(one) == bits(two)


@every_engine
@pytest.mark.parametrize("kind", ["mask", "from the end", "uint8", "of no rows"])
def test_rows_are_named_as_numpy_has_it(engine: str, kind: str) -> None:
    x, t, _ = data(60)
    rows = {
        "mask": np.arange(60) % 3 == 0,
        "from the end": np.array([-1, 0, -60, 5]),
        "uint8": np.array([3, 1], np.uint8),
        "of no rows": np.zeros(0, np.int64),
    }[kind]
    nets = [network(), network()]
    loss, y = worker(nets[0], engine).train_step(x, t, rows=rows)
    expected = worker(nets[1], engine).train_step(x[rows], t[rows])
    assert loss == expected[0]
    assert y.tobytes() == expected[1].tobytes()
    assert bits(nets[0]) == bits(nets[1])


@every_engine
def test_rows_that_are_not_there(engine: str) -> None:
    x, t, _ = data(60)
    for rows in (np.array([0, 60]), np.array([-61])):
        with pytest.raises(IndexError):
            worker(network(), engine).train_step(x, t, rows=rows)


@every_engine
def test_pictures_are_gathered(engine: str) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 4, 4), np.uint8)
    t, rows = np.arange(20) % 3, np.array([5, 1, 19])
    one, two = (pl.mlp([16, 3], pixels=True, seed=0) for _ in range(2))
    worker(one, engine).train_step(pictures, t, None, rows)
    worker(two, engine).train_step(pictures[rows].reshape(3, 16).astype(np.float32), t[rows])
    assert bits(one) == bits(two)


@every_engine
def test_targets_as_rows(engine: str) -> None:
    net = pl.mlp([3, 4, 2], "tanh", seed=0)
    x, _, _ = data()
    t = x[:, :2] * 2
    made = make_engine(net.layers, pl.Huber(0.5), pl.SGD(0.1, momentum=0.9), engine=engine)
    losses = [made.train_step(x, t)[0] for _ in range(200)]
    assert losses[-1] < losses[0] / 3


class Own:
    """A loss of a user's own."""

    def value(self, y: Array, t: Array, weights: Array | None = None) -> float:
        return pl.MeanSquaredError().value(y, t, weights)

    def gradient(self, y: Array, t: Array, weights: Array | None = None) -> Array:
        return pl.MeanSquaredError().gradient(y, t, weights)


@every_engine
def test_a_loss_of_ones_own(engine: str) -> None:
    """It sees the answers, softmax included."""
    nets = [network(), network()]
    x, t, _ = data()
    losses: list[Loss] = [Own(), pl.MeanSquaredError()]
    results = [
        worker(net, engine, loss=loss).train_step(x, t)[0]
        for net, loss in zip(nets, losses, strict=True)
    ]
    assert results[0] == pytest.approx(results[1], rel=1e-6)
    for a, b in zip(nets[0].params, nets[1].params, strict=True):
        close(a, b)


@every_engine
@every_type
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("loss", [None, "own"])
def test_batches_in_one_call(
    engine: str, dtype: type, weighted: bool, shuffled: bool, loss: str | None
) -> None:
    """Many batches in one call are what one call for each is.

    The last is smaller, and each has its rate.
    """
    one, two = network(dtype), network(dtype)
    x, t, weights = data(50, dtype)
    options = {} if loss is None else {"loss": Own()}
    first, second = worker(one, engine, **options), worker(two, engine, **options)
    rows = np.random.default_rng(4).permutation(50)[:44] if shuffled else None
    count, given = 44 if shuffled else 50, weights if weighted else None
    rates = [0.05 / (step + 1) for step in range(-(-count // 12))]
    losses, y = first.train_steps(x, t, given, rows, 12, rates)
    for index, rate in enumerate(rates):
        second.learning_rate = rate
        places = (np.arange(50) if rows is None else rows)[12 * index : 12 * index + 12]
        single, answers = second.train_step(x, t, given, places)
        assert losses[index] == single
        assert y[12 * index : 12 * index + 12].tobytes() == answers.tobytes()
    assert len(losses) == len(rates)
    assert bits(one) == bits(two)
    assert first.state["step"] == second.state["step"] == len(rates)
    assert first.learning_rate == second.learning_rate


@every_engine
@pytest.mark.parametrize("loss", [None, "own"])
def test_answers_that_nobody_wants(engine: str, loss: str | None) -> None:
    one, two = network(), network()
    x, t, weights = data(50)
    options = {} if loss is None else {"loss": Own()}
    first, second = worker(one, engine, **options), worker(two, engine, **options)
    losses, y = first.train_steps(x, t, weights, None, 12, [0.1] * 5, outputs=False)
    expected, answers = second.train_steps(x, t, weights, None, 12, [0.1] * 5)
    assert losses == expected
    assert bits(one) == bits(two)
    assert y.shape == (0, answers.shape[1])
    assert y.dtype == answers.dtype


@every_engine
@every_type
@pytest.mark.parametrize("loss", [None, "own"])
def test_each_batch_may_have_its_own_l2(engine: str, dtype: type, loss: str | None) -> None:
    one, two = network(dtype), network(dtype)
    x, t, weights = data(50, dtype)
    options = {} if loss is None else {"loss": Own()}
    first = worker(one, engine, optimizer=pl.SGD(0.1, l2=0.01), **options)
    follower = pl.SGD(0.1)
    second = worker(two, "reference", optimizer=follower, **options)
    l2, squares = np.array([0.0, 0.5, 0.1, 0.0, 0.2]), np.full(5, np.nan)
    first.train_steps(x, t, weights, None, 12, [0.1] * 5, Ridge(l2, squares))
    for index in range(5):
        learned = [
            W for place in (0, 4, 8) for W in two.layers[place].params if W.ndim == 2
        ]  # layer 5 is frozen
        assert squares[index] == pytest.approx(
            sum(float((W.astype(np.float64) ** 2).sum()) for W in learned), rel=1e-5
        )
        follower.l2 = 0.01 + l2[index]
        rows = slice(12 * index, 12 * index + 12)
        second.train_step(x[rows], t[rows], weights[rows])
    for a, b in zip(one.params, two.params, strict=True):
        close(a, b)


@every_engine
def test_batches_end_at_a_loss_that_is_not_finite(engine: str) -> None:
    one, two = network(), network()
    x, t, _ = data(50)
    x[25, 1] = np.nan
    first, second = worker(one, engine), worker(two, engine)
    with np.errstate(all="ignore"):
        losses, _ = first.train_steps(x, t, None, None, 10, [0.1, 0.2, 0.3, 0.4, 0.5])
        expected, _ = second.train_steps(x, t, None, np.arange(20), 10, [0.1, 0.2])
    assert losses[:2] == expected
    assert len(losses) == 3
    assert not np.isfinite(losses[2])
    assert bits(one) == bits(two)
    assert first.state["step"] == 2
    assert first.learning_rate == 0.3


@every_engine
@pytest.mark.parametrize("place", ["inputs", "weights"])
def test_a_loss_that_is_not_finite_changes_nothing(engine: str, place: str) -> None:
    net = network()
    x, t, _ = data()
    made = worker(net, engine)
    made.train_step(x, t)
    before, step = bits(net), made.state["step"]
    kept = {name: [array.copy() for array in made.state[name]] for name in ("m", "v", "average")}
    if place == "inputs":
        x[7, 1] = np.nan
    else:
        net.layers[8].W[0, 0] = np.inf  # type: ignore[attr-defined]
        before = bits(net)
    with np.errstate(all="ignore"):
        loss, _ = made.train_step(x, t)
    assert not np.isfinite(loss)
    assert bits(net) == before
    assert made.state["step"] == step
    for name, arrays in kept.items():
        assert all(np.array_equal(a, b) for a, b in zip(arrays, made.state[name], strict=True))


@every_engine
def test_frozen_layers_stay(engine: str) -> None:
    net = network()
    net.freeze(1)
    net.layers[4].inner[2].frozen = True
    before = net.copy()
    x, t, _ = data()
    made = worker(net, engine)
    for _ in range(3):
        made.train_step(x, t)

    def arrays(layer: Layer) -> list[bytes]:
        return [array.tobytes() for array in layer.arrays().values()]

    assert arrays(net.layers[5]) == arrays(before.layers[5])
    assert arrays(net.layers[1]) == arrays(before.layers[1])
    assert arrays(net.layers[4].inner[2]) == arrays(before.layers[4].inner[2])
    assert arrays(net.layers[4].inner[0]) != arrays(before.layers[4].inner[0])
    assert arrays(net.layers[0]) != arrays(before.layers[0])
    assert len(made.state["m"]) == len(net.params) - 6


@every_engine
def test_the_seed_and_the_step_draw_the_dropout(engine: str) -> None:
    x, t, _ = data()

    def losses(seed: int) -> list[float]:
        made = worker(network(), engine, seed=seed, optimizer=pl.SGD(0.0))
        return [made.train_step(x, t)[0] for _ in range(3)]

    assert losses(0) == losses(0)
    assert len({*losses(0), *losses(1)}) == 6


@every_engine
def test_gradients_without_an_optimizer(engine: str) -> None:
    """As L-BFGS and processes that share the work need them."""
    net, twin = network(), network()
    x, t, _ = data()
    alone = make_engine(net.layers, pl.CrossEntropy(), seed=3, engine=engine)
    loss, grads, _ = alone.gradients(x, t)
    expected_loss, expected, _ = worker(twin, engine).gradients(x, t)
    assert loss == expected_loss
    assert all(np.array_equal(a, b) for a, b in zip(grads, expected, strict=True))


@every_engine
def test_there_is_one_copy_of_the_weights(engine: str) -> None:
    net = network()
    x, t, _ = data()
    made = worker(net, engine)
    arrays = [array for layer in net.layers for array in layer.arrays().values()]
    made.train_step(x, t)
    assert all(
        a is b
        for a, b in zip(arrays, (a for la in net.layers for a in la.arrays().values()), strict=True)
    )
    net.layers[8].W = np.zeros((6, 4))
    net.layers[8].b = np.zeros(4)
    assert np.allclose(made.predict(x), 0.25)


@every_engine
def test_a_loss_that_does_not_fit_the_end(engine: str) -> None:
    with pytest.raises(pl.InputError, match="CrossEntropy needs"):
        make_engine([pl.Affine(np.ones((2, 2))), pl.Sigmoid()], pl.CrossEntropy(), engine=engine)
