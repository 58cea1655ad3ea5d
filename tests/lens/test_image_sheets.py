"""Sheets of images: sizes, colours, languages, and text for terminals."""

from typing import Any

import numpy as np
import pytest

from pellucid import InputError
from pellucid.core.types import Array
from pellucid.language import speaking
from pellucid.lens import image_sheets
from tests.narrowing import present


def pixels(picture: Any) -> Array:
    return np.asarray(picture)


def test_diverging_is_white_at_zero_blue_above_orange_below() -> None:
    colours = image_sheets.diverging(np.array([0.0, 1.0, -1.0, 9.0]), 1.0)
    assert colours.tolist() == [[255, 255, 255], [11, 102, 189], [194, 80, 10], [11, 102, 189]]


def test_weights_image_shows_each_neuron_crisply(generator: np.random.Generator) -> None:
    W = np.zeros((784, 16), np.float32)
    W[0, 0], W[783, 0] = 1, -1
    W[:, 1] = 0.5
    drawn = pixels(image_sheets.weights_image(W))
    tile = drawn[14 : 14 + 112, 14 : 14 + 112]
    assert (tile[:4, :4] == [11, 102, 189]).all()
    assert (tile[-4:, -4:] == [194, 80, 10]).all()
    assert (tile[4:108, 4:108] == 255).all()
    with pytest.raises(InputError, match="784 pixels"):
        image_sheets.weights_image(generator.random((5, 3)))


def test_gallery_enlarges_without_blur() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[0, 0] = 200
    drawn = pixels(
        image_sheets.gallery([image, image / 255.0], ["7 > 2", "1 > 3"], "true > predicted")
    )
    assert (drawn[14:17, 14:17] == 200).all()
    assert (drawn[17:98, 17:98] == 0).all()
    assert image_sheets.gallery([image], ["0"]).height < drawn.shape[0]
    with pytest.raises(InputError, match="at least one image"):
        image_sheets.gallery([], [])


@pytest.mark.parametrize("K", [2, 10, 20])
def test_confusion_image_is_blue_on_the_diagonal_and_orange_beside_it(K: int) -> None:
    matrix = np.eye(K, dtype=int) * 90
    matrix[0, 1] = 10
    drawn = pixels(image_sheets.confusion_image(matrix, [str(k) for k in range(K)])).astype(int)
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
    assert image_sheets.curves_image(one).size == (460, 340)
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
    drawn = image_sheets.curves_image(records)
    assert drawn.size == (920, 340)
    counts: list[tuple[int, Any]] = present(drawn.getcolors(1 << 16))
    colours = {colour for _, colour in counts}
    assert {image_sheets.FIRST, image_sheets.SECOND} <= colours
    with pytest.raises(InputError, match="at least one epoch"):
        image_sheets.curves_image([])


def test_terminal_image_in_blocks_letters_and_colours() -> None:
    picture = np.array([[0, 255, 0, 255], [0, 0, 255, 255]], np.uint8)
    assert image_sheets.terminal_image(picture) == [" ▀▄█"]
    assert image_sheets.terminal_image(picture, blocks=False) == [" ==@"]
    [line] = image_sheets.terminal_image(picture[:, :2], 1 << 24)
    assert line == "\x1b[38;2;0;0;0;48;2;0;0;0m▀\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[0m"
    [line] = image_sheets.terminal_image(picture[:, :2], 256)
    assert line == "\x1b[38;5;16;48;5;16m▀\x1b[38;5;255;48;5;16m▀\x1b[0m"
    assert len(image_sheets.terminal_image(np.zeros((3, 3), np.uint8))) == 2


def test_levels_of_floats_and_bytes() -> None:
    assert image_sheets.as_bytes(np.array([0.0, 0.5, 1.0])).tolist() == [0, 127, 255]
    assert image_sheets.as_bytes(np.array([0.0, 300.0])).tolist() == [0, 255]
    assert image_sheets.as_bytes(np.array([0, 7], np.uint8)).tolist() == [0, 7]


def test_names_that_no_font_has_stand_as_their_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_sheets, "_hangul_font", lambda: None)
    assert image_sheets.label("가위", 2) == "2"
    assert image_sheets.label("seven", 7) == "seven"
    monkeypatch.setattr(image_sheets, "_hangul_font", lambda: "NanumGothic.ttf")
    assert image_sheets.label("가위", 2) == "가위"


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
    image_sheets._hangul_font.cache_clear()
    image_sheets._font.cache_clear()
    try:
        hangul: Any = image_sheets._font(12, False)
        plain: Any = image_sheets._font(12, True)
        assert hangul == "malgun.ttf"
        assert plain != "malgun.ttf"
        assert wanted[0] == "NanumGothic.ttf"
        monkeypatch.setattr(image_sheets, "HANGUL_FONTS", ())
        image_sheets._hangul_font.cache_clear()
        assert image_sheets._hangul_font() is None
    finally:
        image_sheets._hangul_font.cache_clear()
        image_sheets._font.cache_clear()


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is drawn."""
    drawn: list[str] = []

    def text(draw: object, place: object, words: str, *style: object) -> None:
        drawn.append(words)

    monkeypatch.setattr(image_sheets, "_text", text)
    return drawn


RECORDS = [{"epoch": 1, "loss": 0.5, "accuracy": 0.5, "validation_loss": 0.6}]
LABELS = {
    "en": {"predicted class", "true class", "loss", "accuracy", "epoch", "training", "validation"},
    "ko": {"예측", "정답", "손실", "정확도", "에포크", "학습", "검증"},
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_labels_are_in_pellucids_language_where_a_font_has_its_letters(
    language: str, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.zeros((28, 28), np.uint8)
    with speaking(language):
        for font, expected in (("NanumGothic.ttf", language), (None, "en")):
            texts.clear()
            monkeypatch.setattr(image_sheets, "_hangul_font", lambda font=font: font)
            image_sheets.confusion_image(np.eye(2, dtype=int), ["0", "1"])
            image_sheets.curves_image(RECORDS)
            assert LABELS[expected] <= set(texts)
            image_sheets.misclassified_image(image[None], [7], [2])
            assert "7 > 2" in texts
            assert (
                texts[-1] == {"en": "true class > predicted class", "ko": "정답 > 예측"}[expected]
            )
