"""Images prepared as MNIST's were: any image of one written digit becomes 28 x 28 pixels, light on
black.

MNIST's digits were scaled into 20 x 20 pixels, keeping their proportions, with smooth edges, and
placed in 28 x 28 with their centre of mass in the middle (LeCun, Cortes and Burges, "The MNIST
database of handwritten digits"). Scans and photographs need more steps first: even light, ink
separated from paper, specks and frames removed. Each step is a function; `digit` runs all of them
and `digit_steps` returns the result of each.

In between, *ink* is an array (H, W) of float64: 0 for paper, 1 for full ink, and noise around both.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pellucid.data import raster
from pellucid.errors import InputError
from pellucid.language import mark

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Grid = NDArray[np.float64]

STEPS = (
    mark("image"),
    mark("even light"),
    mark("ink"),
    mark("without specks"),
    mark("cropped"),
    mark("usual pen"),
    mark("20 x 20"),
    mark("28 x 28"),
)
"""The names of the steps in `digit_steps`; `say(name)` translates one."""

WORKING_SIDE = 512  # pixels: enough for a digit that fills a tenth of the image, and quick
PAPER_SIDE = 128  # pixels: light changes slowly, so its estimate may be coarse
EVEN = 0.15  # of the ink's contrast: paper that varies less than this is evenly lit
BOX = 20  # pixels: MNIST's box for the digit
SIDE = 28  # pixels: MNIST's image
FINE = 4  # the pen's width is measured and corrected on a grid 4 times as fine as MNIST's pixels
# MNIST pixels; the median of MNIST's pens is 2.4, 5 % are below 1.6 and 5 % above 4.0.
PEN = (1.9, 4.2)
LEAST_CONTRAST = 0.03  # of full range: fainter marks in a scan or a drawing are no ink
# Of the paper's brightness: remains of shadows are mostly below, pencil is above.
LEAST_ON_PHOTOGRAPH = 0.12
LEAST_MASS = 3.0  # pixels of full ink: less is a speck, even if it is alone


def digit(image: ArrayLike) -> NDArray[np.uint8]:
    """Prepare an image of one digit for a network trained on MNIST: (28, 28) uint8, 0 paper, 255
    ink.

    `image` is (H, W), grey levels 0 black to 255 white (or floats from 0 to 1), dark on light or
    light on dark. An image in MNIST's own form (28 x 28, the digit within 20 x 20, its centre of
    mass in the middle, nothing around it) is returned unchanged, or inverted if dark on white.

    Raises InputError when the image is not (H, W) of numbers within 0 to 255, or shows nothing.

    >>> page = np.full((90, 60), 230)
    >>> page[20:70, 25:30] = 40  # one stroke of a pen: a 1
    >>> digit(page)[12:16, 11:17]
    array([[  0,   0,   0, 255, 255,   0],
           [  0,   0,   0, 255, 255,   0],
           [  0,   0,   0, 255, 255,   0],
           [  0,   0,   0, 255, 255,   0]], dtype=uint8)
    """
    return digit_steps(image)[STEPS[-1]]


def digit_steps(image: ArrayLike) -> dict[str, NDArray[np.uint8]]:
    """Run the steps of `digit` and return the result of each, in order, by the names of `STEPS`.

    Every value is an image (height, width) uint8, each of its own size; the last one is the result
    of `digit`. Raises what `digit` raises.
    """
    grey = _checked(image)
    if (ready := _as_mnist(grey)) is not None:
        return dict.fromkeys(STEPS, ready) | {STEPS[0]: grey}
    evened = even_light(raster.shrink(grey / 255.0, WORKING_SIDE))
    ink = find_ink(evened)
    kept = keep_digit(ink)
    cropped = crop(kept)
    pen = usual_pen(cropped)
    fitted = fit(pen)
    results = (0.5 + evened / 2, ink, kept, cropped, pen, fitted, centre(fitted))
    named = zip(STEPS[1:], results, strict=True)
    return {STEPS[0]: grey} | {name: _grey(result) for name, result in named}


def count_shapes(steps: dict[str, NDArray[np.uint8]]) -> int:
    """Count the shapes side by side in the result of `digit_steps`: two digits of a number are two.

    Between shapes are columns without ink, and each has at least a quarter of the heaviest one's.
    """
    ink = steps[STEPS[3]].astype(np.float64)
    empty = np.append(ink.max(0) < 64, True)
    ends = np.flatnonzero(empty[1:] & ~empty[:-1]) + 1
    mass = np.array([part.sum() for part in np.split(ink, ends, axis=1)])
    return int((mass >= mass.max() / 4).sum())


def even_light(grey: Grid) -> Grid:
    """Compute how much darker (negative) or lighter (positive) each pixel is than the paper there.

    `grey` (H, W) is 0 black to 1 white; the result is about -1 to 1, 0 for paper. In a scan or a
    drawing, whose paper has one brightness, the mean of the ink becomes 1 or -1, however faint the
    ink was. Elsewhere the paper's brightness is estimated twice: from medians over large
    neighbourhoods, which thin strokes hardly change, and then, without the ink so found, from
    averages over small ones, which follow the edge of a shadow.
    """
    if (found := _even_paper(grey)) is not None:
        level, contrast = found
        return ((grey - level) / contrast).clip(-1.0, 1.0)
    coarse = raster.shrink(grey, PAPER_SIDE)
    around = raster.local_median(raster.block_median(coarse, 24), 6)
    difference = coarse - raster.resize(around, *coarse.shape)
    sign = _polarity(difference)
    ink = (sign * difference > _strength(sign * difference) / 3).astype(np.float64)
    paper = raster.resize(_paper_below(coarse, 1.0 - raster.grow(ink, 2)), *grey.shape)
    # Dark ink absorbs a share of the light that falls on it, so a shadow weakens it in proportion.
    return (grey - paper) / np.maximum(paper, 0.2) if sign < 0 else grey - paper


def find_ink(evened: Grid) -> Grid:
    """Separate ink from paper: 0 paper to 1 full ink, whichever of the two was lighter.

    `evened` (H, W) is the result of `even_light`. It is blurred only as far as its own noise
    requires. The ink then rises from 0 to 1 around the threshold of `_halfway`.

    Raises InputError when no mark exceeds the paper's own noise.
    """
    signed = _polarity(evened) * evened
    for radius in (0, 1, 2, 3):
        smooth = raster.blur(signed, radius * max(evened.shape) // 300)
        # 1.4826 times the median absolute deviation estimates the standard deviation of noise
        # without the strokes.
        noise = 1.4826 * float(np.median(np.abs(smooth - np.median(smooth))))
        threshold = _halfway(smooth, _strength(smooth) / 2)
        if 2 * threshold > max(LEAST_ON_PHOTOGRAPH, 8 * noise):
            break
    if 2 * threshold < max(LEAST_ON_PHOTOGRAPH, 4 * noise):
        raise _blank()
    return np.clip(smooth / threshold - 0.5, 0.0, 1.0)


def keep_digit(ink: Grid) -> Grid:
    """Remove specks, and shapes that reach in from the image's edge (a table, a frame).

    Connected pieces are kept or removed whole, by their mass, the sum of their ink. A piece stays
    when it is full ink somewhere, has a 25th of the heaviest piece's mass, and does not touch the
    edge; pieces at the edge count when no other has a tenth of their mass.

    Raises InputError when nothing is left.
    """
    labels = raster.components(ink > 0.25)
    count = int(labels.max()) + 1
    mass = np.bincount(labels.ravel(), ink.ravel(), count)
    full = np.bincount(labels.ravel(), ink.ravel() > 0.6, count) > 0
    mass[~full] = 0.0
    mass[0] = 0.0  # the paper
    inside = mass.copy()
    inside[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 0.0
    if inside.max() > 0.1 * mass.max():
        mass = inside
    if mass.max() < LEAST_MASS:
        raise _blank()
    return np.where((mass >= 0.04 * mass.max())[labels], ink, 0.0)


def crop(ink: Grid) -> Grid:
    """Remove the empty rows and columns around the ink."""
    rows, columns = np.flatnonzero(ink.max(1) > 0.5), np.flatnonzero(ink.max(0) > 0.5)
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def usual_pen(ink: Grid) -> Grid:
    """Thicken hair-thin strokes and thin very thick ones to the widths of MNIST's pens.

    The result is on a grid 4 times as fine as MNIST's, its longer side about 80, cropped.
    """
    # Hair-thin ink would fade to nothing on the fine grid, so it is thickened first, to one and a
    # half of that grid's pixels.
    missing = 1.5 * max(ink.shape) / (BOX * FINE) - pen_width(ink)
    if missing > 0:
        steps = math.ceil(missing / 2)
        ink = raster.grow(np.pad(ink, steps), steps)
    fine = raster.resize(ink, *_box_shape(ink.shape, BOX * FINE))
    width = pen_width(fine) / FINE
    steps = round(abs(float(np.clip(width, *PEN)) - width) * FINE / 2)
    if steps == 0:
        return fine
    if width < PEN[0]:
        return raster.grow(np.pad(fine, steps), steps)
    thinner = raster.thin(np.pad(fine, 1), steps)
    return crop(thinner) if thinner.max() > 0.5 else fine


def pen_width(ink: Grid) -> float:
    """Estimate the width of the strokes in pixels: twice the area over the length of the outline.

    The outline is counted in pixel sides; times pi / 4 it is right on average over all directions.
    """
    inside = np.pad(ink > 0.5, 1)
    down, across = inside[1:] != inside[:-1], inside[:, 1:] != inside[:, :-1]
    sides = np.count_nonzero(down) + np.count_nonzero(across)
    return 2 * np.count_nonzero(inside) / (sides * np.pi / 4)


def fit(ink: Grid) -> Grid:
    """Scale into 20 x 20 pixels, keeping the proportions; the darkest ink becomes 1."""
    small = raster.resize(ink, *_box_shape(ink.shape, BOX))
    return small / small.max()


def centre(ink: Grid) -> Grid:
    """Place into 28 x 28 pixels with the centre of mass at (14, 14) from 0, as in MNIST."""
    canvas = np.zeros((SIDE, SIDE))
    # A digit with all its mass at one end would reach beyond the edge: then it is at the edge.
    top, left = (
        min(max(round(SIDE / 2 - middle), 0), SIDE - length)
        for middle, length in zip(_middle(ink), ink.shape, strict=True)
    )
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas


def _blank() -> InputError:
    return InputError(
        "the image shows no digit: nothing differs from its background; write larger or darker"
    )


def _checked(image: ArrayLike) -> NDArray[np.uint8]:
    grey = np.asarray(image)
    if grey.ndim != 2 or 0 in grey.shape or grey.dtype.kind not in "buif":
        template = "expected an image (height, width) of grey levels, got shape {shape} of {kind}"
        raise InputError(template, shape=grey.shape, kind=grey.dtype)
    if grey.dtype == np.bool_:
        return grey.astype(np.uint8) * np.uint8(255)
    if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= 255):
        raise InputError(
            "expected grey levels from 0 to 255, got some outside: scale the image first"
        )
    if grey.dtype.kind == "f" and grey.max() <= 1:
        grey = 255 * grey
    return grey.round().astype(np.uint8)


def _grey(ink: Grid) -> NDArray[np.uint8]:
    return (255 * ink.clip(0.0, 1.0)).round().astype(np.uint8)


def _as_mnist(grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the image, or its negative, whichever has MNIST's form; None if neither has."""
    if grey.shape != (SIDE, SIDE):
        return None
    return next((image for image in (grey, 255 - grey) if _has_mnist_form(image)), None)


