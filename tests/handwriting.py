"""Digits that are not MNIST's, made from a seed: pen strokes, fonts, and photographs of pen
strokes.

They stand for what people will show the network. Shapes come from how people write (a 1 with or
without its flag, an open or a closed 4, a 7 with its bar, ...), and nothing here looks at a network
or at MNIST. A test asks `strokes`, `fonts` or `photographs` for samples; `python
tests/handwriting.py FOLDER` writes them as files to look at.

Needs Pillow and, for `fonts`, the packages of `FONT_PACKAGES`, which pip installs.
"""

from __future__ import annotations

import importlib.util
import io
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZES = (40, 2000)
"""The smallest and the largest side of a picture in pixels.

Sizes between are spread evenly by their logarithm.
"""

FONT_PACKAGES = {
    "font_amatic_sc": ("AmaticSC-Regular.ttf", "AmaticSC-Bold.ttf"),  # hand-drawn, very narrow
    "font_intuitive": ("Intuitive.ttf",),  # hand-drawn
    "font_fredoka_one": ("FredokaOne-Regular.ttf",),  # fat and round
    "font_caladea": (
        "Caladea-Regular.ttf",
        "Caladea-Italic.ttf",
        "Caladea-Bold.ttf",
    ),  # a book face with serifs
    "font_hanken_grotesk": (
        "HankenGrotesk-Light.otf",
        "HankenGrotesk-Bold.otf",
    ),  # plain, thin and fat
}

