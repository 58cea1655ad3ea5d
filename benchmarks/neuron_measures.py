"""Compute the measures of `benchmarks/neurons.py`.

They are properties of images, how much of a neuron these explain, and properties of its weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pellucid.core import splitmix
from pellucid.core.types import Array

LEVEL = 128  # of 255: ink and paper, where a property needs the one or the other
GABOR_WAVES, GABOR_WIDTHS, GABOR_TURNS = (4, 6, 9, 14), (2.0, 3.0, 4.5), 8


# What a picture shows


def position(pictures: Array, cells: int = 7) -> Array:
    """Compute the mean ink in each of cells x cells squares, (N, cells^2)."""
    N, side = len(pictures), 28 // cells
    return pictures.reshape(N, cells, side, cells, side).mean(axis=(2, 4)).reshape(N, -1) / 255


def orientation_energy(pictures: Array, cells: int = 4) -> Array:
    """Compute edges by direction and place: (N, 4 cells^2).

    The gradients of the image (central differences) are sorted by the direction of the stroke's
    edge: horizontal, rising, vertical, falling (45 degrees each). Their lengths are summed in each
    of cells x cells squares.
    """
    framed = np.pad(pictures.astype(np.float32) / 255, ((0, 0), (1, 1), (1, 1)))
    right = (framed[:, 1:-1, 2:] - framed[:, 1:-1, :-2]) / 2
    down = (framed[:, 2:, 1:-1] - framed[:, :-2, 1:-1]) / 2
    size = np.hypot(right, down)
    # An edge lies across the slope; pictures count downwards, so the angle is turned to count
    # upwards.
    angle = np.degrees(np.arctan2(-down, right)) + 90
    kind = (np.round(angle / 45) % 4).astype(int)
    N, side = len(pictures), 28 // cells
    found = [
        np.where(kind == k, size, 0)
        .reshape(N, cells, side, cells, side)
        .sum(axis=(2, 4))
        .reshape(N, -1)
        for k in range(4)
    ]
    return np.concatenate(found, axis=1)


def euler_number(pictures: Array) -> Array:
    """Compute the pieces of ink less the holes in them, (N,), from 2 x 2 patterns.

    Gray 1971; pieces touch at corners.
    """
    ink = np.pad(pictures >= LEVEL, ((0, 0), (1, 1), (1, 1))).astype(int)
    quads = [ink[:, :-1, :-1], ink[:, :-1, 1:], ink[:, 1:, :-1], ink[:, 1:, 1:]]
    count = np.sum(quads, axis=0)
    diagonal = (count == 2) & (quads[0] == quads[3])
    ones, threes = ((count == k).sum(axis=(1, 2)) for k in (1, 3))
    return (ones - threes - 2 * diagonal.sum(axis=(1, 2))) / 4


def strokes(pictures: Array) -> dict[str, Array]:
    """Compute simple properties of the whole digit, each (N,)."""
    x = pictures.astype(np.float64) / 255
    ink = x.sum(axis=(1, 2))
    rows, columns = np.arange(28)[:, None], np.arange(28)[None]
    y0, x0 = ((x * axis).sum(axis=(1, 2)) / ink for axis in (rows, columns))
    dy, dx = rows - y0[:, None, None], columns - x0[:, None, None]
    black = pictures >= LEVEL
    height, width = black.any(axis=2).sum(axis=1), black.any(axis=1).sum(axis=1)
    directions = orientation_energy(pictures, 1)
    lying, rising, standing, falling = directions.T
    return {
        "ink": ink,
        "centre, down": y0,
        "centre, right": x0,
        "height": height,
        "width": width,
        "slant": (x * dx * dy).sum(axis=(1, 2)) / (x * dy * dy).sum(axis=(1, 2)),
        "pieces less holes": euler_number(pictures),
        "thickness": 2 * ink / directions.sum(axis=1),
        "lying edges": lying,
        "rising edges": rising,
        "standing edges": standing,
        "falling edges": falling,
    }


# How much of a neuron it explains


def explained(features: Array, values: Array) -> Array:
    """Compute the share of variance of values, (N, H), that a linear fit of features explains.

    Features are (N, P), the result is (H,). The fit is made on every other row and measured on the
    rest, both ways round: 1 - the mean of the two squared errors over the variance. It is below 0
    where a fit is worse than the mean.
    """
    left = np.zeros(values.shape[1])
    for part in (0, 1):
        fit, test = slice(part, None, 2), slice(1 - part, None, 2)
        mean, spread = features[fit].mean(axis=0), features[fit].std(axis=0) + 1e-12
        design = np.hstack([np.ones((len(features[fit]), 1)), (features[fit] - mean) / spread])
        weights, *_ = np.linalg.lstsq(design, values[fit], rcond=None)
        told = (
            np.hstack([np.ones((len(features[test]), 1)), (features[test] - mean) / spread])
            @ weights
        )
        left += ((values[test] - told) ** 2).sum(axis=0)
    return 1 - left / ((values - values.mean(axis=0)) ** 2).sum(axis=0)


def eta_squared(labels: Array, values: Array) -> Array:
    """Compute the share of variance of each column of values, (N, H), between classes: (H,).

    Pearson 1905.
    """
    one_hot = np.eye(labels.max() + 1)[labels]
    counts = one_hot.sum(axis=0)
    means = one_hot.T @ values / counts[:, None]
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    return (counts[:, None] * (means - values.mean(axis=0)) ** 2).sum(axis=0) / total


def area(values: Array, positive: Array) -> Array:
    """Compute the area under the ROC curve of each column of values, (N, H).

    The area is the chance that a positive row is above another.
    """
    order = np.argsort(values, axis=0, kind="stable")
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.arange(1.0, len(values) + 1)[:, None], axis=0)
    count = int(positive.sum())
    return (ranks[positive].sum(axis=0) - count * (count + 1) / 2) / (count * (len(values) - count))


def single_digits(labels: Array, values: Array) -> dict[str, Array]:
    """Find for each neuron the digit that it separates best from all others.

    Return its share of variance, the digit, and its area under the ROC curve, either way round.
    """
    shares = np.array([eta_squared((labels == k).astype(int), values) for k in range(10)])
    areas = np.array([area(values, labels == k) for k in range(10)])
    best = np.maximum(areas, 1 - areas).max(axis=0)
    return {"share": shares.max(axis=0), "digit": shares.argmax(axis=0), "area": best}


def two_groups(labels: Array, values: Array) -> tuple[Array, Array]:
    """Divide the ten digits into the two groups that explain each neuron best.

    Return the share of variance and the size of the smaller group. The best groups are the k digits
    with the highest mean activation and the others, for some k (Fisher 1958).
    """
    means = np.array([values[labels == k].mean(axis=0) for k in range(10)])
    ranks = np.argsort(np.argsort(-means, axis=0), axis=0)  # (10, H): 0 for the brightest digit
    shares = np.empty((9, values.shape[1]))
    for k in range(1, 10):
        for h in range(values.shape[1]):
            shares[k - 1, h] = eta_squared((ranks[labels, h] < k).astype(int), values[:, [h]])[0]
    sizes = shares.argmax(axis=0) + 1
    return shares.max(axis=0), np.minimum(sizes, 10 - sizes)


def less_class_means(labels: Array, values: Array) -> Array:
    """Subtract each class's mean from its rows, which leaves how rows of one digit differ."""
    one_hot = np.eye(labels.max() + 1)[labels]
    return values - one_hot @ (one_hot.T @ values / one_hot.sum(axis=0)[:, None])


