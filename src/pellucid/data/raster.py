"""Operations on grids of numbers for `images`: shrink, blur, resize, grow, connected components.

A grid is an array (H, W) of float64. NumPy only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grid = NDArray[np.float64]
    Mask = NDArray[np.bool_]


def shrink(grid: Grid, most: int) -> Grid:
    """Average whole blocks, so that neither side is longer than `most`; smaller grids stay.

    >>> shrink(np.array([[0.0, 2.0, 4.0, 4.0]]), 2)
    array([[1., 4.]])
    """
    step = -(-max(grid.shape) // most)
    if step == 1:
        return grid
    height, width = grid.shape
    rows = np.add.reduceat(grid, np.arange(0, height, step), axis=0)
    sums = np.add.reduceat(rows, np.arange(0, width, step), axis=1)
    # The last block of a side may be smaller than the others.
    high, wide = (np.minimum(step, side - np.arange(0, side, step)) for side in grid.shape)
    return sums / (high[:, None] * wide)


def blur(grid: Grid, radius: int) -> Grid:
    """Average over squares of 2 `radius` + 1, twice (nearly a Gaussian); the edge is repeated.

    Sums of a window are differences of running sums, so the cost does not depend on the radius
    (Crow, "Summed-area tables for texture mapping", SIGGRAPH 1984).
    """
    if radius < 1:
        return grid
    for axis in (0, 1, 0, 1):
        grid = _box(grid, radius, axis)
    return grid


def _box(grid: Grid, radius: int, axis: int) -> Grid:
    padding = [(0, 0), (0, 0)]
    padding[axis] = (radius + 1, radius)
    sums = np.pad(grid, padding, mode="edge").cumsum(axis)
    window = 2 * radius + 1
    later = np.take(sums, np.arange(window, sums.shape[axis]), axis)
    earlier = np.take(sums, np.arange(sums.shape[axis] - window), axis)
    return (later - earlier) / window


def resize(grid: Grid, height: int, width: int) -> Grid:
    """Resize to (height, width) with a triangle filter, widened when shrinking so that no cell is
    skipped.
    """
    return _weights(grid.shape[0], height) @ grid @ _weights(grid.shape[1], width).T


def _weights(old: int, new: int) -> Grid:
    """Return (new, old) weights, every row of which adds up to 1."""
    scale = old / new
    places = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(places[:, None] - np.arange(old)) / max(1.0, scale)
    weights = np.maximum(0.0, 1.0 - distance)
    return weights / weights.sum(1, keepdims=True)


def block_median(grid: Grid, blocks: int) -> Grid:
    """Compute the median of square blocks, about `blocks` of them along the longer side.

    The grid is resized first so that whole blocks fill it.
    """
    step = max(1, max(grid.shape) // blocks)
    height, width = (max(1, round(side / step)) for side in grid.shape)
    even = resize(grid, height * step, width * step)
    return np.median(even.reshape(height, step, width, step), axis=(1, 3))


def local_median(grid: Grid, radius: int) -> Grid:
    """Compute the median over squares of 2 `radius` + 1; slopes continue beyond the edge.

    For small grids only: it takes (2 `radius` + 1)^2 times their memory.
    """
    padded = np.pad(grid, radius, mode="reflect", reflect_type="odd")
    window = 2 * radius + 1, 2 * radius + 1
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, window), axis=(2, 3))


def grow(grid: Grid, steps: int) -> Grid:
    """Compute the greatest value within `steps` cells of each cell (dilation).

    Crosses and squares alternate, which makes an octagon: the nearest to a round pen among cheap
    steps.
    """
    for step in range(steps):
        padded = np.pad(grid, 1, mode="edge")
        rows = np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1])
        if step % 2:
            wide = np.maximum(np.maximum(padded[:, :-2], padded[:, 2:]), padded[:, 1:-1])
            grid = np.maximum(np.maximum(wide[:-2], wide[2:]), wide[1:-1])
        else:
            columns = np.maximum(padded[1:-1, :-2], padded[1:-1, 2:])
            grid = np.maximum(np.maximum(grid, rows), columns)
    return grid


def thin(grid: Grid, steps: int) -> Grid:
    """Compute the smallest value within `steps` cells of each cell (erosion)."""
    return -grow(-grid, steps)


def components(mask: Mask) -> NDArray[np.intp]:
    """Number the connected components, corners included: 0 outside, 1, 2, ... in reading order.

    Every cell points to a neighbour of a smaller number until each component points to its first
    cell (hooking and pointer jumping: Shiloach and Vishkin, "An O(log n) parallel connectivity
    algorithm", 1982).

    >>> components(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 0]], bool))
    array([[1, 0, 1],
           [0, 1, 0],
           [0, 0, 0],
           [2, 0, 0]])
    """
    # An empty rim on the left, the right and below saves the neighbours every check of bounds.
    number = np.zeros((mask.shape[0] + 1, mask.shape[1] + 2), np.intp)
    number[:-1, 1:-1][mask] = np.arange(1, mask.sum() + 1)
    here = number[:-1, 1:-1]
    first, second = [], []
    for other in (number[:-1, 2:], number[1:, :-2], number[1:, 1:-1], number[1:, 2:]):
        both = (here > 0) & (other > 0)
        first.append(here[both])
        second.append(other[both])
    a, b = np.concatenate(first), np.concatenate(second)
    parent = np.arange(mask.sum() + 1)
    while len(a):
        low, high = np.minimum(parent[a], parent[b]), np.maximum(parent[a], parent[b])
        np.minimum.at(parent, high, low)
        while not np.array_equal(parent, jumped := parent[parent]):
            parent = jumped
        apart = parent[a] != parent[b]
        a, b = a[apart], b[apart]
    _, named = np.unique(parent, return_inverse=True)
    return named.reshape(parent.shape)[here]
