"""What all plots share: figures outside pyplot, colours for light and dark, files."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.typing import ColorType, LineStyleType

from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.files.atomic import write_whole
from pellucid.language import cell_width
from pellucid.lens.plots.fonts import families

T = TypeVar("T")

MINUS = "\N{MINUS SIGN}"
"""As wide as a plus sign, unlike a hyphen."""


class Picture(Axes):
    """Axes in a figure of their own, which show themselves in a notebook."""

    def _repr_png_(self) -> bytes:
        return _as_bytes(figure_of(self), "png")


class Panels(list[Axes]):
    """Several Axes of one figure, which show themselves in a notebook."""

    def _repr_png_(self) -> bytes:
        return _as_bytes(figure_of(self[0]), "png")


class Palette(NamedTuple):
    """Colours for a light or a dark ground that colour-blind people can distinguish.

    `series` are for lines and classes (Okabe and Ito 2008, lightened or darkened until the contrast
    with the ground is at least 3 : 1, as WCAG 2.2 asks of graphics); `negative` and `positive` are
    the ends of signed values: orange and blue, as on the page and in the terminal.
    """

    ground: str
    ink: str
    faint: str
    series: tuple[str, ...]
    negative: str
    positive: str

    @property
    def diverging(self) -> Colormap:
        """Colours from `negative` over the ground at 0 to `positive`."""
        ends = [self.negative, self.ground, self.positive]
        return LinearSegmentedColormap.from_list("pellucid", ends)


LIGHT = Palette(
    ground="#ffffff",
    ink="#1f2328",
    faint="#6a737d",
    series=("#0072b2", "#d55e00", "#00815e", "#b5558f", "#8a6d00", "#2f8fd0", "#7a3fb0", "#555555"),
    negative="#c2500a",
    positive="#0b66bd",
)
DARK = Palette(
    ground="#15181d",
    ink="#e6e8eb",
    faint="#9aa4af",
    series=("#56b4e9", "#ff9d4d", "#2fcf9f", "#e79ac6", "#e8d44d", "#9ad0ff", "#b99cff", "#b5bcc4"),
    negative="#ff9a57",
    positive="#62acff",
)
THEMES = {"light": LIGHT, "dark": DARK}

# Lines and dots differ in form as well, for black-and-white prints.
DASHES: tuple[LineStyleType, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def nth(marks: Sequence[T], k: int) -> T:
    """Return the k-th of a row of colours, dashes or markers, which begins anew after its last."""
    return marks[k % len(marks)]


@contextmanager
def style(theme: str | None = None) -> Iterator[None]:
    """Draw in a theme: `with pl.plots.style("dark"): ...`.

    Themes are "light" and "dark"; None keeps matplotlib's settings. Raises InputError for others.
    """
    if theme is not None and theme not in THEMES:
        template = "theme is one of {known}, not {got}"
        raise InputError(template, known=", ".join(THEMES), got=repr(theme))
    with mpl.rc_context({} if theme is None else _settings(THEMES[theme])):
        yield


def save(ax: Axes | Sequence[Axes] | Figure, path: str | os.PathLike[str]) -> None:
    """Save the whole figure of Axes to a PNG, SVG or PDF file, by its extension.

    The same figure gives the same bytes. Raises InputError for another extension, FileError where
    the file cannot be written.
    """
    extension = Path(path).suffix.lower().removeprefix(".")
    if extension not in ("png", "svg", "pdf"):
        raise InputError("{path}: the extension must be .png, .svg or .pdf", path=path)
    owner = ax if isinstance(ax, (Axes, Figure)) else ax[0]
    figure = owner if isinstance(owner, Figure) else figure_of(owner)
    write_whole(path, _as_bytes(figure, extension))


def new_figure(width: float, height: float) -> Figure:
    """Return a new figure, in inches, that pyplot does not know and so does not keep."""
    return Figure(figsize=(width, height), layout="constrained")


def figure_of(ax: Axes) -> Figure:
    """Return the figure that holds Axes, across subfigures."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def own_axes(ax: Axes | None, width: float = 6, height: float = 4) -> Axes:
    """Return the Axes to draw into: the given ones, or those of a new figure."""
    if ax is None:
        return add_axes(new_figure(width, height), 1, 1)[0]
    template = "ax must be matplotlib Axes, or None for a new figure; got {got}"
    if not isinstance(ax, Axes):
        raise InputError(template, got=type(ax))
    return ax


def add_axes(figure: Figure, rows: int, columns: int) -> Panels:
    """Add Axes to a figure and fix the colours of their ticks.

    matplotlib makes ticks when it draws, by the settings of that moment, after the theme has ended.
    """
    places = range(1, rows * columns + 1)
    axes = Panels(figure.add_subplot(rows, columns, n, axes_class=Picture) for n in places)
    settings: Any = mpl.rcParams  # typed for literal keys only
    for ax in axes:
        for name in ("x", "y"):
            colour, label = settings[f"{name}tick.color"], settings[f"{name}tick.labelcolor"]
            label = colour if label == "inherit" else label
            ax.tick_params(axis=name, color=colour, labelcolor=label)
    return axes


def ink_of(ax: Axes) -> ColorType:
    """Return the colour of these Axes' labels."""
    return ax.xaxis.label.get_color()


def palette(ax: Axes) -> Palette:
    """Return the colours for these Axes: the dark palette where their labels are bright."""
    return DARK if _brightness(ink_of(ax)) > 0.5 else LIGHT