def readable(values: Array, labels: Array, test: Array, test_labels: Array) -> float:
    """Compute the accuracy of a linear least-squares fit of ten outputs to neurons (or pixels)."""
    fit, look = (np.hstack([np.ones((len(x), 1)), x]) for x in (values, test))
    weights, *_ = np.linalg.lstsq(fit, np.eye(10)[labels], rcond=1e-9)
    return float(((look @ weights).argmax(axis=1) == test_labels).mean())


def group_readers(x: Array, labels: Array, count: int, decay: float = 50.0) -> Array:
    """Fit linear functions that separate a group of digits from the others, by ridge regression.

    Return their weights, (784, count). The groups, of 2 to 5 digits, are drawn at random: a control
    for what any neuron looks like that separates digits.
    """
    groups = [splitmix.permutation(splitmix.key(0, k), 10)[: 2 + k % 4] for k in range(count)]
    wanted = np.array([np.isin(labels, group) for group in groups]).T.astype(float)
    x, wanted = x - x.mean(axis=0), wanted - wanted.mean(axis=0)
    return np.linalg.solve(x.T @ x + decay * np.eye(x.shape[1]), x.T @ wanted)


# What the first layer's weights look like


def gabors() -> Iterator[tuple[Array, Array]]:
    """Yield Gabor filters by the hundred: (even, odd), both (G, 784), orthonormal pairs.

    A Gabor filter is an edge or bar of one direction in one place: a wave under a Gaussian bell,
    which is what the first cells of the visual cortex respond to (Jones and Palmer 1987). There are
    8 directions, 4 wave lengths, 3 widths, and every second pixel is a centre; even and odd are its
    two phases, of which any other is a sum.
    """
    y, x = np.mgrid[0:28, 0:28].reshape(2, -1)
    centres = np.mgrid[2:27:2, 2:27:2].reshape(2, -1)
    dy, dx = y[None] - centres[0][:, None], x[None] - centres[1][:, None]
    for turn in np.pi * np.arange(GABOR_TURNS) / GABOR_TURNS:
        across = np.cos(turn) * dx + np.sin(turn) * dy
        for wave in GABOR_WAVES:
            for width in GABOR_WIDTHS:
                bell = np.exp(-(dx * dx + dy * dy) / (2 * width * width))
                even, odd = (bell * f(2 * np.pi * across / wave) for f in (np.cos, np.sin))
                even /= np.linalg.norm(even, axis=1, keepdims=True)
                odd -= even * (odd * even).sum(axis=1, keepdims=True)
                yield even, odd / np.linalg.norm(odd, axis=1, keepdims=True)


