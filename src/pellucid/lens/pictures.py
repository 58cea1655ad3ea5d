"""Pictures of what is in a network, drawn with Pillow, and pictures as text for terminals. Arrays
in, pictures out.

Labels are digits and short English words; a class name of other letters is drawn where a font with
Hangul is installed, and stands as its index where none is: never as empty boxes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import InputError

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

PAPER, INK, FAINT, GRID = (255, 255, 255), (32, 32, 32), (110, 110, 110), (225, 225, 225)

# Blue for positive, red for negative: the ends of ColorBrewer's RdBu (Brewer 2003), told apart by
# colour-blind people.
NEGATIVE, POSITIVE = np.array([178.0, 24, 43]), np.array([33.0, 102, 172])
FIRST, SECOND = (33, 102, 172), (230, 97, 1)  # two curves: blue and orange, for the same reason

HANGUL_FONTS = (
    *(
        "NanumGothic.ttf",
        "NotoSansKR-Regular.ttf",
        "NotoSansKR-Regular.otf",
        "NotoSansCJK-Regular.ttc",
    ),
    *("malgun.ttf", "AppleSDGothicNeo.ttc", "UnDotum.ttf"),
)


def as_bytes(x: Array) -> Array:
    """Give grey levels 0 to 255 for a picture of bytes or of numbers from 0 to 1."""
    if x.dtype.kind != "f" or float(x.max()) > 1:
        return np.clip(x, 0, 255).astype(np.uint8)
    return (255 * np.clip(x, 0, 1)).astype(np.uint8)


def diverging(values: Array, largest: float) -> Array:
    """Give colours (..., 3) uint8 for numbers.

    White for 0, blue for `largest`, red for -`largest`.
    """
    share = np.clip(np.asarray(values, np.float64) / max(largest, 1e-12), -1, 1)[..., None]
    ends = np.where(share < 0, NEGATIVE, POSITIVE)
    return (255 + (ends - 255) * np.abs(share)).round().astype(np.uint8)


def weights_picture(W: Array, shape: tuple[int, int] = (28, 28), columns: int = 8) -> Image.Image:
    """Draw each neuron's incoming weights W, (D, H), as a picture of `shape`; one scale for all,
    with its legend.

    Raises InputError when D is not the number of pixels of `shape`.
    """
    if W.ndim != 2 or len(W) != math.prod(shape):
        raise InputError(
            "expected weights for {D} pixels, got shape {got}", D=math.prod(shape), got=W.shape
        )
    largest = float(np.quantile(np.abs(W), 0.99))
    tiles = [_enlarged(diverging(W[:, j].reshape(shape), largest), 4) for j in range(W.shape[1])]
    sheet = _sheet(tiles, [str(j) for j in range(len(tiles))], columns, foot=44)
    draw = _draw(sheet)
    ramp = _enlarged(diverging(np.linspace(-largest, largest, 129)[None], largest), 2).resize(
        (258, 12)
    )
    x, y = (sheet.width - ramp.width) // 2, sheet.height - 40
    sheet.paste(ramp, (x, y))
    draw.rectangle((x - 1, y - 1, x + ramp.width, y + ramp.height), outline=FAINT)
    # A few weights at the rim are far larger than the others: all beyond the scale's ends have its
    # last colour.
    for place, text in ((0, f"< -{largest:.2f}"), (0.5, "0"), (1, f"> +{largest:.2f}")):
        _text(draw, (x + place * ramp.width, y + 16), text, 13, "ma", FAINT)
    return sheet


def gallery(
    images: Sequence[Array], captions: Sequence[str], legend: str = "", columns: int = 8
) -> Image.Image:
    """Draw pictures, (H, W) uint8 each, side by side, each with its caption, and a legend for all
    below.
    """
    if not len(images):
        raise InputError("a gallery needs at least one picture")
    tiles = [_enlarged(np.repeat(as_bytes(image)[..., None], 3, axis=2), 3) for image in images]
    sheet = _sheet(tiles, captions, columns, foot=24 if legend else 0)
    if legend:
        _text(_draw(sheet), (sheet.width / 2, sheet.height - 14), legend, 13, "ms", FAINT)
    return sheet


def confusion_picture(matrix: Array, names: Sequence[str]) -> Image.Image:
    """Draw a confusion matrix (K, K): rows are what it is, columns what it was read as, each with
    its count.

    The diagonal is blue by its share of the row, errors are red by the root of theirs, so that few
    are seen as well.
    """
    K = len(matrix)
    side = 52 if K <= 12 else 30
    left, top = 96, 76
    sheet = _blank(left + K * side + 20, top + K * side + 20)
    draw = _draw(sheet)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    signed = np.where(np.eye(K, dtype=bool), shares, -np.minimum(2 * np.sqrt(shares), 1))
    for i in range(K):
        _text(draw, (left - 10, top + (i + 0.5) * side), label(names[i], i), 16, "rm")
        _text(draw, (left + (i + 0.5) * side, top - 8), label(names[i], i), 16, "ms")
        for j in range(K):
            box = (
                left + j * side,
                top + i * side,
                left + (j + 1) * side - 2,
                top + (i + 1) * side - 2,
            )
            fill = tuple(int(part) for part in diverging(0.8 * signed[i, j], 1))
            draw.rectangle(box, fill=fill if matrix[i, j] else (248, 248, 248))
            if matrix[i, j]:
                colour = PAPER if abs(signed[i, j]) > 0.6 else INK
                middle = (left + (j + 0.5) * side - 1, top + (i + 0.5) * side - 1)
                _text(draw, middle, str(int(matrix[i, j])), 15 if K <= 12 else 10, "mm", colour)
    _text(draw, (left + K * side / 2, 24), "read as", 16, "mm", FAINT)
    upright = _blank(110, 24)
    _text(_draw(upright), (55, 12), "true class", 16, "mm", FAINT)
    sheet.paste(upright.rotate(90, expand=True), (18, top + K * side // 2 - 55))
    return sheet


def curves_picture(records: Sequence[dict[str, float]]) -> Image.Image:
    """Draw the columns of a history, a panel for loss and one for accuracy, by epoch.

    Validation is orange.
    """
    if not records:
        raise InputError("curves need at least one epoch")
    names = [name for name in ("loss", "accuracy") if name in records[0]]
    sheet = _blank(460 * len(names), 340)
    for index, name in enumerate(names):
        lines = [(name, FIRST), (f"validation_{name}", SECOND)]
        shown = [
            ([record[key] for record in records], colour)
            for key, colour in lines
            if key in records[0]
        ]
        _panel(_draw(sheet), 460 * index, name, [record["epoch"] for record in records], shown)
    return sheet


def terminal_picture(picture: Array, colours: int = 0, blocks: bool = True) -> list[str]:
    """Give a picture (H, W) uint8 as lines of text, W columns wide and half as many lines as H.

    `colours` is how many the terminal shows: 0, 256 or more. Without colours, half blocks tell ink
    from none; without `blocks` (a terminal that knows ASCII only) characters of different darkness
    do.
    """
    if len(picture) % 2:
        picture = np.concatenate([picture, picture[:1] * 0])
    pairs = list(zip(picture[::2].tolist(), picture[1::2].tolist(), strict=True))
    if not blocks:
        ramp = " .:-=+*#%@"
        return [
            "".join(ramp[(a + b) * 9 // 510] for a, b in zip(*pair, strict=True)) for pair in pairs
        ]
    if not colours:
        return [
            "".join(" ▀▄█"[(a > 96) + 2 * (b > 96)] for a, b in zip(*pair, strict=True))
            for pair in pairs
        ]
    tone = _true_grey if colours > 256 else _grey_of_256
    return [
        "".join(f"\x1b[38;{tone(a)};48;{tone(b)}m▀" for a, b in zip(*pair, strict=True)) + "\x1b[0m"
        for pair in pairs
    ]


def label(name: str, index: int) -> str:
    """Give a class name as it can be drawn here.

    The name, or its index where no font has its letters.
    """
    return name if name.isascii() or _hangul_font() is not None else str(index)


def _true_grey(level: int) -> str:
    return f"2;{level};{level};{level}"


def _grey_of_256(level: int) -> str:
    return f"5;{232 + level * 23 // 255}" if level else "5;16"


def _panel(
    draw: ImageDraw.ImageDraw,
    start: int,
    name: str,
    epochs: list[float],
    lines: list[tuple[list[float], Any]],
) -> None:
    left, top, right, bottom = start + 64, 44, start + 440, 290
    values = [value for column, _ in lines for value in column]
    low, high, step = _ticks(min(values), max(values))
    low, high = low - step * 0.1, high + step * 0.1
    span = max(epochs[-1] - epochs[0], 1)

    def at(epoch: float, value: float) -> tuple[float, float]:
        return left + (epoch - epochs[0]) / span * (right - left), bottom - (value - low) / (
            high - low
        ) * (bottom - top)

    for number in np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step:
        y = at(epochs[0], float(number))[1]
        draw.line((left, y, right, y), fill=GRID)
        text = f"{number:.1%}" if name == "accuracy" else f"{number:.4g}"
        _text(draw, (left - 8, y), text, 13, "rm", FAINT)
    for epoch in sorted({epochs[0], epochs[len(epochs) // 2], epochs[-1]}):
        _text(draw, (at(epoch, low)[0], bottom + 8), f"{epoch:g}", 13, "ma", FAINT)
    _text(draw, ((left + right) / 2, bottom + 28), "epoch", 13, "ma", FAINT)
    _text(draw, (left, 22), name, 16, "lm")
    for index, (column, colour) in enumerate(lines):
        points = [at(epoch, value) for epoch, value in zip(epochs, column, strict=True)]
        if len(points) > 1:
            draw.line(points, fill=colour, width=2, joint="curve")
        for x, y in points if len(points) < 25 else points[-1:]:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
        if len(lines) > 1:
            _text(
                draw,
                (right - 100 * (1 - index), 22),
                ("training", "validation")[index],
                13,
                "rm",
                colour,
            )


def _ticks(low: float, high: float) -> tuple[float, float, float]:
    """Give the range and a round step (1, 2 or 5 times a power of ten) with about five of them in
    it.
    """
    raw = max(high - low, abs(high) * 1e-3, 1e-9) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= raw)
    return low, high, step


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

    return Image.fromarray(
        np.ascontiguousarray(colours.repeat(times, axis=0).repeat(times, axis=1))
    )


def _blank(width: int, height: int) -> Image.Image:
    from PIL import Image

    return Image.new("RGB", (width, height), PAPER)


def _draw(picture: Image.Image) -> ImageDraw.ImageDraw:
    from PIL import ImageDraw

    return ImageDraw.Draw(picture)


def _text(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    anchor: str,
    colour: Any = INK,
) -> None:
    draw.text(place, text, fill=colour, font=_font(size, text.isascii()), anchor=anchor)


@cache
def _font(size: int, plain: bool) -> Any:
    from PIL import ImageFont

    name = None if plain else _hangul_font()
    return ImageFont.load_default(size) if name is None else ImageFont.truetype(name, size)


@cache
def _hangul_font() -> str | None:
    from PIL import ImageFont

    for name in HANGUL_FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None
