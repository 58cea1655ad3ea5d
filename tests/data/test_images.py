from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw

from pellucid.core.types import Array
from pellucid.data import digit, digit_steps, mnist, read_image
from pellucid.data import images as images_module
from pellucid.data.images import (
    STEPS,
    centre,
    crop,
    even_light,
    find_ink,
    fit,
    keep_digit,
    pen_width,
    usual_pen,
)
from pellucid.data.raster import blur
from pellucid.errors import InputError
from tests.proving import examples

DIGITS = mnist().test.images[:60]


def save(folder: Path, image: Array | Image.Image, name: str = "a.png", **options: Any) -> Path:
    path = folder / name
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def seven(
    size: int = 200,
    pen: int = 14,
    paper: int = 255,
    ink: int = 0,
    offset: tuple[float, float] = (0, 0),
) -> Array:
    """A 7 drawn with straight strokes: upright, and no other digit in any other orientation."""
    image = Image.new("L", (size, size), paper)
    points = [
        (size * (x + offset[0]), size * (y + offset[1]))
        for x, y in ((0.3, 0.25), (0.65, 0.25), (0.45, 0.8))
    ]
    ImageDraw.Draw(image).line(points, fill=ink, width=pen, joint="curve")
    return np.asarray(image)


def far(a: Array, b: Array) -> float:
    """How far two prepared digits lie apart: mean difference in grey levels (MNIST's own digits:
    about 40).

    One may lie a pixel aside: where the centre of mass falls between two pixels, a trifle decides.
    """
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return min(
        float(np.abs(np.roll(a, shift, (0, 1)).astype(float) - b.astype(float)).mean())
        for shift in shifts
    )


# MNIST's own digits


@pytest.mark.parametrize("inverted", [False, True])
def test_mnist_digits_pass_unchanged(tmp_path: Path, inverted: bool) -> None:
    for k, image in enumerate(DIGITS):
        path = save(tmp_path, 255 - image if inverted else image, f"{k}.png")
        np.testing.assert_array_equal(digit(read_image(path)), image)


WAYS = {
    "ten times as large": lambda image: np.asarray(Image.fromarray(image).resize((280, 280), 3)),
    "and black on white": lambda image: (
        255 - np.asarray(Image.fromarray(image).resize((280, 280), 3))
    ),
    "in blocks": lambda image: 255 - np.kron(image, np.ones((10, 10), np.uint8)),
    "out of the middle": lambda image: np.roll(np.pad(image, 8), (5, -4), (0, 1)),
    "fainter": lambda image: 240 - np.pad(image, 2) // 4,
}


@pytest.mark.parametrize("change", WAYS.values(), ids=WAYS)
def test_mnist_digits_changed_come_back_nearly_the_same(change: Callable[..., Any]) -> None:
    prepared = [digit(change(image)) for image in DIGITS]
    assert np.mean([far(a, b) for a, b in zip(prepared, DIGITS, strict=True)]) < 10
    others = np.roll(DIGITS, 1, axis=0)
    assert np.mean([far(a, b) for a, b in zip(prepared, others, strict=True)]) > 30


