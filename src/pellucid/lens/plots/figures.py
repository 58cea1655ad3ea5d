"""What all plots share: figures of their own, colours for light and dark, files."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.text import Text

from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.files.atomic import write_whole
from pellucid.language import cell_width
from pellucid.lens.plots.fonts import covers, families


class Picture(Axes):
    """Axes in a figure of their own, which show themselves in a notebook."""

    def _repr_png_(self) -> bytes:
        return _as_bytes(self.get_figure(root=True), "png")


class Panels(list[Axes]):
    """Several Axes of one figure, which show themselves in a notebook."""

    def _repr_png_(self) -> bytes:
        return _as_bytes(self[0].get_figure(root=True), "png")


class Palette(NamedTuple):
    """Colours that people with any colour vision tell apart, on a light or a dark ground.

    `series` are for lines and classes (Okabe and Ito 2008, lightened or darkened until each stands
    out from the ground by 3 : 1 or more); `negative`, `neutral` and `positive` are the ends and the
    middle of what has a sign.
    """

    ground: str
    ink: str
    faint: str
    series: tuple[str, ...]
    negative: str
    neutral: str
    positive: str

    @property
    def diverging(self) -> Colormap:
        """Colours from `negative` over `neutral` at 0 to `positive`."""
        return LinearSegmentedColormap.from_list(
            "pellucid", [self.negative, self.neutral, self.positive]
        )


LIGHT = Palette(
    ground="#ffffff",
    ink="#1f2328",
    faint="#6a737d",
    series=("#0072b2", "#d55e00", "#00815e", "#b5558f", "#8a6d00", "#2f8fd0", "#7a3fb0", "#555555"),
    negative="#b2182b",
    neutral="#ffffff",
    positive="#2166ac",
)
DARK = Palette(
    ground="#15181d",
    ink="#e6e8eb",
    faint="#9aa4af",
    series=("#56b4e9", "#ff9d4d", "#2fcf9f", "#e79ac6", "#e8d44d", "#9ad0ff", "#b99cff", "#b5bcc4"),
    negative="#ff7a66",
    neutral="#15181d",
    positive="#5fb0ff",
)
THEMES = {"light": LIGHT, "dark": DARK}
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


@contextmanager
def style(theme: str | None = None) -> Iterator[None]:
    """Draw in a theme: `with pl.plots.style("dark"): ...`; "light", "dark", or None for
    matplotlib's settings.

    Raises InputError for any other.
    """
    if theme is not None and theme not in THEMES:
        raise InputError(
            "theme is one of {known}, not {got}", known=", ".join(THEMES), got=repr(theme)
        )
    with mpl.rc_context({} if theme is None else _settings(THEMES[theme])):
        yield


def save(ax: Axes | Sequence[Axes] | Figure, path: str | os.PathLike[str]) -> None:
    """Write the whole figure of Axes to a PNG, SVG or PDF file, as its ending says; the same
    picture, the same bytes.

    Raises InputError for another ending, FileError where it cannot be written.
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in ("png", "svg", "pdf"):
        raise InputError("{path}: a picture's file ends in .png, .svg or .pdf", path=path)
    owner = ax if isinstance(ax, (Axes, Figure)) else ax[0]
    figure = owner if isinstance(owner, Figure) else owner.get_figure(root=True)
    write_whole(path, _as_bytes(figure, ending))


def new_figure(width: float, height: float) -> Figure:
    """Make a figure that pyplot does not know of."""
    return Figure(figsize=(width, height), layout="constrained")


def own_axes(ax: Axes | None, width: float = 6, height: float = 4) -> Axes:
    """Give the Axes to draw into: those that were given, or ones in a new figure."""
    if ax is not None:
        if not isinstance(ax, Axes):
            raise InputError(
                "ax is one of matplotlib's Axes, or None for a new figure; got {got}", got=type(ax)
            )
        return ax
    return add_axes(new_figure(width, height), 1, 1)[0]


def add_axes(figure: Figure, rows: int, columns: int) -> Panels:
    """Put Axes into a figure. What ticks look like is settled now.

    Matplotlib would ask its settings when it draws.
    """
    axes = Panels(
        figure.add_subplot(rows, columns, n + 1, axes_class=Picture) for n in range(rows * columns)
    )
    for ax in axes:
        for name in ("x", "y"):
            settings: Any = mpl.rcParams
            colour, label = settings[f"{name}tick.color"], settings[f"{name}tick.labelcolor"]
            ax.tick_params(
                axis=name, color=colour, labelcolor=colour if label == "inherit" else label
            )
    return axes


def palette(ax: Axes) -> Palette:
    """Give the colours that suit these Axes.

    Those for a dark ground where their labels are bright.
    """
    return DARK if _brightness(ax.xaxis.label.get_color()) > 0.5 else LIGHT


