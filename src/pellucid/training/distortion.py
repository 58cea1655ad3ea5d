"""Distortions of pictures.

Shift, rotation, scale, elastic waves and noise, drawn anew for every row of every batch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.core.layer import Learning
from pellucid.core.settings import number
from pellucid.core.types import Array
from pellucid.errors import InputError, Message

_STREAM = (
    1 << 43
)  # its streams of random numbers, four for each place in an `InTurn`, are nobody else's
_MOVES, _WAVES, _RADIUS, _ANGLE = range(4)


class Distortion:
    """Move, turn, stretch and bend pictures a little, as hands do, and sprinkle noise over them.

    Elastic distortion is Simard, Steinkraus and Platt's ("Best practices for convolutional neural
    networks applied to visual document analysis", ICDAR 2003): every pixel is displaced by a random
    number in each direction, smoothed by a Gaussian and scaled. All displacements are added up and
    the picture is read once, between pixels (bilinear, in float32); what comes from outside is 0.
    Whole numbers (bytes) become float32. Everything is 0 by default: nothing changes. Brightness is
    a step of its own: `Brightness`.

    Parameters
    ----------
    shift
        Largest shift in each direction, in pixels.
    rotation
        Largest turn either way, in degrees.
    scale
        Largest growth or shrinkage, in each direction by itself, as a share below 1: 0.15 is 15 %.
    elastic, smoothness
        Strength of the elastic displacement, and the Gaussian's deviation, in pixels (Simard: 34
        and 4).
    noise
        Deviation of normal noise, in the inputs' own units (bytes go to 255). Sums are not cut off
        at black or white.
    shape
        Height and width of a picture; rows come as (N, height, width) or (N, height * width).
        Default: (28, 28).

    Raises InputError for settings out of their range, and for rows that are no pictures of that
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
        self.scale = _within(
            "scale", scale, most=0.95
        )  # a picture shrunk to nothing has no place to be read from
        self.elastic, self.noise = _within("elastic", elastic), _within("noise", noise)
        self.smoothness = _within("smoothness", smoothness, 0.1, 100)
        self.shape = _picture_shape(shape)
        self._smoothing = [_gaussian(size, self.smoothness) for size in self.shape]

    def __call__(self, x: Array, learning: Learning) -> Array:
        h, w = self.shape
        if x.shape[1:] not in ((h, w), (h * w,)):
            raise InputError(
                "Distortion expects pictures of {h} x {w} numbers, got rows of shape {got}; "
                "say another size as shape=(height, width)",
                h=h,
                w=w,
                got=x.shape[1:],
            )
        y = x if x.dtype.kind == "f" else x.astype(np.float32)
        if self.shift or self.rotation or self.scale or self.elastic:
            pictures = y.reshape(-1, h, w).astype(np.float32, copy=False)
            y = (
                _read_between(pictures, self._places(len(x), learning))
                .astype(y.dtype, copy=False)
                .reshape(x.shape)
            )
        if self.noise:
            y = y + (self.noise * _normal(learning, len(x), h * w)).astype(y.dtype).reshape(x.shape)
        return y

    def __repr__(self) -> str:
        usual = {"smoothness": 4.0, "shape": (28, 28)}
        settings = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        said = [
            f"{name}={value!r}" for name, value in settings.items() if value != usual.get(name, 0.0)
        ]
        return f"Distortion({', '.join(said)})"

    def _places(self, N: int, learning: Learning) -> Array:
        """Give where each pixel of each row is read from, (2, N, h, w).

        Its y and its x, in pixels.
        """
        h, w = self.shape
        drawn = _even(learning, _MOVES, N, 5)[:, :, None, None]
        # A picture that is moved down by 1 is read 1 further up: each movement is undone, in the
        # opposite order.
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
            waves = _even(learning, _WAVES, N, 2 * h * w).reshape(N, 2, h, w)
            places += self.elastic * (self._smoothing[0] @ waves @ self._smoothing[1]).swapaxes(
                0, 1
            )
        return places


def _read_between(pictures: Array, places: Array) -> Array:
    """Read (N, h, w) pictures at places (2, N, h, w) between their pixels; outside there is 0."""
    N, h, w = pictures.shape
    # With a frame of zeros, two wide, every place can be cut to one whose four neighbours exist.
    framed = np.zeros((N, h + 4, w + 4), np.float32)
    framed[:, 2:-2, 2:-2] = pictures
    y = np.clip(places[0] + 2, 0, h + 2)
    x = np.clip(places[1] + 2, 0, w + 2)
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top, x - left
    first = np.arange(N)[:, None, None] * ((h + 4) * (w + 4)) + top * (w + 4) + left
    flat = framed.reshape(-1)
    upper = flat[first] * (1 - right) + flat[first + 1] * right
    lower = flat[first + w + 4] * (1 - right) + flat[first + w + 5] * right
    return upper * (1 - down) + lower * down


def _gaussian(size: int, deviation: float) -> Array:
    """Give the (size, size) matrix that smooths a line by a normalised Gaussian.

    Beyond the line's ends there is 0.
    """
    distance = np.arange(size)[:, None] - np.arange(size)
    reach = np.arange(-math.ceil(4 * deviation), math.ceil(4 * deviation) + 1)
    total = np.exp(-0.5 * (reach / deviation) ** 2).sum()
    return (np.exp(-0.5 * (distance / deviation) ** 2) / total).astype(np.float32)


def _even(learning: Learning, stream: int, N: int, H: int) -> Array:
    """Draw an (N, H) array evenly from -1 to 1, float32."""
    return (2 * _stream(learning, stream).uniform(N, H) - 1).astype(np.float32)


def _normal(learning: Learning, N: int, H: int) -> Array:
    """Draw an (N, H) array of normal numbers (Box and Muller 1958), float64."""
    # 1 - u is never 0, so its logarithm is finite.
    radius = np.sqrt(-2 * np.log(1 - _stream(learning, _RADIUS).uniform(N, H)))
    return radius * np.cos(2 * math.pi * _stream(learning, _ANGLE).uniform(N, H))


def _stream(learning: Learning, number: int) -> Learning:
    return learning._replace(layer=_STREAM + 4 * learning.layer + number)


def _within(name: str, value: Any, least: float = 0.0, most: float = math.inf) -> float:
    found = number(value)
    if not (least <= found <= most and math.isfinite(found)):
        limits = {"least": f"{least:g}", "most": f"{most:g}"}
        if most == math.inf:
            text = Message(
                "Distortion: {name} is a finite number of {least} or more, not {got}",
                name=name,
                got=repr(value),
                **limits,
            )
        else:
            text = Message(
                "Distortion: {name} is a number from {least} to {most}, not {got}",
                name=name,
                got=repr(value),
                **limits,
            )
        raise InputError(text)
    return found


def _picture_shape(shape: Any) -> tuple[int, int]:
    sizes = tuple(shape)
    if len(sizes) != 2 or not all(
        isinstance(size, (int, np.integer)) and size > 0 for size in sizes
    ):
        raise InputError(
            "Distortion: shape is (height, width) in pixels, such as (28, 28), not {got}", got=shape
        )
    return int(sizes[0]), int(sizes[1])