def _has_mnist_form(image: NDArray[np.uint8]) -> bool:
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    if image.max() < 128 or max(np.ptp(rows), np.ptp(columns)) >= BOX:
        return False
    # The centres of MNIST's own digits are within half a pixel.
    return max(abs(place - SIDE / 2) for place in _middle(image.astype(np.float64))) < 0.75


def _middle(ink: Grid) -> tuple[float, float]:
    """Return the row and the column of the centre of mass, counted from 0."""
    rows, columns, mass = ink.sum(1), ink.sum(0), ink.sum()
    row, column = (float(part @ np.arange(len(part)) / mass) for part in (rows, columns))
    return row, column


def _polarity(difference: Grid) -> int:
    """Return whether ink is darker (-1) or lighter (1) than paper.

    Ink differs much, in few places; so the sum of cubes has the sign of the ink.
    """
    rim_y, rim_x = difference.shape[0] // 20, difference.shape[1] // 20
    inner = difference[rim_y : difference.shape[0] - rim_y, rim_x : difference.shape[1] - rim_x]
    return -1 if float((inner**3).sum()) < 0 else 1


def _strength(signed: Grid) -> float:
    """Estimate how much full ink differs from paper, by the strongest two in a thousand pixels."""
    return max(float(np.quantile(signed, 0.998)), 1e-6)


