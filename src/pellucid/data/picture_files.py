"""Reading a picture file as grey levels, whatever is in it, within bounds of time and memory."""

from __future__ import annotations

import os
import threading
import warnings
from typing import TYPE_CHECKING

import numpy as np

from pellucid.data.opening import open_file
from pellucid.errors import FileError, Message

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

PIXEL_LIMIT = 64_000_000
"""The most pixels of a picture; more is refused from its header, before anything is decoded."""

KEPT_SIDE = 1024
"""Larger pictures may be reduced while decoding, but the longer side keeps at least this many
pixels.
"""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")

# Pillow speaks through Python's warnings, and silencing those is not safe in two threads at once
# (before 3.14).
_one_at_a_time = threading.Lock()


def read_picture(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read a picture file (PNG, JPEG, BMP, GIF, WebP, TIFF) as grey levels.

    Gives (H, W) uint8, 0 black to 255 white, upright as the camera's orientation mark (EXIF) says.
    Colours become grey by ITU-R 601-2 luma; what is transparent lies on white; of an animation or
    several pages the first counts. Levels of 16 or 32 bits and floats are spread so that the
    darkest is 0 and the lightest 255, unless they are whole numbers from 0 to 255 already. Pictures
    with a side of 2,048 pixels or more are reduced by whole factors on the way, the longer side to
    1,024 or more: large photographs cost little more than small ones.

    Raises FileError, naming the file, when it is missing, a folder, empty, no picture of these
    kinds, damaged, cut short, or of more than 64 million pixels.
    """
    from PIL import Image

    with open_file(path) as file, _one_at_a_time, warnings.catch_warnings():
        # What Pillow warns of (large pictures, odd metadata) is either refused below or does no
        # harm.
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(file, formats=_FORMATS)
            if picture.width * picture.height > PIXEL_LIMIT:
                raise Image.DecompressionBombError
            return _grey_levels(_decoded(picture))
        except Image.DecompressionBombError as error:  # Pillow's own limit lies above ours
            message = Message(
                "{path}: has more than {limit} pixels, which is the limit: reduce or crop it first",
                path=path,
                limit=f"{PIXEL_LIMIT:,}",
            )
            raise FileError(message) from error
        except MemoryError:
            raise
        except Exception as error:  # decoders of hostile files raise nearly anything: SyntaxError, struct.error, ...
            message = Message(
                "{path}: is no picture that can be read (PNG, JPEG, BMP, GIF, WebP or TIFF), or "
                "it is damaged: "
                "save it again as PNG",
                path=path,
            )
            raise FileError(message) from error


def _decoded(picture: Image.Image) -> Image.Image:
    from PIL import ImageOps

    # Does something for JPEG only: grey, and 1/2, 1/4 or 1/8 of the size, straight from the
    # decoder.
    picture.draft("L", (KEPT_SIDE, KEPT_SIDE))
    return ImageOps.exif_transpose(picture)


def _grey_levels(picture: Image.Image) -> NDArray[np.uint8]:
    from PIL import Image

    step = max(1, max(picture.size) // KEPT_SIDE)
    if picture.mode.startswith(("I", "F")):
        return _spread(np.asarray(picture.convert("F").reduce(step), np.float64))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA").reduce(step)
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return np.asarray(picture.convert("L"))
    return np.asarray(picture.convert("L").reduce(step))


def _spread(levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    levels = np.nan_to_num(levels, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(levels.min()), float(levels.max())
    if low < 0 or high > 255 or high <= 1:
        levels = (levels - low) * (255 / max(high - low, 1e-30))
    return levels.round().astype(np.uint8)
