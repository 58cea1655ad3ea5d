"""Rows and weights, the validation split, and the fingerprint of the data."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid as pl
from pellucid.core import checks
from pellucid.core.types import Array
from pellucid.errors import Message
from pellucid.training.sample_checks import Samples, check_rows, split, with_class_weight


def rows_of(t: Array, weights: Array | None = None) -> Samples:
    return Samples(np.arange(len(t), dtype=float)[:, None], t, weights)


def test_what_fits_is_taken_as_it_is() -> None:
    x, t = np.zeros((4, 3, 3), np.uint8), np.arange(4)
    rows = check_rows(pl.mlp([9, 4], pixels=True).layers, x, t)
    assert rows.x is x
    assert rows.t is t
    assert rows.sample_weight is None
    x_list: list[list[float]] = [[0.5, 1], [1, 2]]
    lists = check_rows(pl.mlp([2, 2]).layers, x_list, [0, 1], [1, 2])
    assert lists.x.shape == (2, 2)
    assert lists.sample_weight is not None
    assert lists.sample_weight.dtype == np.float64


@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 2, 2)])
def test_rows_that_are_not_finite_are_counted(shape: tuple[int, ...]) -> None:
    array = np.zeros(shape)
    checks.check_finite(array, Message("inputs"))
    array[3:] = np.nan
    with pytest.raises(
        pl.InputError, match=r"inputs: row 3 holds NaN or infinity \(2 such rows in all\)"
    ):
        checks.check_finite(array, Message("inputs"))


def test_balanced_classes_have_equal_totals() -> None:
    t = np.array([0] * 6 + [2] * 3 + [5])
    weights = with_class_weight(rows_of(t), "balanced").sample_weight
    assert weights is not None
    assert [weights[t == k].sum() for k in (0, 2, 5)] == pytest.approx([10 / 3] * 3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2, 3], [1, 2, 3, 3]),
        ({1: 5}, [1, 5, 1, 1]),
        ({np.int64(2): 0}, [1, 1, 0, 0]),
        ([1, 2, 3, 4], [1, 2, 3, 3]),
    ],
)
@pytest.mark.parametrize("one_hot", [False, True])
def test_weights_by_class(given: Any, expected: list[float], one_hot: bool) -> None:
    t = np.array([0, 1, 2, 2])
    rows = rows_of(np.eye(3)[t] if one_hot else t, np.array([1.0, 2, 3, 4]))
    weights = with_class_weight(rows, given).sample_weight
    assert weights is not None
    assert weights.tolist() == [w * row for w, row in zip(expected, (1, 2, 3, 4), strict=True)]


def test_no_class_weight_leaves_the_rows() -> None:
    rows = rows_of(np.arange(3))
    assert with_class_weight(rows, None) is rows
    with pytest.raises(pl.InputError, match="2 class weights for classes -1 to 0"):
        with_class_weight(rows_of(np.array([-1, 0])), [1, 2])


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 1000),
)
def test_every_class_gives_its_share(counts: list[int], share: float, seed: int) -> None:
    t = np.repeat(np.arange(len(counts)), counts)
    N = len(t)
    t = t[np.random.default_rng(seed).permutation(N)]
    if not 0 < round(N * share) < N:
        return
    kept, chosen = split(rows_of(t), share, seed, stratified=True)
    assert len(chosen.x) == round(N * share)
    for k, count in enumerate(counts):
        assert abs((chosen.t == k).sum() - share * count) <= 1
    numbers = np.concatenate([kept.x[:, 0], chosen.x[:, 0]])
    assert sorted(numbers) == list(range(N))
    assert (np.diff(kept.x[:, 0]) > 0).all()  # each part in its old order
    assert (np.diff(chosen.x[:, 0]) > 0).all()
    assert np.array_equal(t[chosen.x[:, 0].astype(int)], chosen.t)


def test_a_split_depends_on_the_seed_alone() -> None:
    rows = rows_of(np.arange(100) % 3, np.arange(100) + 1.0)
    one, two, other = (split(rows, 0.3, seed, stratified=False)[1] for seed in (0, 0, 1))
    assert np.array_equal(one.x, two.x)
    assert not np.array_equal(one.x, other.x)
    assert one.sample_weight is not None
    assert np.array_equal(one.sample_weight, one.x[:, 0] + 1)
    assert split(rows_of(np.arange(10)), 0.3, 0, stratified=False)[1].x[:, 0].tolist() == [1, 2, 7]