def gabor_pursuit(W: Array, most: int = 24) -> Array:
    """Compute the share of each neuron's weights that its best Gabor filters explain.

    Weights are (784, H); the result is (most, H), for the best 1, 2, ..., `most` filters. Matching
    pursuit (Mallat and Zhang 1993): the filter that explains most is subtracted, then the next, and
    so on. The share is that of the sum of squares.
    """
    left, total = W.astype(np.float64).copy(), (W.astype(np.float64) ** 2).sum(axis=0)
    shares = []
    for _ in range(most):
        best, taken = np.zeros(W.shape[1]), np.zeros_like(left)
        for even, odd in gabors():
            a, b = even @ left, odd @ left
            gain = a * a + b * b
            at = gain.argmax(axis=0)
            won = np.take_along_axis(gain, at[None], axis=0)[0]
            for h in np.flatnonzero(won > best):
                best[h], taken[:, h] = won[h], a[at[h], h] * even[at[h]] + b[at[h], h] * odd[at[h]]
        left -= taken
        shares.append(1 - (left * left).sum(axis=0) / total)
    return np.array(shares)


def bells() -> Iterator[tuple[Array, Array]]:
    """Yield Gaussian bells of the filters' places and widths, and wider, without a wave.

    They respond to ink in one place, in no direction.
    """
    y, x = np.mgrid[0:28, 0:28].reshape(2, -1)
    centres = np.mgrid[2:27:2, 2:27:2].reshape(2, -1)
    squares = (y[None] - centres[0][:, None]) ** 2 + (x[None] - centres[1][:, None]) ** 2
    for width in (*GABOR_WIDTHS, 6.0, 8.0):
        yield np.exp(-squares / (2 * width * width)), np.zeros(squares.shape)


def filter_answers(filters: Iterator[tuple[Array, Array]], x: Array, z: Array) -> Array:
    """Compute the share of variance of each neuron's z, (N, H), that the best filter explains.

    The result, (H,), is how well a neuron would do over the images x, (N, 784), that had this one
    filter for its weights, in its best phase.
    """
    x, z = (
        a.astype(np.float32) - a.mean(axis=0, dtype=np.float64).astype(np.float32) for a in (x, z)
    )
    z /= np.linalg.norm(z, axis=0)
    best = np.zeros(z.shape[1])
    for even, odd in filters:
        a, b = (x @ phase.T.astype(np.float32) for phase in (even, odd))
        a /= np.linalg.norm(a, axis=0) + 1e-12
        b -= a * (a * b).sum(axis=0)
        b /= np.linalg.norm(b, axis=0) + 1e-12
        best = np.maximum(best, ((a.T @ z) ** 2 + (b.T @ z) ** 2).max(axis=0))
    return best


def best_window(W: Array, side: int = 9) -> Array:
    """Compute the share of squared weights in the best square of side x side pixels.

    Weights are (784, H), the result is (H,).
    """
    squares = (W * W).T.reshape(-1, 28, 28)
    sums = np.pad(squares, ((0, 0), (1, 0), (1, 0))).cumsum(axis=1).cumsum(axis=2)
    inside = (
        sums[:, side:, side:]
        - sums[:, :-side, side:]
        - sums[:, side:, :-side]
        + sums[:, :-side, :-side]
    )
    return inside.max(axis=(1, 2)) / squares.sum(axis=(1, 2))