def finished(ax: Axes) -> Axes:
    """Return the Axes after giving every label a font with its letters."""
    _fit_title(ax)
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
    texts = [text for text in ax.findobj(Text) if isinstance(text, Text)]
    if all(covers_plainly(text.get_text()) for text in (*texts, *ticks)):
        return ax
    names = families()
    for text in texts:
        words = text.get_text()
        # Hangul fonts have arrows that look like dots: plain texts keep matplotlib's own.
        if "\N{RIGHTWARDS ARROW}" not in words or not covers_plainly(words):
            text.set_fontfamily(names)
    ax.tick_params(labelfontfamily=names)
    return ax


def points_for(ax: Axes, width: float, height: float) -> float:
    """Return about how many points a unit has where so many units fill these Axes: a font size."""
    figure = figure_of(ax)
    box = ax.get_window_extent()
    # A layout engine fills more of the figure than the first guess.
    room = 1.2 if figure.get_layout_engine() is not None else 1.0
    return room * min(box.width / width, box.height / height) * 72 / figure.dpi


def _fit_title(ax: Axes) -> None:
    ax.title.set_linespacing(1.3)
    columns = max(map(cell_width, ax.get_title().split("\n")))
    room = points_for(ax, max(columns, 1), 1e-9)
    # A letter is about 0.56 of its font size wide; below 6 points nobody can read it.
    ax.title.set_fontsize(max(min(ax.title.get_fontsize(), room / 0.56), 6))


def covers_plainly(text: str) -> bool:
    """Return whether every font has all letters of a text: neither Hangul nor emoji."""
    return all(ord(letter) < 0x1100 or 0x2000 <= ord(letter) < 0x2300 for letter in text)


def signed_image(ax: Axes, values: Array, largest: float, **options: Any) -> AxesImage:
    """Draw signed values as an image: neutral at 0, and the same scale for both signs."""
    norm = Normalize(-largest, largest)
    colours = palette(ax).diverging
    return ax.imshow(values, cmap=colours, norm=norm, interpolation="nearest", **options)


def largest_of(values: Array) -> float:
    """Return the end of a scale for signed values: their 99 % quantile by size.

    A few values are far larger than all others, and would leave those nearly neutral.
    """
    size = np.abs(np.asarray(values, np.float64))
    end = float(np.quantile(size, 0.99)) if size.size else 0.0
    return end or float(size.max(initial=0.0)) or 1.0


def scale_bar(
    ax: Axes,
    image: AxesImage,
    label: str,
    beyond: bool = False,
    fraction: float = 0.15,
    shrink: float = 1.0,
) -> None:
    """Draw the colour scale beside Axes; pointed ends mark values `beyond` it.

    `fraction` and `shrink` are matplotlib's: its share of the width, and of the height.
    """
    extend = "both" if beyond else "neither"
    figure, faint, ink = figure_of(ax), palette(ax).faint, ink_of(ax)
    bar = figure.colorbar(image, ax=ax, extend=extend, fraction=fraction, shrink=shrink)
    bar.set_label(label, color=ink)
    bar.ax.tick_params(color=faint, labelcolor=ink, labelsize="small")
    bar.outline.set_edgecolor(faint)
    finished(bar.ax)


def add_legend(ax: Axes, place: str = "best", **options: Any) -> Legend:
    """Draw a legend without a frame, in the colour of the labels."""
    options = {"loc": place, "frameon": False, "labelcolor": ink_of(ax), **options}
    return ax.legend(**options)


def horizontal_bars(
    ax: Axes, names: Sequence[str], lengths: Array, colours: str | Sequence[str], **options: Any
) -> None:
    """Draw named bars from top to bottom, with a line at 0."""
    places = np.arange(len(names))
    ax.barh(places, lengths, color=colours, height=0.7, **options)
    ax.axvline(0, color=ink_of(ax), linewidth=0.8)
    ax.set_yticks(places, names)
    ax.invert_yaxis()  # the first on top, as in a list
    ax.tick_params(axis="y", length=0)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def diagonal(ax: Axes, label: str) -> None:
    """Draw the dashed diagonal of the unit square: what a curve is compared with."""
    faint = palette(ax).faint
    ax.plot([0, 1], [0, 1], color=faint, linestyle=DASHES[1], linewidth=1, label=label)


def unit_square(ax: Axes, margin: float = 0.02) -> None:
    """Set both limits to 0 to 1, with room for lines at the border."""
    ax.set(xlim=(-margin, 1 + margin), ylim=(-margin, 1 + margin))
    ax.grid(alpha=0.3)


def hide_frame(ax: Axes) -> None:
    """Hide ticks and spines, for images without coordinates."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def contrast(first: ColorType | Array, second: ColorType | Array) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_brightness(first), _brightness(second)))
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: ColorType | Array) -> str:
    """Return black or white, whichever contrasts more with a colour."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))


def _brightness(colour: ColorType | Array) -> float:
    # WCAG 2.2, relative luminance: sRGB made linear, weighted by how bright each primary looks.
    parts = colour if isinstance(colour, np.ndarray) else np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


_INK = ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor", "axes.titlecolor")
_FAINT = ("axes.edgecolor", "xtick.color", "ytick.color", "grid.color", "legend.edgecolor")
_GROUND = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")


def _settings(colours: Palette) -> dict[Any, Any]:
    return {
        **dict.fromkeys((*_INK, "legend.labelcolor"), colours.ink),
        **dict.fromkeys(_FAINT, colours.faint),
        **dict.fromkeys(_GROUND, colours.ground),
        "axes.prop_cycle": cycler(color=colours.series),
    }


# No date and no name of a program: the same figure, the same bytes.
_METADATA = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}


def _as_bytes(figure: Figure, extension: str) -> bytes:
    buffer = io.BytesIO()
    # A salt instead of a random one: the ids within an SVG are the same each time.
    with mpl.rc_context({"svg.hashsalt": "pellucid"}):
        figure.savefig(buffer, format=extension, metadata=_METADATA[extension])
    return buffer.getvalue()
