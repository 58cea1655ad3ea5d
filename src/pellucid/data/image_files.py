"""Reading an image file as grey levels, whatever is in it, within bounds of time and memory."""

from __future__ import annotations

import os
import threading
import warnings
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from pellucid.errors import FileError, Message
from pellucid.files.opening import open_file

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

PIXEL_LIMIT = 64_000_000
"""The most pixels of an image; a larger one is refused by its header, before anything is decoded.
"""

KEPT_SIDE = 1024
"""Larger images may be reduced while decoding, but the longer side keeps at least as many pixels.
"""

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""Names of image files end with one of these, in upper or lower case."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
_MAGIC = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"II*\0", b"MM\0*")  # WebP: "RIFF????WEBP"
_IMAGE = Message("an image")

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
    damaged, cut short, or of more than 64 million pixels.
    """
    with open_file(path, _IMAGE) as file:
        return decode_image(file, os.fspath(path))


def decode_image(file: BinaryIO, name: str) -> NDArray[np.uint8]:
    """Read an open image file as `read_image` does; `name` is what errors call it."""
    from PIL import Image

    with _one_at_a_time, warnings.catch_warnings():
        # Pillow warns of large images, refused below, and of odd metadata, which does no harm.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(file, formats=_FORMATS)
            if image.width * image.height > PIXEL_LIMIT:
                raise Image.DecompressionBombError
            return _grey_levels(_decoded(image))
        except Image.DecompressionBombError as error:  # Pillow's own limit is above ours
            template = (
                "{path}: more than {limit:,} pixels, the limit: reduce or crop the image first"
            )
            raise FileError(template, path=name, limit=PIXEL_LIMIT) from error
        except MemoryError:
            raise
        except Exception as error:  # decoders of hostile files raise nearly anything
            raise FileError(
                "{path}: not an image (PNG, JPEG, BMP, GIF, WebP or TIFF), or damaged: save it "
                "again as PNG",
                path=name,
            ) from error


def _decoded(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    # Affects JPEG only, whose decoder gives grey and 1/2, 1/4 or 1/8 of the size for less time.
    image.draft("L", (KEPT_SIDE, KEPT_SIDE))
    return ImageOps.exif_transpose(image)


def _grey_levels(image: Image.Image) -> NDArray[np.uint8]:
    from PIL import Image

    step = max(1, max(image.size) // KEPT_SIDE)
    if image.mode.startswith(("I", "F")):  # converting these to "L" would clip at 255
        return _stretched(np.asarray(image.convert("F").reduce(step), np.float64))
    if image.has_transparency_data:
        image = image.convert("RGBA").reduce(step)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.asarray(image.convert("L"))
    return np.asarray(image.convert("L").reduce(step))


def _stretched(levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    levels = np.nan_to_num(levels, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(levels.min()), float(levels.max())
    if low < 0 or high > 255 or high <= 1:
        levels = (levels - low) * (255 / max(high - low, 1e-30))  # 1e-30: all levels may be equal
    return levels.round().astype(np.uint8)