def finished(ax: Axes) -> Axes:
    """Give the Axes once every label has a font with its letters."""
    _fit_title(ax)
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
    texts = [text for text in ax.findobj(Text) if isinstance(text, Text)]
    if all(covers_plainly(text.get_text()) for text in (*texts, *ticks)):
        return ax
    names = families()
    for text in texts:
        words = text.get_text()
        # Fonts for Hangul have arrows that look like dots: without need, these are not taken from
        # there.
        if "\N{RIGHTWARDS ARROW}" not in words or not covers_plainly(words):
            text.set_fontfamily(names)
    ax.tick_params(labelfontfamily=names)
    return ax


def points_for(ax: Axes, width: float, height: float) -> float:
    """Give about how many points one unit will have where so many units fill these Axes.

    For the sizes of letters.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    box = ax.get_window_extent()
    room = (
        1.2 if figure.get_layout_engine() is not None else 1.0
    )  # a layout leaves less empty than the first guess
    return room * min(box.width / width, box.height / height) * 72 / figure.dpi


def _fit_title(ax: Axes) -> None:
    ax.title.set_linespacing(1.3)
    columns = max(map(cell_width, ax.get_title().split("\n")))
    room = points_for(ax, max(columns, 1), 1e-9)
    ax.title.set_fontsize(max(min(ax.title.get_fontsize(), room / 0.56), 6))


def covers_plainly(text: str) -> bool:
    """Tell whether a text has nothing but letters that every font has."""
    return all(ord(letter) < 0x1100 or 0x2000 <= ord(letter) < 0x2300 for letter in text)


def signed_image(ax: Axes, values: Array, largest: float, **options: Any) -> AxesImage:
    """Draw numbers with a sign.

    Neutral for 0, one colour for each sign, the same scale either way.
    """
    return ax.imshow(
        values,
        cmap=palette(ax).diverging,
        norm=Normalize(-largest, largest),
        interpolation="nearest",
        **options,
    )


def largest_of(values: Array) -> float:
    """Give the end of a scale for numbers with a sign.

    What 99 % of them stay within, as a few are far larger.
    """
    size = np.abs(np.asarray(values, np.float64))
    end = float(np.quantile(size, 0.99)) if size.size else 0.0
    return end or float(size.max(initial=0.0)) or 1.0


def scale_bar(ax: Axes, image: Any, label: str, beyond: bool = False, **options: Any) -> None:
    """Put the legend of a colour scale beside Axes.

    Pointed ends say that there are numbers beyond.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(image, ax=ax, extend="both" if beyond else "neither", **options)
    colours = palette(ax)
    bar.set_label(label, color=ax.xaxis.label.get_color())
    bar.ax.tick_params(
        color=colours.faint, labelcolor=ax.xaxis.label.get_color(), labelsize="small"
    )
    bar.outline.set_edgecolor(colours.faint)
    finished(bar.ax)


def add_legend(ax: Axes, place: str = "best", **options: Any) -> Legend:
    """Say what the lines are, without a frame and in the colour of the labels."""
    options = {"loc": place, "frameon": False, "labelcolor": ax.xaxis.label.get_color(), **options}
    return ax.legend(**options)


def hide_frame(ax: Axes) -> None:
    """Take away what a picture without coordinates does not need."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def contrast(first: Any, second: Any) -> float:
    """Give the contrast of two colours, 1 to 21, as the Web Content Accessibility Guidelines (2.2)
    reckon it.
    """
    low, high = sorted((_brightness(first), _brightness(second)))
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: Any) -> str:
    """Give black or white, whichever stands out more from a colour."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))


def _brightness(colour: Any) -> float:
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _settings(colours: Palette) -> dict[Any, Any]:
    ink = (
        "text.color",
        "axes.labelcolor",
        "xtick.labelcolor",
        "ytick.labelcolor",
        "axes.titlecolor",
    )
    faint = ("axes.edgecolor", "xtick.color", "ytick.color")
    ground = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
    return {
        **dict.fromkeys(ink, colours.ink),
        **dict.fromkeys(faint, colours.faint),
        **dict.fromkeys(ground, colours.ground),
        "legend.facecolor": colours.ground,
        "legend.edgecolor": colours.faint,
        "legend.labelcolor": colours.ink,
        "grid.color": colours.faint,
        "axes.prop_cycle": cycler(color=colours.series),
    }


def _as_bytes(figure: Any, ending: str) -> bytes:
    buffer = io.BytesIO()
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(
        ending, {"Software": None}
    )
    with mpl.rc_context({"svg.hashsalt": "pellucid"}):
        figure.savefig(buffer, format=ending, metadata=metadata)
    return buffer.getvalue()


__all__ = [
    "DARK",
    "DASHES",
    "LIGHT",
    "MARKERS",
    "Palette",
    "Panels",
    "Picture",
    "covers",
    "save",
    "style",
]
