"""SplitMix64 against its paper's algorithm in plain Python, and numbers frozen for good.

Masks rest on them.
"""

from typing import Any

import numpy as np
import pytest

from pellucid.core import splitmix
from tests.core.tools import key_by_hand, splitmix64


def places(*numbers: Any) -> Any:
    return np.array(numbers, np.uint64)


@pytest.mark.parametrize("stream", [0, 1, 42, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15])
def test_bits_are_the_published_generators(stream: int) -> None:
    state, expected = stream, []
    for _ in range(50):
        state, output = splitmix64(state)
        expected.append(output)
    assert splitmix.bits(stream, np.arange(50, dtype=np.uint64)).tolist() == expected


def test_known_answers() -> None:
    """The first outputs for the seed 1234567, as Rosetta Code and the authors' C program print
    them.
    """
    assert splitmix.bits(1234567, np.arange(5, dtype=np.uint64)).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_number_depends_on_its_own_place_only() -> None:
    whole = splitmix.bits(7, np.arange(100, dtype=np.uint64))
    assert splitmix.bits(7, places(99, 3, 50)).tolist() == whole[[99, 3, 50]].tolist()
    assert (
        splitmix.bits(7, np.arange(100, dtype=np.uint64).reshape(4, 25)).tolist()
        == whole.reshape(4, 25).tolist()
    )
    far = splitmix.bits(7, places(2**40, 2**64 - 1))
    assert far.tolist() == [
        splitmix64((7 + n * 0x9E3779B97F4A7C15) % 2**64)[1] for n in (2**40, 2**64 - 1)
    ]


@pytest.mark.parametrize(
    "numbers", [(), (0,), (1,), (0, 0), (3, 7, 2), (7, 3, 2), (2**64 - 1, 5), (-1,), (2**80 + 3, 1)]
)
def test_keys_are_mixed_as_the_generator_mixes(numbers: tuple[int, ...]) -> None:
    assert splitmix.key(*numbers) == key_by_hand(*numbers)
    assert 0 <= splitmix.key(*numbers) < 2**64


def test_keys_differ_by_numbers_and_order() -> None:
    keys = [splitmix.key(a, b, c) for a in range(10) for b in range(10) for c in range(10)]
    assert len(set(keys)) == 1000
    assert splitmix.key(5) != splitmix.key(5, 0)


def test_frozen_keys() -> None:
    """As they were in the first release: a saved seed must give the same draws for ever."""
    assert splitmix.key(0) == 16294208416658607535
    assert splitmix.key(0, 0) == key_by_hand(0, 0)
    assert splitmix.key(42, 3, 1) == 17566964923686834219


def test_uniform_has_its_range_and_mean() -> None:
    numbers = splitmix.uniform(splitmix.key(5), np.arange(200_000, dtype=np.uint64))
    assert numbers.dtype == np.float64
    assert 0 <= numbers.min() < 1e-4 and 1 - 1e-4 < numbers.max() < 1
    # deviation of the mean: 1 / sqrt(12 N) = 0.00065
    assert abs(numbers.mean() - 0.5) < 0.003
    assert abs(numbers.var() - 1 / 12) < 0.001
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.01
    # the top 53 bits, exactly
    drawn = splitmix.bits(9, np.arange(20, dtype=np.uint64))
    assert splitmix.uniform(9, np.arange(20, dtype=np.uint64)).tolist() == [
        int(b) // 2**11 / 2**53 for b in drawn
    ]


@pytest.mark.parametrize("N", [0, 1, 2, 10, 1000])
def test_a_permutation_holds_every_number_once(N: int) -> None:
    order = splitmix.permutation(splitmix.key(3), N)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(N))


def test_a_permutation_sorts_the_keys_by_hand() -> None:
    state, keys = 12, []
    for _ in range(30):
        state, output = splitmix64(state)
        keys.append(output)
    assert splitmix.permutation(12, 30).tolist() == sorted(range(30), key=keys.__getitem__)


def test_permutations_differ_by_stream_and_move_everything_evenly() -> None:
    orders = np.array([splitmix.permutation(splitmix.key(seed), 6) for seed in range(3000)])
    for place in range(6):
        shares = np.bincount(orders[:, place], minlength=6) / 3000
        assert np.abs(shares - 1 / 6).max() < 0.03


def test_frozen_permutation() -> None:
    assert splitmix.permutation(splitmix.key(0), 10).tolist() == [5, 7, 8, 2, 9, 0, 3, 1, 6, 4]


@pytest.mark.parametrize("N", [5, 1000, 60_000])
def test_a_permutation_is_the_order_of_its_numbers(N: int) -> None:
    """As in the first release, which sorted whole numbers.

    A saved seed must give the same draws for ever.
    """
    stream = splitmix.key(7, 1)
    assert (
        splitmix.permutation(stream, N)
        == np.argsort(splitmix.bits(stream, np.arange(N, dtype=np.uint64)))
    ).all()
