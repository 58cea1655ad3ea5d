"""The language of texts for people: Korean or English.

Every text that a user can see is written in English where it is used: `say(...)` returns it in the
current language, errors and `Message` keep template and values until `translate` renders them. The
Korean is in `locale/ko/LC_MESSAGES/pellucid.po`; English loads no catalogue.

The current language is that of `set_language`, else the variable `PELLUCID_LANG`, else the locale
(`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
"""

from __future__ import annotations

import os
from contextvars import ContextVar, Token
from functools import cache
from typing import TYPE_CHECKING, Any

from pellucid.errors import Message, PellucidError, printable

if TYPE_CHECKING:
    from collections.abc import Callable

LANGUAGES = ("en", "ko")
# Without pathlib, whose import takes time.
LOCALE_FOLDER = f"{__file__.rpartition(os.sep)[0]}{os.sep}locale"

_chosen: str | None = None
_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


def set_language(language: str | None) -> None:
    """Set the language of this process, `"en"` or `"ko"`; None: as the environment says."""
    global _chosen
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"language is one of {', '.join(LANGUAGES)}, not {language!r}")
    _chosen = language


def chosen_language() -> str | None:
    """Return the language that `set_language` set, or None if the environment decides."""
    return _chosen


def current_language() -> str:
    """Return the current language, `"en"` or `"ko"`."""
    if (spoken := _spoken.get()) is not None:
        return spoken
    if _chosen is not None:
        return _chosen
    for variable in ("PELLUCID_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return "ko" if value.lower().startswith("ko") else "en"
    return "en"


class speaking:  # used as `with speaking("en"):`
    """Use one language within a `with`, in this thread only."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __enter__(self) -> None:
        self._before: Token[str | None] = _spoken.set(self.language)

    def __exit__(self, *error: object) -> None:
        _spoken.reset(self._before)


def say(text: str, /, **values: Any) -> str:
    """Return `text` in the current language, its `{names}` filled from `values`.

    >>> say("expected {expected} inputs, got {got}", expected=784, got=3)
    'expected 784 inputs, got 3'
    """
    return translate(Message(text, **values))


def translate(sentence: Message | PellucidError) -> str:
    """Return an error or a message in the current language; messages among its values too."""
    message = sentence.message if isinstance(sentence, PellucidError) else sentence
    template = _catalogue(current_language())(message.template)
    if not message.values:
        return printable(template)
    values = {
        name: translate(value) if isinstance(value, (Message, PellucidError)) else value
        for name, value in message.values.items()
    }
    return printable(template.format(**values))


def mark(text: str) -> str:
    """Return `text` as it is: marked for the catalogue, translated when it is used."""
    return text


def cell_width(text: str) -> int:
    """Count the columns that text takes in a terminal: Hangul and other wide characters take two.

    >>> cell_width("층 1")
    4
    """
    if text.isascii():
        return len(text)
    return sum(2 if "\u1100" <= c <= "\u115f" or "\u2e80" <= c <= "\uffdc" else 1 for c in text)


# The operating system's words that have a translation; others stay as they are.
SYSTEM_REASONS = (
    *(mark("File exists"), mark("File name too long"), mark("Input/output error")),
    *(mark("Invalid argument"), mark("Is a directory"), mark("No space left on device")),
    *(mark("No such device or address"), mark("No such file or directory")),
    *(mark("Not a directory"), mark("Operation not permitted"), mark("Permission denied")),
    *(mark("Read-only file system"), mark("Too many open files")),
)


@cache
def _catalogue(language: str) -> Callable[[str], str]:
    if language == "en":
        return str
    import gettext

    return gettext.translation("pellucid", LOCALE_FOLDER, [language]).gettext
