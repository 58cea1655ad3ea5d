"""Distortions of pictures: what each setting does to the pixels, and from where it draws."""

from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.draws import Draws
from pellucid.core.types import Array
from pellucid.training import distortion


class Highest(Draws):
    """Draws that are all 1: every even draw from -1 to 1 is then 1, the largest movement."""

    def uniform(self, N: int, H: int) -> np.ndarray:
        return np.ones((N, H))


class Lowest(Draws):
    """Draws that are all 0: the largest movement the other way."""

    def uniform(self, N: int, H: int) -> np.ndarray:
        return np.zeros((N, H))


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return pl.mnist().train.images[:40]


@pytest.fixture
def field(generator: np.random.Generator) -> np.ndarray:
    """Pictures of random numbers without a border."""
    return generator.random((3, 6, 9)).astype(np.float32)


def test_a_shift_by_whole_pixels_is_exact(field: np.ndarray) -> None:
    shift = pl.Distortion(shift=2, shape=(6, 9))
    down_right = np.zeros_like(field)
    down_right[:, 2:, 2:] = field[:, :-2, :-2]
    up_left = np.zeros_like(field)
    up_left[:, :-2, :-2] = field[:, 2:, 2:]
    np.testing.assert_array_equal(shift(field, Highest()), down_right)
    np.testing.assert_array_equal(shift(field, Lowest()), up_left)


def test_a_shift_by_half_a_pixel_is_the_mean_of_four(field: np.ndarray) -> None:
    moved = pl.Distortion(shift=0.5, shape=(6, 9))(field, Highest())
    four = field[:, 1:, 1:] + field[:, 1:, :-1] + field[:, :-1, 1:] + field[:, :-1, :-1]
    np.testing.assert_allclose(moved[:, 1:, 1:], four / 4, rtol=1e-6)
    np.testing.assert_allclose(
        moved[:, 0, 0], field[:, 0, 0] / 4, rtol=1e-6
    )  # the other three lie outside


def test_a_shift_beyond_the_image_leaves_nothing(field: np.ndarray) -> None:
    for draws in (Highest(), Lowest()):
        assert not pl.Distortion(shift=1e6, shape=(6, 9))(field, draws).any()


def test_a_quarter_turn_is_rot90(generator: np.random.Generator) -> None:
    pictures = generator.random((2, 7, 7)).astype(np.float32)
    turn = pl.Distortion(rotation=90, shape=(7, 7))
    # float32 keeps places to about 1e-6 of a pixel.
    np.testing.assert_allclose(
        turn(pictures, Highest()), np.rot90(pictures, axes=(2, 1)), atol=1e-5
    )
    np.testing.assert_allclose(turn(pictures, Lowest()), np.rot90(pictures, axes=(1, 2)), atol=1e-5)


def test_scale_enlarges_about_the_centre() -> None:
    picture = np.zeros((1, 9, 9), np.float32)
    picture[0, 3:6, 4] = picture[0, 4, 3:6] = 1  # a plus of 3 x 3
    grown = pl.Distortion(scale=0.5, shape=(9, 9))(picture, Highest())[0]
    shrunk = pl.Distortion(scale=0.5, shape=(9, 9))(picture, Lowest())[0]
    assert grown[4, 4] == shrunk[4, 4] == 1
    assert grown.sum() > picture.sum() > shrunk.sum()
    np.testing.assert_allclose(
        grown[4, 5:7], [1, 1 - (4 / 3 - 1)], rtol=1e-6
    )  # read at 4 + 2/3 and 4 + 4/3
    np.testing.assert_allclose(shrunk[4, 5], 0, atol=1e-6)  # read at 4 + 2


def test_movements_are_as_large_as_their_settings() -> None:
    """A picture of one bright pixel in the middle shows how far it was moved, in both directions,
    and how often.
    """
    picture = np.zeros((4000, 15, 15), np.float32)
    picture[:, 7, 7] = 1
    moved = pl.Distortion(shift=3, shape=(15, 15))(picture, Draws(1))
    np.testing.assert_allclose(moved.sum(axis=(1, 2)), 1, rtol=1e-4)
    for axis in (1, 2):
        places = (moved.sum(axis=3 - axis) * np.arange(15)).sum(axis=1) - 7
        assert -3 <= places.min() < -2.9
        assert 2.9 < places.max() <= 3
        assert abs(places.mean()) < 4 * np.sqrt(
            3 / 4000
        )  # an even draw from -3 to 3 has variance 3
        assert abs(places.var() - 3) < 0.2


