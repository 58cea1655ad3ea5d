"""Image augmentation: shift, rotation, scale, elastic distortion and noise."""

from __future__ import annotations

import math

import numpy as np

from pellucid.core.draws import Draws
from pellucid.core.ranges import number
from pellucid.core.types import Array
from pellucid.errors import InputError, Message

# Distortions draw from streams of their own, four for each place in a `Compose`.
_STREAM = 1 << 43
_MOVES, _WAVES, _RADIUS, _ANGLE = range(4)


class Distortion:
    """Shift, rotate, scale and bend images at random, as handwriting varies, and add noise.

    Elastic distortion is Simard, Steinkraus and Platt's ("Best practices for convolutional neural
    networks applied to visual document analysis", ICDAR 2003): every pixel is displaced by a random
    number in each direction, smoothed by a Gaussian and scaled. All displacements are added up and
    the image is sampled once (bilinear, in float32), with 0 outside. Whole numbers (bytes) become
    float32. The defaults are 0 and change nothing. For brightness, see `Brightness`.

    Parameters
    ----------
    shift
        Largest shift in each direction, in pixels.
    rotation
        Largest rotation in either direction, in degrees.
    scale
        Largest growth or shrinkage, in each direction by itself, as a share below 1: 0.15 is 15 %.
    elastic, smoothness
        Strength of the elastic displacement, and the Gaussian's standard deviation, in pixels
        (Simard: 34 and 4).
    noise
        Standard deviation of normal noise, in the inputs' own units (bytes go to 255). Sums are not
        clipped to black and white.
    shape
        Height and width of an image; rows are (N, height, width) or (N, height * width). Default:
        (28, 28).

    Raises InputError for settings out of their range, and for rows that are no images of that
    shape.

    >>> import pellucid as pl
    >>> pl.Distortion(shift=1, rotation=10, elastic=34)
    Distortion(shift=1.0, rotation=10.0, elastic=34.0)
    """

    def __init__(
        self,
        shift: float = 0.0,
        rotation: float = 0.0,
        scale: float = 0.0,
        elastic: float = 0.0,
        smoothness: float = 4.0,
        noise: float = 0.0,
        shape: tuple[int, int] = (28, 28),
    ) -> None:
        self.shift, self.rotation = _within("shift", shift), _within("rotation", rotation)
        self.scale = _within("scale", scale, most=0.95)  # at 1, an image could shrink to nothing
        self.elastic, self.noise = _within("elastic", elastic), _within("noise", noise)
        self.smoothness = _within("smoothness", smoothness, 0.1, 100)
        self.shape = _image_shape(shape)
        self._smoothing = [_gaussian(size, self.smoothness) for size in self.shape]

    def __call__(self, x: Array, draws: Draws) -> Array:
        h, w = self.shape
        if x.shape[1:] not in ((h, w), (h * w,)):
            template = (
                "Distortion expects images of {h} x {w} values, got rows of shape {got}; pass "
                "another size as shape=(height, width)"
            )
            raise InputError(template, h=h, w=w, got=x.shape[1:])
        y = x if x.dtype.kind == "f" else x.astype(np.float32)
        if self.shift or self.rotation or self.scale or self.elastic:
            images = y.reshape(-1, h, w).astype(np.float32, copy=False)
            moved = _bilinear(images, self._places(len(x), draws))
            y = moved.astype(y.dtype, copy=False).reshape(x.shape)
        if self.noise:
            y = y + (self.noise * _normal(draws, len(x), h * w)).astype(y.dtype).reshape(x.shape)
        return y

    def __repr__(self) -> str:
        usual = {"smoothness": 4.0, "shape": (28, 28)}
        settings = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        changed = [name for name, value in settings.items() if value != usual.get(name, 0.0)]
        return f"Distortion({', '.join(f'{name}={settings[name]!r}' for name in changed)})"

    def _places(self, N: int, draws: Draws) -> Array:
        """Return where each pixel of each row is sampled: y and x in pixels, (2, N, h, w)."""
        h, w = self.shape
        drawn = _uniform(draws, _MOVES, N, 5)[:, :, None, None]
        # An image shifted down by 1 is sampled 1 further up: each movement is undone, in reverse
        # order.
        grid = np.mgrid[0:h, 0:w].astype(np.float32)
        centre_y, centre_x = np.float32((h - 1) / 2), np.float32((w - 1) / 2)
        y = grid[0] - centre_y - self.shift * drawn[:, 0]
        x = grid[1] - centre_x - self.shift * drawn[:, 1]
        turn = np.float32(math.radians(self.rotation)) * drawn[:, 2]
        cos, sin = np.cos(turn), np.sin(turn)
        places = np.empty((2, N, h, w), np.float32)
        places[0] = (cos * y - sin * x) / (1 + self.scale * drawn[:, 3]) + centre_y
        places[1] = (sin * y + cos * x) / (1 + self.scale * drawn[:, 4]) + centre_x
        if self.elastic:
            waves = _uniform(draws, _WAVES, N, 2 * h * w).reshape(N, 2, h, w)
            smooth = self._smoothing[0] @ waves @ self._smoothing[1]
            places += self.elastic * smooth.swapaxes(0, 1)
        return places


