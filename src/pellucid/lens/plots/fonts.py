"""Letters that can be drawn: a font with Hangul where one is installed, and never empty boxes."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib import font_manager

from pellucid.language import cell_width, current_language, say, speaking

HANGUL_FAMILIES = (
    *(
        "Pretendard",
        "Noto Sans KR",
        "Noto Sans CJK KR",
        "Noto Sans CJK JP",
        "Source Han Sans KR",
        "Source Han Sans K",
    ),
    *(
        "NanumGothic",
        "NanumBarunGothic",
        "NanumSquare",
        "Malgun Gothic",
        "Apple SD Gothic Neo",
        "AppleGothic",
    ),
    *("Spoqa Han Sans Neo", "IBM Plex Sans KR", "UnDotum", "Baekmuk Gulim"),
)
"""Families with Hangul in the order in which they are taken."""

_FILES = (
    "pretendard",
    "notosanskr",
    "notosanscjk",
    "nanumgothic",
    "nanumbarun",
    "malgun",
    "applesd",
    "undotum",
)
_BOXES = (
    "Last Resort",
    "Adobe Blank",
    "Adobe NotDef",
)  # fonts that have every letter, as an empty box
_LONGEST = 28  # columns of a name in a picture

P = ParamSpec("P")
R = TypeVar("R")


def drawing(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function write its labels in pellucid's language, or in English where no font has its
    letters.
    """

    @wraps(function)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with speaking(drawable_language()):
            return function(*args, **kwargs)

    return drawn


def drawable_language() -> str:
    """Give the language in force, or "en" where it is Korean and no font has Hangul.

    That is said once.
    """
    if current_language() == "en" or covers("가"):
        return current_language()
    _say_once(
        say(
            "no installed font has Hangul, so pictures have English labels: install one "
            "(NanumGothic, Noto Sans KR; "
            "or pip install koreanize-matplotlib, whose font is found)"
        )
    )
    return "en"


def families() -> list[str]:
    """Give the font families for labels: matplotlib's own.

    Before them one with Hangul where Korean is spoken.
    """
    own = list(mpl.rcParams["font.family"])
    hangul = hangul_family()
    return (
        own
        if hangul is None or hangul in own
        else [hangul, *own]
        if current_language() == "ko"
        else [*own, hangul]
    )


def covers(text: str) -> bool:
    """Tell whether the fonts for labels have every letter of a text."""
    own = frozenset().union(
        *(_letters(font) for font in _files(tuple(mpl.rcParams["font.family"]), _sans()))
    )
    missing = {ord(letter) for letter in text} - own
    if not missing:
        return True
    hangul = hangul_family()
    return hangul is not None and missing <= frozenset().union(
        *(_letters(font) for font in _files((hangul,), ()))
    )


def shown(name: object, index: int | None = None, most: int = _LONGEST) -> str:
    """Give a name as it can be drawn: in one line, not wider than `most`, no mathematics, no
    letters that no font has.

    A name with letters that no font has stands as its index; where it has none, those letters are
    question marks.
    """
    text = " ".join(str(name).split())
    text = "".join(letter for letter in text if letter.isprintable())
    if not covers(text):
        _say_once(
            say(
                "no installed font has all letters of {name}: they are left out of the picture",
                name=repr(text),
            )
        )
        text = (
            str(index)
            if index is not None
            else "".join(letter if covers(letter) else "?" for letter in text)
        )
    while cell_width(text) > most:
        text = f"{text.removesuffix('…')[:-1]}…"
    return text.replace("$", r"\$")


@cache
def hangul_family() -> str | None:
    """Give the family of an installed font that has Hangul, or None where there is none."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    for name in HANGUL_FAMILIES:
        if name in known:
            return name
    # Fonts that were installed after matplotlib made its list of them, and one that a package for
    # Korean plots brings.
    found = [
        Path(path)
        for path in font_manager.findSystemFonts()
        if Path(path).stem.lower().startswith(_FILES)
    ]
    package = importlib.util.find_spec("koreanize_matplotlib")
    folders = (package and package.submodule_search_locations) or ()
    found = sorted(found, key=lambda path: (len(path.stem), path)) + [
        path for folder in folders if (path := Path(folder) / "fonts" / "NanumGothic.ttf").exists()
    ]
    for path in found:
        if ord("가") in _letters(str(path)):
            font_manager.fontManager.addfont(path)
            return font_manager.FontProperties(fname=path).get_name()
    listed = sorted({(font.name, font.fname) for font in font_manager.fontManager.ttflist})
    listed = [font for font in listed if not font[0].startswith(_BOXES)]
    return next((name for name, path in listed if ord("가") in _letters(path)), None)


@cache
def _letters(path: str) -> frozenset[int]:
    try:
        return frozenset(font_manager.get_font(path).get_charmap())
    except (OSError, RuntimeError):  # a font that cannot be read has no letters
        return frozenset()


@cache
def _files(names: tuple[str, ...], sans: tuple[str, ...]) -> list[str]:
    """Give the font files that matplotlib takes for these families.

    `sans` is what "sans-serif" stands for now.
    """
    return [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in names]


def _sans() -> tuple[str, ...]:
    return tuple(mpl.rcParams["font.sans-serif"])


@cache
def _say_once(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=4)