# One pen stroke is a list of points (x, y) in a box one high, y downwards; a curve runs smoothly
# through them. A point given twice is a corner. A digit is a list of strokes; each digit has
# several ways of being written.
_LOOP = [(0.50, 0.16), (0.30, 0.01), (0.07, 0.20), (0.20, 0.46), (0.42, 0.38), (0.50, 0.16)]
_BELLY = [
    (0.10, 0.43),
    (0.10, 0.43),
    (0.34, 0.36),
    (0.56, 0.58),
    (0.50, 0.88),
    (0.25, 1.0),
    (0.03, 0.90),
]
SHAPES: dict[int, list[list[list[tuple[float, float]]]]] = {
    0: [
        [[(0.30, 0.0), (0.08, 0.22), (0.05, 0.66), (0.26, 1.0), (0.48, 0.76), (0.50, 0.28),
          (0.30, 0.0)]],
        [[(0.42, 0.02), (0.12, 0.14), (0.0, 0.55), (0.22, 0.97), (0.55, 0.90), (0.70, 0.45),
          (0.50, 0.05),
          (0.30, 0.06)]],
        [[(0.40, 0.05), (0.18, 0.05), (0.03, 0.45), (0.15, 0.93), (0.40, 0.98), (0.57, 0.55),
          (0.45, 0.08)]],
    ],
    1: [
        [[(0.30, 0.0), (0.29, 0.5), (0.30, 1.0)]],
        [[(0.10, 0.24), (0.32, 0.0), (0.32, 0.0), (0.31, 0.5), (0.32, 1.0)]],
        [[(0.12, 0.22), (0.30, 0.0), (0.30, 0.0), (0.30, 1.0)], [(0.08, 1.0), (0.54, 0.99)]],
    ],
    2: [
        [[(0.05, 0.25), (0.15, 0.06), (0.35, 0.0), (0.54, 0.14), (0.50, 0.38), (0.28, 0.70),
          (0.03, 0.97),
          (0.03, 0.97), (0.60, 0.96)]],
        [[(0.06, 0.20), (0.25, 0.0), (0.52, 0.10), (0.50, 0.38), (0.28, 0.76), (0.10, 0.95),
          (0.03, 0.84),
          (0.18, 0.80),
          (0.38, 0.95), (0.62, 0.92)]],
        [[(0.08, 0.12), (0.32, 0.0), (0.52, 0.20), (0.40, 0.55), (0.06, 0.96), (0.06, 0.96),
          (0.30, 0.93),
          (0.58, 1.0)]],
    ],
    3: [
        [[(0.08, 0.12), (0.30, 0.0), (0.52, 0.15), (0.44, 0.38), (0.22, 0.46), (0.22, 0.46),
          (0.48, 0.54),
          (0.56, 0.77),
          (0.34, 1.0), (0.03, 0.88)]],
        [[(0.05, 0.02), (0.52, 0.0), (0.52, 0.0), (0.24, 0.40), (0.24, 0.40), (0.50, 0.50),
          (0.55, 0.80),
          (0.30, 1.0),
          (0.02, 0.90)]],
        [[(0.10, 0.08), (0.34, 0.0), (0.50, 0.18), (0.36, 0.42), (0.28, 0.46), (0.44, 0.50),
          (0.56, 0.74),
          (0.38, 0.98),
          (0.05, 0.94)]],
    ],
    4: [
        [[(0.14, 0.0), (0.05, 0.56), (0.05, 0.56), (0.60, 0.54)], [(0.46, 0.18), (0.43, 1.0)]],
        [[(0.44, 0.0), (0.02, 0.64), (0.02, 0.64), (0.62, 0.63)], [(0.44, 0.0), (0.43, 1.0)]],
        [[(0.10, 0.02), (0.07, 0.38), (0.20, 0.52), (0.50, 0.46)], [(0.52, 0.0), (0.50, 0.5),
          (0.46, 1.0)]],
        [[(0.43, 1.0), (0.45, 0.0), (0.45, 0.0), (0.02, 0.60), (0.02, 0.60), (0.62, 0.61)]],
    ],
    5: [
        [[(0.13, 0.0), *_BELLY], [(0.13, 0.0), (0.54, 0.01)]],
        [[(0.54, 0.0), (0.14, 0.02), (0.14, 0.02), *_BELLY]],
        [[(0.52, 0.02), (0.20, 0.03), (0.12, 0.36), (0.36, 0.42), (0.52, 0.68), (0.36, 0.96),
          (0.04, 0.94)]],
    ],
    6: [
        [[(0.48, 0.02), (0.20, 0.25), (0.05, 0.64), (0.16, 0.95), (0.40, 0.97), (0.53, 0.77),
          (0.40, 0.56), (0.18, 0.60),
          (0.07, 0.76)]],
        [[(0.34, 0.0), (0.14, 0.45), (0.05, 0.76), (0.20, 0.99), (0.44, 0.90), (0.48, 0.66),
          (0.28, 0.55),
          (0.08, 0.72)]],
        [[(0.22, 0.0), (0.07, 0.40), (0.08, 0.85), (0.32, 1.0), (0.52, 0.80), (0.40, 0.58),
          (0.12, 0.66)]],
    ],
    7: [
        [[(0.03, 0.03), (0.56, 0.0), (0.56, 0.0), (0.22, 1.0)]],
        [[(0.03, 0.03), (0.56, 0.0), (0.56, 0.0), (0.22, 1.0)], [(0.16, 0.50), (0.56, 0.47)]],
        [[(0.06, 0.18), (0.05, 0.02), (0.05, 0.02), (0.56, 0.02), (0.56, 0.02), (0.36, 0.45),
          (0.30, 1.0)]],
        [[(0.03, 0.06), (0.28, 0.04), (0.55, 0.0), (0.55, 0.0), (0.38, 0.40),
          (0.28, 1.0)], [(0.18, 0.52),
          (0.52, 0.50)]],
    ],
    8: [
        [[(0.48, 0.13), (0.28, 0.0), (0.09, 0.17), (0.22, 0.40), (0.44, 0.58), (0.52, 0.80),
          (0.28, 1.0),
          (0.05, 0.81),
          (0.16, 0.58), (0.40, 0.38), (0.48, 0.13)]],
        [[(0.28, 0.0), (0.08, 0.20), (0.28, 0.45), (0.48, 0.20), (0.28, 0.0)],
         [(0.28, 0.45), (0.03, 0.72), (0.28, 1.0), (0.54, 0.72), (0.28, 0.45)]],
        [[(0.52, 0.06), (0.24, 0.02), (0.12, 0.20), (0.34, 0.48), (0.48, 0.78), (0.26, 1.0),
          (0.06, 0.80),
          (0.30, 0.46),
          (0.56, 0.10)]],
    ],
    9: [
        [[*_LOOP, (0.50, 0.16), (0.48, 0.55), (0.46, 1.0)]],
        [[*_LOOP, (0.50, 0.16), (0.51, 0.60), (0.36, 0.96), (0.07, 0.92)]],
        [[*_LOOP, (0.50, 0.16), (0.42, 0.60), (0.24, 1.0)]],
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One picture as a file holds it, and the digit it shows."""

    label: int
    name: str
    content: bytes

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        path.write_bytes(self.content)
        return path


def strokes(n: int = 200, seed: int = 0) -> list[Sample]:
    """Draw digits with pens of many widths, off-centre, in both polarities, as PNG."""
    return [_sample("strokes", k, seed, _plain_stroke) for k in range(n)]


def photographs(n: int = 200, seed: int = 0) -> list[Sample]:
    """Draw digits on paper or a board and photograph them.

    Uneven light, shadow, tilt, blur, noise, as JPEG.
    """
    return [_sample("photographs", k, seed, _photograph) for k in range(n)]


def fonts(n: int = 200, seed: int = 0) -> list[Sample]:
    """Set digits in hand-drawn and printed fonts, as PNG."""
    files = [
        None,
        *(file for package, names in FONT_PACKAGES.items() for file in _font_files(package, names)),
    ]

    def draw(k: int) -> Any:
        # The digit changes fastest, the font only after ten, so that every digit meets every font.
        return lambda label, rng: _printed(label, rng, files[k // 10 % len(files)])

    return [_sample("fonts", k, seed, draw(k)) for k in range(n)]


SOURCES = {"strokes": strokes, "fonts": fonts, "photographs": photographs}


def _sample(source: Any, k: Any, seed: Any, draw: Any) -> Sample:
    rng = np.random.default_rng([seed, sorted(SOURCES).index(source), k])
    label = k % 10
    picture = draw(label, rng)
    buffer = io.BytesIO()
    if source == "photographs":
        picture.save(buffer, "JPEG", quality=int(rng.integers(40, 93)))
    else:
        picture.save(buffer, "PNG", compress_level=1)
    return Sample(
        label, f"{k:04d}-{label}.{'jpg' if source == 'photographs' else 'png'}", buffer.getvalue()
    )


def _size(rng: Any) -> int:
    return round(math.exp(rng.uniform(*map(math.log, SIZES))))


def _curve(points: Any) -> np.ndarray:
    """Run a Catmull-Rom curve through the points, cut at corners; gives (M, 2)."""
    pieces, start = [], 0
    corners = [
        i
        for i in range(len(points) - 1)
        if points[i] is points[i + 1] or tuple(points[i]) == tuple(points[i + 1])
    ]
    for end in [*corners, len(points) - 1]:
        piece = np.array(points[start : end + 1], float)
        padded = np.vstack([2 * piece[0] - piece[1], piece, 2 * piece[-1] - piece[-2]])
        s = np.linspace(0, 1, 24)[:, None]
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
            pieces.append(
                0.5
                * (
                    2 * b
                    + (c - a) * s
                    + (2 * a - 5 * b + 4 * c - d) * s**2
                    + (3 * b - a - 3 * c + d) * s**3
                )
            )
        start = end + 1
    return np.vstack(pieces)


def _written(label: int, rng: Any, tilt: float) -> list[np.ndarray]:
    """Write one digit by one hand: its shape, shaken, slanted, stretched and turned.

    Within (0, 0) and (w, 1).
    """
    shape = SHAPES[label][rng.integers(len(SHAPES[label]))]
    shake = rng.uniform(0.005, 0.03)
    moved: dict[
        tuple[float, float], np.ndarray
    ] = {}  # strokes that meet in a point still meet when it is shaken
    lines = []
    for stroke in shape:
        for point in stroke:
            moved.setdefault(point, np.array(point) + rng.normal(0, shake, 2))
        lines.append(_curve([moved[point] for point in stroke]))
    angle = rng.normal(0, tilt)
    slant, stretch = rng.normal(0.12, 0.14), rng.uniform(0.8, 1.25)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    lines = [line @ np.array([[stretch, 0], [-slant, 1]]) @ turn for line in lines]
    low = np.vstack(lines).min(0)
    height = np.ptp(np.vstack(lines)[:, 1])
    return [(line - low) / height for line in lines]


def _mask(label: int, rng: Any, size: int, tilt: float) -> np.ndarray:
    """Draw a digit off-centre with a pen of some width: (size, size), 0 paper to 1 ink."""
    lines = _written(label, rng, tilt)
    width = np.vstack(lines)[:, 0].max()
    pen = math.exp(
        rng.uniform(math.log(0.03), math.log(0.15))
    )  # of the digit's height: from a fine biro to a marker
    scale = rng.uniform(0.4, 0.9) / max(1, width) / (1 + pen)
    fine = max(
        1, round(800 / size)
    )  # small pictures are drawn larger and reduced, for smooth edges
    room = (1 - scale * (np.array([width, 1]) + pen)).clip(0)
    offset = (0.5 + rng.uniform(-0.35, 0.35, 2)) * room + scale * pen / 2
    radius = max(scale * pen * size, 1.2) * fine / 2
    image = Image.new("L", (size * fine, size * fine))
    draw = ImageDraw.Draw(image)
    for line in lines:
        places = (offset + scale * line) * size * fine
        # A hand presses unevenly: the line swells and thins slowly along its way.
        swell = 1 + rng.uniform(0, 0.2) * np.sin(
            np.linspace(0, rng.uniform(2, 8), len(places)) + rng.uniform(0, 6)
        )
        steps = max(2, int(np.abs(np.diff(places, axis=0)).sum() / max(0.35 * radius, 1)))
        along = np.linspace(0, len(places) - 1, steps)
        index = np.arange(len(places))
        dots = [
            np.interp(along, index, column)
            for column in (places[:, 0], places[:, 1], radius * swell)
        ]
        for x, y, r in zip(*dots, strict=True):
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX), float) / 255


def _plain_stroke(label: int, rng: Any) -> Image.Image:
    mask = _mask(label, rng, _size(rng), tilt=0.06)
    paper, ink = rng.uniform(215, 255), rng.uniform(0, 110)
    if rng.random() < 0.3:
        paper, ink = 255 - paper, 255 - ink
    return Image.fromarray((paper + (ink - paper) * mask).round().astype(np.uint8))


def _photograph(label: int, rng: Any) -> Image.Image:
    size = _size(rng)
    mask = _mask(label, rng, size, tilt=0.14)
    paper, ink = rng.uniform(0.65, 0.95), rng.uniform(0.08, 0.4)
    if rng.random() < 0.25:  # chalk on a board
        paper, ink = rng.uniform(0.12, 0.3), rng.uniform(0.7, 0.95)
    texture = _smooth(rng.normal(0, 1, (size, size)), size / 300) * 0.02
    surface = paper * (1 + texture)
    if rng.random() < 0.15 and paper > ink:
        surface = _ruled(surface, rng, size)
    if rng.random() < 0.12:
        surface = _on_a_table(surface, rng, size)
    seen = (surface + (ink - surface) * mask) * _light(rng, size)
    image = Image.fromarray((255 * seen).clip(0, 255).astype(np.uint8))
    image = image.filter(
        ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8) + rng.uniform(0, 0.006) * size)
    )
    grey = np.asarray(image, float) + rng.normal(0, rng.uniform(1, 8), (size, size))
    tint = rng.uniform(0.9, 1.0, 3)  # of the lamp
    return Image.fromarray((grey[..., None] * tint).clip(0, 255).astype(np.uint8))


def _light(rng: Any, size: int) -> np.ndarray:
    """Light falling off to one side and to the edges, and in half of the pictures the soft shadow
    of a hand.
    """
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    angle = rng.uniform(0, 2 * math.pi)
    light = (
        1
        + rng.uniform(0, 0.6) * (math.cos(angle) * x + math.sin(angle) * y)
        - rng.uniform(0, 0.5) * (x**2 + y**2)
    )
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * math.pi)
        distance = (
            math.cos(angle) * x
            + math.sin(angle) * y
            + 0.15 * np.sin(4 * x + 3 * y)
            - rng.uniform(-0.3, 0.3)
        )
        light = light * (
            1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-distance / rng.uniform(0.02, 0.15)))
        )
    return light * rng.uniform(0.75, 1.05)


def _ruled(surface: np.ndarray, rng: Any, size: int) -> np.ndarray:
    gap = rng.uniform(0.08, 0.2) * size
    place = (np.arange(size) + rng.uniform(0, gap)) % gap
    line = (place < max(1, 0.004 * size)) * rng.uniform(0.06, 0.18)
    squared = rng.random() < 0.5
    return surface * (1 - line[:, None]) * (1 - (line[None, :] if squared else 0))


def _on_a_table(surface: np.ndarray, rng: Any, size: int) -> np.ndarray:
    """Let the paper end a little before the picture does, on one side."""
    side = np.s_[: round(rng.uniform(0.02, 0.07) * size)]
    surface = surface.copy()
    surface[side] = rng.uniform(0.1, 0.5)
    return np.rot90(surface, rng.integers(4)).copy()


def _smooth(noise: np.ndarray, radius: float) -> np.ndarray:
    if radius < 0.5:
        return noise
    small = noise[:: math.ceil(radius), :: math.ceil(radius)]
    image = Image.fromarray(small.astype(np.float32)).resize(
        noise.shape[::-1], Image.Resampling.BILINEAR
    )
    return np.asarray(image, float)


def _font_files(package: str, names: tuple[str, ...]) -> list[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"{package}: pip install {package.replace('_', '-')} (see the test requirements)"
        )
    return [Path(spec.origin).parent / "files" / name for name in names]


def _printed(label: int, rng: Any, file: Path | None) -> Image.Image:
    size = _size(rng)
    height = rng.uniform(0.5, 0.95) * size
    font = ImageFont.load_default(height) if file is None else ImageFont.truetype(str(file), height)
    left, top, right, bottom = font.getbbox(str(label))
    room = np.array([size - (right - left), size - (bottom - top)])
    x, y = rng.uniform(0.1, 0.9, 2) * room - [left, top]
    mask = Image.new("L", (size, size))
    ImageDraw.Draw(mask).text((x, y), str(label), fill=255, font=font)
    paper, ink = rng.uniform(215, 255), rng.uniform(0, 80)
    if rng.random() < 0.3:
        paper, ink = ink, paper
    return Image.fromarray(
        (paper + (ink - paper) * (np.asarray(mask, float) / 255)).round().astype(np.uint8)
    )


if __name__ == "__main__":
    for source, make in SOURCES.items():
        folder = Path(sys.argv[1], source)
        folder.mkdir(parents=True, exist_ok=True)
        for sample in make():
            sample.write(folder)
