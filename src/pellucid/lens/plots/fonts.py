"""Fonts for labels: one with Hangul where one is installed, and never empty boxes."""

from __future__ import annotations

import importlib.util
import re
import warnings
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib import font_manager

from pellucid.language import cell_width, current_language, say, speaking

_FAMILIES = """
Pretendard, Noto Sans KR, Noto Sans CJK KR, Noto Sans CJK JP, Source Han Sans KR, Source Han Sans K,
NanumGothic, NanumBarunGothic, NanumSquare, Malgun Gothic, Apple SD Gothic Neo, AppleGothic,
Spoqa Han Sans Neo, IBM Plex Sans KR, UnDotum, Baekmuk Gulim
"""
HANGUL_FAMILIES = tuple(" ".join(_FAMILIES.split()).split(", "))
"""Families with Hangul in order of preference."""

# Beginnings of the file names of such fonts.
_STARTS = "pretendard|notosanskr|notosanscjk|nanumgothic|nanumbarun|malgun|applesd|undotum"

# Fonts that claim every letter and draw each as an empty box.
_BOXES = ("Last Resort", "Adobe Blank", "Adobe NotDef")

_LONGEST = 28  # columns of a name in a plot
_HANGUL = "가"  # a font that has the first syllable has the others

P = ParamSpec("P")
R = TypeVar("R")


def drawing(function: Callable[P, R]) -> Callable[P, R]:
    """Make a plot function label in pellucid's language, or in English without a font for it."""

    @wraps(function)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with speaking(drawable_language()):
            return function(*args, **kwargs)

    return drawn


def drawable_language() -> str:
    """Return the current language, or "en" where it is Korean and no font has Hangul.

    Warns once about a missing font.
    """
    if current_language() == "en" or covers(_HANGUL):
        return current_language()
    template = (
        "no installed font has Hangul, so plots have English labels: install NanumGothic or "
        "Noto Sans KR, or run pip install koreanize-matplotlib"
    )
    _warn_once(say(template))
    return "en"


def families() -> list[str]:
    """Return the font families for labels: matplotlib's, and one with Hangul, first for Korean."""
    own, hangul = list(mpl.rcParams["font.family"]), hangul_family()
    if hangul is None or hangul in own:
        return own
    return [hangul, *own] if current_language() == "ko" else [*own, hangul]


def covers(text: str) -> bool:
    """Return whether the fonts for labels have every letter of a text."""
    files = _files(tuple(mpl.rcParams["font.family"]), _sans())
    missing = {ord(letter) for letter in text}.difference(*map(_letters, files))
    if not missing:
        return True
    hangul = hangul_family()
    return hangul is not None and not missing.difference(*map(_letters, _files((hangul,), ())))


def shown(name: object, index: int | None = None, most: int = _LONGEST) -> str:
    """Return a name as plots can draw it: one line, at most `most` columns, no mathematics.

    A name with letters that no font has becomes its index; without an index, those letters become
    question marks.
    """
    text = " ".join(str(name).split())
    text = "".join(letter for letter in text if letter.isprintable())
    if not covers(text):
        template = "no installed font has all letters of {name}: they are left out"
        _warn_once(say(template, name=repr(text)))
        marked = "".join(letter if covers(letter) else "?" for letter in text)
        text = marked if index is None else str(index)
    while cell_width(text) > most:
        text = f"{text.removesuffix('…')[:-1]}…"
    return text.replace("$", r"\$")  # matplotlib sets text between dollars as mathematics


@cache
def hangul_family() -> str | None:
    """Return the family of an installed font with Hangul, or None without one."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    for name in HANGUL_FAMILIES:
        if name in known:
            return name
    # matplotlib caches its list of fonts: look for newer files, and for a package's font.
    for path in [*_font_files(), *_package_fonts()]:
        if ord(_HANGUL) in _letters(str(path)):
            font_manager.fontManager.addfont(path)
            return font_manager.FontProperties(fname=path).get_name()
    listed = sorted({(font.name, font.fname) for font in font_manager.fontManager.ttflist})
    listed = [font for font in listed if not font[0].startswith(_BOXES)]
    return next((name for name, path in listed if ord(_HANGUL) in _letters(path)), None)


def _font_files() -> list[Path]:
    paths = [Path(path) for path in font_manager.findSystemFonts()]
    found = [path for path in paths if re.match(_STARTS, path.stem.lower())]
    # The shortest name first: NanumGothic before NanumGothicBold.
    return sorted(found, key=lambda path: (len(path.stem), path))


def _package_fonts() -> list[Path]:
    package = importlib.util.find_spec("koreanize_matplotlib")
    folders = (package and package.submodule_search_locations) or ()
    paths = [Path(folder) / "fonts" / "NanumGothic.ttf" for folder in folders]
    return [path for path in paths if path.exists()]


@cache
def _letters(path: str) -> frozenset[int]:
    try:
        return frozenset(font_manager.get_font(path).get_charmap())
    except (OSError, RuntimeError):  # a font that cannot be read has no letters
        return frozenset()


@cache
def _files(names: tuple[str, ...], sans: tuple[str, ...]) -> list[str]:
    """Return matplotlib's font files for these families.

    `sans` is the current meaning of "sans-serif": another meaning is another entry of the cache.
    """
    return [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in names]


def _sans() -> tuple[str, ...]:
    return tuple(mpl.rcParams["font.sans-serif"])


@cache
def _warn_once(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=4)
