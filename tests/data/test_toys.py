from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pellucid.data import circles, moons, spirals, xor
from pellucid.errors import InputError

TOYS = [xor, moons, circles, spirals]


@pytest.mark.parametrize("toy", TOYS)
def test_shapes_types_and_balance(toy: Callable[..., Any]) -> None:
    x, t = toy(101)
    assert (x.shape, x.dtype, t.shape, t.dtype) == ((101, 2), np.float32, (101,), np.int64)
    assert set(t.tolist()) == {0, 1}
    assert abs(int(np.sum(t == 0)) - 50) <= 1
    assert np.abs(np.diff(t)).sum() > 20  # not sorted by class


@pytest.mark.parametrize("toy", TOYS)
def test_the_seed_decides(toy: Callable[..., Any]) -> None:
    first, again, other = toy(50, seed=1), toy(50, seed=1), toy(50, seed=2)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_without_noise_points_lie_where_the_formulas_say() -> None:
    x, t = xor(40, noise=0)
    np.testing.assert_array_equal(x[:, 0] != x[:, 1], t == 1)
    x, t = circles(40, noise=0)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(t == 0, 1, 0.5), atol=1e-6)
    x, t = moons(40, noise=0)
    upper, lower = x[t == 0], x[t == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=1e-6)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, atol=1e-6)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    x, t = spirals(400, noise=0)
    radius = np.hypot(*x.T)
    turned = np.where(t == 0, 1, -1)[:, None] * np.stack(
        [np.cos(3 * np.pi * radius), np.sin(3 * np.pi * radius)], 1
    )
    np.testing.assert_allclose(x, radius[:, None] * turned, atol=1e-5)
    assert 0.9 < radius.max() <= 1


@pytest.mark.parametrize("toy", TOYS)
def test_noise_is_a_standard_deviation(toy: Callable[..., Any]) -> None:
    calm, shaken = toy(4000, noise=0)[0], toy(4000, noise=0.3)[0]
    assert np.std(shaken - calm) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize(
    "options", [{"n": 1}, {"n": 2.5}, {"noise": -1}, {"noise": float("nan")}, {"noise": np.inf}]
)
def test_impossible_wishes(toy: Callable[..., Any], options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        toy(**options)


def test_xor_needs_its_four_corners() -> None:
    with pytest.raises(InputError, match="at least 4 points, got 3"):
        xor(3)
