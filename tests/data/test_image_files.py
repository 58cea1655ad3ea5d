import io
import struct
import warnings
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pellucid.core.types import Array
from pellucid.data import digit, read_image
from pellucid.errors import FileError


def save(folder: Any, image: Any, name: Any = "a.png", **options: Any) -> Any:
    path = folder / name
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def seven(size: Any = 200, pen: Any = 14) -> Any:
    """A 7 drawn with straight strokes.

    It looks like no other digit and is not its own mirror image.
    """
    image = Image.new("L", (size, size), 255)
    ImageDraw.Draw(image).line(
        [(0.3 * size, 0.25 * size), (0.65 * size, 0.25 * size), (0.45 * size, 0.8 * size)],
        fill=0,
        width=pen,
        joint="curve",
    )
    return np.asarray(image)


def far(a: Any, b: Any) -> Any:
    """How far two images are apart: mean difference in grey levels."""
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.gif", "a.webp", "a.tiff"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_formats_and_modes(tmp_path: Path, name: str, mode: str) -> None:
    image = Image.fromarray(seven())
    if mode == "1" and name == "a.jpg":
        name = "a.png"
    path = save(tmp_path, image.convert("L" if (mode, name) == ("P", "a.jpg") else mode), name)
    read = read_image(path)
    assert (read.shape, read.dtype) == ((200, 200), np.dtype(np.uint8))
    assert far(read, seven()) < 6
    assert far(digit(read), digit(seven())) < 3


def test_colour_becomes_luma(tmp_path: Path) -> None:
    path = save(tmp_path, Image.new("RGB", (2, 2), (200, 100, 50)))
    assert read_image(path)[0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)


def test_transparent_lies_on_white(tmp_path: Path) -> None:
    for mode in ("RGBA", "LA", "P"):
        image = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
        image.paste((0, 0, 0, 255), (4, 0, 6, 10))
        options = {}
        if mode == "P":
            image, options = (
                Image.fromarray(np.asarray(image)[..., 3] // 255).convert("P"),
                {"transparency": 0},
            )
            image.putpalette([0, 0, 0, 0, 0, 0])
        else:
            image = image.convert(mode)
        read = read_image(save(tmp_path, image, f"{mode}.png", **options))
        assert read[0].tolist() == [255] * 4 + [0] * 2 + [255] * 4


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (np.array([[1000, 41000], [21000, 1000]], np.uint16), [[0, 255], [127, 0]]),
        (np.array([[0.0, 1.0], [0.5, 0.0]], np.float32), [[0, 255], [128, 0]]),
        (np.array([[-5.0, 5.0], [np.nan, np.inf]], np.float32), [[0, 255], [128, 128]]),
        (np.array([[7, 200], [0, 255]], np.int32), [[7, 200], [0, 255]]),
        (np.full((2, 2), 40000, np.uint16), [[0, 0], [0, 0]]),
    ],
    ids=["16 bits", "floats", "not finite", "small whole numbers", "all the same"],
)
def test_deep_levels_are_spread(
    tmp_path: Path, levels: Array, expected: Sequence[Sequence[int]]
) -> None:
    assert read_image(save(tmp_path, levels, "a.tiff")).tolist() == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_upright(tmp_path: Path, orientation: int) -> None:
    turns: dict[int, Callable[[Array], Array]] = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: np.rot90,
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a, 3),
    }
    turned = turns[orientation](seven())
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path, np.ascontiguousarray(turned), "a.jpg", exif=exif, quality=95)
    assert far(read_image(path), seven()) < 3


def test_damaged_metadata_do_no_harm_and_warn_of_nothing(tmp_path: Path) -> None:
    path = save(tmp_path, seven(), "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=95)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert far(read_image(path), seven()) < 3
    assert not caught


@pytest.mark.parametrize(
    ("name", "mode"), [("a.jpg", "RGB"), ("a.png", "L"), ("a.png", "RGBA"), ("a.tiff", "I;16")]
)
def test_large_images_are_reduced_on_the_way(tmp_path: Path, name: str, mode: str) -> None:
    large = Image.fromarray(seven(4000, 280))
    large = (
        Image.fromarray(np.asarray(large).astype(np.uint16) * 200)
        if mode == "I;16"
        else large.convert(mode)
    )
    read = read_image(save(tmp_path, large, name))
    assert read.shape == (
        (2000, 2000) if name == "a.jpg" else (1334, 1334)
    )  # JPEG's decoder can only halve
    assert far(digit(read), digit(seven())) < 5


def png(width: Any, height: Any, body: Any = b"") -> Any:
    def chunk(kind: Any, content: Any) -> Any:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "side", [8001, 9500, 20000], ids=["ours", "where Pillow warns", "where Pillow raises"]
)
def test_too_many_pixels_are_refused_from_the_header(tmp_path: Path, side: int) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(side, side))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(FileError, match=r"large\.png: more than 64,000,000 pixels"):
            read_image(path)
    assert not caught


def encoded(kind: Any) -> Any:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)).save(
        buffer, kind
    )
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"not an image at all",
        png(0, 10),
        png(8, 8, zlib.compress(b"\0" * 20)),
        png(8, 8, b"not deflated"),
        encoded("PNG")[:-1000],
        encoded("JPEG")[:900],
        encoded("TIFF")[:100],
        encoded("BMP")[:200],
        encoded("WEBP")[:500],
        encoded("GIF")[:300],
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        encoded("PPM"),
    ],
    ids=[
        "text",
        "no width",
        "rows missing",
        "not deflated",
        *["png", "jpeg", "tiff", "bmp", "webp", "gif"],
        "eps",
        "ppm",
    ],
)
def test_what_is_damaged_or_another_format(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile.png"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"hostile\.png: not an image") as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing.png", "no such file"), (".", "is a folder"), ("empty.png", "is empty")],
)
def test_what_cannot_be_opened(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(FileError, match=message):
        read_image(tmp_path / name)


def test_no_memory_is_not_called_a_damaged_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("pellucid.data.image_files._upright_grey", full)
    with pytest.raises(MemoryError):
        read_image(save(tmp_path, seven()))
