"""Robustness: the changes of the images, level by level, and the counts."""

import json
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid import engines
from pellucid.core.metrics import wilson
from pellucid.core.types import Array
from pellucid.lens import robustness as room
from pellucid.lens.robustness import CHANGES, changed_images

SHAPE = (6, 9)


@pytest.fixture
def pictures(generator: np.random.Generator) -> Array:
    return generator.random((50, *SHAPE)).astype(np.float32)


def brightest_half() -> pl.Network:
    """Class 1 where the right half is brighter than the left; it takes bytes of 6 x 9."""
    side = np.where(np.arange(9) < 4, -1.0, np.where(np.arange(9) > 4, 1.0, 0.0))
    w = np.tile(side, 6)[:, None] / 24
    return pl.Network(
        [
            pl.Flatten(),
            pl.Scale(1 / 255),
            pl.Affine(np.hstack([-w, w]).astype(np.float32)),
            pl.Softmax(),
        ],
        inputs=pl.Images(SHAPE),
    )


def halves(N: int, generator: np.random.Generator) -> tuple[Array, Array]:
    t = generator.integers(0, 2, N)
    x = np.zeros((N, *SHAPE), np.uint8)
    for i, k in enumerate(t):
        x[i, :, 5 * k : 5 * k + 4] = 40
    return x, t


def test_brightness_is_a_factor(pictures: Array) -> None:
    np.testing.assert_array_equal(
        changed_images(pictures, "brightness", 0.5, SHAPE), pictures * np.float32(0.5)
    )


@pytest.mark.parametrize("level", [1, 2])
def test_a_shift_is_by_so_many_pixels_both_ways(pictures: Array, level: int) -> None:
    moved = changed_images(pictures, "shift", level, SHAPE)
    ways = set()
    for before, after in zip(pictures, moved, strict=True):
        framed = np.pad(before, level)
        for y in (0, 2 * level):
            for x in (0, 2 * level):
                if np.allclose(framed[y : y + 6, x : x + 9], after, atol=1e-6):
                    ways.add((y, x))
                    break
    assert len(ways) == 4  # in all four directions, and never by less
    assert len({tuple(row) for row in moved.reshape(50, -1)}) == 50


def test_a_rotation_is_by_so_many_degrees_either_way(generator: np.random.Generator) -> None:
    square = generator.random((40, 7, 7)).astype(np.float32)
    turned = changed_images(square, "rotation", 90, (7, 7))
    ways = [
        next(k for k in (1, 3) if np.allclose(np.rot90(before, k), after, atol=1e-4))
        for before, after in zip(square, turned, strict=True)
    ]
    assert 5 < ways.count(1) < 35


def test_noise_has_its_deviation(generator: np.random.Generator) -> None:
    grey = np.full((400, *SHAPE), 0.5, np.float32)
    noise = changed_images(grey, "noise", 0.2, SHAPE, span=10) - grey
    assert noise.std() == pytest.approx(2, rel=0.02)
    assert abs(noise.mean()) < 0.05


@pytest.mark.parametrize("change", ["shift", "rotation", "noise"])
def test_draws_depend_on_the_seed_and_the_row_alone(pictures: Array, change: str) -> None:
    whole = changed_images(pictures, change, 1, SHAPE)
    parts = [
        changed_images(pictures[i : i + 7], change, 1, SHAPE, first=i) for i in range(0, 50, 7)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (changed_images(pictures, change, 1, SHAPE, seed=1) != whole).any()
    np.testing.assert_array_equal(changed_images(pictures, change, 0, SHAPE), pictures)


@pytest.mark.parametrize("change", CHANGES)
def test_unchanged_images_have_the_usual_accuracy(
    change: str, generator: np.random.Generator
) -> None:
    net = brightest_half()
    x, t = halves(100, generator)
    t[:30] = 1 - t[:30]
    found = pl.robustness(net, x, t, change)
    assert found.accuracy[0] == 0.7 == pl.evaluate(net, x, t).accuracy
    assert found.levels.tolist() == list(CHANGES[change][1])
    assert found.intervals[0].tolist() == list(wilson(70, 100))
    assert (found.rows, found.change) == (100, change)
    assert len(str(found).splitlines()) == 2 + len(found.levels)
    json.dumps(found.to_dict())


def test_accuracy_falls_as_it_must(generator: np.random.Generator) -> None:
    """Half turns swap the halves; shifts out of the image leave black.

    Noise leaves something between.
    """
    net = brightest_half()
    x, t = halves(300, generator)
    assert pl.robustness(net, x, t, "rotation", [0, 180]).accuracy.tolist() == [1, 0]
    assert pl.robustness(net, x, t, "shift", [0, 1]).accuracy.tolist() == [1, 1]
    nothing = pl.robustness(net, x, t, "shift", [20]).accuracy[0]
    assert nothing == (t == 0).mean()  # dark images are class 0
    assert pl.robustness(net, x, t, "brightness", [1, 0.5, 0]).accuracy.tolist() == [1, 1, nothing]
    noisy = pl.robustness(net, x, t, "noise", [0, 0.3, 3])
    assert 1 == noisy.accuracy[0] > noisy.accuracy[1] > noisy.accuracy[2] > 0.4


def test_noise_is_kept_within_the_limits(
    monkeypatch: pytest.MonkeyPatch, generator: np.random.Generator
) -> None:
    """And blocks of rows do not show."""
    net = brightest_half()
    x, t = halves(40, generator)
    seen = []
    make = engines.make_engine

    class Spy:
        def __init__(self, layers: list[pl.Layer]) -> None:
            self.engine = make(layers)

        def predict(self, x: Array) -> Array:
            seen.append(x)
            return self.engine.predict(x)

    monkeypatch.setattr(room, "make_engine", Spy)
    whole = pl.robustness(net, x, t, "noise", [0.5], seed=3)
    assert seen[0].min() == 0
    assert seen[0].max() == 255
    assert seen[0].dtype == np.float32
    monkeypatch.setattr(room, "_BLOCK", 7)
    parts = pl.robustness(net, x, t, "noise", [0.5], seed=3)
    assert parts.hits.tolist() == whole.hits.tolist()
    np.testing.assert_array_equal(np.concatenate(seen[1:]), seen[0])


def test_what_does_not_fit(generator: np.random.Generator) -> None:
    net = brightest_half()
    x, t = halves(5, generator)
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"change": "blur"}, "change is one of brightness"),
        ({"change": "noise", "levels": [-1]}, "noise must be a finite number of 0 or more"),
        ({"change": "noise", "levels": [np.nan]}, "level must be a finite number"),
        ({"change": "shift", "shape": (5, 5)}, "of 54 pixels"),
        ({"change": "shift", "seed": -1}, "seed must be"),
    ]
    for arguments, match in mistakes:
        with pytest.raises(pl.InputError, match=match):
            pl.robustness(net, x, t, **arguments)
    table = pl.mlp([6, 2])
    with pytest.raises(pl.InputError, match="not known to be images"):
        pl.robustness(table, np.zeros((2, 6)), [0, 1], "shift")
    assert pl.robustness(table, np.zeros((2, 6)), [0, 1], "shift", shape=(2, 3)).rows == 2
    assert (
        pl.robustness(
            pl.Network([pl.Flatten(), pl.Affine(np.eye(6))]), np.zeros((2, 2, 3)), [0, 1], "shift"
        ).rows
        == 2
    )