def _halfway(values: Grid, threshold: float) -> float:
    """Move a threshold half-way between the mean above it and the mean below it until it converges.

    Ridler and Calvard, "Picture thresholding using an iterative selection method", 1978.
    """
    for _ in range(30):
        above = values > threshold
        if not above.any() or above.all():
            break
        before, threshold = threshold, float(values[above].mean() + values[~above].mean()) / 2
        if abs(threshold - before) < 1e-4:
            break
    return threshold


def _even_paper(grey: Grid) -> tuple[float, float] | None:
    """Return the paper's brightness and the ink's contrast if the whole paper is evenly lit; else
    None.
    """
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    threshold = _halfway(grey, float(grey.min() + grey.max()) / 2)
    light = float(np.median(rim)) > threshold
    is_paper = grey > threshold if light else grey <= threshold
    if is_paper.all() or not is_paper.any():
        return None
    contrast = abs(float(grey[~is_paper].mean() - grey[is_paper].mean()))
    # Smooth edges of strokes are between paper and ink: on that side more pixels may differ.
    shares = (0.1, 0.5, 0.99) if light else (0.01, 0.5, 0.9)
    low, middle, high = (float(value) for value in np.quantile(grey[is_paper], shares))
    even = high - low < EVEN * contrast
    return (middle, contrast) if even and contrast > LEAST_CONTRAST else None


def _paper_below(grey: Grid, paper: Grid) -> Grid:
    """Estimate the paper's brightness everywhere, under the ink from paper farther away."""
    result = np.full(grey.shape, np.average(grey, weights=paper) if paper.any() else grey.mean())
    for part in (3, 6, 12, 24):
        radius = max(1, max(grey.shape) // (2 * part))
        weight = raster.blur(paper, radius)
        average = raster.blur(grey * paper, radius) / np.maximum(weight, 1e-9)
        trust = np.minimum(1.0, weight / 0.3)  # full where 30 % of the neighbourhood is paper
        result = trust * average + (1 - trust) * result
    return result


def _box_shape(shape: tuple[int, ...], box: int) -> tuple[int, int]:
    """Scale (height, width) so that the longer one is `box`, the other at least 1."""
    longer = max(shape)
    return max(1, round(shape[0] * box / longer)), max(1, round(shape[1] * box / longer))