def test_the_defaults_change_nothing(digits: np.ndarray) -> None:
    x = digits / np.float64(255)
    np.testing.assert_array_equal(pl.Distortion()(x, Draws()), x)
    # An elastic strength next to nothing takes the whole way, and still reads every pixel at its
    # own place.
    np.testing.assert_allclose(pl.Distortion(elastic=1e-9)(digits, Draws()), digits, atol=1e-3)


def test_elastic_bends_smoothly_and_as_strongly_as_simard(digits: np.ndarray) -> None:
    bend = pl.Distortion(elastic=34)
    places = bend._places(200, Draws(3))
    displaced = places - np.mgrid[0:28, 0:28][:, None]
    inner = displaced[:, :, 10:18, 10:18]
    # Evenly drawn numbers have variance 1/3; a Gaussian of deviation 4 leaves 1 / (4 pi 4^2) of it.
    expected = 34 * np.sqrt(1 / 3 / (4 * np.pi * 16))
    assert inner.std() == pytest.approx(expected, rel=0.1)
    assert np.abs(np.diff(displaced, axis=3)).max() < 0.25 * np.abs(displaced).max()
    assert np.abs(bend(digits, Draws()) - digits).mean() > 5
    rough = pl.Distortion(elastic=34, smoothness=1)._places(5, Draws(3))
    assert np.abs(np.diff(rough, axis=3) - 1).max() > 3 * np.abs(np.diff(displaced, axis=3)).max()


def test_the_gaussian_of_the_middle_adds_up_to_one() -> None:
    matrix = distortion._gaussian(60, 4.0)
    np.testing.assert_allclose(matrix[30].sum(), 1, rtol=1e-3)
    assert matrix[30, 34] / matrix[30, 30] == pytest.approx(np.exp(-0.5))
    assert matrix[0].sum() < 0.6  # half of it lies beyond the end


def test_noise_is_normal_and_in_the_inputs_units() -> None:
    x = np.full((300, 784), 100, np.uint8)
    noise = pl.Distortion(noise=8)(x, Draws(2)) - 100
    assert noise.dtype == np.float32
    assert abs(noise.mean()) < 5 * 8 / np.sqrt(noise.size)
    assert noise.std() == pytest.approx(8, rel=0.01)
    assert (np.abs(noise) < 8).mean() == pytest.approx(0.6827, abs=0.005)
    assert (np.abs(noise) < 16).mean() == pytest.approx(0.9545, abs=0.003)
    assert abs(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]) < 0.01


EVERYTHING = pl.Distortion(shift=2, rotation=15, scale=0.2, elastic=34, noise=5)