def _bilinear(images: Array, places: Array) -> Array:
    """Sample (N, h, w) images at places (2, N, h, w) between their pixels, with 0 outside."""
    N, h, w = images.shape
    # With a frame of zeros, two wide, every place can be cut to one whose four neighbours exist.
    framed = np.zeros((N, h + 4, w + 4), np.float32)
    framed[:, 2:-2, 2:-2] = images
    y = np.clip(places[0] + 2, 0, h + 2)
    x = np.clip(places[1] + 2, 0, w + 2)
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top, x - left
    first = np.arange(N)[:, None, None] * ((h + 4) * (w + 4)) + top * (w + 4) + left
    flat = framed.reshape(-1)
    upper = flat[first] * (1 - right) + flat[first + 1] * right
    lower = flat[first + w + 4] * (1 - right) + flat[first + w + 5] * right
    return upper * (1 - down) + lower * down


def _gaussian(size: int, std: float) -> Array:
    """Return the (size, size) matrix that smooths a line by a normalised Gaussian, 0 outside."""
    distance = np.arange(size)[:, None] - np.arange(size)
    # Beyond 4 standard deviations a Gaussian adds less than float32 resolves.
    reach = np.arange(-math.ceil(4 * std), math.ceil(4 * std) + 1)
    total = np.exp(-0.5 * (reach / std) ** 2).sum()
    return (np.exp(-0.5 * (distance / std) ** 2) / total).astype(np.float32)


def _uniform(draws: Draws, stream: int, N: int, H: int) -> Array:
    """Draw an (N, H) array uniformly from -1 to 1, float32."""
    return (2 * _stream(draws, stream).uniform(N, H) - 1).astype(np.float32)


def _normal(draws: Draws, N: int, H: int) -> Array:
    """Draw an (N, H) array of normal numbers (Box and Muller 1958), float64."""
    # 1 - u is never 0, so its logarithm is finite.
    radius = np.sqrt(-2 * np.log(1 - _stream(draws, _RADIUS).uniform(N, H)))
    return radius * np.cos(2 * math.pi * _stream(draws, _ANGLE).uniform(N, H))


def _stream(draws: Draws, number: int) -> Draws:
    return draws._replace(layer=_STREAM + 4 * draws.layer + number)


def _within(name: str, value: object, least: float = 0.0, most: float = math.inf) -> float:
    found = number(value)
    if not (least <= found <= most and math.isfinite(found)):
        if most == math.inf:
            limits = Message("must be a finite number of {least} or more", least=f"{least:g}")
        else:
            limits = Message("must be in [{least}, {most}]", least=f"{least:g}", most=f"{most:g}")
        template = "Distortion: {name} {limits}, got {got}"
        raise InputError(template, name=name, limits=limits, got=repr(value))
    return found


def _image_shape(shape: tuple[int, int]) -> tuple[int, int]:
    sizes = tuple(shape)
    if len(sizes) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in sizes):
        raise InputError(
            "Distortion: shape is (height, width) in pixels, such as (28, 28), not {got}", got=shape
        )
    return int(sizes[0]), int(sizes[1])
