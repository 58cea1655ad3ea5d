import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pellucid.core.types import Array
from pellucid.data.raster import (
    block_median,
    blur,
    components,
    grow,
    local_median,
    resize,
    shrink,
    thin,
)


def test_shrink_averages_blocks_and_remainders() -> None:
    grid = np.arange(35.0).reshape(5, 7)
    small = shrink(grid, 4)
    assert small.shape == (3, 4)
    assert small[0, 0] == grid[:2, :2].mean()
    assert small[2, 3] == grid[4, 6]
    assert shrink(grid, 7) is grid


def test_blur_is_a_mean_over_squares_twice() -> None:
    grid = np.random.default_rng(0).random((9, 12))

    def slow(values: Array) -> Array:
        padded = np.pad(values, 2, mode="edge")
        return np.array(
            [[padded[i : i + 5, j : j + 5].mean() for j in range(12)] for i in range(9)]
        )

    np.testing.assert_allclose(blur(grid, 2), slow(slow(grid)), rtol=1e-12)
    assert blur(grid, 0) is grid


@pytest.mark.parametrize("size", [(3, 5), (20, 20), (9, 12)])
def test_resize_keeps_flat_grids_flat_and_means(size: tuple[int, int]) -> None:
    np.testing.assert_allclose(resize(np.full((9, 12), 0.7), *size), 0.7)
    assert resize(np.eye(40), 10, 10).mean() == pytest.approx(1 / 40, rel=0.1)


def test_medians_follow_a_slope_up_to_the_edge_and_overlook_a_stroke() -> None:
    slope = np.linspace(0, 3, 12)[:, None] + np.linspace(0, 1, 9)
    np.testing.assert_allclose(local_median(slope, 3), slope)
    np.testing.assert_allclose(block_median(slope, 12), slope)
    assert block_median(np.zeros((100, 61)), 24).shape == (25, 15)
    stroke = slope.copy()
    stroke[:, 4] = -9
    assert np.abs(local_median(stroke, 3) - slope).max() < 0.3


def test_grow_and_thin_are_an_octagon() -> None:
    dot = np.zeros((9, 9))
    dot[4, 4] = 1
    assert grow(dot, 1).sum() == 5
    assert grow(dot, 2).sum() == 21
    np.testing.assert_array_equal(thin(grow(dot, 2), 2), dot)


@given(hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_components_are_those_of_a_flood(mask: Array) -> None:
    labels, expected, count = components(mask), np.zeros(mask.shape, int), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if expected[start]:
            continue
        count += 1
        todo = [start]
        while todo:
            i, j = todo.pop()
            if (
                0 <= i < mask.shape[0]
                and 0 <= j < mask.shape[1]
                and mask[i, j]
                and not expected[i, j]
            ):
                expected[i, j] = count
                todo += [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    np.testing.assert_array_equal(labels, expected)


def test_a_long_snake_is_one_component() -> None:
    mask = np.zeros((101, 101), bool)
    mask[::2] = True
    mask[1::4, -1] = mask[3::4, 0] = True
    assert components(mask).max() == 1
