"""Every error that pellucid raises on purpose, and the sentences that errors are made of.

An error keeps its template and its values: `str(error)` is the English sentence, and commands and
the page render the same error in Korean (`language.translate`). A message says what is wrong, what
was expected and what to do.
"""

from __future__ import annotations

import re
from typing import Any

COMMANDS = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""The characters, as a regular expression has them in brackets, that would command a terminal
(escapes, C0 and C1 but for tab and line end) or turn around the order of what it shows."""

_COMMANDS = re.compile(f"[{COMMANDS}]")


def printable(text: str) -> str:
    """Return text with "?" for characters that would command the terminal.

    Names of columns, classes, nodes and files come from strangers. Errors, messages and everything
    that commands write pass here.

    >>> printable("safe\\x1b[2J")
    'safe?[2J'
    """
    return _COMMANDS.sub("?", text)


class Message:
    """A sentence as a template and the values for its `{names}`; `str()` fills it in English.

    >>> str(Message("expected {expected} inputs, got {got}", expected=784, got=3))
    'expected 784 inputs, got 3'
    """

    template: str
    values: dict[str, object]

    def __init__(self, template: str | Message, /, **values: Any) -> None:
        known = template if isinstance(template, Message) else None
        self.template = str(template) if known is None else known.template
        self.values = values if known is None else known.values | values

    def __str__(self) -> str:
        # Texts from outside, such as the operating system's, have no values and may contain braces.
        return printable(self.template.format(**self.values) if self.values else self.template)

    def __repr__(self) -> str:
        return repr(str(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class PellucidError(Exception):
    """The base of every error that pellucid raises on purpose.

    Attributes
    ----------
    message
        The `Message`: template and values.

    >>> error = InputError("expected {expected} inputs, got {got}", expected=784, got=3)
    >>> str(error), error.message.values["got"]
    ('expected 784 inputs, got 3', 3)
    """

    def __init__(self, template: str | Message, /, **values: Any) -> None:
        self.message = Message(template, **values)
        super().__init__(
            template
        )  # what pickle calls the constructor with; `message` follows in __dict__

    def __str__(self) -> str:
        return str(self.message)


class InputError(PellucidError, ValueError):
    """A value, an array or an option that cannot be used.

    Wrong shape, not finite, empty, unknown name.
    """


class StructureError(InputError, AttributeError):
    """An attempt to change the structure of a network or layer, which is fixed when it is made."""


class MissingLibraryError(InputError, ImportError):
    """An optional library is not installed; the message names the `pip install` that brings it."""


class FileError(PellucidError, OSError):
    """A file that is missing, unreadable, damaged, of another format, or cannot be written."""


class TableWarning(UserWarning):
    """A table has cells of which the training table had none: the predictions may be off."""


class CheckpointWarning(UserWarning):
    """A resumed training may not end with the bits of one that was never stopped."""


class DivergenceError(PellucidError, ArithmeticError):
    """Training left the finite numbers.

    The message names epoch, batch and layer, and what to try.
    """


def reason_of(error: BaseException) -> Message:
    """Return why an operation failed, in one line: the operating system's words, or the error's
    own.
    """
    if isinstance(error, PellucidError):
        return error.message
    reason = getattr(error, "strerror", None)
    if not isinstance(reason, (str, Message)):
        reason = " ".join(str(error).split())
    return Message(reason)
