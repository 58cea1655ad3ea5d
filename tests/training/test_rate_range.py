"""The learning-rate range test: a copy is trained at rising rates, and a good one is suggested."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.training import rate_range

Data = tuple[Array, Array]


@pytest.fixture
def data() -> Data:
    x, t = pl.spirals(n=300, seed=0)
    return x, t


def network() -> pl.Network:
    return pl.mlp([2, 32, 32, 2], output="softmax", seed=0)


def test_the_losses_are_those_of_steps_at_rising_rates(data: Data) -> None:
    """Held against `train` itself, one step of SGD at a time."""
    x, t = data
    found = pl.learning_rate_range(
        network(), x, t, low=1e-3, high=0.1, steps=24, batch_size=300, optimizer=pl.SGD(9.0)
    )
    np.testing.assert_allclose(found.rates, np.geomspace(1e-3, 0.1, 24))
    net = network()
    for rate, loss in zip(found.rates, found.losses, strict=True):
        history = pl.train(net, x, t, optimizer=pl.SGD(float(rate)), epochs=1, batch_size=300)
        assert history["loss"][0] == pytest.approx(loss, rel=1e-4)


def test_the_network_stays_as_it_is_and_the_seed_decides(data: Data) -> None:
    net = network()
    before = [array.copy() for array in net.params]
    first, same, other = (pl.learning_rate_range(net, *data, seed=seed) for seed in (1, 1, 2))
    for array, old in zip(net.params, before, strict=True):
        np.testing.assert_array_equal(array, old)
    np.testing.assert_array_equal(first.losses, same.losses)
    assert not np.array_equal(first.losses[:50], other.losses[:50])


def test_the_suggested_rate_trains_better_than_far_ones(data: Data) -> None:
    rate = pl.learning_rate_range(network(), *data).suggestion
    assert rate is not None

    def loss(rate: float) -> float:
        try:
            history = pl.train(network(), *data, optimizer=pl.Adam(rate), epochs=10)
        except pl.DivergenceError:
            return np.inf
        return history["loss"][-1]

    assert loss(rate) < min(loss(rate / 100), loss(rate * 100))


def test_it_ends_where_training_fails(data: Data) -> None:
    found = pl.learning_rate_range(network(), *data, optimizer=pl.SGD(0.1), high=1e8, steps=400)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 400
    assert np.isfinite(found.losses).all()
    assert found.lowest < found.rates[-1]
    assert str(found).startswith(f"try a learning rate of {found.suggestion:.2g}")


def test_smoothing_moves_the_curve_neither_way() -> None:
    rates = np.geomspace(1e-6, 1, 301)
    falling = -np.log10(rates)
    smoothed = rate_range._smoothed(rates, falling)
    np.testing.assert_allclose(smoothed[20:-20], falling[20:-20])


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    losses = np.linspace(1, 2, 50)
    rates = np.geomspace(1e-3, 1, 50)
    found = pl.LearningRateRange(rates, losses, rate_range._smoothed(rates, losses))
    assert (found.steepest, found.suggestion) == (None, None)
    assert str(found) == "the loss fell at no learning rate from 0.001 to 1"


def test_a_table_is_read_as_the_network_knows_it() -> None:
    generator = np.random.default_rng(0)
    size = generator.uniform(0, 100, 400)
    table = {"size": size, "city": ["Seoul", "Busan"] * 200, "price": 5e5 * size + 1e6}
    net = pl.table_mlp(pl.Columns.of(table, target="price"))
    found = pl.learning_rate_range(net, table)
    # Standardized targets, as in `train_table`: not the square of a million
    assert found.losses[0] < 10
    assert found.suggestion is not None


def test_impossible_settings_are_refused(data: Data) -> None:
    with pytest.raises(InputError, match=r"expected low below high and at least 20 steps, got low"):
        pl.learning_rate_range(network(), *data, low=1, high=0.1)
    with pytest.raises(InputError, match="steps=3"):
        pl.learning_rate_range(network(), *data, steps=3)
    with pytest.raises(InputError, match="expected a network"):
        pl.learning_rate_range(3, *data)  # type: ignore[arg-type]