def test_same_seed_and_step_same_images_and_others_differ(digits: np.ndarray) -> None:
    first = EVERYTHING(digits, Draws(1, 5))
    np.testing.assert_array_equal(first, EVERYTHING(digits, Draws(1, 5)))
    for other in (Draws(2, 5), Draws(1, 6)):
        assert (first != EVERYTHING(digits, other)).mean() > 0.5
    same = EVERYTHING(np.repeat(digits[:1], 2, axis=0), Draws())
    assert (same[0] != same[1]).mean() > 0.5  # each row is changed in its own way


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_a_row_does_not_depend_on_the_batch_it_comes_in(digits: Array, kind: type[Any]) -> None:
    x: Array = digits.astype(kind)
    whole = EVERYTHING(x, Draws(4, 9))
    parts = [EVERYTHING(x[a:b], Draws(4, 9, row=a)) for a, b in ((0, 1), (1, 17), (17, 40))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert len(EVERYTHING(x[:0], Draws())) == 0


def test_bytes_and_floats_rows_and_images_are_the_same(digits: np.ndarray) -> None:
    kept = digits.copy()
    y = EVERYTHING(digits, Draws(1))
    assert (y.dtype, y.shape) == (np.dtype(np.float32), digits.shape)
    np.testing.assert_array_equal(digits, kept)
    flat = EVERYTHING(digits.reshape(-1, 784), Draws(1))
    np.testing.assert_array_equal(flat, y.reshape(-1, 784))
    wide = EVERYTHING(digits.astype(np.float64), Draws(1))
    assert wide.dtype == np.float64
    np.testing.assert_allclose(wide, y, atol=1e-4)


@pytest.mark.parametrize("shape", [(5, 27, 28), (5, 783), (5, 14, 56), (5,), (0, 3)])
def test_other_shapes_are_errors(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        pl.InputError,
        match=r"images of 28 x 28 values, got rows of shape .* shape=\(height, width\)",
    ):
        pl.Distortion(shift=1)(np.zeros(shape), Draws())


@pytest.mark.parametrize(
    "settings",
    [
        {name: value}
        for name in ("shift", "rotation", "scale", "elastic", "noise")
        for value in (-1, np.nan, np.inf)
    ]
    + [{"scale": 1}, {"smoothness": 0}, {"smoothness": 1e9}],
)
def test_settings_out_of_range_are_errors_that_name_them(settings: dict[str, Any]) -> None:
    with pytest.raises(pl.InputError, match=f"Distortion: {next(iter(settings))} must be .*got"):
        pl.Distortion(**settings)


@pytest.mark.parametrize("shape", [(28,), (28, 0), (28.0, 28), (1, 28, 28)])
def test_a_shape_that_is_none_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(pl.InputError, match=r"shape is \(height, width\)"):
        pl.Distortion(shape=shape)  # type: ignore[arg-type]


def test_repr_is_the_code_that_makes_it_again() -> None:
    assert repr(pl.Distortion()) == "Distortion()"
    assert repr(pl.Distortion(elastic=1, smoothness=3, shape=(6, 9))) == (
        "Distortion(elastic=1.0, smoothness=3.0, shape=(6, 9))"
    )
    assert repr(pl.Compose(pl.Brightness(), pl.Distortion(1, 2, 0.3, noise=8))) == (
        "Compose(Brightness(0.5, 1.0), Distortion(shift=1.0, rotation=2.0, scale=0.3, noise=8.0))"
    )


# Compose


def test_in_turn_does_one_after_the_other(digits: np.ndarray) -> None:
    both = pl.Compose(lambda x, draws: x + 1.0, lambda x, draws: x * 2)
    np.testing.assert_array_equal(both(digits, Draws()), (digits + 1.0) * 2)
    np.testing.assert_array_equal(pl.Compose()(digits, Draws()), digits)


def test_steps_of_the_same_kind_draw_differently(digits: np.ndarray) -> None:
    halves = pl.Compose(pl.Brightness(0.5, 1), pl.Brightness(0.5, 1))(
        np.ones((2000, 1), np.float32), Draws()
    )
    assert halves.mean() == pytest.approx(
        0.75**2, abs=0.01
    )  # were they the same draw, it would be 0.583
    noise = pl.Compose(*[pl.Distortion(noise=3)] * 4)(np.zeros((50, 784)), Draws())
    assert noise.std() == pytest.approx(3 * np.sqrt(4), rel=0.02)


def test_in_turn_takes_augmentations_only() -> None:
    for wrong in ([pl.Brightness()], pl.Brightness, "shift"):
        with pytest.raises(pl.InputError, match="an augmentation is an object such as"):
            pl.Compose(wrong)  # type: ignore[arg-type]


# With train


def test_train_uses_distorted_images_and_records_them(digits: np.ndarray) -> None:
    labels = pl.mnist().train.labels[:40]

    def weights(**settings: Any) -> Array:
        net = pl.mlp([784, 8, 10], pixels=True, seed=0)
        pl.train(net, digits, labels, epochs=2, batch_size=16, seed=3, **settings)
        recorded.append(net.record["augment"])
        return net.params[0].copy()

    recorded: list[str | None] = []
    augment = pl.Compose(pl.Brightness(), pl.Distortion(shift=1, elastic=34))
    first = weights(augment=augment)
    np.testing.assert_array_equal(first, weights(augment=augment))
    assert (first != weights()).any()
    assert recorded == [repr(augment), repr(augment), None]
