"""Sheets of images drawn with Pillow, and images as text for terminals. Arrays in, images out.

Labels are in pellucid's language where an installed font has its letters, else in English; a class
name in other letters becomes its index, never empty boxes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.language import current_language, say, speaking
from pellucid.lens.evaluation import confusion_strengths

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    Font: TypeAlias = ImageFont.ImageFont | ImageFont.FreeTypeFont

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

PAPER, INK, FAINT, GRID = (255, 255, 255), (32, 32, 32), (110, 110, 110), (225, 225, 225)

# Orange for negative and blue for positive, as on the page, in plots and in the terminal: colours
# that colour-blind people can distinguish. Two curves have the same two.
NEGATIVE, POSITIVE = np.array([194.0, 80, 10]), np.array([11.0, 102, 189])
FIRST, SECOND = (11, 102, 189), (194, 80, 10)

_HANGUL_FONTS = """
NanumGothic.ttf NotoSansKR-Regular.ttf NotoSansKR-Regular.otf NotoSansCJK-Regular.ttc malgun.ttf
AppleSDGothicNeo.ttc UnDotum.ttf
"""
HANGUL_FONTS = tuple(_HANGUL_FONTS.split())
"""Font files with Hangul in order of preference."""


@contextmanager
def _labels() -> Iterator[None]:
    """Decorate a function: label in pellucid's language, or in English without a font for it."""
    with speaking("en" if _hangul_font() is None else current_language()):
        yield


def as_bytes(x: Array) -> Array:
    """Return grey levels 0 to 255 for an image of bytes or of numbers from 0 to 1."""
    if x.dtype.kind != "f" or float(x.max()) > 1:
        return np.clip(x, 0, 255).astype(np.uint8)
    return (255 * np.clip(x, 0, 1)).astype(np.uint8)


def diverging(values: ArrayLike, largest: float) -> Array:
    """Return colours (..., 3) uint8: white for 0, blue for `largest`, orange for -`largest`."""
    share = np.clip(np.asarray(values, np.float64) / max(largest, 1e-12), -1, 1)[..., None]
    ends = np.where(share < 0, NEGATIVE, POSITIVE)
    return (255 + (ends - 255) * np.abs(share)).round().astype(np.uint8)


def weights_image(W: Array, shape: tuple[int, int] = (28, 28), columns: int = 8) -> Image.Image:
    """Draw each neuron's incoming weights W, (D, H), as an image of `shape`, on one scale.

    The scale is drawn below. Raises InputError when D is not the number of pixels of `shape`.
    """
    if W.ndim != 2 or len(W) != math.prod(shape):
        template = "expected weights for {D} pixels, got shape {got}"
        raise InputError(template, D=math.prod(shape), got=W.shape)
    # A few weights at the rim are far larger than all others: those beyond the scale's ends have
    # its last colour.
    largest = float(np.quantile(np.abs(W), 0.99))
    tiles = [_enlarged(diverging(W[:, j].reshape(shape), largest), 4) for j in range(W.shape[1])]
    sheet = _sheet(tiles, [str(j) for j in range(len(tiles))], columns, foot=44)
    draw = _draw(sheet)
    ramp = _enlarged(diverging(np.linspace(-largest, largest, 129)[None], largest), 2)
    ramp = ramp.resize((258, 12))
    x, y = (sheet.width - ramp.width) // 2, sheet.height - 40
    sheet.paste(ramp, (x, y))
    draw.rectangle((x - 1, y - 1, x + ramp.width, y + ramp.height), outline=FAINT)
    for place, text in ((0, f"< -{largest:.2f}"), (0.5, "0"), (1, f"> +{largest:.2f}")):
        _text(draw, (x + place * ramp.width, y + 16), text, 13, "ma", FAINT)
    return sheet


def gallery(
    images: Sequence[Array], captions: Sequence[str], legend: str = "", columns: int = 8
) -> Image.Image:
    """Draw images, (H, W) uint8 each, side by side with captions, and a legend below all."""
    if not len(images):
        raise InputError("a gallery needs at least one image")
    tiles = [_enlarged(np.repeat(as_bytes(image)[..., None], 3, axis=2), 3) for image in images]
    sheet = _sheet(tiles, captions, columns, foot=24 if legend else 0)
    if legend:
        _text(_draw(sheet), (sheet.width / 2, sheet.height - 14), legend, 13, "ms", FAINT)
    return sheet


