"""Reading an image file as grey levels, whatever is in it, within bounds of time and memory."""

from __future__ import annotations

import ctypes
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from pellucid.data.image_headers import JPEG, PNG, check_png, jpeg_scans, webp_size
from pellucid.errors import FileError, Message
from pellucid.files import limits
from pellucid.files.opening import open_file

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

KEPT_SIDE = 1024
"""Larger images may be reduced while decoding, but the longer side keeps at least as many pixels.
"""

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""Names of image files end with one of these, in upper or lower case."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
_TIFF = (b"II*\0", b"MM\0*")
_MAGIC = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", *_TIFF)  # WebP: "RIFF????WEBP"
_IMAGE = Message("an image")
_STRIP = 1 << 20  # pixels that are reduced at a time
_ORIENTATION = 0x0112  # of EXIF: how to turn the image so that it is upright
_TURNS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: np.fliplr,
    3: lambda grey: np.rot90(grey, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda grey: np.rot90(grey, -1),
    7: lambda grey: np.rot90(grey, 2).T,
    8: np.rot90,
}

# Pillow reports through Python's warnings, and silencing those is not safe in two threads at once
# (before Python 3.14).
_one_at_a_time = threading.Lock()


def looks_like_image(path: str | os.PathLike[str]) -> bool:
    """Return whether a file begins as PNG, JPEG, GIF, BMP, TIFF and WebP do.

    False where it cannot be read.
    """
    try:
        with open_file(path, _IMAGE) as file:
            return is_image(file.read(12))
    except OSError:
        return False


def is_image(start: bytes) -> bool:
    """Return whether a file with these first 12 bytes is such an image."""
    return start.startswith(_MAGIC) or start[8:] == b"WEBP"


def read_image(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read an image file (PNG, JPEG, BMP, GIF, WebP, TIFF) as grey levels.

    Returns (H, W) uint8, 0 black to 255 white, upright as the camera's orientation tag (EXIF) says.
    Colours become grey by ITU-R 601-2 luma; transparent pixels are white; of an animation or of
    several pages the first is read. Levels of 16 or 32 bits and floats are stretched so that the
    darkest is 0 and the lightest 255, unless they are whole numbers from 0 to 255 already. Images
    with a side of 2,048 pixels or more are reduced by a whole factor while decoding, the longer
    side to 1,024 or more, so that a photograph costs little more than a small image.

    Raises FileError, naming the file, when it is missing, a folder, empty, no image of these kinds,
    damaged, cut short, or larger than `files.limits` allow.
    """
    with open_file(path, _IMAGE) as file:
        return decode_image(file, os.fspath(path))


def decode_image(file: BinaryIO, name: str) -> NDArray[np.uint8]:
    """Read an open image file as `read_image` does; `name` is what errors call it."""
    from PIL import Image

    start = file.read(30)
    file.seek(0)
    with _one_at_a_time, warnings.catch_warnings(), _quiet_tiff(start):
        # Pillow warns of large images, refused below, and of odd metadata, which does no harm.
        warnings.simplefilter("ignore")
        try:
            _check_bytes(file, start, name)
            image = Image.open(file, formats=_FORMATS)
            _check_size(name, *image.size, limits.PIXELS)
            return _upright_grey(image)
        except Image.DecompressionBombError as error:  # Pillow's own limit is above ours
            raise _too_many(name, limits.PIXELS) from error
        except (FileError, MemoryError):
            raise
        except Exception as error:  # decoders of hostile files raise nearly anything
            raise FileError(
                "{path}: not an image (PNG, JPEG, BMP, GIF, WebP or TIFF), or damaged: save it "
                "again as PNG",
                path=name,
            ) from error


@contextmanager
def _quiet_tiff(start: bytes) -> Iterator[None]:
    """Keep libtiff from writing to standard error what it thinks of a damaged file."""
    from PIL import _imaging

    try:
        library = ctypes.CDLL(_imaging.__file__) if start.startswith(_TIFF) else None
        setters = [library.TIFFSetErrorHandler, library.TIFFSetWarningHandler] if library else []
    except (OSError, AttributeError):  # libtiff is elsewhere, or Pillow has none
        setters = []
    for setter in setters:
        setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
    before = [setter(None) for setter in setters]
    try:
        yield
    finally:
        for setter, handler in zip(setters, before, strict=True):
            setter(handler)


def _check_bytes(file: BinaryIO, start: bytes, path: str) -> None:
    """Check what must be known before a decoder opens the file, which begins with `start`."""
    if (size := webp_size(start)) is not None:
        _check_size(path, *size, limits.WEBP_PIXELS)
    elif start.startswith(JPEG) and jpeg_scans(file) > limits.SCANS:
        template = "{path}: more than {limit} scans, the limit: save it again as PNG"
        raise FileError(template, path=path, limit=limits.SCANS)
    elif start.startswith(PNG):
        check_png(file)
    file.seek(0)


def _check_size(path: str, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise _too_many(path, most)
    if max(width, height) > limits.LONGEST_SIDE:
        template = "{path}: a side of more than {limit:,} pixels, the limit: crop the image first"
        raise FileError(template, path=path, limit=limits.LONGEST_SIDE)


def _too_many(path: str, most: int) -> FileError:
    template = "{path}: more than {limit:,} pixels, the limit: reduce or crop the image first"
    return FileError(template, path=path, limit=most)


def _upright_grey(image: Image.Image) -> NDArray[np.uint8]:
    # Affects JPEG only, whose decoder gives grey and 1/2, 1/4 or 1/8 of the size for less time.
    image.draft("L", (KEPT_SIDE, KEPT_SIDE))
    image.load()
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    grey = _grey_levels(image)
    return grey if turn is None else np.ascontiguousarray(turn(grey))


def _grey_levels(image: Image.Image) -> NDArray[np.uint8]:
    """Return a decoded image as grey levels, reduced strip by strip: a copy of a large image in
    another mode would take its memory again.
    """
    step = max(1, max(image.size) // KEPT_SIDE)
    deep = image.mode.startswith(("I", "F"))
    grey = _deep if deep else _transparent if image.has_transparency_data else _plain
    high = step * max(1, _STRIP // (step * image.width))
    tops = range(0, image.height, high)
    strips = ((0, top, image.width, min(top + high, image.height)) for top in tops)
    levels = np.concatenate([np.asarray(grey(image.crop(strip), step)) for strip in strips])
    return _stretched(levels) if deep else levels


def _deep(image: Image.Image, step: int) -> Image.Image:
    return image.convert("F").reduce(step)  # converting to "L" would clip at 255


def _transparent(image: Image.Image, step: int) -> Image.Image:
    from PIL import Image

    image = image.convert("RGBA").reduce(step)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L")


def _plain(image: Image.Image, step: int) -> Image.Image:
    return image.convert("L").reduce(step)


def _stretched(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    levels = np.nan_to_num(levels.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(levels.min()), float(levels.max())
    if low < 0 or high > 255 or high <= 1:
        levels = (levels - low) * (255 / max(high - low, 1e-30))  # 1e-30: all levels may be equal
    return levels.round().astype(np.uint8)
