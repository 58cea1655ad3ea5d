"""The measures of `benchmarks/neurons.py` by hand."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pellucid.core.types import Array

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def study() -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("neurons")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def measures(study: ModuleType) -> ModuleType:
    return study.measures


def drawing(*lines: str) -> Array:
    """Return an image of 28 x 28 with these lines in its upper left."""
    picture = np.zeros((1, 28, 28), np.uint8)
    for y, line in enumerate(lines):
        for x, mark in enumerate(line):
            picture[0, y, x] = 255 * (mark == "#")
    return picture


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (("###", "###"), 1),
        (("###", "# #", "###"), 0),
        (("#####", "# # #", "#####"), -1),
        (("# #",), 2),
        (("#  ", " # ", "  #"), 1),  # corners touch
        ((" # ", "# #", " # "), 0),
        ((), 0),
    ],
)
def test_pieces_less_holes(measures: ModuleType, lines: tuple[str, ...], number: int) -> None:
    assert measures.euler_number(drawing(*lines)).tolist() == [number]


def test_position_and_edges(measures: ModuleType) -> None:
    picture = drawing(*["####"] * 4)
    assert measures.position(picture).tolist() == [[1.0] + [0.0] * 48]
    standing = np.zeros((1, 28, 28), np.uint8)
    standing[0, :, 12:16] = 255
    for turned, kind in ((standing, 2), (standing.transpose(0, 2, 1), 0)):
        energy = measures.orientation_energy(turned, 1)[0]
        assert energy.argmax() == kind  # lying, rising, standing, falling
        assert energy[kind] > 0.8 * energy.sum()
    rising = np.eye(28, dtype=np.uint8)[None, ::-1] * 255
    assert measures.orientation_energy(rising, 1)[0].argmax() == 1
    assert measures.orientation_energy(rising[:, ::-1], 1)[0].argmax() == 3
    assert measures.orientation_energy(standing).shape == (1, 64)


def test_strokes(measures: ModuleType) -> None:
    bar = np.zeros((2, 28, 28), np.uint8)
    bar[0, 4:24, 10:12] = 255
    for y in range(20):
        bar[1, 4 + y, 10 + y // 4 : 12 + y // 4] = 255  # leans: further right the further down
    found = measures.strokes(bar)
    assert found["ink"].tolist() == [40, 40]
    assert found["height"].tolist() == [20, 20]
    assert found["width"].tolist() == [2, 6]
    assert found["centre, down"][0] == 13.5
    assert found["centre, right"][0] == 10.5
    assert found["slant"][0] == pytest.approx(0, abs=1e-12)
    assert found["slant"][1] == pytest.approx(0.25, abs=0.02)
    assert found["pieces less holes"].tolist() == [1, 1]


def test_shares_of_variance(measures: ModuleType, generator: np.random.Generator) -> None:
    labels = np.repeat([0, 1], 50)
    values = np.stack(
        [labels * 2.0, np.tile([0.0, 1.0], 50), labels + np.tile([-0.5, 0.5], 50)], axis=1
    )
    assert measures.eta_squared(labels, values) == pytest.approx([1, 0, 0.5])
    assert measures.less_class_means(labels, values)[:, 0] == pytest.approx(0)
    features = generator.normal(size=(4000, 3))
    told = features @ [[1.0], [2.0], [0.0]]
    noisy = told + generator.normal(size=told.shape) * np.sqrt(5)
    both = measures.explained(features, np.hstack([told, noisy, generator.normal(size=told.shape)]))
    assert both == pytest.approx([1, 0.5, 0], abs=0.03)


def test_areas_and_groups(measures: ModuleType) -> None:
    values = np.array([[1.0], [2.0], [3.0], [4.0]])
    assert measures.area(values, np.array([False, False, True, True])).tolist() == [1]
    assert measures.area(values, np.array([True, False, True, False])).tolist() == [0.25]
    labels = np.repeat(np.arange(10), 10)
    lit = np.isin(labels, [3, 5, 7]).astype(float)[:, None]
    share, size = measures.two_groups(labels, lit)
    assert (share.tolist(), size.tolist()) == ([pytest.approx(1)], [3])
    one = measures.single_digits(labels, (labels == 4).astype(float)[:, None])
    assert (one["digit"].tolist(), one["share"].tolist()) == ([4], [pytest.approx(1)])
    assert measures.readable(np.eye(10)[labels], labels, np.eye(10)[labels][::3], labels[::3]) == 1


def test_gabor_filters_find_themselves(
    measures: ModuleType, generator: np.random.Generator
) -> None:
    filters = list(measures.gabors())
    assert len(filters) == 8 * 4 * 3
    even, odd = filters[17]
    assert even.shape == (169, 784)
    np.testing.assert_allclose((even * even).sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose((even * odd).sum(axis=1), 0, atol=1e-12)
    W = np.stack([0.3 * even[80] - 0.8 * odd[80], generator.normal(size=784)], axis=1)
    found = measures.gabor_pursuit(W, 2)
    assert found[0, 0] == pytest.approx(1)
    assert 0 < found[0, 1] < 0.1
    assert found[1, 1] > found[0, 1]
    x = generator.normal(size=(600, 784))
    answers = measures.filter_answers(measures.gabors(), x, x @ W)
    assert answers[0] == pytest.approx(1, abs=1e-5)
    assert answers[1] < 0.2
    spots = [bell for bell, _ in measures.bells()]
    assert measures.filter_answers(measures.bells(), x, x @ spots[1][[5]].T)[0] == pytest.approx(
        1, abs=1e-5
    )


def test_the_best_window(measures: ModuleType) -> None:
    W = np.zeros((28, 28))
    W[3:12, 19:28] = 1
    W[20, 0] = 9
    assert measures.best_window(W.reshape(784, 1)).tolist() == [0.5]


def test_codes(study: ModuleType) -> None:
    labels = np.repeat(np.arange(10), 2)
    y = np.array([[k & 1, k >> 1 & 1, k >> 2 & 1, k >> 3 & 1] for k in labels], float)
    distances = study.code_distances(labels, y)
    assert len(distances) == 45
    assert distances[0] == 1  # 0 and 1
    assert max(distances) == 4  # 7 and 8
    assert study.lit_digits(labels, y)[3] == [8, 9]
