"""Pictures of what is in a network: sizes, colours, and text for terminals."""

from typing import Any

import numpy as np
import pytest

from pellucid import InputError
from pellucid.core.types import Array
from pellucid.lens import pictures
from tests.narrowing import present


def pixels(picture: Any) -> Array:
    return np.asarray(picture)


def test_diverging_is_white_at_zero_blue_above_red_below() -> None:
    colours = pictures.diverging(np.array([0.0, 1.0, -1.0, 9.0]), 1.0)
    assert colours.tolist() == [[255, 255, 255], [33, 102, 172], [178, 24, 43], [33, 102, 172]]


def test_weights_picture_shows_each_neuron_crisply(generator: np.random.Generator) -> None:
    W = np.zeros((784, 16), np.float32)
    W[0, 0], W[783, 0] = 1, -1
    W[:, 1] = 0.5
    drawn = pixels(pictures.weights_picture(W))
    tile = drawn[14 : 14 + 112, 14 : 14 + 112]
    assert (tile[:4, :4] == [33, 102, 172]).all()
    assert (tile[-4:, -4:] == [178, 24, 43]).all()
    assert (tile[4:108, 4:108] == 255).all()
    with pytest.raises(InputError, match="784 pixels"):
        pictures.weights_picture(generator.random((5, 3)))


def test_gallery_enlarges_without_blur() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[0, 0] = 200
    drawn = pixels(pictures.gallery([image, image / 255.0], ["7 > 2", "1 > 3"], "true > read as"))
    assert (drawn[14:17, 14:17] == 200).all()
    assert (drawn[17:98, 17:98] == 0).all()
    assert pictures.gallery([image], ["0"]).height < drawn.shape[0]
    with pytest.raises(InputError, match="at least one picture"):
        pictures.gallery([], [])


@pytest.mark.parametrize("K", [2, 10, 20])
def test_confusion_picture_is_blue_on_the_diagonal_and_red_beside_it(K: int) -> None:
    matrix = np.eye(K, dtype=int) * 90
    matrix[0, 1] = 10
    drawn = pixels(pictures.confusion_picture(matrix, [str(k) for k in range(K)])).astype(int)
    side = 52 if K <= 12 else 30
    right, wrong, none = (
        (drawn[76 + 3, 96 + 3 + j * side] for j in range(3))
        if K > 2
        else (*drawn[79, [99, 151]], None)
    )
    assert right[2] > right[0] + 50
    assert wrong[0] > wrong[2] + 20
    assert none is None or none.tolist() == [248, 248, 248]


def test_curves_have_a_panel_for_each_column() -> None:
    one = [{"epoch": 1, "loss": 0.5}]
    assert pictures.curves_picture(one).size == (460, 340)
    records: list[dict[str, float]] = [
        {
            "epoch": k,
            "loss": 1 / k,
            "accuracy": 1 - 1 / k,
            "validation_loss": 2 / k,
            "validation_accuracy": 0.5,
        }
        for k in range(1, 40)
    ]
    drawn = pictures.curves_picture(records)
    assert drawn.size == (920, 340)
    counts: list[tuple[int, Any]] = present(drawn.getcolors(1 << 16))
    colours = {colour for _, colour in counts}
    assert {pictures.FIRST, pictures.SECOND} <= colours
    with pytest.raises(InputError, match="at least one epoch"):
        pictures.curves_picture([])


def test_terminal_picture_in_blocks_letters_and_colours() -> None:
    picture = np.array([[0, 255, 0, 255], [0, 0, 255, 255]], np.uint8)
    assert pictures.terminal_picture(picture) == [" ▀▄█"]
    assert pictures.terminal_picture(picture, blocks=False) == [" ==@"]
    [line] = pictures.terminal_picture(picture[:, :2], 1 << 24)
    assert line == "\x1b[38;2;0;0;0;48;2;0;0;0m▀\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[0m"
    [line] = pictures.terminal_picture(picture[:, :2], 256)
    assert line == "\x1b[38;5;16;48;5;16m▀\x1b[38;5;255;48;5;16m▀\x1b[0m"
    assert len(pictures.terminal_picture(np.zeros((3, 3), np.uint8))) == 2


def test_levels_of_floats_and_bytes() -> None:
    assert pictures.as_bytes(np.array([0.0, 0.5, 1.0])).tolist() == [0, 127, 255]
    assert pictures.as_bytes(np.array([0.0, 300.0])).tolist() == [0, 255]
    assert pictures.as_bytes(np.array([0, 7], np.uint8)).tolist() == [0, 7]


def test_names_that_no_font_has_stand_as_their_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_hangul_font", lambda: None)
    assert pictures.label("가위", 2) == "2"
    assert pictures.label("seven", 7) == "seven"
    monkeypatch.setattr(pictures, "_hangul_font", lambda: "NanumGothic.ttf")
    assert pictures.label("가위", 2) == "가위"


def test_a_hangul_font_is_looked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = []

    def truetype(name: Any, size: int, **settings: Any) -> str | None:
        if not isinstance(name, str):  # the font inside Pillow
            return None
        wanted.append(name)
        if name != "malgun.ttf":
            raise OSError
        return name

    monkeypatch.setattr("PIL.ImageFont.truetype", truetype)
    pictures._hangul_font.cache_clear()
    pictures._font.cache_clear()
    try:
        assert pictures._font(12, False) == "malgun.ttf"
        assert pictures._font(12, True) != "malgun.ttf"
        assert wanted[0] == "NanumGothic.ttf"
        monkeypatch.setattr(pictures, "HANGUL_FONTS", ())
        pictures._hangul_font.cache_clear()
        assert pictures._hangul_font() is None
    finally:
        pictures._hangul_font.cache_clear()
        pictures._font.cache_clear()