def ink_image(image: Array) -> Image.Image:
    """Draw an image (H, W), light on black, as dark ink on white paper, ten times as large."""
    from PIL import Image

    paper = Image.fromarray(255 - as_bytes(image))
    return paper.resize((10 * image.shape[1], 10 * image.shape[0]), Image.Resampling.BICUBIC)


@_labels()
def misclassified_image(images: Array, t: ArrayLike, predicted: ArrayLike) -> Image.Image:
    """Draw misclassified images (N, H, W), with the true and the predicted class below each."""
    pairs = zip(np.asarray(t).tolist(), np.asarray(predicted).tolist(), strict=True)
    captions = [f"{truth} > {prediction}" for truth, prediction in pairs]
    return gallery(list(images), captions, say("true class > predicted class"))


@_labels()
def confusion_image(matrix: Array, names: Sequence[str]) -> Image.Image:
    """Draw a confusion matrix (K, K): true classes down, predicted classes across, with counts.

    The diagonal is blue by its share of the row, mistakes are orange by the root of theirs, so that
    few are visible as well.
    """
    K = len(matrix)
    side, left, top = 52 if K <= 12 else 30, 96, 76
    sheet = _blank(left + K * side + 20, top + K * side + 20)
    draw = _draw(sheet)
    signed = confusion_strengths(matrix)
    for i in range(K):
        name, middle = label(names[i], i), (i + 0.5) * side
        _text(draw, (left - 10, top + middle), name, 16, "rm")
        _text(draw, (left + middle, top - 8), name, 16, "ms")
        for j in range(K):
            x, y = left + j * side, top + i * side
            count, fill = int(matrix[i, j]), (248, 248, 248)
            if count:
                # 0.8: at full strength the numbers would not be legible.
                fill = tuple(diverging(0.8 * signed[i, j], 1).tolist())
            draw.rectangle((x, y, x + side - 2, y + side - 2), fill=fill)
            if count:
                # Luma (ITU-R BT.601): white letters on dark cells only.
                ink = PAPER if np.dot(fill, (0.299, 0.587, 0.114)) < 128 else INK
                middles = (x + side / 2 - 1, y + side / 2 - 1)
                _text(draw, middles, str(count), 15 if K <= 12 else 10, "mm", ink)
    _text(draw, (left + K * side / 2, 24), say("predicted class"), 16, "mm", FAINT)
    # Pillow draws upright letters only: turn an image of them.
    upright = _blank(110, 24)
    _text(_draw(upright), (55, 12), say("true class"), 16, "mm", FAINT)
    sheet.paste(upright.rotate(90, expand=True), (18, top + K * side // 2 - 55))
    return sheet


@_labels()
def curves_image(records: Sequence[Mapping[str, float]]) -> Image.Image:
    """Draw a history by epoch: a panel for loss and one for accuracy, validation in orange."""
    if not records:
        raise InputError("learning curves need at least one epoch")
    names = {"loss": say("loss"), "accuracy": say("accuracy")}
    names = {name: title for name, title in names.items() if name in records[0]}
    sheet = _blank(460 * len(names), 340)
    epochs = [record["epoch"] for record in records]
    for index, (name, title) in enumerate(names.items()):
        lines = {say("training"): name, say("validation"): f"validation_{name}"}
        held = {line: key for line, key in lines.items() if key in records[0]}
        known = {line: [record[key] for record in records] for line, key in held.items()}
        form = ".1%" if name == "accuracy" else ".4g"
        _panel(_draw(sheet), 460 * index, title, form, epochs, known)
    return sheet


def terminal_image(image: Array, colours: int = 0, blocks: bool = True) -> list[str]:
    """Return an image (H, W) uint8 as lines of text, W columns wide and half as many as H.

    `colours` is the number that the terminal shows: 0, 256 or more. Without colours, half blocks
    mark ink; without `blocks` (an ASCII terminal), characters of different darkness do.
    """
    if len(image) % 2:
        image = np.concatenate([image, image[:1] * 0])
    # A character is about twice as high as wide: it shows two pixels, one above the other.
    lines = np.stack([image[::2], image[1::2]], axis=-1).tolist()
    if not blocks:
        ramp = " .:-=+*#%@"
        return ["".join(ramp[(a + b) * 9 // 510] for a, b in line) for line in lines]
    if not colours:
        return ["".join(" ▀▄█"[(a > 96) + 2 * (b > 96)] for a, b in line) for line in lines]
    tone = _true_grey if colours > 256 else _grey_of_256
    cells = [[f"\x1b[38;{tone(a)};48;{tone(b)}m▀" for a, b in line] for line in lines]
    return ["".join(line) + "\x1b[0m" for line in cells]


def label(name: str, index: int) -> str:
    """Return a class name if a font has its letters, else its index."""
    return name if name.isascii() or _hangul_font() is not None else str(index)


def _true_grey(level: int) -> str:
    return f"2;{level};{level};{level}"


def _grey_of_256(level: int) -> str:
    # 232 to 255 are 24 greys without black, which is 16.
    return f"5;{232 + level * 23 // 255}" if level else "5;16"


def _panel(
    draw: ImageDraw.ImageDraw,
    start: int,
    title: str,
    form: str,
    epochs: Sequence[float],
    lines: Mapping[str, Sequence[float]],
) -> None:
    left, top, right, bottom = start + 64, 44, start + 440, 290
    values = [value for column in lines.values() for value in column]
    low, high, step = _ticks(min(values), max(values))
    span = max(epochs[-1] - epochs[0], 1)  # one epoch is a point at the left

    def at(epoch: float, value: float) -> tuple[float, float]:
        across, up = (epoch - epochs[0]) / span, (value - low) / (high - low)
        return left + across * (right - left), bottom - up * (bottom - top)

    for number in np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step:
        y = at(epochs[0], float(number))[1]
        draw.line((left, y, right, y), fill=GRID)
        _text(draw, (left - 8, y), f"{number:{form}}", 13, "rm", FAINT)
    for epoch in sorted({epochs[0], epochs[len(epochs) // 2], epochs[-1]}):
        _text(draw, (at(epoch, low)[0], bottom + 8), f"{epoch:g}", 13, "ma", FAINT)
    _text(draw, ((left + right) / 2, bottom + 28), say("epoch"), 13, "ma", FAINT)
    _text(draw, (left, 22), title, 16, "lm")
    for index, (name, column) in enumerate(lines.items()):
        colour = (FIRST, SECOND)[index]
        points = [at(epoch, value) for epoch, value in zip(epochs, column, strict=True)]
        if len(points) > 1:
            draw.line(points, fill=colour, width=2, joint="curve")
        # Many dots would hide the line.
        for x, y in points if len(points) < 25 else points[-1:]:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
        if len(lines) > 1:
            _text(draw, (right - 100 * (1 - index), 22), name, 13, "rm", colour)


def _ticks(low: float, high: float) -> tuple[float, float, float]:
    """Return a range a little wider and a round step (1, 2, 5 times a power of ten), about five."""
    raw = max(high - low, abs(high) * 1e-3, 1e-9) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= raw)
    return low - step * 0.1, high + step * 0.1, step


def _sheet(
    tiles: Sequence[Image.Image], captions: Sequence[str], columns: int, foot: int = 0
) -> Image.Image:
    columns = min(columns, len(tiles))
    width, height = tiles[0].width + 14, tiles[0].height + 32
    rows = -(-len(tiles) // columns)
    sheet = _blank(columns * width + 14, rows * height + 14 + foot)
    draw = _draw(sheet)
    for index, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        x, y = 14 + index % columns * width, 14 + index // columns * height
        sheet.paste(tile, (x, y))
        draw.rectangle((x - 1, y - 1, x + tile.width, y + tile.height), outline=GRID)
        _text(draw, (x + tile.width / 2, y + tile.height + 5), caption, 14, "ma")
    return sheet


def _enlarged(colours: Array, times: int) -> Image.Image:
    from PIL import Image

    # Repeated pixels stay sharp; Pillow's resize would blur them by default.
    large = colours.repeat(times, axis=0).repeat(times, axis=1)
    return Image.fromarray(np.ascontiguousarray(large))


def _blank(width: int, height: int) -> Image.Image:
    from PIL import Image

    return Image.new("RGB", (width, height), PAPER)


def _draw(image: Image.Image) -> ImageDraw.ImageDraw:
    from PIL import ImageDraw

    return ImageDraw.Draw(image)


def _text(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    anchor: str,
    colour: Colour = INK,
) -> None:
    draw.text(place, text, fill=colour, font=_font(size, text.isascii()), anchor=anchor)


@cache
def _font(size: int, plain: bool) -> Font | None:
    from PIL import ImageFont

    # Plain letters come from Pillow's own font: the same image on every machine.
    name = None if plain else _hangul_font()
    return ImageFont.load_default(size) if name is None else ImageFont.truetype(name, size)


@cache
def _hangul_font() -> str | None:
    from PIL import ImageFont

    for name in HANGUL_FONTS:
        with suppress(OSError):
            ImageFont.truetype(name, 12)
            return name
    return None
