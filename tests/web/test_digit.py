"""Drawings and pictures made ready by the page, against data/images.py."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.data import images
from tests import handwriting
from tests.web.kinds import Node

FROM_PICTURE = """
import { fromPicture } from "./picture/digit.js";

const grid = ({ data, ...shape }) => ({ ...shape, data: Float64Array.from(data) });
return data.map((picture) => fromPicture(grid(picture)));
"""


def grids(pictures: Iterable[Array]) -> list[dict[str, Any]]:
    return [
        {"height": p.shape[0], "width": p.shape[1], "data": p.ravel().tolist()} for p in pictures
    ]


@pytest.mark.parametrize("kind", ["strokes", "photographs"])
def test_pictures(node: Node, kind: str, tmp_path: Path) -> None:
    """Scans and photographs of any size give the pixels that `pl.digit` gives.

    A tie may round the other way.
    """
    drawn = (sample.write(tmp_path) for sample in getattr(handwriting, kind)(16, seed=3))
    small = (picture for picture in map(pl.read_image, drawn) if max(picture.shape) <= 700)
    samples = list(islice(small, 6))  # no more than these are drawn
    assert len(samples) == 6
    for picture, got in zip(samples, node(FROM_PICTURE, grids(samples)), strict=True):
        expected = pl.digit(picture).astype(int)
        difference = np.abs(np.reshape(got, (28, 28)) - expected)
        assert difference.max() <= 1 and np.count_nonzero(difference) <= 2


def test_mnist_stays(node: Node) -> None:
    samples = list(pl.mnist().test.images[:20])
    for picture, got in zip(
        samples, node(FROM_PICTURE, grids([*samples, *(255 - p for p in samples)])), strict=False
    ):
        assert got == picture.ravel().tolist()


def test_blank(node: Node) -> None:
    assert node(FROM_PICTURE, grids([np.full((40, 40), 200)])) == [None]


def test_drawings_are_centred(node: Node) -> None:
    """What is drawn on the page goes through crop, usual_pen, fit and centre."""
    code = """
    import { stroke } from "./picture/brush.js";
    import { centred } from "./picture/digit.js";

    return data.map((lines) => {
      const drawing = new Uint8Array(784);
      for (const [a, b, c, d] of lines)
        stroke(drawing, [28, 28], { x: a, y: b }, { x: c, y: d }, false);
      return { drawing: Array.from(drawing), ...centred(drawing) };
    });"""
    # None of them is symmetric: the middle of such a one lies between two pixels, and the last bit
    # of a sum decides.
    drawings = [
        [[3, 4, 10, 20], [10, 20, 12, 9]],
        [[20, 3, 21, 26], [5, 5, 20, 3]],
        [[9, 14, 11, 15], [9, 14, 9, 16]],
        [[2, 2, 26, 2], [26, 2, 3, 27]],
    ]
    for found in node(code, drawings):
        ink = np.reshape(found["drawing"], (28, 28)) / max(found["drawing"])
        laid = images.centre(images.fit(images.usual_pen(images.crop(ink))))
        expected = (255 * (laid * max(found["drawing"]) / 255).clip(0, 1)).round()
        np.testing.assert_allclose(found["picture"], expected.ravel(), atol=1)
        assert np.count_nonzero(np.asarray(found["picture"]) != expected.ravel()) <= 2
        rows = np.flatnonzero((ink > 0.5).any(1))
        assert (found["box"]["top"], found["box"]["bottom"]) == (rows[0], rows[-1] + 1)