def test_a_digit_not_quite_in_mnist_form_is_prepared() -> None:
    moved = np.roll(DIGITS[0], 3, axis=1)
    assert far(digit(moved), DIGITS[0]) < 10
    assert far(digit(DIGITS[0] // 4), DIGITS[0]) < 10  # too faint to be passed on as it is


# what must not matter


@pytest.mark.parametrize(
    "image",
    [
        seven(ink=100, paper=210),
        seven(ink=255, paper=0),
        seven(ink=150, paper=130),
        seven(offset=(0.25, -0.2)),
        seven(size=40, pen=3),
        seven(size=900, pen=63),
        np.pad(seven(), ((0, 300), (150, 0)), constant_values=255),
        seven()[40:175, 50:145],
        seven() / 255,
        seven() > 128,
    ],
    ids=[
        "grey",
        "light on dark",
        "faint",
        "aside",
        "small",
        "large",
        "far away",
        "cut close",
        "floats",
        "booleans",
    ],
)
def test_light_place_and_size_do_not_matter(image: Array) -> None:
    assert far(digit(image), digit(seven())) < 8


def test_uneven_light_shadow_and_noise_do_not_matter() -> None:
    y, x = np.mgrid[0:200, 0:200] / 200
    shadow = np.where(x + 0.3 * y > 0.6, 0.55, 1.0)
    light = (0.5 + 0.4 * x) * blur(shadow, 4)
    noise = np.random.default_rng(0).normal(0, 4, (200, 200))
    for ink, paper in ((60, 250), (230, 50)):
        photograph = (seven(ink=ink, paper=paper) * light + noise).clip(0, 255)
        assert far(digit(photograph), digit(seven())) < 10


def test_a_photograph_full_of_noise_is_blurred_until_it_can_be_read() -> None:
    noisy = seven(400, 28, paper=190, ink=80) + np.random.default_rng(0).normal(0, 35, (400, 400))
    assert far(digit(noisy.clip(0, 255)), digit(seven())) < 15


def test_specks_frames_and_tables_are_left_out() -> None:
    dirty = seven().copy()
    dirty[20:23, 150:153] = 0
    dirty[:, :6] = 40
    dirty[190:, :] = 90
    assert far(digit(dirty), digit(seven())) < 1


@pytest.mark.parametrize("pen", [1, 3, 40])
def test_pens_come_near_to_the_usual(pen: int) -> None:
    prepared = digit_steps(seven(pen=pen))["usual pen"] / 255
    drawn = digit_steps(seven(pen=pen))["cropped"]
    width = pen_width(prepared) / 4
    assert 1.4 < width < 4.8
    assert abs(width - 2.5) < abs(pen_width(drawn / 255) * 20 / max(drawn.shape) - 2.5)


def test_hair_thin_strokes_of_a_large_image_are_not_lost() -> None:
    assert far(digit(seven(size=500, pen=1)), digit(seven())) < 20


def test_a_blot_is_not_thinned_away() -> None:
    blot: Array = np.zeros((20, 80))
    blot[:] = np.linspace(0.4, 0.6, 80)
    assert usual_pen(np.repeat(blot, 4, axis=0)).max() > 0.5
    assert digit(np.pad(np.full((50, 50), 255), 20)).sum() > 0


# each step


def test_steps_are_those_named_in_order() -> None:
    steps = digit_steps(seven(300))
    assert tuple(steps) == STEPS
    assert all(step.dtype == np.uint8 and step.ndim == 2 for step in steps.values())
    assert max(steps["20 x 20"].shape) == 20
    assert steps["28 x 28"].shape == (28, 28)
    np.testing.assert_array_equal(steps["image"], seven(300))
    np.testing.assert_array_equal(steps["28 x 28"], digit(seven(300)))
    assert tuple(digit_steps(DIGITS[0])) == STEPS


def test_the_result_belongs_to_the_caller() -> None:
    prepared = digit(DIGITS[0])
    prepared[:] = 0
    assert DIGITS[0].any()


def test_even_light_is_signed_and_zero_on_paper() -> None:
    evened = even_light(seven(paper=204, ink=102) / 255)
    assert np.median(evened) == 0
    assert evened.min() == pytest.approx(-1, abs=0.02)
    assert find_ink(evened).max() == 1
    np.testing.assert_array_equal(find_ink(evened), find_ink(-evened))


def test_even_light_makes_ink_in_a_shadow_as_strong_as_in_the_light() -> None:
    bars = np.full((120, 120), 0.9)
    bars[20:100, 25:30] = bars[20:100, 90:95] = 0.27  # ink gives back 3 tenths of what paper does
    light = np.linspace(1.0, 0.4, 120)
    evened = even_light(bars * light)
    assert evened[60, 27] == pytest.approx(-0.7, abs=0.03)
    assert evened[60, 92] == pytest.approx(-0.7, abs=0.03)


def test_keep_digit_keeps_parts_and_takes_the_edge_only_if_there_is_nothing_else() -> None:
    ink = np.zeros((40, 40))
    ink[10:30, 10:14] = 1
    ink[10:14, 20:30] = 1  # a stroke of its own, as the bar of a 5
    ink[35, 35] = 1
    ink[25:28, 25:28] = 0.5  # never full ink
    ink[:, 0] = 1
    kept = keep_digit(ink)
    assert kept[10:30, 10:14].all()
    assert kept[10:14, 20:30].all()
    assert kept.sum() == 80 + 40
    only_edge = np.zeros((40, 40))
    only_edge[0:30, 10:14] = 1
    assert keep_digit(only_edge).sum() == 120


def test_crop_and_fit_keep_proportions() -> None:
    ink = np.pad(np.ones((30, 15)), ((2, 7), (0, 20)))
    assert crop(ink).shape == (30, 15)
    assert fit(crop(ink)).shape == (20, 10)
    assert fit(np.ones((1, 300))).shape == (1, 20)
    assert fit(0.3 * np.ones((5, 5))).max() == 1


def test_centre_brings_the_mass_to_the_middle_or_as_far_as_there_is_room() -> None:
    ink = np.zeros((20, 20))
    ink[6:9, 11:14] = 1
    rows, columns = np.nonzero(centre(ink))
    assert (rows.mean(), columns.mean()) == (14, 14)
    ink = np.full((20, 20), 1e-6)
    ink[0, 0] = 1
    assert centre(ink)[8, 8] == 1


def test_pen_width_is_that_of_a_slanted_bar() -> None:
    image = Image.new("L", (200, 200))
    ImageDraw.Draw(image).line([(30, 30), (100, 170)], fill=255, width=12)
    assert pen_width(np.asarray(image) / 255.0) == pytest.approx(12, rel=0.25)


# what shows nothing, and what is no image


def ramp(low: Any, high: Any) -> Any:
    return np.linspace(low, high, 160)[None] + np.zeros((120, 1))


@pytest.mark.parametrize(
    "image",
    [
        np.full((50, 50), 255),
        np.zeros((28, 28)),
        np.full((1, 1), 128),
        np.random.default_rng(0).normal(180, 8, (200, 150)).clip(0, 255),
        ramp(120, 220),
        np.where(np.arange(2500).reshape(50, 50) == 1275, 0, 255),  # one speck
        np.where(np.arange(2500).reshape(50, 50) == 1275, 240, 250),
    ],
    ids=["white", "black", "one pixel", "paper", "uneven light", "a speck", "a faint speck"],
)
def test_images_that_show_nothing(image: Array) -> None:
    with pytest.raises(InputError, match="the image shows no digit"):
        digit(image)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((3, 3, 3)), r"got shape \(3, 3, 3\) of float64"),
        (np.zeros(784), r"got shape \(784,\)"),
        (np.zeros((0, 5)), r"got shape \(0, 5\)"),
        (np.zeros((2, 2), complex), "complex128"),
        ([["a"]], "expected an image"),
        (np.full((5, 5), np.nan), "from 0 to 255"),
        (np.full((5, 5), 256), "from 0 to 255"),
        (np.full((5, 5), -1), "from 0 to 255"),
    ],
)
def test_what_is_no_image(image: Array | Sequence[Sequence[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        digit(image)


@settings(max_examples=examples(60), deadline=None)
@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        elements=st.sampled_from([0, 9, 200, 255]),
    )
)
def test_any_image_gives_a_digit_or_an_input_error(image: Array) -> None:
    try:
        prepared = digit(image)
    except InputError:
        return
    assert (prepared.shape, prepared.dtype) == ((28, 28), np.dtype(np.uint8))
    assert prepared.max() > 100


def test_step_names_are_marked_for_translation() -> None:
    assert len(set(STEPS)) == 8
    assert images_module.STEPS[-1] == "28 x 28"
